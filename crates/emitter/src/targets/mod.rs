//! One file per target.

pub(crate) mod flags;
pub(crate) mod kubeadm;
pub(crate) mod static_pod;
pub(crate) mod systemd;
