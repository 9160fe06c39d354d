//! The query of a URL, read as S3's own reader reads it: names and values unescaped, names compared whole.
//!
//! Whoever asks what a request is about has to see what the one who answers it sees: another reading is a way around
//! a policy. A plus is a space, as in a form ([URL, section 5][form]).
//!
//! [form]: https://url.spec.whatwg.org/#urlencoded-parsing

use http::Uri;
use percent_encoding::percent_decode_str;

/// The parameters of a URL, in their order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The parameters of a request.
    pub(crate) fn of(uri: &Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default())
    }

    /// Reads what stands behind the question mark.
    pub(crate) fn parse(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(unescaped).collect())
    }

    /// Whether a parameter is there, with a value or without.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The value of a parameter, the first where it is there twice.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The names, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

fn unescaped((name, value): (&str, &str)) -> (String, String) {
    let text = |part: &str| {
        let part = part.replace('+', " ");
        percent_decode_str(&part).decode_utf8_lossy().into_owned()
    };
    (text(name), text(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole_and_unescaped() {
        for (query, is_there) in [
            ("versionId=1", true),
            ("versionId", true),
            ("a=b&versionId=", true),
            ("version%49d=1", true),
            ("%76ersionId=1", true),
            ("xversionId=1", false),
            ("x=versionId=1", false),
            ("x=%26versionId=1", false),
            ("versionid=1", false),
            ("versionId%3D1", false),
            ("versionId+=1", false),
            ("", false),
            ("&&", false),
        ] {
            assert_eq!(Parameters::parse(query).has("versionId"), is_there, "{query}");
        }
    }

    #[test]
    fn values_are_unescaped_once() {
        let read = Parameters::parse("prefix=a+b%2Fc%2541&delimiter==&prefix=second&empty");
        assert_eq!(read.value("prefix"), Some("a b/c%41"));
        assert_eq!(
            (read.value("delimiter"), read.value("empty"), read.value("none")),
            (Some("="), Some(""), None)
        );
        assert_eq!(read.names().collect::<Vec<_>>(), ["prefix", "delimiter", "prefix", "empty"]);
    }
}
