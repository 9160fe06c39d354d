//! What the control plane is to be told, checked as far as every target relies on it.

use std::collections::BTreeSet;

use crate::audience;
use crate::dns;
use crate::error::EmitError;

/// What the control plane is to be told about service-account tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The issuer that signs, exactly as it stands in the published document.
    pub issuer: String,
    /// Where the key set is published, an https URL.
    pub jwks_uri: String,
    /// Issuers whose tokens are accepted besides, in order: any text that a cluster may hold today.
    pub keep_issuers: Vec<String>,
    /// The audiences that kube-apiserver accepts as its own; none for the target's defaults and the issuer.
    pub api_audiences: Option<Vec<String>>,
    /// The cluster's DNS domain.
    pub cluster_domain: String,
    /// Where the signing key lies on a control-plane node, an absolute path.
    pub signing_key_file: String,
    /// Where verifying keys lie on a control-plane node, absolute paths, the signer's first.
    pub key_files: Vec<String>,
    /// Whether an audience of AWS STS may be one of kube-apiserver's.
    pub allow_sts_api_audience: bool,
}

impl Settings {
    /// An issuer and its key set, everything else as kubeadm has it: `cluster.local`, `/etc/kubernetes/pki/sa.key` and
    /// `/etc/kubernetes/pki/sa.pub`, the target's own audiences, no other issuer.
    pub fn new(issuer: impl Into<String>, jwks_uri: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            jwks_uri: jwks_uri.into(),
            keep_issuers: Vec::new(),
            api_audiences: None,
            cluster_domain: "cluster.local".to_owned(),
            signing_key_file: "/etc/kubernetes/pki/sa.key".to_owned(),
            key_files: vec!["/etc/kubernetes/pki/sa.pub".to_owned()],
            allow_sts_api_audience: false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), EmitError> {
        // kube-apiserver: "service-account-issuer ... should not be empty", "... specified more than once".
        // https://github.com/kubernetes/kubernetes/blob/master/pkg/controlplane/apiserver/options/validation.go
        check_text("the issuer", &self.issuer)?;
        let mut seen = BTreeSet::from([self.issuer.as_str()]);
        for kept in &self.keep_issuers {
            check_text("an issuer to keep", kept)?;
            if *kept == self.issuer {
                return Err(EmitError::KeepIsIssuer { issuer: kept.clone() });
            }
            if !seen.insert(kept) {
                return Err(EmitError::Repeated { what: "the issuer to keep", text: kept.clone() });
            }
        }
        check_text("the JWKS URI", &self.jwks_uri)?;
        // "service-account-jwks-uri requires https scheme"
        if !self.jwks_uri.starts_with("https://") {
            return Err(EmitError::JwksUri { uri: self.jwks_uri.clone() });
        }
        if self.api_audiences.is_none() && self.issuer.contains('"') {
            return Err(EmitError::Text {
                what: "an API audience",
                text: self.issuer.clone(),
                problem: "a quote",
            });
        }
        if let Some(audiences) = &self.api_audiences {
            if audiences.is_empty() {
                return Err(EmitError::NoAudience);
            }
            let mut seen = BTreeSet::new();
            for text in audiences {
                check_text("an API audience", text)?;
                // The flag is read as a line of CSV, where a quote begins a quoted field.
                if text.contains('"') {
                    return Err(EmitError::Text {
                        what: "an API audience",
                        text: text.clone(),
                        problem: "a quote",
                    });
                }
                if !seen.insert(text) {
                    return Err(EmitError::Repeated { what: "the API audience", text: text.clone() });
                }
                if !self.allow_sts_api_audience && audience::is_sts(text) {
                    return Err(EmitError::StsAudience { audience: text.clone() });
                }
            }
        }
        check_domain(&self.cluster_domain)?;
        check_path(&self.signing_key_file)?;
        if self.key_files.is_empty() {
            return Err(EmitError::NoKeyFile);
        }
        let mut seen = BTreeSet::new();
        for path in &self.key_files {
            check_path(path)?;
            if !seen.insert(path) {
                return Err(EmitError::Repeated { what: "the key file", text: path.clone() });
            }
        }
        Ok(())
    }
}

/// A comma separates values in several targets, and a control character ends a line in all of them.
fn check_text(what: &'static str, text: &str) -> Result<(), EmitError> {
    let refuse = |problem| EmitError::Text { what, text: text.to_owned(), problem };
    if text.is_empty() {
        return Err(EmitError::EmptyText { what });
    }
    if text.contains(',') {
        return Err(refuse("a comma"));
    }
    if text.trim() != text {
        return Err(refuse("white space at an end"));
    }
    // U+0085, U+2028 and U+2029 end lines for YAML 1.1 readers.
    if text.contains(|character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}'))
    {
        return Err(refuse("a control character"));
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), EmitError> {
    check_text("a key path", path)?;
    if !path.starts_with('/') || path.ends_with('/') || path.split('/').any(|part| part == "..") {
        return Err(EmitError::KeyPath { path: path.to_owned() });
    }
    Ok(())
}

pub(crate) fn check_domain(domain: &str) -> Result<(), EmitError> {
    if dns::is_name(domain) { Ok(()) } else { Err(EmitError::ClusterDomain { domain: domain.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    fn refusal(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::new("https://a.example", "https://a.example/jwks");
        change(&mut settings);
        settings.check().unwrap_err().to_string()
    }

    #[test]
    fn good_settings_pass() {
        let mut settings = Settings::new("https://a.example", "https://a.example/jwks");
        settings.keep_issuers =
            ["kubernetes/serviceaccount", "https://10.0.0.1:6443/", "a b"].map(str::to_owned).into();
        settings.api_audiences = Some(vec!["k3s".to_owned()]);
        settings.check().unwrap();
    }

    #[test]
    fn refusals_are_sentences() {
        let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        for (sentence, expected) in [
            (refusal(|s| s.issuer.clear()), "the issuer is empty"),
            (refusal(|s| s.issuer.push(',')), "the issuer \"https://a.example,\" holds a comma"),
            (
                refusal(|s| s.issuer.push('\n')),
                "the issuer \"https://a.example\\n\" holds white space at an end",
            ),
            (
                refusal(|s| s.issuer.push_str("\nx")),
                "the issuer \"https://a.example\\nx\" holds a control character",
            ),
            (
                refusal(|s| s.keep_issuers = list(&["b", "https://a.example"])),
                "the issuer to keep is the issuer itself: \"https://a.example\"",
            ),
            (refusal(|s| s.keep_issuers = list(&["b", "b"])), "the issuer to keep \"b\" is given twice"),
            (refusal(|s| s.keep_issuers = list(&[""])), "an issuer to keep is empty"),
            (
                refusal(|s| s.jwks_uri = "http://a".to_owned()),
                "the JWKS URI \"http://a\" has to begin with https://, or kube-apiserver does not start",
            ),
            (refusal(|s| s.api_audiences = Some(vec![])), "the list of API audiences is empty"),
            (refusal(|s| s.api_audiences = Some(list(&["a", "a"]))), "the API audience \"a\" is given twice"),
            (
                refusal(|s| s.api_audiences = Some(list(&["a\"b"]))),
                "an API audience \"a\\\"b\" holds a quote",
            ),
            (
                refusal(|s| s.cluster_domain = "Cluster.local".to_owned()),
                "the cluster domain \"Cluster.local\" is no DNS name in lower case, such as cluster.local",
            ),
            (
                refusal(|s| s.cluster_domain = "cluster.local.".to_owned()),
                "the cluster domain \"cluster.local.\" is no DNS name in lower case, such as cluster.local",
            ),
            (
                refusal(|s| s.signing_key_file = "sa.key".to_owned()),
                "the key path \"sa.key\" has to be the absolute path of a file, without `..`",
            ),
            (
                refusal(|s| s.key_files = vec![]),
                "no key file is given, and kube-apiserver needs one to verify tokens",
            ),
            (refusal(|s| s.key_files = list(&["/a", "/a"])), "the key file \"/a\" is given twice"),
        ] {
            assert_eq!(sentence, expected);
        }
        let sts = refusal(|s| s.api_audiences = Some(list(&["sts.amazonaws.com"])));
        assert!(sts.starts_with("the API audience \"sts.amazonaws.com\" is AWS STS's"), "{sts}");
    }
}
