//! Roles that are wanted, and roles as IAM keeps them once our changes are done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use issuer_policy::{Document, Statement};
use issuer_registrar::{
    Account, Issuing, LivePolicy, LiveRole, PolicyName, RoleChange, RoleDiff, RoleFacts, RoleRefusal,
    RoleSpec, Subject, diff_role,
};

pub(crate) const READ: &str = "arn:aws:iam::aws:policy/Read";
pub(crate) const WRITE: &str = "arn:aws:iam::aws:policy/Write";

pub(crate) fn issuing(issuer: &str) -> Issuing {
    Issuing {
        issuer: format!("https://oidc.example.com/{issuer}").parse().unwrap(),
        account: Account::of_caller("123456789012", "arn:aws:iam::123456789012:root").unwrap(),
    }
}

pub(crate) fn document(action: &str) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
    );
    Document::parse(&text).unwrap()
}

pub(crate) fn subjects(names: &[&str]) -> BTreeSet<Subject> {
    let subject = |name: &&str| match name.parse() {
        Ok(account) => Subject::ServiceAccount(account),
        Err(_) => Subject::Pattern(name.parse().unwrap()),
    };
    names.iter().map(subject).collect()
}

pub(crate) fn spec(names: &[&str]) -> RoleSpec {
    RoleSpec {
        name: "app".parse().unwrap(),
        path: None,
        subjects: subjects(names),
        audience: "sts.amazonaws.com".parse().unwrap(),
        attach: BTreeSet::new(),
        inline: BTreeMap::new(),
        create: BTreeMap::new(),
        boundary: None,
        max_session: None,
        tags: BTreeMap::new(),
    }
}

pub(crate) fn attach(spec: &mut RoleSpec, arns: &[&str]) {
    spec.attach = arns.iter().map(|arn| arn.parse().unwrap()).collect();
}

pub(crate) fn named(text: &str, document: Document) -> BTreeMap<PolicyName, Document> {
    BTreeMap::from([(text.parse().unwrap(), document)])
}

/// A role that somebody made by hand, which trusts a service of AWS.
pub(crate) fn foreign() -> LiveRole {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Allow",
        "Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    LiveRole {
        arn: "arn:aws:iam::123456789012:role/app".parse().unwrap(),
        path: "/".parse().unwrap(),
        trust_policy: Document::parse(trust).unwrap(),
        max_session_duration: Duration::from_secs(3600),
        boundary: None,
        tags: BTreeMap::new(),
        attached: BTreeSet::new(),
        inline: BTreeMap::new(),
    }
}

/// A statement of a trust policy; `who` is JSON.
pub(crate) fn statement(sid: &str, effect: &str, who: &str) -> Statement {
    let text = format!(
        r#"{{"Sid":"{sid}","Effect":"{effect}","Principal":{who},"Action":"sts:AssumeRoleWithWebIdentity",
        "Condition":{{"StringEquals":{{"oidc.example.com/c1:sub":"system:serviceaccount:a:a"}}}}}}"#
    );
    Statement::parse(&text).unwrap()
}

pub(crate) fn trusting(statements: &[Statement]) -> Document {
    let mut document = Document::empty();
    for statement in statements {
        let _ = document.merge(statement.clone());
    }
    document
}

pub(crate) fn adding(role: &mut LiveRole, statement: Statement) {
    let _ = role.trust_policy.merge(statement);
}

pub(crate) fn facts(role: &LiveRole) -> RoleFacts {
    RoleFacts { role: Some(role.clone()), ..RoleFacts::default() }
}

pub(crate) fn diff(spec: &RoleSpec, issuer: &str, facts: &RoleFacts) -> Result<RoleDiff, RoleRefusal> {
    diff_role(spec, &issuing(issuer), facts, false)
}

/// Makes a role from nothing as wanted.
pub(crate) fn made(spec: &RoleSpec, issuer: &str) -> RoleFacts {
    let mut facts = RoleFacts::default();
    for change in diff(spec, issuer, &facts).unwrap().changes {
        apply(&mut facts, &change, issuer);
    }
    facts
}

/// Does to the facts what a change does to IAM.
pub(crate) fn apply(facts: &mut RoleFacts, change: &RoleChange, issuer: &str) {
    if let RoleChange::Create { path, trust_policy, boundary, max_session, tags } = change {
        let name = "app".parse().unwrap();
        facts.role = Some(LiveRole {
            arn: issuing(issuer).role_arn(path, &name).parse().unwrap(),
            path: path.clone(),
            trust_policy: trust_policy.clone(),
            max_session_duration: max_session.unwrap_or(Duration::from_secs(3600)),
            boundary: boundary.as_ref().map(ToString::to_string),
            tags: tags.clone(),
            ..foreign()
        });
        return;
    }
    match change {
        RoleChange::CreatePolicy { name, document, tags, .. } => {
            let policy = LivePolicy {
                arn: issuing(issuer).policy_arn(name).to_string(),
                document: document.clone(),
                default_version: "v1".to_owned(),
                versions: vec!["v1".to_owned()],
                attachments: 0,
                bounds: 0,
                tags: tags.clone(),
            };
            facts.policies.insert(name.clone(), policy);
            return;
        }
        RoleChange::UpdatePolicy { arn, document, .. } => {
            let policy = facts.policies.values_mut().find(|policy| policy.arn == *arn).unwrap();
            policy.document = document.clone();
            return;
        }
        _ => {}
    }
    let role = facts.role.as_mut().unwrap();
    match change {
        RoleChange::Trust { from, to } => {
            assert_eq!(role.trust_policy, *from, "it says what it replaces");
            assert!(!to.is_empty(), "IAM takes no empty one");
            role.trust_policy = to.clone();
        }
        RoleChange::Boundary { to, .. } => role.boundary = Some(to.to_string()),
        RoleChange::MaxSession { to, .. } => role.max_session_duration = *to,
        RoleChange::Tag(tags) => role.tags.extend(tags.clone()),
        RoleChange::Untag(keys) => role.tags.retain(|key, _| !keys.contains(key)),
        RoleChange::Attach(arn) => assert!(role.attached.insert(arn.clone()), "{arn} is attached"),
        RoleChange::Detach(arn) => assert!(role.attached.remove(arn), "{arn} is not attached"),
        RoleChange::PutInline { name, document } => {
            role.inline.insert(name.to_string(), Some(document.clone()));
        }
        RoleChange::DeleteInline(name) => assert!(role.inline.remove(name.as_str()).is_some(), "{name}"),
        other => panic!("{other} is no change of a role that is there"),
    }
}

pub(crate) fn kinds(changes: &[RoleChange]) -> Vec<&'static str> {
    changes.iter().map(RoleChange::kind).collect()
}

/// Who may do what, as (subject, permission).
pub(crate) fn power(issuer: &str, facts: &RoleFacts) -> BTreeSet<(String, String)> {
    let Some(role) = &facts.role else { return BTreeSet::new() };
    let attached = role.attached.iter().map(|arn| {
        let own = facts.policies.values().find(|policy| policy.arn == *arn);
        own.map_or_else(|| arn.clone(), |policy| format!("{arn} {}", policy.document.to_json()))
    });
    // What a policy is called gives nobody anything.
    let inline = role.inline.values().map(|text| text.as_ref().unwrap().to_json());
    let permissions: Vec<String> = attached.chain(inline).collect();
    let subjects = role.subjects(&issuing(issuer));
    subjects.iter().flat_map(|who| permissions.iter().map(|may| (who.clone(), may.clone()))).collect()
}

pub(crate) fn wanted(who: &[&str], arns: &[&str], inline: Option<&str>, own: Option<&str>) -> RoleSpec {
    let mut spec = spec(who);
    attach(&mut spec, arns);
    spec.inline = inline.map(|action| named("inline", document(action))).unwrap_or_default();
    spec.create = own.map(|action| named("own", document(action))).unwrap_or_default();
    spec
}
