//! Reads the documents back at the issuer's URL, as AWS will, and compares them byte for byte.

use std::time::Duration;

use crate::fetch::{Fetch, FetchError, Fetched};
use crate::patience::{Patience, Waiting};
use crate::site::{Object, Site};

/// Why what is published is not what a relying party reads.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// No answer.
    #[error("the read-back failed: nobody could read the issuer's documents")]
    Fetch(#[source] FetchError),
    /// Another status than 200.
    #[error("the read-back failed: {url} answered HTTP {status}{}", .location.as_ref().map(|to| format!(", a redirect to {to}")).unwrap_or_default())]
    Status {
        /// The URL.
        url: String,
        /// Its answer.
        status: u16,
        /// Where a redirect points.
        location: Option<String>,
    },
    /// Other bytes.
    #[error(
        "the read-back failed: {url} serves other bytes than were published ({found} bytes instead of {expected}, the first difference at byte {at})"
    )]
    Differs {
        /// The URL.
        url: String,
        /// How many bytes came.
        found: usize,
        /// How many should have.
        expected: usize,
        /// Where they part, from 0.
        at: usize,
    },
}

/// Reads both documents until they are equal to the site's, or patience ends.
///
/// # Errors
/// What the last look found, when patience has ended.
pub async fn read_back<F, S>(
    fetch: &F,
    site: &Site,
    patience: Patience,
    waiting: &(dyn Fn(&Waiting) + Send + Sync),
    sleep: S,
) -> Result<(), ReadBackError>
where
    F: Fetch + Sync,
    S: AsyncFn(Duration),
{
    let discovery_url = site.issuer().discovery_url();
    let mut wait = patience.wait();
    loop {
        let both = futures_util::future::join(fetch.get(&discovery_url), fetch.get(site.jwks_uri()));
        let (discovery, jwks) = both.await;
        let result = compare(&discovery_url, site.discovery(), discovery)
            .and_then(|()| compare(site.jwks_uri(), site.jwks(), jwks));
        let Err(error) = result else { return Ok(()) };
        let what = format!("the public URL to answer ({error})");
        let Some(pause) = wait.pause(what, waiting) else { return Err(error) };
        sleep(pause).await;
    }
}

fn compare(url: &str, object: &Object, fetched: Result<Fetched, FetchError>) -> Result<(), ReadBackError> {
    let fetched = fetched.map_err(ReadBackError::Fetch)?;
    if fetched.status != 200 {
        let printable = |text: String| text.chars().filter(|c| !c.is_control()).take(300).collect();
        return Err(ReadBackError::Status {
            url: url.to_owned(),
            status: fetched.status,
            location: fetched.location.map(printable),
        });
    }
    if fetched.body == object.bytes {
        return Ok(());
    }
    let same = fetched.body.iter().zip(&object.bytes).take_while(|(found, ours)| found == ours).count();
    Err(ReadBackError::Differs {
        url: url.to_owned(),
        found: fetched.body.len(),
        expected: object.bytes.len(),
        at: same,
    })
}
