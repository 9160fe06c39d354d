//! What an answer of IAM means for a change: done, to be waited for, or failed, and in which words.
//!
//! Codes: those of the actions in the [API reference](https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html).

use issuer_discovery::{CallError, CallFailure};

use super::calls::Call;
use super::error::RoleError;
use super::issuing::Issuing;

/// What comes after a call that failed.
pub(super) enum Verdict {
    /// It is as it should be all the same.
    Done,
    /// It may be as it should be in a moment.
    Wait {
        /// What is waited for.
        why: String,
        /// What to say when patience has ended.
        error: RoleError,
    },
    /// It failed.
    Failed(RoleError),
}

/// Judges how a call ended; `what` is the ARN of what it changes.
pub(super) fn verdict(call: &Call<'_>, error: CallError, what: &str, issuing: &Issuing) -> Verdict {
    let what = what.to_owned();
    let code = error.code().to_owned();
    let is = |name: &str| code.starts_with(name);
    // Refused before it began, so not carried out: it is sent again when there is room.
    if matches!(*error.reason, CallFailure::Throttled(_)) {
        return Verdict::Failed(error.into());
    }
    if is("NoSuchEntity") {
        return missing(call, error, what, issuing);
    }
    if is("ConcurrentModification") {
        // AWS: "submit the request again"; what replaces the whole has to see the other's change first.
        if call.is_once() {
            return Verdict::Failed(RoleError::Raced { what });
        }
        return Verdict::Wait { why: format!("another change of {what} to end"), error: error.into() };
    }
    if is("EntityTemporarilyUnmodifiable") {
        return Verdict::Wait { why: format!("IAM to let {what} be changed"), error: error.into() };
    }
    if is("DeleteConflict") {
        // What was taken off a moment ago may still be on it elsewhere; an instance profile is not ours to take off.
        let lasts = message(&error).contains("instance profile");
        let why = format!("IAM to see that nothing hangs on {what}");
        let error = RoleError::InUse { what, source: error };
        return if lasts { Verdict::Failed(error) } else { Verdict::Wait { why, error } };
    }
    if is("LimitExceeded") {
        // Room was made for this version, and somebody else took it.
        return Verdict::Failed(match call {
            Call::CreateVersion(..) => RoleError::Raced { what },
            _ => RoleError::Quota { what, source: error },
        });
    }
    if is("UnmodifiableEntity") {
        return Verdict::Failed(RoleError::Unmodifiable { what, source: error });
    }
    if is("MalformedPolicyDocument") {
        let provider = issuing.provider_arn();
        if message(&error).contains(&provider) {
            let why = format!("IAM to know the provider {provider}");
            return Verdict::Wait { why, error: RoleError::NoProvider { what, provider, source: error } };
        }
        return Verdict::Failed(error.into());
    }
    if call.is_once() && error.may_pass() {
        return Verdict::Failed(RoleError::Unsure { what, source: error });
    }
    Verdict::Failed(error.into())
}

/// Judges a call for which something is not there: the role or policy itself, or the policy that the role is to have.
fn missing(call: &Call<'_>, error: CallError, what: String, issuing: &Issuing) -> Verdict {
    if call.takes_away() {
        return Verdict::Done;
    }
    let Some(policy) = call.needs_policy().filter(|arn| message(&error).contains(arn)) else {
        // It was there when it was read, or was made a moment ago.
        return Verdict::Wait { why: format!("IAM to show {what}"), error: RoleError::Raced { what } };
    };
    let policy = policy.to_owned();
    let account = &issuing.account;
    let ours = format!("arn:{}:iam::{}:policy{}", account.partition, account.id, issuing.path());
    let may_come = policy.starts_with(&ours);
    let why = format!("IAM to show {policy}");
    let error = RoleError::NoPolicy { what, policy, source: error };
    // Nobody is making any other one right now.
    if may_come { Verdict::Wait { why, error } } else { Verdict::Failed(error) }
}

fn message(error: &CallError) -> &str {
    error.answer().map_or("", |answer| &answer.message)
}
