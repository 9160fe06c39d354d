//! What is asked, and what it is asked with.

use std::fmt;

use aws_types::SdkConfig;
use issuer_discovery::{AcceptedIssuer, BucketPlace, HttpsFetch, JwksPath};
use issuer_keygen::{KeyDir, PublicKey, ServiceAccount};
use issuer_registrar::{Audience, RoleArn};
use time::OffsetDateTime;

use crate::cluster::ClusterRequest;

/// What is asked: what is left out is not looked at, and the report says what to give.
#[derive(Clone, Debug)]
pub struct Request {
    /// The issuer, byte for byte: a trailing slash is a finding, not a wrong question.
    pub issuer: AcceptedIssuer,
    /// Where the JWKS is expected below the issuer.
    pub jwks_path: JwksPath,
    /// Where the documents are kept, when that is a bucket.
    pub bucket: Option<BucketPlace>,
    /// The audience that tokens for AWS have.
    pub audience: Audience,
    /// The role that a workload wants.
    pub role: Option<RoleArn>,
    /// The workload's service account.
    pub service_account: Option<ServiceAccount>,
    /// A token of the workload, exactly as it is sent.
    pub token: Option<TokenText>,
    /// How long a session is asked for, in seconds, when it is said.
    pub duration_seconds: Option<u64>,
    /// How the cluster is looked at.
    pub cluster: ClusterRequest,
    /// Whether STS is really asked.
    pub assume_role: bool,
    /// The time.
    pub now: OffsetDateTime,
}

/// Where the keys are that tokens are signed with.
#[derive(Clone, Debug)]
pub enum Keys {
    /// In a key directory.
    Directory(KeyDir),
    /// Their public halves, the signer's first.
    Public(Vec<PublicKey>),
}

/// A token as it is sent. Whoever has it is the service account: it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(String);

/// What is looked with.
#[derive(Clone, Debug)]
pub struct Outside {
    /// Reads what is public.
    pub fetch: HttpsFetch,
    /// AWS's configuration, or why there is none. Credentials need not be behind it.
    pub aws: Result<SdkConfig, String>,
    /// Whether the bucket stands in the path and not in the host, for endpoints that know no virtual hosts.
    pub path_style: bool,
}

impl TokenText {
    /// Takes the bytes of a token file as they are.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenText({} bytes)", self.0.len())
    }
}
