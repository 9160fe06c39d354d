//! The files that tell the cluster: written whole, secret ones for their owner alone.

use std::fs;
use std::path::PathBuf;

use issuer_keygen::{Existing, create_directories, lock, parent, sweep, write_whole};

use crate::apply::Outcome;
use crate::error::PlanError;
use crate::event::Event;
use crate::step::{Plan, Step};

/// A file that is wanted.
#[derive(Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// Where.
    pub path: PathBuf,
    /// What it holds.
    pub contents: String,
    /// Whether it holds a secret: then 0600, else 0644.
    pub secret: bool,
}

impl std::fmt::Debug for OutputFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutputFile")
            .field("path", &self.path)
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

impl OutputFile {
    /// Tells whether the file is there already, byte for byte.
    pub(crate) fn is_there(&self) -> bool {
        fs::metadata(&self.path)
            .is_ok_and(|found| found.is_file() && found.len() == self.contents.len() as u64)
            && fs::read(&self.path).is_ok_and(|bytes| bytes == self.contents.as_bytes())
    }

    /// Writes the file whole, and the directories above it.
    ///
    /// # Errors
    /// When the directory or the file cannot be written, or a symbolic link is in its place.
    pub fn write(&self) -> Result<(), PlanError> {
        let failed = |source| PlanError::Output { path: self.path.clone(), source };
        let directory = parent(&self.path);
        create_directories(directory, |left| left & 0o755 | 0o700).map_err(failed)?;
        let _lock = lock(directory).map_err(failed)?;
        sweep(directory);
        let mode = if self.secret { 0o600 } else { 0o644 };
        write_whole(&self.path, self.contents.as_bytes(), mode, Existing::Replace).map_err(failed)
    }
}

/// Says which of these files have to be written, and which of them replace another text.
pub(crate) fn steps(files: &[OutputFile]) -> Vec<Step> {
    let differ = files.iter().filter(|file| !file.is_there());
    differ.map(|file| Step::Output { file: file.clone(), replaces: file.path.exists() }).collect()
}

impl Plan {
    /// Says which of these files have to be written: a plan of one stage, `name`.
    #[must_use]
    pub fn of_files(name: &'static str, files: &[OutputFile]) -> Self {
        let mut plan = Self::default();
        plan.stage(name, steps(files));
        plan
    }

    /// Writes the files of a plan of nothing else.
    ///
    /// # Errors
    /// The first file that cannot be written; later ones are not.
    pub fn write_files(&self, events: &(dyn Fn(Event) + Send + Sync)) -> Result<Outcome, PlanError> {
        let mut outcome = Outcome::default();
        for step in self.steps() {
            if let Step::Output { file, .. } = step {
                events(Event::Started(step.to_string()));
                file.write()?;
                events(Event::Done(step.to_string()));
                outcome.done.push(step.to_string());
            }
        }
        Ok(outcome)
    }
}
