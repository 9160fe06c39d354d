//! The issuer's URL and the host behind it: what IAM and byte-wise comparison need of the one, and a name, a
//! connection and a certificate of the other.

use issuer_discovery::{Certificates, FetchError, IssuerUrl, IssuerUrlError};
use issuer_relying_party::{Step, shell_word};
use time::{Duration, OffsetDateTime};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::check::{Check, Group};
use crate::facts::Facts;
use crate::plain::{plain, whole};
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Group::Documents,
        "documents/issuer-url",
        "the issuer is a URL that AWS takes and that can be compared byte for byte",
        &[],
        issuer_url,
    ),
    Check::new(
        Group::Documents,
        "documents/public-look",
        "what is seen here is what AWS sees",
        &[],
        public_look,
    ),
    Check::new(
        Group::Documents,
        "documents/reachable",
        "the issuer's host has an address and answers in time",
        &[],
        reachable,
    ),
    Check::new(
        Group::Documents,
        "documents/certificate",
        "the certificates are in their time",
        &["documents/reachable"],
        certificate,
    ),
    Check::new(
        Group::Documents,
        "documents/tls",
        "the certificate is the host's, and somebody who is trusted vouches for it",
        &["documents/reachable", "documents/certificate"],
        tls,
    ),
];

/// A certificate that ends sooner than this is told of.
const EXPIRES_SOON: Duration = Duration::days(14);

fn issuer_url(facts: &Facts) -> Finding {
    let text = facts.issuer.as_str();
    let error = match text.parse::<IssuerUrl>() {
        Ok(_) => return Finding::pass(text),
        Err(error) => error,
    };
    let hint = match &error {
        IssuerUrlError::TrailingSlash => format!(
            "leave the slash out everywhere: kube-apiserver's --service-account-issuer, the documents and the IAM \
             provider; `issuerctl emit --list` names what writes the setting, and the old issuer stays accepted \
             with --keep-issuer {}",
            shell_word(text)
        ),
        IssuerUrlError::NotHttps | IssuerUrlError::Empty => {
            "give the control plane an https:// issuer: see `issuerctl emit --help`".to_owned()
        }
        _ => "an issuer cannot be changed afterwards: choose one that AWS takes, `issuerctl bootstrap` makes it, and \
              keep the old one accepted with --keep-issuer"
            .to_owned(),
    };
    let expected = "https://, a host in lower case without a port, and a path without a slash at its end";
    // What is no URL at all has an answer of its own; anything else is a provider that nobody has.
    let scheme = text.split("://").next().unwrap_or_default().to_ascii_lowercase();
    let of_the_web = text.contains("://") && matches!(scheme.as_str(), "https" | "http");
    let step = if of_the_web { Step::Provider } else { Step::Issuer };
    Finding::fail(expected, format!("{}: {error}", plain(text)), hint).at(step)
}

fn public_look(facts: &Facts) -> Finding {
    if facts.public_look {
        return Finding::pass("system authorities, no redirected connections");
    }
    Finding::warn(
        "the system's certificate authorities, and connections to where DNS points",
        "connections are redirected, or a certificate authority of one's own is trusted",
        "look again without --ca-file, --connect-to and AWS_CA_BUNDLE, from a machine outside",
    )
}

fn reachable(facts: &Facts) -> Finding {
    let error = match (&facts.documents.discovery, &facts.certificates) {
        (Ok(_), _) | (Err(FetchError::TooLarge { .. }), _) => return Finding::pass(host(facts)),
        // Certificates came over, so there is a connection.
        (Err(FetchError::Broken { .. }), Ok(_)) => return Finding::pass(host(facts)),
        (Err(error), _) => error,
    };
    let name = host(facts);
    let seen = whole(error);
    let no_name = seen.contains("dns error") || seen.contains("failed to lookup address");
    let hint = match error {
        FetchError::NotHttps { .. } => return Finding::skip("an https:// issuer"),
        FetchError::Timeout { .. } => {
            format!(
                "AWS waits 5 seconds at most: let port 443 of {name} be reached from everywhere, and fast"
            )
        }
        _ if no_name => {
            format!("make a DNS record for {name}; a private zone is not enough, AWS asks from outside")
        }
        _ => format!("let port 443 of {name} be reached from everywhere, with TLS"),
    };
    // Where somebody was there, AWS blames the documents.
    let step = if error.is_unreachable() { Step::Reachable } else { Step::Keys };
    Finding::fail(format!("{name} answers on port 443 within 5 seconds"), seen, hint).at(step)
}

fn certificate(facts: &Facts) -> Finding {
    let hint = "renew the certificate of the issuer's host, and look why that did not happen by itself";
    let expected = "certificates that last 14 days more at least";
    let mut earliest: Option<OffsetDateTime> = None;
    let mut odd = None;
    for seen in chains(facts).flatten() {
        for (place, der) in seen.chain.iter().enumerate() {
            // Whoever verified the chain went round what else was sent with it, as STS does.
            let counts = place == 0 || seen.verified.is_err();
            let problem = match Certificate::from_der(der) {
                Err(_) => Err((
                    "one of those that the host sends cannot be read".to_owned(),
                    "install a certificate of a public authority on the issuer's host",
                )),
                Ok(certificate) => in_time(&certificate, facts.now, hint),
            };
            match problem {
                Ok(until) => earliest = Some(earliest.map_or(until, |known| known.min(until))),
                Err((actual, hint)) if counts => return Finding::fail(expected, actual, hint).at(Step::Keys),
                Err((actual, _)) => odd = Some(actual),
            }
        }
    }
    if let Some(actual) = odd {
        return Finding::warn(
            expected,
            format!("{actual}; the chain holds without it"),
            "let the host send its own certificate and those that lead to the root, and nothing else",
        );
    }
    match earliest {
        None => Finding::warn(
            "a look at the certificates",
            "they could not be seen",
            "look again: the host did not take a second connection",
        ),
        Some(until) if until - facts.now < EXPIRES_SOON => {
            Finding::warn(expected, format!("one ends on {}", day(until)), hint)
        }
        Some(until) => Finding::pass(format!("until {}", day(until))),
    }
}

/// Returns when a certificate ends; or what is wrong with its time, and what to do.
fn in_time(
    certificate: &Certificate,
    now: OffsetDateTime,
    renew: &'static str,
) -> Result<OffsetDateTime, (String, &'static str)> {
    let validity = certificate.tbs_certificate.validity;
    let (from, until) = (instant(validity.not_before), instant(validity.not_after));
    if from > now {
        let hint = "look at the clock of this machine, and at that of whoever made the certificate";
        return Err((format!("one is valid from {}", day(from)), hint));
    }
    if until <= now {
        return Err((format!("one ended on {}", day(until)), renew));
    }
    Ok(until)
}

fn tls(facts: &Facts) -> Finding {
    // Where there are none to look at, the fetch itself has told: it takes no certificate that does not hold.
    let seen: Vec<&Certificates> = chains(facts).flatten().collect();
    if let Some(reason) = seen.iter().find_map(|seen| seen.verified.as_ref().err()) {
        return Finding::fail(
            format!("a certificate for {} of an authority that is trusted", host(facts)),
            plain(reason),
            "install a certificate of a public authority with all between it and the root; one of an authority of your \
             own is seen with --ca-file, and needs its thumbprint in the provider",
        )
        .at(Step::Keys);
    }
    let public = seen.iter().all(|seen| seen.public);
    Finding::pass(if public {
        "a public authority vouches for it"
    } else {
        "the authority of --ca-file vouches for it"
    })
}

/// The certificates of the issuer's host, and of the JWKS's where that is another.
fn chains(facts: &Facts) -> impl Iterator<Item = &Result<Certificates, FetchError>> {
    std::iter::once(&facts.certificates).chain(&facts.jwks_certificates)
}

fn host(facts: &Facts) -> String {
    let text = facts.issuer.as_str();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    plain(rest.split('/').next().unwrap_or_default())
}

fn instant(time: x509_cert::time::Time) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time.to_unix_duration()
}

fn day(instant: OffsetDateTime) -> String {
    instant.date().to_string()
}
