//! The AWS account and its IAM OpenID Connect provider: what makes AWS trust an issuer.
//!
//! Types and the diff are pure; the calls stand behind the feature `iam`.

mod account;
#[cfg(feature = "iam")]
mod client;
mod presets;
mod provider;
mod role;
#[cfg(feature = "iam")]
mod session;

#[cfg(feature = "iam")]
pub use account::caller_account;
pub use account::{Account, AccountError, AccountId};
#[cfg(feature = "iam")]
pub use client::{ProviderClient, RegisterError};
pub use presets::{Narrowing, Preset, PresetError};
pub use provider::{
    Audience, AudienceError, DEFAULT_AUDIENCE, MAX_CLIENT_IDS, MAX_THUMBPRINTS, Provider, ProviderChange,
    ProviderRefusal, ProviderSpec, Thumbprint, ThumbprintError, diff, provider_arn,
};
pub use role::{
    ATTACHED_TAG, ISSUER_TAG, Issuing, LeavingRole, LivePolicy, LiveRole, NameError, PolicyArn, PolicyName,
    Removal, Role, RoleArn, RoleArnError, RoleChange, RoleDiff, RoleFacts, RoleName, RolePath, RoleRefusal,
    RoleSpec, RoleWarning, Subject, SubjectPattern, SubjectPatternError, diff_role, removal, removal_of,
};
#[cfg(feature = "iam")]
pub use role::{ListedRole, RoleClient, RoleError, read_role};
#[cfg(feature = "iam")]
pub use session::{RoleSession, SessionError, assume_role, assume_role_with_web_identity};
