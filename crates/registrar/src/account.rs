//! The account that credentials belong to, and its partition.
//!
//! Both come from [STS GetCallerIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html),
//! which needs no permission. The partition is read from the caller's ARN, never assumed.

use std::fmt;
use std::str::FromStr;

use issuer_discovery::Partition;

/// The twelve digits of an AWS account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

/// An AWS account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its partition.
    pub partition: Partition,
}

/// Why a caller's identity is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Not twelve digits.
    #[error("`{}` is not an AWS account id: those have twelve digits", .0.escape_debug())]
    Id(String),
    /// Not an ARN, or of a partition that this version does not know.
    #[error("`{}` is not an ARN of a partition that this version knows", .0.escape_debug())]
    Arn(String),
}

impl AccountId {
    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AccountError::Id(text.to_owned()))
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Account {
    /// Reads the answer of GetCallerIdentity.
    ///
    /// # Errors
    /// When the id or the ARN is malformed.
    pub fn of_caller(id: &str, arn: &str) -> Result<Self, AccountError> {
        let mut parts = arn.split(':');
        let partition = match (parts.next(), parts.next()) {
            (Some("arn"), Some(partition)) => partition.parse().ok(),
            _ => None,
        };
        let partition = partition.ok_or_else(|| AccountError::Arn(arn.to_owned()))?;
        Ok(Self { id: id.parse()?, partition })
    }
}

/// Asks STS whose credentials these are.
///
/// # Errors
/// When the call fails, or its answer is no account.
#[cfg(feature = "iam")]
pub async fn caller_account(config: &aws_types::SdkConfig) -> Result<Account, crate::RegisterError> {
    let config =
        aws_sdk_sts::config::Builder::from(config).retry_classifier(issuer_discovery::TooManyRequests);
    let client = aws_sdk_sts::Client::from_conf(config.build());
    let identity = client.get_caller_identity().send().await.map_err(|error| {
        issuer_discovery::CallError::new("sts:GetCallerIdentity", "the caller's own identity", error)
    })?;
    Ok(Account::of_caller(identity.account().unwrap_or_default(), identity.arn().unwrap_or_default())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_is_read_from_the_arn() {
        let table = [
            ("arn:aws:iam::123456789012:user/me", "aws"),
            ("arn:aws-cn:sts::123456789012:assumed-role/admin/x", "aws-cn"),
            ("arn:aws-us-gov:iam::123456789012:root", "aws-us-gov"),
        ];
        for (arn, partition) in table {
            assert_eq!(Account::of_caller("123456789012", arn).unwrap().partition.id(), partition);
        }
        assert!(Account::of_caller("12345678901", "arn:aws:iam::1:root").is_err());
        assert!(Account::of_caller("123456789012", "arn:moon:iam::1:root").is_err());
        assert!(Account::of_caller("123456789012", "").is_err());
    }
}
