//! AssumeRoleWithWebIdentity: what STS knows and fetches is put together here; the verdict is the relying party's.
//!
//! Follows [AssumeRoleWithWebIdentity][call]. Roles and providers count once they have settled, as all of IAM's.
//! A refusal says at which step in the header `x-issuerctl-step`.
//!
//! [call]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html

use std::time::Duration;

use issuer_policy::Document;
use issuer_registrar::{Provider, Role};
use issuer_relying_party::{
    Accepted, Authority, Documents, Examination, Facts, Known, Refused, Step, Token, Verdict,
};

use super::constraints::packed_size;
use super::given::{DURATION, assumed_role_user, credentials};
use super::parameters::Parameters;
use crate::account::Account;
use crate::call::Call;
use crate::context::Context;
use crate::host::Host;
use crate::issuers::{Reader, Vouched};
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::session::Session;
use crate::xml::Xml;

/// The header that names the step at which a token is refused.
pub(crate) const STEP: &str = "x-issuerctl-step";

/// What IAM has for a call.
struct Entities {
    /// The role, with its unique id.
    role: Option<(Role, String)>,
    providers: Vec<Provider>,
}

/// Gives temporary credentials for a token, or says why not.
pub(crate) async fn assume_role_with_web_identity(
    account: &Account,
    host: &Host,
    context: &Context,
    form: &Form,
    call: &Call,
) -> Answer<Xml> {
    let parameters = Parameters::read(account, form).inspect_err(|_| {
        call.header(STEP, Step::Parameters.name());
    })?;
    let known = entities(account, host, &parameters);
    let facts = Facts {
        token: parameters.token,
        session_name: parameters.session_name,
        duration_seconds: parameters.duration_seconds,
        now: account.now(),
        role: Known::Is(known.role.as_ref().map(|(role, _)| role)),
        providers: Known::Is(&known.providers),
        documents: Known::NotLookedAt,
        context: Some(context),
    };
    let refuse = |refused: Refused| {
        call.header(STEP, refused.step.name());
        Err(Refusal::new(refused.code, refused.status, refused.message))
    };
    let token = Token::parse(parameters.token);
    // The issuer is asked only when nothing before speaks against the token.
    if let Verdict::Refused(refused) = Examination::of_read(&facts, token.as_ref()).verdict()
        && (refused.step < Step::Reachable || known.role.is_none())
    {
        return refuse(refused);
    }
    let documents = match &token {
        Ok(token) => documents(account, token).await,
        Err(_) => None,
    };
    let facts = Facts { documents: documents.as_ref().map_or(Known::NotLookedAt, Known::Is), ..facts };
    match (Examination::of_read(&facts, token.as_ref()).verdict(), &known.role) {
        (Verdict::Accepted(accepted), Some((role, id))) => {
            Ok(session(account, &parameters, &accepted, role, id))
        }
        (Verdict::Refused(refused), _) => refuse(refused),
        (Verdict::Accepted(_) | Verdict::Incomplete(_), _) => {
            let text = "The sandbox could not judge the token.";
            Err(Refusal::new("InternalFailure", 500, text))
        }
    }
}

/// The role that is asked for, and all providers, as far as they have settled.
fn entities(account: &Account, host: &Host, parameters: &Parameters<'_>) -> Entities {
    let state = account.state();
    let settled = state.settled();
    // The one account lives in one partition; STS of the others knows nothing of it.
    let stranger = matches!(host, Host::Aws(host) if host.partition() != account.partition);
    let arn = &parameters.role;
    let role = settled.roles.get(arn.name()).filter(|role| {
        // The path counts, the account, and the partition.
        !stranger && account.role_arn(&role.path, arn.name()) == arn.as_str()
    });
    let role = role.and_then(|role| {
        let known = Role {
            arn: arn.clone(),
            // What was put was read before: it can be read again.
            trust_policy: Document::parse(&role.trust).ok()?,
            max_session_duration: Duration::from_secs(role.max_session.into()),
        };
        Some((known, role.id.clone()))
    });
    let providers = settled.providers.values().map(|provider| Provider {
        url: provider.url.clone(),
        client_ids: provider.client_ids.clone(),
        thumbprints: provider.thumbprints.clone(),
        tags: provider.tags.clone(),
    });
    Entities { role, providers: providers.collect() }
}

/// What the URLs of the token's issuer answer; nothing for a token that names none.
async fn documents(account: &Account, token: &Token) -> Option<Documents> {
    let reader = Reader(account);
    let mut documents = Documents::fetch(&reader, token.issuer()?).await;
    if let (Some(url), Some(Ok(_))) = (&documents.jwks_uri, &documents.jwks) {
        match reader.vouched(url).await {
            Ok(Vouched::Own | Vouched::Public) => documents.authority = Authority::Public,
            Ok(Vouched::Private(thumbprint)) => {
                // Forty hex digits that were just written.
                let thumbprint = thumbprint.parse().ok()?;
                documents.authority = Authority::Private { thumbprint };
            }
            // It was there a moment ago: what cannot be verified was not read.
            Err(error) => documents.jwks = Some(Err(error)),
        }
    }
    Some(documents)
}

/// Begins a session.
fn session(
    account: &Account,
    parameters: &Parameters<'_>,
    accepted: &Accepted,
    role: &Role,
    role_id: &str,
) -> Xml {
    let (name, now) = (parameters.session_name, account.now());
    let duration = Duration::from_secs(parameters.duration_seconds.unwrap_or(DURATION));
    let session = Session {
        account: account.config.account.clone(),
        role: role.arn.name().to_owned(),
        role_id: role_id.to_owned(),
        name: name.to_owned(),
        issued: now,
        expires: now + duration,
        provider: Some(accepted.provider.clone()),
        policy: parameters.policy.map(str::to_owned),
    };
    let xml = credentials(account, session);
    let xml = xml.text("SubjectFromWebIdentityToken", &accepted.subject);
    let xml = assumed_role_user(account, xml, role.arn.name(), role_id, name);
    let xml = xml.text("Provider", &accepted.provider).text("Audience", &accepted.audience);
    parameters
        .policy
        .iter()
        .fold(xml, |xml, policy| xml.text("PackedPolicySize", &packed_size(policy).to_string()))
}
