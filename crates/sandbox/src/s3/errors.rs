//! S3's errors in AWS's XML: what s3s writes has a code and a message, AWS says more.
//!
//! Follows [error responses](https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::call::Call;
use crate::refusal::Refusal;
use crate::service::xml_response;
use crate::xml::{Element, Xml};

/// What a wrong signature gets.
pub(super) const SIGNATURE: &str = "The request signature we calculated does not match the signature you provided. \
    Check your key and signing method.";

/// What AWS says where s3s says a code and nothing else, or says it in its own words.
const MESSAGES: [(&str, &str); 11] = [
    ("SignatureDoesNotMatch", SIGNATURE),
    ("InvalidBucketName", "The specified bucket is not valid."),
    ("InvalidURI", "Couldn't parse the specified URI."),
    ("KeyTooLongError", "Your key is too long"),
    (
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    ),
    ("MethodNotAllowed", "The specified method is not allowed against this resource."),
    ("MissingContentLength", "You must provide the Content-Length HTTP header."),
    ("InvalidRange", "The requested range is not satisfiable"),
    ("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header"),
    ("InternalError", "We encountered an internal error. Please try again."),
    ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
];

/// A failure of the sandbox itself.
pub(super) fn internal() -> Refusal {
    Refusal::new("InternalError", 500, "We encountered an internal error. Please try again.")
}

/// The refusal behind an answer of s3s: our own, which passed through it, or one of its own, put in AWS's words.
pub(super) fn refusal(status: u16, body: &[u8], call: &Call) -> Refusal {
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    let element = Element::parse(body).unwrap_or_default();
    let code = element.child_text("Code").unwrap_or("InternalError");
    if code == "NotImplemented" {
        let operation = call.operation().and_then(|operation| operation.strip_prefix("s3:"));
        let text = match operation {
            Some(operation) => format!("The sandbox does not have {operation} of S3."),
            None => "The sandbox does not know this operation of S3.".to_owned(),
        };
        return Refusal::new("NotImplemented", 501, text);
    }
    match MESSAGES.iter().find(|(known, _)| *known == code) {
        Some((code, message)) => Refusal::new(*code, status, *message),
        // A header or parameter that s3s could not read: its sentence names it.
        None => {
            let message =
                element.child_text("Message").unwrap_or("The request could not be read.").to_owned();
            Refusal::new(if status == 403 { "AccessDenied" } else { "InvalidRequest" }, status, message)
        }
    }
}

/// A refusal in S3's XML.
pub(crate) fn error_response(refusal: &Refusal, call: &Call) -> Response<Full<Bytes>> {
    let xml = Xml::document().element("Error", |xml| {
        let xml = xml.text("Code", &refusal.code).text("Message", &refusal.message);
        let xml = xml.each(&refusal.details, |xml, (name, text)| xml.text(name, text));
        xml.text("RequestId", &call.request_id).text("HostId", &call.extended_id)
    });
    xml_response(refusal.status, xml.finish(), "application/xml")
}
