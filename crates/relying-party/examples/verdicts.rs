//! How many verdicts a core gives in a second, and how many signatures it checks: `verdicts [SECONDS]`.
//!
//! RS256 with a new key of 2048 bits, beside it another one in the JWKS, as in a rotation. Both are measured in turns
//! of some milliseconds, so that a machine that slows down slows both. Prints one line of JSON.

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use issuer_discovery::{Fetched, IssuerUrl, Jwks, JwksPath, Object, Site};
use issuer_keygen::{Algorithm, SigningKey, TokenRequest, sign_token};
use issuer_policy::Document;
use issuer_registrar::{DEFAULT_AUDIENCE, Provider, Role, RoleArn, provider_arn};
use issuer_relying_party::{Authority, Documents, Examination, Facts, Known, PublishedKeys, Token, Verdict};
use time::OffsetDateTime;

const TURN: u32 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds: f64 = std::env::args().nth(1).as_deref().unwrap_or("2").parse()?;
    let issuer: IssuerUrl = "https://oidc.example.com/cluster-1".parse()?;
    let now = OffsetDateTime::now_utc();
    let (key, other) = (SigningKey::generate(Algorithm::Rsa2048)?, SigningKey::generate(Algorithm::Rsa2048)?);
    let text = sign_token(
        &key,
        &TokenRequest {
            issuer: issuer.to_string(),
            audiences: vec![DEFAULT_AUDIENCE.to_owned()],
            service_account: "default/demo".parse()?,
            uid: "11111111-2222-3333-4444-555555555555".to_owned(),
            jti: "66666666-7777-8888-9999-aaaaaaaaaaaa".to_owned(),
            issued_at: now,
            expires_in: Duration::from_secs(3600),
        },
    )?;
    let site = Site::build(&issuer, &JwksPath::default(), &Jwks::of([other.public_key(), key.public_key()]));
    let answers = (Ok(fetched(site.discovery())), Some(Ok(fetched(site.jwks()))));
    let documents =
        Documents { authority: Authority::Public, ..Documents::of(issuer.as_str(), answers.0, answers.1) };
    let role = role(&issuer)?;
    let providers = [Provider {
        url: issuer.without_scheme().to_owned(),
        client_ids: vec![DEFAULT_AUDIENCE.to_owned()],
        ..Provider::default()
    }];
    let facts = Facts {
        token: &text,
        session_name: "bench",
        duration_seconds: None,
        now,
        role: Known::Is(Some(&role)),
        providers: Known::Is(&providers),
        documents: Known::Is(&documents),
        context: None,
    };
    let keys =
        PublishedKeys::parse(&site.jwks().bytes, issuer.as_str()).map_err(|refused| refused.explanation)?;
    let token = Token::parse(&text).map_err(|refused| refused.explanation)?;
    let verifier = keys.key_of(&token, issuer.as_str()).map_err(|refused| refused.explanation)?;

    let (mut signatures, mut verdicts) = (Count::default(), Count::default());
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end {
        signatures.turn(|| verifier.verify(&token).is_ok())?;
        verdicts.turn(|| matches!(Examination::of(&facts).verdict(), Verdict::Accepted(_)))?;
    }
    let (signatures, verdicts) = (signatures.per_second(), verdicts.per_second());
    writeln!(
        std::io::stdout(),
        "{{\"signatures_per_second\":{signatures:.1},\"verdicts_per_second\":{verdicts:.1}}}"
    )?;
    Ok(())
}

#[derive(Default)]
struct Count {
    times: u32,
    elapsed: Duration,
}

impl Count {
    /// Does some work again and again; it has to succeed each time, or what is measured is something else.
    fn turn(&mut self, work: impl Fn() -> bool) -> Result<(), Box<dyn Error>> {
        let began = Instant::now();
        let good = (0..TURN).filter(|_| std::hint::black_box(work())).count();
        self.elapsed += began.elapsed();
        self.times += TURN;
        if good == TURN as usize { Ok(()) } else { Err("a good token is refused".into()) }
    }

    fn per_second(&self) -> f64 {
        f64::from(self.times) / self.elapsed.as_secs_f64()
    }
}

fn fetched(object: &Object) -> Fetched {
    Fetched {
        status: 200,
        content_type: None,
        cache_control: None,
        location: None,
        body: object.bytes.to_vec(),
    }
}

fn role(issuer: &IssuerUrl) -> Result<Role, Box<dyn Error>> {
    let arn: RoleArn = "arn:aws:iam::123456789012:role/demo".parse()?;
    let (provider, key) = (provider_arn(arn.account(), issuer), issuer.without_scheme());
    let trust_policy = Document::parse(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},
            "Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{
                "{key}:aud":"{DEFAULT_AUDIENCE}","{key}:sub":"system:serviceaccount:default:demo"}}}}}}]}}"#
    ))?;
    Ok(Role { arn, trust_policy, max_session_duration: Duration::from_secs(3600) })
}
