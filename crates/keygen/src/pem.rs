//! PEM armour (RFC 7468, and the headers of RFC 1421), read as leniently as Go's encoding/pem
//! reads it, since that is what stands before kube-apiserver: text around the blocks, CRLF, blanks
//! at line ends, headers; a block that is none leads on to the next BEGIN line. What Go drops
//! without a word is handed out here with the reason.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use zeroize::Zeroizing;

use crate::Refusal;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// Go does not look at the bits behind the last byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// One BEGIN line and what came of it.
pub(crate) struct Block {
    /// Counted from 1.
    pub(crate) number: usize,
    /// What stands between `-----BEGIN ` and `-----`.
    pub(crate) label: String,
    /// Whether a Proc-Type header says that the body is encrypted.
    pub(crate) encrypted: bool,
    /// The bytes of the body, wiped after use: it may be a private key.
    pub(crate) body: Result<Zeroizing<Vec<u8>>, Refusal>,
}

/// The blocks of a text, in order.
pub(crate) fn blocks(text: &[u8]) -> Blocks<'_> {
    Blocks { text, at: 0, next_end: Some(0), number: 0 }
}

/// Armours `der` under `label`, 64 characters a line.
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    const LINE: usize = 48;
    // The exact size: a string that grows would leave copies of a private key behind.
    let size = 2 * label.len() + 32 + der.len().div_ceil(3) * 4 + der.len().div_ceil(LINE);
    let mut pem = Zeroizing::new(String::with_capacity(size));
    for part in ["-----BEGIN ", label, "-----\n"] {
        pem.push_str(part);
    }
    for line in der.chunks(LINE) {
        STANDARD.encode_string(line, &mut pem);
        pem.push('\n');
    }
    for part in ["-----END ", label, "-----\n"] {
        pem.push_str(part);
    }
    pem
}

/// An iterator over [`Block`]s.
pub(crate) struct Blocks<'a> {
    text: &'a [u8],
    at: usize,
    /// The next END line as far as it is known: no later than the first one from `at` on. It is
    /// searched once for all BEGIN lines before it, so that hostile text costs linear time.
    next_end: Option<usize>,
    number: usize,
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        loop {
            self.at = find_at_line_start(self.text, self.at, BEGIN)? + BEGIN.len();
            let line = self.line();
            // A BEGIN line that does not end in dashes is text.
            let Some(label) = line.strip_suffix(DASHES) else { continue };
            self.number += 1;
            let encrypted = self.skip_headers();
            let body = self.body(label);
            let label = String::from_utf8_lossy(label).into_owned();
            return Some(Block { number: self.number, label, encrypted, body });
        }
    }
}

impl<'a> Blocks<'a> {
    /// Takes one line, without its end and the blanks before that.
    fn line(&mut self) -> &'a [u8] {
        let (line, next) = line_at(self.text, self.at);
        self.at = next;
        line
    }

    /// Passes over `Key: value` lines; says whether they announce encryption.
    fn skip_headers(&mut self) -> bool {
        let mut encrypted = false;
        while self.at < self.text.len() {
            let (line, next) = line_at(self.text, self.at);
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
            encrypted |= line[..colon].trim_ascii() == b"Proc-Type" && line.ends_with(b"ENCRYPTED");
            self.at = next;
        }
        encrypted
    }

    /// Decodes from here to the END line of `label`; on success goes on behind that line, otherwise
    /// stays, so that a whole block inside a broken one is found.
    fn body(&mut self, label: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        if self.next_end.is_some_and(|end| end < self.at || end == 0) {
            self.next_end = find_at_line_start(self.text, self.at, END);
        }
        let end = self.next_end.ok_or(Refusal::Truncated)?;
        let (end_line, next) = line_at(self.text, end);
        // The line has lost the blanks at its end, and with them the one of a bare `-----END `.
        let ends = end_line.get(END.len()..).and_then(|rest| rest.strip_suffix(DASHES)) == Some(label);
        let body = &self.text[self.at..end];
        if !ends || find_at_line_start(body, 0, BEGIN).is_some() {
            return Err(Refusal::Truncated);
        }
        let mut compact = Zeroizing::new(Vec::with_capacity(body.len()));
        compact.extend(body.iter().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')));
        let mut bytes = Zeroizing::new(Vec::with_capacity(compact.len().div_ceil(4) * 3 + 3));
        LENIENT.decode_vec(compact.as_slice(), &mut bytes).map_err(|_| Refusal::NotBase64)?;
        self.at = next;
        Ok(bytes)
    }
}

/// The line from `at` on, right-trimmed, and where the next one begins.
fn line_at(text: &[u8], at: usize) -> (&[u8], usize) {
    let rest = &text[at..];
    let (line, next) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(feed) => (&rest[..feed], at + feed + 1),
        None => (rest, text.len()),
    };
    (line.trim_ascii_end(), next)
}

/// Where `needle` stands at or after `from`, at the beginning of a line.
fn find_at_line_start(text: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    let mut at = from;
    if at != 0 && text.get(at - 1) != Some(&b'\n') {
        at = line_at(text, at).1;
    }
    while at < text.len() {
        if text[at..].starts_with(needle) {
            return Some(at);
        }
        at = line_at(text, at).1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Result<Vec<u8>, Refusal>)> {
        blocks(text.as_bytes()).map(|block| (block.label, block.body.map(|body| body.to_vec()))).collect()
    }

    #[test]
    fn reads_back_what_it_writes() {
        for len in [0, 1, 47, 48, 49, 96, 500] {
            let der = vec![0xa5; len];
            let pem = encode("SOME KEY", &der);
            assert_eq!(pem.capacity(), pem.len(), "a string that grew leaves copies behind");
            assert!(pem.lines().all(|line| line.len() <= 64));
            assert_eq!(read(&pem), [("SOME KEY".into(), Ok(der))]);
        }
    }

    #[test]
    fn text_crlf_and_blanks_are_passed_over() {
        let text = "subject=x\r\n-----BEGIN A-----  \r\nAQ I\tD \r\n-----END A----- \r\nmore\n-----BEGIN B-----\nBA==\n-----END B-----";
        assert_eq!(read(text), [("A".into(), Ok(vec![1, 2, 3])), ("B".into(), Ok(vec![4]))]);
    }

    #[test]
    fn a_broken_block_does_not_hide_the_next() {
        let good = "-----BEGIN B-----\nBA==\n-----END B-----\n";
        for (broken, reason) in [
            ("-----BEGIN A-----\nAQID\n", Refusal::Truncated),
            ("-----BEGIN B-----\nAQID\n", Refusal::Truncated),
            ("-----BEGIN A-----\nAQID\n-----END C-----\n", Refusal::Truncated),
            ("-----BEGIN A-----\nAQID\n-----END \n", Refusal::Truncated),
            ("-----BEGIN A-----\n*\n-----END A-----\n", Refusal::NotBase64),
        ] {
            let found = read(&format!("{broken}{good}"));
            assert_eq!(found.first().map(|block| &block.1), Some(&Err(reason)), "{broken}");
            assert_eq!(found.last(), Some(&("B".into(), Ok(vec![4]))), "{broken}");
        }
    }

    #[test]
    fn a_bare_end_line_ends_nothing() {
        for text in ["-----BEGIN -----\nAQID\n-----END ", "-----BEGIN A-----\nAQID\n-----END \r\n"] {
            assert_eq!(read(text).first().map(|block| &block.1), Some(&Err(Refusal::Truncated)), "{text}");
        }
    }

    #[test]
    fn headers_are_no_body() {
        let text =
            "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAQID\n-----END A-----\n";
        let block = blocks(text.as_bytes()).next().unwrap();
        assert!(block.encrypted);
        assert_eq!(block.body.unwrap().as_slice(), [1, 2, 3]);
    }

    #[test]
    fn what_is_not_at_the_beginning_of_a_line_is_text() {
        assert_eq!(read(" -----BEGIN A-----\nAQID\n-----END A-----\n"), []);
        assert_eq!(read("-----BEGIN A\nAQID\n-----END A-----\n"), []);
    }
}
