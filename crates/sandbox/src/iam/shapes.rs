//! The shapes that IAM's model gives its parameters: lengths, characters, ranges, and the words when one does not fit.
//!
//! Shapes: [IAM's API reference][api], the constraints of each parameter; names and paths in
//! [IAM identifiers][identifiers].
//!
//! [api]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
//! [identifiers]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html

use std::ops::RangeInclusive;

use crate::query::{Form, member, validation_error};
use crate::refusal::{Answer, Refusal};

/// The name of a role: 1 to 64 characters.
pub(super) fn role_name(form: &Form) -> Answer<&str> {
    name(form, "RoleName", 64)
}

/// The name of a user: 1 to 64 characters.
pub(super) fn user_name(form: &Form) -> Answer<&str> {
    name(form, "UserName", 64)
}

/// The name of a policy: 1 to 128 characters.
pub(super) fn policy_name(form: &Form) -> Answer<&str> {
    name(form, "PolicyName", 128)
}

fn name<'a>(form: &'a Form, parameter: &str, most: usize) -> Answer<&'a str> {
    let name = length(parameter, form.required(parameter)?, 1..=most)?;
    if !name.chars().all(is_name_character) {
        let allowed = "It must contain only alphanumeric characters and/or the following: +=,.@_-";
        return Err(invalid(parameter, allowed));
    }
    Ok(name)
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_+=,.@-".contains(character)
}

/// The path of a role or user: printable ASCII between two slashes; `/` without one.
pub(super) fn role_path(form: &Form) -> Answer<&str> {
    path(form, |character| matches!(character, '!'..='~'))
}

/// The path of a policy, whose characters are those of names.
pub(super) fn policy_path(form: &Form) -> Answer<&str> {
    let path = path(form, |character| character == '/' || is_name_character(character))?;
    if path.contains("//") { Err(invalid_path("Path")) } else { Ok(path) }
}

fn path(form: &Form, fits: impl Fn(char) -> bool) -> Answer<&str> {
    let path = length("Path", form.text("Path").unwrap_or("/"), 1..=512)?;
    let closed = path.starts_with('/') && path.ends_with('/');
    if closed && path.chars().all(fits) { Ok(path) } else { Err(invalid_path("Path")) }
}

/// The beginning of a path that a list asks for; `/` without one.
pub(super) fn path_prefix(form: &Form) -> Answer<&str> {
    let prefix = length("PathPrefix", form.text("PathPrefix").unwrap_or("/"), 1..=512)?;
    let fits = prefix.starts_with('/') && prefix.bytes().all(|byte| matches!(byte, b'!'..=b'\x7f'));
    if fits { Ok(prefix) } else { Err(invalid_path("PathPrefix")) }
}

fn invalid_path(parameter: &str) -> Refusal {
    let must = "It must begin and end with / and contain only alphanumeric characters and/or / characters.";
    invalid(parameter, must)
}

/// A description: at most 1000 characters of Latin-1; an empty one is one.
pub(super) fn description(form: &Form) -> Answer<Option<&str>> {
    let Some(text) = form.given("Description") else { return Ok(None) };
    length("Description", text, 0..=1000)?;
    let fits = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    if text.chars().all(fits) {
        Ok(Some(text))
    } else {
        Err(invalid("Description", "It has characters that a description may not have."))
    }
}

/// The text of a policy: at most 131072 characters, in Latin-1.
pub(super) fn document<'a>(form: &'a Form, parameter: &str) -> Answer<&'a str> {
    let text = form.required(parameter)?;
    if text.chars().count() > 131_072 {
        let most = "Member must have length less than or equal to 131072";
        return Err(constraint("...", parameter, most));
    }
    let fits = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    match text.chars().all(fits) {
        true => Ok(text),
        false => Err(invalid(parameter, "It must contain only printable ASCII characters.")),
    }
}

/// An ARN: 20 to 2048 characters, and at least six parts.
pub(super) fn arn<'a>(form: &'a Form, parameter: &str) -> Answer<&'a str> {
    let arn = length(parameter, form.required(parameter)?, 20..=2048)?;
    if arn.starts_with("arn:") && arn.split(':').count() >= 6 {
        return Ok(arn);
    }
    Err(Refusal::new("InvalidInput", 400, format!("ARN {arn} is not valid.")))
}

/// A number between two others; nothing when it is not there.
pub(super) fn number(form: &Form, parameter: &str, least: u32, most: u32) -> Answer<Option<u32>> {
    let Some(text) = form.text(parameter) else { return Ok(None) };
    let Ok(number) = text.parse::<i64>() else {
        return Err(Refusal::new("MalformedInput", 400, format!("{parameter} is not a number.")));
    };
    if number > i64::from(most) {
        let most = format!("Member must have value less than or equal to {most}");
        return Err(constraint(text, parameter, &most));
    }
    match u32::try_from(number) {
        Ok(number) if number >= least => Ok(Some(number)),
        _ => {
            let least = format!("Member must have value greater than or equal to {least}");
            Err(constraint(text, parameter, &least))
        }
    }
}

/// `true` or `false`; false when it is not there.
pub(super) fn flag(form: &Form, parameter: &str) -> Answer<bool> {
    match form.text(parameter) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Refusal::new("MalformedInput", 400, format!("{parameter} is not a boolean."))),
    }
}

/// One of a few words; nothing when it is not there.
pub(super) fn choice<'a>(form: &'a Form, parameter: &str, words: &[&str]) -> Answer<Option<&'a str>> {
    match form.text(parameter) {
        Some(text) if !words.contains(&text) => {
            let set = format!("Member must satisfy enum value set: [{}]", words.join(", "));
            Err(constraint(text, parameter, &set))
        }
        text => Ok(text),
    }
}

/// What breaks a constraint of the model.
pub(super) fn constraint(value: &str, parameter: &str, constraint: &str) -> Refusal {
    let at = member(parameter);
    validation_error(&format!("Value '{value}' at '{at}' failed to satisfy constraint: {constraint}"))
}

fn length<'a>(parameter: &str, text: &'a str, length: RangeInclusive<usize>) -> Answer<&'a str> {
    let characters = text.chars().count();
    let (word, bound) = match characters {
        _ if characters < *length.start() => ("greater", length.start()),
        _ if characters > *length.end() => ("less", length.end()),
        _ => return Ok(text),
    };
    let must = format!("Member must have length {word} than or equal to {bound}");
    Err(constraint(text, parameter, &must))
}

fn invalid(parameter: &str, must: &str) -> Refusal {
    let at = member(parameter);
    Refusal::new("ValidationError", 400, format!("The specified value for {at} is invalid. {must}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_fits_is_taken() {
        let long = format!("RoleName={}", "a".repeat(64));
        for good in ["RoleName=a", "RoleName=aZ0_%2B%3D%2C.%40-", long.as_str()] {
            assert!(role_name(&form(good)).is_ok(), "{good}");
        }
        for good in ["", "Path=/", "Path=/a/", "Path=/a/b.c_d/", "Path=/%21%7E/"] {
            assert!(role_path(&form(good)).is_ok(), "{good}");
        }
        assert_eq!(number(&form("N=43200"), "N", 3600, 43200), Ok(Some(43200)));
        assert_eq!(description(&form("Description=")), Ok(Some("")));
        assert_eq!(description(&form("")), Ok(None));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_name() {
        let refused = |answer: Answer<&str>| answer.unwrap_err().message.into_owned();
        let long = "a".repeat(65);
        assert_eq!(
            refused(role_name(&form(&format!("RoleName={long}")))),
            format!(
                "1 validation error detected: Value '{long}' at 'roleName' failed to satisfy constraint: Member must \
                 have length less than or equal to 64"
            )
        );
        for bad in ["RoleName=a/b", "RoleName=a%20b", "RoleName=%C3%BC", "RoleName=a%0A"] {
            let text = refused(role_name(&form(bad)));
            assert!(text.starts_with("The specified value for roleName is invalid."), "{text}");
        }
        for bad in ["Path=a/", "Path=/a", "Path=/a%20b/", "Path=/%C3%BC/"] {
            let text = refused(role_path(&form(bad)));
            assert!(text.starts_with("The specified value for path is invalid. It must begin"), "{text}");
        }
        assert!(policy_path(&form("Path=/%21/")).is_err() && policy_path(&form("Path=//")).is_err());
        assert!(path_prefix(&form("PathPrefix=a")).is_err());
        for bad in ["N=3599", "N=43201", "N=-1", "N=x", "N=99999999999999999999"] {
            assert!(number(&form(bad), "N", 3600, 43200).is_err(), "{bad}");
        }
        assert!(document(&form("D=%E2%82%AC"), "D").is_err());
        assert!(arn(&form("A=arn:aws:iam::1:xx"), "A").is_err());
        assert!(arn(&form("A=no-arn-but-long-enough-for-one"), "A").is_err());
        assert!(flag(&form("F=yes"), "F").is_err() && choice(&form("C=x"), "C", &["a"]).is_err());
    }
}
