//! ExternalDNS with Route 53: the policy of its AWS tutorial.

use super::facts::{Facts, Policy};
use super::narrowing::{By, Narrowed};
use super::route53::zones;

pub(super) const FACTS: Facts = Facts {
    summary: "ExternalDNS: records of Ingresses and Services in Route 53",
    version: "v0.23.0",
    source: "https://github.com/kubernetes-sigs/external-dns/blob/v0.23.0/docs/tutorials/aws.md",
    service_account: "default/external-dns",
    narrowed_by: &[By::Zone],
    needs: "a hosted zone (--zone)",
    hardened_setup: "ExternalDNS reads every zone that it finds: start it with --zone-id-filter for each of these zones",
};

pub(super) fn write(policy: &mut Policy, narrowed: &Narrowed) {
    let zones = zones(policy, narrowed);
    policy
        .allow("ChangeRecords", "route53", &["ChangeResourceRecordSets", "ListResourceRecordSets"])
        .on_arns(zones)
        .put();
    // Tags are read to find zones (--aws-zone-tags), those too that are then left alone.
    policy.allow("ReadZoneTags", "route53", &["ListTagsForResources"]).on(&["route53:::hostedzone/*"]).put();
    // The call has no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
    policy.allow("FindZones", "route53", &["ListHostedZones"]).put();
}
