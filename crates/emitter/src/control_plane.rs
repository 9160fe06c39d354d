//! The ordered flags of the control plane: the single truth that every target carries.

use crate::audience;
use crate::error::EmitError;
use crate::flag::{Component, Flag};
use crate::settings::Settings;
use crate::target::Target;
use crate::warning::Warning;

/// What kube-apiserver and kube-controller-manager are told, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlPlane {
    settings: Settings,
}

impl ControlPlane {
    /// Checks the settings.
    ///
    /// # Errors
    /// What kube-apiserver would refuse or what no target can carry: texts that are empty, repeated, or hold a comma
    /// or a control character; a JWKS URI without https; key paths that are not absolute; an API audience of AWS STS
    /// that is not allowed expressly.
    pub fn new(settings: Settings) -> Result<Self, EmitError> {
        settings.check()?;
        Ok(Self { settings })
    }

    /// The settings, as they were given.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The issuers in order: the one that signs, then those that are kept.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.settings.issuer).chain(&self.settings.keep_issuers).map(String::as_str)
    }

    /// The audiences that kube-apiserver accepts as its own: those given, or the target's defaults and the issuer.
    ///
    /// Left out, kube-apiserver would take the issuers for its audiences, so that a new issuer alone would lock
    /// clients out.
    pub fn api_audiences(&self, target: Target) -> Vec<String> {
        if let Some(audiences) = &self.settings.api_audiences {
            return audiences.clone();
        }
        let mut audiences = target.default_api_audiences(&self.settings.cluster_domain);
        if !audiences.contains(&self.settings.issuer) {
            audiences.push(self.settings.issuer.clone());
        }
        audiences
    }

    /// The flags of one component as this target is to carry them, in order.
    pub fn flags(&self, component: Component, target: Target) -> Vec<Flag> {
        let settings = &self.settings;
        match component {
            Component::KubeApiserver => {
                let mut flags: Vec<Flag> =
                    self.issuers().map(|issuer| Flag::new(Flag::ISSUER, issuer)).collect();
                flags.push(Flag::new(Flag::SIGNING_KEY_FILE, &settings.signing_key_file));
                flags.extend(settings.key_files.iter().map(|path| Flag::new(Flag::KEY_FILE, path)));
                flags.push(Flag::new(Flag::JWKS_URI, &settings.jwks_uri));
                flags.push(Flag::new(Flag::API_AUDIENCES, self.api_audiences(target).join(",")));
                flags
            }
            Component::KubeControllerManager => {
                vec![Flag::new(Flag::PRIVATE_KEY_FILE, &settings.signing_key_file)]
            }
        }
    }

    /// What every target has to say about these settings.
    pub(crate) fn warnings(&self, target: Target) -> Vec<Warning> {
        let mut warnings = Vec::new();
        match &self.settings.api_audiences {
            Some(audiences) => warnings.extend(
                audiences
                    .iter()
                    .filter(|text| audience::is_sts(text))
                    .map(|audience| Warning::StsAudience { audience: audience.clone() }),
            ),
            // Tokens of a kept issuer are addressed to what was in force, which is at least that issuer.
            None => {
                let audiences = self.api_audiences(target);
                let lost = self.settings.keep_issuers.iter().filter(|kept| !audiences.contains(kept));
                warnings.extend(lost.map(|kept| Warning::AudienceNotKept { issuer: kept.clone() }));
            }
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::ControlPlane;
    use crate::flag::{Component, Flag};
    use crate::settings::Settings;
    use crate::target::Target;
    use crate::warning::Warning;

    fn lines(settings: Settings, component: Component) -> Vec<String> {
        let control_plane = ControlPlane::new(settings).unwrap();
        control_plane.flags(component, Target::Flags).iter().map(Flag::to_string).collect()
    }

    #[test]
    fn flags_stand_in_order() {
        let mut settings = Settings::new("https://new.example", "https://new.example/openid/v1/jwks");
        settings.keep_issuers = vec!["https://old.example".to_owned(), "kubernetes".to_owned()];
        settings.key_files.push("/old.pub".to_owned());
        assert_eq!(
            lines(settings.clone(), Component::KubeApiserver),
            [
                "--service-account-issuer=https://new.example",
                "--service-account-issuer=https://old.example",
                "--service-account-issuer=kubernetes",
                "--service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
                "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
                "--service-account-key-file=/old.pub",
                "--service-account-jwks-uri=https://new.example/openid/v1/jwks",
                "--api-audiences=https://kubernetes.default.svc.cluster.local,https://new.example",
            ]
        );
        assert_eq!(
            lines(settings, Component::KubeControllerManager),
            ["--service-account-private-key-file=/etc/kubernetes/pki/sa.key"]
        );
    }

    #[test]
    fn audiences_are_the_given_ones_or_the_defaults_once() {
        let own = "https://kubernetes.default.svc.cluster.local";
        let mut settings = Settings::new(own, "https://new.example/openid/v1/jwks");
        let control_plane = ControlPlane::new(settings.clone()).unwrap();
        assert_eq!(control_plane.api_audiences(Target::Kubeadm), [own]);
        settings.api_audiences = Some(vec!["x".to_owned()]);
        assert_eq!(ControlPlane::new(settings).unwrap().api_audiences(Target::Kubeadm), ["x"]);
    }

    #[test]
    fn warnings_name_what_is_at_stake() {
        let mut settings = Settings::new("https://new.example", "https://new.example/openid/v1/jwks");
        settings.keep_issuers =
            vec!["https://kubernetes.default.svc.cluster.local".to_owned(), "https://old.example".to_owned()];
        let lost = Warning::AudienceNotKept { issuer: "https://old.example".to_owned() };
        assert_eq!(ControlPlane::new(settings.clone()).unwrap().warnings(Target::Flags), [lost]);
        settings.api_audiences = Some(vec!["sts.amazonaws.com".to_owned(), "https://old.example".to_owned()]);
        settings.allow_sts_api_audience = true;
        let sts = Warning::StsAudience { audience: "sts.amazonaws.com".to_owned() };
        assert_eq!(ControlPlane::new(settings).unwrap().warnings(Target::Flags), [sts]);
    }
}
