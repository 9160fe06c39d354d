//! One call: its number, its request ids, and what its handlers have to say beside the answer.

use std::sync::{Mutex, OnceLock, PoisonError};

use http::{HeaderName, HeaderValue};
use s3s::{S3Error, S3ErrorCode};

use crate::account::Account;
use crate::refusal::Refusal;

/// A call on its way, shared by all that handle it.
#[derive(Debug)]
pub(crate) struct Call {
    /// In the order in which calls came.
    pub(crate) number: u64,
    /// In S3's form.
    pub(crate) request_id: String,
    /// S3's second id.
    pub(crate) extended_id: String,
    /// In the form of all others.
    pub(crate) uuid: String,
    operation: OnceLock<String>,
    refusal: Mutex<Option<Refusal>>,
    headers: Mutex<Vec<(HeaderName, String)>>,
}

impl Call {
    /// The next call.
    pub(crate) fn new(account: &Account) -> Self {
        let number = account.next_call();
        let hex = account.call_id(number);
        Self {
            number,
            request_id: hex[..16].to_ascii_uppercase(),
            extended_id: hex.clone(),
            uuid: format!(
                "{}-{}-4{}-a{}-{}",
                &hex[..8],
                &hex[8..12],
                &hex[13..16],
                &hex[17..20],
                &hex[20..32]
            ),
            operation: OnceLock::new(),
            refusal: Mutex::new(None),
            headers: Mutex::new(Vec::new()),
        }
    }

    /// Notes which operation it turned out to be, as `service:Operation`.
    pub(crate) fn is(&self, service: &str, operation: &str) {
        let _ = self.operation.set(format!("{service}:{operation}"));
    }

    /// The operation, once known.
    pub(crate) fn operation(&self) -> Option<&str> {
        self.operation.get().map(String::as_str)
    }

    /// A refusal on its way through s3s, which would drop its details.
    pub(crate) fn refuse(&self, refusal: Refusal) -> S3Error {
        let mut error = S3Error::with_message(
            S3ErrorCode::Custom(refusal.code.to_string().into()),
            refusal.message.clone(),
        );
        if let Ok(status) = http::StatusCode::from_u16(refusal.status) {
            error.set_status_code(status);
        }
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
        error
    }

    /// The refusal that a handler gave.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A header that the answer gets, whatever it is.
    pub(crate) fn header(&self, name: &'static str, value: &str) {
        let mut headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        headers.push((HeaderName::from_static(name), value.to_owned()));
    }

    /// The value of a noted header.
    pub(crate) fn noted(&self, name: &str) -> Option<String> {
        let headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// Puts the ids and the noted headers on an answer.
    pub(crate) fn sign_off<B>(&self, response: &mut http::Response<B>) {
        let noted = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = [("x-amz-request-id", &self.request_id), ("x-amz-id-2", &self.extended_id)];
        let ids = ids.map(|(name, id)| (HeaderName::from_static(name), id.clone()));
        for (name, value) in ids.into_iter().chain(noted.iter().cloned()) {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
}
