//! A file of roles: YAML, whose mistakes are told with line and path.

mod check;
mod error;
mod node;
mod place;
mod policies;
mod role;

pub use error::RolesFileError;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use issuer_discovery::{IssuerUrl, Partition};
use issuer_registrar::{AccountId, Audience, RoleArn, RoleSpec};

use node::Node;
use place::{Here, Place};
use policies::Policies;
use role::{Common, bare_account, role};

/// What roles are that do not say otherwise: the command line's flags.
#[derive(Clone, Debug)]
pub struct FileDefaults {
    /// The issuer whose tokens the roles take.
    pub issuer: IssuerUrl,
    /// The audience.
    pub audience: Audience,
    /// The partition that presets are written for.
    pub partition: Partition,
    /// Tags of every role; the file's own and a role's own win.
    pub tags: BTreeMap<String, String>,
}

/// A file of roles.
#[derive(Clone, Debug)]
pub struct RolesFile {
    /// The roles in the order of the file.
    pub roles: Vec<FileRole>,
    /// How the accounts that it names are entered.
    pub accounts: BTreeMap<AccountId, FileAccount>,
}

/// How an account is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileAccount {
    /// By assuming a role there.
    AssumeRole(RoleArn),
    /// By a profile.
    Profile(String),
}

/// One role of a file.
#[derive(Clone, Debug)]
pub struct FileRole {
    /// The account that it lies in; nothing for the caller's own.
    pub account: Option<AccountId>,
    /// What it has to be.
    pub spec: RoleSpec,
    /// Its line, from one.
    pub line: usize,
}

impl RolesFile {
    /// Reads a file of roles. `read` is asked for the policy files that it names, relative to itself.
    ///
    /// # Errors
    /// The first mistake, with its line and its path.
    pub fn parse(
        text: &str,
        defaults: &FileDefaults,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<Self, RolesFileError> {
        let Some(document) = Node::parse(text)? else {
            return Err(Place::Document.mistake(1, "the file is empty; it needs a list of roles"));
        };
        let document = Here { node: &document, place: Place::Document };
        let members = document.members(&["accounts", "defaults", "roles"])?;
        let accounts =
            members.member("accounts").map(|here| accounts(&here)).transpose()?.unwrap_or_default();
        let common =
            members.member("defaults").map(|here| Common::defaults(&here)).transpose()?.unwrap_or_default();
        let list = members.member("roles").ok_or_else(|| document.mistake("it needs a list of roles"))?;
        let policies = Policies::new(read);
        let mut roles = Vec::new();
        for item in list.items()? {
            roles.push(role(&item, defaults, &common, &policies)?);
        }
        refuse_twice(&roles, &list.place)?;
        Ok(Self { roles, accounts })
    }
}

fn accounts(here: &Here<'_>) -> Result<BTreeMap<AccountId, FileAccount>, RolesFileError> {
    let mut accounts = BTreeMap::new();
    for (member, entry) in here.entries()? {
        let id = member.name.parse::<AccountId>().ok().filter(|_| !member.bare);
        let id = id.ok_or_else(|| entry.place.mistake(member.line, bare_account(&member.name)))?;
        let members = entry.members(&["assumeRole", "profile"])?;
        let way = match (members.member("assumeRole"), members.member("profile")) {
            (Some(here), None) => {
                let arn: RoleArn = here.parsed()?;
                let of = &arn.account().id;
                if *of != id {
                    return Err(here.mistake(format_args!("this role lies in the account {of}, not in {id}")));
                }
                FileAccount::AssumeRole(arn)
            }
            (None, Some(here)) => FileAccount::Profile(here.text()?.to_owned()),
            _ => {
                return Err(
                    entry.mistake("an account is entered by assumeRole or by profile: give one of them")
                );
            }
        };
        accounts.insert(id, way);
    }
    Ok(accounts)
}

/// In one account a role's name is given once, and so is the text of a policy. IAM does not distinguish names by case:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>.
fn refuse_twice(roles: &[FileRole], list: &Place<'_>) -> Result<(), RolesFileError> {
    let mut names = HashMap::new();
    let mut policies = HashMap::new();
    for (role, index) in roles.iter().zip(0..) {
        let place = Place::Item(list, index);
        let key = |name: &str| (&role.account, name.to_ascii_lowercase());
        if let Some(first) = names.insert(key(role.spec.name.as_str()), role.line) {
            let (line, path, name) = (role.line, place.to_string(), role.spec.name.clone());
            return Err(RolesFileError::SameRole { line, path, name, first });
        }
        for (name, document) in &role.spec.create {
            let (first, spelled, text) =
                *policies.entry(key(name.as_str())).or_insert((role.line, name, document));
            if (spelled, text) != (name, document) {
                let problem = format_args!(
                    "the role on line {first} makes a policy {spelled} too: then it is spelled alike and says the same \
                     in both"
                );
                return Err(Place::Member(&place, "createPolicies").mistake(role.line, problem));
            }
        }
    }
    Ok(())
}
