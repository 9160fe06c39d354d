//! What is wrong with the webhook's directory without being in the way, in words for whoever runs the cluster.

use std::fmt;
use std::path::PathBuf;

use crate::KeyDirWarning;

/// Something about the webhook's directory that should be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookWarning {
    /// What is wrong with a file of any key directory.
    File(KeyDirWarning),
    /// The private key of the authority is gone, so it signs no certificate any more.
    AuthorityKeyGone {
        /// Where it was.
        path: PathBuf,
    },
}

impl fmt::Display for WebhookWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(warning) => warning.fmt(f),
            Self::AuthorityKeyGone { path } => write!(
                f,
                "the private key {} is gone: the webhook's certificate stays good until its end, but the next renewal \
                 makes a new authority; put the file back where there is a copy of it",
                path.display()
            ),
        }
    }
}
