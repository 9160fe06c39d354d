//! Looks at everything that is asked about, at once: three calls after each other, however much is asked.
//!
//! Nothing is changed anywhere, nothing runs on after the future was dropped, and what cannot be seen hides nothing
//! else.

mod aws;
mod keys;
mod seen;

use issuer_registrar::{RoleArn, SessionError, assume_role_with_web_identity};

use self::aws::{Aws, bucket};
pub use self::keys::load_keys;
use self::seen::Seen;
use crate::checks::SESSION_NAME;
use crate::cluster::gather_cluster;
use crate::facts::{Fact, Facts, KeyFacts, StsAnswer};
use crate::plain::whole;
use crate::request::{Outside, Request};
use crate::webhook::gather_webhook;

/// Looks at everything that is asked about, beside the keys, which [`load_keys`] has loaded.
///
/// The discovery document and the caller's identity come first, what needs them next: the JWKS and the provider, then
/// the bucket, whose keys the discovery document names.
pub async fn gather(request: &Request, keys: Fact<KeyFacts>, outside: &Outside) -> Facts {
    let (account, role) = (request.service_account.as_ref(), request.role.as_ref().map(RoleArn::as_str));
    let chain = async {
        let (seen, aws) = tokio::join!(Seen::of(&request.issuer, &outside.fetch), Aws::of(request, outside));
        // Looked at where the document says, and compared with what was asked for.
        let jwks_path = seen.jwks_path(&request.issuer).unwrap_or_else(|| request.jwks_path.clone());
        let bucket = bucket(request, outside, &aws.account, &jwks_path).await;
        (seen, aws, bucket)
    };
    let ((seen, aws, bucket), sts, cluster, webhook) = tokio::join!(
        chain,
        sts(request, &keys, outside),
        gather_cluster(&request.cluster, account, request.audience.as_str()),
        gather_webhook(&request.cluster, account, role),
    );
    Facts {
        now: request.now,
        issuer: request.issuer.clone(),
        jwks_path: request.jwks_path.clone(),
        audience: request.audience.clone(),
        keys,
        documents: seen.documents,
        certificates: seen.certificates,
        jwks_certificates: seen.jwks_certificates,
        public_look: outside.fetch.sees_what_the_public_sees(),
        region: outside.aws.as_ref().ok().and_then(|config| Some(config.region()?.to_string())),
        account: aws.account,
        bucket,
        provider: aws.provider,
        role: aws.role,
        service_account: request.service_account.clone(),
        token: request.token.clone().map_or(Fact::NotAsked("give --token FILE"), Fact::Is),
        duration_seconds: request.duration_seconds,
        cluster,
        webhook,
        sts,
    }
}

async fn sts(request: &Request, keys: &Fact<KeyFacts>, outside: &Outside) -> Fact<StsAnswer> {
    if !request.assume_role {
        return Fact::NotAsked("give --assume-role, with --role-arn ARN and --token FILE");
    }
    // Whoever asked for the proof is not to take its absence for one.
    Fact::Is(proof(request, keys, outside).await.unwrap_or_else(|why| StsAnswer::NoAnswer { why }))
}

/// Asks STS; says why it could not be asked, or did not answer.
async fn proof(request: &Request, keys: &Fact<KeyFacts>, outside: &Outside) -> Result<StsAnswer, String> {
    let role = request.role.as_ref().ok_or("there is no role to ask for: give --role-arn ARN")?;
    let token = request.token.as_ref().ok_or_else(|| no_token(request, keys))?;
    let config = outside.aws.as_ref().map_err(Clone::clone)?;
    let asked = request.duration_seconds;
    match assume_role_with_web_identity(config, role, SESSION_NAME, token.as_str(), asked).await {
        Ok(session) => Ok(StsAnswer::Accepted { session: session.arn }),
        Err(SessionError::Call(error)) => match error.answer() {
            Some(answer) => Ok(StsAnswer::Refused {
                code: answer.code.clone(),
                status: answer.status,
                message: answer.message.clone(),
            }),
            None => Err(whole(&error)),
        },
        Err(error) => Err(whole(&error)),
    }
}

fn no_token(request: &Request, keys: &Fact<KeyFacts>) -> String {
    let by_hand = matches!(keys, Fact::Is(KeyFacts { directory: None, .. }));
    let missing = match &request.service_account {
        None => "give --token FILE, or --service-account NS/NAME so that one is signed here",
        Some(_) if by_hand => {
            "without a key directory none can be signed here: give --token FILE, or --keys DIR"
        }
        Some(_) => {
            "the key directory holds no private key that could sign one: give --token FILE, or the right --keys DIR"
        }
    };
    format!("there is no token: {missing}")
}
