//! OpenID Connect providers: made, shown, changed, deleted.
//!
//! Follows the pages of [the actions][actions]; limits are those of [IAM's quotas][quotas].
//!
//! [actions]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
//! [quotas]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

use std::sync::Arc;

use super::{issuer, rules, tags};
use crate::account::Account;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::{Provider, State};
use crate::xml::Xml;

/// Providers that an account may have.
const PROVIDERS: usize = 100;
/// The name of the quota on tags.
const TAG_QUOTA: &str = "TagsPerOpenIdConnectProvider";

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html>
pub(super) async fn create(account: &Account, form: &Form) -> Answer<Xml> {
    let url = rules::url(form.required("Url")?)?;
    let client_ids = rules::client_ids(&form.list("ClientIDList"))?;
    let given = rules::thumbprints(&form.list("ThumbprintList"))?;
    let wanted = rules::tags(&form.tags("Tags"))?;
    let arn = account.provider_arn(url);
    let mut tags = Default::default();
    tags::merge(&mut tags, &wanted, TAG_QUOTA)?;
    check_room(&account.state(), url, &arn)?;
    // "If you do not provide a thumbprint, IAM retrieves it": from the issuer, which has to answer by then.
    let thumbprints = match given.is_empty() {
        true => issuer::thumbprint(account, url).await?.into_iter().collect(),
        false => given,
    };
    let mut state = account.change();
    // The issuer may have taken its time.
    check_room(&state, url, &arn)?;
    let provider = Provider { url: url.to_owned(), client_ids, thumbprints, tags, created: account.now() };
    let shown = provider.tags.clone();
    state.providers.insert(arn.clone(), Arc::new(provider));
    let xml = Xml::default().text("OpenIDConnectProviderArn", &arn);
    Ok(if shown.is_empty() { xml } else { tags::element(xml, &shown) })
}

fn check_room(state: &State, url: &str, arn: &str) -> Answer<()> {
    if state.providers.contains_key(arn) {
        let text = format!("Provider with url https://{url} already exists.");
        return Err(Refusal::new("EntityAlreadyExists", 409, text));
    }
    if state.providers.len() >= PROVIDERS {
        let text = format!("Cannot exceed quota for OpenIdConnectProvidersPerAccount: {PROVIDERS}");
        return Err(Refusal::new("LimitExceeded", 409, text));
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html>
pub(super) fn get(account: &Account, form: &Form) -> Answer<Xml> {
    with_provider(account, form, |provider| {
        let members = |xml: Xml, values: &[String]| xml.each(values, |xml, value| xml.text("member", value));
        // The Url comes back without its scheme.
        let xml = Xml::default().text("Url", &provider.url);
        let xml = xml.text("CreateDate", &rules::date(provider.created));
        let xml = xml.element("ClientIDList", |xml| members(xml, &provider.client_ids));
        let xml = xml.element("ThumbprintList", |xml| members(xml, &provider.thumbprints));
        Ok(tags::element(xml, &provider.tags))
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html>
pub(super) fn list(account: &Account) -> Xml {
    let state = account.state();
    Xml::default().element("OpenIDConnectProviderList", |xml| {
        xml.each(state.settled().providers.keys(), |xml, arn| {
            xml.element("member", |xml| xml.text("Arn", arn))
        })
    })
}

/// "This operation is idempotent; it does not fail or return an error if you call the operation for a provider that
/// does not exist": <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html>
pub(super) fn delete(account: &Account, form: &Form) -> Answer<()> {
    let arn = rules::arn(account, form.required("OpenIDConnectProviderArn")?)?;
    account.change().providers.remove(arn);
    Ok(())
}

/// Idempotent: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html>
pub(super) fn add_client_id(account: &Account, form: &Form) -> Answer<()> {
    let id = rules::client_id(form.required("ClientID")?)?;
    change_provider(account, form, |provider| {
        if provider.client_ids.iter().any(|known| known == id) {
            return Ok(());
        }
        if provider.client_ids.len() >= rules::CLIENT_IDS {
            return Err(rules::too_many_client_ids());
        }
        provider.client_ids.push(id.to_owned());
        Ok(())
    })
}

/// Idempotent: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html>
pub(super) fn remove_client_id(account: &Account, form: &Form) -> Answer<()> {
    let id = rules::client_id(form.required("ClientID")?)?;
    change_provider(account, form, |provider| {
        provider.client_ids.retain(|known| known != id);
        Ok(())
    })
}

/// Replaces the list: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html>
pub(super) fn update_thumbprint(account: &Account, form: &Form) -> Answer<()> {
    let thumbprints = rules::thumbprints(&form.list("ThumbprintList"))?;
    if thumbprints.is_empty() {
        return Err(Refusal::new("InvalidInput", 400, "Thumbprint list must contain at least one entry."));
    }
    change_provider(account, form, |provider| {
        provider.thumbprints = thumbprints;
        Ok(())
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html>
pub(super) fn tag(account: &Account, form: &Form) -> Answer<()> {
    let tags = tags::to_set(form)?;
    change_provider(account, form, |provider| tags::merge(&mut provider.tags, &tags, TAG_QUOTA))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagOpenIDConnectProvider.html>
pub(super) fn untag(account: &Account, form: &Form) -> Answer<()> {
    let keys = tags::to_take_away(form)?;
    change_provider(account, form, |provider| {
        tags::take_away(&mut provider.tags, &keys);
        Ok(())
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviderTags.html>
pub(super) fn list_tags(account: &Account, form: &Form) -> Answer<Xml> {
    with_provider(account, form, |provider| tags::list(form, &provider.tags))
}

/// Looks at the provider that a request names. ["Changes take time to become visible"][eventual] at IAM: what has not
/// settled is not seen, while changes are made to what is.
///
/// [eventual]: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
fn with_provider<T>(account: &Account, form: &Form, look: impl FnOnce(&Provider) -> Answer<T>) -> Answer<T> {
    let arn = rules::arn(account, form.required("OpenIDConnectProviderArn")?)?;
    look(account.state().settled().providers.get(arn).ok_or_else(|| no_such_provider(arn))?)
}

/// Changes the provider that a request names.
fn change_provider<T>(
    account: &Account,
    form: &Form,
    act: impl FnOnce(&mut Provider) -> Answer<T>,
) -> Answer<T> {
    let arn = rules::arn(account, form.required("OpenIDConnectProviderArn")?)?;
    act(Arc::make_mut(account.change().providers.get_mut(arn).ok_or_else(|| no_such_provider(arn))?))
}

fn no_such_provider(arn: &str) -> Refusal {
    Refusal::new("NoSuchEntity", 404, format!("OpenIDConnect Provider not found for arn {arn}"))
}
