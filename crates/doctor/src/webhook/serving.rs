//! Whether kube-apiserver takes the certificate that the webhook serves with.

use issuer_keygen::WEBHOOK_RENEWAL_WINDOW;
use issuer_relying_party::shell_word;
use time::{Date, OffsetDateTime};

use super::certificate::Lifetime;
use super::{Registration, ServingCertificate, Target, registered};
use crate::cluster::Gap;
use crate::facts::Facts;
use crate::kubectl_error::KubectlError;
use crate::plain::{plain, plain_list, whole};
use crate::report::Finding;

pub(super) fn expiry(facts: &Facts) -> Finding {
    registered(facts, |webhook, registration| {
        let hint = renewal(registration);
        let certificate = match &webhook.certificate {
            Ok(certificate) => certificate,
            Err(gap @ (Gap::Malformed { .. } | Gap::Kubectl(KubectlError::NotFound { .. }))) => {
                return Finding::fail(
                    "a certificate in the Secret that the webhook serves from",
                    whole(gap),
                    hint,
                );
            }
            // That the Secret may not be read is no finding about the webhook.
            Err(gap) => return gap.skip(),
        };
        let lifetime = certificate.lifetime();
        let (from, to) = (lifetime.from, lifetime.to);
        if facts.now > to {
            return Finding::fail("a current certificate", format!("it ran out on {}", day(to.date())), hint);
        }
        if facts.now < from {
            return Finding::fail(
                "a current certificate",
                format!("it begins on {}", day(from.date())),
                hint,
            );
        }
        if let Some(wanted) = ends_soon(lifetime, facts.now) {
            return Finding::warn(wanted, format!("it runs out on {}", day(to.date())), hint);
        }
        Finding::pass(format!("until {}", day(to.date())))
    })
}

/// [A common name does not
/// count](https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook).
pub(super) fn names(facts: &Facts) -> Finding {
    served(facts, |certificate, registration| {
        let name = registration.target.server_name();
        if certificate.is_for(&name) {
            return Finding::pass(name);
        }
        Finding::fail(
            format!("the name {name} among its subject alternative names"),
            plain_list(certificate.names()),
            format!(
                "it needs {name} as a DNS name; one in the subject's common name alone is refused since Kubernetes \
                 1.19. {}",
                renewal(registration)
            ),
        )
    })
}

pub(super) fn ca_bundle(facts: &Facts) -> Finding {
    served(facts, |certificate, registration| {
        let hint = format!(
            "apply Secret and configuration as `issuerctl workload webhook` writes them, both at once; or put the \
             certificate of the authority that signed it, in base64, as clientConfig.caBundle into the \
             MutatingWebhookConfiguration {} (cert-manager does it by the annotation \
             cert-manager.io/inject-ca-from)",
            plain(&registration.configuration)
        );
        if registration.authorities.is_empty() {
            return Finding::fail("caBundle with the authority's certificate", "there is no caBundle", hint);
        }
        match certificate.vouched_for(&registration.authorities, facts.now) {
            Ok(lifetime) => match ends_soon(lifetime, facts.now) {
                Some(wanted) => Finding::warn(
                    format!("an authority with {wanted}"),
                    format!("the authority runs out on {}", day(lifetime.to.date())),
                    renewal(registration),
                ),
                None => Finding::pass("caBundle vouches for it"),
            },
            Err(reason) => Finding::fail("a caBundle that vouches for the serving certificate", reason, hint),
        }
    })
}

fn served(facts: &Facts, look: impl FnOnce(&ServingCertificate, &Registration) -> Finding) -> Finding {
    registered(facts, |webhook, registration| match &webhook.certificate {
        Ok(certificate) => look(certificate, registration),
        Err(gap) => gap.waits("webhook/certificate-expiry"),
    })
}

/// How many days should be left, when there are fewer.
fn ends_soon(lifetime: Lifetime, now: OffsetDateTime) -> Option<String> {
    // What never lives longer is renewed later.
    let soon = WEBHOOK_RENEWAL_WINDOW.min((lifetime.to - lifetime.from) / 3);
    (lifetime.to - now < soon).then(|| format!("{} days left", soon.whole_days()))
}

/// Makes a certificate anew, and its authority where that ends.
fn renewal(registration: &Registration) -> String {
    let Target::Service { namespace, name } = &registration.target else {
        return "make a new one with the same names where that host's certificates are made".to_owned();
    };
    format!(
        "run what made it again, with the same flags: that renews the certificate, and its authority in time; then apply \
         what it writes, and the webhook takes it without a restart (where cert-manager makes it, look why that has \
         not): issuerctl workload webhook --out DIR --namespace {} --name {}",
        shell_word(namespace),
        shell_word(name)
    )
}

fn day(date: Date) -> String {
    date.to_string()
}
