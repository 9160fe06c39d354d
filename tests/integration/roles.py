"""Roles of one issuer: the words for them, what boto3 sees of them, and a pod in whose place boto3 asks STS."""

import hashlib
import json

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

OURS = "issuerctl:managed"
ISSUER = "issuerctl:issuer"


def issuer_id(issuer):
    return hashlib.sha256(issuer.encode()).hexdigest()[:16]


def path_of(issuer):
    return f"/issuerctl/{issuer_id(issuer)}/"


def sid_of(issuer):
    return f"Issuerctl{issuer_id(issuer)}"


def allow(action, *resources):
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": list(resources) or ["*"]}],
    }


def trust(provider, issuer, *subjects, operator="StringEquals", audience="sts.amazonaws.com"):
    """The statement that a role has to have for this issuer, written anew."""
    host = issuer.removeprefix("https://")
    sub = subjects[0] if len(subjects) == 1 else list(subjects)
    condition = {"StringEquals": {f"{host}:aud": audience}}
    condition.setdefault(operator, {})[f"{host}:sub"] = sub
    return {
        "Sid": sid_of(issuer) + ("Pattern" if operator == "StringLike" else ""),
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }


class Roles:
    """The roles of a case's issuer."""

    def __init__(self, case):
        self.case = case
        self.iam = case.iam
        self.names = set()

    def apply(self, *words, code=0, issuer=None, environment=None):
        words = [str(word) for word in words]
        self.names |= {after for before, after in zip(words, words[1:]) if before == "--name"}
        command = ["role", "apply", "--issuer", issuer or self.case.issuer]
        return self.case.run(*command, *words, code=code, environment=environment)

    def run(self, verb, *words, code=0, issuer=None):
        return self.case.run("role", verb, "--issuer", issuer or self.case.issuer, *words, code=code)

    def file(self, text, *words, code=0, environment=None):
        path = self.case.directory / "roles.yaml"
        path.write_text(text)
        return self.apply("-f", path, *words, code=code, environment=environment)

    def policy(self, name, document):
        path = self.case.directory / f"{name}.json"
        path.write_text(json.dumps(document))
        return path

    def live(self, name):
        """The role as IAM has it, or nothing."""
        try:
            role = self.iam.get_role(RoleName=name)["Role"]
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchEntity", error
            return None
        attached = self.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        inline = self.iam.list_role_policies(RoleName=name)["PolicyNames"]
        return {
            "arn": role["Arn"],
            "path": role["Path"],
            "trust": role["AssumeRolePolicyDocument"]["Statement"],
            "session": role.get("MaxSessionDuration", 3600),
            "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "tags": {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
            "attached": sorted(policy["PolicyArn"] for policy in attached),
            "inline": {
                one: self.iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline
            },
        }

    def make_policy(self, name, document):
        """A managed policy that boto3 made, not the program."""
        made = self.iam.create_policy(PolicyName=name, Path="/theirs/", PolicyDocument=json.dumps(document))
        return made["Policy"]["Arn"]

    def make_foreign(self, name, statement=None, **more):
        """A role that boto3 made, not the program."""
        self.names.add(name)
        statement = statement or {
            "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole",
        }
        document = {"Version": "2012-10-17", "Statement": [statement]}
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document), **more)

    def forget(self):
        """Deletes what the test made: the peer is shared."""
        for name in self.names:
            found = self.live(name)
            if found is None:
                continue
            for arn in found["attached"]:
                self.iam.detach_role_policy(RoleName=name, PolicyArn=arn)
            for inline in found["inline"]:
                self.iam.delete_role_policy(RoleName=name, PolicyName=inline)
            self.iam.delete_role(RoleName=name)

    # In place of a pod.

    def token(self, account, *words):
        done = self.case.program.run(
            "token", "--issuer", self.case.issuer, "--service-account", account, "--keys", self.case.keys, *words
        )
        return done.out

    def session(self, role_arn, account):
        """What a pod of this service account gets of STS: a client maker, or the refusal."""
        sts = boto3.client(
            "sts", region_name=self.case.region, **self.with_config(signature_version=UNSIGNED)
        )
        given = sts.assume_role_with_web_identity(
            RoleArn=role_arn, RoleSessionName="pod", WebIdentityToken=self.token(account)
        )["Credentials"]

        def client(service):
            return boto3.client(
                service,
                region_name=self.case.region,
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
                **self.case.peer.door(),
            )

        return client

    def with_config(self, **more):
        door = dict(self.case.peer.door())
        door["config"] = door["config"].merge(Config(**more))
        return door
