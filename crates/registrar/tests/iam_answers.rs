//! What becomes of IAM's less friendly answers: each is scripted here, as IAM sends it.

#![cfg(feature = "iam")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_types::SdkConfig;
use issuer_discovery::Patience;
use issuer_registrar::{
    Account, ProviderChange, ProviderClient, ProviderSpec, RegisterError, RoleArn, SessionError,
    assume_role_with_web_identity, caller_account, read_role,
};

/// An IAM that answers as scripted, and remembers the bodies that it was sent.
struct Scripted {
    config: SdkConfig,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// The script sees how many requests came before.
    fn start(script: impl Fn(usize) -> (u16, String) + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let client = infallible_client_fn(move |request: http::Request<aws_smithy_types::body::SdkBody>| {
            let mut seen: MutexGuard<'_, Vec<String>> = seen.lock().unwrap();
            let (status, body) = script(seen.len());
            seen.push(String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap());
            http::Response::builder().status(status).body(body).unwrap()
        });
        let credentials = Credentials::new("EXAMPLE", "example", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(Region::new("us-gov-west-1"))
            .http_client(client)
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .build();
        Self { config, asked }
    }

    fn client(&self) -> ProviderClient {
        let account = Account::of_caller("123456789012", "arn:aws-us-gov:iam::123456789012:root").unwrap();
        let patience = Patience { limit: Duration::from_millis(40), first_pause: Duration::from_millis(5) };
        ProviderClient::new(&self.config, &account, &spec().issuer, patience)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn spec() -> ProviderSpec {
    ProviderSpec {
        issuer: "https://oidc.example.com/c1".parse().unwrap(),
        audiences: vec!["sts.amazonaws.com".parse().unwrap()],
        thumbprints: Vec::new(),
        tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
    }
}

fn error(status: u16, code: &str) -> (u16, String) {
    let inside = format!("<Type>Sender</Type><Code>{code}</Code><Message>no</Message>");
    (status, format!("<ErrorResponse><Error>{inside}</Error><RequestId>R1</RequestId></ErrorResponse>"))
}

fn done(action: &str) -> (u16, String) {
    (200, format!("<{action}Response><{action}Result/></{action}Response>"))
}

#[tokio::test]
async fn a_provider_is_made_with_everything_in_one_call() {
    let iam = Scripted::start(|_| done("CreateOpenIDConnectProvider"));
    iam.client().apply(&ProviderChange::Create(spec()), &|_: &_| {}).await.unwrap();
    let asked = iam.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("Url=https%3A%2F%2Foidc.example.com%2Fc1"), "{}", asked[0]);
    assert!(asked[0].contains("ClientIDList.member.1=sts.amazonaws.com"), "{}", asked[0]);
    assert!(asked[0].contains("Key=issuerctl%3Amanaged") && asked[0].contains("Key=team"), "{}", asked[0]);
    assert!(!asked[0].contains("Thumbprint"), "{}", asked[0]);
}

#[tokio::test]
async fn a_missing_provider_is_nothing_and_found_by_its_computed_arn() {
    let iam = Scripted::start(|_| error(404, "NoSuchEntity"));
    assert_eq!(iam.client().read().await.unwrap(), None);
    let arn = "OpenIDConnectProviderArn=arn%3Aaws-us-gov%3Aiam%3A%3A123456789012%3Aoidc-provider%2Foidc.example.com%2Fc1";
    assert!(iam.asked()[0].contains(arn), "{}", iam.asked()[0]);
}

#[tokio::test]
async fn a_concurrent_modification_is_tried_again() {
    let iam = Scripted::start(|before| match before {
        0..2 => error(409, "ConcurrentModification"),
        _ => done("AddClientIDToOpenIDConnectProvider"),
    });
    let change = ProviderChange::AddClientId("mine".parse().unwrap());
    iam.client().apply(&change, &|_: &_| {}).await.unwrap();
    assert_eq!(iam.asked().len(), 3);
}

#[tokio::test]
async fn what_replaces_a_list_is_not_repeated_while_somebody_else_changes_the_provider() {
    let iam = Scripted::start(|_| error(409, "ConcurrentModification"));
    let thumbprint = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
    let change = ProviderChange::Thumbprints { from: Vec::new(), to: vec![thumbprint] };
    let refused = iam.client().apply(&change, &|_: &_| {}).await.unwrap_err();
    assert!(matches!(refused, RegisterError::Raced { .. }), "{refused}");
    assert_eq!(iam.asked().len(), 1);
}

#[tokio::test]
async fn a_provider_that_somebody_else_made_first_is_a_race() {
    let iam = Scripted::start(|_| error(409, "EntityAlreadyExists"));
    let refused = iam.client().apply(&ProviderChange::Create(spec()), &|_: &_| {}).await.unwrap_err();
    assert!(matches!(refused, RegisterError::Raced { .. }), "{refused}");
    assert_eq!(iam.asked().len(), 1);
}

#[tokio::test]
async fn a_provider_is_never_made_twice_without_a_look() {
    for (status, code) in [(500, "ServiceFailure"), (400, "Throttling"), (503, "ServiceUnavailable")] {
        let iam = Scripted::start(move |_| error(status, code));
        let refused = iam.client().apply(&ProviderChange::Create(spec()), &|_: &_| {}).await.unwrap_err();
        assert!(matches!(refused, RegisterError::Unsure { .. }), "{refused}");
        assert_eq!(iam.asked().len(), 1);
    }
}

#[tokio::test]
async fn an_issuer_that_iam_cannot_reach_is_waited_for_and_then_named() {
    let iam = Scripted::start(|_| error(400, "OpenIdIdpCommunicationError"));
    let waits = Mutex::new(0);
    let count = |_: &_| *waits.lock().unwrap() += 1;
    let refused = iam.client().apply(&ProviderChange::Create(spec()), &count).await.unwrap_err();
    assert!(matches!(&refused, RegisterError::IssuerUnreachable { issuer, .. } if issuer.ends_with("/c1")));
    assert_eq!(iam.asked().len(), *waits.lock().unwrap() + 1);
}

#[tokio::test]
async fn a_refusal_is_not_repeated_and_names_action_and_resource() {
    let iam = Scripted::start(|_| error(403, "AccessDenied"));
    let refused = iam.client().apply(&ProviderChange::Create(spec()), &|_: &_| {}).await.unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("iam:CreateOpenIDConnectProvider"), "{text}");
    assert!(text.contains("arn:aws-us-gov:iam::123456789012:oidc-provider/oidc.example.com/c1"), "{text}");
    assert_eq!(iam.asked().len(), 1);
}

fn provider(owner: &str) -> (u16, String) {
    let tag = format!("<member><Key>issuerctl:managed</Key><Value>{owner}</Value></member>");
    let inside = format!("<Url>oidc.example.com/c1</Url><Tags>{tag}</Tags>");
    let result = format!("<GetOpenIDConnectProviderResult>{inside}</GetOpenIDConnectProviderResult>");
    (200, format!("<GetOpenIDConnectProviderResponse>{result}</GetOpenIDConnectProviderResponse>"))
}

#[tokio::test]
async fn a_provider_that_is_gone_already_is_deleted() {
    for answers in [
        [provider("created"), done("DeleteOpenIDConnectProvider")],
        [provider("created"), error(404, "NoSuchEntity")],
        // Not to be seen is not to be gone: the deletion itself says so.
        [error(404, "NoSuchEntity"), done("DeleteOpenIDConnectProvider")],
    ] {
        let iam = Scripted::start(move |before| answers[before].clone());
        iam.client().delete(&|_: &_| {}).await.unwrap();
        assert!(iam.asked()[1].contains("Action=DeleteOpenIDConnectProvider"), "{:?}", iam.asked());
    }
}

#[tokio::test]
async fn a_provider_that_is_not_ours_by_now_is_not_deleted() {
    let iam = Scripted::start(|_| provider("adopted"));
    let refused = iam.client().delete(&|_: &_| {}).await.unwrap_err();
    assert!(matches!(refused, RegisterError::Raced { .. }), "{refused}");
    assert_eq!(iam.asked().len(), 1);
}

#[tokio::test]
async fn a_deletion_waits_for_another_change_and_is_sent_again_when_the_answer_is_lost() {
    for (status, code) in [(409, "ConcurrentModification"), (500, "ServiceFailure")] {
        let iam = Scripted::start(move |before| match before {
            0 => provider("created"),
            1 => error(status, code),
            _ if status == 409 && before == 2 => provider("created"),
            _ => done("DeleteOpenIDConnectProvider"),
        });
        iam.client().delete(&|_: &_| {}).await.unwrap();
    }
    let iam = Scripted::start(|before| match before {
        0 => provider("created"),
        _ => error(403, "AccessDenied"),
    });
    let refused = iam.client().delete(&|_: &_| {}).await.unwrap_err().to_string();
    assert!(refused.contains("iam:DeleteOpenIDConnectProvider"), "{refused}");
}

#[tokio::test]
async fn the_callers_account_is_read_from_sts() {
    let identity = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws-cn:iam::123456789012:user/x</Arn>\
                    <UserId>X</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    let sts = Scripted::start(move |_| (200, identity.to_owned()));
    let account = caller_account(&sts.config).await.unwrap();
    assert_eq!((account.id.as_str(), account.partition.id()), ("123456789012", "aws-cn"));
}

fn role() -> RoleArn {
    "arn:aws-us-gov:iam::123456789012:role/issuerctl/c1/app".parse().unwrap()
}

#[tokio::test]
async fn a_role_is_read_by_its_name_and_its_trust_policy_comes_url_encoded() {
    let iam = Scripted::start(|_| {
        let policy = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Federated%22%3A\
            %22p%2Bq%22%7D%2C%22Action%22%3A%22sts%3AAssumeRoleWithWebIdentity%22%7D%5D%7D";
        let role = format!(
            "<Path>/</Path><RoleName>app</RoleName><RoleId>AROAEXAMPLE</RoleId>\
            <Arn>arn:aws-us-gov:iam::123456789012:role/app</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
            <MaxSessionDuration>7200</MaxSessionDuration>\
            <AssumeRolePolicyDocument>{policy}</AssumeRolePolicyDocument>"
        );
        (
            200,
            format!("<GetRoleResponse><GetRoleResult><Role>{role}</Role></GetRoleResult></GetRoleResponse>"),
        )
    });
    let found = read_role(&iam.config, &role()).await.unwrap().unwrap();
    assert_eq!(found.arn.as_str(), "arn:aws-us-gov:iam::123456789012:role/app", "IAM knows the path better");
    assert_eq!(found.max_session_duration, Duration::from_secs(7200));
    let federated: Vec<&str> =
        found.trust_policy.statements()[0].principal().unwrap().values("Federated").collect();
    assert_eq!(federated, ["p+q"]);
    assert!(iam.asked()[0].contains("RoleName=app&") || iam.asked()[0].ends_with("RoleName=app"));

    let iam = Scripted::start(|_| error(404, "NoSuchEntity"));
    assert_eq!(read_role(&iam.config, &role()).await.unwrap(), None);
    let iam = Scripted::start(|_| error(403, "AccessDenied"));
    let refused = read_role(&iam.config, &role()).await.unwrap_err();
    assert!(refused.to_string().contains("iam:GetRole"), "{refused}");
}

#[tokio::test]
async fn a_session_is_asked_for_with_the_token_as_it_is_and_has_to_come_with_credentials() {
    let session = |credentials: &'static str| {
        Scripted::start(move |_| {
            let user = "<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:s</AssumedRoleId>\
                <Arn>arn:aws-us-gov:sts::123456789012:assumed-role/app/s</Arn></AssumedRoleUser>";
            let (_, body) = done("AssumeRoleWithWebIdentity");
            let inside = format!(
                "<AssumeRoleWithWebIdentityResult>{credentials}{user}<Audience>a</Audience>\
                <Provider>p</Provider><SubjectFromWebIdentityToken>t</SubjectFromWebIdentityToken>\
                </AssumeRoleWithWebIdentityResult>"
            );
            (200, body.replace("<AssumeRoleWithWebIdentityResult/>", &inside))
        })
    };
    let sts = session(
        "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>example</SecretAccessKey>\
        <SessionToken>t</SessionToken><Expiration>2026-01-01T00:00:00Z</Expiration></Credentials>",
    );
    let given = assume_role_with_web_identity(&sts.config, &role(), "s1", "a.b.c\n", None).await.unwrap();
    assert_eq!(given.arn, "arn:aws-us-gov:sts::123456789012:assumed-role/app/s");
    assert_eq!((given.subject.as_str(), given.audience.as_str(), given.provider.as_str()), ("t", "a", "p"));
    assert_eq!(given.credentials.access_key_id(), "ASIAEXAMPLE");
    assert!(!format!("{given:?}").contains("example"));
    let asked = &sts.asked()[0];
    assert!(asked.contains("WebIdentityToken=a.b.c%0A") && asked.contains("DurationSeconds=900"), "{asked}");

    let none =
        assume_role_with_web_identity(&session("").config, &role(), "s1", "t", Some(7200)).await.unwrap_err();
    assert!(matches!(none, SessionError::NoCredentials { .. }), "{none}");
    let sts = Scripted::start(|_| error(400, "InvalidIdentityToken"));
    let SessionError::Call(refused) =
        assume_role_with_web_identity(&sts.config, &role(), "s1", "t", Some(7200)).await.unwrap_err()
    else {
        panic!("a refusal is a call that failed")
    };
    assert_eq!((refused.code(), sts.asked().len()), ("InvalidIdentityToken", 1));
}
