"""One issuer in one bucket of one peer: the words for it, and what boto3 sees of it."""

import json

from botocore.exceptions import ClientError

import oracle
from capabilities import CLOSED, POLICY_ONLY, policy
from program import Program


class Case:
    """One issuer, with a key directory and a home of its own."""

    def __init__(self, peer, path, directory, bucket, region="us-east-1", prefix=""):
        self.peer = peer
        self.directory = directory
        self.program = Program(path, directory)
        self.keys = directory / "keys"
        self.bucket = bucket
        self.region = region
        self.prefix = prefix
        # What else leads to this issuer: its name, where that is not S3's, and how to reach it.
        self.naming = []
        self.host = f"{bucket}.s3.{region}.amazonaws.com"
        self.issuer = f"https://{self.host}" + (f"/{prefix}" if prefix else "")
        self.s3 = peer.client("s3", region)
        self.iam = peer.client("iam", region)

    def environment(self):
        # A wait that is not over after this long never will be; nothing here is eventually true.
        return {**self.peer.environment(self.region), "ISSUERCTL_WAIT": "10"}

    def place(self):
        prefix = ["--prefix", self.prefix] if self.prefix else []
        return ["--bucket", self.bucket, *prefix, *self.naming]

    def on_own_domain(self):
        """Gives the issuer a host of one's own, which the front leads to the bucket."""
        self.host = f"{self.bucket}.example.test"
        self.issuer = f"https://{self.host}"
        self.naming = ["--issuer", self.issuer, *self.peer.own_host_words(self.host)]
        self.peer.front.stands_before(self.host, self.bucket)
        return self

    def bucket_made_by_us(self):
        """A bucket as an interrupted run of the program leaves it: ours, and open for a policy."""
        self.make_bucket(tags={oracle.OWNER: "created"}, block=POLICY_ONLY)

    def make_bucket(self, tags=None, block=CLOSED):
        """A bucket made with boto3, not by the program."""
        more = {}
        if self.region != "us-east-1":
            more["CreateBucketConfiguration"] = {"LocationConstraint": self.region}
        self.s3.create_bucket(Bucket=self.bucket, **more)
        self.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=block)
        if tags:
            self.tag(tags)

    def tag(self, tags):
        tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.s3.put_bucket_tagging(Bucket=self.bucket, Tagging={"TagSet": tag_set})

    def set_block(self, block):
        self.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=block)

    def set_policy(self, *statements):
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy(*statements))

    def run(self, *words, code=0, environment=None):
        """Runs any command against the peer, with JSON on stdout."""
        more = {**self.environment(), **(environment or {})}
        return self.program.run(*words, *self.peer.words(), "-o", "json", code=code, environment=more)

    def bootstrap(self, *words, code=0, environment=None):
        return self.run("bootstrap", *self.place(), *words, code=code, environment=environment)

    def made(self, *words):
        """A first run that went well."""
        self.bootstrap("--yes", *words)
        return self

    def assert_checked(self, *words):
        """Nothing is left to do, says --check."""
        assert self.bootstrap("--check", *words).json["changes"] == 0

    def assert_done(self, *words):
        """Nothing is left to do: --check says so, and a second run changes nothing."""
        before = self.state()
        self.assert_checked(*words)
        second = self.bootstrap("--yes", *words)
        assert second.json["changes"] == 0, str(second)
        second.says("no changes")
        assert self.state() == before

    def assert_mended(self, *kinds):
        """--check finds exactly this drift, a run mends it, and nothing is left."""
        checked = self.bootstrap("--check", code=3)
        assert sorted(checked.kinds()) == sorted(kinds), str(checked)
        self.bootstrap("--yes")
        self.assert_checked()

    def assert_refused(self, *texts, words=("--yes",), code=1):
        """A run is refused with a sentence that has these texts, and changes nothing."""
        before, files = self.state(), self.files()
        done = self.bootstrap(*words, code=code).says("error:", *texts)
        assert done.json["exit_code"] == code and done.json["error"] in done.err
        assert self.state() == before
        assert self.files() == files
        return done

    def files(self):
        """The key directory: each file's bytes."""
        if not self.keys.exists():
            return None
        return {path.name: path.read_bytes() for path in sorted(self.keys.rglob("*")) if path.is_file()}

    # What there is, as boto3 sees it.

    def key(self, path):
        return f"{self.prefix}/{path}" if self.prefix else path

    def arns(self, *paths):
        return sorted(f"arn:aws:s3:::{self.bucket}/{self.key(path)}" for path in paths)

    def public_keys(self):
        return oracle.public_keys((self.keys / "sa.pub").read_bytes())

    def kid(self):
        return oracle.kid(self.public_keys()[0])

    def object(self, path):
        found = self.s3.get_object(Bucket=self.bucket, Key=self.key(path))
        return found["Body"].read(), found

    def put(self, path, body, **more):
        arguments = {
            "ContentType": "application/jwk-set+json" if path == oracle.JWKS else "application/json",
            "CacheControl": "public, max-age=3600",
            "ServerSideEncryption": "AES256",
            **more,
        }
        self.s3.put_object(Bucket=self.bucket, Key=self.key(path), Body=body, **arguments)

    def statements(self):
        found = self.optional(self.s3.get_bucket_policy)
        return json.loads(found["Policy"])["Statement"] if found else []

    def tags(self):
        found = self.optional(self.s3.get_bucket_tagging)
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]} if found else {}

    def block(self):
        found = self.optional(self.s3.get_public_access_block)
        return found["PublicAccessBlockConfiguration"] if found else None

    def provider(self):
        try:
            found = self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=self.peer.provider_arn(self.issuer))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchEntity", error
            return None
        if not self.peer.has("bare-url"):
            found["Url"] = found["Url"].removeprefix("https://")
        return {
            "url": found["Url"],
            "client_ids": sorted(found["ClientIDList"]),
            "thumbprints": sorted(found["ThumbprintList"]),
            "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
        }

    def forget_provider(self):
        """Deletes the provider, when there is one."""
        if self.provider() is not None:
            self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=self.peer.provider_arn(self.issuer))

    def optional(self, call):
        """What a bucket has, or nothing: 404 says both that it has none and that there is no bucket."""
        try:
            return call(Bucket=self.bucket)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404, error
            return None

    def exists(self):
        return self.optional(self.s3.head_bucket) is not None

    def state(self):
        """All that there is: two equal states mean that nothing was written, for each write makes a version."""
        if not self.exists():
            return {"exists": False, "provider": self.provider()}
        listed = self.s3.list_object_versions(Bucket=self.bucket)
        versions = [
            (one["Key"], one["VersionId"], one["ETag"], one["LastModified"], one["IsLatest"])
            for one in listed.get("Versions", [])
        ]
        return {
            "exists": True,
            "provider": self.provider(),
            "location": self.s3.get_bucket_location(Bucket=self.bucket)["LocationConstraint"],
            "block": self.block(),
            "policy": self.statements(),
            "tags": self.tags(),
            "versioning": self.s3.get_bucket_versioning(Bucket=self.bucket).get("Status"),
            "versions": sorted(versions),
        }

    # What there has to be.

    def our_statement(self):
        """The one statement of ours, found by what it allows."""
        ours = [one for one in self.statements() if one.get("Sid", "").startswith("IssuerctlPublicRead")]
        assert len(ours) == 1, self.statements()
        return ours[0]

    def assert_statement(self, jwks_path=oracle.JWKS):
        statement = dict(self.our_statement())
        statement.pop("Sid")
        assert sorted(statement.pop("Resource")) == self.arns(oracle.DISCOVERY, jwks_path)
        principal = statement.pop("Principal")
        assert principal in ("*", {"AWS": "*"}), principal
        assert statement == {"Effect": "Allow", "Action": "s3:GetObject"}

    def assert_documents(self, keys=None, jwks_path=oracle.JWKS):
        """Both objects are, byte for byte and header for header, what they have to be."""
        keys = self.public_keys() if keys is None else keys
        algorithms = [oracle.jwk(key)["alg"] for key in keys]
        discovery = oracle.discovery(self.issuer, f"{self.issuer}/{jwks_path}", *algorithms)
        wanted = {
            jwks_path: (oracle.jwks(*keys), "application/jwk-set+json"),
            oracle.DISCOVERY: (discovery, "application/json"),
        }
        for path, (expected, content_type) in wanted.items():
            body, found = self.object(path)
            assert body == expected
            assert found["ContentType"] == content_type
            assert found["CacheControl"] == "public, max-age=3600"
            assert found["ServerSideEncryption"] == "AES256"

    def assert_bucket(self, tags=None):
        state = self.state()
        assert state["location"] == (None if self.region == "us-east-1" else self.region)
        assert state["block"] == POLICY_ONLY
        assert state["versioning"] == "Enabled"
        assert state["tags"] == {oracle.OWNER: "created", **(tags or {})}
        latest = sorted(key for key, _, _, _, is_latest in state["versions"] if is_latest)
        assert latest == sorted([self.key(oracle.DISCOVERY), self.key(oracle.JWKS)])

    def assert_provider(self, client_ids=("sts.amazonaws.com",), tags=None, thumbprints=None):
        provider = self.provider()
        assert provider["url"] == self.issuer.removeprefix("https://")
        assert provider["client_ids"] == sorted(client_ids)
        assert provider["tags"] == {oracle.OWNER: "created", **(tags or {})}
        if thumbprints is not None:
            assert provider["thumbprints"] == sorted(thumbprints)
        elif self.peer.has("issuer-fetched"):
            # None was given: IAM has looked at the issuer's certificate itself.
            assert len(provider["thumbprints"]) == 1
        else:
            assert provider["thumbprints"] == []
