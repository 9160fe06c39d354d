//! Who the cluster says that it is.

use issuer_discovery::PublishedDocument;
use issuer_relying_party::{Step, shell_word};

use super::facts::ClusterFacts;
use crate::facts::Facts;
use crate::plain::{plain, plain_list};
use crate::report::Finding;

pub(super) fn discovery(facts: &Facts) -> Finding {
    facts.cluster.look(|cluster| match &cluster.document {
        Ok(document) => Finding::pass(match &cluster.version {
            Ok(version) => format!("Kubernetes {}, issuer {}", plain(version), plain(&document.issuer)),
            Err(_) => format!("issuer {}", plain(&document.issuer)),
        }),
        Err(gap) => gap.fail("the cluster's /.well-known/openid-configuration"),
    })
}

/// Tokens carry this text, and STS looks the provider up by it:
/// [it must be equal byte for byte](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation).
pub(super) fn issuer(facts: &Facts) -> Finding {
    facts.cluster.look(|cluster| match &cluster.document {
        Ok(document) => compare(facts.issuer.as_str(), &document.issuer),
        Err(gap) => gap.waits("cluster/discovery"),
    })
}

pub(super) fn token(facts: &Facts) -> Finding {
    facts.cluster.look(|ClusterFacts { minted, .. }| {
        let minted = match minted {
            Ok(minted) => minted,
            Err(gap) => return gap.skip(),
        };
        let (issuer, audience) = (facts.issuer.as_str(), facts.audience.as_str());
        if minted.issuer != issuer {
            return compare(issuer, &minted.issuer);
        }
        if minted.audiences != [audience] {
            return Finding::fail(
                format!("aud {audience}"),
                format!("aud {}", plain_list(&minted.audiences)),
                "something between kubectl and kube-apiserver changes what is asked for: look at its \
                 admission webhooks",
            )
            .at(Step::Audience);
        }
        Finding::pass(format!("iss {issuer}, aud {audience}, kid {}", plain(&minted.kid)))
    })
}

/// Without --service-account-jwks-uri kube-apiserver names its internal address. AWS never reads this copy;
/// those who compare both, or copy it to the public place, fall for it.
pub(super) fn jwks_uri(facts: &Facts) -> Finding {
    let public = facts
        .documents
        .discovery
        .as_ref()
        .ok()
        .and_then(|fetched| PublishedDocument::parse(&fetched.body).ok());
    facts.cluster.look(|cluster| match (&cluster.document, public) {
        (Err(gap), _) => gap.waits("cluster/discovery"),
        (Ok(_), None) => Finding::skip("waits for the public discovery document"),
        (Ok(document), Some(public)) if document.jwks_uri == public.jwks_uri => {
            Finding::pass(plain(&public.jwks_uri))
        }
        (Ok(document), Some(public)) => Finding::warn(
            plain(&public.jwks_uri),
            plain(&document.jwks_uri),
            format!(
                "set `--service-account-jwks-uri={}` on every control-plane node, and do not publish the \
                 cluster's own copy of the document",
                shell_word(&public.jwks_uri)
            ),
        ),
    })
}

fn compare(expected: &str, actual: &str) -> Finding {
    if expected == actual {
        return Finding::pass(expected);
    }
    Finding::fail(
        expected,
        plain(actual),
        format!(
            "{}. Put the issuer first on every control-plane node, in the form that its distribution takes \
             (`issuerctl emit --list`): `issuerctl emit TARGET --issuer {} --keep-issuer {}`, then restart \
             kube-apiserver",
            difference(expected, actual),
            shell_word(expected),
            shell_word(actual)
        ),
    )
    .at(Step::Provider)
}

/// Says in what two issuers differ that look alike.
pub(super) fn difference(expected: &str, actual: &str) -> &'static str {
    let without_scheme = |text: &'_ str| text.split_once("://").map(|(_, rest)| rest.to_owned());
    if expected.trim_end_matches('/') == actual.trim_end_matches('/') {
        "they differ in a trailing slash alone, and every byte counts"
    } else if expected.trim() == actual.trim() {
        "they differ in white space alone, and every byte counts"
    } else if expected.eq_ignore_ascii_case(actual) {
        "they differ in upper and lower case alone, and every byte counts"
    } else if without_scheme(expected).is_some() && without_scheme(expected) == without_scheme(actual) {
        "they differ in the scheme alone, and every byte counts"
    } else if actual.contains("kubernetes.default.svc") {
        "the control plane still signs as Kubernetes' default issuer"
    } else {
        "the control plane signs as another issuer"
    }
}
