//! The policies of roles as they are given: a text, or the name of a preset. Flags and files share this.

use issuer_discovery::Partition;
use issuer_policy::{Document, Kind, PolicyError};
use issuer_registrar::{Narrowing, PolicyName, Preset, PresetError};

/// The most characters of all inline policies of a role, white space not counted, so of one of them too.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(super) const INLINE_CHARACTERS: usize = 10240;

/// The most characters of a managed policy, white space not counted.
const MANAGED_CHARACTERS: usize = 6144;

/// Reads a policy that is to hang on a role.
///
/// # Errors
/// Text that is no policy, or one that IAM would not take for a role; more than all inline policies may have together.
pub fn identity_policy(text: &str) -> Result<Document, PolicyError> {
    let document = Document::parse(text)?;
    document.check_as_iam(Kind::Identity)?;
    bounded(document, INLINE_CHARACTERS)
}

/// Reads a policy that is to be made as a managed one.
///
/// # Errors
/// As [`identity_policy`]; more than a managed policy may have.
pub fn managed_policy(text: &str) -> Result<Document, PolicyError> {
    managed(identity_policy(text)?)
}

/// Takes a policy that is to be made as a managed one.
pub(super) fn managed(document: Document) -> Result<Document, PolicyError> {
    bounded(document, MANAGED_CHARACTERS)
}

/// Writes the policy of a preset, as an inline policy that is named after it.
///
/// # Errors
/// When the narrowing does not fit the preset.
pub fn preset_policy(
    preset: Preset,
    partition: Partition,
    narrowing: Option<&Narrowing>,
) -> Result<(PolicyName, Document), PresetError> {
    let name = preset.name().parse().map_err(|_| PresetError::Unknown(preset.name().to_owned()))?;
    Ok((name, preset.policy(partition, narrowing)?))
}

fn bounded(document: Document, limit: usize) -> Result<Document, PolicyError> {
    let size = document.characters();
    if size > limit {
        return Err(PolicyError::TooLarge { kind: Kind::Identity, size, unit: "characters", limit });
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(characters: usize) -> String {
        let around = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::"}]}"#;
        around.replace("s3:::", &format!("s3:::{}", "b".repeat(characters - around.len())))
    }

    #[test]
    fn sizes_are_those_of_iam_and_white_space_does_not_count() {
        let spaced = |characters| policy(characters).replace(',', ",\n\t ");
        assert!(identity_policy(&spaced(10240)).is_ok());
        assert!(managed_policy(&spaced(6144)).is_ok());
        let refused = |read: Result<Document, PolicyError>| read.unwrap_err().to_string();
        assert_eq!(
            refused(identity_policy(&policy(10241))),
            "an identity policy of 10241 characters is over AWS's limit of 10240"
        );
        assert_eq!(
            refused(managed_policy(&policy(6145))),
            "an identity policy of 6145 characters is over AWS's limit of 6144"
        );
    }

    #[test]
    fn a_policy_for_something_else_is_refused() {
        let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;
        assert!(identity_policy(trust).unwrap_err().to_string().contains("a Principal is not for it"));
        for text in ["", "{}", "[]", "s3:*"] {
            assert!(identity_policy(text).is_err(), "{text}");
        }
    }
}
