//! Whether an ARN names the provider that is meant, and how it differs where it nearly does.
//!
//! `arn:PARTITION:iam::ACCOUNT:oidc-provider/HOST[/PATH]`, compared byte for byte.

use std::fmt;

/// How an ARN differs from the provider's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderMismatch {
    /// It is in another account: a role and its provider have to be in one.
    Account,
    /// It is in another partition.
    Partition,
    /// It has upper-case letters where the provider has lower-case ones, or the other way round.
    Case,
    /// It ends with a slash.
    TrailingSlash,
    /// It has the issuer's https:// in it.
    Scheme,
    /// It is the issuer's URL or host, not an ARN.
    NotAnArn,
    /// It is the provider of another issuer.
    Issuer,
}

impl fmt::Display for ProviderMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Account => "it is in another account, and a role and its provider have to be in one",
            Self::Partition => "it is in another partition",
            Self::Case => "upper and lower case differ",
            Self::TrailingSlash => "it ends with a slash",
            Self::Scheme => "it has the scheme https:// in it",
            Self::NotAnArn => "it is no ARN of an OpenID Connect provider",
            Self::Issuer => "it is of another issuer",
        })
    }
}

/// How a Federated principal differs from the provider's ARN; nothing when it is that.
pub(crate) fn mismatch(found: &str, expected: &str) -> Option<ProviderMismatch> {
    if found == expected {
        return None;
    }
    let (Some(found), Some(expected)) = (Arn::parse(found), Arn::parse(expected)) else {
        let host = expected.split_once(":oidc-provider/").map_or("", |(_, host)| host);
        let bare = normal(found);
        return Some(if bare == normal(host) {
            ProviderMismatch::NotAnArn
        } else {
            ProviderMismatch::Issuer
        });
    };
    Some(if normal(found.issuer) != normal(expected.issuer) {
        ProviderMismatch::Issuer
    } else if found.issuer.contains("://") {
        ProviderMismatch::Scheme
    } else if found.issuer.trim_end_matches('/') != found.issuer {
        ProviderMismatch::TrailingSlash
    } else if found.issuer != expected.issuer {
        ProviderMismatch::Case
    } else if found.partition != expected.partition {
        ProviderMismatch::Partition
    } else {
        ProviderMismatch::Account
    })
}

/// The issuer, without scheme, that an ARN is of.
pub(crate) fn issuer(arn: &str) -> Option<&str> {
    Arn::parse(arn).map(|arn| arn.issuer)
}

struct Arn<'a> {
    partition: &'a str,
    issuer: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (partition, rest) = text.strip_prefix("arn:")?.split_once(":iam::")?;
        let (_account, issuer) = rest.split_once(":oidc-provider/")?;
        Some(Self { partition, issuer })
    }
}

fn normal(issuer: &str) -> String {
    let lower = issuer.to_ascii_lowercase();
    let bare = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or(&lower);
    bare.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{ProviderMismatch, mismatch};

    #[test]
    fn each_difference_has_its_name() {
        let expected = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/c1";
        for (found, difference) in [
            (expected, None),
            ("arn:aws:iam::210987654321:oidc-provider/oidc.example.com/c1", Some(ProviderMismatch::Account)),
            (
                "arn:aws-cn:iam::123456789012:oidc-provider/oidc.example.com/c1",
                Some(ProviderMismatch::Partition),
            ),
            ("arn:aws:iam::123456789012:oidc-provider/oidc.example.com/C1", Some(ProviderMismatch::Case)),
            (
                "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/c1/",
                Some(ProviderMismatch::TrailingSlash),
            ),
            (
                "arn:aws:iam::123456789012:oidc-provider/https://oidc.example.com/c1",
                Some(ProviderMismatch::Scheme),
            ),
            ("https://oidc.example.com/c1", Some(ProviderMismatch::NotAnArn)),
            ("oidc.example.com/c1", Some(ProviderMismatch::NotAnArn)),
            ("arn:aws:iam::123456789012:oidc-provider/oidc.example.com/c2", Some(ProviderMismatch::Issuer)),
            ("arn:aws:iam::123456789012:saml-provider/x", Some(ProviderMismatch::Issuer)),
            ("cognito-identity.amazonaws.com", Some(ProviderMismatch::Issuer)),
            ("*", Some(ProviderMismatch::Issuer)),
        ] {
            assert_eq!(mismatch(found, expected), difference, "{found}");
        }
    }
}
