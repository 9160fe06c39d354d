//! The form body of the query protocol.
//!
//! Names of structures and lists are dotted paths: `Tags.member.1.Key`
//! ([query requests](https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html)).

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::refusal::{Answer, Refusal};

/// The parameters of a request, by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a body. Each name stands once, and everything is UTF-8.
    pub(crate) fn parse(body: &[u8]) -> Answer<Self> {
        let malformed = |problem| Refusal::new("MalformedQueryString", 400, problem);
        let text =
            std::str::from_utf8(body).map_err(|_| malformed("The query string contains a syntax error."))?;
        let mut parameters = BTreeMap::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let [name, value] = [name, value].map(|part| {
                let part = part.replace('+', " ");
                percent_decode_str(&part).decode_utf8().map(std::borrow::Cow::into_owned)
            });
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(malformed("The query string contains a syntax error."));
            };
            if parameters.insert(name, value).is_some() {
                return Err(malformed("The query string contains a parameter twice."));
            }
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter; an empty one counts as one that is not there.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a parameter, an empty one too.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names of all parameters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value of a parameter that has to be there.
    pub(crate) fn required(&self, name: &str) -> Answer<&str> {
        self.text(name).ok_or_else(|| {
            let text =
                format!("Value at '{}' failed to satisfy constraint: Member must not be null", member(name));
            validation_error(&text)
        })
    }

    /// The values of a list, in the order of their numbers.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let numbered = self.numbered(name).filter(|(_, rest)| rest.is_empty());
        let mut values = numbered.map(|((number, value), _)| (number, value)).collect::<Vec<_>>();
        values.sort_unstable();
        values.into_iter().map(|(_, value)| value).collect()
    }

    /// The pairs of a list of tags, in the order of their numbers.
    pub(crate) fn tags(&self, name: &str) -> Vec<(&str, &str)> {
        let mut tags = BTreeMap::<usize, (&str, &str)>::new();
        for ((number, value), rest) in self.numbered(name) {
            let tag = tags.entry(number).or_default();
            match rest {
                ".Key" => tag.0 = value,
                ".Value" => tag.1 = value,
                _ => {}
            }
        }
        tags.into_values().collect()
    }

    fn numbered<'a>(&'a self, name: &str) -> impl Iterator<Item = ((usize, &'a str), &'a str)> {
        let prefix = format!("{name}.member.");
        self.0.iter().filter_map(move |(key, value)| {
            let rest = key.strip_prefix(&prefix)?;
            let end = rest.find('.').unwrap_or(rest.len());
            let number = rest[..end].parse().ok()?;
            Some(((number, value.as_str()), &rest[end..]))
        })
    }
}

/// The name of a parameter as AWS has it in its messages: with a small first letter.
pub(crate) fn member(name: &str) -> String {
    match name.chars().next() {
        Some(first) => format!("{}{}", first.to_ascii_lowercase(), &name[first.len_utf8()..]),
        None => String::new(),
    }
}

/// A refusal by the model's constraints.
pub(crate) fn validation_error(problem: &str) -> Refusal {
    Refusal::new("ValidationError", 400, format!("1 validation error detected: {problem}"))
}

/// A refusal by several of them: AWS names all that do not hold.
pub(crate) fn validation_errors(problems: &[String]) -> Answer<()> {
    match problems {
        [] => Ok(()),
        [problem] => Err(validation_error(problem)),
        problems => {
            let text = format!("{} validation errors detected: {}", problems.len(), problems.join("; "));
            Err(Refusal::new("ValidationError", 400, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read() {
        let body =
            b"Action=Do&Url=https%3A%2F%2Fa.example%2Fb+c&L.member.10=j&L.member.2=b&Tags.member.1.Key=k\
            &Tags.member.1.Value=v%26&Empty=&Flag";
        let form = Form::parse(body).unwrap();
        assert_eq!(form.text("Action"), Some("Do"));
        assert_eq!(form.text("Url"), Some("https://a.example/b c"));
        assert_eq!(form.list("L"), ["b", "j"]);
        assert_eq!(form.tags("Tags"), [("k", "v&")]);
        assert_eq!((form.text("Empty"), form.text("Flag"), form.text("None")), (None, None, None));
        assert!(form.list("Tags").is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for body in [&b"a=1&a=2"[..], b"a=%FF", b"\xff=1"] {
            assert_eq!(Form::parse(body).unwrap_err().code, "MalformedQueryString");
        }
        assert_eq!(Form::parse(b"").unwrap(), Form::default());
        assert_eq!(Form::parse(b"&&").unwrap(), Form::default());
    }

    #[test]
    fn odd_numbers_are_left_out() {
        let form = Form::parse(b"L.member.x=1&L.member.=2&L.member.99999999999999999999999=3&L.member.1.=4")
            .unwrap();
        assert!(form.list("L").is_empty());
    }

    #[test]
    fn a_missing_parameter_is_named_as_the_model_names_it() {
        let refusal = Form::default().required("OpenIDConnectProviderArn").unwrap_err();
        assert!(refusal.message.contains("'openIDConnectProviderArn'"), "{}", refusal.message);
    }
}
