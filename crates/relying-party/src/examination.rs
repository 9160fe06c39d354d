//! The examination: every step judged from the facts, as far as the steps before it let it.

use issuer_registrar::Provider;

use crate::claims::Claims;
use crate::documents::{Authority, Documents};
use crate::facts::{Facts, Known};
use crate::refusal::not_trusted;
use crate::rules::{
    check_audience, check_duration, check_issuer, check_parameters, check_thumbprint, find_provider,
};
use crate::step::Step;
use crate::token::Token;
use crate::trust::{self, Asker, provider_arn};
use crate::verdict::{Accepted, Outcome, Refused, Verdict};

/// Every step, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    steps: Vec<(Step, Outcome)>,
    role_is_missing: bool,
    accepted: Option<Accepted>,
}

impl Examination {
    /// Judges every step that can be judged.
    #[must_use]
    pub fn of(facts: &Facts<'_>) -> Self {
        Self::of_read(facts, Token::parse(facts.token).as_ref())
    }

    /// Judges as [`Examination::of`] does, with the token of the facts as [`Token::parse`] read it: who judges more than
    /// once reads it once.
    #[must_use]
    pub fn of_read(facts: &Facts<'_>, token: Result<&Token, &Refused>) -> Self {
        let mut sheet = Sheet::default();
        let token = sheet.token(facts, token);
        let role = match facts.role {
            Known::Is(Some(role)) => Ok(role),
            Known::Is(None) => Err(Missing::Waiting(Step::Trust)),
            Known::NotLookedAt => Err(Missing::NotLookedAt),
        };
        let _ = sheet.judge(Step::Duration, role.map(|role| check_duration(facts, role)));
        let issuer = sheet.judge(Step::Issuer, token.and_then(issuer_of));
        let claims = sheet.judge(Step::Claims, token.map(Claims::of));
        let claims = claims.as_ref().map_err(|missing| *missing);
        let audience = sheet.judge(Step::AuthorizedParty, claims.map(Claims::audience));
        let provider = known(facts.providers).and_then(|providers| Ok((providers, issuer?)));
        let provider =
            sheet.judge(Step::Provider, provider.map(|(providers, issuer)| find_provider(providers, issuer)));
        let in_audience = provider.and_then(|provider| Ok((provider, audience?, issuer?)));
        let _ = sheet.judge(
            Step::Audience,
            in_audience.map(|(provider, audience, issuer)| check_audience(provider, audience, issuer)),
        );

        let documents = known(facts.documents).and_then(|documents| of_issuer(documents, issuer));
        let reached = sheet.judge(
            Step::Reachable,
            documents.map(|documents| documents.check_reachable().map(|()| documents)),
        );
        let _ = sheet.judge(Step::Thumbprint, reached.and_then(|documents| thumbprint(documents, provider)));
        let key = reached.and_then(|documents| Ok((documents, token?, issuer?)));
        let key = sheet.judge(
            Step::Keys,
            key.map(|(documents, token, issuer)| documents.keys(issuer)?.key_of(token, issuer)),
        );
        let signed = key.as_ref().map_err(|missing| *missing).and_then(|key| Ok((key, token?)));
        let _ = sheet.judge(Step::Signature, signed.map(|(key, token)| key.verify(token)));
        let _ = sheet.judge(Step::Expiry, claims.map(|claims| claims.check_time(facts.now)));
        let asker = claims.and_then(|claims| Ok((claims, audience?)));
        let _ = sheet.judge(Step::Trust, trusted(facts, asker));

        let accepted = role.ok().zip(asker.ok()).map(|(role, (claims, audience))| Accepted {
            subject: claims.subject.to_owned(),
            audience: audience.to_owned(),
            provider: provider_arn(role.arn.account(), claims.issuer),
        });
        let role_is_missing = matches!(facts.role, Known::Is(None));
        Self { steps: Step::ALL.into_iter().zip(sheet.outcomes).collect(), role_is_missing, accepted }
    }

    /// Returns the steps in STS's order.
    #[must_use]
    pub fn steps(&self) -> &[(Step, Outcome)] {
        &self.steps
    }

    /// Returns what became of a step.
    #[must_use]
    pub fn outcome(&self, step: Step) -> &Outcome {
        &self.steps[step as usize].1
    }

    /// Returns what STS answers: its refusal at the first step that does not hold. A role that is not there is
    /// refused as soon as the token is known for a JWT, as one that does not trust it is refused at the end.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let missing_role = self.role_is_missing.then_some(Step::Trust);
        let (before, after) = Step::ALL.split_at(Step::Duration as usize);
        for step in before.iter().chain(&missing_role).chain(after) {
            if let Outcome::Refused(refused) = self.outcome(*step) {
                return Verdict::Refused(refused.clone());
            }
        }
        let unknown = self.steps.iter().find(|(_, outcome)| *outcome != Outcome::Passed);
        match (unknown, &self.accepted) {
            (None, Some(accepted)) => Verdict::Accepted(accepted.clone()),
            (Some((step, _)), _) => Verdict::Incomplete(*step),
            (None, None) => Verdict::Incomplete(Step::Trust),
        }
    }
}

/// Why a step has nothing to judge from.
#[derive(Clone, Copy)]
enum Missing {
    Waiting(Step),
    NotLookedAt,
}

/// What a step judges: its verdict, unless it has nothing to judge from.
type Judged<T> = Result<Result<T, Refused>, Missing>;

/// The outcomes as they come in.
struct Sheet {
    outcomes: [Outcome; Step::ALL.len()],
}

impl Default for Sheet {
    fn default() -> Self {
        Self { outcomes: [const { Outcome::NotLookedAt }; Step::ALL.len()] }
    }
}

impl Sheet {
    /// Notes what became of a step, and gives the steps after it what it found.
    fn judge<T>(&mut self, step: Step, judged: Judged<T>) -> Result<T, Missing> {
        let (outcome, found) = match judged {
            Ok(Ok(found)) => (Outcome::Passed, Ok(found)),
            Ok(Err(refused)) => (Outcome::Refused(refused), Err(Missing::Waiting(step))),
            Err(missing) => {
                let outcome = match missing {
                    Missing::Waiting(step) => Outcome::Waiting(step),
                    Missing::NotLookedAt => Outcome::NotLookedAt,
                };
                (outcome, Err(missing))
            }
        };
        self.outcomes[step as usize] = outcome;
        found
    }

    /// The first two steps come out of one reading.
    fn token<'a>(
        &mut self,
        facts: &Facts<'_>,
        read: Result<&'a Token, &Refused>,
    ) -> Result<&'a Token, Missing> {
        let read = match read {
            Err(refused) if refused.step == Step::Parameters => {
                let _ = self.judge::<()>(Step::Parameters, Ok(Err(refused.clone())));
                return self.judge(Step::Token, Err(Missing::Waiting(Step::Parameters)));
            }
            read => read.map_err(Clone::clone),
        };
        let _ = self.judge(Step::Parameters, Ok(check_parameters(facts)));
        self.judge(Step::Token, Ok(read))
    }
}

fn known<T>(fact: Known<T>) -> Result<T, Missing> {
    match fact {
        Known::Is(fact) => Ok(fact),
        Known::NotLookedAt => Err(Missing::NotLookedAt),
    }
}

fn issuer_of(token: &Token) -> Judged<&str> {
    // What is missing, or no text, is the claims' matter.
    let issuer = token.issuer().filter(|issuer| !issuer.is_empty());
    let issuer = issuer.ok_or(Missing::Waiting(Step::Claims))?;
    Ok(check_issuer(issuer).map(|()| issuer))
}

/// What was fetched for another issuer says nothing of the token's: its own was not looked at.
fn of_issuer<'a>(documents: &'a Documents, issuer: Result<&str, Missing>) -> Result<&'a Documents, Missing> {
    match issuer {
        Ok(issuer) if documents.issuer != issuer => Err(Missing::NotLookedAt),
        _ => Ok(documents),
    }
}

fn thumbprint(documents: &Documents, provider: Result<&Provider, Missing>) -> Judged<()> {
    match &documents.authority {
        Authority::Public => Ok(Ok(())),
        Authority::Private { thumbprint } => Ok(check_thumbprint(provider?, thumbprint)),
        // Where no JWKS came there was no certificate to look at, and the keys' step says why.
        Authority::Unknown if !matches!(documents.jwks, Some(Ok(_))) => Err(Missing::Waiting(Step::Keys)),
        Authority::Unknown => Err(Missing::NotLookedAt),
    }
}

fn trusted(facts: &Facts<'_>, asker: Result<(&Claims<'_>, &str), Missing>) -> Judged<()> {
    let Some(role) = known(facts.role)? else {
        return Ok(Err(not_trusted(
            "There is no role of this name in the account.",
            "look at the ARN in AWS_ROLE_ARN, or at the annotation eks.amazonaws.com/role-arn of the service account: \
             account, path and name count; where there is none yet, `issuerctl role apply` makes it",
        )));
    };
    let (claims, audience) = asker?;
    let asker = Asker {
        issuer: claims.issuer,
        subject: claims.subject,
        audience,
        methods: &claims.methods,
        session_name: facts.session_name,
        context: facts.context,
    };
    Ok(trust::check(role, asker))
}
