//! The query protocol of IAM and STS: which API, who signed, which action, and AWS's XML around the result.
//!
//! Follows [making query requests][requests]; the errors that come before any action are the [common errors][errors].
//!
//! [requests]: https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html
//! [errors]: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html

mod form;
mod verify;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response};
use http_body_util::Full;

pub(crate) use form::{Form, member, validation_error, validation_errors};

use crate::account::Account;
use crate::call::Call;
use crate::host::{AwsHost, Host, global_region};
use crate::refusal::{Answer, Refusal};
use crate::service::xml_response;
use crate::xml::Xml;
use crate::{context, iam, sts};

/// The two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Iam,
    Sts,
}

impl Api {
    const ALL: [Self; 2] = [Self::Iam, Self::Sts];

    /// The name that credentials are scoped to.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }

    /// The API of this version.
    pub(crate) fn of_version(version: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.version() == version)
    }

    fn version(self) -> &'static str {
        match self {
            Self::Iam => "2010-05-08",
            Self::Sts => "2011-06-15",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }
}

/// Answers a request. `api` is what the host names; without one the version of the request decides.
pub(crate) async fn answer(
    account: &Account,
    api: Option<Api>,
    host: &Host,
    parts: &Parts,
    body: &[u8],
    call: &Call,
) -> Response<Full<Bytes>> {
    // AWS reads parameters there too: one that is left out could be what bounds a session.
    if parts.uri.query().is_some_and(|query| !query.is_empty()) {
        let text = "The sandbox takes parameters in the body, not in the URL.";
        return error_response(api.unwrap_or(Api::Sts), &Refusal::new("NotImplemented", 501, text), call);
    }
    let form = match Form::parse(body) {
        Ok(form) => form,
        Err(refusal) => return error_response(api.unwrap_or(Api::Sts), &refusal, call),
    };
    let Some(found) = api.or_else(|| Api::of_version(form.text("Version")?)) else {
        let text =
            format!("The requested version ({}) does not exist", form.text("Version").unwrap_or_default());
        return error_response(Api::Sts, &Refusal::new("NoSuchVersion", 400, text), call);
    };
    match act(account, found, host, parts, body, &form, call).await {
        Ok(result) => {
            let action = form.text("Action").unwrap_or_default();
            let xml = Xml::default().root(&format!("{action}Response"), found.namespace(), |xml| {
                let xml = match result {
                    Some(result) => xml.element(&format!("{action}Result"), |xml| xml.append(result)),
                    None => xml,
                };
                xml.element("ResponseMetadata", |xml| xml.text("RequestId", &call.uuid))
            });
            with_request_id(xml_response(200, xml.finish(), "text/xml"), call)
        }
        Err(refusal) => error_response(found, &refusal, call),
    }
}

/// A refusal in the protocol's XML.
pub(crate) fn error_response(api: Api, refusal: &Refusal, call: &Call) -> Response<Full<Bytes>> {
    let xml = Xml::default().root("ErrorResponse", api.namespace(), |xml| {
        let xml = xml.element("Error", |xml| {
            let side = if refusal.status < 500 { "Sender" } else { "Receiver" };
            xml.text("Type", side).text("Code", &refusal.code).text("Message", &refusal.message)
        });
        xml.text("RequestId", &call.uuid)
    });
    with_request_id(xml_response(refusal.status, xml.finish(), "text/xml"), call)
}

fn with_request_id(mut response: Response<Full<Bytes>>, call: &Call) -> Response<Full<Bytes>> {
    if let Ok(id) = HeaderValue::try_from(&call.uuid) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}

async fn act(
    account: &Account,
    api: Api,
    host: &Host,
    parts: &Parts,
    body: &[u8],
    form: &Form,
    call: &Call,
) -> Answer<Option<Xml>> {
    let Some(action) = form.text("Action") else {
        let text = "The request is missing an action or a required parameter.";
        return Err(Refusal::new("MissingAction", 400, text));
    };
    call.is(api.name(), action);
    // "Calling AssumeRoleWithWebIdentity does not require the use of AWS security credentials."
    let region = expected_region(api, host);
    let caller = match (api, action) {
        (Api::Sts, sts::UNSIGNED) => None,
        _ => Some(verify::caller(account, api, region, host, parts, body)?),
    };
    let version = form.text("Version").unwrap_or_default();
    if version != api.version() {
        let text = format!("Could not find operation {action} for version {version}");
        return Err(Refusal::new("InvalidAction", 400, text));
    }
    let answer = match (api, &caller) {
        (Api::Iam, Some(_)) if !account.takes_a_call_of_iam() => {
            return Err(Refusal::new("Throttling", 400, "Rate exceeded"));
        }
        (Api::Iam, Some(caller)) => {
            let context = context::of(account, Some(caller), region, parts);
            iam::act(account, caller, context, action, form, call).await
        }
        (Api::Sts, Some(caller)) => {
            let region = region.unwrap_or(&account.config.region);
            let context = context::of(account, Some(caller), Some(region), parts);
            sts::act(account, caller, context, action, form)
        }
        (_, None) => {
            // Nobody signed it for a region: without a host's name it is the sandbox's own.
            let region = region.unwrap_or(&account.config.region);
            let context = context::of_unsigned(account, Some(region), parts);
            Some(sts::assume_role_with_web_identity(account, host, &context, form, call).await.map(Some))
        }
    };
    answer.unwrap_or_else(|| {
        let text = format!("Could not find operation {action} for version {version}");
        Err(Refusal::new("InvalidAction", 400, text))
    })
}

/// The region that the credential has to name: a real host of AWS has one.
fn expected_region(api: Api, host: &Host) -> Option<&str> {
    let Host::Aws(host @ AwsHost { region, .. }) = host else { return None };
    match api {
        Api::Iam => global_region(host.partition()),
        Api::Sts => region.as_deref(),
    }
}
