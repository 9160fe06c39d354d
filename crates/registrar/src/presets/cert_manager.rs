//! cert-manager's DNS-01 solver for Route 53: the policy of its documentation.

use super::facts::{Facts, Policy};
use super::narrowing::{By, Narrowed};
use super::route53::zones;

pub(super) const FACTS: Facts = Facts {
    summary: "cert-manager: DNS-01 challenges in Route 53",
    version: "v1.18",
    source: "https://github.com/cert-manager/website/blob/master/content/v1.18-docs/configuration/acme/dns01/route53.md",
    service_account: "cert-manager/cert-manager",
    narrowed_by: &[By::Zone],
    needs: "a hosted zone (--zone)",
    hardened_setup: "challenges in other zones are refused: give the solvers a selector with the domains of these zones",
};

pub(super) fn write(policy: &mut Policy, narrowed: &Narrowed) {
    let zones = zones(policy, narrowed);
    // The key is not there when records are listed, and then ForAllValues holds.
    policy
        .allow("ChangeTextRecords", "route53", &["ChangeResourceRecordSets", "ListResourceRecordSets"])
        .on_arns(zones)
        .when("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsRecordTypes", &["TXT"])
        .put();
    policy.allow("FollowChanges", "route53", &["GetChange"]).on(&["route53:::change/*"]).put();
    // The call has no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
    policy.allow("FindZones", "route53", &["ListHostedZonesByName"]).put();
}
