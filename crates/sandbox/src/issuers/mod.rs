//! What the URLs of issuers answer to AWS, which reads them as everybody can: IAM when a provider is made, STS when a
//! token comes.
//!
//! An issuer in one of the sandbox's own buckets is read as an anonymous caller would read it, any other over TLS, as
//! far as the sandbox may go there.

mod elsewhere;

use http::Uri;
use issuer_discovery::{Fetch, FetchError, Fetched, MAX_DOCUMENT_BYTES};
use percent_encoding::percent_decode_str;

pub(crate) use elsewhere::Elsewhere;

use crate::account::Account;
use crate::host::{AwsHost, Host, Service};
use crate::parameters::Parameters;
use crate::s3::{self, Place};

/// Reads documents for AWS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a Account);

/// Under whose certificate a host answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Vouched {
    /// The sandbox's own hosts: they stand for those of AWS, which a public authority vouches for.
    Own,
    /// An authority that is public.
    Public,
    /// Another one, by the SHA-1 of the last certificate that the host sends.
    Private(String),
}

impl Reader<'_> {
    /// Who vouches for the host of an https URL.
    pub(crate) async fn vouched(&self, url: &str) -> Result<Vouched, FetchError> {
        match own(url) {
            Some(_) => Ok(Vouched::Own),
            None => self.0.elsewhere.vouched(url).await,
        }
    }
}

impl Fetch for Reader<'_> {
    async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        let Some(own) = own(url) else { return self.0.elsewhere.get(url).await };
        // "you can't use virtual-hosted-style requests with dots over HTTPS": the certificate is for one label more.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        if own.in_host && own.place.bucket.contains('.') {
            let source = rustls::Error::InvalidCertificate(rustls::CertificateError::NotValidForName);
            return Err(FetchError::Broken { url: url.to_owned(), source: Box::new(source) });
        }
        let fetched = s3::read(self.0.home(), &own.place);
        match fetched.body.len() > MAX_DOCUMENT_BYTES {
            true => Err(FetchError::TooLarge { url: url.to_owned() }),
            false => Ok(fetched),
        }
    }
}

/// Whether a URL leads to a bucket of the sandbox's, and not to somebody else's host.
pub(crate) fn is_own(url: &str) -> bool {
    own(url).is_some()
}

/// Where an https URL of S3 leads.
struct Own {
    /// Whether the bucket stands in the host's name, and not in the path.
    in_host: bool,
    place: Place,
}

/// Takes an https URL of S3 apart, as a client does: the fragment is not sent. Nothing when the host or its port is
/// somebody else's, or when it is no such URL.
fn own(url: &str) -> Option<Own> {
    let uri = url.parse::<Uri>().ok().filter(|uri| uri.scheme_str() == Some("https"))?;
    if uri.port_u16().is_some_and(|port| port != 443) {
        return None;
    }
    let Host::Aws(AwsHost { service: Service::S3 { bucket, global }, region, .. }) = Host::parse(uri.host()?)
    else {
        return None;
    };
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8_lossy();
    let in_host = bucket.is_some();
    let (bucket, key) = match bucket {
        Some(bucket) => (bucket, path.into_owned()),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
            (bucket.to_owned(), key.to_owned())
        }
    };
    let region = region.filter(|_| !global);
    Some(Own { in_host, place: Place { bucket, key, region, parameters: Parameters::of(&uri) } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_clients_send_them() {
        let host = "my-bucket.s3.eu-west-1.amazonaws.com";
        for (url, key) in [
            (format!("https://{host}/a/b"), Some("a/b")),
            (format!("https://{host}:443/a"), Some("a")),
            (format!("https://{host}/a#b"), Some("a")),
            (format!("https://{host}/a?x=1#b?c"), Some("a")),
            (format!("https://{host}/a%2Fb%20c+d"), Some("a/b c+d")),
            (format!("https://{host}/a%3Fx"), Some("a?x")),
            (format!("https://{host}?x"), Some("")),
            (format!("https://{}/a", host.to_ascii_uppercase()), Some("a")),
            ("https://s3.eu-west-1.amazonaws.com/my-bucket/a".to_owned(), Some("a")),
            ("https://s3.eu-west-1.amazonaws.com/my%2Dbucket/a%2Fb".to_owned(), Some("a/b")),
            (format!("https://{host}:8443/a"), None),
            (format!("http://{host}/a"), None),
            (format!("https://{host}/a b"), None),
            (format!("https://{host}.example.com/a"), None),
            ("https://iam.amazonaws.com/a".to_owned(), None),
        ] {
            let place = own(&url).map(|own| own.place);
            assert_eq!(place.as_ref().map(|place| place.key.as_str()), key, "{url}");
            let bucket = place.as_ref().map(|place| (place.bucket.as_str(), place.region.as_deref()));
            assert_eq!(bucket, key.map(|_| ("my-bucket", Some("eu-west-1"))), "{url}");
        }
        let place = own(&format!("https://{host}/a?version%49d=1&x#versionId=2")).unwrap().place;
        assert_eq!(place.parameters.value("versionId"), Some("1"));
    }
}
