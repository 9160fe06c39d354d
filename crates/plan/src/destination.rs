//! Where the documents go: a bucket or a directory, behind one set of calls.

use std::collections::BTreeMap;

use issuer_discovery::{
    Adoption, DirectoryPublisher, LiveBucket, LiveDirectory, LiveDocuments, PublishChange, Publisher as _,
    S3Publisher, Site, Waiting, diff_bucket, diff_directory,
};

use crate::error::PlanError;

/// A place that documents are published to.
#[derive(Clone, Debug)]
pub enum Destination {
    /// An S3 bucket.
    Bucket(Box<S3Publisher>),
    /// A directory that a web server hands out.
    Directory(DirectoryPublisher),
}

/// What is in that place now.
#[derive(Clone, Debug)]
pub enum LivePlace {
    /// A bucket.
    Bucket(Box<LiveBucket>),
    /// A directory.
    Directory(Box<LiveDirectory>),
}

impl LivePlace {
    /// Returns the documents that are published there.
    #[must_use]
    pub fn documents(&self) -> &LiveDocuments {
        match self {
            Self::Bucket(live) => &live.documents,
            Self::Directory(live) => &live.documents,
        }
    }
}

impl Destination {
    pub(crate) async fn read(&self) -> Result<LivePlace, PlanError> {
        match self {
            Self::Bucket(bucket) => Ok(LivePlace::Bucket(Box::new(bucket.read().await?))),
            Self::Directory(directory) => Ok(LivePlace::Directory(Box::new(directory.read().await?))),
        }
    }

    pub(crate) fn diff(
        &self,
        live: &LivePlace,
        site: &Site,
        tags: &BTreeMap<String, String>,
        adoption: Adoption,
    ) -> Result<Vec<PublishChange>, PlanError> {
        match (self, live) {
            (Self::Bucket(bucket), LivePlace::Bucket(live)) => {
                Ok(diff_bucket(bucket.place(), live, site, tags, adoption)?)
            }
            (Self::Directory(directory), LivePlace::Directory(live)) => {
                Ok(diff_directory(directory.root(), live, site))
            }
            _ => Err(PlanError::OtherDestination),
        }
    }

    pub(crate) async fn apply(
        &self,
        change: &PublishChange,
        waiting: &(dyn Fn(&Waiting) + Send + Sync),
    ) -> Result<(), PlanError> {
        match self {
            Self::Bucket(bucket) => Ok(bucket.apply(change, waiting).await?),
            Self::Directory(directory) => Ok(directory.apply(change, waiting).await?),
        }
    }

    pub(crate) async fn confirm(&self, change: &PublishChange) -> Result<(), PlanError> {
        match self {
            Self::Bucket(bucket) => Ok(bucket.confirm(change).await?),
            Self::Directory(directory) => Ok(directory.confirm(change).await?),
        }
    }
}
