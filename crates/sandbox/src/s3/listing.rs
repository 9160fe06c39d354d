//! Lists of objects and of their versions, in pages.
//!
//! Follows [ListObjectsV2][objects] and [ListObjectVersions][versions].
//!
//! [objects]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
//! [versions]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto;

use super::buckets::with_bucket;
use super::visit::Visit;
use crate::account::Account;
use crate::refusal::{Answer, Refusal};
use crate::state::{Bucket, Content, Object, Version};

/// Characters that stay as they are with `encoding-type=url`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/').remove(b'*');

/// Lists the objects that a read without a version would see.
pub(super) fn objects(
    account: &Account,
    _: &Visit,
    input: dto::ListObjectsV2Input,
) -> Answer<dto::ListObjectsV2Output> {
    let most = max_keys(input.max_keys)?;
    let token = input.continuation_token.as_deref().map(decode_token).transpose()?;
    let after = token.as_deref().or(input.start_after.as_deref()).unwrap_or_default();
    let escape = escaper(input.encoding_type.as_ref());
    let prefix = input.prefix.clone().unwrap_or_default();
    let owner = (input.fetch_owner == Some(true)).then(|| owner(account));
    with_bucket(account, &input.bucket, |bucket| {
        let mut contents = Vec::new();
        let mut prefixes = Vec::<String>::new();
        let mut last = String::new();
        let mut truncated = false;
        for (key, version, object) in current(bucket).filter(|(key, ..)| key.starts_with(&prefix)) {
            let folder = folder(key, &prefix, input.delimiter.as_deref());
            let listed = folder.unwrap_or(key);
            if (!after.is_empty() && (listed <= after || key <= after))
                || prefixes.last().map(String::as_str) == folder && folder.is_some()
            {
                continue;
            }
            if contents.len() + prefixes.len() >= most {
                // Who asks for none is not told of more.
                truncated = most > 0;
                break;
            }
            listed.clone_into(&mut last);
            match folder {
                Some(folder) => prefixes.push(folder.to_owned()),
                None => contents.push(listed_object(&escape, key, version, object, owner.clone())),
            }
        }
        let folders = prefixes.iter().map(|prefix| dto::CommonPrefix { prefix: Some(escape(prefix)) });
        Ok(dto::ListObjectsV2Output {
            name: Some(input.bucket.clone()),
            key_count: i32::try_from(contents.len() + prefixes.len()).ok(),
            max_keys: i32::try_from(most).ok(),
            is_truncated: Some(truncated),
            next_continuation_token: truncated.then(|| STANDARD.encode(&last)),
            common_prefixes: Some(folders.collect()),
            contents: Some(contents),
            prefix: Some(escape(&prefix)),
            delimiter: input.delimiter.as_deref().map(&escape),
            start_after: input.start_after.as_deref().map(&escape),
            continuation_token: input.continuation_token.clone(),
            encoding_type: input.encoding_type.clone(),
            request_charged: None,
        })
    })
}

/// Lists every version and delete marker, the newest of a key first.
pub(super) fn versions(
    account: &Account,
    _: &Visit,
    input: dto::ListObjectVersionsInput,
) -> Answer<dto::ListObjectVersionsOutput> {
    if input.delimiter.is_some() {
        return Err(Refusal::new(
            "NotImplemented",
            501,
            "The sandbox lists versions without a delimiter only.",
        ));
    }
    let most = max_keys(input.max_keys)?;
    let escape = escaper(input.encoding_type.as_ref());
    let prefix = input.prefix.clone().unwrap_or_default();
    with_bucket(account, &input.bucket, |bucket| {
        let all =
            bucket.objects.iter().filter(|(key, _)| key.starts_with(&prefix)).flat_map(|(key, versions)| {
                let newest_first = versions.iter().rev().enumerate();
                newest_first.map(move |(age, version)| (key.as_str(), version, age == 0))
            });
        let mut found = input.version_id_marker.is_none();
        let rest = all.filter(|(key, version, _)| match input.key_marker.as_deref() {
            None => true,
            Some(marker) if *key == marker => {
                let after = found && input.version_id_marker.is_some();
                found |= input.version_id_marker.as_ref() == Some(&version.id);
                after
            }
            Some(marker) => *key > marker,
        });
        let rest = rest.collect::<Vec<_>>();
        let page = &rest[..rest.len().min(most)];
        let more = (rest.len() > most).then(|| page.last()).flatten();
        let owner = || Some(owner(account));
        let versions = page.iter().filter_map(|(key, version, latest)| match &version.content {
            Content::Object(object) => Some(dto::ObjectVersion {
                key: Some(escape(key)),
                version_id: Some(version.id.clone()),
                is_latest: Some(*latest),
                last_modified: Some(version.modified.into()),
                e_tag: Some(dto::ETag::Strong(object.etag.clone())),
                size: i64::try_from(object.body.len()).ok(),
                storage_class: Some(dto::ObjectVersionStorageClass::from_static("STANDARD")),
                owner: owner(),
                ..Default::default()
            }),
            Content::DeleteMarker => None,
        });
        let markers = page.iter().filter(|(_, version, _)| matches!(version.content, Content::DeleteMarker));
        let markers = markers.map(|(key, version, latest)| dto::DeleteMarkerEntry {
            key: Some(escape(key)),
            version_id: Some(version.id.clone()),
            is_latest: Some(*latest),
            last_modified: Some(version.modified.into()),
            owner: owner(),
        });
        Ok(dto::ListObjectVersionsOutput {
            name: Some(input.bucket.clone()),
            prefix: Some(escape(&prefix)),
            max_keys: i32::try_from(most).ok(),
            is_truncated: Some(more.is_some()),
            next_key_marker: more.map(|(key, ..)| escape(key)),
            next_version_id_marker: more.map(|(_, version, _)| version.id.clone()),
            versions: Some(versions.collect()),
            delete_markers: Some(markers.collect()),
            encoding_type: input.encoding_type.clone(),
            ..Default::default()
        })
    })
}

fn current(bucket: &Bucket) -> impl Iterator<Item = (&str, &Version, &Object)> {
    bucket.objects.iter().filter_map(|(key, versions)| match versions.last() {
        Some(version @ Version { content: Content::Object(object), .. }) => {
            Some((key.as_str(), version, object.as_ref()))
        }
        _ => None,
    })
}

fn listed_object(
    escape: &impl Fn(&str) -> String,
    key: &str,
    version: &Version,
    object: &Object,
    owner: Option<dto::Owner>,
) -> dto::Object {
    dto::Object {
        key: Some(escape(key)),
        e_tag: Some(dto::ETag::Strong(object.etag.clone())),
        last_modified: Some(version.modified.into()),
        size: i64::try_from(object.body.len()).ok(),
        storage_class: Some(dto::ObjectStorageClass::from_static(dto::ObjectStorageClass::STANDARD)),
        checksum_algorithm: Some(vec![dto::ChecksumAlgorithm::from(object.checksum.0.clone())]),
        checksum_type: Some(dto::ChecksumType::from_static(dto::ChecksumType::FULL_OBJECT)),
        owner,
        ..Default::default()
    }
}

/// The common prefix that a key goes under, if it goes under one.
fn folder<'a>(key: &'a str, prefix: &str, delimiter: Option<&str>) -> Option<&'a str> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let at = key[prefix.len()..].find(delimiter)?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

fn owner(account: &Account) -> dto::Owner {
    dto::Owner { display_name: None, id: Some(account.canonical_id()) }
}

/// "Returns up to 1,000 objects", however many are asked for.
fn max_keys(asked: Option<i32>) -> Answer<usize> {
    usize::try_from(asked.unwrap_or(1000)).map(|most| most.min(1000)).map_err(|_| {
        let text = "Argument maxKeys must be an integer between 0 and 2147483647";
        Refusal::new("InvalidArgument", 400, text).with("ArgumentName", "maxKeys")
    })
}

fn decode_token(token: &str) -> Answer<String> {
    let decoded = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| {
        let refusal = Refusal::new("InvalidArgument", 400, "The continuation token provided is incorrect");
        refusal.with("ArgumentName", "continuation-token")
    })
}

fn escaper(encoding: Option<&dto::EncodingType>) -> impl Fn(&str) -> String + use<> {
    let url = encoding.is_some_and(|encoding| encoding.as_str() == "url");
    move |text| if url { utf8_percent_encode(text, ESCAPED).to_string() } else { text.to_owned() }
}
