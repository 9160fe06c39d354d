//! `role apply`: one role by flags, or many from a file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use issuer_discovery::{Partition, Patience};
use issuer_emitter::workload::{RoleAnnotation, service_account};
use issuer_keygen::ServiceAccount;
use issuer_plan::{
    FileAccount, FileDefaults, Plan, RoleAccess, RolesFacts, RolesFile, RolesRequest, RolesRunner, WantedRole,
};
use issuer_registrar::{
    Account, AccountId, Audience, DEFAULT_AUDIENCE, Issuing, PolicyArn, RoleName, RolePath, RoleSpec,
    Subject, SubjectPattern,
};
use serde_json::{Value, json};

use super::policies::PolicyArgs;
use super::{Context, Scope};
use crate::args::{Apply, Global};
use crate::failure::Failure;
use crate::input;
use crate::planned::{Finished, agreed, report};
use crate::printer::Printer;
use crate::session::{self, Aws};

/// Make roles what they should be, for service accounts by name
///
/// One role by flags, or many from a file: they say whom a role is for and which policies it has.
/// What an earlier run gave it of these and they do not name goes; what others attached, wrote or
/// let in stays, and so do boundary, longest session and tags that are not named. A trust policy
/// always binds the audience and the subject. The ServiceAccount manifests with their annotations
/// are written to stdout.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["file", "name", "preset"]).multiple(true))]
pub(crate) struct ApplyRoles {
    #[command(flatten)]
    scope: Scope,
    /// A file of roles, in YAML
    #[arg(short, long, value_name = "FILE", conflicts_with_all = [
        "name", "service_account", "subject_pattern", "permissions_boundary", "path", "max_session", "policy_arn",
        "inline_policy", "create_policy", "preset", "hardened",
    ])]
    file: Option<PathBuf>,
    /// The name of the role [default: that of --preset]
    #[arg(long, value_name = "NAME")]
    name: Option<RoleName>,
    /// A service account that gets the role [default: the one that --preset is for]
    #[arg(long, value_name = "NS/NAME")]
    service_account: Vec<ServiceAccount>,
    /// Service accounts by a pattern of their subject, with * and ?
    #[arg(long, value_name = "PATTERN")]
    subject_pattern: Vec<SubjectPattern>,
    #[command(flatten)]
    policies: PolicyArgs,
    /// The permissions boundary of the role
    #[arg(long, value_name = "ARN")]
    permissions_boundary: Option<PolicyArn>,
    /// The path of the role [default: /issuerctl/ID/, the issuer's own]
    #[arg(long, value_name = "PATH")]
    path: Option<RolePath>,
    /// The longest session, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(3600..=43200))]
    max_session: Option<u64>,
    /// The audience of the tokens
    #[arg(long, value_name = "TEXT", default_value = DEFAULT_AUDIENCE)]
    audience: Audience,
    /// Take over roles that somebody else made: they get our statement, and are never deleted
    #[arg(long)]
    adopt: bool,
    /// How many seconds to wait at most for what AWS makes true in its own time
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    #[command(flatten)]
    apply: Apply,
}

/// An account for sizes that are computed before it is known whose account this is.
const STAND_IN: &str = "000000000000";

/// The roles that are wanted, before it is known whose account this is.
struct Wanted {
    roles: Vec<(Option<AccountId>, RoleSpec)>,
    accounts: BTreeMap<AccountId, FileAccount>,
}

impl ApplyRoles {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let (global, printer) = (&context.global, &context.printer);
        let transport = session::transport(global, printer)?;
        // What cannot be is known before anything is asked of AWS.
        let configured = session::configuration(global, printer, &transport).await?;
        let wanted = self.wanted(global, configured.region.partition(), printer)?;
        self.check(&wanted, configured.region.partition())?;
        let aws = session::aws_as(global, printer, &transport, self.scope.assume_role.as_ref()).await?;
        let patience = Patience { limit: Duration::from_secs(self.wait), ..Patience::default() };
        let own = aws.account.id.clone();
        let mut access = RoleAccess::default();
        self.scope.admit(&mut access, &aws, patience);
        for (account, way) in wanted.accounts {
            if wanted.roles.iter().any(|(named, _)| named.as_ref() == Some(&account)) && account != own {
                let entered = self.enter(context, &aws, &account, &way).await?;
                self.scope.admit(&mut access, &entered, patience);
            }
        }
        let roles = wanted.roles.into_iter();
        let request = RolesRequest {
            issuer: self.scope.issuer.clone(),
            roles: roles
                .map(|(account, spec)| WantedRole { account: account.unwrap_or_else(|| own.clone()), spec })
                .collect(),
            adopt: self.adopt,
        };
        printer.spin("looking at what is there");
        let events = |event: issuer_plan::Event| printer.event(&event);
        let facts = RolesFacts::read(&request, &access, &events).await;
        printer.settle();
        let facts = facts?;
        let made = Made::of(&request, &access, &facts);
        let plan = Plan::build_roles(&request, &facts)?;
        let changed = plan.has_changes();
        let mut report = report("role apply", Some(self.scope.issuer.as_str()), &plan);
        report.insert("account".to_owned(), json!(own.as_str()));
        report.insert("roles".to_owned(), made.json());
        report.insert("manifest".to_owned(), json!(made.manifest));
        made.shared.iter().for_each(|shared| printer.warn(shared));
        if !agreed(&plan, &format!("the roles of {}", self.scope.issuer), self.apply, printer).await? {
            return Finished::only_looked(report, None, changed, self.apply).conclude(printer, "");
        }
        let runner = RolesRunner { request: &request, access: &access, patience, events: &events };
        let outcome = runner.apply(plan, facts).await;
        printer.settle();
        let finished = Finished::carried_out(report, outcome?, changed, self.apply, printer)?;
        finished.conclude(printer, &made.manifest)
    }

    /// Reads the flags, or the file.
    fn wanted(&self, global: &Global, partition: Partition, printer: &Printer) -> Result<Wanted, Failure> {
        match &self.file {
            Some(path) => self.of_file(path, global, partition),
            None => {
                let roles = vec![(None, self.spec(global, partition, printer)?)];
                Ok(Wanted { roles, accounts: BTreeMap::new() })
            }
        }
    }

    /// Compares sizes and counts with what IAM takes. Whose account it is counts for none of them.
    fn check(&self, wanted: &Wanted, partition: Partition) -> Result<(), Failure> {
        let id = STAND_IN.parse().map_err(|error| Failure::of(&error))?;
        let issuing = Issuing { issuer: self.scope.issuer.clone(), account: Account { id, partition } };
        for (_, spec) in &wanted.roles {
            let alone = RoleSpec { attach: BTreeSet::new(), boundary: None, ..spec.clone() };
            alone.check(&issuing).map_err(|error| Failure::of(&error).into_usage())?;
        }
        Ok(())
    }

    fn of_file(&self, path: &Path, global: &Global, partition: Partition) -> Result<Wanted, Failure> {
        let shown = path.display();
        let text = String::from_utf8(input::read("file of roles", path).map_err(Failure::into_usage)?)
            .map_err(|_| Failure::usage(format!("the file of roles {shown} is not UTF-8")))?;
        let defaults = FileDefaults {
            issuer: self.scope.issuer.clone(),
            audience: self.audience.clone(),
            partition,
            tags: global.tags.iter().cloned().collect(),
        };
        let directory = path.parent().unwrap_or(Path::new(""));
        let read = |named: &Path| -> io::Result<String> {
            let text = |failure: Failure| failure.text().unwrap_or_default().to_owned();
            let bytes = input::read("policy", &directory.join(named))
                .map_err(|error| io::Error::other(text(error)))?;
            String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
        };
        let file = RolesFile::parse(&text, &defaults, &read).map_err(|error| {
            Failure::usage(format!("{shown}: {}", Failure::of(&error).text().unwrap_or_default()))
        })?;
        let roles = file.roles.into_iter().map(|role| (role.account, role.spec)).collect();
        Ok(Wanted { roles, accounts: file.accounts })
    }

    fn spec(&self, global: &Global, partition: Partition, printer: &Printer) -> Result<RoleSpec, Failure> {
        let preset = self.policies.preset;
        let name = match (&self.name, preset) {
            (Some(name), _) => name.clone(),
            (None, Some(preset)) => {
                preset.name().parse().map_err(|error| Failure::usage(format!("{error}")))?
            }
            (None, None) => return Err(Failure::usage("a role needs a --name")),
        };
        let mut subjects: BTreeSet<Subject> =
            self.service_account.iter().cloned().map(Subject::ServiceAccount).collect();
        subjects.extend(self.subject_pattern.iter().cloned().map(Subject::Pattern));
        if let (true, Some(preset)) = (subjects.is_empty(), preset) {
            subjects.insert(Subject::ServiceAccount(preset.service_account()));
        }
        if subjects.is_empty() {
            return Err(Failure::usage(format!("nobody would get the role {name}"))
                .hint("name a workload's service account: --service-account NAMESPACE/NAME"));
        }
        let inline = self.policies.inline(partition)?;
        if let (Some(preset), true) = (preset, self.policies.hardened.narrowing().is_some()) {
            printer.say(&format!("note: {}", preset.hardened_setup()));
        }
        Ok(RoleSpec {
            name,
            path: self.path.clone(),
            subjects,
            audience: self.audience.clone(),
            attach: self.policies.policy_arn.iter().cloned().collect(),
            inline,
            create: self.policies.create()?,
            boundary: self.permissions_boundary.clone(),
            max_session: self.max_session.map(Duration::from_secs),
            tags: global.tags.iter().cloned().collect(),
        })
    }

    /// Enters an account that the file names.
    async fn enter(
        &self,
        context: &Context,
        aws: &Aws,
        account: &AccountId,
        way: &FileAccount,
    ) -> Result<Aws, Failure> {
        let entered = match way {
            FileAccount::AssumeRole(role) => session::assumed(aws, role).await?,
            FileAccount::Profile(profile) => {
                let global = Global { profile: Some(profile.clone()), ..context.global.clone() };
                let transport = session::transport(&global, &context.printer)?;
                session::aws(&global, &context.printer, &transport).await?
            }
        };
        if entered.account.partition != aws.account.partition {
            return Err(Failure::usage(format!(
                "the account {account} is in the partition {}, and this file is for {}",
                entered.account.partition, aws.account.partition
            ))
            .hint("give each partition a file and a run of its own: presets and ARNs are written for one"));
        }
        if entered.account.id == *account {
            return Ok(entered);
        }
        Err(Failure::usage(format!(
            "what the file of roles gives for the account {account} leads into the account {}",
            entered.account.id
        )))
    }
}

/// What comes out: the roles' ARNs, and the manifests of their service accounts.
struct Made {
    roles: Vec<(AccountId, String, Vec<String>)>,
    manifest: String,
    /// Service accounts that more than one role is for.
    shared: Vec<String>,
}

impl Made {
    fn of(request: &RolesRequest, access: &RoleAccess, facts: &RolesFacts) -> Self {
        let mut roles = Vec::new();
        let mut annotations = Vec::new();
        let mut first: BTreeMap<String, String> = BTreeMap::new();
        let mut shared = Vec::new();
        for (wanted, facts) in request.roles.iter().zip(&facts.roles) {
            let spec = &wanted.spec;
            // A role that is there keeps its path.
            let arn = match (&facts.role, access.accounts.get(&wanted.account)) {
                (Some(live), _) => live.arn.to_string(),
                (None, Some((client, _))) => {
                    let path = spec.path.clone().unwrap_or_else(|| client.issuing().path());
                    client.issuing().role_arn(&path, &spec.name)
                }
                (None, None) => continue,
            };
            for account in spec.service_accounts() {
                if let Some(other) = first.insert(account.to_string(), arn.clone()) {
                    shared.push(format!(
                        "the service account {account} has one annotation, and two roles are for it: {other} and {arn}; the manifest names the second"
                    ));
                    annotations.retain(|made: &RoleAnnotation| {
                        (made.namespace.as_str(), made.name.as_str()) != (account.namespace(), account.name())
                    });
                }
                annotations.push(RoleAnnotation {
                    namespace: account.namespace().to_owned(),
                    name: account.name().to_owned(),
                    role_arn: arn.clone(),
                    audience: (spec.audience.as_str() != DEFAULT_AUDIENCE).then(|| spec.audience.to_string()),
                });
            }
            let subjects = spec.subjects.iter().map(ToString::to_string).collect();
            roles.push((wanted.account.clone(), arn, subjects));
        }
        Self { roles, manifest: service_account(&annotations), shared }
    }

    fn json(&self) -> Value {
        let roles = self.roles.iter().map(|(account, arn, subjects)| {
            json!({"account": account.as_str(), "role_arn": arn, "subjects": subjects})
        });
        Value::Array(roles.collect())
    }
}
