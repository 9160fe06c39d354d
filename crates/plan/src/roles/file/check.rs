//! What a role as a whole cannot be, said where it stands: sizes, counts, tags, other accounts' policies.

use issuer_registrar::{Account, AccountId, Issuing, PolicyArn, RoleSpec};

use super::FileDefaults;
use super::error::RolesFileError;
use super::place::{Here, told};

/// An account for what is computed before it is known whose account this is. Each has as many digits.
const STAND_IN: &str = "000000000000";

/// Refuses what IAM would not take, as far as it is known before any call.
pub(super) fn check(
    here: &Here<'_>,
    spec: &RoleSpec,
    account: Option<&AccountId>,
    defaults: &FileDefaults,
) -> Result<(), RolesFileError> {
    let id = account.cloned().or_else(|| spec.attach.iter().chain(&spec.boundary).find_map(named));
    let id = match id {
        Some(id) => id,
        None => STAND_IN.parse().map_err(|error| here.mistake(told(&error)))?,
    };
    let account = Account { id, partition: defaults.partition };
    let issuing = Issuing { issuer: defaults.issuer.clone(), account };
    // Its warnings are told with the plan.
    let _warnings = spec.check(&issuing).map_err(|refusal| here.mistake(told(&refusal)))?;
    Ok(())
}

/// Returns the account that a policy lies in; nothing where it is one of AWS's own.
fn named(arn: &PolicyArn) -> Option<AccountId> {
    arn.as_str().split(':').nth(4)?.parse().ok()
}
