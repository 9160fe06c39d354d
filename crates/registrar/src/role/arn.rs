//! IAM roles: their names, and a role as it is.
//!
//! Shapes: [IAM identifiers](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use issuer_discovery::Partition;
use issuer_policy::Document;

use crate::account::{Account, AccountId};

/// The ARN of a role: `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleArn {
    text: String,
    account: Account,
    name: String,
}

/// Why a text is not the ARN of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the ARN of a role: that is arn:PARTITION:iam::ACCOUNT:role/NAME, with a path before the name where it has one"
)]
pub struct RoleArnError(String);

impl RoleArn {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the account that the role lies in.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Returns the name, without its path: what IAM's calls take.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for RoleArn {
    type Err = RoleArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let mut parts = text.splitn(6, ':');
            let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
            let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
            if arn != "arn" || service != "iam" || !region.is_empty() {
                return None;
            }
            let partition: Partition = partition.parse().ok()?;
            let account: AccountId = account.parse().ok()?;
            let path = resource.strip_prefix("role/")?;
            let name = path.rsplit('/').next()?;
            // "Names ... must be alphanumeric, including the following common characters: plus (+), equal (=),
            // comma (,), period (.), at (@), underscore (_), and hyphen (-)"; a path has any printable ASCII.
            let good = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
            let printable = path.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
            (matches!(name.len(), 1..=64) && name.chars().all(good) && path.len() <= 576 && printable).then(
                || Self {
                    text: text.to_owned(),
                    account: Account { id: account, partition },
                    name: name.to_owned(),
                },
            )
        };
        parse().ok_or_else(|| RoleArnError(text.to_owned()))
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A role as it is, as far as trusting goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Its ARN, with its path.
    pub arn: RoleArn,
    /// Who may assume it.
    pub trust_policy: Document,
    /// The longest session that may be asked for: 1 to 12 hours.
    pub max_session_duration: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_roles() {
        let arn: RoleArn = "arn:aws-cn:iam::123456789012:role/issuerctl/x/my-role".parse().unwrap();
        assert_eq!((arn.name(), arn.account().partition.id()), ("my-role", "aws-cn"));
        assert_eq!(arn.to_string(), "arn:aws-cn:iam::123456789012:role/issuerctl/x/my-role");
        for bad in [
            "",
            "my-role",
            "arn:aws:iam::123456789012:user/me",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/a b",
            "arn:aws:iam::12345678901:role/a",
            "arn:aws:iam:eu-west-1:123456789012:role/a",
            "arn:aws:sts::123456789012:assumed-role/a/b",
            "arn:moon:iam::123456789012:role/a",
            "arn:aws:iam::123456789012:role/a\n",
        ] {
            assert!(bad.parse::<RoleArn>().is_err(), "{bad}");
        }
    }
}
