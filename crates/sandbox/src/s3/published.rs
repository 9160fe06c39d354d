//! What everybody can read in the account's buckets, for AWS's own readers: the same checks as for a GET that nobody
//! signed.

use issuer_discovery::Fetched;

use super::access::{find, kms_needs_a_signature, redirect};
use super::effect::Effect;
use super::{access_denied, authenticate, names, operations, policy};
use crate::account::{Account, Look};
use crate::context;
use crate::parameters::Parameters;
use crate::refusal::{Answer, Refusal};
use crate::state::{Content, Encryption, Object};

/// Where a GET leads: unescaped, as S3 sees it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// The region of the host, where it names one.
    pub(crate) region: Option<String>,
    pub(crate) parameters: Parameters,
}

/// What an anonymous caller gets there.
pub(crate) fn read(account: &Account, place: &Place) -> Fetched {
    let state = account.state();
    let (status, object) = match object(account, &state, place) {
        Ok(object) => (200, Some(object)),
        Err(refusal) => (refusal.status, None),
    };
    Fetched {
        status,
        content_type: object
            .map_or(Some("application/xml".to_owned()), |object| Some(object.content_type.clone())),
        cache_control: object.and_then(|object| object.cache_control.clone()),
        location: None,
        body: object.map(|object| object.body.to_vec()).unwrap_or_default(),
    }
}

fn object<'a>(account: &Account, state: &'a Look<'_>, place: &Place) -> Answer<&'a Object> {
    let Place { bucket, key, region, parameters } = place;
    authenticate::check_query(parameters)?;
    names::check(bucket)?;
    let found = find(state, bucket)?;
    if region.as_ref().is_some_and(|region| *region != found.region) {
        return Err(redirect(account, bucket, &found.region));
    }
    // Without a key it is a list, with a subresource something else; other parameters make no difference to a GET.
    if key.is_empty() || operations::subresource(parameters).is_some() {
        return Err(access_denied());
    }
    let effect = Effect::of(state.settled(), bucket, found);
    if effect.blocks(|block| block.restrict_public_buckets) && policy::is_public(effect.policy) {
        return Err(access_denied());
    }
    let context = context::of_reader(account, &found.region);
    let version = parameters.value("versionId");
    let action = if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
    let decision = policy::decide(account, &context, effect.policy, action, &format!("{bucket}/{key}"));
    if !decision.is_some_and(|decision| decision.is_allow()) {
        return Err(access_denied());
    }
    let object = match version {
        None => found.current(key).ok_or_else(access_denied)?,
        Some(id) => {
            let versions = found.objects.get(key).into_iter().flatten();
            match versions.filter(|version| version.id == id).map(|version| &version.content).next() {
                Some(Content::Object(object)) => object,
                Some(Content::DeleteMarker) => {
                    let text = "The specified method is not allowed against this resource.";
                    return Err(Refusal::new("MethodNotAllowed", 405, text));
                }
                None => {
                    let text = "The specified version does not exist.";
                    return Err(Refusal::new("NoSuchVersion", 404, text));
                }
            }
        }
    };
    if object.encryption == Encryption::S3 { Ok(object) } else { Err(kms_needs_a_signature()) }
}
