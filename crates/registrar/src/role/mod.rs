//! IAM roles of workloads: names, what one should be, what one is, and the difference.

#[cfg(feature = "iam")]
mod apply;
mod arn;
mod attached;
#[cfg(feature = "iam")]
mod calls;
mod change;
mod check;
#[cfg(feature = "iam")]
mod client;
mod diff;
#[cfg(feature = "iam")]
mod error;
mod inline;
mod issuing;
mod leaving;
mod live;
mod name;
#[cfg(feature = "iam")]
mod pace;
#[cfg(feature = "iam")]
mod policies;
#[cfg(feature = "iam")]
mod read;
mod reconcile;
mod refusal;
mod removal;
mod spec;
mod subject;
mod trust;
mod trust_text;
#[cfg(feature = "iam")]
mod verdict;

pub use arn::{Role, RoleArn, RoleArnError};
pub use attached::ATTACHED_TAG;
pub use change::RoleChange;
#[cfg(feature = "iam")]
pub use client::{ListedRole, RoleClient};
pub use diff::{RoleDiff, diff_role};
#[cfg(feature = "iam")]
pub use error::RoleError;
pub use issuing::{ISSUER_TAG, Issuing};
pub use leaving::{LeavingRole, removal_of};
pub use live::{LivePolicy, LiveRole, RoleFacts};
pub use name::{NameError, PolicyArn, PolicyName, RoleName, RolePath};
#[cfg(feature = "iam")]
pub use read::read_role;
pub use refusal::{RoleRefusal, RoleWarning};
pub use removal::{Removal, removal};
pub use spec::RoleSpec;
pub use subject::{Subject, SubjectPattern, SubjectPatternError};
