//! What AWS shows to these credentials: whose they are, the provider, the role, the bucket.

use aws_types::SdkConfig;
use issuer_discovery::{BucketPlace, CallError, IssuerUrl, JwksPath, Patience, S3Publisher};
use issuer_registrar::{
    Account, ProviderClient, RegisterError, RoleError, caller_account, provider_arn, read_role,
};

use crate::facts::{BucketFacts, Fact, ProviderFacts, RoleFacts};
use crate::plain::whole;
use crate::request::{Outside, Request};

/// What AWS shows to these credentials, the bucket apart.
pub(super) struct Aws {
    pub(super) account: Fact<Account>,
    pub(super) provider: Fact<ProviderFacts>,
    pub(super) role: Fact<RoleFacts>,
}

const NO_ROLE: Fact<RoleFacts> = Fact::NotAsked("give --role-arn ARN");

impl Aws {
    pub(super) async fn of(request: &Request, outside: &Outside) -> Self {
        let config = match &outside.aws {
            Ok(config) => config,
            Err(why) => return Self::without(request, why),
        };
        let (account, role) = tokio::join!(caller_account(config), role(request, config));
        let account = match account {
            Ok(account) => account,
            Err(error) => {
                // The role's ARN says where the provider has to be, whoever asks.
                let mut seen = Self::without(request, &whole(&error));
                if let Some(arn) = &request.role {
                    seen.provider = provider(request, config, arn.account()).await;
                }
                return Self { role, ..seen };
            }
        };
        let role = of_account(role, &account);
        let provider = provider(request, config, &account).await;
        Self { account: Fact::Is(account), provider, role }
    }

    fn without(request: &Request, why: &str) -> Self {
        Self {
            account: Fact::Unknown(why.to_owned()),
            provider: Fact::Unknown(why.to_owned()),
            role: request.role.as_ref().map_or(NO_ROLE, |_| Fact::Unknown(why.to_owned())),
        }
    }
}

/// Looks at the bucket, with the JWKS where it is.
pub(super) async fn bucket(
    request: &Request,
    outside: &Outside,
    account: &Fact<Account>,
    jwks_path: &JwksPath,
) -> Fact<BucketFacts> {
    let Some(place) = &request.bucket else {
        return Fact::NotAsked("give --bucket NAME, if the documents are in one");
    };
    let account = match account {
        Fact::Is(account) => account,
        Fact::NotAsked(flags) => return Fact::NotAsked(flags),
        Fact::Unknown(why) => return Fact::Unknown(why.clone()),
    };
    let config = match &outside.aws {
        Ok(config) => config,
        Err(why) => return Fact::Unknown(why.clone()),
    };
    let place = BucketPlace { jwks_path: jwks_path.clone(), ..place.clone() };
    let id = account.id.as_str();
    let publisher = S3Publisher::new(config, id, place.clone(), outside.path_style, Patience::default());
    let (parts, encryption) = tokio::join!(publisher.parts(), publisher.default_encryption());
    Fact::Is(BucketFacts { place, account: account.clone(), parts, encryption })
}

async fn provider(request: &Request, config: &SdkConfig, account: &Account) -> Fact<ProviderFacts> {
    let issuer: IssuerUrl = match request.issuer.as_str().parse() {
        Ok(issuer) => issuer,
        Err(error) => return Fact::Unknown(format!("IAM has no provider of such an issuer: {error}")),
    };
    match ProviderClient::new(config, account, &issuer, Patience::default()).read().await {
        Ok(live) => {
            Fact::Is(ProviderFacts { arn: provider_arn(account, &issuer), account: account.clone(), live })
        }
        Err(RegisterError::Call(error)) => Fact::Unknown(unseen(&error)),
        Err(error) => Fact::Unknown(whole(&error)),
    }
}

/// IAM is asked by the role's name: what it has shown may be another account's role of that name.
fn of_account(role: Fact<RoleFacts>, account: &Account) -> Fact<RoleFacts> {
    match role {
        Fact::Is(found) if found.arn.account() != account => {
            let why = format!(
                "these credentials are of account {} of {}: give a --profile of the role's account",
                account.id, account.partition
            );
            Fact::Is(RoleFacts { live: Err(why), ..found })
        }
        other => other,
    }
}

async fn role(request: &Request, config: &SdkConfig) -> Fact<RoleFacts> {
    let Some(arn) = &request.role else { return NO_ROLE };
    match read_role(config, arn).await {
        Ok(live) => Fact::Is(RoleFacts { arn: arn.clone(), live: Ok(live) }),
        Err(RoleError::Call(error)) => Fact::Unknown(unseen(&error)),
        Err(error) => Fact::Unknown(whole(&error)),
    }
}

/// Says why a call gave no answer: a missing permission by its name.
fn unseen(error: &CallError) -> String {
    if error.is_access_denied() {
        format!("the permission {} on {} is missing", error.action, error.resource)
    } else {
        whole(error)
    }
}
