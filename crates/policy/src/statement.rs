//! One statement: what it says, and the JSON it was written in.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::condition::Condition;
use crate::error::PolicyError;
use crate::json;
use crate::lint::TrustTarget;
use crate::principal::Principal;

/// The members that a statement may have.
const MEMBERS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// The operator of whole values.
const EQUALS: &str = "StringEquals";

/// What a statement that matches does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// One statement of a policy.
#[derive(Debug, Clone)]
pub struct Statement {
    /// As it was read, in compact JSON: what is written back. Text, because a tree takes ten times as much memory.
    raw: Box<str>,
    sid: Option<String>,
    effect: Effect,
    principal: Option<Principal>,
    not_principal: Option<Principal>,
    action: Vec<String>,
    not_action: Vec<String>,
    resource: Vec<String>,
    not_resource: Vec<String>,
    condition: Condition,
}

impl Statement {
    /// Reads one statement on its own.
    ///
    /// # Errors
    /// What [`Document::parse`](crate::Document::parse) refuses in a statement; the statement is called the first.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Self::from_value(json::parse(text).map_err(PolicyError::Json)?, 1)
    }

    /// Makes the statement that lets everyone read these objects: Allow, Principal `*`, Action `s3:GetObject`.
    ///
    /// `resources` are the objects' ARNs, at least one; AWS refuses a statement without.
    pub fn allow_anonymous_read(sid: impl Into<String>, resources: impl IntoIterator<Item = String>) -> Self {
        let sid = sid.into();
        let resource: Vec<String> = resources.into_iter().collect();
        let action = "s3:GetObject".to_owned();
        let members = [
            ("Sid", json!(sid)),
            ("Effect", json!("Allow")),
            ("Principal", json!("*")),
            ("Action", json!(action)),
            ("Resource", json!(resource)),
        ];
        Self {
            raw: object(members),
            sid: Some(sid),
            effect: Effect::Allow,
            principal: Some(Principal::Anyone),
            not_principal: None,
            action: vec![action],
            not_action: Vec::new(),
            resource,
            not_resource: Vec::new(),
            condition: Condition::default(),
        }
    }

    /// Makes the statement of a trust policy that lets these subjects in, with a token of this provider for this
    /// audience.
    ///
    /// `subjects` are whole values of `sub`, at least one; AWS refuses a statement without.
    pub fn allow_web_identity(
        sid: impl Into<String>,
        target: &TrustTarget<'_>,
        subjects: impl IntoIterator<Item = String>,
    ) -> Self {
        Self::web_identity(sid.into(), target, EQUALS, subjects.into_iter().collect())
    }

    /// Makes the same for every subject that fits one of these patterns, in which `*` is any run of characters (colons
    /// too) and `?` one. The audience is compared whole.
    pub fn allow_web_identity_like(
        sid: impl Into<String>,
        target: &TrustTarget<'_>,
        patterns: impl IntoIterator<Item = String>,
    ) -> Self {
        Self::web_identity(sid.into(), target, "StringLike", patterns.into_iter().collect())
    }

    /// Makes the statement of an identity policy that allows these actions on these resources where all tests hold.
    ///
    /// `actions` and `resources` are at least one each; AWS refuses a statement without. A test is a condition
    /// operator, a key, and the values of which one has to fit; all are written as they are.
    pub fn allow<'a>(
        sid: impl Into<String>,
        actions: impl IntoIterator<Item = String>,
        resources: impl IntoIterator<Item = String>,
        tests: impl IntoIterator<Item = (&'a str, String, BTreeSet<String>)>,
    ) -> Self {
        let sid = sid.into();
        let action: Vec<String> = actions.into_iter().collect();
        let resource: Vec<String> = resources.into_iter().collect();
        let tests: Vec<_> = tests.into_iter().collect();
        let one_or_all = |values: &[String]| match values {
            [one] => json!(one),
            all => json!(all),
        };
        let mut members = vec![
            ("Sid", json!(sid)),
            ("Effect", json!("Allow")),
            ("Action", one_or_all(&action)),
            ("Resource", one_or_all(&resource)),
        ];
        if !tests.is_empty() {
            members.push(("Condition", written(&tests)));
        }
        Self {
            raw: object(members),
            sid: Some(sid),
            effect: Effect::Allow,
            principal: None,
            not_principal: None,
            action,
            not_action: Vec::new(),
            resource,
            not_resource: Vec::new(),
            condition: Condition::of(tests),
        }
    }

    fn web_identity(
        sid: String,
        target: &TrustTarget<'_>,
        operator: &'static str,
        subjects: BTreeSet<String>,
    ) -> Self {
        let action = "sts:AssumeRoleWithWebIdentity".to_owned();
        let provider = target.provider_arn.to_owned();
        // In a value `${` begins a policy variable; `${$}` is a dollar.
        let audience = BTreeSet::from([target.audience.replace("${", "${$}{")]);
        let key = |claim| format!("{}:{claim}", target.issuer);
        let tests = [(EQUALS, key("aud"), audience), (operator, key("sub"), subjects)];
        let members = [
            ("Sid", json!(sid)),
            ("Effect", json!("Allow")),
            ("Principal", json!({"Federated": provider})),
            ("Action", json!(action)),
            ("Condition", written(&tests)),
        ];
        Self {
            raw: object(members),
            sid: Some(sid),
            effect: Effect::Allow,
            principal: Some(Principal::Map(BTreeMap::from([(
                "Federated".to_owned(),
                BTreeSet::from([provider]),
            )]))),
            not_principal: None,
            action: vec![action],
            not_action: Vec::new(),
            resource: Vec::new(),
            not_resource: Vec::new(),
            condition: Condition::of(tests),
        }
    }

    /// The statement's own name, unless it is missing or empty.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether it allows or denies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whom it speaks of.
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// Whom alone it does not speak of.
    pub fn not_principal(&self) -> Option<&Principal> {
        self.not_principal.as_ref()
    }

    /// The actions, as patterns; empty when the statement has NotAction.
    pub fn action(&self) -> &[String] {
        &self.action
    }

    /// The only actions that it does not speak of; empty when the statement has Action.
    pub fn not_action(&self) -> &[String] {
        &self.not_action
    }

    /// The resources, as patterns; empty in a trust policy.
    pub fn resource(&self) -> &[String] {
        &self.resource
    }

    /// The only resources that it does not speak of.
    pub fn not_resource(&self) -> &[String] {
        &self.not_resource
    }

    /// The conditions under which it counts.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// The statement as compact JSON, as it stands in its policy.
    pub fn to_json(&self) -> String {
        self.raw.to_string()
    }

    /// Whether both say the same: a string or a list of one, the order of lists, and the case of actions and
    /// condition keys make no difference.
    pub fn same_meaning(&self, other: &Self) -> bool {
        self.sid == other.sid
            && self.effect == other.effect
            && self.principal == other.principal
            && self.not_principal == other.not_principal
            && folded(&self.action) == folded(&other.action)
            && folded(&self.not_action) == folded(&other.not_action)
            && set(&self.resource) == set(&other.resource)
            && set(&self.not_resource) == set(&other.not_resource)
            && self.condition == other.condition
    }

    /// The same as [`Statement::to_json`], borrowed.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// Reads the `index`th statement of a policy, from one.
    pub(crate) fn from_value(value: Value, index: usize) -> Result<Self, PolicyError> {
        let Value::Object(raw) = value else {
            return Err(PolicyError::StatementNotAnObject { statement: index });
        };
        if let Some(name) = raw.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(PolicyError::UnknownStatementMember { statement: index, name: name.clone() });
        }
        let refuse = |element, problem| PolicyError::Element { statement: index, element, problem };
        let either = |element, other: &str, both| {
            if raw.contains_key(element) && raw.contains_key(other) {
                Err(refuse(element, both))
            } else {
                Ok(())
            }
        };
        either("Principal", "NotPrincipal", "and NotPrincipal exclude each other")?;
        either("Action", "NotAction", "and NotAction exclude each other")?;
        either("Resource", "NotResource", "and NotResource exclude each other")?;

        let sid = match raw.get("Sid") {
            None => None,
            Some(Value::String(sid)) => Some(sid.clone()).filter(|sid| !sid.is_empty()),
            Some(_) => return Err(refuse("Sid", "has to be a string")),
        };
        let effect = match raw.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(refuse("Effect", "has to be \"Allow\" or \"Deny\", in exactly this spelling")),
        };
        let principal = |element: &'static str| {
            raw.get(element).map(Principal::parse).transpose().map_err(|problem| refuse(element, problem))
        };
        let list = |element: &'static str| match raw.get(element) {
            None => Ok(Vec::new()),
            Some(value) => strings(value)
                .ok_or_else(|| refuse(element, "has to be a string or a list of strings, at least one")),
        };
        let statement = Self {
            sid,
            effect,
            principal: principal("Principal")?,
            not_principal: principal("NotPrincipal")?,
            action: list("Action")?,
            not_action: list("NotAction")?,
            resource: list("Resource")?,
            not_resource: list("NotResource")?,
            condition: match raw.get("Condition") {
                None => Condition::default(),
                Some(value) => Condition::parse(value).map_err(|problem| refuse("Condition", problem))?,
            },
            raw: Box::default(),
        };
        if statement.action.is_empty() && statement.not_action.is_empty() {
            return Err(refuse("Action", "or NotAction is missing"));
        }
        Ok(Self { raw: Value::Object(raw).to_string().into(), ..statement })
    }
}

impl PartialEq for Statement {
    /// The order of members makes no difference, as in every JSON object; that of lists does.
    fn eq(&self, other: &Self) -> bool {
        let tree = |text: &str| serde_json::from_str::<Value>(text).ok();
        let same = || tree(&self.raw).zip(tree(&other.raw)).is_some_and(|(one, other)| one == other);
        // All that the other fields hold is computed from it.
        self.raw == other.raw || same()
    }
}

/// A string, or a list of strings with at least one entry.
pub(crate) fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(values) if !values.is_empty() => {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

/// Writes an object of these members.
fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Box<str> {
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Object(members).to_string().into()
}

/// Writes tests as the Condition element.
fn written(tests: &[(&str, String, BTreeSet<String>)]) -> Value {
    let mut operators = Map::new();
    for (operator, key, values) in tests {
        let keys = operators.entry(*operator).or_insert_with(|| json!({}));
        keys[key] = one_or_list(values);
    }
    Value::Object(operators)
}

fn one_or_list(values: &BTreeSet<String>) -> Value {
    match values.iter().collect::<Vec<_>>()[..] {
        [one] => json!(one),
        ref list => json!(list),
    }
}

fn set(values: &[String]) -> BTreeSet<&str> {
    values.iter().map(String::as_str).collect()
}

fn folded(values: &[String]) -> BTreeSet<String> {
    values.iter().map(|value| value.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Effect, Statement};
    use crate::document::Document;
    use crate::lint::TrustTarget;

    const TARGET: TrustTarget<'_> = TrustTarget {
        provider_arn: "arn:aws:iam::123456789012:oidc-provider/Oidc.example.com/c1",
        issuer: "Oidc.example.com/c1",
        audience: "sts.amazonaws.com",
    };

    fn subjects(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| format!("system:serviceaccount:{name}")).collect()
    }

    #[test]
    fn a_statement_of_an_identity_policy_reads_back_as_itself() {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let values = |texts: &[&str]| owned(texts).into_iter().collect();
        for (tests, written) in [
            (vec![], r#"{"Sid":"S","Effect":"Allow","Action":"ec2:CreateTags","Resource":"*"}"#),
            (
                vec![
                    ("StringEquals", "a:B".to_owned(), values(&["y", "x"])),
                    ("Null", "a:B".to_owned(), values(&["false"])),
                    ("StringEquals", "a:c".to_owned(), values(&["${z}"])),
                ],
                r#"{"Sid":"S","Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"StringEquals":{"a:B":["x","y"],"a:c":"${z}"},"Null":{"a:B":"false"}}}"#,
            ),
        ] {
            let made = Statement::allow("S", owned(&["ec2:CreateTags"]), owned(&["*"]), tests);
            assert_eq!(made.to_json(), written);
            assert_eq!(Statement::parse(written).unwrap(), made);
        }
        let made = Statement::allow("S", owned(&["a:b", "a:c"]), owned(&["arn:x", "arn:y"]), []);
        assert!(made.to_json().contains(r#""Action":["a:b","a:c"],"Resource":["arn:x","arn:y"]"#));
        assert_eq!(Statement::parse(&made.to_json()).unwrap(), made);
    }

    #[test]
    fn a_web_identity_statement_reads_back_as_itself_and_binds_audience_and_subject() {
        for (made, condition) in [
            (
                Statement::allow_web_identity("S", &TARGET, subjects(&["a:b"])),
                r#"{"StringEquals":{"Oidc.example.com/c1:aud":"sts.amazonaws.com","Oidc.example.com/c1:sub":"system:serviceaccount:a:b"}}"#,
            ),
            (
                // Order and repetition make no difference.
                Statement::allow_web_identity("S", &TARGET, subjects(&["b:b", "a:b", "b:b"])),
                r#"{"StringEquals":{"Oidc.example.com/c1:aud":"sts.amazonaws.com","Oidc.example.com/c1:sub":["system:serviceaccount:a:b","system:serviceaccount:b:b"]}}"#,
            ),
            (
                Statement::allow_web_identity_like("S", &TARGET, subjects(&["a:*"])),
                r#"{"StringEquals":{"Oidc.example.com/c1:aud":"sts.amazonaws.com"},"StringLike":{"Oidc.example.com/c1:sub":"system:serviceaccount:a:*"}}"#,
            ),
        ] {
            let rest = r#"{"Sid":"S","Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/Oidc.example.com/c1"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":"#;
            assert_eq!(made.to_json(), format!("{rest}{condition}}}"));
            assert_eq!(Statement::parse(&made.to_json()).unwrap(), made);
        }
    }

    #[test]
    fn an_audience_is_no_policy_variable() {
        let target = TrustTarget { audience: "a${aws:username}", ..TARGET };
        let mut document = Document::empty();
        let _ = document.merge(Statement::allow_web_identity("S", &target, subjects(&["a:b"])));
        assert!(document.to_json().contains(r#""a${$}{aws:username}""#));
        assert_eq!(document.lint_trust(&target), []);
    }

    #[test]
    fn anonymous_read_reads_back_as_itself() {
        let made = Statement::allow_anonymous_read("Issuer", ["arn:aws:s3:::b/a".to_owned()]);
        assert_eq!(
            made.to_json(),
            r#"{"Sid":"Issuer","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/a"]}"#
        );
        assert_eq!(Statement::parse(&made.to_json()).unwrap(), made);
        assert_eq!((made.sid(), made.effect()), (Some("Issuer"), Effect::Allow));
    }

    #[test]
    fn writing_differences_do_not_change_the_meaning() {
        let made = Statement::allow_anonymous_read("I", ["r1".to_owned(), "r2".to_owned()]);
        for (same, text) in [
            (
                true,
                r#"{"Effect":"Allow","Principal":{"AWS":["*"]},"Resource":["r2","r1"],"Action":["S3:getobject"],"Sid":"I"}"#,
            ),
            (
                false,
                r#"{"Effect":"Allow","Principal":"*","Resource":["r2","R1"],"Action":"s3:GetObject","Sid":"I"}"#,
            ),
            (
                false,
                r#"{"Effect":"Deny","Principal":"*","Resource":["r2","r1"],"Action":"s3:GetObject","Sid":"I"}"#,
            ),
            (
                false,
                r#"{"Effect":"Allow","Principal":"*","Resource":["r2","r1"],"NotAction":"s3:GetObject","Sid":"I"}"#,
            ),
            (
                false,
                r#"{"Effect":"Allow","Principal":"*","Resource":["r1","r2"],"Action":"s3:GetObject","Sid":"I",
                        "Condition":{"Null":{"aws:a":"true"}}}"#,
            ),
        ] {
            assert_eq!(Statement::parse(text).unwrap().same_meaning(&made), same, "{text}");
        }
    }

    #[test]
    fn an_empty_sid_is_none() {
        let text = r#"{"Sid":"","Effect":"Deny","Action":"a:b"}"#;
        assert_eq!(Statement::parse(text).unwrap().sid(), None);
        assert_eq!(Statement::parse(text).unwrap().to_json(), text);
    }
}
