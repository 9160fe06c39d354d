//! What is there now: the key directory, the place of the documents, the provider.

use issuer_keygen::{KeyDirWarning, KeyRing};
use issuer_registrar::{Provider, ProviderClient};

use crate::destination::{Destination, LivePlace};
use crate::error::PlanError;
use crate::request::{KeySource, Request};

/// Everything that a plan is built from.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Our keys, when there are any.
    pub ring: Option<KeyRing>,
    /// What was odd about the key directory.
    pub warnings: Vec<KeyDirWarning>,
    /// The place of the documents, when it is asked about.
    pub place: Option<LivePlace>,
    /// The provider, when it is asked about and there is one.
    pub provider: Option<Provider>,
}

impl Facts {
    /// Reads all that the request is about, at once.
    ///
    /// # Errors
    /// When a part cannot be read.
    pub async fn read(
        request: &Request,
        destination: Option<&Destination>,
        provider: Option<&ProviderClient>,
    ) -> Result<Self, PlanError> {
        // A key directory that cannot be used is known before anything is asked of others.
        let mut keys = load(request)?;
        let place = async {
            match destination {
                Some(destination) => destination.read().await.map(Some),
                None => Ok(None),
            }
        };
        let provider = async {
            match (provider, &request.provider) {
                (Some(client), Some(_)) => client.read().await.map_err(PlanError::from),
                _ => Ok(None),
            }
        };
        let (place, provider) = futures_util::future::join(place, provider).await;
        let (place, provider) = (place?, provider?);
        // A run beside this one may have made the key and published it since: a key is on disk before
        // anything refers to it, so a directory that is looked at last knows every key that is live.
        if keys.is_none() {
            keys = load(request)?;
        }
        let (ring, warnings) = keys.map_or((None, Vec::new()), |(ring, warnings)| (Some(ring), warnings));
        Ok(Self { ring, warnings, place, provider })
    }
}

fn load(request: &Request) -> Result<Option<(KeyRing, Vec<KeyDirWarning>)>, PlanError> {
    match request.publish.as_ref().map(|publish| &publish.keys) {
        None => Ok(None),
        Some(KeySource::Public(ring)) => Ok(Some((ring.clone(), Vec::new()))),
        Some(KeySource::Directory { directory, .. }) => {
            Ok(directory.load()?.map(|loaded| (loaded.ring, loaded.warnings)))
        }
    }
}
