//! What a check is, and all of them in the order of the chain.

use serde::Serialize;

use crate::checks;
use crate::facts::Facts;
use crate::report::{Finding, Report, Reported, Status};

/// A link of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The signing keys in the key directory.
    Keys,
    /// The two documents at the issuer's URL.
    Documents,
    /// The bucket that holds them.
    Bucket,
    /// The IAM provider.
    Provider,
    /// The role and its trust policy.
    Role,
    /// A token.
    Token,
    /// The control plane.
    Cluster,
    /// The pod identity webhook.
    Webhook,
    /// A real call of AssumeRoleWithWebIdentity.
    Sts,
}

impl Group {
    /// All, in the order of the chain.
    pub const ALL: [Self; 9] = [
        Self::Keys,
        Self::Documents,
        Self::Bucket,
        Self::Provider,
        Self::Role,
        Self::Token,
        Self::Cluster,
        Self::Webhook,
        Self::Sts,
    ];

    /// What it is called.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Documents => "documents",
            Self::Bucket => "bucket",
            Self::Provider => "provider",
            Self::Role => "role",
            Self::Token => "token",
            Self::Cluster => "cluster",
            Self::Webhook => "webhook",
            Self::Sts => "STS",
        }
    }
}

/// One check: a pure function over the facts.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name, `GROUP/WHAT`.
    pub name: &'static str,
    /// The link of the chain that it belongs to.
    pub group: Group,
    /// What it looks at, as a statement that should hold.
    pub title: &'static str,
    /// The checks (by name) that have to hold before this one can be judged; all stand before it.
    pub needs: &'static [&'static str],
    /// Looks.
    pub look: fn(&Facts) -> Finding,
}

impl Check {
    /// A check in one line of a list.
    pub(crate) const fn new(
        group: Group,
        name: &'static str,
        title: &'static str,
        needs: &'static [&'static str],
        look: fn(&Facts) -> Finding,
    ) -> Self {
        Self { name, group, title, needs, look }
    }
}

/// Every check, in the order of the chain.
pub const CHECKS: &[&[Check]] = &[
    checks::keys::CHECKS,
    checks::issuer::CHECKS,
    checks::documents::CHECKS,
    checks::jwks::CHECKS,
    checks::published::CHECKS,
    checks::served::CHECKS,
    checks::bucket::CHECKS,
    checks::access::CHECKS,
    checks::scope::CHECKS,
    checks::provider::CHECKS,
    checks::role::CHECKS,
    checks::token::CHECKS,
    crate::cluster::CHECKS,
    crate::webhook::CHECKS,
    checks::sts::CHECKS,
];

impl Group {
    /// Says why nothing of a group can be looked at, when that is so.
    fn missing(self, facts: &Facts) -> Option<String> {
        match self {
            Self::Keys => facts.keys.why(),
            Self::Documents => None,
            Self::Bucket => facts.bucket.why(),
            Self::Provider => facts.provider.why(),
            Self::Role => facts.role.why(),
            Self::Token => facts.token.why(),
            Self::Cluster => facts.cluster.why(),
            Self::Webhook => facts.webhook.why(),
            Self::Sts => facts.sts.why(),
        }
    }
}

impl Report {
    /// Runs every check. A group that nobody asked for, or that could not be seen at all, is one line.
    #[must_use]
    pub fn of(facts: &Facts) -> Self {
        let mut checks: Vec<Reported> = Vec::new();
        for check in CHECKS.iter().copied().flatten() {
            let finding = match check.group.missing(facts) {
                Some(_) if checks.iter().any(|before| before.group == check.group) => continue,
                Some(why) => Finding::skip(why),
                None => match held_up(check, &checks) {
                    Some(needed) => Finding::skip(format!("waits for {needed}")),
                    None => mended_before(check, (check.look)(facts), &checks),
                },
            };
            checks.push(Reported { name: check.name, group: check.group, title: check.title, finding });
        }
        Self { issuer: facts.issuer.to_string(), checks }
    }
}

/// The checks that sum up what others found.
const SUMS: [&str; 2] = ["token/verdict", "sts/accepts"];

/// Gives what sums up the hint of the link that breaks at the same step: it knows more of what is there.
fn mended_before(check: &Check, finding: Finding, before: &[Reported]) -> Finding {
    let broken = |reported: &&Reported| {
        reported.finding.status == Status::Fail && reported.finding.step == finding.step
    };
    let sums = SUMS.contains(&check.name) && finding.status == Status::Fail && finding.step.is_some();
    match before.iter().find(broken).filter(|_| sums) {
        Some(link) => Finding { hint: link.finding.hint.clone(), ..finding },
        None => finding,
    }
}

/// Names the first check that this one needs and that did not hold.
fn held_up(check: &Check, before: &[Reported]) -> Option<&'static str> {
    let broken = |name: &str| {
        before.iter().any(|reported| {
            reported.name == name && matches!(reported.finding.status, Status::Fail | Status::Skip)
        })
    };
    check.needs.iter().copied().find(|needed| broken(needed))
}
