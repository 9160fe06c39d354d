//! What the two that write to Route 53 share: the resources of their hosted zones.

use super::facts::Policy;
use super::narrowing::Narrowed;

/// Returns the ARNs of the zones, or the pattern of all.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html#amazonroute53-resources-for-iam-policies>
pub(super) fn zones(policy: &Policy, narrowed: &Narrowed) -> Vec<String> {
    let arn = |id: &str| policy.arn(&format!("route53:::hostedzone/{id}"));
    if narrowed.zones.is_empty() {
        return vec![arn("*")];
    }
    narrowed.zones.iter().map(|id| arn(id)).collect()
}
