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
        let (ring, warnings) = match request.publish.as_ref().map(|publish| &publish.keys) {
            None => (None, Vec::new()),
            Some(KeySource::Public(ring)) => (Some(ring.clone()), Vec::new()),
            Some(KeySource::Directory { directory, .. }) => match directory.load()? {
                Some(loaded) => (Some(loaded.ring), loaded.warnings),
                None => (None, Vec::new()),
            },
        };
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
        Ok(Self { ring, warnings, place: place?, provider: provider? })
    }
}
