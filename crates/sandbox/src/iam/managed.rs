//! Managed policies: where they are looked up, and the few of AWS's own that there are.
//!
//! AWS has over a thousand, in the [managed policy reference][reference]. These four are written after it for
//! practice: what they allow is meant to be the same, while ids, dates and versions only have the form of AWS's, and AWS
//! may have changed its own since. All others are not there.
//!
//! [reference]: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html

use std::collections::BTreeMap;
use std::sync::Arc;

use issuer_discovery::Partition;
use serde_json::json;
use time::OffsetDateTime;

use crate::account::Account;
use crate::state::{Policy, PolicyVersion, State};

/// A policy of AWS's own.
struct OfAws {
    name: &'static str,
    id: &'static str,
    /// When it was made, in seconds since 1970.
    created: i64,
    version: u32,
    actions: &'static [&'static str],
}

const OF_AWS: [OfAws; 4] = [
    OfAws {
        name: "AdministratorAccess",
        id: "ANPAIWMBCKSKIEE64ZLYK",
        created: 1_423_247_986,
        version: 1,
        actions: &["*"],
    },
    OfAws {
        name: "AmazonS3FullAccess",
        id: "ANPAIFIR6V6BVTRAHWINE",
        created: 1_423_248_058,
        version: 2,
        actions: &["s3:*", "s3-object-lambda:*"],
    },
    OfAws {
        name: "AmazonS3ReadOnlyAccess",
        id: "ANPAIZTJ4DXE7G6AGAE6M",
        created: 1_423_248_059,
        version: 3,
        actions: &["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"],
    },
    OfAws {
        name: "IAMReadOnlyAccess",
        id: "ANPAJKSO7NDY4T57MWDSQ",
        created: 1_423_247_999,
        version: 4,
        actions: &[
            "iam:GenerateCredentialReport",
            "iam:GenerateServiceLastAccessedDetails",
            "iam:Get*",
            "iam:List*",
            "iam:SimulateCustomPolicy",
            "iam:SimulatePrincipalPolicy",
        ],
    },
];

/// The managed policy of an ARN, AWS's or the account's own.
pub(super) fn find(account: &Account, state: &State, arn: &str) -> Option<Arc<Policy>> {
    match name_of_aws(account.partition, arn) {
        Some(name) => OF_AWS.iter().find(|policy| policy.name == name).map(|policy| Arc::new(policy.whole())),
        None => state.policies.get(arn).map(Arc::clone),
    }
}

/// The text of a managed policy, in the version that counts.
pub(crate) fn document(account: &Account, state: &State, arn: &str) -> Option<String> {
    find(account, state, arn)?.document().map(str::to_owned)
}

/// AWS's own policies, by ARN.
pub(super) fn of_aws(partition: Partition) -> BTreeMap<Arc<str>, Arc<Policy>> {
    let arn = |name| Arc::from(format!("arn:{partition}:iam::aws:policy/{name}"));
    OF_AWS.iter().map(|policy| (arn(policy.name), Arc::new(policy.whole()))).collect()
}

/// Whether an ARN is that of a policy of AWS's own, which nobody changes.
pub(super) fn is_of_aws(account: &Account, arn: &str) -> bool {
    name_of_aws(account.partition, arn).is_some()
}

fn name_of_aws(partition: Partition, arn: &str) -> Option<&str> {
    arn.strip_prefix(&format!("arn:{partition}:iam::aws:policy/"))
}

impl OfAws {
    fn whole(&self) -> Policy {
        let created = OffsetDateTime::from_unix_timestamp(self.created).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let statement = json!([{"Effect": "Allow", "Action": self.actions, "Resource": "*"}]);
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        Policy {
            name: self.name.to_owned(),
            path: "/".to_owned(),
            id: self.id.to_owned(),
            description: None,
            tags: BTreeMap::new(),
            created,
            updated: created,
            versions: BTreeMap::from([(self.version, PolicyVersion { document, created })]),
            default: self.version,
            next: self.version + 1,
        }
    }
}
