//! DNS names as Kubernetes takes them: <https://www.rfc-editor.org/rfc/rfc1123#section-2.1>, in lower case.

/// Whether this is one label.
pub(crate) fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether this is a name of one label or more.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}
