//! What everyone sees: the documents at the issuer's URL, and the certificates of the hosts that serve them.

use issuer_discovery::{AcceptedIssuer, Certificates, FetchError, HttpsFetch, JwksPath, PublishedDocument};
use issuer_relying_party::{Authority, Documents};

use crate::url;

/// What everyone sees.
pub(super) struct Seen {
    pub(super) documents: Documents,
    pub(super) certificates: Result<Certificates, FetchError>,
    pub(super) jwks_certificates: Option<Result<Certificates, FetchError>>,
}

impl Seen {
    pub(super) async fn of(issuer: &AcceptedIssuer, fetch: &HttpsFetch) -> Self {
        let (mut documents, certificates) =
            tokio::join!(Documents::fetch(fetch, issuer.as_str()), fetch.certificates(issuer.as_str()));
        let elsewhere = jwks_uri(&documents).filter(|uri| host(uri) != host(issuer.as_str()));
        let jwks_certificates = match &elsewhere {
            Some(uri) => Some(fetch.certificates(uri).await),
            None => None,
        };
        let server = elsewhere.as_deref().unwrap_or(issuer.as_str());
        documents.authority = authority(server, jwks_certificates.as_ref().unwrap_or(&certificates));
        Self { documents, certificates, jwks_certificates }
    }

    /// Returns where the JWKS is below the issuer, by the discovery document's word.
    pub(super) fn jwks_path(&self, issuer: &AcceptedIssuer) -> Option<JwksPath> {
        let uri = jwks_uri(&self.documents)?;
        uri.strip_prefix(issuer.as_str().trim_end_matches('/'))?.strip_prefix('/')?.parse().ok()
    }
}

fn jwks_uri(documents: &Documents) -> Option<String> {
    let answer = documents.discovery.as_ref().ok().filter(|answer| answer.status == 200)?;
    PublishedDocument::parse(&answer.body).ok().map(|document| document.jwks_uri)
}

/// Returns host and port of a URL.
fn host(url: &str) -> String {
    url::Authority::of(url).host
}

/// Says who vouches for the host of a URL, as AWS sees it: S3 shows AWS a certificate that AWS trusts, whatever stands between
/// here and there.
fn authority(server: &str, certificates: &Result<Certificates, FetchError>) -> Authority {
    match certificates {
        Ok(seen) if seen.public || url::Authority::of(server).is_on_s3() => Authority::Public,
        Ok(seen) => match seen.thumbprint().and_then(|print| print.parse().ok()) {
            Some(thumbprint) => Authority::Private { thumbprint },
            None => Authority::Unknown,
        },
        Err(_) => Authority::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use issuer_discovery::Fetched;

    use super::*;

    fn seen(jwks_uri: &str) -> Seen {
        let body = format!(r#"{{"issuer":"https://a.example.com/x","jwks_uri":"{jwks_uri}"}}"#).into_bytes();
        let answer = Fetched { status: 200, content_type: None, cache_control: None, location: None, body };
        let nobody = || FetchError::NotHttps { url: String::new() };
        Seen {
            documents: Documents::of("https://a.example.com/x", Ok(answer), None),
            certificates: Err(nobody()),
            jwks_certificates: None,
        }
    }

    #[test]
    fn the_jwks_is_looked_for_in_the_bucket_where_the_document_says() {
        let path = |issuer: &str, uri: &str| {
            let path = seen(uri).jwks_path(&issuer.parse().unwrap());
            path.map(|path| path.to_string())
        };
        let own = "https://a.example.com/x/keys.json";
        assert_eq!(path("https://a.example.com/x", own).as_deref(), Some("keys.json"));
        assert_eq!(path("https://a.example.com/x/", own).as_deref(), Some("keys.json"));
        assert_eq!(path("https://a.example.com/y", own), None);
        assert_eq!(path("https://a.example.com/x", "https://a.example.com/xy"), None);
    }

    #[test]
    fn what_s3_shows_here_is_not_what_it_shows_aws() {
        let found = |public| Ok(Certificates { chain: vec![vec![1]], verified: Ok(()), public });
        let (s3, other) = ("https://keys.s3.eu-west-1.amazonaws.com/jwks", "https://keys.example.com/jwks");
        assert_eq!(authority(s3, &found(false)), Authority::Public);
        assert_eq!(authority(other, &found(true)), Authority::Public);
        // SHA-1 of one byte, 01.
        let thumbprint = "bf8b4530d8d246dd74ac53a13471bba17941dff7".parse().unwrap();
        assert_eq!(authority(other, &found(false)), Authority::Private { thumbprint });
        let nobody = FetchError::NotHttps { url: String::new() };
        assert_eq!(authority(s3, &Err(nobody)), Authority::Unknown);
    }
}
