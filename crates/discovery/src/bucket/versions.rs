//! What versioning keeps in a bucket: every version and every delete marker, page by page.
//!
//! [ListObjectVersions](https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html) gives keys in their
//! order, and of each key the newest entry first.

use std::collections::BTreeMap;

use super::client::{NO_BUCKET, S3Publisher};
use super::error::BucketError;
use crate::site::DISCOVERY_PATH;

/// How many keys of others are named, of each kind.
const NAMED: usize = 5;
/// How many pages are looked through for objects of others, where old versions of others were found already.
const PAGES: usize = 16;

/// One version of an object, or a delete marker.
pub(super) struct Version {
    pub(super) key: String,
    pub(super) id: Option<String>,
    /// It is what a reader gets.
    pub(super) is_read: bool,
}

/// Keys that are not those of the two documents, and whether a reader gets something there.
#[derive(Debug, Default)]
pub(super) struct Others(BTreeMap<String, bool>);

impl Others {
    fn add(&mut self, version: Version) {
        let read = self.0.entry(version.key).or_default();
        *read |= version.is_read;
    }

    fn of_kind(&self, read: bool) -> impl Iterator<Item = &String> {
        self.0.iter().filter(move |(_, one)| **one == read).map(|(key, _)| key)
    }

    /// Names some of those that a reader gets something at, or else nothing. They are anybody's words, for a terminal.
    pub(super) fn named(&self, read: bool) -> Vec<String> {
        self.of_kind(read).take(NAMED).map(|key| key.escape_debug().to_string()).collect()
    }
}

impl S3Publisher {
    /// Looks for keys that are not those of the two documents, as far as is needed to name some.
    pub(super) async fn others(&self) -> Result<Others, BucketError> {
        let own = [DISCOVERY_PATH, self.place.jwks_path.as_str()].map(|path| self.place.prefix.key(path));
        let mut others = Others::default();
        let mut marker = Some(Marker::default());
        for page in 1.. {
            let Some(from) = marker.take() else { break };
            let (versions, next) = self.page(None, from).await?;
            versions
                .into_iter()
                .filter(|version| !own.contains(&version.key))
                .for_each(|version| others.add(version));
            // What can be read tells more than what is left of something.
            let enough = others.of_kind(true).count() > NAMED || page >= PAGES && !others.0.is_empty();
            marker = next.filter(|_| !enough);
        }
        Ok(others)
    }

    /// Lists every version of one key.
    pub(super) async fn versions(&self, key: &str) -> Result<Vec<Version>, BucketError> {
        let mut versions = Vec::new();
        let mut marker = Some(Marker::default());
        while let Some(from) = marker {
            let (page, next) = self.page(Some(key), from).await?;
            // Other keys begin so too.
            versions.extend(page.into_iter().filter(|version| version.key == key));
            marker = next;
        }
        Ok(versions)
    }

    async fn page(
        &self,
        prefix: Option<&str>,
        from: Marker,
    ) -> Result<(Vec<Version>, Option<Marker>), BucketError> {
        let call = self.s3.list_object_versions().bucket(self.bucket()).set_prefix(prefix.map(str::to_owned));
        let call = call.set_key_marker(from.key).set_version_id_marker(from.id);
        let page = match call.expected_bucket_owner(&self.account).send().await {
            Ok(page) => page,
            Err(error) => {
                return match self.failed("s3:ListBucketVersions", error) {
                    gone if gone.code() == NO_BUCKET => Err(BucketError::Missing { bucket: self.bucket() }),
                    error => Err(error.into()),
                };
            }
        };
        let versions = page.versions.unwrap_or_default().into_iter().map(|version| Version {
            key: version.key.unwrap_or_default(),
            id: version.version_id,
            is_read: version.is_latest.unwrap_or_default(),
        });
        let markers = page.delete_markers.unwrap_or_default().into_iter().map(|marker| Version {
            key: marker.key.unwrap_or_default(),
            id: marker.version_id,
            is_read: false,
        });
        let next = Marker { key: page.next_key_marker, id: page.next_version_id_marker };
        let more = page.is_truncated == Some(true) && next.key.is_some();
        Ok((versions.chain(markers).collect(), more.then_some(next)))
    }
}

/// Where the next page begins.
#[derive(Debug, Default)]
struct Marker {
    key: Option<String>,
    id: Option<String>,
}
