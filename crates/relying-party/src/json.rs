//! JSON from strangers, kept whole (lean.rs keeps texts alone): a member that stands twice in one object is refused at
//! any depth, since two readers could then see two texts in one
//! ([RFC 8259, section 4](https://www.rfc-editor.org/rfc/rfc8259#section-4)). Nesting is bounded by serde_json at 128.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::refusal::quoted;

/// Reads one JSON object and nothing after it.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let members = deserializer.deserialize_map(Object)?;
    deserializer.end()?;
    Ok(members)
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
        // Claims and keys have up to a dozen members: room for them at once, and each is looked up once.
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

    use super::parse_object;

    #[test]
    fn members_twice_are_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"x":[[{"a":1,"\u0061":2}]]}"#] {
            let error = parse_object(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("appears twice in one object"), "{error}");
        }
        let good = r#"{"a":{"b":1},"c":{"b":-1.5,"d":[null,true,"é\n"]}}"#;
        assert_eq!(Value::Object(parse_object(good.as_bytes()).unwrap()).to_string(), good);
    }

    #[test]
    fn other_values_trailing_text_and_endless_nesting_are_refused() {
        for text in ["", "[]", "1", "{} {}", "{}x", "\u{feff}{}", r#"{"a":1e400}"#, r#"{"a":01}"#] {
            assert!(parse_object(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse_object(b"{\"a\":\"\xff\"}").is_err());
        assert!(parse_object("{\"a\":".repeat(20_000).as_bytes()).is_err());
    }
}
