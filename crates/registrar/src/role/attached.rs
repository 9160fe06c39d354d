//! What we attached to a role, remembered in tags of it: other attachments are not ours to take away.
//!
//! A tag holds the first digits of the SHA-256 of each policy's ARN, with a space between: 20 of 11 digits fit into
//! [the 256 characters of a tag's value](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html). The issuer that
//! the role is for has one tag, and each issuer that joined has one of its own: so each can leave, and takes nothing from
//! another. Several may remember the same policy; it goes with the last of them.

use std::collections::{BTreeMap, BTreeSet};

use super::issuing::{Issuing, hex_digest};

/// The tag that remembers which attachments are ours; those of an issuer that joined are in `issuerctl:attached:ID`.
pub const ATTACHED_TAG: &str = "issuerctl:attached";

const DIGITS: usize = 11;

/// The tag in which an issuer that joined a role remembers what it attached.
pub(super) fn joined_tag(issuing: &Issuing) -> String {
    format!("{ATTACHED_TAG}:{}", issuing.id())
}

/// Tells whether a tag remembers attachments, whoever's.
pub(super) fn is_memory(key: &str) -> bool {
    key.strip_prefix(ATTACHED_TAG).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// The digests of the ARNs of what we attached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attached(BTreeSet<String>);

/// What the tags of a role remember, as one issuer sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// What is this issuer's.
    pub(super) own: Attached,
    /// What is that of any other issuer of ours.
    pub(super) others: Attached,
}

impl Memory {
    /// Reads the tags. Whom the role is for may have joined it once, and has what it attached then too.
    pub(super) fn of(tags: &BTreeMap<String, String>, issuing: &Issuing, is_owner: bool) -> Self {
        let joined = joined_tag(issuing);
        let mut memory = Self::default();
        for (key, value) in tags.iter().filter(|(key, _)| is_memory(key)) {
            let is_own = *key == joined || is_owner && key == ATTACHED_TAG;
            let of = if is_own { &mut memory.own } else { &mut memory.others };
            // What is no digest is nothing of ours.
            of.0.extend(value.split(' ').filter(|digest| digest.len() == DIGITS).map(str::to_owned));
        }
        memory
    }

    /// Tells whether any issuer of ours attached it.
    pub(super) fn holds(&self, arn: &str) -> bool {
        self.own.holds(arn) || self.others.holds(arn)
    }

    /// Tells whether it is for this issuer alone to take away.
    pub(super) fn is_own_alone(&self, arn: &str) -> bool {
        self.own.holds(arn) && !self.others.holds(arn)
    }
}

impl Attached {
    pub(super) fn holds(&self, arn: &str) -> bool {
        self.0.contains(&hex_digest(arn, DIGITS))
    }

    /// Tells whether all that is remembered is among these ARNs.
    #[cfg(feature = "iam")]
    pub(super) fn is_within<'a>(&self, arns: impl IntoIterator<Item = &'a String>) -> bool {
        let seen: Self = arns.into_iter().map(String::as_str).collect();
        self.0.is_subset(&seen.0)
    }

    /// The value of the tag; nothing where there is nothing to remember.
    pub(super) fn value(&self) -> Option<String> {
        let digests: Vec<&str> = self.0.iter().map(String::as_str).collect();
        (!digests.is_empty()).then(|| digests.join(" "))
    }
}

impl<'a> FromIterator<&'a str> for Attached {
    fn from_iter<T: IntoIterator<Item = &'a str>>(arns: T) -> Self {
        Self(arns.into_iter().map(|arn| hex_digest(arn, DIGITS)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Account;

    fn issuing(issuer: &str) -> Issuing {
        Issuing {
            issuer: format!("https://oidc.example.com/{issuer}").parse().unwrap(),
            account: Account::of_caller("123456789012", "arn:aws:iam::123456789012:root").unwrap(),
        }
    }

    #[test]
    fn twenty_attachments_fit_into_a_tag_and_are_known_again() {
        let arns: Vec<String> = (0..20).map(|n| format!("arn:aws:iam::aws:policy/{n}")).collect();
        let attached: Attached = arns.iter().map(String::as_str).collect();
        let value = attached.value().unwrap();
        assert!(
            value.len() <= 256 && value.chars().all(|c| c.is_ascii_alphanumeric() || c == ' '),
            "{value}"
        );
        for (key, is_owner) in [(ATTACHED_TAG.to_owned(), true), (joined_tag(&issuing("c1")), false)] {
            let tags = BTreeMap::from([(key, value.clone())]);
            let memory = Memory::of(&tags, &issuing("c1"), is_owner);
            assert_eq!(memory, Memory { own: attached.clone(), others: Attached::default() });
        }
        assert!(arns.iter().all(|arn| attached.holds(arn)) && !attached.holds("arn:aws:iam::aws:policy/20"));
    }

    #[test]
    fn a_tag_that_is_none_of_ours_remembers_nothing() {
        for (key, text) in [
            (ATTACHED_TAG, ""),
            (ATTACHED_TAG, " "),
            (ATTACHED_TAG, "all"),
            (ATTACHED_TAG, "0123456789"),
            ("issuerctl:attached-by-hand", "0123456789a"),
            ("theirs", "0123456789a"),
        ] {
            let tags = BTreeMap::from([(key.to_owned(), text.to_owned())]);
            assert_eq!(Memory::of(&tags, &issuing("c1"), true), Memory::default(), "{key} {text}");
        }
    }

    #[test]
    fn each_issuer_has_a_memory_of_its_own_and_the_owner_has_what_it_attached_when_it_joined() {
        let arns = ["arn:aws:iam::aws:policy/1", "arn:aws:iam::aws:policy/2", "arn:aws:iam::aws:policy/3"];
        let value = |arn: &str| [arn].into_iter().collect::<Attached>().value().unwrap();
        let tags = BTreeMap::from([
            (ATTACHED_TAG.to_owned(), value(arns[0])),
            (joined_tag(&issuing("c1")), value(arns[1])),
            (joined_tag(&issuing("c2")), value(arns[2])),
        ]);
        for (issuer, is_owner, own) in [
            ("c1", true, [true, true, false]),
            ("c1", false, [false, true, false]),
            ("c2", false, [false, false, true]),
            ("c3", false, [false, false, false]),
        ] {
            let memory = Memory::of(&tags, &issuing(issuer), is_owner);
            assert_eq!(arns.map(|arn| memory.is_own_alone(arn)), own, "{issuer}");
            assert!(arns.iter().all(|arn| memory.holds(arn)), "{issuer}");
        }
    }
}
