//! The inline policies that a role that is there gets and loses.
//!
//! A policy that an issuer wrote when it joined a role has another name than that of the issuer that the role is for; once
//! the role is handed over to it, it is renamed. There is no call for that: it is written anew, and the old one goes then,
//! so that nobody lacks it on the way; and so that nobody has an old and a new text together, an old one that says
//! something else becomes the new one first.

use std::collections::BTreeMap;

use issuer_policy::Document;

use super::change::RoleChange;
use super::check;
use super::name::PolicyName;
use super::reconcile::{Reconciled, Standing};
use super::refusal::RoleRefusal;
use super::spec::RoleSpec;

/// What happens to the inline policies of a role.
#[derive(Default)]
pub(super) struct Inline {
    /// Those that go before anything comes.
    pub(super) delete: Vec<RoleChange>,
    /// Those to be written.
    pub(super) put: Vec<RoleChange>,
    /// Those that go once they are written under another name.
    pub(super) renamed: Vec<RoleChange>,
}

impl Reconciled<'_> {
    pub(super) fn inline(&self, standing: Standing) -> Result<Inline, RoleRefusal> {
        let (spec, live) = (self.spec, &self.live.inline);
        let joined = (standing == Standing::Joined).then_some(self.issuing);
        let mut wanted: BTreeMap<PolicyName, &Document> = BTreeMap::new();
        for (policy, document) in &spec.inline {
            wanted.insert(check::inline_name(&spec.name, policy, joined)?, document);
        }
        let prefix = check::joined_prefix(self.issuing);
        let is_ours = |name: &str| match standing {
            Standing::Made | Standing::Adopted => {
                name.starts_with(&prefix)
                    || name.starts_with(RoleSpec::INLINE_PREFIX) && !check::is_joined(name)
            }
            Standing::Joined => name.starts_with(&prefix),
            Standing::Foreign => false,
        };
        let text = |name: &PolicyName| live.get(name.as_str()).and_then(Option::as_ref);
        let (mut stay, mut inline) = (Vec::new(), Inline::default());
        let mut old = Vec::new();
        for (name, document) in live {
            // What IAM calls a policy is a name.
            let Some(name) = name.parse::<PolicyName>().ok().filter(|name| is_ours(name.as_str())) else {
                stay.extend(document.as_ref());
                continue;
            };
            if wanted.contains_key(&name) {
                continue;
            }
            let plain = name
                .as_str()
                .strip_prefix(&prefix)
                .and_then(|policy| format!("{}{policy}", RoleSpec::INLINE_PREFIX).parse::<PolicyName>().ok());
            match plain.and_then(|plain| wanted.get(&plain).map(|document| (text(&plain), *document))) {
                // Where both are there and say different things, each step would have too much of one of them.
                Some((there, wanted)) if there.is_none() || text(&name) == Some(wanted) => {
                    old.push((name, wanted));
                }
                _ => inline.delete.push(RoleChange::DeleteInline(name)),
            }
        }
        check::inline_size(&spec.name, wanted.values().copied().chain(stay.iter().copied()))?;
        // Old and new ones together have to fit as well.
        let together = wanted.values().copied().chain(stay).chain(old.iter().map(|(_, document)| *document));
        let fit = check::inline_size(&spec.name, together).is_ok();
        for (name, document) in old {
            if fit && text(&name) != Some(document) {
                inline.put.push(RoleChange::PutInline { name: name.clone(), document: document.clone() });
            }
            if fit { &mut inline.renamed } else { &mut inline.delete }.push(RoleChange::DeleteInline(name));
        }
        let differs = wanted.into_iter().filter(|(name, document)| text(name) != Some(*document));
        inline.put.extend(
            differs.map(|(name, document)| RoleChange::PutInline { name, document: document.clone() }),
        );
        Ok(inline)
    }
}
