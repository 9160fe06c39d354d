//! Signing keys for service-account tokens: make, load, name and keep them.
//!
//! The words follow kube-apiserver, whose verdict on a key file counts: what [`read_public_keys`]
//! and [`SigningKey::from_pem`] take is what it takes, a [`KeyId`] is the one that it writes into
//! a token's header, and [`sign_token`] makes the token that it would make.
//!
//! - [`PublicKey`] is what everybody but the signer needs; [`SigningKey`] never leaves its owner.
//! - [`KeyRing`] says which key signs and which are published; [`KeyDir`] is where it sleeps.
//! - [`WebhookDir`] keeps the pod identity webhook's serving certificate and its authority beside them, and makes a
//!   certificate anew that has no more than [`WEBHOOK_RENEWAL_WINDOW`], 30 days, to go.
//!
//! Nothing here reads a clock or the environment: instants and random identifiers are passed in.
//! Private-key operations go through aws-lc-rs alone; the `rsa` crate parses, checks and encodes.

mod algorithm;
mod dir;
mod dir_error;
mod files;
mod form;
mod kid;
mod load;
mod pem;
mod public;
mod reader;
mod refusal;
mod ring;
mod ring_file;
mod service_account;
mod signing;
mod token;
mod webhook;
mod whole_file;

pub use algorithm::{Algorithm, Curve, SignatureAlgorithm, UnknownAlgorithm};
pub use dir::KeyDir;
pub use dir_error::KeyDirError;
pub use kid::{KeyId, MalformedKeyId};
pub use load::{KeyDirWarning, Loaded, read_public_key_file};
pub use public::{KeyDescription, KeyMaterial, PublicKey, Weakness};
pub use reader::{Note, PemError, PublicKeys, Skipped, read_public_keys};
pub use refusal::Refusal;
pub use ring::{KeyRecord, KeyRing, RingError};
pub use ring_file::RingFileError;
pub use service_account::{MalformedServiceAccount, ServiceAccount};
pub use signing::{KeyError, SigningKey};
pub use token::{TokenError, TokenRequest, sign_token};
pub use webhook::{
    WEBHOOK_RENEWAL_WINDOW, WebhookCertificate, WebhookCertificateError, WebhookDir, WebhookPlan,
    WebhookRenewal, WebhookWarning,
};
pub use whole_file::{
    DirectoryLock, Existing, create_directories, is_symlink, lock, parent, sweep, sync, write_whole,
};
