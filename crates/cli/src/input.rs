//! Reads the files that are named on the command line: regular ones, of a size that such a file has.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::failure::Failure;

/// A bundle of every authority that the world trusts has a tenth of it.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads a file; `what` names it in errors.
///
/// A pipe is refused: opening one waits for whoever writes to it, deaf to Ctrl-C, and some files
/// are read twice.
pub(crate) fn read(what: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let refused = |why: &dyn Display| Failure::new(format!("cannot read the {what} {shown}: {why}"));
    let failed = |error: io::Error| refused(&error);
    let found = fs::metadata(path).map_err(failed)?;
    if found.is_dir() {
        return Err(refused(&"it is a directory"));
    }
    if !found.is_file() {
        return Err(refused(&"it is not a regular file").hint("write what it gives to a file first"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(refused(&format!("it has more than {LARGEST} bytes")));
    }
    Ok(bytes)
}
