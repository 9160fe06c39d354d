//! What of a cluster is not known, and why.

use serde_json::Value;

use crate::kubectl_error::KubectlError;
use crate::plain::whole;
use crate::report::Finding;

/// Something of the cluster, or why it is not known.
pub type Seen<T> = Result<T, Gap>;

/// Why something of the cluster is not known.
#[derive(Debug, thiserror::Error)]
pub enum Gap {
    /// Nobody asked for it: what to give.
    #[error("{0}")]
    NotAsked(&'static str),
    /// It does not exist, because something else does not.
    #[error("{0}")]
    Without(String),
    /// It is missing, and something names it.
    #[error("{0}")]
    Absent(String),
    /// kubectl gave no answer.
    #[error(transparent)]
    Kubectl(#[from] KubectlError),
    /// What was answered, or saved, is not what it should be.
    #[error("{what} cannot be read: {reason}")]
    Malformed {
        /// What it should be.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Gap {
    pub(crate) fn malformed(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Malformed { what: what.into(), reason: reason.into() }
    }

    /// The check waits for this.
    pub(crate) fn skip(&self) -> Finding {
        Finding::skip(whole(self))
    }

    /// The check waits for another one, which has said why.
    pub(crate) fn waits(&self, check: &str) -> Finding {
        match self {
            Self::NotAsked(_) => self.skip(),
            _ => Finding::skip(format!("waits for {check}")),
        }
    }

    /// What was asked for could not be looked at.
    pub(crate) fn fail(&self, expected: &str) -> Finding {
        match self.hint() {
            Some(hint) => Finding::fail(expected, whole(self), hint),
            None => self.skip(),
        }
    }

    /// What was asked for could not be looked at, and the chain may well hold.
    pub(crate) fn warn(&self, expected: &str) -> Finding {
        match self.hint() {
            Some(hint) => Finding::warn(expected, whole(self), hint),
            None => self.skip(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotAsked(_) | Self::Without(_) => None,
            Self::Absent(_) => Some("install what is missing, or delete what names it".to_owned()),
            Self::Kubectl(error) => Some(error.hint()),
            Self::Malformed { .. } => Some(
                "ask the cluster once more, or save it again; is it kube-apiserver that answers (`kubectl \
                 version`)?"
                    .to_owned(),
            ),
        }
    }
}

/// Returns a text inside a document of the cluster's.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// Returns a list inside a document of the cluster's; empty where there is none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the texts of a list inside a document of the cluster's.
pub(crate) fn texts(value: &Value, pointer: &str) -> Vec<String> {
    list(value, pointer).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns the things that kubectl listed.
pub(crate) fn items(answer: Value, what: &str) -> Seen<Vec<Value>> {
    let Value::Object(mut members) = answer else {
        return Err(Gap::malformed(what, "it is no object"));
    };
    match (members.contains_key("kind"), members.remove("items")) {
        (true, Some(Value::Array(items))) => Ok(items),
        (true, Some(Value::Null)) => Ok(Vec::new()),
        _ => Err(Gap::malformed(what, "it is no list of Kubernetes objects")),
    }
}
