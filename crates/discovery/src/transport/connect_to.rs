//! `--connect-to HOST:PORT:ADDR:PORT`, with [curl's](https://curl.se/docs/manpage.html#--connect-to) meaning.

use std::fmt;
use std::str::FromStr;

/// One rule: requests for this host and port connect to that address and port instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    host: Option<String>,
    port: Option<u16>,
    to_host: Option<String>,
    to_port: Option<u16>,
}

/// Why a text is not a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not HOST:PORT:ADDR:PORT; an empty HOST or PORT means any, [::1] is how IPv6 is written", .0.escape_debug())]
pub struct ConnectToError(String);

impl ConnectTo {
    /// Returns where to connect for a host and port, when this rule is about them.
    #[must_use]
    pub fn apply(&self, host: &str, port: u16) -> Option<(String, u16)> {
        let host_fits = self.host.as_deref().is_none_or(|ours| ours.eq_ignore_ascii_case(host));
        let port_fits = self.port.is_none_or(|ours| ours == port);
        (host_fits && port_fits)
            .then(|| (self.to_host.clone().unwrap_or_else(|| host.to_owned()), self.to_port.unwrap_or(port)))
    }
}

impl FromStr for ConnectTo {
    type Err = ConnectToError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ConnectToError(text.to_owned());
        let mut rest = Some(text);
        let mut part = || {
            let whole = rest.take()?;
            let end = match whole.strip_prefix('[') {
                Some(inner) => inner.find(']')? + 2,
                None => whole.find(':').unwrap_or(whole.len()),
            };
            let (head, tail) = whole.split_at_checked(end)?;
            match tail.strip_prefix(':') {
                Some(tail) => rest = Some(tail),
                None if tail.is_empty() => rest = None,
                None => return None,
            }
            Some(head.to_owned())
        };
        let (host, port) = (part().ok_or_else(error)?, part().ok_or_else(error)?);
        let (to_host, to_port) = (part().ok_or_else(error)?, part().ok_or_else(error)?);
        if rest.is_some() {
            return Err(error());
        }
        let number = |text: String| match text.as_str() {
            "" => Ok(None),
            digits => digits.parse::<u16>().map(Some).map_err(|_| error()),
        };
        let name = |text: String| (!text.is_empty()).then_some(text);
        Ok(Self { host: name(host), port: number(port)?, to_host: name(to_host), to_port: number(to_port)? })
    }
}

impl fmt::Display for ConnectTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = |port: Option<u16>| port.map(|port| port.to_string()).unwrap_or_default();
        let host = |host: &Option<String>| host.clone().unwrap_or_default();
        write!(f, "{}:{}:{}:{}", host(&self.host), port(self.port), host(&self.to_host), port(self.to_port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_match_as_curls_do() {
        let table = [
            ("::127.0.0.1:8443", "a.example", 443, Some(("127.0.0.1", 8443))),
            ("a.example:443:[::1]:1", "A.example", 443, Some(("[::1]", 1))),
            ("a.example:443:b.example:", "a.example", 443, Some(("b.example", 443))),
            ("a.example::c:9", "b.example", 443, None),
            (":80:c:9", "a.example", 443, None),
            (":::9", "a.example", 443, Some(("a.example", 9))),
        ];
        for (rule, host, port, to) in table {
            let to = to.map(|(host, port): (&str, u16)| (host.to_owned(), port));
            let parsed: ConnectTo = rule.parse().unwrap();
            assert_eq!(parsed.apply(host, port), to, "{rule}");
            assert_eq!(parsed.to_string(), rule);
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in ["", "a", "a:1:b", "a:1:b:2:3", "a:x:b:2", "a:1:b:70000", "[::1:1:b:2"] {
            assert!(text.parse::<ConnectTo>().is_err(), "{text:?}");
        }
    }
}
