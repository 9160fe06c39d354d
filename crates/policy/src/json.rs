//! JSON from strangers, read strictly: no member twice at any depth, and in a policy no number that would change when
//! written back.
//!
//! [RFC 8259 section 4](https://www.rfc-editor.org/rfc/rfc8259#section-4) leaves repeated names to the reader, so two
//! readers could see two texts in one. AWS refuses a policy that has one, and a reader that silently takes the last
//! would evaluate another policy. Nesting is bounded by serde_json at 128.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::shown::quoted;

/// Reads one JSON object and nothing after it, as strictly as a policy is read; numbers are what they are.
///
/// # Errors
/// What is not a JSON object, goes deeper than 127 levels, or names a member twice.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let members = deserializer.deserialize_map(Object)?;
    deserializer.end()?;
    Ok(members)
}

/// Reads one JSON text of a policy.
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

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(Strict)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Value, A::Error> {
        Object.visit_map(members).map(Value::Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        // Claims, keys and statements have up to a dozen members: room for them at once, and each is looked up once.
        let mut map = Map::with_capacity(members.size_hint().unwrap_or(12));
        while let Some(name) = members.next_key::<String>()? {
            match map.entry(name) {
                Entry::Vacant(place) => place.insert(members.next_value_seed(Strict)?),
                Entry::Occupied(place) => {
                    return Err(A::Error::custom(format_args!(
                        "the member {} appears twice in one object",
                        quoted(place.key())
                    )));
                }
            };
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{parse, parse_object};

    #[test]
    fn members_twice_are_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"[[{"a":1,"\u0061":2}]]"#] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("appears twice in one object at line 1"), "{error}");
        }
        assert!(parse(r#"{"a":{"b":1},"c":{"b":1}}"#).is_ok());
        let inside = r#"{"x":[[{"a":1,"\u0061":2}]]}"#;
        assert!(
            parse_object(inside.as_bytes()).unwrap_err().to_string().contains("appears twice in one object")
        );
        let long = format!(r#"{{"{0}":1,"{0}":2}}"#, "`".repeat(10_000));
        assert!(parse(&long).unwrap_err().to_string().len() < 300, "a name is a stranger's word");
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

    #[test]
    fn an_object_is_kept_whole_and_nothing_else_is_one() {
        let good = r#"{"a":{"b":1},"c":{"b":-1.5,"d":[null,true,"é\n"]}}"#;
        assert_eq!(Value::Object(parse_object(good.as_bytes()).unwrap()).to_string(), good);
        for text in ["", "[]", "1", "{} {}", "{}x", "\u{feff}{}", r#"{"a":1e400}"#, r#"{"a":01}"#] {
            assert!(parse_object(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse_object(b"{\"a\":\"\xff\"}").is_err());
        assert!(parse_object("{\"a\":".repeat(20_000).as_bytes()).is_err());
    }
}
