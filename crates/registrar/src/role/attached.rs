//! What we attached to a role, remembered in a tag of it: other attachments are not ours to take away.
//!
//! The tag holds the first digits of the SHA-256 of each policy's ARN, with a space between: 20 of 11 digits fit into
//! [the 256 characters of a tag's value](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html).

use std::collections::{BTreeMap, BTreeSet};

use super::issuing::hex_digest;

/// The tag that remembers which attachments are ours.
pub const ATTACHED_TAG: &str = "issuerctl:attached";

const DIGITS: usize = 11;

/// The digests of the ARNs of what we attached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attached(BTreeSet<String>);

impl Attached {
    /// Reads the tag; what is no digest is nothing of ours.
    pub(super) fn of(tags: &BTreeMap<String, String>) -> Self {
        let text = tags.get(ATTACHED_TAG).map(String::as_str).unwrap_or_default();
        Self(text.split(' ').filter(|digest| digest.len() == DIGITS).map(str::to_owned).collect())
    }

    pub(super) fn holds(&self, arn: &str) -> bool {
        self.0.contains(&hex_digest(arn, DIGITS))
    }

    /// Tells whether all that is remembered is among these ARNs.
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

    #[test]
    fn twenty_attachments_fit_into_a_tag_and_are_known_again() {
        let arns: Vec<String> = (0..20).map(|n| format!("arn:aws:iam::aws:policy/{n}")).collect();
        let attached: Attached = arns.iter().map(String::as_str).collect();
        let value = attached.value().unwrap();
        assert!(
            value.len() <= 256 && value.chars().all(|c| c.is_ascii_alphanumeric() || c == ' '),
            "{value}"
        );
        let tags = BTreeMap::from([(ATTACHED_TAG.to_owned(), value)]);
        assert_eq!(Attached::of(&tags), attached);
        assert!(arns.iter().all(|arn| attached.holds(arn)) && !attached.holds("arn:aws:iam::aws:policy/20"));
    }

    #[test]
    fn a_tag_that_is_none_of_ours_remembers_nothing() {
        for text in ["", " ", "all", "0123456789"] {
            let tags = BTreeMap::from([(ATTACHED_TAG.to_owned(), text.to_owned())]);
            assert_eq!(Attached::of(&tags).value(), None, "{text}");
        }
    }
}
