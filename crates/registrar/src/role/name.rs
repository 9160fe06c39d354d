//! Names and paths as IAM takes them, by its [quotas][quotas] and the patterns of [CreateRole][create].
//!
//! [quotas]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
//! [create]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html

use std::fmt;
use std::str::FromStr;

use issuer_discovery::Partition;

use crate::account::{Account, AccountId};

/// The longest path.
const PATH_LENGTH: usize = 512;
/// The longest ARN: "Maximum length of 2048".
const ARN_LENGTH: usize = 2048;

/// The name of a role: 1 to 64 of `[A-Za-z0-9+=,.@_-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

/// A path of roles or policies: `/`, or printable ASCII between two slashes, at most 512 characters. Without `*`, `?` and
/// `$`, which IAM would take: paths stand in the resources of policies, where these are more than themselves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RolePath(String);

/// The name of a policy: 1 to 128 of `[A-Za-z0-9+=,.@_-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyName(String);

/// The ARN of a managed policy: `arn:PARTITION:iam::(aws|ACCOUNT):policy/[PATH/]NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyArn(String);

/// Why a text is no name of that kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Too short or too long.
    #[error("{what} has 1 to {limit} characters, this one has {found}")]
    Length {
        /// What it was to be.
        what: &'static str,
        /// The most characters.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// Of characters that IAM does not take, or of another form.
    #[error("`{}` is not {what}: that is {form}", .text.escape_debug())]
    Form {
        /// What it was to be.
        what: &'static str,
        /// The text.
        text: String,
        /// What it has to look like.
        form: &'static str,
    },
}

macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(RoleName);
text_type!(RolePath);
text_type!(PolicyName);
text_type!(PolicyArn);

impl RolePath {
    /// Joins words of letters and digits to a path.
    pub(super) fn of(words: &[&str]) -> Self {
        Self(format!("/{}/", words.join("/")))
    }

    /// The path in the ARN of a role that is there, whatever characters it has.
    #[cfg(feature = "iam")]
    pub(super) fn found_in(arn: &super::arn::RoleArn) -> Self {
        let resource = arn.as_str().split_once(":role/").map_or("", |(_, resource)| resource);
        let end = resource.rfind('/').map_or(0, |slash| slash + 1);
        Self(format!("/{}", &resource[..end]))
    }
}

impl PolicyArn {
    /// The ARN of a policy of an account's own.
    pub(super) fn of(account: &Account, path: &RolePath, name: &PolicyName) -> Self {
        Self(format!("arn:{}:iam::{}:policy{path}{name}", account.partition, account.id))
    }

    /// Tells whether a role of this account can have it: it is the account's own, or AWS's in the same partition.
    #[must_use]
    pub fn is_usable_in(&self, account: &Account) -> bool {
        let of = |id: &str| self.0.starts_with(&format!("arn:{}:iam::{id}:", account.partition));
        of("aws") || of(account.id.as_str())
    }
}

impl FromStr for RoleName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        name(text, "a role name", 64).map(Self)
    }
}

impl FromStr for RolePath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "a path";
        length(text, what, PATH_LENGTH)?;
        // `(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`
        let closed = text == "/" || (text.len() > 2 && text.starts_with('/') && text.ends_with('/'));
        let fits = |byte| matches!(byte, b'!'..=b'~') && !b"*?$".contains(&byte);
        if closed && text.bytes().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        let form = "/, or begins and ends with /, of printable ASCII without spaces, *, ? and $";
        Err(NameError::Form { what, text: text.to_owned(), form })
    }
}

impl FromStr for PolicyName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        name(text, "a policy name", 128).map(Self)
    }
}

impl FromStr for PolicyArn {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "the ARN of a managed policy";
        length(text, what, ARN_LENGTH)?;
        let is_one = || {
            let [arn, partition, service, region, account, resource] =
                text.splitn(6, ':').collect::<Vec<_>>()[..]
            else {
                return None;
            };
            let known = partition.parse::<Partition>().is_ok()
                && (account == "aws" || account.parse::<AccountId>().is_ok());
            let (path, name) = resource.strip_prefix("policy")?.rsplit_once('/')?;
            let good = format!("{path}/").parse::<RolePath>().is_ok() && name.parse::<PolicyName>().is_ok();
            (arn == "arn" && service == "iam" && region.is_empty() && known && good).then_some(())
        };
        if is_one().is_some() {
            return Ok(Self(text.to_owned()));
        }
        let form = "arn:PARTITION:iam::ACCOUNT:policy/NAME, or aws in place of the account, with a path before the \
                    name where it has one";
        Err(NameError::Form { what, text: text.to_owned(), form })
    }
}

/// `[\w+=,.@-]+`
fn name(text: &str, what: &'static str, limit: usize) -> Result<String, NameError> {
    length(text, what, limit)?;
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte)) {
        return Ok(text.to_owned());
    }
    Err(NameError::Form { what, text: text.to_owned(), form: "of letters, digits and + = , . @ _ -" })
}

fn length(text: &str, what: &'static str, limit: usize) -> Result<(), NameError> {
    match text.chars().count() {
        found if found == 0 || found > limit => Err(NameError::Length { what, limit, found }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_characters_and_the_length_that_iam_takes() {
        let long = |length| "n".repeat(length);
        for (text, role, policy) in [
            ("a", true, true),
            ("App_1+=,.@-", true, true),
            (&*long(64), true, true),
            (&*long(65), false, true),
            (&*long(128), false, true),
            (&*long(129), false, false),
            ("", false, false),
            ("a b", false, false),
            ("a/b", false, false),
            ("a*", false, false),
            ("é", false, false),
            ("a\n", false, false),
        ] {
            assert_eq!(text.parse::<RoleName>().is_ok(), role, "{text}");
            assert_eq!(text.parse::<PolicyName>().is_ok(), policy, "{text}");
        }
        let text = long(65).parse::<RoleName>().unwrap_err().to_string();
        assert_eq!(text, "a role name has 1 to 64 characters, this one has 65");
    }

    #[test]
    fn paths_are_closed_and_hold_nothing_that_a_policy_reads_as_a_wildcard() {
        for good in ["/", "/a/", "/a/b/", "/!~:\"/", &format!("/{}/", "a".repeat(510))] {
            assert!(good.parse::<RolePath>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a/",
            "/a",
            "//",
            "/a b/",
            "/é/",
            "/a*/",
            "/?/",
            "/${aws:username}/",
            &format!("/{}/", "a".repeat(511)),
        ] {
            assert!(bad.parse::<RolePath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn arns_of_policies_are_of_an_account_or_of_aws() {
        let account = Account::of_caller("123456789012", "arn:aws:iam::123456789012:root").unwrap();
        for (text, usable) in [
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", Some(true)),
            ("arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy", Some(true)),
            ("arn:aws:iam::123456789012:policy/issuerctl/x/p", Some(true)),
            ("arn:aws:iam::123456789013:policy/p", Some(false)),
            ("arn:aws-cn:iam::aws:policy/p", Some(false)),
            ("arn:aws-cn:iam::123456789012:policy/p", Some(false)),
            ("", None),
            ("ReadOnlyAccess", None),
            ("arn:moon:iam::aws:policy/p", None),
            ("arn:aws:iam:eu-west-1:aws:policy/p", None),
            ("arn:aws:iam::aws:role/p", None),
            ("arn:aws:iam::aws:policy", None),
            ("arn:aws:iam::aws:policy/", None),
            ("arn:aws:iam::aws:policyp/x", None),
            ("arn:aws:iam::12345678901:policy/p", None),
            ("arn:aws:iam::aws:policy/*", None),
            ("arn:aws:iam::aws:policy/p:v1", None),
        ] {
            let usable_here = text.parse::<PolicyArn>().ok().map(|arn| arn.is_usable_in(&account));
            assert_eq!(usable_here, usable, "{text}");
        }
    }
}
