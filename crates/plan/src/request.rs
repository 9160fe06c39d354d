//! What is wanted, in typed values: parsed once at the edge, never checked again.

use std::collections::BTreeMap;

use issuer_discovery::{Additions, Adoption, IssuerUrl, JwksPath};
use issuer_keygen::{Algorithm, KeyDir, KeyRing};
use issuer_registrar::ProviderSpec;

use crate::output::OutputFile;

/// What is wanted of one issuer; what is left out is not touched.
#[derive(Clone, Debug)]
pub struct Request {
    /// The issuer.
    pub issuer: IssuerUrl,
    /// Its keys and documents.
    pub publish: Option<PublishRequest>,
    /// Its IAM provider.
    pub provider: Option<ProviderSpec>,
    /// The files that tell the cluster.
    pub output: Vec<OutputFile>,
}

/// The documents that are wanted.
#[derive(Clone, Debug)]
pub struct PublishRequest {
    /// The keys that they are made of.
    pub keys: KeySource,
    /// Where the JWKS is below the issuer.
    pub jwks_path: JwksPath,
    /// Tags for what is made.
    pub tags: BTreeMap<String, String>,
    /// Whether somebody else's bucket may be opened.
    pub adoption: Adoption,
    /// Whether more of our keys are added beside a signing key that is published.
    pub additions: Additions,
    /// Whether the documents are read back at the issuer's URL.
    pub read_back: bool,
}

/// Where keys are.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A key directory.
    Directory {
        /// The directory.
        directory: KeyDir,
        /// What to make when it holds no key and nothing is published; nothing to make none.
        make: Option<Algorithm>,
    },
    /// Public keys alone: for checks and jobs that never hold the private key.
    Public(KeyRing),
}
