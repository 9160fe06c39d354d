//! `role show`: one role whole.

use clap::Args;
use issuer_discovery::Patience;
use issuer_doctor::inert;
use issuer_plan::PlanError;
use issuer_registrar::{LiveRole, RoleName};
use serde_json::{Value, json};

use super::{Context, Scope};
use crate::failure::Failure;

/// Show one role whole
#[derive(Debug, Args)]
pub(crate) struct ShowRole {
    /// The name of the role
    name: RoleName,
    #[command(flatten)]
    scope: Scope,
}

impl ShowRole {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        let aws = self.scope.enter(context).await?;
        let (client, _) = self.scope.clients(&aws, Patience::default());
        let role = client.role(&self.name).await.map_err(PlanError::from)?.ok_or_else(|| {
            Failure::new(format!("there is no role {} in the account {}", self.name, aws.account.id))
                .hint(format!("list them: issuerctl role list --issuer {}", self.scope.issuer))
        })?;
        let subjects = role.subjects(client.issuing());
        if printer.is_json() {
            return printer.json(&json(&role, &subjects));
        }
        printer.data(text(&role, &subjects).as_bytes())
    }
}

fn json(role: &LiveRole, subjects: &[String]) -> Value {
    let trust: Value = serde_json::from_str(&role.trust_policy.to_json()).unwrap_or_default();
    json!({
        "name": role.arn.name(),
        "role_arn": role.arn.as_str(),
        "ours": role.is_ours(),
        "subjects": subjects,
        "attached": role.attached,
        "inline": role.inline.keys().map(String::as_str).collect::<Vec<_>>(),
        "permissions_boundary": role.boundary,
        "max_session_seconds": role.max_session_duration.as_secs(),
        "tags": role.tags,
        "trust_policy": trust,
    })
}

fn text(role: &LiveRole, subjects: &[String]) -> String {
    let mut lines = Vec::new();
    let mut say =
        |name: &str, values: Vec<String>| {
            let values = if values.is_empty() { vec!["none".to_owned()] } else { values };
            lines.extend(values.iter().enumerate().map(|(index, value)| {
                format!("{:<21} {}\n", if index == 0 { name } else { "" }, inert(value))
            }));
        };
    say("role", vec![role.arn.to_string()]);
    say("ours", vec![if role.is_ours() { "yes" } else { "no" }.to_owned()]);
    say("service accounts", subjects.to_vec());
    say("attached", role.attached.iter().cloned().collect());
    say("inline", role.inline.keys().map(ToString::to_string).collect());
    say("permissions boundary", role.boundary.iter().cloned().collect());
    say("longest session", vec![format!("{} s", role.max_session_duration.as_secs())]);
    say("tags", role.tags.iter().map(|(key, value)| format!("{key}={value}")).collect());
    say("trust policy", vec![role.trust_policy.to_json()]);
    lines.concat()
}
