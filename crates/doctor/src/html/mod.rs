//! A report as one HTML page: the chain as a picture, and what every check found.
//!
//! The page stands alone: it loads nothing, runs nothing, and says so itself
//! ([Content Security Policy](https://www.w3.org/TR/CSP3/)); a reader may keep it, send it or print it. All that is
//! in a report comes from outside: it is made harmless in [`text`], and the template engine escapes whatever it is
//! given. Equal reports give equal bytes.

mod text;
mod view;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::report::Report;
use text::{Piece, Text};
use view::{Count, Link, Section};

const STYLE: &str = include_str!("../../templates/page.css");

/// AWS takes 255 characters; what is longer is broken anyway.
const LONGEST_ISSUER: usize = 512;

/// What made a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made<'a> {
    /// When the facts were looked at, in RFC 3339.
    pub when: &'a str,
    /// The program's version.
    pub version: &'a str,
}

/// Writes a report as one HTML page that stands alone.
#[must_use]
pub fn page(report: &Report, made: &Made<'_>) -> String {
    let page = Page {
        style: STYLE,
        style_hash: BASE64_STANDARD.encode(Sha256::digest(STYLE)),
        headline: view::headline(report),
        counts: view::counts(report),
        issuer: Text::begin(&report.issuer, LONGEST_ISSUER),
        when: Text::begin(made.when, LONGEST_ISSUER),
        version: Text::begin(made.version, LONGEST_ISSUER),
        chain: view::chain(report),
        sections: view::sections(report),
    };
    let mut html = String::new();
    // No field's `Display` fails, and a String takes all that it is given.
    let _ = page.render_into(&mut html);
    html
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    style: &'static str,
    /// The one style that is obeyed ([CSP 3, 2.3.1](https://www.w3.org/TR/CSP3/#framework-directive-source-list)).
    style_hash: String,
    headline: String,
    counts: Vec<Count>,
    issuer: Text,
    when: Text,
    version: Text,
    chain: Vec<Link>,
    sections: Vec<Section>,
}
