//! IAM's ten calls for OpenID Connect providers.
//!
//! Follows the pages of [the actions][actions]; limits are those of [IAM's quotas][quotas].
//!
//! [actions]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
//! [quotas]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

mod elsewhere;
mod issuer;
mod rules;
mod tags;

pub(crate) use elsewhere::Elsewhere;

use crate::account::Account;
use crate::call::Call;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::{Provider, State};
use crate::xml::Xml;

/// Providers that an account may have.
const PROVIDERS: usize = 100;

/// The actions that may answer ConcurrentModification: every change but a deletion.
const REFUSE_TWO_AT_ONCE: [&str; 6] = [
    "CreateOpenIDConnectProvider",
    "AddClientIDToOpenIDConnectProvider",
    "RemoveClientIDFromOpenIDConnectProvider",
    "UpdateOpenIDConnectProviderThumbprint",
    "TagOpenIDConnectProvider",
    "UntagOpenIDConnectProvider",
];

/// Carries an action out; nothing for one that is not known.
pub(crate) async fn act(
    account: &Account,
    action: &str,
    form: &Form,
    call: &Call,
) -> Option<Answer<Option<Xml>>> {
    if REFUSE_TWO_AT_ONCE.contains(&action) && account.under_way.is_contested(call.number) {
        return Some(Err(concurrent_modification()));
    }
    let answer = match action {
        "CreateOpenIDConnectProvider" => create(account, form).await.map(Some),
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
async fn create(account: &Account, form: &Form) -> Answer<Xml> {
    let url = rules::url(form.required("Url")?)?;
    let client_ids = rules::client_ids(&form.list("ClientIDList"))?;
    let given = rules::thumbprints(&form.list("ThumbprintList"))?;
    let wanted = rules::tags(&form.tags("Tags"))?;
    let arn = account.provider_arn(url);
    let mut tags = Default::default();
    tags::merge(&mut tags, &wanted)?;
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
    state.providers.insert(arn.clone(), provider);
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
        xml.each(state.settled().providers.keys(), |xml, arn| {
            xml.element("member", |xml| xml.text("Arn", arn))
        })
    })
}

/// "This operation is idempotent; it does not fail or return an error if you call the operation for a provider that
/// does not exist": <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html>
fn delete(account: &Account, form: &Form) -> Answer<()> {
    let arn = rules::arn(account, form.required("OpenIDConnectProviderArn")?)?;
    account.change().providers.remove(arn);
    Ok(())
}

/// Idempotent: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html>
fn add_client_id(account: &Account, form: &Form) -> Answer<()> {
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
fn remove_client_id(account: &Account, form: &Form) -> Answer<()> {
    let id = rules::client_id(form.required("ClientID")?)?;
    change_provider(account, form, |provider| {
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
    change_provider(account, form, |provider| {
        provider.thumbprints = thumbprints;
        Ok(())
    })
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
    act(account.change().providers.get_mut(arn).ok_or_else(|| no_such_provider(arn))?)
}

/// In the words of the API's model, for two changes of one provider that are under way at once.
fn concurrent_modification() -> Refusal {
    let text = "The request was rejected because multiple requests to change this object were submitted simultaneously. \
        Wait a few minutes and submit your request again.";
    Refusal::new("ConcurrentModification", 409, text)
}

fn no_such_provider(arn: &str) -> Refusal {
    Refusal::new("NoSuchEntity", 404, format!("OpenIDConnect Provider not found for arn {arn}"))
}
