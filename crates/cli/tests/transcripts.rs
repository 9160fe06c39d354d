//! What the program says, word for word: help, successes and refusals. The files in `tests/cmd` are
//! the transcripts; `TRYCMD=overwrite cargo test -p issuerctl --test transcripts` writes them anew.

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        .env("AWS_CA_BUNDLE", "")
        .env("HTTPS_PROXY", "")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .case("tests/cmd/*.trycmd");
}
