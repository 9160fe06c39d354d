//! CreateBucket: where, under which name, with which tags.
//!
//! Follows [CreateBucket](https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html).

use std::collections::BTreeMap;
use std::sync::Arc;

use issuer_discovery::Region;
use s3s::dto::{CreateBucketInput, CreateBucketOutput};

use super::visit::Visit;
use super::{names, tagging};
use crate::account::Account;
use crate::context::Context;
use crate::refusal::{Answer, Refusal};
use crate::state::{AccessBlock, Bucket, Encryption, Versioning};
use crate::xml::Element;

/// What the body of the request asks for.
#[derive(Debug, Default)]
pub(super) struct Wish {
    location: Option<String>,
    tags: Vec<(String, String)>,
}

impl Wish {
    /// Whether tags go with the bucket.
    pub(super) fn has_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// Adds the condition keys that come with it.
    pub(super) fn add_keys(&self, context: &mut Context) {
        context.insert("s3:locationconstraint".to_owned(), self.location.iter().cloned().collect());
        context.insert("aws:tagkeys".to_owned(), self.tags.iter().map(|(key, _)| key.clone()).collect());
        for (key, value) in &self.tags {
            context.insert(format!("aws:requesttag/{}", key.to_ascii_lowercase()), vec![value.clone()]);
        }
    }

    /// Reads a CreateBucketConfiguration; no body is none.
    pub(super) fn parse(body: &[u8]) -> Answer<Self> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        let malformed = || {
            let text =
                "The XML you provided was not well-formed or did not validate against our published schema";
            Refusal::new("MalformedXML", 400, text)
        };
        let element = Element::parse(body).filter(|element| element.name == "CreateBucketConfiguration");
        let element = element.ok_or_else(malformed)?;
        if element.child("Location").is_some() || element.child("Bucket").is_some() {
            return Err(Refusal::new("NotImplemented", 501, "The sandbox does not have directory buckets."));
        }
        let tags = element.child("Tags").map(|tags| tags.children.as_slice()).unwrap_or_default();
        let tags = tags.iter().map(|tag| {
            let text = |name| tag.child_text(name).map(str::to_owned).ok_or_else(malformed);
            Ok((text("Key")?, text("Value")?))
        });
        let location = element.child_text("LocationConstraint").map(str::to_owned);
        Ok(Self { location, tags: tags.collect::<Answer<_>>()? })
    }
}

/// Makes a bucket.
pub(super) fn bucket(
    account: &Account,
    visit: &Visit,
    input: CreateBucketInput,
) -> Answer<CreateBucketOutput> {
    refuse_what_is_not_known(&input)?;
    let endpoint = visit.region.as_deref().unwrap_or(&account.config.region);
    let wish = visit.creation()?;
    let region = region(account, endpoint, wish.location.as_deref())?;
    names::check_new(account, &input.bucket, &region, visit.namespace.as_deref())?;
    let tags = tagging::checked(wish.tags)?;
    let output = CreateBucketOutput { location: Some(location(&input.bucket, &region)) };
    let mut state = account.change();
    // "A conflicting conditional operation is currently in progress against this resource": another CreateBucket of
    // the name, or a DeleteBucket that is not yet known everywhere.
    // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    let leaving =
        !state.buckets.contains_key(&input.bucket) && state.settled().buckets.contains_key(&input.bucket);
    if leaving || account.under_way.is_contested(visit.call.number) {
        let text = "A conflicting conditional operation is currently in progress against this resource. Please try again.";
        return Err(Refusal::new("OperationAborted", 409, text));
    }
    if state.foreign.contains(&input.bucket) {
        let text = "The requested bucket name is not available. The bucket namespace is shared by all users of the \
            system. Please select a different name and try again.";
        return Err(Refusal::new("BucketAlreadyExists", 409, text).with("BucketName", input.bucket));
    }
    if let Some(bucket) = state.buckets.get(&input.bucket) {
        // "If you re-create an existing bucket that you already own in us-east-1, Amazon S3 returns 200 OK".
        if bucket.region == "us-east-1" && endpoint == "us-east-1" && region == "us-east-1" {
            return Ok(output);
        }
        let text = "Your previous request to create the named bucket succeeded and you already own it.";
        return Err(Refusal::new("BucketAlreadyOwnedByYou", 409, text).with("BucketName", input.bucket));
    }
    let bucket = Bucket {
        made: account.next_thing(),
        region,
        created: account.now(),
        tags: tags.into_iter().collect::<BTreeMap<_, _>>(),
        policy: None,
        // "By default, new buckets don't allow public access", since April 2023.
        access_block: Some(AccessBlock::ALL),
        versioning: Versioning::Never,
        encryption: Encryption::S3,
        objects: BTreeMap::new(),
    };
    state.buckets.insert(input.bucket, Arc::new(bucket));
    Ok(output)
}

/// Where the bucket goes. us-east-1 makes buckets everywhere and has no name as a location; every other endpoint
/// makes its own and wants to hear so.
fn region(account: &Account, endpoint: &str, location: Option<&str>) -> Answer<String> {
    let invalid = |location: &str| {
        let refusal =
            Refusal::new("InvalidLocationConstraint", 400, "The specified location-constraint is not valid");
        refusal.with("LocationConstraint", location)
    };
    let incompatible = |location: &str| {
        let text = format!(
            "The {location} location constraint is incompatible for the region specific endpoint \
             this request was sent to."
        );
        Refusal::new("IllegalLocationConstraintException", 400, text)
    };
    match location {
        None | Some("") if endpoint == "us-east-1" => Ok(endpoint.to_owned()),
        None | Some("") => Err(incompatible("unspecified")),
        Some("us-east-1") => Err(invalid("us-east-1")),
        Some(location) => {
            let region = if location == "EU" { "eu-west-1" } else { location };
            let known = region.parse::<Region>().is_ok_and(|region| region.partition() == account.partition);
            match known {
                false => Err(invalid(location)),
                true if region == endpoint || endpoint == "us-east-1" => Ok(region.to_owned()),
                true => Err(incompatible(location)),
            }
        }
    }
}

/// The path in us-east-1, a URL elsewhere.
fn location(bucket: &str, region: &str) -> String {
    match region {
        "us-east-1" => format!("/{bucket}"),
        _ => format!("http://{bucket}.s3.amazonaws.com/"),
    }
}

fn refuse_what_is_not_known(input: &CreateBucketInput) -> Answer<()> {
    let grants = [
        &input.grant_full_control,
        &input.grant_read,
        &input.grant_read_acp,
        &input.grant_write,
        &input.grant_write_acp,
    ];
    let acl = input.acl.as_ref().is_some_and(|acl| acl.as_str() != "private");
    if acl || grants.iter().any(|grant| grant.is_some()) {
        let text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(Refusal::new("InvalidBucketAclWithObjectOwnership", 400, text));
    }
    if input.object_ownership.as_ref().is_some_and(|ownership| ownership.as_str() != "BucketOwnerEnforced") {
        return Err(Refusal::new(
            "NotImplemented",
            501,
            "The sandbox does not have ACLs, nor the ObjectOwnership for them.",
        ));
    }
    if input.object_lock_enabled_for_bucket == Some(true) {
        return Err(Refusal::new("NotImplemented", 501, "The sandbox does not have Object Lock."));
    }
    Ok(())
}
