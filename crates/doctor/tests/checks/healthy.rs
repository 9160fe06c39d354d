//! Facts about an issuer where everything is as it should be, made anew each time: keys, documents, certificate and
//! token are those that the product makes itself.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use issuer_discovery::{
    AccessBlock, AccountBlock, BucketParts, BucketPlace, CallError, Certificates, Fetched, IssuerUrl, Jwks,
    JwksPath, LiveObject, OWNER_CREATED, OWNER_TAG, Object, Site,
};
use issuer_doctor::{
    BucketFacts, Fact, Facts, KeyFacts, LoadedKeys, ProviderFacts, RoleFacts, StsAnswer, TokenText,
};
use issuer_keygen::{Algorithm, KeyRecord, KeyRing, PublicKey, SigningKey, TokenRequest, sign_token};
use issuer_policy::Document;
use issuer_registrar::{Account, Provider, Role, RoleArn, provider_arn};
use issuer_relying_party::{Authority, Documents};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const ISSUER: &str = "https://oidc-bucket.s3.eu-west-1.amazonaws.com/prod";
pub(crate) const AUDIENCE: &str = "sts.amazonaws.com";
pub(crate) const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const ACCOUNT: &str = "123456789012";
const ROLE: &str = "arn:aws:iam::123456789012:role/demo";

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Es256).unwrap());
static OTHER_KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Es256).unwrap());

/// The key that signs.
pub(crate) fn key() -> &'static SigningKey {
    &KEY
}

/// A key of somebody else.
pub(crate) fn other_key() -> &'static SigningKey {
    &OTHER_KEY
}

pub(crate) fn issuer() -> IssuerUrl {
    ISSUER.parse().unwrap()
}

pub(crate) fn place() -> BucketPlace {
    BucketPlace {
        bucket: "oidc-bucket".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        prefix: "prod".parse().unwrap(),
        jwks_path: JwksPath::default(),
    }
}

pub(crate) fn account() -> Account {
    Account::of_caller(ACCOUNT, "arn:aws:iam::123456789012:user/me").unwrap()
}

/// Our keys, the signer first.
pub(crate) fn ring(keys: &[&SigningKey]) -> KeyRing {
    KeyRing::from_public_keys(keys.iter().map(|key| key.public_key().clone()).collect()).unwrap()
}

/// The documents that these keys make.
pub(crate) fn site(keys: &[&SigningKey]) -> Site {
    Site::build(&issuer(), &JwksPath::default(), &Jwks::of(keys.iter().map(|key| key.public_key())))
}

/// What a URL answers that serves an object.
pub(crate) fn served(object: &Object) -> Fetched {
    Fetched {
        status: 200,
        content_type: Some(object.content_type.to_owned()),
        cache_control: Some(object.cache_control.to_owned()),
        location: None,
        body: object.bytes.clone(),
    }
}

/// What a bucket keeps that holds an object.
pub(crate) fn stored(object: &Object) -> LiveObject {
    LiveObject {
        bytes: object.bytes.clone(),
        etag: Some("\"1\"".to_owned()),
        content_type: Some(object.content_type.to_owned()),
        cache_control: Some(object.cache_control.to_owned()),
        encryption: Some("AES256".to_owned()),
    }
}

/// A certificate of this host, from 2026-01-01 until then.
pub(crate) fn certificate(until: OffsetDateTime) -> Vec<u8> {
    let mut params =
        CertificateParams::new(vec!["oidc-bucket.s3.eu-west-1.amazonaws.com".to_owned()]).unwrap();
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = until;
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

pub(crate) fn trust_policy(condition: &str) -> Document {
    Document::parse(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
            "Principal":{{"Federated":"{}"}},"Condition":{condition}}}]}}"#,
        provider_arn(&account(), &issuer())
    ))
    .unwrap()
}

pub(crate) fn condition(audience: &str, subject: &str) -> String {
    let key = issuer().without_scheme().to_owned();
    format!(r#"{{"StringEquals":{{"{key}:aud":"{audience}","{key}:sub":"{subject}"}}}}"#)
}

pub(crate) fn token_request() -> TokenRequest {
    TokenRequest {
        issuer: ISSUER.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        service_account: "default/demo".parse().unwrap(),
        uid: "8f1c6a1e-5a0c-4f0c-9d8e-3f1f0a6c1b2d".to_owned(),
        jti: "0b7f6c2e-1a2b-4c3d-8e9f-a0b1c2d3e4f5".to_owned(),
        issued_at: NOW - Duration::from_secs(60),
        expires_in: Duration::from_secs(600),
    }
}

/// A token of ours with other claims.
pub(crate) fn resign(change: impl FnOnce(&mut Map<String, Value>)) -> Fact<TokenText> {
    let text = sign_token(key(), &token_request()).unwrap();
    let mut parts = text.split('.');
    let (header, payload) = (parts.next().unwrap(), parts.next().unwrap());
    let mut claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    change(&mut claims);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string()));
    let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()).unwrap());
    Fact::Is(TokenText::new(format!("{signed}.{signature}")))
}

/// An RSA key of 1024 bits, which nothing here would make.
pub(crate) fn short_key() -> PublicKey {
    let algorithm: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
    let numbers = [&[0x30, 0x81, 137, 2, 0x81, 129, 0][..], &[0xc3; 128], &[2, 3, 1, 0, 1]].concat();
    let der = [&[0x30, 0x81, 159][..], algorithm, &[3, 0x81, 141, 0], &numbers].concat();
    PublicKey::from_spki_der(&der).unwrap()
}

/// A call that AWS refuses for want of a permission.
pub(crate) fn denied(action: &'static str) -> CallError {
    let status = StatusCode::try_from(403).unwrap();
    let answer = HttpResponse::new(status, SdkBody::empty());
    let refusal = ErrorMetadata::builder().code("AccessDenied").message("not authorized").build();
    CallError::new(action, place().bucket_arn(), SdkError::service_error(refusal, answer))
}

pub(crate) fn token(key: &SigningKey, request: &TokenRequest) -> Fact<TokenText> {
    Fact::Is(TokenText::new(sign_token(key, request).unwrap()))
}

/// Facts in which nothing is wrong. Cluster and webhook are not asked for.
pub(crate) fn facts() -> Facts {
    let site = site(&[key()]);
    let kid = key().public_key().kid();
    let record = KeyRecord { issuer: Some(ISSUER.to_owned()), ..KeyRecord::default() };
    let ring = ring(&[key()]).with_record(kid, record);
    let mut policy = Document::empty();
    policy.merge(place().statement());
    let arn: RoleArn = ROLE.parse().unwrap();
    Facts {
        now: NOW,
        issuer: ISSUER.parse().unwrap(),
        jwks_path: JwksPath::default(),
        audience: AUDIENCE.parse().unwrap(),
        keys: Fact::Is(KeyFacts {
            directory: Some("keys".into()),
            loaded: Ok(LoadedKeys { ring, private: true, warnings: Vec::new() }),
        }),
        documents: Documents {
            authority: Authority::Public,
            ..Documents::of(ISSUER, Ok(served(site.discovery())), Some(Ok(served(site.jwks()))))
        },
        certificates: Ok(Certificates {
            chain: vec![certificate(datetime!(2026-12-31 0:00 UTC))],
            verified: Ok(()),
            public: true,
        }),
        jwks_certificates: None,
        public_look: true,
        region: Some("eu-west-1".to_owned()),
        account: Fact::Is(account()),
        bucket: Fact::Is(BucketFacts {
            place: place(),
            account: account(),
            parts: BucketParts {
                exists: Ok(true),
                block: Ok(AccessBlock::POLICY_ONLY),
                account_block: Ok(AccountBlock::default()),
                policy: Ok(Some(policy)),
                tags: Ok(BTreeMap::from([(OWNER_TAG.to_owned(), OWNER_CREATED.to_owned())])),
                versioned: Ok(true),
                discovery: Ok(Some(stored(site.discovery()))),
                jwks: Ok(Some(stored(site.jwks()))),
            },
            encryption: Ok(Some("AES256".to_owned())),
        }),
        provider: Fact::Is(ProviderFacts {
            arn: provider_arn(&account(), &issuer()),
            account: account(),
            live: Some(Provider {
                url: issuer().without_scheme().to_owned(),
                client_ids: vec![AUDIENCE.to_owned()],
                ..Provider::default()
            }),
        }),
        role: Fact::Is(RoleFacts {
            arn: arn.clone(),
            live: Ok(Some(Role {
                arn,
                trust_policy: trust_policy(&condition(AUDIENCE, "system:serviceaccount:default:demo")),
                max_session_duration: Duration::from_secs(3600),
            })),
        }),
        service_account: Some("default/demo".parse().unwrap()),
        token: token(key(), &token_request()),
        duration_seconds: None,
        cluster: Fact::NotAsked("--cluster"),
        webhook: Fact::NotAsked("--cluster"),
        sts: Fact::Is(StsAnswer::Accepted {
            session: "arn:aws:sts::123456789012:assumed-role/demo/issuerctl-doctor".to_owned(),
        }),
    }
}
