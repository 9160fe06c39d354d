//! Carries changes of roles out: waits for what comes by itself, and never repeats blindly what replaces something.
//!
//! IAM is [eventually consistent][consistency]: what was made a moment ago may not be there for the next call. It is waited
//! for, and that is said.
//!
//! [consistency]: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency

use issuer_discovery::{Wait, Waiting};
use issuer_policy::Document;

use super::calls::Call;
use super::change::RoleChange;
use super::client::RoleClient;
use super::error::RoleError;
use super::name::RoleName;
use super::trust::same_statements;
use super::verdict::{Verdict, verdict};

impl RoleClient {
    /// Applies one change to the role of this name; races are looked at before anything is tried again.
    ///
    /// # Errors
    /// When it cannot be made; [`RoleError::Raced`] and [`RoleError::Unsure`] ask for a new look. A call that IAM
    /// throttled until the retries ran out is a [`RoleError::Call`], and was not carried out.
    pub async fn apply<W>(&self, name: &RoleName, change: &RoleChange, waiting: &W) -> Result<(), RoleError>
    where
        W: Fn(&Waiting) + Send + Sync + ?Sized,
    {
        let call = match change {
            RoleChange::Trust { from, to } => return self.trust(name, from, to, waiting).await,
            RoleChange::UpdatePolicy { arn, document, drop_version } => {
                if let Some(version) = drop_version {
                    self.carry_out(name, &Call::DeleteVersion(arn, version), waiting).await?;
                }
                return self.carry_out(name, &Call::CreateVersion(arn, document), waiting).await;
            }
            RoleChange::DeletePolicy { arn, versions } => {
                for version in versions {
                    self.carry_out(name, &Call::DeleteVersion(arn, version), waiting).await?;
                }
                return self.carry_out(name, &Call::DeletePolicy(arn), waiting).await;
            }
            RoleChange::CreatePolicy { name: policy, path, document, tags } => {
                let account = &self.issuing.account;
                let arn = format!("arn:{}:iam::{}:policy{path}{policy}", account.partition, account.id);
                let call = Call::CreatePolicy { arn: &arn, name: policy, path, document, tags };
                return self.carry_out(name, &call, waiting).await;
            }
            RoleChange::Create { path, trust_policy, boundary, max_session, tags } => {
                let arn = self.issuing.role_arn(path, name);
                self.lock().insert(name.clone(), arn);
                let (boundary, max_session) = (boundary.as_ref(), *max_session);
                Call::Create { path, trust_policy, boundary, max_session, tags }
            }
            RoleChange::Boundary { to, .. } => Call::Boundary(to),
            RoleChange::MaxSession { to, .. } => Call::MaxSession(*to),
            RoleChange::Tag(tags) => Call::Tag(tags),
            RoleChange::Untag(keys) => Call::Untag(keys),
            RoleChange::Attach(arn) => Call::Attach(arn),
            RoleChange::Detach(arn) => Call::Detach(arn),
            RoleChange::PutInline { name, document } => Call::PutInline(name, document),
            RoleChange::DeleteInline(name) => Call::DeleteInline(name),
            RoleChange::Delete => Call::Delete,
        };
        self.carry_out(name, &call, waiting).await
    }

    /// Replaces a trust policy. IAM has no condition for that: so it is read before, and again afterwards.
    async fn trust<W>(
        &self,
        name: &RoleName,
        from: &Document,
        to: &Document,
        waiting: &W,
    ) -> Result<(), RoleError>
    where
        W: Fn(&Waiting) + Send + Sync + ?Sized,
    {
        let raced = || RoleError::Raced { what: self.role_arn(name) };
        match self.trust_policy(name).await? {
            Some(found) if same_statements(&found, to) => return Ok(()),
            Some(found) if same_statements(&found, from) => {}
            _ => return Err(raced()),
        }
        self.carry_out(name, &Call::Trust(to), waiting).await?;
        let mut wait = self.patience.wait();
        loop {
            match self.trust_policy(name).await? {
                // As it was: IAM does not show it everywhere yet.
                Some(found) if same_statements(&found, from) => {}
                None => {}
                Some(found) if stands(&found, from, to) => return Ok(()),
                Some(_) => return Err(raced()),
            }
            let Some(pause) = wait.pause("IAM to show the new trust policy", waiting) else {
                return Err(raced());
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends a call until it is done, or fails so that waiting does not help.
    async fn carry_out<W>(&self, name: &RoleName, call: &Call<'_>, waiting: &W) -> Result<(), RoleError>
    where
        W: Fn(&Waiting) + Send + Sync + ?Sized,
    {
        let what = call.changes_policy().map_or_else(|| self.role_arn(name), str::to_owned);
        let mut wait = self.patience.wait();
        loop {
            let Err(error) = call.send(&self.iam, name.as_str(), &what).await else { return Ok(()) };
            // Its name is taken: by what we meant to make, or by something else?
            if error.code().starts_with("EntityAlreadyExists") {
                if self.is_there(name, call).await? {
                    return Err(RoleError::Raced { what });
                }
                let why = format!("IAM to show {what}, whose name is taken");
                pause(&mut wait, why, waiting, || RoleError::Taken { what: what.clone(), source: error })
                    .await?;
                continue;
            }
            match verdict(call, error, &what, &self.issuing) {
                Verdict::Done => return Ok(()),
                Verdict::Failed(error) => return Err(error),
                Verdict::Wait { why, error } => pause(&mut wait, why, waiting, || error).await?,
            }
        }
    }

    async fn is_there(&self, name: &RoleName, call: &Call<'_>) -> Result<bool, RoleError> {
        Ok(match call.changes_policy() {
            Some(arn) => self.policy(arn).await?.is_some(),
            None => self.found(name).await?.is_some(),
        })
    }
}

/// Pauses, or ends with what is to be told when patience has ended.
async fn pause<W>(
    wait: &mut Wait,
    why: String,
    waiting: &W,
    in_the_end: impl FnOnce() -> RoleError,
) -> Result<(), RoleError>
where
    W: Fn(&Waiting) + Send + Sync + ?Sized,
{
    let Some(pause) = wait.pause(why, waiting) else { return Err(in_the_end()) };
    tokio::time::sleep(pause).await;
    Ok(())
}

/// Tells whether what was to come has come and what was to go has gone, whatever others have added since.
fn stands(found: &Document, from: &Document, to: &Document) -> bool {
    let has = |document: &Document, statement: &issuer_policy::Statement| {
        document.statements().iter().any(|other| other.same_meaning(statement))
    };
    to.statements().iter().all(|statement| has(found, statement))
        && from.statements().iter().all(|statement| has(to, statement) || !has(found, statement))
}
