//! Versions of Kubernetes, as far as settings depend on them.

use std::fmt;
use std::str::FromStr;

/// A version of Kubernetes 1, with or without a patch level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion {
    minor: u32,
    patch: Option<u32>,
}

/// A text that is no version of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version of Kubernetes, such as v1.34.4 or 1.34")]
pub struct NotAVersion(
    /// The text.
    String,
);

impl KubernetesVersion {
    /// The number after the first dot.
    pub fn minor(self) -> u32 {
        self.minor
    }

    /// Whether this kubeadm sorts extraArgs by name and value, so that the issuers' order is lost; true as well when
    /// the patch level that decides it is not known.
    ///
    /// Fixed by kubernetes#135400 in 1.36 and, by cherry-picks, in the patch releases of 10 February 2026:
    /// <https://github.com/kubernetes/kubeadm/issues/3261>
    pub fn sorts_extra_args(self) -> bool {
        let fixed_in = match self.minor {
            ..=31 => return true,
            32 => 12,
            33 => 8,
            34 => 4,
            35 => 1,
            36.. => return false,
        };
        self.patch.is_none_or(|patch| patch < fixed_in)
    }
}

impl FromStr for KubernetesVersion {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let refuse = || NotAVersion(text.to_owned());
        // Builds and pre-releases follow the numbers: v1.34.4+k3s1, 1.36.0-rc.1.
        let numbers = text.strip_prefix('v').unwrap_or(text).split(['+', '-']).next().unwrap_or_default();
        let mut numbers = numbers.split('.').map(|digits| {
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                digits.parse::<u32>().map_err(|_| refuse())
            } else {
                Err(refuse())
            }
        });
        match (
            numbers.next().transpose()?,
            numbers.next().transpose()?,
            numbers.next().transpose()?,
            numbers.next(),
        ) {
            (Some(1), Some(minor), patch, None) => Ok(Self { minor, patch }),
            _ => Err(refuse()),
        }
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1.{}", self.minor)?;
        self.patch.map_or(Ok(()), |patch| write!(formatter, ".{patch}"))
    }
}

#[cfg(test)]
mod tests {
    use super::KubernetesVersion;

    #[test]
    fn the_order_trap_closes_with_the_patch_releases() {
        for (text, sorts) in [
            ("v1.31.14", true),
            ("1.32.11", true),
            ("1.32.12", false),
            ("v1.33.7", true),
            ("v1.33.8+rke2r1", false),
            ("1.34", true),
            ("1.34.3", true),
            ("1.34.4", false),
            ("1.35.0", true),
            ("1.35.1", false),
            ("1.36", false),
            ("1.36.0-rc.1", false),
        ] {
            assert_eq!(text.parse::<KubernetesVersion>().unwrap().sorts_extra_args(), sorts, "{text}");
        }
    }

    #[test]
    fn versions_read_and_print() {
        for (text, printed) in [("v1.34.4+k3s1", "1.34.4"), ("1.30", "1.30")] {
            assert_eq!(text.parse::<KubernetesVersion>().unwrap().to_string(), printed);
        }
        for text in ["", "v", "1", "2.0", "1.x", "1.34.4.1", "1.+3", "1.99999999999"] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
    }
}
