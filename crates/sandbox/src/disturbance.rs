//! Disturbances on request: for each call that has come, somebody may decide what goes wrong with it.
//!
//! What happens to a call is exactly one [`Fault`]. Throttling, failures and cut connections look to the client as
//! AWS's do; which call they hit is the decision of whoever starts the sandbox.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// One call that has come and was not carried out yet.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Arrived {
    /// From one on, in the order in which calls came.
    pub number: u64,
    /// What is asked for, the same in every run whatever the order of calls: `s3 PUT my-bucket?policy`,
    /// `s3 GET my-bucket/.well-known/openid-configuration`, `s3control GET publicAccessBlock`,
    /// `iam CreateOpenIDConnectProvider`. Of a query the names only, without `x-id`.
    pub call: String,
    /// The access key that the Authorization header names; none for an anonymous call.
    pub access_key_id: Option<String>,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is carried out and answered.
    None,
    /// Not carried out; this answer in the service's own error form (a HEAD has no body).
    Refuse {
        /// The HTTP status.
        status: u16,
        /// The code, `SlowDown`.
        code: String,
        /// The sentence beside it.
        message: String,
    },
    /// Not carried out; the connection is reset without an answer.
    CutBefore,
    /// Carried out; then the connection is reset without an answer.
    CutAfter,
    /// Carried out; the head with the full Content-Length and half of the body are sent, then the connection is
    /// closed. Where there is no body: the same as `CutAfter`.
    CutInBody,
    /// Never answered, until the client goes away or the sandbox stops.
    Silent {
        /// Whether it is carried out first.
        carried_out: bool,
    },
    /// Carried out on the state as it was before the last change. A call that changes something is carried out on
    /// the state as it is.
    Stale,
}

impl Fault {
    /// A short name for records; none where nothing goes wrong.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Refuse { .. } => Some("refuse"),
            Self::CutBefore => Some("cut-before"),
            Self::CutAfter => Some("cut-after"),
            Self::CutInBody => Some("cut-in-body"),
            Self::Silent { carried_out: false } => Some("silent-before"),
            Self::Silent { carried_out: true } => Some("silent-after"),
            Self::Stale => Some("stale"),
        }
    }
}

type Decision = Pin<Box<dyn Future<Output = Fault> + Send>>;

/// Decides what happens to each call.
///
/// The decision may take as long as it likes: the call is held until then, and carried out (or not) right after.
#[derive(Clone)]
pub struct Disturbance(Arc<dyn Fn(Arrived) -> Decision + Send + Sync>);

impl Disturbance {
    /// Decides with a function.
    pub fn new<F>(decide: impl Fn(Arrived) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Fault> + Send + 'static,
    {
        Self(Arc::new(move |arrived| Box::pin(decide(arrived))))
    }

    pub(crate) async fn decide(&self, arrived: Arrived) -> Fault {
        (self.0)(arrived).await
    }
}

impl fmt::Debug for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disturbance")
    }
}
