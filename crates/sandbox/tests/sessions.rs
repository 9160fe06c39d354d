//! Sessions and time, with a clock that the test turns: what has to settle first, and what has run out.

// The lint spares tests, but not what they share.
#![allow(clippy::unwrap_used)]

mod clients;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use issuer_discovery::{IssuerUrl, Jwks, JwksPath, Site};
use issuer_keygen::{Algorithm, SigningKey, TokenRequest, sign_token};
use issuer_sandbox::{Clock, Config, Sandbox};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const DELAY: Duration = Duration::from_secs(60);
const ISSUER: &str = "https://a-bucket.s3.us-east-1.amazonaws.com";
const ROLE: &str = "arn:aws:iam::123456789012:role/demo";
const PUT_ANYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;

/// A sandbox with a published issuer that has settled.
struct Scene {
    sandbox: Sandbox,
    ahead: Arc<AtomicU64>,
    begun: SystemTime,
    key: SigningKey,
}

impl Scene {
    async fn start() -> Self {
        let ahead = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&ahead);
        // It stands still but for the test, and is never further from the clients' than their signatures allow: ten
        // minutes behind in the beginning, less than that ahead in the end.
        let begun = SystemTime::now() - Duration::from_secs(600);
        let clock = Clock::new(move || begun + Duration::from_secs(read.load(Ordering::SeqCst)));
        let config = Config { propagation: Some(DELAY), clock, ..Config::default() };
        let sandbox = Sandbox::start(config).await.unwrap();
        let scene = Self { sandbox, ahead, begun, key: SigningKey::generate(Algorithm::Es256).unwrap() };
        scene.publish().await;
        scene
    }

    fn pass(&self, time: Duration) {
        self.ahead.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    async fn publish(&self) {
        let s3 = clients::s3(&self.sandbox, None);
        s3.create_bucket().bucket("a-bucket").send().await.unwrap();
        let open = PublicAccessBlockConfiguration::builder().build();
        let block = s3.put_public_access_block().bucket("a-bucket").public_access_block_configuration(open);
        block.send().await.unwrap();
        self.pass(DELAY);
        let policy = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::a-bucket/*"}}"#;
        s3.put_bucket_policy().bucket("a-bucket").policy(policy).send().await.unwrap();
        self.pass(DELAY);
        let issuer = ISSUER.parse::<IssuerUrl>().unwrap();
        let site = Site::build(&issuer, &JwksPath::default(), &Jwks::of([self.key.public_key()]));
        for object in site.objects() {
            let body = ByteStream::from(object.bytes.clone());
            s3.put_object().bucket("a-bucket").key(&object.path).body(body).send().await.unwrap();
        }
    }

    fn token(&self) -> String {
        let request = TokenRequest {
            issuer: ISSUER.to_owned(),
            audiences: vec!["sts.amazonaws.com".to_owned()],
            service_account: "default/demo".parse().unwrap(),
            uid: "u".to_owned(),
            jti: "j".to_owned(),
            issued_at: self.begun.into(),
            expires_in: Duration::from_secs(3600),
        };
        sign_token(&self.key, &request).unwrap()
    }

    async fn create_role(&self) {
        let provider = "arn:aws:iam::123456789012:oidc-provider/a-bucket.s3.us-east-1.amazonaws.com";
        let trust = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity"}}}}"#
        );
        let create = clients::iam(&self.sandbox).create_role().role_name("demo");
        create.assume_role_policy_document(trust).send().await.unwrap();
    }

    async fn register(&self) {
        let create = clients::iam(&self.sandbox).create_open_id_connect_provider().url(ISSUER);
        create.client_id_list("sts.amazonaws.com").send().await.unwrap();
    }

    /// The answer of STS: the step at which it refuses, and the body.
    async fn assume(&self) -> (Option<String>, String) {
        let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let body = format!(
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=pod&DurationSeconds=900&RoleArn={}\
             &WebIdentityToken={}",
            escape(ROLE),
            escape(&self.token())
        );
        let address = self.sandbox.endpoint().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let step = head.lines().find_map(|line| line.strip_prefix("x-issuerctl-step: ").map(str::to_owned));
        (step, body.to_owned())
    }
}

/// The text of an element.
fn element(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name} in {xml}"));
    rest.split_once('<').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_role_a_provider_and_a_policy_count_when_they_have_settled() {
    let scene = Scene::start().await;
    scene.create_role().await;
    assert_eq!(scene.assume().await.0.as_deref(), Some("trust"));
    scene.pass(DELAY);
    assert_eq!(scene.assume().await.0.as_deref(), Some("provider"));
    scene.register().await;
    assert_eq!(scene.assume().await.0.as_deref(), Some("provider"));
    scene.pass(DELAY);
    let (step, credentials) = scene.assume().await;
    assert_eq!(step, None, "{credentials}");

    let s3 = clients::in_session(&scene.sandbox, &credentials_of(&credentials)).1;
    let put = || s3.put_object().bucket("a-bucket").key("k").body(ByteStream::from_static(b"1")).send();
    let iam = clients::iam(&scene.sandbox);
    let allow = || iam.put_role_policy().role_name("demo").policy_name("p").policy_document(PUT_ANYTHING);
    allow().send().await.unwrap();
    assert_eq!(clients::code(&put().await.unwrap_err()).as_deref(), Some("AccessDenied"));
    scene.pass(DELAY);
    put().await.unwrap();
    // What is taken away counts as long.
    iam.delete_role_policy().role_name("demo").policy_name("p").send().await.unwrap();
    put().await.unwrap();
    scene.pass(DELAY);
    assert_eq!(clients::code(&put().await.unwrap_err()).as_deref(), Some("AccessDenied"));
}

#[tokio::test]
async fn a_session_runs_out() {
    let scene = Scene::start().await;
    scene.create_role().await;
    scene.register().await;
    let iam = clients::iam(&scene.sandbox);
    let allow = iam.put_role_policy().role_name("demo").policy_name("p");
    allow.policy_document(PUT_ANYTHING.replace("s3:*", "*")).send().await.unwrap();
    scene.pass(DELAY);
    let (step, credentials) = scene.assume().await;
    assert_eq!(step, None, "{credentials}");
    let (iam, s3) = clients::in_session(&scene.sandbox, &credentials_of(&credentials));
    let refused = || async {
        let of_s3 = s3.list_buckets().send().await.err();
        let of_iam = iam.list_roles().send().await.err();
        let of_s3 = of_s3
            .map(|error| (clients::code(&error).unwrap(), error.raw_response().unwrap().status().as_u16()));
        let of_iam = of_iam
            .map(|error| (clients::code(&error).unwrap(), error.raw_response().unwrap().status().as_u16()));
        (of_s3, of_iam)
    };
    assert_eq!(refused().await, (None, None));
    scene.pass(Duration::from_secs(899));
    assert_eq!(refused().await, (None, None));
    scene.pass(Duration::from_secs(1));
    let expired = |status| Some(("ExpiredToken".to_owned(), status));
    assert_eq!(refused().await, (expired(400), expired(403)));
}

fn credentials_of(xml: &str) -> [String; 3] {
    ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|name| element(xml, name))
}
