//! `workload admission-policy`: without any server, on Kubernetes 1.36 and later.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use issuer_emitter::workload::{AdmissionPolicy, Binding, DEFAULT_LABEL, admission_policy};
use issuer_keygen::ServiceAccount;
use issuer_registrar::RoleArn;

use super::{Context, OutArgs, TokenArgs, refused};
use crate::failure::Failure;

/// The same without any server: a MutatingAdmissionPolicy, for Kubernetes 1.36 and later
///
/// With --binding label it is driven by the annotation of service accounts that carry a label; with
/// each there is one binding for each service account; with map the roles stand in the policy.
#[derive(Debug, Args)]
pub(crate) struct AdmissionPolicyCommand {
    /// How the role of a pod is found
    #[arg(long, value_name = "HOW", default_value = "label")]
    binding: How,
    /// The label that service accounts carry, for --binding label [default: the one that `role apply` writes]
    #[arg(long, value_name = "KEY=VALUE")]
    label: Option<Label>,
    /// A service account, for --binding each
    #[arg(long, value_name = "NS/NAME")]
    service_account: Vec<ServiceAccount>,
    /// A service account and its role, for --binding map
    #[arg(long, value_name = "NS/NAME=ARN")]
    role: Vec<Entry>,
    /// Refuse pods whose service account has a role, and that carry no token
    #[arg(long)]
    validate: bool,
    #[command(flatten)]
    token: TokenArgs,
    #[command(flatten)]
    out: OutArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum How {
    /// By the annotation of service accounts that carry a label
    Label,
    /// By one binding for each service account
    Each,
    /// By a map within the policy
    Map,
}

#[derive(Clone, Debug)]
struct Label {
    key: String,
    value: String,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = text.split_once('=').ok_or("a label is KEY=VALUE")?;
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

#[derive(Clone, Debug)]
struct Entry {
    account: ServiceAccount,
    role: RoleArn,
}

impl FromStr for Entry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (account, role) = text.split_once('=').ok_or("it is written NAMESPACE/NAME=ARN")?;
        Ok(Self {
            account: account.parse().map_err(|error| format!("{error}"))?,
            role: role.parse().map_err(|error| format!("{error}"))?,
        })
    }
}

impl AdmissionPolicyCommand {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let emission = admission_policy(&AdmissionPolicy {
            workload: self.token.workload(&context.global)?,
            binding: self.binding()?,
            validate: self.validate,
        })
        .map_err(|error| refused(&error))?;
        self.out.write("admission-policy", &emission, context).await
    }

    fn binding(&self) -> Result<Binding, Failure> {
        let unused = |flag: &str, how: &str| Err(Failure::usage(format!("{flag} is for --binding {how}")));
        if !self.service_account.is_empty() && self.binding != How::Each {
            return unused("--service-account", "each");
        }
        if self.label.is_some() && self.binding != How::Label {
            return unused("--label", "label");
        }
        if !self.role.is_empty() && self.binding != How::Map {
            return unused("--role", "map");
        }
        let parts = |account: &ServiceAccount| (account.namespace().to_owned(), account.name().to_owned());
        match self.binding {
            How::Label => {
                let (key, value) = match &self.label {
                    Some(label) => (label.key.as_str(), label.value.as_str()),
                    None => DEFAULT_LABEL,
                };
                Ok(Binding::Label { key: key.to_owned(), value: value.to_owned() })
            }
            How::Each if self.service_account.is_empty() => {
                Err(Failure::usage("--binding each needs --service-account NS/NAME"))
            }
            How::Each => Ok(Binding::Each(self.service_account.iter().map(parts).collect())),
            How::Map if self.role.is_empty() => Err(Failure::usage("--binding map needs --role NS/NAME=ARN")),
            How::Map => Ok(Binding::Map(
                self.role.iter().map(|entry| (parts(&entry.account), entry.role.to_string())).collect(),
            )),
        }
    }
}
