//! Reads and changes the provider through the AWS SDK.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::types::Tag;
use aws_types::SdkConfig;
use issuer_discovery::{CallError, OWNER_CREATED, OWNER_TAG, Patience, TooManyRequests, Waiting};

use crate::account::{Account, AccountError};
use crate::provider::{Provider, ProviderChange, ProviderSpec, provider_arn};

/// Why registering fails.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The caller's identity makes no sense.
    #[error("STS answered with an identity that is none")]
    Account(#[from] AccountError),
    /// IAM could not read the issuer's documents.
    #[error("IAM could not reach the issuer {issuer} to look at its certificate")]
    IssuerUnreachable {
        /// The issuer.
        issuer: String,
        /// What IAM said.
        #[source]
        source: CallError,
    },
    /// A call that must not be repeated blindly failed so that it may have been carried out.
    #[error("what became of the IAM provider {arn} is not known")]
    Unsure {
        /// The provider.
        arn: String,
        /// How the call ended.
        #[source]
        source: CallError,
    },
    /// Somebody else was faster.
    #[error("the IAM provider {arn} was changed by somebody else meanwhile")]
    Raced {
        /// The provider.
        arn: String,
    },
}

/// The provider of one issuer in one account.
#[derive(Clone, Debug)]
pub struct ProviderClient {
    iam: Client,
    arn: String,
    patience: Patience,
}

impl ProviderClient {
    /// Works on the provider for this issuer.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        account: &Account,
        issuer: &issuer_discovery::IssuerUrl,
        patience: Patience,
    ) -> Self {
        let config = aws_sdk_iam::config::Builder::from(config).retry_classifier(TooManyRequests).build();
        Self { iam: Client::from_conf(config), arn: provider_arn(account, issuer), patience }
    }

    /// Returns the provider's ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Reads the provider, when there is one.
    ///
    /// # Errors
    /// When IAM does not answer, or refuses.
    pub async fn read(&self) -> Result<Option<Provider>, RegisterError> {
        match self.iam.get_open_id_connect_provider().open_id_connect_provider_arn(&self.arn).send().await {
            Ok(found) => Ok(Some(Provider {
                // IAM leaves the scheme out; stores that imitate it may not.
                url: found.url().map(|url| url.trim_start_matches("https://").to_owned()).unwrap_or_default(),
                client_ids: found.client_id_list().to_vec(),
                thumbprints: found.thumbprint_list().to_vec(),
                tags: found.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
            })),
            Err(error) => match self.failed("iam:GetOpenIDConnectProvider", error) {
                missing if missing.code().starts_with("NoSuchEntity") => Ok(None),
                other => Err(other.into()),
            },
        }
    }

    /// Applies one change; races are looked at before anything is tried again.
    ///
    /// # Errors
    /// When it cannot be made, or somebody else made the provider first.
    pub async fn apply<W>(&self, change: &ProviderChange, waiting: &W) -> Result<(), RegisterError>
    where
        W: Fn(&Waiting) + Send + Sync + ?Sized,
    {
        let mut wait = self.patience.wait();
        loop {
            let Err(error) = self.call(change).await else { return Ok(()) };
            let arn = self.arn.clone();
            let what = match error.code() {
                // AWS: "submit the request again"; what replaces a list has to see the other's first.
                code if code.starts_with("ConcurrentModification") && !repeats(change) => {
                    return Err(RegisterError::Raced { arn });
                }
                code if code.starts_with("ConcurrentModification") => {
                    "another change of the IAM provider to end"
                }
                // The documents are public, but not yet for everyone.
                code if code.starts_with("OpenIdIdpCommunicationError") => "IAM to reach the issuer",
                code if code.starts_with("EntityAlreadyExists") => return Err(RegisterError::Raced { arn }),
                // It was there when it was read; or it is so new that IAM does not show it everywhere.
                code if code.starts_with("NoSuchEntity") => return Err(RegisterError::Raced { arn }),
                _ if error.may_pass() && !repeats(change) => {
                    return Err(RegisterError::Unsure { arn, source: error });
                }
                _ => return Err(error.into()),
            };
            let Some(pause) = wait.pause(what, waiting) else {
                return Err(match change {
                    ProviderChange::Create(spec) if error.code().starts_with("OpenIdIdp") => {
                        RegisterError::IssuerUnreachable { issuer: spec.issuer.to_string(), source: error }
                    }
                    _ => error.into(),
                });
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Deletes the provider, if it still is one that this program made; one that is gone already is done.
    ///
    /// # Errors
    /// When it cannot be deleted, or has lost our tag since it was looked at.
    pub async fn delete<W>(&self, waiting: &W) -> Result<(), RegisterError>
    where
        W: Fn(&Waiting) + Send + Sync + ?Sized,
    {
        let mut wait = self.patience.wait();
        loop {
            match self.read().await? {
                Some(provider) if !provider.is_made() => {
                    return Err(RegisterError::Raced { arn: self.arn.clone() });
                }
                // A new one is not visible everywhere at once: whether it is gone, the deletion itself says.
                Some(_) | None => {}
            }
            // To delete what is gone changes nothing: the SDK may send it again.
            let call = self.iam.delete_open_id_connect_provider().open_id_connect_provider_arn(&self.arn);
            let Err(error) = call.send().await else { return Ok(()) };
            let error = self.failed("iam:DeleteOpenIDConnectProvider", error);
            match error.code() {
                code if code.starts_with("NoSuchEntity") => return Ok(()),
                code if code.starts_with("ConcurrentModification") => {}
                _ => return Err(error.into()),
            }
            match wait.pause("another change of the IAM provider to end", waiting) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error.into()),
            }
        }
    }

    async fn call(&self, change: &ProviderChange) -> Result<(), CallError> {
        match change {
            ProviderChange::Create(spec) => self.create(spec).await,
            ProviderChange::AddClientId(audience) => {
                let call = self.iam.add_client_id_to_open_id_connect_provider();
                let call = call.open_id_connect_provider_arn(&self.arn).client_id(audience.as_str());
                let done = call.send().await.map(|_| ());
                done.map_err(|error| self.failed("iam:AddClientIDToOpenIDConnectProvider", error))
            }
            ProviderChange::Thumbprints { to, .. } => {
                let list = to.iter().map(ToString::to_string).collect();
                let call = self.iam.update_open_id_connect_provider_thumbprint();
                let call = call.open_id_connect_provider_arn(&self.arn).set_thumbprint_list(Some(list));
                let done = call.customize().config_override(once()).send().await.map(|_| ());
                done.map_err(|error| self.failed("iam:UpdateOpenIDConnectProviderThumbprint", error))
            }
            ProviderChange::Tag(add) => {
                let call = self.iam.tag_open_id_connect_provider();
                let call = call.open_id_connect_provider_arn(&self.arn).set_tags(Some(sdk_tags(add)));
                let done = call.send().await.map(|_| ());
                done.map_err(|error| self.failed("iam:TagOpenIDConnectProvider", error))
            }
        }
    }

    async fn create(&self, spec: &ProviderSpec) -> Result<(), CallError> {
        let mut tags = spec.tags.clone();
        tags.insert(OWNER_TAG.to_owned(), OWNER_CREATED.to_owned());
        let mut call = self
            .iam
            .create_open_id_connect_provider()
            .url(spec.issuer.as_str())
            .set_client_id_list(Some(spec.audiences.iter().map(ToString::to_string).collect()))
            .set_tags(Some(sdk_tags(&tags)));
        if !spec.thumbprints.is_empty() {
            call = call.set_thumbprint_list(Some(spec.thumbprints.iter().map(ToString::to_string).collect()));
        }
        let done = call.customize().config_override(once()).send().await.map(|_| ());
        done.map_err(|error| self.failed("iam:CreateOpenIDConnectProvider", error))
    }

    fn failed<E>(
        &self,
        action: &'static str,
        error: aws_sdk_iam::error::SdkError<E, aws_sdk_iam::config::http::HttpResponse>,
    ) -> CallError
    where
        E: aws_sdk_iam::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        CallError::new(action, &self.arn, error)
    }
}

/// Tells whether a change may be sent twice: to add what is there already changes nothing. The list
/// of thumbprints is replaced whole, and a provider is made once.
fn repeats(change: &ProviderChange) -> bool {
    matches!(change, ProviderChange::AddClientId(_) | ProviderChange::Tag(_))
}

/// The SDK sends it once: what it does has to be looked at before it is sent again.
fn once() -> aws_sdk_iam::config::Builder {
    aws_sdk_iam::config::Builder::new().retry_config(RetryConfig::disabled())
}

fn sdk_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    // Both parts are given, which is all that the builder asks for.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}
