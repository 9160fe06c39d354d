//! The linter over trust policies: which statements are meant for a provider, and what is wrong with each.
//!
//! A role may trust several clusters, each in a statement of its own: what is for another provider is warned of at
//! most, and that a statement does not fit ours is no mistake where another one does.

use crate::document::Document;
use crate::kind::{self, Kind, TRUST_POLICY_CHARACTERS};
use crate::lint::condition::{ConditionLints, lint_condition, lint_words};
use crate::lint::finding::{Finding, Lint, Severity};
use crate::lint::provider::{self, ProviderMismatch, mismatch};
use crate::pattern::{Pattern, is_fixed};
use crate::statement::{Effect, Statement};

const WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
/// What a session may be given beside: statements of their own are usual.
const BESIDE: [&str; 2] = ["sts:TagSession", "sts:SetSourceIdentity"];
/// From here on the next service account may not fit any more.
const NEARLY: usize = TRUST_POLICY_CHARACTERS * 9 / 10;

/// Whom a trust policy is meant to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustTarget<'a> {
    /// The provider's ARN, in the role's own account and partition.
    pub provider_arn: &'a str,
    /// The issuer without its scheme: what condition keys begin with.
    pub issuer: &'a str,
    /// The audience of the tokens.
    pub audience: &'a str,
}

impl Document {
    /// Says what is wrong with this policy as one that is to trust this provider; empty when nothing is.
    pub fn lint_trust(&self, target: &TrustTarget<'_>) -> Vec<Lint> {
        let fits = |statement: &&Statement| speaks_of(statement, WEB_IDENTITY) && names(statement, target);
        let judge = Judge { target, one_fits: self.allows().any(|statement| fits(&statement)) };
        let mut lints = size(self.characters());
        let found: Vec<ConditionLints> =
            self.statements().iter().map(|statement| judge.statement(statement)).collect();
        let audience_is_taken = found.iter().any(|found| found.takes_audience);
        let one_is_alive = found.iter().any(|found| found.alive);
        for (found, index) in found.into_iter().zip(1..) {
            let first = lints.len();
            for (severity, finding) in found.lints {
                // Where another statement lets the tokens in, one that lets nobody in is in nobody's way.
                let severity = if found.dead && one_is_alive { Severity::Warning } else { severity };
                let lint = Lint { severity, statement: Some(index), finding };
                // One operator that does not exist may stand over many keys.
                if !lints[first..].contains(&lint) {
                    lints.push(lint);
                }
            }
        }
        // One statement for each audience is fine, as long as one is for ours.
        if audience_is_taken {
            lints.retain(|lint| !matches!(lint.finding, Finding::OtherAudience { .. }));
        }
        if !judge.one_fits && !lints.iter().any(|lint| says_why_nothing_fits(&lint.finding)) {
            let provider = target.provider_arn.to_owned();
            let finding = Finding::NotTrusted { provider };
            lints.insert(0, Lint { severity: Severity::Error, statement: None, finding });
        }
        lints
    }

    fn allows(&self) -> impl Iterator<Item = &Statement> {
        self.statements().iter().filter(|statement| statement.effect() == Effect::Allow)
    }
}

struct Judge<'a> {
    target: &'a TrustTarget<'a>,
    /// A statement for the provider is there.
    one_fits: bool,
}

impl Judge<'_> {
    fn statement(&self, statement: &Statement) -> ConditionLints {
        let mut found = ConditionLints::default();
        if let Some(problem) = kind::problem(statement, Kind::Trust) {
            found.lints.push((Severity::Error, Finding::NotATrustPolicy { problem }));
        }
        if statement.effect() == Effect::Deny {
            found.lints.extend(lint_words(statement));
            return found;
        }
        let web = speaks_of(statement, WEB_IDENTITY);
        let anyone = statement.principal().is_some_and(crate::Principal::includes_anyone);
        if statement.not_principal().is_some() {
            found.lints.push((Severity::Error, Finding::NotPrincipal));
            return found;
        }
        if web && anyone {
            found.lints.push((Severity::Error, Finding::AnyPrincipal));
            return found;
        }
        let federated: Vec<&str> =
            statement.principal().into_iter().flat_map(|principal| principal.values("Federated")).collect();
        if federated.is_empty() {
            found.lints.extend(self.aws(statement, web));
            return found;
        }
        self.federated(statement, &federated, web, &mut found);
        found
    }

    /// A statement without any provider: people and services may have theirs, but not for web identities.
    fn aws(&self, statement: &Statement, web: bool) -> Vec<(Severity, Finding)> {
        if !web || speaks_of(statement, "sts:AssumeRole") {
            return Vec::new();
        }
        let principals = statement.principal().into_iter().flat_map(|principal| principal.values("AWS"));
        principals
            .map(|principal| (Severity::Error, Finding::AwsPrincipal { principal: principal.to_owned() }))
            .collect()
    }

    fn federated(&self, statement: &Statement, federated: &[&str], web: bool, found: &mut ConditionLints) {
        let otherwise = if self.one_fits { Severity::Warning } else { Severity::Error };
        let mut ours = false;
        for name in federated {
            match mismatch(name, self.target.provider_arn) {
                None => ours = true,
                Some(ProviderMismatch::Issuer) => {}
                Some(mismatch) => {
                    ours = true;
                    let expected = self.target.provider_arn.to_owned();
                    let finding = Finding::Provider { found: (*name).to_owned(), expected, mismatch };
                    found.lints.push((otherwise, finding));
                }
            }
        }
        if !web {
            let beside = statement
                .action()
                .iter()
                .all(|action| BESIDE.iter().any(|beside| beside.eq_ignore_ascii_case(action)));
            if ours && !(beside && self.one_fits) {
                let actions = statement.action().to_vec();
                found.lints.push((otherwise, Finding::Action { actions }));
            }
            return;
        }
        if ours {
            let wide = statement.action().iter().filter(|action| !is_fixed(action));
            found.lints.extend(
                wide.map(|action| (Severity::Warning, Finding::WideAction { action: action.clone() })),
            );
            if !statement.not_action().is_empty() {
                let actions = statement.not_action().to_vec();
                found.lints.push((Severity::Warning, Finding::NotAction { actions }));
            }
            let conditions = lint_condition(statement, self.target.issuer, Some(self.target.audience));
            let names = names(statement, self.target);
            found.takes_audience = conditions.takes_audience && names && !conditions.dead;
            (found.dead, found.alive) = (conditions.dead, conditions.alive && names);
            found.lints.extend(conditions.lints);
            return;
        }
        // Another cluster's: its own keys are right there, and its mistakes are not in our way.
        if let [Some(issuer)] = federated.iter().map(|name| provider::issuer(name)).collect::<Vec<_>>()[..] {
            let conditions = lint_condition(statement, issuer, None).lints;
            found.lints.extend(conditions.into_iter().map(|(_, finding)| (Severity::Warning, finding)));
        }
    }
}

fn names(statement: &Statement, target: &TrustTarget<'_>) -> bool {
    statement
        .principal()
        .is_some_and(|principal| principal.values("Federated").any(|name| name == target.provider_arn))
}

fn speaks_of(statement: &Statement, action: &str) -> bool {
    // Actions have no variables, so each of them is a pattern.
    let fits = |wanted: &String| {
        Pattern::parse(wanted, false).is_ok_and(|pattern| pattern.matches_ignoring_case(action))
    };
    match statement.not_action() {
        [] => statement.action().iter().any(fits),
        unwanted => !unwanted.iter().any(fits),
    }
}

fn says_why_nothing_fits(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::Provider { .. }
            | Finding::Action { .. }
            | Finding::AnyPrincipal
            | Finding::NotPrincipal
            | Finding::AwsPrincipal { .. }
    )
}

fn size(size: usize) -> Vec<Lint> {
    let lint = |severity, finding| vec![Lint { severity, statement: None, finding }];
    if size > TRUST_POLICY_CHARACTERS {
        lint(Severity::Error, Finding::TooLarge { size })
    } else if size > NEARLY {
        lint(Severity::Warning, Finding::NearlyTooLarge { size })
    } else {
        Vec::new()
    }
}
