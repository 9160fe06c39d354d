//! The documents of strangers, read without a copy: what is looked at of them are texts, so they borrow those from the
//! bytes and leave every other value out. As strict as [`issuer_policy::parse_object`]: no member twice in one object, at any depth.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use issuer_policy::quoted;

/// Up to here looking through a list is faster than hashing.
const FEW: usize = 16;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lean<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Lean<'a>>),
    /// An object.
    Object(Members<'a>),
    /// null, a boolean or a number.
    Other,
}

/// The members of an object, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, Lean<'a>)>);

/// Reads one JSON object and nothing after it.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Members<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Whole.deserialize(&mut deserializer)?;
    deserializer.end()?;
    match value {
        Lean::Object(members) => Ok(members),
        _ => Err(serde_json::Error::custom("it is not an object")),
    }
}

impl<'a> Members<'a> {
    pub(crate) fn value(&self, name: &str) -> Option<&Lean<'a>> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Lean<'a>> {
        let place = self.0.iter().position(|(member, _)| member == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// The member, when it is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Lean::text)
    }
}

impl Lean<'_> {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

struct Whole;

impl<'de> DeserializeSeed<'de> for Whole {
    type Value = Lean<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Lean<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole {
    type Value = Lean<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Lean<'de>, E> {
        Ok(Lean::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Lean<'de>, E> {
        Ok(Lean::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Lean<'de>, E> {
        Ok(Lean::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Lean<'de>, E> {
        Ok(Lean::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Lean<'de>, E> {
        Ok(Lean::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Lean<'de>, E> {
        Ok(Lean::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Lean<'de>, E> {
        Ok(Lean::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Lean<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(Whole)? {
            values.push(value);
        }
        Ok(Lean::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Lean<'de>, A::Error> {
        // Without room ahead: a million of `{}` has to stay small.
        let mut read: Vec<(Cow<'de, str>, Lean<'de>)> = Vec::new();
        let mut many: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(name) = members.next_key_seed(Name)? {
            let twice = if read.len() < FEW {
                read.iter().any(|(member, _)| *member == name)
            } else {
                if many.is_empty() {
                    many.extend(read.iter().map(|(member, _)| member.clone()));
                }
                !many.insert(name.clone())
            };
            if twice {
                return Err(A::Error::custom(format_args!(
                    "the member {} appears twice in one object",
                    quoted(&name)
                )));
            }
            read.push((name, members.next_value_seed(Whole)?));
        }
        Ok(Lean::Object(Members(read)))
    }
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Lean, parse_object};

    #[test]
    fn members_twice_are_refused_at_any_depth_however_many_there_are() {
        let many = |last: usize| {
            let members = (0..50).chain([last]).map(|number| format!("\"m{number}\":1"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        for text in [
            r#"{"a":1,"a":1}"#.to_owned(),
            r#"{"a":{"b":1,"b":2}}"#.to_owned(),
            r#"{"x":[[{"a":1,"\u0061":2}]]}"#.to_owned(),
            many(0),
            many(15),
            many(16),
            many(49),
        ] {
            let error = parse_object(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("appears twice in one object"), "{text}: {error}");
        }
        let read = parse_object(br#"{"a":{"b":"x\n"},"c":["y",1,null,true,-1.5]}"#).unwrap();
        let Some(Lean::Object(inner)) = read.value("a") else { unreachable!("it is an object") };
        assert_eq!((inner.text("b"), inner.text("c"), read.text("a")), (Some("x\n"), None, None));
        assert!(parse_object(many(50).as_bytes()).unwrap().value("m50").is_some());
    }

    #[test]
    fn an_empty_object_takes_no_room_of_its_own() {
        let read = parse_object(br#"{"keys":[{},{}]}"#).unwrap();
        let Some(Lean::List(entries)) = read.value("keys") else { unreachable!("it is a list") };
        for entry in entries {
            assert!(matches!(entry, Lean::Object(members) if members.0.capacity() == 0), "{entry:?}");
        }
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
