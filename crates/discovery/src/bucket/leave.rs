//! Says what of a bucket is this issuer's and goes with it, or why the bucket cannot: pure.

use std::collections::BTreeMap;

use issuer_policy::{Document, Statement};

use super::{BucketPlace, OWNER_CREATED, OWNER_TAG, SID};
use crate::issuer::IssuerUrl;
use crate::merge::MergeError;
use crate::publish::LiveDocuments;
use crate::site::DISCOVERY_PATH;
use crate::withdraw::{OfIssuer, WithdrawChange, Withdrawal};

/// A bucket as it is now, as far as leaving it goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeavingBucket {
    /// Whether it is there, in our account.
    pub exists: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its policy.
    pub policy: Option<Document>,
    /// The two documents; not looked at in a bucket without our tag.
    pub documents: LiveDocuments,
    /// Some of the keys that are not those of the two documents, of objects that can be read; looked for only where the
    /// bucket is to go.
    pub others: Vec<String>,
    /// Some of the other keys of which older versions and delete markers alone are there; looked for likewise.
    pub outdated: Vec<String>,
}

/// Why nothing is taken away.
#[derive(Debug, thiserror::Error)]
pub enum LeaveRefusal {
    /// The documents are not where they were looked for.
    #[error(transparent)]
    Documents(#[from] MergeError),
    /// The bucket is not ours to delete.
    #[error(
        "the bucket {bucket} is not deleted: it was not made by this program (its tag {OWNER_TAG} is {tag})"
    )]
    NotMade {
        /// The bucket.
        bucket: String,
        /// What its tag says.
        tag: String,
    },
    /// Something else is in the bucket.
    #[error(
        "the bucket {bucket} is not deleted: {}: look through them (aws s3api list-object-versions --bucket \
         {bucket}) and empty the bucket by hand, or leave it without --delete-bucket: then it keeps its name out of \
         other hands", contents(.others, .outdated)
    )]
    NotEmpty {
        /// The bucket.
        bucket: String,
        /// Some of the keys of objects.
        others: Vec<String>,
        /// Some of the keys of which older versions and delete markers alone are there.
        outdated: Vec<String>,
    },
}

/// Says what has to go so that nothing of an issuer is left in a bucket; with `delete`, the bucket too.
///
/// # Errors
/// When the bucket is to go and cannot, or when the documents were looked for at the wrong path.
pub fn leave_bucket(
    place: &BucketPlace,
    live: &LeavingBucket,
    issuer: &IssuerUrl,
    delete: bool,
) -> Result<Withdrawal, LeaveRefusal> {
    let mut leaving = Withdrawal::default();
    if !live.exists {
        return Ok(leaving);
    }
    let bucket = &place.bucket;
    let owner = live.tags.get(OWNER_TAG).map(String::as_str);
    if delete && owner != Some(OWNER_CREATED) {
        let tag = owner.unwrap_or("missing").to_owned();
        return Err(LeaveRefusal::NotMade { bucket: bucket.to_string(), tag });
    }
    let Some(owner) = owner else {
        leaving.notes.push(format!(
            "nothing in bucket {bucket} is touched: it is not ours (it has no tag {OWNER_TAG})"
        ));
        return Ok(leaving);
    };
    let (statement, shared) = statements(place, live.policy.as_ref());
    let made = owner == OWNER_CREATED;
    // Nobody else puts anything into a bucket of ours at this name, or makes it public.
    let alone = made || statement == Ours::Alone;
    let of_issuer =
        OfIssuer::of(issuer, &place.jwks_path, &live.documents, alone, &format!("bucket {bucket}"))?;
    let documents = [
        (of_issuer.jwks, place.jwks_path.as_str(), &live.documents.jwks),
        (of_issuer.discovery, DISCOVERY_PATH, &live.documents.discovery),
    ];
    let mut others = live.others.clone();
    for (ours, path, found) in documents {
        match found {
            Some(found) if ours => leaving.changes.push(WithdrawChange::Object {
                bucket: bucket.clone(),
                key: place.prefix.key(path),
                path: path.to_owned(),
                etag: found.etag.clone(),
            }),
            Some(_) => others.push(place.prefix.key(path)),
            None => {}
        }
    }
    leaving.notes.extend(of_issuer.notes);
    let kept = documents.iter().any(|(ours, _, found)| found.is_some() && !ours);
    match statement {
        Ours::Missing => {}
        Ours::Alone if !kept => {
            let sid = place.sid();
            leaving.changes.push(WithdrawChange::Statement { bucket: bucket.clone(), sid });
        }
        // What is not ours and stays may need it.
        Ours::Alone => {}
        Ours::Others => leaving.notes.push(format!(
            "the statement {} in the policy of bucket {bucket} stays: it serves more than this issuer",
            place.sid()
        )),
    }
    if delete {
        let outdated = live.outdated.clone();
        if !others.is_empty() || !outdated.is_empty() {
            return Err(LeaveRefusal::NotEmpty { bucket: bucket.to_string(), others, outdated });
        }
        let keys = [place.prefix.key(DISCOVERY_PATH), place.prefix.key(place.jwks_path.as_str())];
        leaving.changes.push(WithdrawChange::Bucket { bucket: bucket.clone(), keys });
        leaving.notes.push(danger(place, issuer));
    } else if made {
        leaving.notes.push(format!(
            "bucket {bucket} stays, which keeps its name out of other hands; its public access block stays as it is"
        ));
    } else if shared || kept || statement == Ours::Others {
        leaving.notes.push(format!("bucket {bucket} keeps its tag {OWNER_TAG}: others still publish there"));
    } else {
        let keys = live.tags.keys().filter(|key| key.starts_with("issuerctl:")).cloned().collect();
        leaving.changes.push(WithdrawChange::Untag { bucket: bucket.clone(), keys });
        leaving.notes.push(format!("the public access block of bucket {bucket} stays as it is"));
    }
    leaving.changes.sort_by_key(WithdrawChange::stage);
    Ok(leaving)
}

/// What of ours a bucket's policy has for this issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ours {
    /// Nothing.
    Missing,
    /// A statement for this issuer alone.
    Alone,
    /// One that speaks of more.
    Others,
}

/// Looks for our statement, and says whether other issuers of ours have one.
pub(super) fn statements(place: &BucketPlace, policy: Option<&Document>) -> (Ours, bool) {
    let sid = place.sid();
    let all = policy.map(Document::statements).unwrap_or_default();
    let is_ours = |statement: &&Statement| statement.sid() == Some(&sid);
    let ours = all.iter().find(is_ours).map_or(Ours::Missing, |statement| serves(place, statement));
    let other = |sid: &str| sid.starts_with(SID);
    let shared = all.iter().any(|one| !is_ours(&one) && one.sid().is_some_and(other));
    (ours, shared)
}

/// A statement is one issuer's when all that it speaks of lies where that issuer's documents are: the keys may have
/// been at another path once.
fn serves(place: &BucketPlace, statement: &Statement) -> Ours {
    let below = format!("{}/{}", place.bucket_arn(), place.prefix.key(""));
    let [discovery, jwks] = place.object_arns();
    let own = |resource: &String| {
        let inside = !place.prefix.as_str().is_empty() && resource.starts_with(&below);
        *resource == discovery || *resource == jwks || inside && !resource.contains(['*', '?'])
    };
    let resources = statement.resource();
    if !resources.is_empty() && resources.iter().all(own) { Ours::Alone } else { Ours::Others }
}

/// An issuer that has left a bucket leaves what versioning keeps of its documents
/// ([deleting a bucket](https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html)).
fn contents(others: &[String], outdated: &[String]) -> String {
    let others = (!others.is_empty()).then(|| format!("objects such as {}", others.join(", ")));
    let outdated = (!outdated.is_empty())
        .then(|| format!("old versions of {}, which versioning keeps,", outdated.join(", ")));
    let found: Vec<String> = others.into_iter().chain(outdated).collect();
    format!("{} are still in it", found.join(", and "))
}

/// The name of a deleted bucket can be taken by every account, unless it is bound to one
/// ([deleting a bucket](https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html)).
fn danger(place: &BucketPlace, issuer: &IssuerUrl) -> String {
    let bucket = &place.bucket;
    if place.bucket.account_regional().is_some() {
        return format!(
            "the name {bucket} is bound to this account: nobody else can take it when the bucket is gone"
        );
    }
    format!(
        "once bucket {bucket} is gone, anyone can take its name and publish keys at {issuer}: whatever still trusts \
         that URL, in any account, would take their tokens. An empty bucket costs nothing and keeps the name"
    )
}
