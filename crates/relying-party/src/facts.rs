//! What STS is asked, and what it knows then.

use std::collections::BTreeMap;
use std::fmt;

use issuer_registrar::{Provider, Role};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::documents::Documents;

/// Condition keys and their values: one that is missing is not known, one with an empty list is known to be absent.
pub type Context = BTreeMap<String, Vec<String>>;

/// Everything that one call of AssumeRoleWithWebIdentity depends on.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The token exactly as it is sent: nothing is trimmed.
    pub token: &'a str,
    /// RoleSessionName.
    pub session_name: &'a str,
    /// DurationSeconds, when it is asked for.
    pub duration_seconds: Option<u64>,
    /// The time at STS.
    pub now: OffsetDateTime,
    /// The role that is asked for; `Is(None)` when there is none of that name.
    pub role: Known<Option<&'a Role>>,
    /// The OpenID Connect providers of the role's account, or those of them that may matter.
    pub providers: Known<&'a [Provider]>,
    /// What the issuer's URLs answer.
    pub documents: Known<&'a Documents>,
    /// What else is known of the call, for the conditions of the trust policy: the token's own keys are never taken
    /// from here.
    pub context: Option<&'a Context>,
}

/// Says what is known of every call to STS, wherever it comes from: its time, that it goes through TLS, and the region
/// where that is known ([global condition keys][keys]).
///
/// [keys]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
#[must_use]
pub fn known_context(now: OffsetDateTime, region: Option<&str>) -> Context {
    let mut context = Context::from([
        ("aws:SecureTransport".to_owned(), vec!["true".to_owned()]),
        ("aws:EpochTime".to_owned(), vec![now.unix_timestamp().to_string()]),
    ]);
    if let Ok(time) = now.format(&Rfc3339) {
        context.insert("aws:CurrentTime".to_owned(), vec![time]);
    }
    if let Some(region) = region {
        context.insert("aws:RequestedRegion".to_owned(), vec![region.to_owned()]);
    }
    context
}

/// Leaves the token out: who has it is whom it names.
impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("session_name", &self.session_name)
            .field("duration_seconds", &self.duration_seconds)
            .field("now", &self.now)
            .field("role", &self.role)
            .field("providers", &self.providers)
            .field("documents", &self.documents)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// A fact, or that nobody looked: then the steps that need it are not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// It was looked at.
    Is(T),
    /// Nobody looked.
    NotLookedAt,
}
