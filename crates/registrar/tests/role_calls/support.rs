//! An IAM that answers as scripted, and the changes that it is asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_types::SdkConfig;
use issuer_discovery::{Patience, Waiting};
use issuer_policy::Document;
use issuer_registrar::{Account, Issuing, PolicyName, RoleChange, RoleClient, RoleError, RoleName, RolePath};
use percent_encoding::percent_decode_str;

pub(crate) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#;
pub(crate) const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
pub(crate) const READ: &str = "arn:aws:iam::aws:policy/Read";

pub(crate) type Answer = (u16, String);

/// An IAM that answers as scripted, and remembers the calls: the action first, then the parameters.
pub(crate) struct Scripted {
    pub(crate) client: RoleClient,
    pub(crate) config: SdkConfig,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// The script sees the action, the whole call, and how many calls of that action came before.
    pub(crate) fn start(script: impl Fn(&str, &str, usize) -> Answer + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::<String>::new()));
        let seen = Arc::clone(&asked);
        let http = infallible_client_fn(move |request: http::Request<aws_smithy_types::body::SdkBody>| {
            let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap().replace('+', " ");
            let body = percent_decode_str(&body).decode_utf8().unwrap().into_owned();
            let (action, rest) =
                body.strip_prefix("Action=").unwrap().split_once("&Version=2010-05-08").unwrap();
            let call = format!("{action}{}", rest.replace('&', " "));
            let mut seen = seen.lock().unwrap();
            let before = seen.iter().filter(|call| call.split(' ').next() == Some(action)).count();
            let (status, body) = script(action, &call, before);
            seen.push(call);
            http::Response::builder().status(status).body(body).unwrap()
        });
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "E", "e", None, None, "test",
            )))
            .region(Region::new("us-east-1"))
            .http_client(http)
            .retry_config(
                RetryConfig::standard()
                    .with_initial_backoff(Duration::from_millis(1))
                    .with_max_backoff(Duration::from_millis(2)),
            )
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .build();
        let patience = Patience { limit: Duration::from_millis(20), first_pause: Duration::from_millis(5) };
        Self { client: RoleClient::new(&config, issuing(), patience), config, asked }
    }

    /// One answer for every call.
    pub(crate) fn always(answer: Answer) -> Self {
        Self::start(move |_, _, _| answer.clone())
    }

    pub(crate) async fn apply(&self, change: &RoleChange) -> Result<(), RoleError> {
        self.client.apply(&app(), change, &|_: &Waiting| {}).await
    }

    pub(crate) fn actions(&self) -> Vec<String> {
        self.asked().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

pub(crate) fn issuing() -> Issuing {
    Issuing {
        issuer: "https://oidc.example.com/c1".parse().unwrap(),
        account: Account::of_caller("123456789012", "arn:aws:iam::123456789012:root").unwrap(),
    }
}

pub(crate) fn app() -> RoleName {
    "app".parse().unwrap()
}

pub(crate) fn document(text: &str) -> Document {
    Document::parse(text).unwrap()
}

pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    let inside = format!("<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>");
    (status, format!("<ErrorResponse><Error>{inside}</Error><RequestId>R1</RequestId></ErrorResponse>"))
}

pub(crate) fn done(action: &str, inside: &str) -> Answer {
    (200, format!("<{action}Response><{action}Result>{inside}</{action}Result></{action}Response>"))
}

pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub(crate) fn role(path: &str, trust: &str) -> String {
    format!(
        "<Path>{path}</Path><RoleName>app</RoleName><RoleId>AROAEXAMPLE</RoleId>\
        <Arn>arn:aws:iam::123456789012:role{path}app</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
        <MaxSessionDuration>7200</MaxSessionDuration><AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>",
        encoded(trust)
    )
}

pub(crate) fn policy(inside: &str) -> Answer {
    done("GetPolicy", &format!("<Policy><PolicyName>own</PolicyName>{inside}</Policy>"))
}

pub(crate) fn create() -> RoleChange {
    RoleChange::Create {
        path: issuing().path(),
        trust_policy: document(TRUST),
        boundary: Some(READ.parse().unwrap()),
        max_session: Some(Duration::from_secs(7200)),
        tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
    }
}

pub(crate) fn own(name: &str) -> RoleChange {
    let path: RolePath = issuing().path();
    let (document, tags) = (document(POLICY), BTreeMap::new());
    RoleChange::CreatePolicy { name: name.parse().unwrap(), path, document, tags }
}

pub(crate) fn version(drop: Option<&str>) -> RoleChange {
    let arn = issuing().policy_arn(&"own".parse().unwrap()).to_string();
    RoleChange::UpdatePolicy { arn, document: document(POLICY), drop_version: drop.map(str::to_owned) }
}

pub(crate) fn trust_to(text: &str) -> RoleChange {
    RoleChange::Trust { from: document(TRUST), to: document(text) }
}

pub(crate) fn widened() -> String {
    let more =
        r#"{"Sid":"B","Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"sts:AssumeRole"}]}"#;
    TRUST.replace("]}", &format!(",{more}"))
}

pub(crate) fn inline() -> PolicyName {
    "issuerctl-x".parse().unwrap()
}

/// Each change with its action, and what it changes.
pub(crate) fn table() -> Vec<(RoleChange, &'static str, String)> {
    let role = format!("arn:aws:iam::123456789012:role{}app", issuing().path());
    let policy = issuing().policy_arn(&"own".parse().unwrap()).to_string();
    let session = Duration::from_secs(7200);
    vec![
        (create(), "CreateRole", role.clone()),
        (
            RoleChange::Boundary { from: None, to: READ.parse().unwrap() },
            "PutRolePermissionsBoundary",
            role.clone(),
        ),
        (RoleChange::MaxSession { from: session, to: session }, "UpdateRole", role.clone()),
        (RoleChange::Tag(BTreeMap::from([("k".into(), "v".into())])), "TagRole", role.clone()),
        (RoleChange::Untag(vec!["k".into()]), "UntagRole", role.clone()),
        (RoleChange::Attach(READ.into()), "AttachRolePolicy", role.clone()),
        (RoleChange::Detach(READ.into()), "DetachRolePolicy", role.clone()),
        (RoleChange::PutInline { name: inline(), document: document(POLICY) }, "PutRolePolicy", role.clone()),
        (RoleChange::DeleteInline(inline()), "DeleteRolePolicy", role.clone()),
        (RoleChange::Delete, "DeleteRole", role.clone()),
        (trust_to(&widened()), "GetRole", role),
        (own("own"), "CreatePolicy", policy.clone()),
        (version(None), "CreatePolicyVersion", policy.clone()),
        (version(Some("v1")), "DeletePolicyVersion", policy.clone()),
        (RoleChange::DeletePolicy { arn: policy.clone(), versions: Vec::new() }, "DeletePolicy", policy),
    ]
}
