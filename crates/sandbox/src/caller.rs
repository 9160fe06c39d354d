//! Who calls: a user that the sandbox is started with, a user of IAM, or a session of a role.
//!
//! Follows [IAM identifiers][identifiers] and [the table of principals][principals] under `aws:userid`.
//!
//! [identifiers]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
//! [principals]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-infotouse

use std::sync::Arc;

use crate::account::Account;
use crate::config::BuiltIn;
use crate::session::Session;
use crate::state::{Role, State, User};

/// Whoever signed a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// One of those that the sandbox is started with.
    BuiltIn(BuiltIn),
    /// A user of IAM: it may do what the policies say.
    User(Arc<Identity>),
    /// A role's session: it may do what the policies say.
    Session(Arc<Session>),
}

/// Which user of IAM it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) id: String,
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
        if let Some((secret, caller)) = Self::of_long_term(account, access_key_id) {
            return if token.is_none() { Ok((secret, caller)) } else { Err(Unusable::Token) };
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

    /// Finds out whose key it is, when it is no temporary one.
    fn of_long_term(account: &Account, access_key_id: &str) -> Option<(String, Self)> {
        if let Some((secret, whose)) = account.config.key(access_key_id) {
            return Some((secret.to_owned(), Self::BuiltIn(whose)));
        }
        let state = account.state();
        let (name, user, key) = state.settled().owner_of(access_key_id)?;
        let (path, id) = (user.path.clone(), user.id.clone());
        let identity = Identity { path, name: name.to_owned(), id };
        Some((key.secret.clone(), Self::User(Arc::new(identity))))
    }

    /// The ARN, as GetCallerIdentity and refusals have it.
    pub(crate) fn arn(&self, account: &Account) -> String {
        match self {
            Self::BuiltIn(user) => account.user_arn("/", user.name()),
            Self::User(user) => account.user_arn(&user.path, &user.name),
            Self::Session(session) => account.session_arn(&session.role, &session.name),
        }
    }

    /// The unique id: `aws:userid`.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::BuiltIn(user) => user.id().to_owned(),
            Self::User(user) => user.id.clone(),
            Self::Session(session) => format!("{}:{}", session.role_id, session.name),
        }
    }

    /// The name of a user; a session has none.
    pub(crate) fn user_name(&self) -> Option<&str> {
        match self {
            Self::BuiltIn(user) => Some(user.name()),
            Self::User(user) => Some(&user.name),
            Self::Session(_) => None,
        }
    }

    /// The user of IAM, when it is still the one that signed.
    pub(crate) fn user<'a>(&self, state: &'a State) -> Option<&'a User> {
        let Self::User(identity) = self else { return None };
        let user = state.users.get(identity.name.as_str())?;
        (user.id == identity.id).then_some(&**user)
    }

    /// The role of a session, when it is still the one that the session was given for.
    pub(crate) fn role<'a>(&self, state: &'a State) -> Option<(&'a str, &'a Role)> {
        let Self::Session(session) = self else { return None };
        let (name, role) = state.roles.get_key_value(session.role.as_str())?;
        (role.id == session.role_id).then_some((&**name, &**role))
    }
}
