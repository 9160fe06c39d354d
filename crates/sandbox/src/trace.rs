//! A trace: one line of JSON for each call, with nothing secret in it.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use crate::config::Answered;
use crate::error::SandboxError;

/// The file that lines are written to.
#[derive(Debug)]
pub(crate) struct Trace(Mutex<File>);

impl Trace {
    /// Begins a trace; an older one in its place goes.
    pub(crate) fn begin(path: &Path) -> Result<Self, SandboxError> {
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let file = opened.map_err(|source| SandboxError::Trace { path: path.to_owned(), source })?;
        Ok(Self(Mutex::new(file)))
    }

    /// Writes a line, whole and at once.
    pub(crate) fn write(&self, told: &Answered) {
        let cut = matches!(
            told.fault,
            Some("cut-before" | "cut-after" | "cut-in-body" | "silent-before" | "silent-after")
        );
        let mut line = json!({
            "number": told.number,
            "call": told.call,
            "operation": told.operation,
            "status": (!cut && told.status > 0).then_some(told.status),
            "access_key_id": told.access_key_id,
            "start_us": u64::try_from(told.arrived.as_micros()).unwrap_or(u64::MAX),
            "end_us": u64::try_from(told.answered.as_micros()).unwrap_or(u64::MAX),
            "fault": told.fault,
        });
        if let (Some(step), Some(members)) = (&told.step, line.as_object_mut()) {
            members.insert("step".to_owned(), step.as_str().into());
        }
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk is no reason to answer no more.
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}
