"""Buckets: making, finding, setting, deleting, and every way in which AWS refuses it."""

import base64
import hashlib

import pytest
from conftest import ACCOUNT, assert_refused, open_block, read_policy, refusal

ALL_ON = open_block(BlockPublicPolicy=True, RestrictPublicBuckets=True)
STRANGER = "999999999999"


def test_a_new_bucket_is_closed_and_has_its_settings(s3, bucket):
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == ALL_ON
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    head = s3.head_bucket(Bucket=bucket)
    assert head["BucketRegion"] == "us-east-1"
    assert bucket in [one["Name"] for one in s3.list_buckets()["Buckets"]]


def test_answers_carry_request_ids(s3, bucket):
    metadata = s3.head_bucket(Bucket=bucket)["ResponseMetadata"]
    assert len(metadata["RequestId"]) == 16 and metadata["HostId"]
    with pytest.raises(s3.exceptions.NoSuchBucket) as caught:
        s3.list_objects_v2(Bucket="no-such-bucket-here")
    response = caught.value.response
    assert response["Error"]["BucketName"] == "no-such-bucket-here"
    assert len(response["ResponseMetadata"]["RequestId"]) == 16


def test_tags_of_the_create_call_are_kept(s3, name):
    tags = [{"Key": "k", "Value": "v + w / ü"}, {"Key": "empty", "Value": ""}]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": tags})
    got = s3.get_bucket_tagging(Bucket=name)["TagSet"]
    assert sorted(got, key=lambda tag: tag["Key"]) == sorted(tags, key=lambda tag: tag["Key"])


@pytest.mark.table("success")
@pytest.mark.parametrize("location", ["eu-west-1", "EU", "ap-southeast-2"])
def test_us_east_1_makes_buckets_everywhere(sandbox, s3, name, location):
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": location})
    region = {"EU": "eu-west-1"}.get(location, location)
    there = sandbox.client("s3", region=region)
    assert there.get_bucket_location(Bucket=name)["LocationConstraint"] == region


def test_a_region_makes_its_own_buckets(sandbox, door, name):
    s3 = sandbox.client("s3", door, region="eu-west-1")
    made = s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert made["Location"] == f"http://{name}.s3.amazonaws.com/"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"
    refused = ("BucketAlreadyOwnedByYou", 409, "you already own it")
    assert_refused(refused, s3.create_bucket, Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


def test_us_east_1_says_yes_to_an_owned_bucket(s3, bucket):
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.create_bucket(Bucket=bucket)["Location"] == f"/{bucket}"
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a", "Value": "b"}]


def test_a_bucket_of_the_accounts_own_namespace(s3, name):
    own = f"{name}-{ACCOUNT}-us-east-1-an"
    s3.create_bucket(Bucket=own, BucketNamespace="account-regional")
    foreign = f"{name}-{STRANGER}-us-east-1-an"
    invalid = ("InvalidBucketName", 400, "The specified bucket is not valid.")
    assert_refused(invalid, s3.create_bucket, Bucket=foreign, BucketNamespace="account-regional")
    assert_refused(invalid, s3.create_bucket, Bucket=name, BucketNamespace="account-regional")
    assert_refused(invalid, s3.create_bucket, Bucket=f"{name}-x-{ACCOUNT}-us-east-1-an")


CREATE = [
    ("somebody-elses", {}, ("BucketAlreadyExists", 409, "The requested bucket name is not available.")),
    ("{name}", {"ACL": "public-read"}, ("InvalidBucketAclWithObjectOwnership", 400, "BucketOwnerEnforced")),
    ("{name}", {"GrantRead": "id=x"}, ("InvalidBucketAclWithObjectOwnership", 400, "BucketOwnerEnforced")),
    ("{name}", {"ObjectOwnership": "ObjectWriter"}, ("NotImplemented", 501, "ObjectOwnership")),
    ("{name}", {"ObjectLockEnabledForBucket": True}, ("NotImplemented", 501, "Object Lock")),
    ("{name}", {"location": "us-east-1"}, ("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")),
    ("{name}", {"location": "nowhere"}, ("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")),
    ("{name}", {"location": "cn-north-1"}, ("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")),
    ("xn--{name}", {}, ("InvalidBucketName", 400, "The specified bucket is not valid.")),
    ("{name}-s3alias", {}, ("InvalidBucketName", 400, "The specified bucket is not valid.")),
    ("{name}", {"tags": [("a", "1"), ("a", "2")]}, ("InvalidTag", 400, "Cannot provide multiple Tags with the same key")),
    ("{name}", {"tags": [("aws:a", "1")]}, ("InvalidTag", 400, "System tags cannot be added/updated by requester")),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("which", range(len(CREATE)), ids=lambda which: f"{CREATE[which][2][0]}-{which}")
def test_create_bucket_refuses(s3, name, which):
    bucket, settings, expected = CREATE[which]
    settings = dict(settings)
    configuration = {}
    if "location" in settings:
        configuration["LocationConstraint"] = settings.pop("location")
    if "tags" in settings:
        configuration["Tags"] = [{"Key": key, "Value": value} for key, value in settings.pop("tags")]
    if configuration:
        settings["CreateBucketConfiguration"] = configuration
    assert_refused(expected, s3.create_bucket, Bucket=bucket.format(name=name), **settings)
    assert refusal(s3.head_bucket, Bucket=name)[:2] == ("404", 404)


@pytest.mark.parametrize(
    "location,expected",
    [
        (None, ("IllegalLocationConstraintException", 400, "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")),
        ("us-west-2", ("IllegalLocationConstraintException", 400, "The us-west-2 location constraint is incompatible")),
        ("us-east-1", ("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")),
    ],
)
def test_a_region_makes_no_other_buckets(sandbox, door, name, location, expected):
    s3 = sandbox.client("s3", door, region="eu-west-1")
    settings = {"CreateBucketConfiguration": {"LocationConstraint": location}} if location else {}
    assert_refused(expected, s3.create_bucket, Bucket=name, **settings)


DENIED = ("AccessDenied", 403, "Access Denied")
MISSING = ("NoSuchBucket", 404, "The specified bucket does not exist")
POLICY = read_policy("x")
READS = [
    "get_bucket_location",
    "get_bucket_policy",
    "get_bucket_policy_status",
    "get_bucket_tagging",
    "get_bucket_versioning",
    "get_bucket_encryption",
    "get_public_access_block",
    "list_objects_v2",
    "list_object_versions",
    "delete_bucket",
    "delete_bucket_policy",
    "delete_public_access_block",
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("operation", READS)
def test_what_is_somebody_elses_is_closed(s3, operation):
    assert_refused(DENIED, getattr(s3, operation), Bucket="somebody-elses")


@pytest.mark.table("refusal")
@pytest.mark.parametrize("operation", READS)
def test_what_is_not_there_is_missing(s3, name, operation):
    assert_refused(MISSING, getattr(s3, operation), Bucket=name)


@pytest.mark.table("refusal")
@pytest.mark.parametrize("operation", READS)
def test_the_expected_owner_has_to_be_the_owner(s3, bucket, operation):
    assert_refused(DENIED, getattr(s3, operation), Bucket=bucket, ExpectedBucketOwner=STRANGER)
    if operation in ("get_bucket_location", "list_objects_v2", "get_public_access_block"):
        getattr(s3, operation)(Bucket=bucket, ExpectedBucketOwner=ACCOUNT)


def test_head_bucket_has_no_body_to_explain_itself(s3, bucket, name):
    assert refusal(s3.head_bucket, Bucket="somebody-elses")[:2] == ("403", 403)
    assert refusal(s3.head_bucket, Bucket="not-" + name)[:2] == ("404", 404)
    assert refusal(s3.head_bucket, Bucket=bucket, ExpectedBucketOwner=STRANGER)[:2] == ("403", 403)


SETTINGS = [
    ("get_bucket_policy", {}, ("NoSuchBucketPolicy", 404, "The bucket policy does not exist")),
    ("get_bucket_policy_status", {}, ("NoSuchBucketPolicy", 404, "The bucket policy does not exist")),
    ("get_bucket_tagging", {}, ("NoSuchTagSet", 404, "The TagSet does not exist")),
    ("put_bucket_acl", {"ACL": "public-read"}, ("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")),
    ("put_bucket_tagging", {"Tagging": {"TagSet": [{"Key": "a", "Value": ""}] * 2}}, ("InvalidTag", 400, "Cannot provide multiple Tags with the same key")),
    ("put_bucket_tagging", {"Tagging": {"TagSet": [{"Key": "a?", "Value": ""}]}}, ("InvalidTag", 400, "The TagKey you have provided is invalid")),
    ("put_bucket_tagging", {"Tagging": {"TagSet": [{"Key": "a", "Value": "v" * 257}]}}, ("InvalidTag", 400, "The TagValue you have provided is invalid")),
    ("put_bucket_tagging", {"Tagging": {"TagSet": [{"Key": str(one), "Value": ""} for one in range(51)]}}, ("BadRequest", 400, "cannot be greater than 50")),
    ("put_bucket_versioning", {"VersioningConfiguration": {}}, ("IllegalVersioningConfigurationException", 400, "Versioning element must be specified")),
    ("get_bucket_website", {}, ("NotImplemented", 501, "GetBucketWebsite")),
    ("get_bucket_cors", {}, ("NotImplemented", 501, "GetBucketCors")),
    ("get_bucket_acl", {}, ("NotImplemented", 501, "GetBucketAcl")),
    ("list_objects", {}, ("NotImplemented", 501, "ListObjects")),
    ("list_multipart_uploads", {}, ("NotImplemented", 501, "ListMultipartUploads")),
    ("get_bucket_lifecycle_configuration", {}, ("NotImplemented", 501, "GetBucketLifecycleConfiguration")),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("which", range(len(SETTINGS)), ids=lambda which: f"{SETTINGS[which][0]}-{which}")
def test_settings_refuse(s3, bucket, which):
    operation, settings, expected = SETTINGS[which]
    assert_refused(expected, getattr(s3, operation), Bucket=bucket, **settings)


def test_the_access_block_is_put_whole_and_deleted(s3, bucket):
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    got = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert got == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    assert s3.delete_public_access_block(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    missing = ("NoSuchPublicAccessBlockConfiguration", 404, "The public access block configuration was not found")
    assert_refused(missing, s3.get_public_access_block, Bucket=bucket)


def test_tags_are_replaced_whole(s3, bucket):
    for tags in [{"a": "1", "b": "2"}, {"c": "3"}]:
        tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
        put = s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_set})
        assert put["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tag_set
    assert s3.delete_bucket_tagging(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(s3.get_bucket_tagging, Bucket=bucket)[0] == "NoSuchTagSet"


def test_versioning_is_put_and_got(s3, bucket):
    for status in ["Enabled", "Suspended"]:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == status


def test_the_default_encryption_can_be_kms(s3, open_bucket):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/k"}}
    s3.put_bucket_encryption(Bucket=open_bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    got = s3.get_bucket_encryption(Bucket=open_bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert got["ApplyServerSideEncryptionByDefault"] == rule["ApplyServerSideEncryptionByDefault"]
    assert s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")["ServerSideEncryption"] == "aws:kms"


def test_a_bucket_is_deleted_when_it_is_empty(s3, bucket, name):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert_refused(("BucketNotEmpty", 409, "The bucket you tried to delete is not empty"), s3.delete_bucket, Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    assert s3.delete_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert_refused(MISSING, s3.delete_bucket, Bucket=bucket)


def test_every_version_has_to_go_before_the_bucket(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="k")
    assert_refused(("BucketNotEmpty", 409, "You must delete all versions"), s3.delete_bucket, Bucket=bucket)
    listed = s3.list_object_versions(Bucket=bucket)
    for version in listed["Versions"] + listed["DeleteMarkers"]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def test_buckets_are_listed_in_pages(s3, name):
    for one in "abc":
        s3.create_bucket(Bucket=f"{name}-{one}")
    first = s3.list_buckets(Prefix=name, MaxBuckets=2)
    assert [one["Name"] for one in first["Buckets"]] == [f"{name}-a", f"{name}-b"]
    second = s3.list_buckets(Prefix=name, MaxBuckets=2, ContinuationToken=first["ContinuationToken"])
    assert [one["Name"] for one in second["Buckets"]] == [f"{name}-c"] and "ContinuationToken" not in second


def test_a_digest_that_is_wrong_is_refused(s3, bucket):
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    put = {"Bucket": bucket, "Tagging": {"TagSet": []}}
    assert_refused(("BadDigest", 400, "did not match what we received"), s3.put_bucket_tagging, ContentMD5=wrong, **put)
    assert_refused(("InvalidDigest", 400, "was invalid"), s3.put_bucket_tagging, ContentMD5="x", **put)
