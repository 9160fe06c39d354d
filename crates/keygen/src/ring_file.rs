//! The bytes of `ring.json`: a version, and one record for each key in the order in which they
//! were made. No secrets. Members that this version does not know are kept where they are, since
//! a later one may have written them; a higher `version` is refused, since it may give the known
//! members another meaning.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{KeyId, KeyRecord};

const VERSION: u64 = 1;

/// Why `ring.json` cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RingFileError {
    /// Not JSON.
    #[error("it is not in the form that this tool writes")]
    Json(#[source] serde_json::Error),
    /// JSON of another shape. What it holds is not repeated: it may be a key that was put in the wrong place.
    #[error("it is not in the form that this tool writes{}", .line.map(|line| format!(", from line {line} on")).unwrap_or_default())]
    Form {
        /// The line where that shows, from 1, when it is known.
        line: Option<usize>,
    },
    /// Written by a later version.
    #[error(
        "its version is {0}, and this tool knows version {VERSION}; use the version of the tool that wrote it"
    )]
    Version(u64),
    /// Two records for one key.
    #[error("it has two records for the key {0}")]
    Twice(KeyId),
}

/// The records of a ring, and what else the file said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Records {
    entries: Vec<Entry>,
    other: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    kid: KeyId,
    #[serde(flatten)]
    record: KeyRecord,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Deserialize)]
struct File {
    version: u64,
    #[serde(default)]
    keys: Value,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Serialize)]
struct FileOut<'a> {
    version: u64,
    keys: &'a [Entry],
    #[serde(flatten)]
    other: &'a Map<String, Value>,
}

impl RingFileError {
    fn of(error: serde_json::Error) -> Self {
        if error.is_data() {
            // serde quotes the value that it did not expect.
            Self::Form { line: Some(error.line()).filter(|line| *line > 0) }
        } else {
            Self::Json(error)
        }
    }
}

impl Records {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, RingFileError> {
        // The version first: what follows may look otherwise in a later one.
        let file: File = serde_json::from_slice(json).map_err(RingFileError::of)?;
        if file.version != VERSION {
            return Err(RingFileError::Version(file.version));
        }
        let mut entries: Vec<Entry> = serde_json::from_value(file.keys).map_err(RingFileError::of)?;
        for (at, entry) in entries.iter().enumerate() {
            if entries[..at].iter().any(|earlier| earlier.kid == entry.kid) {
                return Err(RingFileError::Twice(entry.kid.clone()));
            }
        }
        for entry in &mut entries {
            entry.record = std::mem::take(&mut entry.record).normal();
        }
        Ok(Self { entries, other: file.other })
    }

    /// Indented, for people and their diffs, with a line feed at the end.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, RingFileError> {
        let file = FileOut { version: VERSION, keys: &self.entries, other: &self.other };
        let mut json = serde_json::to_vec_pretty(&file).map_err(RingFileError::Json)?;
        json.push(b'\n');
        Ok(json)
    }

    pub(crate) fn of(&self, kid: &KeyId) -> Option<&KeyRecord> {
        self.entries.iter().find(|entry| entry.kid == *kid).map(|entry| &entry.record)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&KeyId, &KeyRecord)> {
        self.entries.iter().map(|entry| (&entry.kid, &entry.record))
    }

    /// Forgets keys that are not known to be published: where there is no key at all, they were
    /// announced here by a run that was killed before its key had a name.
    pub(crate) fn forget_unused(&mut self) {
        self.entries.retain(|entry| {
            let record = &entry.record;
            record.first_published.is_some() || record.signs_since.is_some() || !entry.other.is_empty()
        });
    }

    /// Says whether that changed anything.
    pub(crate) fn set(&mut self, kid: &KeyId, record: KeyRecord) -> bool {
        match self.entries.iter_mut().find(|entry| entry.kid == *kid) {
            Some(entry) if entry.record == record => false,
            Some(entry) => {
                entry.record = record;
                true
            }
            None => {
                self.entries.push(Entry { kid: kid.clone(), record, other: Map::new() });
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KID: &str = "XEBqXFgSJLG0mp8TdjSZGkRcjvGKdQ8P8jPyq-1fFh4";

    #[test]
    fn what_is_not_known_stays() {
        let json = format!(
            r#"{{
  "version": 1,
  "keys": [
    {{
      "kid": "{KID}",
      "issuer": "https://issuer.example.test",
      "made": "2026-01-02T03:04:05Z",
      "retired": "2027-01-01T00:00:00Z"
    }}
  ],
  "comment": [
    1
  ]
}}
"#
        );
        let records = Records::parse(json.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(records.to_json().unwrap()).unwrap(), json);
        assert_eq!(
            records.of(&KID.parse().unwrap()).unwrap().issuer.as_deref(),
            Some("https://issuer.example.test")
        );
    }

    #[test]
    fn an_empty_ring_reads_back() {
        let json = Records::default().to_json().unwrap();
        assert_eq!(Records::parse(&json).unwrap(), Records::default());
    }

    #[test]
    fn no_instant_is_out_of_reach() {
        let json =
            format!(r#"{{"version":1,"keys":[{{"kid":"{KID}","made":"9999-12-31T23:59:59-23:00"}}]}}"#);
        let records = Records::parse(json.as_bytes()).unwrap();
        assert_eq!(Records::parse(&records.to_json().unwrap()).unwrap(), records);
    }

    #[test]
    fn what_stands_in_the_wrong_place_is_not_repeated() {
        for json in [r#""secret""#, r#"{"version":"secret"}"#, r#"{"version":1,"keys":"secret"}"#] {
            let error = Records::parse(json.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let twice = format!(r#"{{"version":1,"keys":[{{"kid":"{KID}"}},{{"kid":"{KID}"}}]}}"#);
        for (json, reason) in [
            ("", "not in the form"),
            ("[]", "not in the form"),
            (r#"{"keys":[]}"#, "not in the form"),
            (r#"{"version":1,"keys":[{"kid":"../x"}]}"#, "not in the form"),
            (r#"{"version":1,"keys":[{"made":"yesterday"}]}"#, "not in the form"),
            (r#"{"version":"1","keys":[]}"#, "not in the form"),
            (r#"{"version":2,"keys":"other"}"#, "its version is 2"),
            (twice.as_str(), "two records"),
        ] {
            let error = Records::parse(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
