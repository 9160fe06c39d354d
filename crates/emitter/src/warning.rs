//! What is emitted as asked and should be read before it is applied.

use std::fmt;

use crate::flag::{Component, Flag};

/// Something that the operator has to know before applying what was emitted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// kube-apiserver will accept the tokens that pods hand to AWS.
    StsAudience {
        /// The audience.
        audience: String,
    },
    /// An issuer is kept, but what its tokens are addressed to may no longer be accepted.
    AudienceNotKept {
        /// The issuer that is kept.
        issuer: String,
    },
    /// kubeadm may put another issuer first than the one that is to sign.
    OrderTrap {
        /// The issuer that is to sign.
        signing: String,
        /// The one that kubeadm would put first.
        first: String,
    },
    /// kubeadm does not carry these key files to the next control-plane node that joins.
    KeysNotUploaded {
        /// Where the files lie.
        paths: Vec<String>,
    },
    /// The manifest has an issuer today that it will not have afterwards.
    IssuerDropped {
        /// The issuer.
        issuer: String,
    },
    /// A component was not merged because its manifest was not given.
    ManifestNotGiven {
        /// The component.
        component: Component,
        /// The flags that it has to have.
        flags: Vec<Flag>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StsAudience { audience } => write!(
                formatter,
                "{audience:?} is an API audience: the token that a pod hands to AWS then also logs in to \
                 kube-apiserver as that pod"
            ),
            Self::AudienceNotKept { issuer } => write!(
                formatter,
                "the issuer {issuer:?} is kept, but it is not among the API audiences; tokens in use are addressed to \
                 the audiences in force today and would be refused: give those with --api-audience"
            ),
            Self::OrderTrap { signing, first } => write!(
                formatter,
                "kubeadm before 1.32.12, 1.33.8, 1.34.4 and 1.35.1 sorts repeated arguments by value \
                 (kubeadm#3261), so {first:?} would sign and not {signing:?}: use a later kubeadm, or look at the order \
                 in kube-apiserver.yaml before it starts"
            ),
            Self::KeysNotUploaded { paths } => write!(
                formatter,
                "kubeadm carries only /etc/kubernetes/pki/sa.key and sa.pub to a control-plane node that joins: put {} \
                 on each node before it joins, or older verifying keys as further blocks into sa.pub",
                paths.join(" and ")
            ),
            Self::IssuerDropped { issuer } => write!(
                formatter,
                "the manifest accepts the issuer {issuer:?} today and will not afterwards: its tokens are refused at \
                 once; keep it with --keep-issuer as long as any is in use"
            ),
            Self::ManifestNotGiven { component, flags } => {
                write!(formatter, "no manifest of {component} was given; it has to have")?;
                flags.iter().try_for_each(|flag| write!(formatter, " {flag}"))
            }
        }
    }
}
