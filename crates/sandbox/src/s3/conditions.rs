//! Conditional requests: reads that only want what is new, writes that only follow what was read.
//!
//! Follows [conditional reads][reads] and [conditional writes][writes].
//!
//! [reads]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html
//! [writes]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html

use s3s::dto::{ETagCondition, Timestamp};
use time::OffsetDateTime;

use crate::refusal::{Answer, Refusal};
use crate::state::Object;

/// What a read asks of the object.
pub(super) struct ReadConditions<'a> {
    pub(super) if_match: Option<&'a ETagCondition>,
    pub(super) if_none_match: Option<&'a ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl ReadConditions<'_> {
    /// Checks them: a matching If-Match outweighs If-Unmodified-Since, If-None-Match outweighs If-Modified-Since.
    pub(super) fn check(self, object: &Object, modified: OffsetDateTime) -> Answer<()> {
        let unmodified =
            || self.if_unmodified_since.clone().is_none_or(|time| modified <= OffsetDateTime::from(time));
        match self.if_match {
            Some(condition) if !matches(condition, object) => return Err(failed("If-Match")),
            None if !unmodified() => return Err(failed("If-Unmodified-Since")),
            _ => {}
        }
        let not_modified = || Refusal::new("NotModified", 304, "Not Modified");
        match self.if_none_match {
            Some(condition) if matches(condition, object) => Err(not_modified()),
            None if self.if_modified_since.is_some_and(|time| modified <= OffsetDateTime::from(time)) => {
                Err(not_modified())
            }
            _ => Ok(()),
        }
    }
}

/// Checks what a write or a deletion asks of the object that is there.
pub(super) fn check_write(
    key: &str,
    current: Option<&Object>,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> Answer<()> {
    match if_none_match {
        // "upload the object only if the object key name does not already exist": no other value is taken.
        Some(ETagCondition::Any) if current.is_some() => return Err(failed("If-None-Match")),
        Some(ETagCondition::ETag(_)) => {
            let text = "A header you provided implies functionality that is not implemented";
            let refusal = Refusal::new("NotImplemented", 501, text).with("Header", "If-None-Match");
            return Err(refusal.with(
                "additionalMessage",
                "We don't accept the provided value of If-None-Match header for this API",
            ));
        }
        _ => {}
    }
    match (if_match, current) {
        (None, _) => Ok(()),
        // "If there is no object with the same name, the operation fails with a 404".
        (Some(_), None) => {
            Err(Refusal::new("NoSuchKey", 404, "The specified key does not exist.").with("Key", key))
        }
        (Some(condition), Some(object)) if matches(condition, object) => Ok(()),
        (Some(_), Some(_)) => Err(failed("If-Match")),
    }
}

/// "If a conflicting operation occurs during the upload S3 returns a 409 ConditionalRequestConflict response":
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>. That is an earlier conditional write of the
/// key that is still under way, or a deletion that came between. Who comes after a write that is done gets a 412.
pub(super) fn conflict(key: &str) -> Refusal {
    let text = "The conditional request cannot succeed due to a conflicting operation against this resource.";
    Refusal::new("ConditionalRequestConflict", 409, text).with("Key", key)
}

fn matches(condition: &ETagCondition, object: &Object) -> bool {
    condition.as_etag().is_none_or(|etag| etag.value() == object.etag)
}

fn failed(condition: &str) -> Refusal {
    let text = "At least one of the pre-conditions you specified did not hold";
    Refusal::new("PreconditionFailed", 412, text).with("Condition", condition)
}
