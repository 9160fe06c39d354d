//! `jwks`: the JWKS on stdout.

use clap::Args;
use issuer_discovery::Jwks;

use super::Context;
use crate::failure::Failure;
use crate::keys;

/// Write the JWKS to stdout, byte for byte as kube-apiserver does
///
/// Compact JSON without a trailing newline, the keys in the order of sa.pub or of the files named
/// with --public-key.
#[derive(Debug, Args)]
pub(crate) struct JwksCommand {}

impl JwksCommand {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let ring = keys::ring(&context.global, &context.printer)?;
        context.printer.data(Jwks::of(ring.published()).to_json().as_bytes())
    }
}
