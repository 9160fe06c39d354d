//! What each call needs to be allowed: the actions, what they are done to, and the condition keys that come with them.
//!
//! One row for each call that there is, as AWS's [Service Authorization Reference][reference] has it. A call without
//! a row is not carried out.
//!
//! [reference]: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

mod iam;
mod s3;
mod sts;

pub(crate) use iam::IAM;
pub(crate) use s3::{S3, S3_CONTROL};
pub(crate) use sts::STS;

/// One call's row.
#[derive(Debug)]
pub(crate) struct Row {
    /// The call, as its API names it.
    pub(crate) call: &'static str,
    /// The action, as policies name it.
    action: &'static str,
    /// What it is done to.
    pub(crate) resource: Resource,
    /// The service's own condition keys that come with it.
    pub(crate) keys: &'static [Key],
    /// The action in place of the first, when the call has this about it.
    instead: Option<(When, &'static str)>,
    /// The actions that are needed besides, each when the call has this about it.
    also: &'static [(When, &'static str)],
}

/// The types of resources that the reference has for these actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    /// None: only a policy for `*` allows it.
    Any,
    Role,
    Policy,
    Provider,
    User,
    Bucket,
    Object,
}

/// Condition keys that only some actions have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// `iam:PermissionsBoundary`
    Boundary,
    /// `iam:PolicyARN`
    PolicyArn,
    /// `aws:RequestTag/KEY` and `aws:TagKeys`
    RequestTags,
    /// `aws:TagKeys`
    TagKeys,
}

/// What a call may have about it that asks for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Tags go with what is made.
    Tagged,
    /// An ACL is asked for that is not the default one.
    Acl,
    /// An ownership of objects is asked for.
    Ownership,
    /// One version is named.
    Version,
    /// It is done if the object is the one of an ETag.
    IfMatch,
}

impl Row {
    /// A row with nothing but an action and what it is done to.
    const fn new(call: &'static str, action: &'static str, resource: Resource) -> Self {
        Self { call, action, resource, keys: &[], instead: None, also: &[] }
    }

    const fn keys(self, keys: &'static [Key]) -> Self {
        Self { keys, ..self }
    }

    const fn instead(self, when: When, action: &'static str) -> Self {
        Self { instead: Some((when, action)), ..self }
    }

    const fn also(self, also: &'static [(When, &'static str)]) -> Self {
        Self { also, ..self }
    }

    /// The actions that a call needs that has this about it: the first is its own.
    pub(crate) fn actions(&self, has: impl Fn(When) -> bool) -> Vec<&'static str> {
        let own = self.instead.filter(|(when, _)| has(*when)).map_or(self.action, |(_, action)| action);
        let also = self.also.iter().filter(|(when, _)| has(*when)).map(|(_, action)| *action);
        std::iter::once(own).chain(also).collect()
    }
}

/// The row of a call.
pub(crate) fn of(table: &'static [Row], call: &str) -> Option<&'static Row> {
    table.iter().find(|row| row.call == call)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_call_has_one_row_and_its_services_actions() {
        for (table, service) in [(IAM, "iam:"), (S3, "s3:"), (S3_CONTROL, "s3:"), (STS, "sts:")] {
            let calls = table.iter().map(|row| row.call).collect::<BTreeSet<_>>();
            assert_eq!(calls.len(), table.len(), "{service}");
            for row in table {
                for action in row.actions(|_| false).into_iter().chain(row.actions(|_| true)) {
                    assert!(action.starts_with(service), "{action}");
                }
            }
        }
    }

    #[test]
    fn what_a_call_has_about_it_asks_for_more_or_for_something_else() {
        let asked = |call, has: &[When]| of(S3, call).unwrap().actions(|when| has.contains(&when));
        assert_eq!(asked("DeleteObject", &[]), ["s3:DeleteObject"]);
        assert_eq!(asked("DeleteObject", &[When::Version]), ["s3:DeleteObjectVersion"]);
        assert_eq!(
            asked("PutObject", &[When::IfMatch, When::Tagged]),
            ["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject"]
        );
        assert_eq!(of(IAM, "CreateRole").unwrap().actions(|_| true), ["iam:CreateRole", "iam:TagRole"]);
        assert!(of(IAM, "Nothing").is_none());
    }
}
