//! A request that was read whole: for which service it is, and the text that names what it asks for.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::host::{AwsHost, Host, Service};
use crate::parameters::Parameters;
use crate::query::{Api, Form};
use crate::refusal::{Answer, Refusal};
use crate::s3::bucket_of;
use crate::sigv4::Authorization;

/// The longest body that is taken; an upload in one part may have 5 GB at AWS.
const BODY: usize = 64 * 1024 * 1024;

/// A request with its body.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) parts: Parts,
    pub(crate) host: Host,
    pub(crate) target: Target,
    /// The body, or why there is none to speak of.
    pub(crate) body: Answer<Bytes>,
}

/// Which service a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Query(Option<Api>),
    S3Control { account: Option<String> },
    S3,
    Unknown(String),
}

impl Received {
    /// Reads a request to its end.
    pub(crate) async fn read<B>(request: Request<B>) -> Self
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let host = Host::parse(host_of(&parts));
        let target = target(&parts, &host);
        let body = match Limited::new(body, BODY).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                let text = "Your proposed upload exceeds the maximum allowed size";
                Err(Refusal::new("EntityTooLarge", 400, text))
            }
            Err(_) => {
                let text =
                    "You did not provide the number of bytes specified by the Content-Length HTTP header.";
                Err(Refusal::new("IncompleteBody", 400, text))
            }
        };
        Self { parts, host, target, body }
    }

    /// What is asked for, the same in every run: service, method or action, bucket and key, the names of the query.
    pub(crate) fn call(&self) -> String {
        let method = &self.parts.method;
        match &self.target {
            Target::Query(api) => self.action(*api),
            Target::S3Control { .. } => {
                let last = self.parts.uri.path().rsplit('/').next().unwrap_or_default();
                format!("s3control {method} {last}")
            }
            Target::S3 => {
                let place = match bucket_of(&self.host, &self.parts) {
                    Some((bucket, "")) => bucket.to_owned(),
                    Some((bucket, key)) => format!("{bucket}/{key}"),
                    None => "/".to_owned(),
                };
                format!("s3 {method} {place}{}", self.query_names())
            }
            Target::Unknown(service) => format!("{service} {method}"),
        }
    }

    /// The access key that signed, as far as the header says so.
    pub(crate) fn access_key_id(&self) -> Option<String> {
        let header = self.parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        Authorization::parse(header).ok().map(|authorization| authorization.access_key)
    }

    /// The token that came with the access key.
    pub(crate) fn security_token(&self) -> Option<String> {
        let token = self.parts.headers.get("x-amz-security-token")?;
        token.to_str().ok().map(str::to_owned)
    }

    /// The role that it is about, where it is a call of the query protocol.
    pub(crate) fn role_arn(&self) -> Option<String> {
        let Target::Query(_) = self.target else { return None };
        let form = Form::parse(self.body.as_ref().ok()?).ok()?;
        form.text("RoleArn").map(str::to_owned)
    }

    /// Whether it changes nothing.
    pub(crate) fn only_reads(&self) -> bool {
        match &self.target {
            Target::Query(api) => {
                let call = self.action(*api);
                let action = call.split(' ').nth(1).unwrap_or_default();
                action.starts_with("Get") || action.starts_with("List")
            }
            _ => matches!(self.parts.method, Method::GET | Method::HEAD),
        }
    }

    fn action(&self, api: Option<Api>) -> String {
        let form = self.body.as_ref().ok().and_then(|body| Form::parse(body).ok()).unwrap_or_default();
        let api = api.or_else(|| Api::of_version(form.text("Version")?)).unwrap_or(Api::Sts);
        // A name of an action, and nothing that somebody put in its place.
        let action = form.text("Action").filter(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        format!("{} {}", api.name(), action.unwrap_or("?"))
    }

    fn query_names(&self) -> String {
        let parameters = Parameters::of(&self.parts.uri);
        let names = parameters.names().filter(|name| *name != "x-id").collect::<Vec<_>>().join("&");
        if names.is_empty() { names } else { format!("?{names}") }
    }
}

fn target(parts: &Parts, host: &Host) -> Target {
    if let Host::Aws(AwsHost { service, .. }) = host {
        return match service {
            Service::Iam => Target::Query(Some(Api::Iam)),
            Service::Sts => Target::Query(Some(Api::Sts)),
            Service::S3Control { account } => Target::S3Control { account: account.clone() },
            Service::S3 { .. } => Target::S3,
            Service::Other(name) => Target::Unknown(name.clone()),
        };
    }
    // Without a name the request itself has to tell: the path of S3 Control, or the form of the query protocol.
    let form = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = form.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    if parts.headers.contains_key("x-amz-account-id") && parts.uri.path().starts_with("/v20180820/") {
        Target::S3Control { account: None }
    } else if parts.method == Method::POST && parts.uri.path() == "/" && form {
        Target::Query(None)
    } else {
        Target::S3
    }
}

/// The host that a request is for.
fn host_of(parts: &Parts) -> &str {
    let header = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    header.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

    async fn received(method: &str, uri: &str, host: &str, kind: &str, body: &'static str) -> Received {
        let request = Request::builder().method(method).uri(uri).header("host", host);
        let request = request.header("content-type", kind).header("x-amz-account-id", "123456789012");
        Received::read(request.body(Full::<Bytes>::from(body)).unwrap()).await
    }

    #[tokio::test]
    async fn calls_have_names_that_stay() {
        let s3 = "my-bucket.s3.eu-west-1.amazonaws.com";
        let documents = "/.well-known/openid-configuration?x-id=GetObject";
        let create = "Action=CreateOpenIDConnectProvider&Version=2010-05-08&Url=https%3A%2F%2Fsecret";
        let block = "/v20180820/configuration/publicAccessBlock";
        let table = [
            (("PUT", "/?policy=", s3, "", ""), "s3 PUT my-bucket?policy", false),
            (("PUT", "/my-bucket?policy", "127.0.0.1:1", "", ""), "s3 PUT my-bucket?policy", false),
            (("GET", documents, s3, "", ""), "s3 GET my-bucket/.well-known/openid-configuration", true),
            (
                ("GET", "/my-bucket?list-type=2&prefix=a", "localhost", "", ""),
                "s3 GET my-bucket?list-type&prefix",
                true,
            ),
            (("PUT", "/my-bucket?%70olicy", "127.0.0.1:1", "", ""), "s3 PUT my-bucket?policy", false),
            (("GET", "/", "s3.amazonaws.com", "", ""), "s3 GET /", true),
            (("HEAD", "/my-bucket/", "127.0.0.1", "", ""), "s3 HEAD my-bucket", true),
            (("GET", block, "127.0.0.1", "", ""), "s3control GET publicAccessBlock", true),
            (("POST", "/", "iam.amazonaws.com", FORM, create), "iam CreateOpenIDConnectProvider", false),
            (("POST", "/", "127.0.0.1", FORM, create), "iam CreateOpenIDConnectProvider", false),
            (("POST", "/", "127.0.0.1", FORM, "Action=a%20b&Version=2011-06-15"), "sts ?", false),
            (
                ("POST", "/", "sts.amazonaws.com", FORM, "Action=GetCallerIdentity"),
                "sts GetCallerIdentity",
                true,
            ),
            (("POST", "/", "ec2.eu-west-1.amazonaws.com", FORM, ""), "ec2 POST", false),
        ];
        for ((method, uri, host, kind, body), name, reads) in table {
            let received = received(method, uri, host, kind, body).await;
            assert_eq!((received.call().as_str(), received.only_reads()), (name, reads), "{method} {uri}");
        }
    }
}
