//! Policies that are named on the command line: files, and presets with what narrows them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use issuer_discovery::Partition;
use issuer_plan::{identity_policy, managed_policy, preset_policy};
use issuer_policy::Document;
use issuer_registrar::{Narrowing, PolicyArn, PolicyName, Preset};

use crate::failure::Failure;
use crate::input;

/// What a role may do.
#[derive(Clone, Debug, Args)]
pub(crate) struct PolicyArgs {
    /// A managed policy to attach
    #[arg(long, value_name = "ARN")]
    pub(super) policy_arn: Vec<PolicyArn>,
    /// A policy of the role's own, named after its file
    #[arg(long, value_name = "FILE")]
    inline_policy: Vec<PathBuf>,
    /// A managed policy to make and to attach
    #[arg(long, value_name = "NAME=FILE")]
    create_policy: Vec<NamedFile>,
    /// The policy of a well-known controller: see `issuerctl role presets`
    #[arg(long, value_name = "NAME")]
    pub(super) preset: Option<Preset>,
    #[command(flatten)]
    pub(super) hardened: HardenedArgs,
}

/// What a preset is narrowed to.
#[derive(Clone, Debug, Args)]
pub(super) struct HardenedArgs {
    /// Narrow the preset to the zones, cluster and resources that are given
    #[arg(long, requires = "preset")]
    hardened: bool,
    /// A hosted zone that --hardened narrows to
    #[arg(long, value_name = "ID", requires = "hardened")]
    zone: Vec<String>,
    /// The name of the cluster in tags of its resources, that --hardened narrows to
    #[arg(long, value_name = "NAME", requires = "hardened")]
    cluster_name: Option<String>,
    /// A resource that --hardened narrows to
    #[arg(long, value_name = "ARN", requires = "hardened")]
    resource_arn: Vec<String>,
}

impl HardenedArgs {
    pub(super) fn narrowing(&self) -> Option<Narrowing> {
        self.hardened.then(|| Narrowing {
            zones: self.zone.clone(),
            cluster: self.cluster_name.clone(),
            resources: self.resource_arn.clone(),
        })
    }
}

/// `NAME=FILE`.
#[derive(Clone, Debug)]
pub(super) struct NamedFile {
    name: PolicyName,
    path: PathBuf,
}

impl FromStr for NamedFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, path) = text.split_once('=').ok_or("it is written NAME=FILE")?;
        if path.is_empty() {
            return Err("it is written NAME=FILE, and the file is missing".to_owned());
        }
        Ok(Self { name: name.parse().map_err(|error| format!("{error}"))?, path: path.into() })
    }
}

impl PolicyArgs {
    /// Reads the inline policies, that of the preset among them.
    pub(super) fn inline(&self, partition: Partition) -> Result<BTreeMap<PolicyName, Document>, Failure> {
        let mut policies = BTreeMap::new();
        for path in &self.inline_policy {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name: PolicyName = stem.parse().map_err(|error| {
                Failure::usage(format!("the policy file {} names no policy: {error}", path.display()))
                    .hint("a role's own policy is named after its file: rename it")
            })?;
            if policies.insert(name, read(path, identity_policy)?).is_some() {
                return Err(Failure::usage(format!("two policy files are named {stem}"))
                    .hint("a role's own policy is named after its file: rename one"));
            }
        }
        if let Some(preset) = self.preset {
            let (name, document) = policy_of(preset, partition, &self.hardened)?;
            if policies.insert(name, document).is_some() {
                return Err(Failure::usage(format!(
                    "a policy file is named as the policy of the preset {preset}"
                )));
            }
        }
        Ok(policies)
    }

    /// Reads the managed policies that are to be made.
    pub(super) fn create(&self) -> Result<BTreeMap<PolicyName, Document>, Failure> {
        let mut policies = BTreeMap::new();
        for file in &self.create_policy {
            if policies.insert(file.name.clone(), read(&file.path, managed_policy)?).is_some() {
                return Err(Failure::usage(format!("the policy {} is given twice", file.name)));
            }
        }
        Ok(policies)
    }
}

/// Writes the policy of a preset, and its name.
pub(super) fn policy_of(
    preset: Preset,
    partition: Partition,
    hardened: &HardenedArgs,
) -> Result<(PolicyName, Document), Failure> {
    preset_policy(preset, partition, hardened.narrowing().as_ref())
        .map_err(|error| Failure::of(&error).into_usage())
}

fn read<E: std::error::Error>(
    path: &Path,
    parse: impl Fn(&str) -> Result<Document, E>,
) -> Result<Document, Failure> {
    let shown = path.display();
    let text = String::from_utf8(input::read("policy", path).map_err(Failure::into_usage)?)
        .map_err(|_| Failure::new(format!("the policy {shown} is not UTF-8")).into_usage())?;
    parse(&text).map_err(|error| {
        let said = Failure::of(&error).text().unwrap_or_default().to_owned();
        Failure::usage(format!("the policy {shown} cannot be used: {said}"))
    })
}
