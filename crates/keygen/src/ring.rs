//! The ring: which key signs, which others are published, and what is known of each since when.
//! A pure value; [`crate::KeyDir`] writes it down. Rotation will put several keys on it at once.

use time::{OffsetDateTime, UtcOffset};

use crate::ring_file::Records;
use crate::{KeyId, PublicKey};

/// The keys of one issuer, the signer first.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRing {
    keys: Vec<PublicKey>,
    records: Records,
}

/// What is known of a key. Instants are kept in UTC to the second.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeyRecord {
    /// The issuer that the key is for, byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub made: Option<OffsetDateTime>,
    /// When it was first seen in a published JWKS.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub first_published: Option<OffsetDateTime>,
    /// Since when it signs.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub signs_since: Option<OffsetDateTime>,
}

/// Why keys make no ring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// There is no key.
    #[error("a key ring needs at least one key")]
    Empty,
}

impl KeyRing {
    /// A ring of public keys alone, the first of which is the signer's. A key that comes twice
    /// counts where it came first.
    ///
    /// # Errors
    /// [`RingError::Empty`] without any key.
    pub fn from_public_keys(keys: Vec<PublicKey>) -> Result<Self, RingError> {
        Self::from_parts(keys, Records::default())
    }

    pub(crate) fn from_parts(keys: Vec<PublicKey>, records: Records) -> Result<Self, RingError> {
        let mut ring = Self { keys: Vec::with_capacity(keys.len()), records };
        for key in keys {
            ring.add(key);
        }
        if ring.keys.is_empty() { Err(RingError::Empty) } else { Ok(ring) }
    }

    /// The key that signs.
    #[must_use]
    pub fn signer(&self) -> &PublicKey {
        // Never empty: only `from_parts` makes a ring, and nothing takes a key away.
        &self.keys[0]
    }

    /// The keys for the JWKS: the signer's, then the others in order.
    pub fn published(&self) -> impl ExactSizeIterator<Item = &PublicKey> + Clone {
        self.keys.iter()
    }

    /// The key of that name.
    #[must_use]
    pub fn key(&self, kid: &KeyId) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.kid() == kid)
    }

    /// Adds a key that verifies; says whether it was not there yet.
    pub fn add(&mut self, key: PublicKey) -> bool {
        let new = self.key(key.kid()).is_none();
        if new {
            self.keys.push(key);
        }
        new
    }

    /// What is known of a key; also of one that is not on the ring any more.
    #[must_use]
    pub fn record(&self, kid: &KeyId) -> Option<&KeyRecord> {
        self.records.of(kid)
    }

    /// Finds a key that is recorded for another issuer than this one: whoever holds a key of two
    /// issuers can be every service account of both.
    pub fn of_another_issuer(&self, issuer: &str) -> Option<(&KeyId, &str)> {
        self.published().find_map(|key| {
            let recorded = self.record(key.kid())?.issuer.as_deref()?;
            (recorded != issuer).then_some((key.kid(), recorded))
        })
    }

    /// Every record: in the order in which they were made.
    pub fn records(&self) -> impl Iterator<Item = (&KeyId, &KeyRecord)> {
        self.records.iter()
    }

    /// The ring with one record set.
    #[must_use]
    pub fn with_record(mut self, kid: &KeyId, record: KeyRecord) -> Self {
        self.set_record(kid, record);
        self
    }

    /// Sets a record; says whether that changed anything.
    pub fn set_record(&mut self, kid: &KeyId, record: KeyRecord) -> bool {
        self.records.set(kid, record.normal())
    }

    /// Changes a record, an empty one if there is none; says whether that changed anything.
    pub fn update_record(&mut self, kid: &KeyId, change: impl FnOnce(&mut KeyRecord)) -> bool {
        let mut record = self.record(kid).cloned().unwrap_or_default();
        change(&mut record);
        self.set_record(kid, record)
    }
}

impl KeyRecord {
    /// What both know, this one first.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            issuer: self.issuer.or_else(|| other.issuer.clone()),
            made: self.made.or(other.made),
            first_published: self.first_published.or(other.first_published),
            signs_since: self.signs_since.or(other.signs_since),
        }
    }

    /// The form in which it is written, so that equal records have equal bytes.
    pub(crate) fn normal(self) -> Self {
        // The last and the first day that can be written have no UTC form for every offset.
        let utc = |at: OffsetDateTime| at.checked_to_offset(UtcOffset::UTC).unwrap_or(at);
        let normal = |at| utc(at).truncate_to_second();
        Self {
            issuer: self.issuer,
            made: self.made.map(normal),
            first_published: self.first_published.map(normal),
            signs_since: self.signs_since.map(normal),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::Curve;

    const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/kube-apiserver/two-keys/sa.pub");

    fn keys() -> Vec<PublicKey> {
        crate::read_public_keys(FIXTURE).unwrap().keys
    }

    #[test]
    fn the_first_key_signs_and_doubles_are_folded() {
        let [rsa, ec] = keys().try_into().unwrap();
        let ring = KeyRing::from_public_keys(vec![ec.clone(), rsa.clone(), ec.clone()]).unwrap();
        assert_eq!(ring.signer(), &ec);
        assert_eq!(ring.published().collect::<Vec<_>>(), [&ec, &rsa]);
        assert_eq!(ring.signer().describe().to_string(), format!("EC {}", Curve::P256));
        assert_eq!(KeyRing::from_public_keys(vec![]), Err(RingError::Empty));
    }

    #[test]
    fn a_change_is_told_from_none() {
        let mut ring = KeyRing::from_public_keys(keys()).unwrap();
        let kid = ring.signer().kid().clone();
        let made = datetime!(2026-01-02 03:04:05.678 +02:00);
        assert!(ring.update_record(&kid, |record| record.made = Some(made)));
        assert!(!ring.update_record(&kid, |record| record.made = Some(made)));
        assert!(!ring.update_record(&kid, |record| record.made = Some(datetime!(2026-01-02 01:04:05 UTC))));
        assert_eq!(ring.record(&kid).unwrap().made, Some(datetime!(2026-01-02 01:04:05 UTC)));
    }
}
