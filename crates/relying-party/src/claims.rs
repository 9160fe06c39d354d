//! The claims that STS looks at ([RFC 7519, section 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1), and
//! `azp` and `amr` of [OpenID Connect Core, section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)),
//! and the instants in them.

use std::fmt;

use issuer_policy::quoted;
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::refusal::{expired, listed, malformed, missing_claim, not_yet, several_audiences};
use crate::step::Step;
use crate::token::Token;
use crate::verdict::Refused;

/// How long after `exp` a token is taken, and how far ahead of STS's clock `iat` and `nbf` may be.
pub const TOLERANCE: Duration = Duration::minutes(5);

const HINT: &str = "let kube-apiserver make the token (a projected volume, or `kubectl create token NAME --audience \
                    sts.amazonaws.com`): its tokens have every claim";

/// The claims that count, of the right types; borrowed from their [`Token`].
#[derive(Clone, Debug, PartialEq)]
pub struct Claims<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `sub`.
    pub subject: &'a str,
    /// `aud`: one text, or a list of them.
    pub audiences: Vec<&'a str>,
    /// `azp`.
    pub authorized_party: Option<&'a str>,
    /// `amr`: how the subject proved who it is; empty when it is not there.
    pub methods: Vec<&'a str>,
    /// `iat`.
    pub issued_at: NumericDate,
    /// `exp`.
    pub expires_at: NumericDate,
    /// `nbf`.
    pub not_before: Option<NumericDate>,
}

impl<'a> Claims<'a> {
    /// Reads the claims of a token.
    ///
    /// # Errors
    /// Refused at [`Step::Claims`] when one that STS needs is not there, or one has the wrong type.
    pub fn of(token: &'a Token) -> Result<Self, Refused> {
        let claims = token.claims();
        Ok(Self {
            issuer: needed(claims, "iss", text)?,
            subject: needed(claims, "sub", text)?,
            audiences: needed(claims, "aud", texts)?,
            authorized_party: optional(claims, "azp", text)?,
            methods: optional(claims, "amr", texts)?.unwrap_or_default(),
            issued_at: needed(claims, "iat", date)?,
            expires_at: needed(claims, "exp", date)?,
            not_before: optional(claims, "nbf", date)?,
        })
    }

    /// Returns the audience that counts: the authorized party where there is one, else the only audience.
    ///
    /// # Errors
    /// Refused at [`Step::AuthorizedParty`] when there are several and no authorized party.
    pub fn audience(&self) -> Result<&'a str, Refused> {
        match (self.authorized_party, self.audiences.as_slice()) {
            // Where a token has both aud and azp, STS takes azp for the audience.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
            (Some(party), _) => Ok(party),
            (None, [audience]) => Ok(audience),
            (None, audiences) => Err(several_audiences(
                format!(
                    "The token is for {} audiences ({}) and has no `azp`; STS takes one.",
                    audiences.len(),
                    listed(audiences.iter().copied())
                ),
                "ask for a token with one audience: in the projected volume `audience: sts.amazonaws.com`, or \
                     `kubectl create token NAME --audience sts.amazonaws.com`",
            )),
        }
    }

    /// Checks the instants against STS's clock.
    ///
    /// # Errors
    /// Refused at [`Step::Expiry`] when the token has run out, or is from the future.
    pub fn check_time(&self, now: OffsetDateTime) -> Result<(), Refused> {
        let clock = NumericDate::from(now);
        // "The current date/time MUST be before the expiration date/time", give or take the tolerance.
        // https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
        if clock.0 >= self.expires_at.0.saturating_add(TOLERANCE.whole_nanoseconds()) {
            return Err(expired(
                now.unix_timestamp(),
                self.expires_at.seconds(),
                format!(
                    "The token ran out at {}, and it is {clock}: more than the 5 minutes that STS tolerates.",
                    self.expires_at
                ),
                "use a fresh token: kubelet renews the file of a pod, `kubectl create token` and `issuerctl token` make \
                 new ones; where the token is new, set the clock of the node that made it",
            ));
        }
        let dates = [("iat", Some(self.issued_at)), ("nbf", self.not_before)];
        for (claim, date) in dates {
            let Some(date) = date else { continue };
            if date.0 > clock.0.saturating_add(TOLERANCE.whole_nanoseconds()) {
                return Err(not_yet(
                    format!(
                        "The ID Token's {claim} {} is later than the current date/time {}",
                        date.seconds(),
                        now.unix_timestamp()
                    ),
                    format!(
                        "The token's `{claim}` is {date}, and it is {clock}: more than 5 minutes in the future."
                    ),
                    "set the clock of the control plane that made the token (NTP)",
                ));
            }
        }
        Ok(())
    }
}

/// Seconds since 1970, with a fraction where there is one
/// ([RFC 7519, section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)); kept in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumericDate(i128);

const SECOND: i128 = 1_000_000_000;

impl NumericDate {
    /// Reads a JSON number; a number in quotes is text.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let Value::Number(number) = value else { return None };
        let nanoseconds = match (number.as_i128(), number.as_f64()) {
            (Some(seconds), _) => seconds.saturating_mul(SECOND),
            // Saturating; a whole second is exact up to far beyond any year that has a calendar.
            (None, Some(seconds)) => {
                (seconds.trunc() as i128).saturating_mul(SECOND) + (seconds.fract() * 1e9) as i128
            }
            (None, None) => return None,
        };
        Some(Self(nanoseconds))
    }

    /// Returns the whole seconds since 1970.
    #[must_use]
    pub fn seconds(self) -> i128 {
        self.0.div_euclid(SECOND)
    }

    /// Returns the instant, unless it lies beyond the calendar.
    #[must_use]
    pub fn instant(self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp_nanos(self.0).ok()
    }
}

impl From<OffsetDateTime> for NumericDate {
    fn from(instant: OffsetDateTime) -> Self {
        Self(instant.unix_timestamp_nanos())
    }
}

/// As RFC 3339, or the number where no calendar has it.
impl fmt::Display for NumericDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.instant().and_then(|instant| instant.format(&Rfc3339).ok()) {
            Some(text) => f.pad(&text),
            None => write!(f, "{} s since 1970", self.seconds()),
        }
    }
}

/// What a claim has to be, and how it is read.
type Reader<'a, T> = fn(&'a Value) -> Result<Option<T>, &'static str>;

fn needed<'a, T>(claims: &'a Map<String, Value>, name: &str, read: Reader<'a, T>) -> Result<T, Refused> {
    optional(claims, name, read)?.ok_or_else(|| {
        missing_claim(name, format!("The token has no `{name}`, or an empty one; STS needs it."), HINT)
    })
}

fn optional<'a, T>(
    claims: &'a Map<String, Value>,
    name: &str,
    read: Reader<'a, T>,
) -> Result<Option<T>, Refused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    read(value).map_err(|wanted| {
        let actual = described(value);
        malformed(Step::Claims, format!("The token's `{name}` has to be {wanted}, and is {actual}."), HINT)
    })
}

/// An empty text says as little as none.
fn text(value: &Value) -> Result<Option<&str>, &'static str> {
    value.as_str().map(|text| Some(text).filter(|text| !text.is_empty())).ok_or("text")
}

fn texts(value: &Value) -> Result<Option<Vec<&str>>, &'static str> {
    let wanted = "text, or a list of texts";
    let values = match value {
        Value::String(text) => vec![text.as_str()],
        Value::Array(values) => values.iter().map(Value::as_str).collect::<Option<Vec<_>>>().ok_or(wanted)?,
        _ => return Err(wanted),
    };
    Ok(Some(values).filter(|values| !values.is_empty() && values.iter().all(|text| !text.is_empty())))
}

fn date(value: &Value) -> Result<Option<NumericDate>, &'static str> {
    NumericDate::of(value).map(Some).ok_or("a number of seconds")
}

fn described(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::NumericDate;

    #[test]
    fn instants_are_read_shown_and_ordered_whatever_the_number() {
        for (value, seconds, text) in [
            (json!(1_800_000_000), 1_800_000_000, "2027-01-15T08:00:00Z"),
            (json!(1_800_000_000.5), 1_800_000_000, "2027-01-15T08:00:00.5Z"),
            (json!(1.8e9), 1_800_000_000, "2027-01-15T08:00:00Z"),
            (json!(-0.5), -1, "1969-12-31T23:59:59.5Z"),
            (json!(u64::MAX), i128::from(u64::MAX), "18446744073709551615 s since 1970"),
            (json!(i64::MIN), i128::from(i64::MIN), "-9223372036854775808 s since 1970"),
        ] {
            let date = NumericDate::of(&value).unwrap();
            assert_eq!((date.seconds(), date.to_string()), (seconds, text.to_owned()), "{value}");
        }
        for value in [json!("1800000000"), json!(null), json!(true), json!([1])] {
            assert_eq!(NumericDate::of(&value), None, "{value}");
        }
        let [least, most] = [json!(-1e300), json!(1e300)].map(|value| NumericDate::of(&value).unwrap());
        let now = NumericDate::from(datetime!(2027-01-15 08:00 UTC));
        assert!(least < now && now < most);
        assert_eq!(now.instant(), Some(datetime!(2027-01-15 08:00 UTC)));
    }
}
