//! Why a file of roles is refused: each mistake with its line, and its path within the document.

use std::io;
use std::path::PathBuf;

use issuer_registrar::RoleName;

/// Why a file of roles is refused. Lines count from one, the items of a list from zero.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RolesFileError {
    /// Not YAML.
    #[error("line {line}: this is not YAML that can be read: {problem}")]
    Syntax {
        /// The line.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A value that cannot stand there.
    #[error("line {line}, {path}: {problem}")]
    Value {
        /// The line.
        line: usize,
        /// The path within the document, such as `roles[3].name`.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A policy file cannot be read.
    #[error("line {line}, {path}: cannot read {}", .file.display())]
    PolicyFile {
        /// The line.
        line: usize,
        /// The path within the document.
        path: String,
        /// The file, as it is named.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Two roles of one name in one account.
    #[error(
        "line {line}, {path}: the role {name} stands on line {first} already; in one account a name is given once, \
         whatever its path and its capitals"
    )]
    SameRole {
        /// The line of the second.
        line: usize,
        /// The path of the second.
        path: String,
        /// The name.
        name: RoleName,
        /// The line of the first.
        first: usize,
    },
}
