//! Audiences that must not be kube-apiserver's own.

/// Whether this is the audience of an AWS STS endpoint, global, regional or of another partition, with or without
/// scheme.
///
/// With `sts.amazonaws.com` among `--api-audiences`, the token handed to AWS also authenticates to kube-apiserver.
pub(crate) fn is_sts(audience: &str) -> bool {
    let audience = audience.to_ascii_lowercase();
    let host = audience.split_once("://").map_or(audience.as_str(), |(_, rest)| rest);
    host.starts_with("sts.") || host.starts_with("sts-fips.")
}

#[cfg(test)]
mod tests {
    use super::is_sts;

    #[test]
    fn every_partition_and_spelling() {
        for audience in [
            "sts.amazonaws.com",
            "STS.amazonaws.com",
            "https://sts.amazonaws.com",
            "sts.eu-central-1.amazonaws.com",
            "sts.cn-north-1.amazonaws.com.cn",
            "sts-fips.us-east-1.amazonaws.com",
        ] {
            assert!(is_sts(audience), "{audience}");
        }
        for audience in
            ["https://kubernetes.default.svc.cluster.local", "k3s", "https://example.com/sts.amazonaws.com"]
        {
            assert!(!is_sts(audience), "{audience}");
        }
    }
}
