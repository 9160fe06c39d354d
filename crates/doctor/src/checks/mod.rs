//! The checks, link by link.

pub(crate) mod access;
pub(crate) mod bucket;
mod commands;
pub(crate) mod documents;
mod examine;
pub(crate) mod issuer;
pub(crate) mod jwks;
pub(crate) mod keys;
pub(crate) mod provider;
pub(crate) mod published;
pub(crate) mod role;
pub(crate) mod scope;
pub(crate) mod served;
pub(crate) mod sts;
pub(crate) mod token;

pub(crate) use examine::SESSION_NAME;
