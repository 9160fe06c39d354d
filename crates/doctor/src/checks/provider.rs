//! The IAM provider: it is there, for this issuer and this audience, and its thumbprints fit where they count
//! ([OIDC providers](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html)).

use issuer_registrar::{Provider, Thumbprint};
use issuer_relying_party::{Authority, Step};

use super::commands::register;
use super::documents::difference;
use crate::check::{Check, Group};
use crate::facts::{Facts, ProviderFacts};
use crate::plain::{plain, plain_list};
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Group::Provider,
        "provider/exists",
        "the account has an IAM provider for the issuer",
        &[],
        exists,
    ),
    Check::new(
        Group::Provider,
        "provider/url",
        "its Url is the issuer, byte for byte",
        &["provider/exists"],
        url,
    ),
    Check::new(
        Group::Provider,
        "provider/audience",
        "the audience is one of its client ids",
        &["provider/exists"],
        audience,
    ),
    Check::new(
        Group::Provider,
        "provider/thumbprint",
        "its thumbprints fit the certificate where they count",
        &["provider/exists"],
        thumbprint,
    ),
];

fn with(facts: &Facts, look: impl FnOnce(&ProviderFacts, &Provider) -> Finding) -> Finding {
    match facts.provider.known() {
        Some(found) => match &found.live {
            Some(live) => look(found, live),
            None => Finding::skip("there is no provider"),
        },
        None => Finding::skip(facts.provider.why().unwrap_or_default()),
    }
}

fn exists(facts: &Facts) -> Finding {
    let role = facts.role.known().map(|role| role.arn.account());
    match facts.provider.known() {
        // STS looks in the role's account, which these credentials do not show.
        Some(ProviderFacts { account, live: None, .. }) if role.is_some_and(|wanted| wanted != account) => {
            Finding::skip("the credentials of the role's account: the provider has to be there (--profile)")
        }
        Some(ProviderFacts { arn, live: None, .. }) => Finding::fail(
            arn.as_str(),
            "the account has none of this name: the issuer, or the account, is another",
            register(facts),
        )
        .at(Step::Provider),
        _ => with(facts, |found, _| Finding::pass(found.arn.as_str())),
    }
}

fn url(facts: &Facts) -> Finding {
    with(facts, |_, live| {
        let issuer = facts.issuer.as_str();
        let found = format!("https://{}", live.url);
        match difference(issuer, &found) {
            None => Finding::pass(plain(&found)),
            Some(parting) => Finding::fail(
                issuer,
                format!("{}: {parting}", plain(&found)),
                format!("a Url cannot be changed: delete the provider, then {}", register(facts)),
            )
            .at(Step::Provider),
        }
    })
}

fn audience(facts: &Facts) -> Finding {
    with(facts, |_, live| {
        let wanted = facts.audience.as_str();
        if live.client_ids.iter().any(|id| id == wanted) {
            return Finding::pass(plain_list(&live.client_ids));
        }
        Finding::fail(wanted, plain_list(&live.client_ids), register(facts)).at(Step::Audience)
    })
}

fn thumbprint(facts: &Facts) -> Finding {
    with(facts, |_, live| {
        let odd: Vec<&String> = live.thumbprints.iter().filter(|text| is_filler(text)).collect();
        match &facts.documents.authority {
            Authority::Private { thumbprint } => {
                if live.thumbprints.iter().any(|known| known.eq_ignore_ascii_case(thumbprint.as_str())) {
                    return Finding::pass(format!("{thumbprint}, of an authority that AWS does not know"));
                }
                Finding::fail(
                    format!("{thumbprint}: no public authority vouches for the issuer's host, so it counts"),
                    plain_list(&live.thumbprints),
                    format!("{} --thumbprint {thumbprint}", register(facts)),
                )
                .at(Step::Thumbprint)
            }
            _ if !odd.is_empty() => Finding::warn(
                "no thumbprint, or that of a certificate",
                format!(
                    "{} is no certificate's: it passes only because AWS ignores thumbprints where a public authority \
                     vouches for the host",
                    plain_list(odd)
                ),
                "nothing has to be done as long as the authority is a public one; with any other no token is taken. \
                 A provider that is made anew needs none: issuerctl register",
            ),
            Authority::Public if live.thumbprints.is_empty() => Finding::pass("none, and none is needed"),
            Authority::Public => Finding::pass(format!(
                "{}: AWS ignores them, a public authority vouches for the host",
                plain_list(&live.thumbprints)
            )),
            Authority::Unknown => Finding::skip("the certificate of the JWKS's host could not be seen"),
        }
    })
}

/// Tells whether a text was written only because the field once had to be filled: forty times one character, or no
/// SHA-1 at all.
fn is_filler(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    text.parse::<Thumbprint>().is_err() || characters.all(|next| Some(next) == first)
}

#[cfg(test)]
mod tests {
    use super::is_filler;

    #[test]
    fn what_only_fills_the_field_is_told_from_a_thumbprint() {
        for filler in ["x", "f", "0"].map(|character| character.repeat(40)) {
            assert!(is_filler(&filler), "{filler}");
        }
        assert!(is_filler("9e:99:a4"));
        assert!(!is_filler("9e99a48a9960b14926bb7f3b02e22da2b0ab7280"));
    }
}
