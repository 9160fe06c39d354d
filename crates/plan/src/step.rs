//! A plan: stages of steps. A stage begins when the one before it has ended; the steps within one do
//! not need each other.

use std::fmt;
use std::path::PathBuf;

use issuer_discovery::{PublishChange, Site};
use issuer_keygen::{Algorithm, KeyId, KeyRing, WebhookPlan, WebhookRenewal};
use issuer_registrar::{AccountId, ProviderChange, RoleChange, RoleName};

use crate::destroy::Removed;
use crate::output::OutputFile;

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Step {
    /// Make a signing key.
    MakeKey {
        /// Of this kind.
        algorithm: Algorithm,
        /// In this key directory.
        directory: PathBuf,
    },
    /// Complete the key directory: the public half, the issuer that the key is for.
    SaveKeys {
        /// The directory.
        directory: PathBuf,
        /// The ring to save.
        ring: KeyRing,
    },
    /// Change where the documents are published.
    Publish(PublishChange),
    /// Write a document whose bytes depend on a key that is not made yet.
    PublishNew {
        /// Its path below the issuer.
        path: String,
    },
    /// Look whether changes still stand that another write of the same moment may have taken away.
    Confirm(Vec<PublishChange>),
    /// Read both documents back at the issuer's URL and compare.
    ReadBack {
        /// What they have to be; nothing while the key is not made yet.
        site: Option<Box<Site>>,
        /// The discovery document's URL.
        url: String,
    },
    /// Record since when the keys are published.
    RecordPublished {
        /// The keys.
        kids: Vec<KeyId>,
        /// The directory.
        directory: PathBuf,
    },
    /// Change the IAM provider.
    Register(ProviderChange),
    /// Change a role, or a policy that belongs to it.
    Role {
        /// The account that it lies in.
        account: AccountId,
        /// Its name.
        name: RoleName,
        /// The change.
        change: RoleChange,
    },
    /// Take something away that is ours.
    Remove(Removed),
    /// Make the webhook's certificate ready.
    Certificate {
        /// What is missing.
        what: WebhookPlan,
        /// The key directory that it sleeps in.
        directory: PathBuf,
    },
    /// Write a file for the cluster.
    Output {
        /// The file.
        file: OutputFile,
        /// Whether another text of that name is there.
        replaces: bool,
    },
}

impl Step {
    /// Tells whether the step changes anything.
    #[must_use]
    pub fn changes(&self) -> bool {
        !matches!(self, Self::ReadBack { .. } | Self::Confirm(_))
    }

    /// Returns a stable word for machines.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MakeKey { .. } => "make-key",
            Self::SaveKeys { .. } => "save-keys",
            Self::Publish(change) => change.kind(),
            Self::PublishNew { .. } => "object",
            Self::Confirm(_) => "confirm",
            Self::ReadBack { .. } => "read-back",
            Self::RecordPublished { .. } => "record-published",
            Self::Register(change) => change.kind(),
            Self::Role { change, .. } => change.kind(),
            Self::Remove(removed) => removed.kind(),
            Self::Certificate { .. } => "certificate",
            Self::Output { .. } => "output",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeKey { algorithm, directory } => {
                write!(f, "new {algorithm} key in {}", directory.display())
            }
            Self::SaveKeys { directory, ring } => {
                write!(f, "complete {} for key {}", directory.display(), ring.signer().kid())
            }
            Self::Publish(change) => change.fmt(f),
            Self::PublishNew { path } => write!(f, "write {path} (with the new key)"),
            Self::Confirm(changes) => {
                let what: Vec<&str> = changes.iter().map(PublishChange::kind).collect();
                write!(f, "look again whether the bucket's {} stand as written", what.join(" and "))
            }
            Self::ReadBack { url, .. } => write!(f, "read back {url} and the JWKS"),
            Self::RecordPublished { directory, .. } => {
                write!(
                    f,
                    "record in {} since when the key is published",
                    directory.join("ring.json").display()
                )
            }
            Self::Register(change) => change.fmt(f),
            Self::Role { name, change, .. } => write!(f, "role {name}: {change}"),
            Self::Remove(removed) => removed.fmt(f),
            Self::Certificate { what, directory } => {
                let what = match what {
                    WebhookPlan::Keep => "keep the webhook's certificate",
                    WebhookPlan::Renew(WebhookRenewal::OtherNames) => {
                        "a new certificate for the webhook, in place of the one for other names and by its authority,"
                    }
                    WebhookPlan::Renew(_) => {
                        "a new certificate for the webhook, by the authority that is there,"
                    }
                    WebhookPlan::RenewAuthority(WebhookRenewal::OtherNames) => {
                        "a new authority and certificate for the webhook, in place of the one for other names,"
                    }
                    WebhookPlan::RenewAuthority(_) => "a new authority and certificate for the webhook",
                    WebhookPlan::Make => "an authority and a certificate for the webhook",
                };
                write!(f, "{what} in {}", directory.join("webhook").display())
            }
            Self::Output { file, replaces: true } => {
                write!(f, "replace {}, which differs", file.path.display())
            }
            Self::Output { file, .. } => write!(f, "write {}", file.path.display()),
        }
    }
}

/// Steps that do not need each other.
#[derive(Clone, Debug)]
pub struct Stage {
    /// A stable word for machines and people.
    pub name: &'static str,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// What to do, in order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The stages; none is empty.
    pub stages: Vec<Stage>,
    /// What the reader should know, and nothing is done about.
    pub notes: Vec<String>,
    /// What is ours, or speaks of us, and stays although it should go: sentences with what to do by hand.
    pub left: Vec<String>,
}

impl Plan {
    /// Lists every step in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// Tells whether anything is changed.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.steps().any(Step::changes)
    }

    pub(crate) fn stage(&mut self, name: &'static str, steps: Vec<Step>) {
        if !steps.is_empty() {
            self.stages.push(Stage { name, steps });
        }
    }
}
