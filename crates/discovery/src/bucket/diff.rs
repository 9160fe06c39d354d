//! Says what has to change in a bucket, or why nothing may: pure.

use std::collections::BTreeMap;

use issuer_policy::{BUCKET_POLICY_BYTES, Decision, Document, Request, RequestPrincipal};

use super::{AccountBlock, BucketPlace, LiveBucket, OWNER_ADOPTED, OWNER_CREATED, OWNER_TAG};
use crate::publish::{AccessBlock, LiveObject, PublishChange, Replaces};
use crate::site::{Object, Site};

/// Whether a bucket that somebody else made may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// Nothing of it is loosened.
    Refuse,
    /// It becomes ours, with its tag.
    Adopt,
}

/// Why a bucket is not to be changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BucketRefusal {
    /// The account's own block makes every public policy useless.
    #[error(
        "the account's own S3 Block Public Access has {} on, which wins over every bucket: \
         nothing in {bucket} can be read by AWS", .settings.join(" and ")
    )]
    AccountBlock {
        /// The bucket.
        bucket: String,
        /// The settings that stand in the way.
        settings: Vec<&'static str>,
    },
    /// Somebody else's bucket would have to be opened.
    #[error("the bucket {bucket} is not ours (it has no tag {OWNER_TAG}), and an issuer there needs it opened: {}", .needed.join("; "))]
    NotOurs {
        /// The bucket.
        bucket: String,
        /// What would have to change.
        needed: Vec<String>,
        /// Foreign statements that would become public.
        exposes: Vec<String>,
    },
    /// A statement of somebody else denies what we have to allow.
    #[error("the policy of bucket {bucket} denies everyone to read {resource} (statement {sid})")]
    Denied {
        /// The bucket.
        bucket: String,
        /// The object's ARN.
        resource: String,
        /// The statement.
        sid: String,
    },
    /// No room in the policy.
    #[error("the policy of bucket {bucket} would have {size} bytes; S3 takes {BUCKET_POLICY_BYTES}")]
    PolicyTooLarge {
        /// The bucket.
        bucket: String,
        /// Its size with our statement.
        size: usize,
    },
}

/// Says what has to change so that a bucket serves a site.
///
/// # Errors
/// When it may not or cannot be made so.
pub fn diff_bucket(
    place: &BucketPlace,
    live: &LiveBucket,
    site: &Site,
    tags: &BTreeMap<String, String>,
    adoption: Adoption,
) -> Result<Vec<PublishChange>, BucketRefusal> {
    check_account_block(place, live)?;
    let mut changes = Vec::new();
    let ours = live.tags.contains_key(OWNER_TAG);
    // Said once, when it is made or taken over; whoever changes it later has a reason.
    let owner = if live.exists { OWNER_ADOPTED } else { OWNER_CREATED };
    let mut wanted_tags = tags.clone();
    if !ours {
        wanted_tags.insert(OWNER_TAG.to_owned(), owner.to_owned());
    }
    if !live.exists {
        changes.push(PublishChange::CreateBucket {
            bucket: place.bucket.clone(),
            region: place.region.clone(),
            tags: wanted_tags.clone(),
        });
    }
    let hold = Hold::of(live, adoption);
    let opening = opening(place, live, hold)?;
    if hold != Hold::Theirs {
        if !live.versioned {
            changes.push(PublishChange::Versioning);
        }
        let add: BTreeMap<_, _> =
            wanted_tags.into_iter().filter(|(key, value)| live.tags.get(key) != Some(value)).collect();
        if !add.is_empty() {
            changes.push(PublishChange::Tags { add });
        }
    } else if !opening.is_empty() {
        return Err(BucketRefusal::NotOurs {
            bucket: place.bucket.to_string(),
            needed: opening.iter().map(ToString::to_string).collect(),
            exposes: exposed(place, live),
        });
    }
    changes.extend(opening);
    let pairs = [(site.jwks(), &live.documents.jwks), (site.discovery(), &live.documents.discovery)];
    changes.extend(pairs.into_iter().filter_map(|(object, found)| object_change(object, found.as_ref())));
    changes.sort_by_key(PublishChange::stage);
    Ok(changes)
}

/// Lists the statements that a closed access block keeps from counting and an open one would not.
fn exposed(place: &BucketPlace, live: &LiveBucket) -> Vec<String> {
    if !live.block.forbids_public_policy() {
        return Vec::new();
    }
    let ours = place.sid();
    let statements = live.policy.iter().flat_map(Document::public_statements);
    statements
        .filter(|statement| statement.sid() != Some(&ours))
        .map(|statement| {
            let sid = statement.sid().unwrap_or("(no Sid)");
            format!("{sid}: {} on {}", statement.action().join(", "), statement.resource().join(", "))
        })
        .collect()
}

fn check_account_block(place: &BucketPlace, live: &LiveBucket) -> Result<(), BucketRefusal> {
    let AccountBlock::Known(block) = &live.account_block else { return Ok(()) };
    let mut settings = Vec::new();
    if block.block_public_policy {
        settings.push("BlockPublicPolicy");
    }
    if block.restrict_public_buckets {
        settings.push("RestrictPublicBuckets");
    }
    if settings.is_empty() {
        return Ok(());
    }
    Err(BucketRefusal::AccountBlock { bucket: place.bucket.to_string(), settings })
}

/// How far a bucket is ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// We made it, or will.
    Made,
    /// It was handed over, or is now: it may be opened, but others use it.
    Adopted,
    /// It is somebody else's.
    Theirs,
}

impl Hold {
    fn of(live: &LiveBucket, adoption: Adoption) -> Self {
        match live.tags.get(OWNER_TAG).map(String::as_str) {
            _ if !live.exists => Self::Made,
            Some(OWNER_ADOPTED) => Self::Adopted,
            Some(_) => Self::Made,
            None if adoption == Adoption::Adopt => Self::Adopted,
            None => Self::Theirs,
        }
    }
}

/// Says what opens the bucket for the two objects: the access block and the policy.
fn opening(place: &BucketPlace, live: &LiveBucket, hold: Hold) -> Result<Vec<PublishChange>, BucketRefusal> {
    let mut changes = Vec::new();
    // A new bucket has all four on, whatever a bucket without any answers.
    let from = if live.exists { live.block } else { AccessBlock::ALL };
    // The settings for ACLs of a bucket that others use stay as they are: closing them may break those.
    let to = match hold {
        Hold::Made => AccessBlock::POLICY_ONLY,
        Hold::Adopted | Hold::Theirs => {
            AccessBlock { block_public_policy: false, restrict_public_buckets: false, ..from }
        }
    };
    if from != to {
        changes.push(PublishChange::AccessBlock { from, to, exposes: exposed(place, live) });
    }
    let mut policy = live.policy.clone().unwrap_or_else(Document::empty);
    let mut allowed = true;
    for resource in place.object_arns() {
        match anonymous_read(&policy, &resource) {
            Decision::Deny { sid, .. } => {
                return Err(BucketRefusal::Denied {
                    bucket: place.bucket.to_string(),
                    resource,
                    sid: sid.unwrap_or_else(|| "without a Sid".to_owned()),
                });
            }
            Decision::Allow { .. } => {}
            _ => allowed = false,
        }
    }
    let statement = place.statement();
    let found = policy.statement(&place.sid()).cloned();
    let settled = match &found {
        Some(found) => found.same_meaning(&statement),
        // In somebody else's bucket their own permission will do.
        None => allowed && hold == Hold::Theirs,
    };
    if !settled {
        let _ = policy.merge(statement.clone());
        let size = policy.size_in_bytes();
        if size > BUCKET_POLICY_BYTES {
            return Err(BucketRefusal::PolicyTooLarge { bucket: place.bucket.to_string(), size });
        }
        changes.push(PublishChange::Policy { statement, replaces: found.is_some() });
    }
    Ok(changes)
}

fn anonymous_read(policy: &Document, resource: &str) -> Decision {
    policy.evaluate(&Request {
        principal: RequestPrincipal::Anonymous,
        action: "s3:GetObject".to_owned(),
        resource: resource.to_owned(),
        // Relying parties read over TLS: a policy may ask for it.
        context: BTreeMap::from([("aws:SecureTransport".to_owned(), vec!["true".to_owned()])]),
    })
}

/// Says whether an object has to be written, and what it replaces.
pub(super) fn object_change(object: &Object, found: Option<&LiveObject>) -> Option<PublishChange> {
    let replaces = match found {
        None => Replaces::Nothing,
        Some(found) => {
            // A store that keeps no media type is not asked again and again for it.
            let differs =
                |kept: &Option<String>, ours: &str| kept.as_deref().is_some_and(|kept| kept != ours);
            // Only AES256 is readable without a key of KMS, which no relying party has.
            let encrypted = found.encryption.as_deref().is_some_and(|kind| kind.starts_with("aws:kms"));
            let same = found.bytes == object.bytes
                && !differs(&found.content_type, object.content_type)
                && found.cache_control.as_deref() == Some(object.cache_control)
                && !encrypted;
            if same {
                return None;
            }
            found.etag.clone().map_or(Replaces::Nothing, Replaces::ETag)
        }
    };
    Some(PublishChange::Object { object: object.clone(), replaces })
}
