//! The OpenID Connect discovery document and the JWKS of a service-account issuer: writes them from
//! public keys and an issuer URL, puts them where the URL points, and fetches them back.
//!
//! Without features it is pure but for files: types, documents, merges and diffs. `https` adds the
//! transport and anonymous reads, `s3` adds publishing to a bucket.

mod bucket;
#[cfg(feature = "https")]
mod call;
mod directory;
mod document;
mod fetch;
mod issuer;
mod jwks;
mod location;
mod merge;
mod patience;
mod publish;
mod read_back;
mod region;
#[cfg(feature = "https")]
mod retry;
mod site;
#[cfg(feature = "https")]
mod transport;
mod withdraw;

pub use bucket::{
    AccountBlock, Adoption, BucketPlace, BucketRefusal, LeaveRefusal, LeavingBucket, LiveBucket,
    OWNER_ADOPTED, OWNER_CREATED, OWNER_TAG, diff_bucket, leave_bucket,
};
#[cfg(feature = "s3")]
pub use bucket::{BucketError, BucketParts, S3Publisher};
#[cfg(feature = "https")]
pub use call::{CallError, CallFailure, ServiceAnswer};
pub use directory::{
    DirectoryError, DirectoryPublisher, LeavingDirectory, LiveDirectory, diff_directory, leave_directory,
};
pub use document::{DiscoveryDocument, PublishedDocument};
#[cfg(feature = "https")]
pub use fetch::HttpsFetch;
pub use fetch::{FETCH_TIMEOUT, Fetch, FetchError, Fetched, MAX_DOCUMENT_BYTES};
pub use issuer::{AcceptedIssuer, AcceptedIssuerError, IssuerUrl, IssuerUrlError, MAX_ISSUER_LENGTH};
pub use jwks::{Jwk, Jwks, JwksError};
pub use location::{BucketName, BucketNameError, Prefix, PrefixError, S3Location};
pub use merge::{Additions, MergeError, Merged, Published, check_document, merge, published_keys};
pub use patience::{Patience, Wait, Waiting};
pub use publish::{AccessBlock, LiveDocuments, LiveObject, PublishChange, Publisher, Replaces};
pub use read_back::{ReadBackError, read_back};
pub use region::{Partition, Region, RegionError};
#[cfg(feature = "https")]
pub use retry::{MAX_ATTEMPTS, TooManyRequests, Tries};
pub use site::{CACHE_CONTROL, DISCOVERY_PATH, JwksPath, JwksPathError, Object, Site};
#[cfg(feature = "https")]
pub use transport::{
    Call, Certificates, ConnectTo, ConnectToError, Observer, Transport, TransportError, TransportOptions,
};
pub use withdraw::{WithdrawChange, Withdrawal};
