//! Everything that was looked at before the checks run.

use std::path::PathBuf;

use issuer_discovery::{
    AcceptedIssuer, BucketError, BucketParts, BucketPlace, Certificates, FetchError, JwksPath,
};
use issuer_keygen::{KeyDirError, KeyDirWarning, KeyRing, ServiceAccount};
use issuer_registrar::{Account, Audience, Provider, Role, RoleArn};
use issuer_relying_party::Documents;
use time::OffsetDateTime;

use crate::cluster::ClusterFacts;
use crate::report::Finding;
use crate::request::TokenText;
use crate::webhook::WebhookFacts;

/// What is live, and what it is compared with.
#[derive(Debug)]
pub struct Facts {
    /// The time of the look.
    pub now: OffsetDateTime,
    /// The issuer that is asked about, byte for byte.
    pub issuer: AcceptedIssuer,
    /// Where the JWKS is expected below it, whatever the discovery document says.
    pub jwks_path: JwksPath,
    /// The audience that tokens for AWS have.
    pub audience: Audience,
    /// The keys that tokens are signed with.
    pub keys: Fact<KeyFacts>,
    /// What the issuer's URLs answer to everyone.
    pub documents: Documents,
    /// The certificates of the issuer's host.
    pub certificates: Result<Certificates, FetchError>,
    /// The certificates of the JWKS's host, when that is another one.
    pub jwks_certificates: Option<Result<Certificates, FetchError>>,
    /// Whether the look was the public's: no certificate authority of one's own, no redirected connections.
    pub public_look: bool,
    /// The region whose STS is asked, where one is set.
    pub region: Option<String>,
    /// Whose credentials these are.
    pub account: Fact<Account>,
    /// Where the documents are kept, and what that is like.
    pub bucket: Fact<BucketFacts>,
    /// The IAM provider.
    pub provider: Fact<ProviderFacts>,
    /// The role.
    pub role: Fact<RoleFacts>,
    /// The service account that wants it.
    pub service_account: Option<ServiceAccount>,
    /// The token, exactly as it is sent.
    pub token: Fact<TokenText>,
    /// How long a session is asked for, in seconds.
    pub duration_seconds: Option<u64>,
    /// The control plane.
    pub cluster: Fact<ClusterFacts>,
    /// The pod identity webhook.
    pub webhook: Fact<WebhookFacts>,
    /// What STS answered.
    pub sts: Fact<StsAnswer>,
}

/// A fact, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// It was looked at.
    Is(T),
    /// Nobody asked for it: what to give so that it is looked at, such as `give --token FILE`.
    NotAsked(&'static str),
    /// It could not be looked at: why.
    Unknown(String),
}

/// The keys that tokens are signed with.
#[derive(Debug)]
pub struct KeyFacts {
    /// The key directory; none when public keys were given.
    pub directory: Option<PathBuf>,
    /// What was loaded.
    pub loaded: Result<LoadedKeys, KeyDirError>,
}

/// Keys that could be loaded.
#[derive(Clone, Debug)]
pub struct LoadedKeys {
    /// The keys.
    pub ring: KeyRing,
    /// Whether the signer's private key is there.
    pub private: bool,
    /// What is odd about the directory.
    pub warnings: Vec<KeyDirWarning>,
}

/// The bucket.
#[derive(Debug)]
pub struct BucketFacts {
    /// Where the documents are in it; the JWKS where the discovery document says.
    pub place: BucketPlace,
    /// The account that it was looked at for.
    pub account: Account,
    /// What it is like.
    pub parts: BucketParts,
    /// How objects are encrypted that are written without a word about it.
    pub encryption: Result<Option<String>, BucketError>,
}

/// The provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFacts {
    /// The ARN that it has to have.
    pub arn: String,
    /// Its account.
    pub account: Account,
    /// The provider, when there is one.
    pub live: Option<Provider>,
}

/// The role.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleFacts {
    /// The ARN that was given.
    pub arn: RoleArn,
    /// The role, when there is one; or why it cannot be seen.
    pub live: Result<Option<Role>, String>,
}

/// What STS answered to a real call of AssumeRoleWithWebIdentity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StsAnswer {
    /// It took the token.
    Accepted {
        /// The ARN of the session.
        session: String,
    },
    /// It did not.
    Refused {
        /// The error code.
        code: String,
        /// The HTTP status.
        status: u16,
        /// The message.
        message: String,
    },
    /// It was to be asked, and there is no answer.
    NoAnswer {
        /// What is missing, or what came instead.
        why: String,
    },
}

impl<T> Fact<T> {
    /// Returns the fact, where there is one.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::NotAsked(_) | Self::Unknown(_) => None,
        }
    }

    /// Looks at the fact; skips where there is none, and says why.
    pub(crate) fn look(&self, look: impl FnOnce(&T) -> Finding) -> Finding {
        match self {
            Self::Is(value) => look(value),
            Self::NotAsked(give) => Finding::skip(*give),
            Self::Unknown(why) => Finding::skip(why),
        }
    }

    /// Says in a sentence what it waits for: what to give, or why it could not be looked at.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        match self {
            Self::Is(_) => None,
            Self::NotAsked(give) => Some(format!("not asked for: {give}")),
            Self::Unknown(why) => Some(why.clone()),
        }
    }

    /// Returns why there is none.
    #[must_use]
    pub fn missing(&self) -> Option<&str> {
        match self {
            Self::Is(_) => None,
            Self::NotAsked(give) => Some(give),
            Self::Unknown(why) => Some(why),
        }
    }
}
