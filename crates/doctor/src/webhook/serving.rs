//! Whether kube-apiserver takes the certificate that the webhook serves with.

use time::{Date, Duration};

use super::workload::namespace;
use super::{Registration, ServingCertificate, registered};
use crate::cluster::Gap;
use crate::facts::Facts;
use crate::kubectl_error::KubectlError;
use crate::plain::{plain, plain_list, whole};
use crate::report::Finding;

/// How long before its end a certificate is spoken of.
const SOON: Duration = Duration::days(30);

pub(super) fn expiry(facts: &Facts) -> Finding {
    registered(facts, |webhook, registration| {
        let hint = format!(
            "make a new one with the same names (cert-manager, or openssl), put it into the Secret in \
             namespace {}; the webhook takes it without a restart. Let something renew it",
            namespace(registration)
        );
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
        let (from, to) = (certificate.not_before(), certificate.not_after());
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
        // One that never lives longer is renewed later.
        let soon = SOON.min((to - from) / 3);
        if to - facts.now < soon {
            return Finding::warn(
                format!("{} days left", soon.whole_days()),
                format!("it runs out on {}", day(to.date())),
                hint,
            );
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
                "make the certificate again with {name} as a DNS name; one in the subject's common name \
                 alone is refused since Kubernetes 1.19"
            ),
        )
    })
}

pub(super) fn ca_bundle(facts: &Facts) -> Finding {
    served(facts, |certificate, registration| {
        let hint = format!(
            "put the certificate of the authority that signed it, in base64, as clientConfig.caBundle into \
             the MutatingWebhookConfiguration {} (cert-manager does it by the annotation \
             cert-manager.io/inject-ca-from)",
            plain(&registration.configuration)
        );
        if registration.authorities.is_empty() {
            return Finding::fail("caBundle with the authority's certificate", "there is no caBundle", hint);
        }
        match certificate.vouched_for(&registration.authorities, facts.now) {
            Ok(()) => Finding::pass("caBundle vouches for it"),
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

fn day(date: Date) -> String {
    date.to_string()
}
