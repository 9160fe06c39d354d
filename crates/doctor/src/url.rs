//! The host of a URL that a stranger wrote ([RFC 3986, section 3.2](https://www.rfc-editor.org/rfc/rfc3986#section-3.2)).

use issuer_discovery::IssuerUrl;

/// The part of a URL that says who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    /// The host in lower case, with its port where that is not 443: `https://a` and `https://A:443` are one place.
    pub(crate) host: String,
    /// Whether a user's name stands before the host: a reader may take that for the host.
    pub(crate) userinfo: bool,
}

impl Authority {
    pub(crate) fn of(url: &str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let (userinfo, host) = match authority.rsplit_once('@') {
            Some((_, host)) => (true, host),
            None => (false, authority),
        };
        let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(':')).unwrap_or(host);
        Self { host: host.to_ascii_lowercase(), userinfo }
    }

    /// Tells whether the host is S3's own.
    pub(crate) fn is_on_s3(&self) -> bool {
        // With a path, so that the bucket may stand there too.
        let url = format!("https://{}/bucket", self.host).parse();
        !self.userinfo && url.is_ok_and(|url: IssuerUrl| url.s3_location().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::Authority;

    #[test]
    fn one_host_is_one_host_however_it_is_written() {
        for (url, host, userinfo) in [
            ("https://a.example/x", "a.example", false),
            ("https://A.example:443/x", "a.example", false),
            ("https://a.example:/x", "a.example", false),
            ("https://a.example:8443", "a.example:8443", false),
            ("https://a.example?@b", "a.example", false),
            ("https://a.example@b.example/x", "b.example", true),
            ("https://a.example:443@b.example", "b.example", true),
            ("", "", false),
        ] {
            assert_eq!(Authority::of(url), Authority { host: host.to_owned(), userinfo }, "{url}");
        }
    }

    #[test]
    fn s3_is_known_by_its_host() {
        for (url, on_s3) in [
            ("https://keys.s3.eu-west-1.amazonaws.com/a?x=1#y", true),
            ("https://s3.eu-west-1.amazonaws.com/keys/a", true),
            ("https://keys.s3.eu-west-1.amazonaws.com@evil.example/", false),
            ("https://s3.eu-west-1.amazonaws.com.evil.example/keys", false),
            ("https://oidc.example.com", false),
        ] {
            assert_eq!(Authority::of(url).is_on_s3(), on_s3, "{url}");
        }
    }
}
