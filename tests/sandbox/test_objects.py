"""Objects: bytes, headers, conditions, versions, lists."""

import base64
import hashlib
import io
import zlib

import pytest
from conftest import assert_refused, read_policy, refusal

PRECONDITION = ("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")


def test_an_object_keeps_its_bytes_and_headers(s3, bucket):
    body = bytes(range(256)) * 64
    put = s3.put_object(
        Bucket=bucket,
        Key=".well-known/openid-configuration",
        Body=body,
        ContentType="application/json",
        CacheControl="public, max-age=60",
        ServerSideEncryption="AES256",
        Metadata={"made-by": "a test"},
    )
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert put["ServerSideEncryption"] == "AES256"
    got = s3.get_object(Bucket=bucket, Key=".well-known/openid-configuration")
    assert got["Body"].read() == body
    head = s3.head_object(Bucket=bucket, Key=".well-known/openid-configuration")
    for answer in (got, head):
        assert answer["ContentType"] == "application/json"
        assert answer["CacheControl"] == "public, max-age=60"
        assert answer["ServerSideEncryption"] == "AES256"
        assert answer["ETag"] == put["ETag"]
        assert answer["ContentLength"] == len(body)
        assert answer["Metadata"] == {"made-by": "a test"}
        assert answer["LastModified"]


def test_what_is_not_said_is_filled_in(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentType"], head["ContentLength"], head["ServerSideEncryption"]) == ("binary/octet-stream", 0, "AES256")


@pytest.mark.table("success")
@pytest.mark.parametrize("key", ["a b", "ü/ñ", "a+b", "a%2Fb", "a//b", "~tilde", "(x)!*'", "k" * 1024])
def test_keys_of_all_kinds(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


@pytest.mark.table("success")
@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_compared_and_kept(s3, bucket, algorithm):
    digest = {
        "CRC32": zlib.crc32(b"body").to_bytes(4, "big"),
        "SHA1": hashlib.sha1(b"body").digest(),
        "SHA256": hashlib.sha256(b"body").digest(),
    }[algorithm]
    right = {f"Checksum{algorithm}": base64.b64encode(digest).decode()}
    wrong = {f"Checksum{algorithm}": base64.b64encode(bytes(len(digest))).decode()}
    expected = ("BadDigest", 400, f"The {algorithm} you specified did not match the calculated checksum.")
    assert_refused(expected, s3.put_object, Bucket=bucket, Key="k", Body=b"body", **wrong)
    assert refusal(s3.head_object, Bucket=bucket, Key="k")[1] == 404
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"body", **right)[f"Checksum{algorithm}"] == list(right.values())[0]
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got[f"Checksum{algorithm}"] == list(right.values())[0] and got["Body"].read() == b"body"


def test_a_stream_of_unknown_digest(s3, bucket):
    """Over TLS boto3 sends it in chunks with the checksum behind the body."""
    body = b"0123456789" * 20000
    s3.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(body), ChecksumAlgorithm="CRC32")
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == body and got["ChecksumCRC32"]
    assert "ContentEncoding" not in s3.head_object(Bucket=bucket, Key="k")


def test_ranges(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    for asked, part, said in [("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=-3", b"789", "bytes 7-9/10"), ("bytes=8-", b"89", "bytes 8-9/10")]:
        got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
        assert (got["Body"].read(), got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]) == (part, said, 206)
    expected = ("InvalidRange", 416, "The requested range is not satisfiable")
    assert_refused(expected, s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-")


def test_create_only_and_follow_only(s3, bucket):
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert_refused(PRECONDITION, s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=first)["ETag"]
    assert_refused(PRECONDITION, s3.put_object, Bucket=bucket, Key="k", Body=b"3", IfMatch=first)
    assert_refused(("NoSuchKey", 404, "does not exist"), s3.put_object, Bucket=bucket, Key="other", Body=b"3", IfMatch=first)
    assert_refused(("NotImplemented", 501, "not implemented"), s3.put_object, Bucket=bucket, Key="k", Body=b"3", IfNoneMatch=first)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    assert_refused(PRECONDITION, s3.delete_object, Bucket=bucket, Key="k", IfMatch=first)
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=second)
    s3.put_object(Bucket=bucket, Key="k", Body=b"4", IfNoneMatch="*")


def test_conditional_reads(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)["Body"].read() == b"1"
    assert_refused(PRECONDITION, s3.get_object, Bucket=bucket, Key="k", IfMatch='"0"')
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=etag)
    metadata = caught.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["HTTPHeaders"]["etag"]) == (304, etag)
    assert refusal(s3.get_object, Bucket=bucket, Key="k", IfModifiedSince=modified)[1] == 304
    assert s3.get_object(Bucket=bucket, Key="k", IfUnmodifiedSince=modified)["Body"].read() == b"1"
    assert refusal(s3.head_object, Bucket=bucket, Key="k", IfMatch='"0"')[1] == 412


PUTS = [
    ({"ACL": "public-read"}, ("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")),
    ({"GrantRead": "uri=http://acs.amazonaws.com/groups/global/AllUsers"}, ("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")),
    ({"Tagging": "a=b"}, ("NotImplemented", 501, "A header you provided implies functionality that is not implemented")),
    ({"StorageClass": "GLACIER"}, ("NotImplemented", 501, "A header you provided implies functionality")),
    ({"WebsiteRedirectLocation": "/x"}, ("NotImplemented", 501, "A header you provided implies functionality")),
    ({"ServerSideEncryption": "aws:kms:dsse"}, ("NotImplemented", 501, "aws:kms:dsse")),
    ({"Metadata": {"m": "x" * 2049}}, ("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size")),
    ({"Key": "k" * 1025}, ("KeyTooLongError", 400, "Your key is too long")),
    ({"ExpectedBucketOwner": "999999999999"}, ("AccessDenied", 403, "Access Denied")),
]


@pytest.mark.table("refusal")
@pytest.mark.parametrize("which", range(len(PUTS)), ids=lambda which: f"{PUTS[which][1][0]}-{which}")
def test_put_object_refuses(s3, bucket, which):
    settings, expected = PUTS[which]
    assert_refused(expected, s3.put_object, **{"Bucket": bucket, "Key": "k", "Body": b"x", **settings})
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


@pytest.mark.table("success")
@pytest.mark.parametrize("acl", ["private", "bucket-owner-full-control"])
def test_acls_that_say_nothing_are_taken(s3, bucket, acl):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL=acl)


def test_what_is_not_there(s3, bucket):
    assert_refused(("NoSuchKey", 404, "The specified key does not exist."), s3.get_object, Bucket=bucket, Key="k")
    assert refusal(s3.head_object, Bucket=bucket, Key="k")[:2] == ("404", 404)
    assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert_refused(("NoSuchVersion", 404, "The specified version does not exist."), s3.get_object, Bucket=bucket, Key="k", VersionId="v")


def test_operations_that_are_not_there_are_named(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    expected = ("NotImplemented", 501, "CopyObject")
    assert_refused(expected, s3.copy_object, Bucket=bucket, Key="l", CopySource={"Bucket": bucket, "Key": "k"})
    assert_refused(("NotImplemented", 501, "CreateMultipartUpload"), s3.create_multipart_upload, Bucket=bucket, Key="k")
    assert_refused(("NotImplemented", 501, "GetObjectTagging"), s3.get_object_tagging, Bucket=bucket, Key="k")
    acl = ("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")
    assert_refused(acl, s3.put_object_acl, Bucket=bucket, Key="k", ACL="public-read")


def test_versions_are_kept_marked_and_deleted(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    one, two = (s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2"))
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=one)["Body"].read() == b"1"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"0"
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == two
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"]
    assert_refused(("NoSuchKey", 404, "does not exist"), s3.get_object, Bucket=bucket, Key="k")
    gone = ("MethodNotAllowed", 405, "not allowed against this resource")
    assert_refused(gone, s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    listed = s3.list_object_versions(Bucket=bucket)
    assert [version["VersionId"] for version in listed["Versions"]] == [two, one, "null"]
    assert [version["IsLatest"] for version in listed["DeleteMarkers"]] == [True]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert [page["Versions"][0]["VersionId"] for page in pages] == [two, one, "null"]


def test_many_are_deleted_at_once(s3, bucket):
    for key in "abc":
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in "abx"]})
    assert [one["Key"] for one in done["Deleted"]] == ["a", "b", "x"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["c"]


def test_lists_are_paged_and_folded(s3, bucket):
    keys = ["a", "clusters/1/d", "clusters/1/j", "clusters/2/d", "z"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2}))
    assert [len(page["Contents"]) for page in pages] == [2, 2, 1]
    assert [one["Key"] for page in pages for one in page["Contents"]] == keys
    folded = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [one["Key"] for one in folded["Contents"]] == ["a", "z"]
    assert [one["Prefix"] for one in folded["CommonPrefixes"]] == ["clusters/"]
    deeper = s3.list_objects_v2(Bucket=bucket, Prefix="clusters/", Delimiter="/")
    assert [one["Prefix"] for one in deeper["CommonPrefixes"]] == ["clusters/1/", "clusters/2/"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
    found = [one for page in pages for one in page.get("Contents", []) + page.get("CommonPrefixes", [])]
    assert [one.get("Key", one.get("Prefix")) for one in found] == ["a", "clusters/", "z"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, StartAfter="clusters/2")["Contents"]] == keys[3:]
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0
    expected = ("InvalidArgument", 400, "The continuation token provided is incorrect")
    assert_refused(expected, s3.list_objects_v2, Bucket=bucket, ContinuationToken="???")


@pytest.mark.table("refusal")
def test_anonymous_reads_of_kms_are_refused(sandbox, s3, open_bucket):
    from wire import send

    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    s3.put_bucket_policy(Bucket=open_bucket, Policy=read_policy(open_bucket))
    assert s3.get_object(Bucket=open_bucket, Key="k")["Body"].read() == b"x"
    answer = send(sandbox, "GET", f"/{open_bucket}/k")
    assert (answer.status, answer.error["Code"]) == (400, "InvalidArgument")
    assert "require AWS Signature Version 4" in answer.error["Message"]


def test_of_many_who_create_one_wins(s3, bucket):
    from concurrent.futures import ThreadPoolExecutor

    def create(one):
        try:
            s3.put_object(Bucket=bucket, Key="k", Body=str(one).encode(), IfNoneMatch="*")
        except s3.exceptions.ClientError as error:
            # Too late, or while another one was being written.
            assert error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict")
            return None
        return one

    with ThreadPoolExecutor(8) as threads:
        winners = [one for one in threads.map(create, range(24)) if one is not None]
    assert len(winners) == 1
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == str(winners[0]).encode()
