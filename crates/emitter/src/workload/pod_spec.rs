//! What a pod needs to hand its token to AWS: the parts of a pod's specification, as the webhook writes them.

use super::Workload;
use super::template::{fill, indented, scalar};

/// The variables of the AWS SDKs.
pub(super) fn environment(workload: &Workload, role_arn: &str, spaces: usize) -> String {
    let region = scalar(&workload.region);
    let values = [("region", region.as_str()), ("role", &scalar(role_arn))];
    indented(&fill(include_str!("templates/environment.yaml"), &values), spaces)
}

/// The mount of the token.
pub(super) fn mount(spaces: usize) -> String {
    indented(include_str!("templates/mount.yaml"), spaces)
}

/// The projected volume with the token.
pub(super) fn volume(workload: &Workload, spaces: usize) -> String {
    let expiration = workload.token_expiration.to_string();
    let values = [("audience", scalar(&workload.audience)), ("expiration", expiration)];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    indented(&fill(include_str!("templates/volume.yaml"), &values), spaces)
}
