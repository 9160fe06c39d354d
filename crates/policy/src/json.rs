//! JSON read strictly: no member twice at any depth, no number that would change when written back.
//!
//! [RFC 8259 section 4](https://www.rfc-editor.org/rfc/rfc8259#section-4) leaves repeated names to the reader;
//! AWS refuses a policy that has one, and a reader that silently takes the last would evaluate another policy.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one JSON text.
///
/// # Errors
/// What is not JSON, goes deeper than 127 levels, names a member twice, or holds a number that would be written back
/// in other characters.
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut deserializer)?;
    deserializer.end()?;
    // 1.2 stays 1.2, but 1.10 would come back as 1.1, and a stranger's statement has to stay as it was.
    for literal in numbers(text) {
        let number: Number = serde_json::from_str(literal)?;
        if number.to_string() != literal {
            return Err(serde_json::Error::custom(format_args!(
                "the number near {number} is not a 64-bit integer and could not be written back unchanged; put it in quotes"
            )));
        }
    }
    Ok(value)
}

/// The numbers of a JSON text, as they are written.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            rest = &rest[start..];
            if let Some(string) = rest.strip_prefix('"') {
                rest = after_string(string);
                continue;
            }
            let of_a_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
            let end = rest.find(|c| !of_a_number(c)).unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            rest = after;
            return Some(number);
        }
    })
}

/// What follows a string whose opening quote was taken.
fn after_string(text: &str) -> &str {
    let mut rest = text;
    while let Some(end) = rest.find(['"', '\\']) {
        let (found, after) = rest[end..].split_at(1);
        if found == "\"" {
            return after;
        }
        // What is escaped is no end, whatever it is.
        let mut escaped = after.chars();
        escaped.next();
        rest = escaped.as_str();
    }
    ""
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(Strict)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format_args!(
                    "the member {name:?} appears twice in one object"
                )));
            }
            let value = members.next_value_seed(Strict)?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn members_twice_are_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"[[{"a":1,"\u0061":2}]]"#] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("appears twice in one object at line 1"), "{error}");
        }
        assert!(parse(r#"{"a":{"b":1},"c":{"b":1}}"#).is_ok());
    }

    #[test]
    fn what_would_not_come_back_unchanged_is_refused() {
        for number in ["1.10", "1e3", "1E3", "-0", "0.30000000000000000001", "123456789012345678901234567890"]
        {
            for text in [
                number.to_owned(),
                format!("[1.2,{number}]"),
                format!(r#"{{"a\\\"1.2":"\\\\","b":{number}}}"#),
            ] {
                let error = parse(&text).unwrap_err().to_string();
                assert!(error.contains("put it in quotes"), "{text}: {error}");
            }
        }
        for text in [
            "18446744073709551615",
            "-9223372036854775808",
            "1.2",
            "-0.5",
            "1.0",
            "0.1",
            "[1.2,1.3]",
            r#"{"NumericLessThan":{"s3:TlsVersion":1.2}}"#,
            // What is in quotes is no number.
            r#"{"1.10":"1.10","\\":"1e3\"1.10","é\"-0":[1,"-0",2.5]}"#,
            "true",
            "null",
            r#""x""#,
            "[]",
            "{}",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn trailing_text_and_endless_nesting_are_refused() {
        assert!(parse("{} {}").is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
