//! What has to change in a role that is there; diff.rs says why in this order.

use std::collections::{BTreeMap, BTreeSet};

use issuer_discovery::OWNER_ADOPTED;
use issuer_policy::{Document, Statement};

use super::attached::{ATTACHED_TAG, Attached, Memory, joined_tag};
use super::change::RoleChange;
use super::check::{self, MAX_TAGS};
use super::diff::{judge, marked};
use super::issuing::{ISSUER_TAG, Issuing};
use super::live::LiveRole;
use super::name::PolicyArn;
use super::refusal::{RoleRefusal, RoleWarning};
use super::spec::RoleSpec;
use super::trust::{self, Way};

/// Whose a role is that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Made by us for this issuer.
    Made,
    /// Somebody else's once, and taken over for this issuer.
    Adopted,
    /// Ours, for another issuer: this one adds, and takes back what it added.
    Joined,
    /// Somebody else's, about to be taken over.
    Foreign,
}

/// A role that is there, and what it should be.
pub(super) struct Reconciled<'a> {
    pub(super) spec: &'a RoleSpec,
    pub(super) issuing: &'a Issuing,
    pub(super) live: &'a LiveRole,
    pub(super) adopt: bool,
}

impl Reconciled<'_> {
    fn standing(&self) -> Result<Standing, RoleRefusal> {
        Ok(match (self.live.is_ours(), self.live.is_for(self.issuing)) {
            (true, true) if self.live.is_made_by_us() => Standing::Made,
            (true, true) => Standing::Adopted,
            (true, false) => Standing::Joined,
            (false, _) if self.adopt => Standing::Foreign,
            (false, _) => return Err(RoleRefusal::Foreign { name: self.spec.name.clone() }),
        })
    }

    /// Says what has to change; `create` and `update` are what its managed policies need.
    pub(super) fn changes(
        &self,
        create: Vec<RoleChange>,
        update: Vec<RoleChange>,
        warnings: &mut Vec<RoleWarning>,
    ) -> Result<Vec<RoleChange>, RoleRefusal> {
        let Self { spec, issuing, live, .. } = *self;
        let standing = self.standing()?;
        if let Some(sid) = trust::posing(&live.trust_policy, issuing).and_then(Statement::sid)
            && standing != Standing::Made
        {
            return Err(RoleRefusal::SidTaken { name: spec.name.clone(), sid: sid.to_owned() });
        }
        if self.is_elsewhere(standing) {
            warnings.push(RoleWarning::OtherPath { found: live.path.clone() });
        }
        let from = &live.trust_policy;
        let to = trust::replace(from, issuing, &spec.trust_statements(issuing));
        judge(spec, issuing, Some(from), &to, warnings)?;
        let is_in = |role: &Document| role.statements().iter().any(|one| trust::is_ours(one, issuing));
        if standing == Standing::Joined && !is_in(from) {
            warnings.push(RoleWarning::Joins);
        }
        let way = trust::way(from, &to, issuing, &spec.audience);

        let attachments = self.attachments(standing, warnings)?;
        let inline = self.inline(standing)?;
        let tags = self.tags(standing, attachments.remembered.as_ref(), warnings)?;
        // Taking over comes first: what follows a crash is then done to a role of ours. In a role of ours the tag comes
        // before what it remembers: a crash between leaves nothing attached that is forgotten.
        let (first, tags) = if standing == Standing::Foreign { (tags, None) } else { (None, tags) };

        let trust = |from: &Document, to: &Document| RoleChange::Trust { from: from.clone(), to: to.clone() };
        let mut changes: Vec<RoleChange> = first.into_iter().collect();
        // A role that is not of our making is found as ours by our statement alone: it comes before what it would be
        // to leave behind. Those who come in have what the role has for that moment, and nothing else.
        let enters = standing != Standing::Made && !is_in(from);
        let (memory, tags) = if enters { (tags, None) } else { (None, tags) };
        changes.extend(memory);
        if enters && to != *from {
            changes.push(trust(from, &to));
        }
        let way = if enters { Way::Stays } else { way };
        // Subjects that go, go before anything changes that they could use.
        match &way {
            Way::Narrows => changes.push(trust(from, &to)),
            Way::Both(Some(common)) => changes.push(trust(from, common)),
            Way::Stays | Way::Widens | Way::Both(None) => {}
        }
        // Permissions that go before those that come: never both together, and never over the quota on the way.
        changes.extend(attachments.detach);
        changes.extend(inline.delete);
        if let Way::Both(None) = way {
            changes.push(trust(from, &to));
        }
        // The boundary is there before what it bounds.
        changes.extend(self.boundary(standing, warnings));
        changes.extend(self.max_session(standing, warnings));
        changes.extend(create);
        changes.extend(update);
        changes.extend(inline.put);
        changes.extend(inline.renamed);
        changes.extend(tags);
        changes.extend(attachments.untag);
        changes.extend(attachments.attach);
        // Subjects that come find the permissions that they are meant to have.
        match &way {
            Way::Widens => changes.push(trust(from, &to)),
            Way::Both(Some(common)) => changes.push(trust(common, &to)),
            Way::Stays | Way::Narrows | Way::Both(None) => {}
        }
        Ok(changes)
    }

    /// Whether the role lies elsewhere than was asked for; where nobody asked, only one of our own should lie under the
    /// issuer's path.
    fn is_elsewhere(&self, standing: Standing) -> bool {
        let asked = self.spec.path.as_ref();
        let own = self.issuing.path();
        self.live.path != *asked.unwrap_or(&own) && (asked.is_some() || standing == Standing::Made)
    }

    fn attachments(
        &self,
        standing: Standing,
        warnings: &mut Vec<RoleWarning>,
    ) -> Result<Attachments, RoleRefusal> {
        let wanted = self.spec.attachments(self.issuing);
        let wanted: BTreeSet<&str> = wanted.iter().map(PolicyArn::as_str).collect();
        let live: BTreeSet<&str> = self.live.attached.iter().map(String::as_str).collect();
        let is_owner = standing != Standing::Joined;
        let tags = &self.live.tags;
        let memory = Memory::of(tags, self.issuing, is_owner);
        let detach: Vec<&str> =
            live.difference(&wanted).copied().filter(|arn| memory.is_own_alone(arn)).collect();
        let attach: Vec<&str> = wanted.difference(&live).copied().collect();
        if !attach.is_empty() {
            let count = live.len() - detach.len() + attach.len();
            warnings.retain(|warning| !matches!(warning, RoleWarning::Attachments { .. }));
            warnings.extend(check::attached(&self.spec.name, count)?);
        }
        // What was attached before any of us stays unremembered.
        let ours = wanted.iter().copied().filter(|arn| !live.contains(arn) || memory.holds(arn));
        let joined = joined_tag(self.issuing);
        let (key, other) = if is_owner { (ATTACHED_TAG.to_owned(), Some(joined)) } else { (joined, None) };
        let remembered = ours.collect::<Attached>().value().map(|value| (key.clone(), value));
        let forgotten = other.into_iter().chain(remembered.is_none().then_some(key));
        let forgotten: Vec<String> = forgotten.filter(|key| tags.contains_key(key)).collect();
        Ok(Attachments {
            detach: detach.into_iter().map(|arn| RoleChange::Detach(arn.to_owned())).collect(),
            attach: attach.into_iter().map(|arn| RoleChange::Attach(arn.to_owned())).collect(),
            untag: (!forgotten.is_empty()).then_some(RoleChange::Untag(forgotten)),
            remembered,
        })
    }

    fn tags(
        &self,
        standing: Standing,
        remembered: Option<&(String, String)>,
        warnings: &mut Vec<RoleWarning>,
    ) -> Result<Option<RoleChange>, RoleRefusal> {
        let live = &self.live.tags;
        let mut add = BTreeMap::new();
        for (key, value) in &self.spec.tags {
            // To IAM keys are the same whatever their case.
            match live.iter().find(|(found, _)| found.eq_ignore_ascii_case(key)) {
                Some((_, found)) if found == value => {}
                Some(_) if standing != Standing::Made => {
                    warnings.push(RoleWarning::Stays { what: format!("the tag {key}") });
                }
                None if standing == Standing::Joined => {
                    warnings.push(RoleWarning::Stays { what: format!("the tag {key}, which is not there,") });
                }
                Some((found, _)) => {
                    add.insert(found.clone(), value.clone());
                }
                None => {
                    add.insert(key.clone(), value.clone());
                }
            }
        }
        if standing == Standing::Foreign {
            add = marked(&add, OWNER_ADOPTED, self.issuing);
        }
        // Somebody took it away: put back, for whoever looks at the tags alone.
        if matches!(standing, Standing::Made | Standing::Adopted) && !live.contains_key(ISSUER_TAG) {
            add.insert(ISSUER_TAG.to_owned(), self.issuing.id());
        }
        add.extend(remembered.filter(|(key, value)| live.get(key) != Some(value)).cloned());
        let count = live.len() + add.keys().filter(|key| !live.contains_key(*key)).count();
        if !add.is_empty() && count > MAX_TAGS {
            return Err(RoleRefusal::TooManyTags { name: self.spec.name.clone(), count });
        }
        Ok((!add.is_empty()).then_some(RoleChange::Tag(add)))
    }

    /// A boundary is set or replaced where one is wanted; where none is, a live one stays: nothing is loosened.
    fn boundary(&self, standing: Standing, warnings: &mut Vec<RoleWarning>) -> Option<RoleChange> {
        let to = self.spec.boundary.clone()?;
        let from = self.live.boundary.clone();
        if from.as_deref() == Some(to.as_str()) {
            return None;
        }
        // Whoever made it may rely on what it is.
        if standing != Standing::Made {
            warnings.push(RoleWarning::Stays { what: "the permissions boundary".to_owned() });
            return None;
        }
        Some(RoleChange::Boundary { from, to })
    }

    fn max_session(&self, standing: Standing, warnings: &mut Vec<RoleWarning>) -> Option<RoleChange> {
        let (from, to) = (self.live.max_session_duration, self.spec.max_session?);
        if from == to {
            return None;
        }
        if standing != Standing::Made {
            warnings.push(RoleWarning::Stays { what: "the longest session".to_owned() });
            return None;
        }
        Some(RoleChange::MaxSession { from, to })
    }
}

struct Attachments {
    detach: Vec<RoleChange>,
    attach: Vec<RoleChange>,
    untag: Option<RoleChange>,
    /// The tag that remembers them, and what it has to be.
    remembered: Option<(String, String)>,
}
