//! What is left to do for one role, in waves: a policy that several roles share is made before any of them attaches it,
//! and gets another text when all of them have taken away what is not wanted any more, and given nothing new yet.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use issuer_registrar::{AccountId, RoleChange};

use super::shared::Shared;
use super::{RolesFacts, RolesRequest, WantedRole};
use crate::step::{Plan, Step};

/// No wave begins before the one before it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wave {
    /// Shared policies are made: nobody has them until they are attached.
    Make,
    /// Of roles with a shared policy that changes, what comes before its change.
    Before,
    /// Shared policies get another text.
    Change,
    /// All else.
    Rest,
}

/// What is left to do for one role in one wave.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) wanted: &'a WantedRole,
    pub(super) steps: VecDeque<Step>,
    pub(super) wave: Wave,
    /// Whether the provider is there, as it was read.
    pub(super) provider: Option<bool>,
    /// The kinds of changes that were agreed to.
    agreed: Arc<BTreeSet<&'static str>>,
    shared: Arc<Shared>,
}

impl Wave {
    const ALL: [Self; 4] = [Self::Make, Self::Before, Self::Change, Self::Rest];

    /// Takes the changes of one role apart, each wave in order.
    pub(super) fn sort(
        shared: &Shared,
        role: &WantedRole,
        changes: Vec<RoleChange>,
    ) -> Vec<(Self, RoleChange)> {
        let apart = |change: &RoleChange| Self::apart(shared, &role.account, change);
        let cut = changes.iter().position(|change| apart(change) == Some(Self::Change)).unwrap_or(0);
        let own = |index| if index < cut { Self::Before } else { Self::Rest };
        let waves = changes.into_iter().zip(0..);
        waves.map(|(change, index)| (apart(&change).unwrap_or_else(|| own(index)), change)).collect()
    }

    /// Returns the wave of what is done to a shared policy.
    fn apart(shared: &Shared, account: &AccountId, change: &RoleChange) -> Option<Self> {
        match change {
            _ if !shared.has(account, change) => None,
            RoleChange::CreatePolicy { .. } => Some(Self::Make),
            _ => Some(Self::Change),
        }
    }
}

impl<'a> Work<'a> {
    /// Takes a plan apart: for each wave, what is to be done of each role. The last one has every role of the plan,
    /// those with nothing left to do as well.
    pub(super) fn split(request: &'a RolesRequest, plan: Plan, facts: &RolesFacts) -> [Vec<Self>; 4] {
        let shared = Arc::new(Shared::of(request));
        let wanted = request.roles.iter().zip(0_usize..);
        let wanted: HashMap<_, _> =
            wanted.map(|(role, index)| ((&role.account, &role.spec.name), (role, index))).collect();
        let steps: Vec<Step> = plan.stages.into_iter().flat_map(|stage| stage.steps).collect();
        let apart = |step: &Step| match step {
            Step::Role { account, change, .. } => Wave::apart(&shared, account, change),
            _ => None,
        };
        // The plan is in the order of the waves.
        let cut = steps.iter().position(|step| apart(step) == Some(Wave::Change)).unwrap_or(0);
        let mut roles: Vec<Gathered<'a>> = Vec::new();
        let mut places = HashMap::new();
        for (step, place) in steps.into_iter().zip(0..) {
            let Step::Role { account, name, .. } = &step else { continue };
            let Some((role, index)) = wanted.get(&(account, name)).copied() else { continue };
            let wave = apart(&step).unwrap_or(if place < cut { Wave::Before } else { Wave::Rest });
            let next = roles.len();
            let of = *places.entry(index).or_insert(next);
            if of == next {
                let provider = facts.roles.get(index).and_then(|facts| facts.provider);
                roles.push(Gathered { role, provider, steps: Vec::new() });
            }
            if let Some(gathered) = roles.get_mut(of) {
                gathered.steps.push((wave, step));
            }
        }
        let mut waves: [Vec<Self>; 4] = Default::default();
        for Gathered { role, provider, mut steps } in roles {
            let agreed: Arc<BTreeSet<_>> = Arc::new(steps.iter().map(|(_, step)| step.kind()).collect());
            for (wave, works) in Wave::ALL.into_iter().zip(&mut waves) {
                let steps: VecDeque<Step> =
                    steps.extract_if(.., |(of, _)| *of == wave).map(|(_, step)| step).collect();
                if wave == Wave::Rest || !steps.is_empty() {
                    let (agreed, shared) = (Arc::clone(&agreed), Arc::clone(&shared));
                    works.push(Self { wanted: role, steps, wave, provider, agreed, shared });
                }
            }
        }
        waves
    }

    /// Takes what a new look says is left; false when a change of another kind than was agreed to is in it.
    pub(super) fn take(&mut self, changes: Vec<RoleChange>) -> bool {
        let sorted = Wave::sort(&self.shared, self.wanted, changes);
        let pending = sorted.iter().any(|(wave, _)| *wave == Wave::Change);
        let ours = |wave: Wave| match self.wave {
            // Where the policy says already what it should, nothing has to wait for it.
            Wave::Before if !pending => wave == Wave::Rest,
            Wave::Rest => matches!(wave, Wave::Before | Wave::Rest),
            own => wave == own,
        };
        let left = sorted.into_iter().filter(|(wave, _)| ours(*wave));
        self.steps = left.map(|(_, change)| self.wanted.step(change)).collect();
        self.steps.iter().all(|step| self.agreed.contains(step.kind()))
    }
}

/// The steps of one role, each with its wave.
struct Gathered<'a> {
    role: &'a WantedRole,
    provider: Option<bool>,
    steps: Vec<(Wave, Step)>,
}
