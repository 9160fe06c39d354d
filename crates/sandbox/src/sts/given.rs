//! A session as it is given: its credentials are made, and written as every call of STS that gives one writes them.
//!
//! Follows the [Credentials](https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html) of STS.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::account::Account;
use crate::session::Session;
use crate::xml::Xml;

/// "By default, the value is set to 3600 seconds."
pub(super) const DURATION: u64 = 3600;

/// Makes credentials for a session and writes them.
pub(super) fn credentials(account: &Account, session: Session) -> Xml {
    let expires = session.expires;
    let credentials = account.mint.issue(session);
    Xml::default().element("Credentials", |xml| {
        let xml = xml.text("AccessKeyId", &credentials.access_key_id);
        let xml = xml.text("SecretAccessKey", &credentials.secret);
        xml.text("SessionToken", &credentials.token).text("Expiration", &date(expires))
    })
}

/// Writes who the session is.
pub(super) fn assumed_role_user(account: &Account, xml: Xml, role: &str, role_id: &str, name: &str) -> Xml {
    xml.element("AssumedRoleUser", |xml| {
        let xml = xml.text("AssumedRoleId", &format!("{role_id}:{name}"));
        xml.text("Arn", &account.session_arn(role, name))
    })
}

/// A time as STS writes it.
fn date(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
