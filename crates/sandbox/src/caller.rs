//! Who calls: the account's one user, whom all access keys belong to, or a session of a role.
//!
//! Follows [IAM identifiers][identifiers] and [the table of principals][principals] under `aws:userid`.
//!
//! [identifiers]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
//! [principals]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-infotouse

use std::sync::Arc;

use crate::account::Account;
use crate::session::Session;
use crate::state::{Role, State};

/// Whoever signed a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The user behind the access keys: it may do what no policy denies.
    User,
    /// A role's session: it may do what the policies say.
    Session(Arc<Session>),
}

/// Why credentials are of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// There is no such access key, it is a temporary one and came without its token, or its role is gone.
    Unknown,
    /// The token is none, another key's, or came with a key that has none.
    Token,
    /// They were good once.
    Expired,
}

impl Caller {
    /// Finds out whose credentials these are, and gives their secret.
    pub(crate) fn of(
        account: &Account,
        access_key_id: &str,
        token: Option<&str>,
    ) -> Result<(String, Self), Unusable> {
        if let Some(secret) = account.config.secret_of(access_key_id) {
            return match token {
                None => Ok((secret.to_owned(), Self::User)),
                Some(_) => Err(Unusable::Token),
            };
        }
        let (secret, token) = account.mint.secret(access_key_id).zip(token).ok_or(Unusable::Unknown)?;
        let session = account.mint.read(access_key_id, token).ok_or(Unusable::Token)?;
        if session.expires <= account.now() {
            return Err(Unusable::Expired);
        }
        let caller = Self::Session(Arc::new(session));
        // A role that was made again is another one.
        match caller.role(account.state().settled()) {
            Some(_) => Ok((secret, caller)),
            None => Err(Unusable::Unknown),
        }
    }

    /// The ARN, as GetCallerIdentity and refusals have it.
    pub(crate) fn arn(&self, account: &Account) -> String {
        match self {
            Self::User => account.user_arn(),
            Self::Session(session) => account.session_arn(&session.role, &session.name),
        }
    }

    /// The unique id: `aws:userid`.
    pub(crate) fn id(&self, account: &Account) -> String {
        match self {
            Self::User => account.user_id().to_owned(),
            Self::Session(session) => format!("{}:{}", session.role_id, session.name),
        }
    }

    /// The role of a session, when it is still the one that the session was given for.
    pub(crate) fn role<'a>(&self, state: &'a State) -> Option<(&'a str, &'a Role)> {
        let Self::Session(session) = self else { return None };
        let (name, role) = state.roles.get_key_value(session.role.as_str())?;
        (role.id == session.role_id).then_some((&**name, &**role))
    }
}
