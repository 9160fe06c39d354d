//! The steps of STS, in its order.

use std::fmt;

/// One thing that STS looks at, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The parameters of the call: the token's length, the session's name, the bounds of its duration.
    Parameters,
    /// The token is a JWT, signed by an algorithm that STS takes.
    Token,
    /// The role allows sessions as long as asked for.
    Duration,
    /// The issuer is a URL.
    Issuer,
    /// The claims that have to be there, of the right type.
    Claims,
    /// One audience, or the authorized party among several.
    AuthorizedParty,
    /// A provider for the issuer.
    Provider,
    /// The audience is one of the provider's client ids.
    Audience,
    /// The issuer's host can be reached.
    Reachable,
    /// The certificate of the JWKS's host is from a public authority, or has a thumbprint of the provider's.
    Thumbprint,
    /// The documents can be used, and the JWKS holds the token's key.
    Keys,
    /// The signature.
    Signature,
    /// The token has not run out, and is not from the future.
    Expiry,
    /// The role is there, and its trust policy allows it.
    Trust,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 14] = [
        Self::Parameters,
        Self::Token,
        Self::Duration,
        Self::Issuer,
        Self::Claims,
        Self::AuthorizedParty,
        Self::Provider,
        Self::Audience,
        Self::Reachable,
        Self::Thumbprint,
        Self::Keys,
        Self::Signature,
        Self::Expiry,
        Self::Trust,
    ];

    /// Returns its name, a stable word for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parameters => "parameters",
            Self::Token => "token",
            Self::Duration => "duration",
            Self::Issuer => "issuer",
            Self::Claims => "claims",
            Self::AuthorizedParty => "authorized-party",
            Self::Provider => "provider",
            Self::Audience => "audience",
            Self::Reachable => "reachable",
            Self::Thumbprint => "thumbprint",
            Self::Keys => "keys",
            Self::Signature => "signature",
            Self::Expiry => "expiry",
            Self::Trust => "trust",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn all_are_listed_once_in_order() {
        assert!(Step::ALL.is_sorted());
        assert_eq!(Step::ALL.len(), Step::Trust as usize + 1);
        assert_eq!(Step::AuthorizedParty.to_string(), "authorized-party");
    }
}
