//! The signed calls of STS.
//!
//! From [the reference's page on STS][reference]. GetCallerIdentity needs no permission, and nobody signs
//! AssumeRoleWithWebIdentity.
//!
//! [reference]: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html

use super::{Resource, Row};

/// The rows of STS.
pub(crate) const STS: &[Row] = &[Row::new("AssumeRole", "sts:AssumeRole", Resource::Role)];
