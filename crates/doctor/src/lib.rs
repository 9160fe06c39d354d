//! Walks the chain from the signing key to the role, compares what is live with what should be, and says what to do.
//!
//! Facts are gathered first, concurrently, through the crates that own them and through kubectl; then each [`Check`]
//! is a pure function over the [`Facts`]. A [`Report`] is a value: who shows it decides how.
//!
//! A [`Request`] says what is asked and [`Outside`] what it is looked with; [`load_keys`] and [`gather`] look, [`Report::of`]
//! judges.
//! Nothing is changed anywhere. What was not asked for, what credentials do not show and what waits for a broken
//! link is skipped, and the finding says why. Where STS would refuse, a finding names the same
//! [step](issuer_relying_party::Step) as STS's own examination.

mod check;
mod checks;
mod cluster;
mod facts;
mod gather;
mod html;
mod kubectl;
mod kubectl_error;
mod plain;
mod report;
mod request;
mod url;
mod webhook;

pub use check::{CHECKS, Check, Group};
pub use cluster::{ApiServer, ClusterFacts, ClusterRequest, CommandLine, Gap, Minted, Seen, gather_cluster};
pub use facts::{BucketFacts, Fact, Facts, KeyFacts, LoadedKeys, ProviderFacts, RoleFacts, StsAnswer};
pub use gather::{gather, load_keys};
pub use html::{Made, page};
pub use kubectl::{KUBECTL_TIMEOUT, Kubectl, KubectlCall, KubectlObserver, MAX_KUBECTL_BYTES};
pub use kubectl_error::KubectlError;
pub use plain::{inert, obeyed, with_causes};
pub use report::{Finding, Report, Reported, Status};
pub use request::{Keys, Outside, Request, TokenText};
pub use webhook::{
    Deployment, Registration, Selector, ServingCertificate, Target, WebhookFacts, gather_webhook,
};
