//! IAM's ten calls for OpenID Connect providers.
//!
//! Follows the pages of [the actions][actions]; limits are those of [IAM's quotas][quotas].
//!
//! [actions]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
//! [quotas]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

mod issuer;
mod rules;
mod tags;

use crate::account::Account;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::{Provider, State};
use crate::xml::Xml;

/// Providers that an account may have.
const PROVIDERS: usize = 100;

/// Carries an action out; nothing for one that is not known.
pub(crate) fn act(account: &Account, action: &str, form: &Form) -> Option<Answer<Option<Xml>>> {
    let answer = match action {
        "CreateOpenIDConnectProvider" => create(account, form).map(Some),
        "GetOpenIDConnectProvider" => get(account, form).map(Some),
        "ListOpenIDConnectProviders" => Ok(Some(list(account))),
        "DeleteOpenIDConnectProvider" => delete(account, form).map(|()| None),
        "AddClientIDToOpenIDConnectProvider" => add_client_id(account, form).map(|()| None),
        "RemoveClientIDFromOpenIDConnectProvider" => remove_client_id(account, form).map(|()| None),
        "UpdateOpenIDConnectProviderThumbprint" => update_thumbprint(account, form).map(|()| None),
        "TagOpenIDConnectProvider" => tags::tag(account, form).map(|()| None),
        "UntagOpenIDConnectProvider" => tags::untag(account, form).map(|()| None),
        "ListOpenIDConnectProviderTags" => tags::list(account, form).map(Some),
        _ => return None,
    };
    Some(answer)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html>
fn create(account: &Account, form: &Form) -> Answer<Xml> {
    let url = rules::url(form.required("Url")?)?;
    let client_ids = rules::client_ids(&form.list("ClientIDList"))?;
    let given = rules::thumbprints(&form.list("ThumbprintList"))?;
    let wanted = rules::tags(&form.tags("Tags"))?;
    let arn = account.provider_arn(url);
    let already = |state: &State| {
        let text = format!("Provider with url https://{url} already exists.");
        if state.providers.contains_key(&arn) {
            Err(Refusal::new("EntityAlreadyExists", 409, text))
        } else {
            Ok(())
        }
    };
    let mut state = account.state();
    already(&state)?;
    if state.providers.len() >= PROVIDERS {
        let text = format!("Cannot exceed quota for OpenIdConnectProvidersPerAccount: {PROVIDERS}");
        return Err(Refusal::new("LimitExceeded", 409, text));
    }
    // "If you do not provide a thumbprint, IAM retrieves it": from the issuer, which has to answer by then.
    let thumbprints = match given.is_empty() {
        true => issuer::thumbprint(account, &state, url)?.into_iter().collect(),
        false => given,
    };
    let mut tags = Default::default();
    tags::merge(&mut tags, &wanted)?;
    let provider = Provider { url: url.to_owned(), client_ids, thumbprints, tags, created: account.now() };
    let shown = provider.tags.clone();
    state.providers.insert(arn.clone(), provider);
    let xml = Xml::default().text("OpenIDConnectProviderArn", &arn);
    Ok(if shown.is_empty() { xml } else { tags::element(xml, &shown) })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html>
fn get(account: &Account, form: &Form) -> Answer<Xml> {
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
fn list(account: &Account) -> Xml {
    let state = account.state();
    Xml::default().element("OpenIDConnectProviderList", |xml| {
        xml.each(state.providers.keys(), |xml, arn| xml.element("member", |xml| xml.text("Arn", arn)))
    })
}

/// "This operation is idempotent; it does not fail or return an error if you call the operation for a provider that
/// does not exist": <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html>
fn delete(account: &Account, form: &Form) -> Answer<()> {
    let arn = rules::arn(account, form.required("OpenIDConnectProviderArn")?)?;
    account.state().providers.remove(arn);
    Ok(())
}

/// Idempotent: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html>
fn add_client_id(account: &Account, form: &Form) -> Answer<()> {
    let id = rules::client_id(form.required("ClientID")?)?;
    with_provider(account, form, |provider| {
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
fn remove_client_id(account: &Account, form: &Form) -> Answer<()> {
    let id = rules::client_id(form.required("ClientID")?)?;
    with_provider(account, form, |provider| {
        provider.client_ids.retain(|known| known != id);
        Ok(())
    })
}

/// Replaces the list: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html>
fn update_thumbprint(account: &Account, form: &Form) -> Answer<()> {
    let thumbprints = rules::thumbprints(&form.list("ThumbprintList"))?;
    if thumbprints.is_empty() {
        return Err(Refusal::new("InvalidInput", 400, "Thumbprint list must contain at least one entry."));
    }
    with_provider(account, form, |provider| {
        provider.thumbprints = thumbprints;
        Ok(())
    })
}

/// Looks at, or changes, the provider that a request names.
fn with_provider<T>(
    account: &Account,
    form: &Form,
    act: impl FnOnce(&mut Provider) -> Answer<T>,
) -> Answer<T> {
    let arn = rules::arn(account, form.required("OpenIDConnectProviderArn")?)?;
    let mut state = account.state();
    let missing =
        || Refusal::new("NoSuchEntity", 404, format!("OpenIDConnect Provider not found for arn {arn}"));
    act(state.providers.get_mut(arn).ok_or_else(missing)?)
}
