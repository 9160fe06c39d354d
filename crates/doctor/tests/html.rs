//! The page of a report, byte for byte and against hostile words. What an HTML parser and a browser say of it:
//! `scripts/check-html.sh`.

#[path = "../examples/pages/reports.rs"]
mod reports;

use issuer_doctor::{Made, Report, page};
use snapbox::{assert_data_eq, file};

const MADE: Made<'static> = Made { when: "2026-11-26T01:40:00Z", version: "0.1.0" };

#[test]
fn the_page_of_a_broken_chain_is_as_it_was_looked_at() {
    assert_data_eq!(page(&reports::broken(), &MADE), file!["html/broken.html"].raw());
}

#[test]
fn equal_reports_give_equal_bytes() {
    for ((name, report, made), (_, again, _)) in reports::all().into_iter().zip(reports::all()) {
        assert_eq!(page(&report, &made), page(&again, &made), "{name}");
    }
}

#[test]
fn hostile_words_make_no_element_and_the_page_stays_small() {
    let (_, report, made) = reports::all().into_iter().find(|(name, ..)| *name == "hostile").unwrap();
    let html = page(&report, &made);
    let lower = html.to_lowercase();
    for element in ["<script", "<img", "<svg onload", "<!-- ]]", "<b>", "<i>"] {
        assert!(!lower.contains(element), "{element}");
    }
    let raw = html.find(|c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)));
    assert_eq!(raw, None);
    // Of texts of 100 kB, each is shown as far as it helps.
    assert!(html.len() < 64_000, "{}", html.len());
}

#[test]
fn the_headline_says_the_worst_first() {
    let nothing = Report { issuer: "https://nobody.example".to_owned(), checks: Vec::new() };
    for (report, headline) in [
        (reports::healthy(), "The chain holds"),
        (reports::warned(), "The chain holds; look at documents and provider"),
        (reports::broken(), "The chain is broken at documents, role and token"),
        (nothing, "Nothing was looked at"),
    ] {
        let html = page(&report, &MADE);
        assert!(html.contains(&format!("<h1>{headline}</h1>")), "{headline}");
    }
}
