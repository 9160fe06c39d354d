//! S3 Control: the account's own public access block.
//!
//! Follows [GetPublicAccessBlock][get] of the S3 Control API and its Put and Delete.
//!
//! [get]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response};
use http_body_util::Full;

use crate::account::Account;
use crate::actions;
use crate::authorize::{self, Ask};
use crate::call::Call;
use crate::context;
use crate::host::{AwsHost, Host};
use crate::refusal::{Answer, Refusal};
use crate::s3::authenticate;
use crate::service::xml_response;
use crate::state::AccessBlock;
use crate::xml::{Element, Xml};

const NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";
const PATH: &str = "/v20180820/configuration/publicAccessBlock";

/// Answers a request; `host_account` is the account that the host names.
pub(crate) fn answer(
    account: &Account,
    host_account: Option<&str>,
    host: &Host,
    parts: &Parts,
    body: &[u8],
    call: &Call,
) -> Response<Full<Bytes>> {
    match act(account, host_account, host, parts, body, call) {
        Ok((status, None)) => xml_response(status, String::new(), "application/xml"),
        Ok((status, Some(block))) => {
            let xml = Xml::document().root("PublicAccessBlockConfiguration", NAMESPACE, |xml| {
                let text = |on: bool| if on { "true" } else { "false" };
                xml.text("BlockPublicAcls", text(block.block_public_acls))
                    .text("IgnorePublicAcls", text(block.ignore_public_acls))
                    .text("BlockPublicPolicy", text(block.block_public_policy))
                    .text("RestrictPublicBuckets", text(block.restrict_public_buckets))
            });
            xml_response(status, xml.finish(), "application/xml")
        }
        Err(refusal) => error_response(&refusal, call),
    }
}

/// A refusal in S3 Control's XML.
pub(crate) fn error_response(refusal: &Refusal, call: &Call) -> Response<Full<Bytes>> {
    let xml = Xml::document().element("ErrorResponse", |xml| {
        let xml = xml.element("Error", |xml| {
            let xml = xml.text("Code", &refusal.code).text("Message", &refusal.message);
            xml.each(&refusal.details, |xml, (name, text)| xml.text(name, text))
        });
        xml.text("RequestId", &call.request_id).text("HostId", &call.extended_id)
    });
    xml_response(refusal.status, xml.finish(), "application/xml")
}

fn act(
    account: &Account,
    host_account: Option<&str>,
    host: &Host,
    parts: &Parts,
    body: &[u8],
    call: &Call,
) -> Answer<(u16, Option<AccessBlock>)> {
    let operation = match (&parts.method, parts.uri.path()) {
        (&Method::GET, PATH) => "GetPublicAccessBlock",
        (&Method::PUT, PATH) => "PutPublicAccessBlock",
        (&Method::DELETE, PATH) => "DeletePublicAccessBlock",
        (method, path) => {
            let text = format!("The sandbox does not have {method} {path} of S3 Control.");
            return Err(Refusal::new("NotImplemented", 501, text));
        }
    };
    call.is("s3-control", operation);
    let region = match host {
        Host::Aws(AwsHost { region, .. }) => region.as_deref(),
        Host::Local { .. } => None,
    };
    let caller = authenticate::signed(account, host, region, parts, body)?;
    let named = parts.headers.get("x-amz-account-id").and_then(|value| value.to_str().ok());
    let Some(named) = named else {
        let text = "Missing required header for this request: x-amz-account-id";
        return Err(Refusal::new("InvalidRequest", 400, text));
    };
    if named != account.config.account || host_account.is_some_and(|host| host != named) {
        return Err(Refusal::new("AccessDenied", 403, "Access Denied"));
    }
    let context = context::of(account, Some(&caller), region, parts);
    let mut state = account.change();
    let row = actions::of(actions::S3_CONTROL, operation);
    for action in row.into_iter().flat_map(|row| row.actions(|_| false)) {
        let ask = Ask { action, resource: "*", context: &context, resource_policy: None };
        authorize::may(account, state.settled(), &caller, &ask)
            .map_err(|denied| authorize::refusal(&caller.arn(account), action, None, denied))?;
    }
    match operation {
        "GetPublicAccessBlock" => {
            let missing = || {
                let text = "The public access block configuration was not found";
                Refusal::new("NoSuchPublicAccessBlockConfiguration", 404, text).with("AccountId", named)
            };
            Ok((200, Some(state.account_block.ok_or_else(missing)?)))
        }
        "PutPublicAccessBlock" => {
            state.account_block = Some(parse(body)?);
            Ok((201, None))
        }
        _ => {
            state.account_block = None;
            Ok((204, None))
        }
    }
}

/// Reads the settings; one that is not there is off.
fn parse(body: &[u8]) -> Answer<AccessBlock> {
    let malformed = || {
        let text =
            "The XML you provided was not well-formed or did not validate against our published schema";
        Refusal::new("MalformedXML", 400, text)
    };
    let element = Element::parse(body).filter(|element| element.name == "PublicAccessBlockConfiguration");
    let element = element.ok_or_else(malformed)?;
    let setting = |name| match element.child_text(name) {
        None => Ok(false),
        Some(text) => text.to_ascii_lowercase().parse::<bool>().map_err(|_| malformed()),
    };
    Ok(AccessBlock {
        block_public_acls: setting("BlockPublicAcls")?,
        ignore_public_acls: setting("IgnorePublicAcls")?,
        block_public_policy: setting("BlockPublicPolicy")?,
        restrict_public_buckets: setting("RestrictPublicBuckets")?,
    })
}
