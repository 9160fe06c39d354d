//! Finds secrets in whatever was written, in every form in which one could have got there: as raw bytes, in hex, in
//! base64 of either alphabet and at any offset, and in decimal. Sixteen bytes in a row are enough.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "a failing helper fails the test")]

use std::collections::HashMap;

const RUN: usize = 16;

/// The secrets.
#[derive(Default)]
pub struct Detector {
    runs: HashMap<[u8; RUN], String>,
    decimals: Vec<(String, String)>,
}

impl Detector {
    /// Adds a secret of at least 16 bytes.
    pub fn add(&mut self, name: &str, secret: &[u8]) {
        assert!(secret.len() >= RUN, "{name} is too short to be told from chance");
        for run in secret.windows(RUN) {
            self.runs.insert(run.try_into().unwrap(), name.to_owned());
        }
        self.decimals.push((name.to_owned(), decimal(secret)));
    }

    /// Adds the private numbers of a key as this program writes it: PKCS#1 or SEC1.
    pub fn add_key(&mut self, name: &str, pem: &str) {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = from_base64(body.as_bytes());
        let fields = elements(elements(&der)[0]);
        let numbers: Vec<(&str, &[u8])> = match pem {
            pem if pem.contains("BEGIN EC ") => vec![("scalar", fields[1])],
            _ => ["d", "p", "q", "dp", "dq", "qinv"].into_iter().zip(fields[3..].iter().copied()).collect(),
        };
        for (number, bytes) in numbers {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            self.add(&format!("{number} of {name}"), &bytes[zeros..]);
        }
    }

    /// Names the first secret that is there, and its form.
    pub fn find(&self, text: &[u8]) -> Option<String> {
        let decimal = self.decimals.iter().find(|(_, digits)| contains(text, digits.as_bytes()));
        if let Some((name, _)) = decimal {
            return Some(format!("{name}, in decimal"));
        }
        // Lines that were folded are looked at whole as well.
        let folded = without(text, b"\r\n \t:\\\",");
        let escaped = replaced(text, b"\\n", b"");
        let views = [("raw", vec![text.to_vec()])].into_iter();
        let views = views.chain([text, &folded, &escaped].into_iter().flat_map(|text| {
            [
                ("in hex", runs_of(text, nibble, 2 * RUN).iter().flat_map(|run| hex_readings(run)).collect()),
                (
                    "in base64",
                    runs_of(text, sextet, RUN * 4 / 3).iter().flat_map(|run| base64_readings(run)).collect(),
                ),
            ]
        }));
        for (form, readings) in views {
            for reading in readings {
                let found = reading.windows(RUN).find_map(|run| self.runs.get(run));
                if let Some(name) = found {
                    return Some(format!("{name}, {form}"));
                }
            }
        }
        None
    }
}

/// The contents of the elements of DER that stand side by side.
fn elements(mut der: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while der.len() >= 2 {
        let (length, header) = match der[1] {
            short @ 0..0x80 => (usize::from(short), 2),
            long => {
                let bytes = usize::from(long & 0x7f);
                let length =
                    der[2..2 + bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
                (length, 2 + bytes)
            }
        };
        found.push(&der[header..header + length]);
        der = &der[header + length..];
    }
    found
}

fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u8];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) * 256;
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The stretches of an alphabet, as numbers, that are long enough to hold a run.
fn runs_of(text: &[u8], digit: fn(u8) -> Option<u8>, least: usize) -> Vec<Vec<u8>> {
    let stretches =
        text.split(move |byte| digit(*byte).is_none()).filter(move |stretch| stretch.len() >= least);
    stretches.map(|stretch| stretch.iter().filter_map(|byte| digit(*byte)).collect()).collect()
}

/// A stretch may begin in the middle of a byte.
fn hex_readings(digits: &[u8]) -> Vec<Vec<u8>> {
    let reading = |from: usize| digits[from..].chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (0..2).map(reading).collect()
}

/// A stretch may begin with a character that is no part of it: four beginnings cover every offset of a byte.
fn base64_readings(digits: &[u8]) -> Vec<Vec<u8>> {
    (0..4).map(|from| from_sextets(&digits[from..])).collect()
}

fn from_base64(text: &[u8]) -> Vec<u8> {
    from_sextets(&text.iter().filter_map(|byte| sextet(*byte)).collect::<Vec<u8>>())
}

fn from_sextets(digits: &[u8]) -> Vec<u8> {
    let group = |group: &[u8]| {
        let bits = (0..4).fold(0, |bits, at| bits << 6 | u32::from(group.get(at).copied().unwrap_or(0)));
        bits.to_be_bytes()[1..group.len().max(1)].to_vec()
    };
    digits.chunks(4).flat_map(group).collect()
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

fn without(text: &[u8], left_out: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !left_out.contains(byte)).collect()
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut rest = text;
    let mut out = Vec::new();
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// What the detector has to find, or it finds nothing: each form of a secret among other text.
pub fn planted(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = |separator: &str, upper: bool| {
        let pair = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        secret.iter().map(pair).collect::<Vec<_>>().join(separator).into_bytes()
    };
    let middle = &secret[1..1 + RUN];
    let mut forms = vec![
        ("raw", secret.to_vec()),
        ("sixteen bytes", middle.to_vec()),
        ("hex", hex("", false)),
        ("upper-case hex", hex("", true)),
        ("hex with colons", hex(":", false)),
        ("hex with blanks", hex(" ", true)),
        ("decimal", decimal(secret).into_bytes()),
    ];
    for before in ["", "x", "xy"] {
        for url in [false, true] {
            forms.push(("base64", base64(&[before.as_bytes(), secret].concat(), url).into_bytes()));
            forms.push((
                "base64 of sixteen bytes",
                base64(&[before.as_bytes(), middle].concat(), url).into_bytes(),
            ));
        }
    }
    let folded = base64(secret, false).as_bytes().chunks(10).collect::<Vec<_>>().join(&b"\n"[..]);
    forms.push(("base64 in short lines", folded.clone()));
    forms.push(("base64 in lines, in JSON", replaced(&folded, b"\n", b"\\n")));
    forms
}

fn base64(bytes: &[u8], url: bool) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let alphabet: Vec<char> = alphabet.chars().chain(if url { "-_" } else { "+/" }.chars()).collect();
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for at in 0..=group.len() {
            text.push(alphabet[(bits >> (18 - 6 * at) & 63) as usize]);
        }
    }
    text
}
