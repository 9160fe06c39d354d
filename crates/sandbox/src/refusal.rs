//! One refusal of AWS: a code, an HTTP status, a message, and what some of them say besides.

use std::borrow::Cow;

/// What AWS answers instead of doing what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Cow<'static, str>,
    pub(crate) status: u16,
    pub(crate) message: Cow<'static, str>,
    /// Elements beside Code and Message in S3's XML, in order.
    pub(crate) details: Vec<(&'static str, String)>,
}

/// The answer of a call, or why not.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal with AWS's words.
    pub(crate) fn new(
        code: impl Into<Cow<'static, str>>,
        status: u16,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { code: code.into(), status, message: message.into(), details: Vec::new() }
    }

    /// The same with one more element.
    pub(crate) fn with(mut self, element: &'static str, text: impl Into<String>) -> Self {
        self.details.push((element, text.into()));
        self
    }
}
