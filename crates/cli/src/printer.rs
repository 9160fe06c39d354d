//! All writing: data to stdout, talk to stderr.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use issuer_doctor::{inert, obeyed};
use issuer_plan::{Again, Event};
use serde_json::{Value, json};

use crate::args::{Global, Output};
use crate::failure::Failure;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();

/// Writes what commands have to say.
#[derive(Debug)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
    /// Whether there is a terminal for a spinner; elsewhere a line is said now and then.
    terminal: bool,
    spinner: Mutex<Option<ProgressBar>>,
    /// The steps that are done, for whoever interrupts or has to know how far it got.
    done: Mutex<Vec<String>>,
    last_wait: Mutex<Option<(String, Duration)>>,
    /// How many steps there are, where they are too many to say each.
    many: Mutex<Option<usize>>,
}

/// With more steps than this it is said how many are done, and not each.
const MANY_STEPS: usize = 100;

/// A wait that goes on is said again after this time where there is no terminal.
const WAIT_NOTE_EVERY: Duration = Duration::from_secs(15);

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        if global.no_color {
            anstream::ColorChoice::Never.write_global();
        }
        let shown = !global.quiet && !global.verbose && io::stderr().is_terminal();
        Self {
            json: global.output == Output::Json,
            quiet: global.quiet,
            terminal: shown,
            spinner: Mutex::new(None),
            done: Mutex::default(),
            last_wait: Mutex::new(None),
            many: Mutex::new(None),
        }
    }

    /// A printer for the one document that is left to write when the words could not be parsed.
    pub(crate) fn plain_json() -> Self {
        Self {
            json: true,
            quiet: true,
            terminal: false,
            spinner: Mutex::new(None),
            done: Mutex::default(),
            last_wait: Mutex::new(None),
            many: Mutex::new(None),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes data to stdout, byte for byte.
    pub(crate) fn data(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// Writes text with styles to stdout; they are left out where nobody sees colours.
    pub(crate) fn styled(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = anstream::stdout().lock();
        written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    /// Writes one JSON document to stdout.
    pub(crate) fn json(&self, value: &Value) -> Result<(), Failure> {
        self.data(format!("{}\n", in_json(&format!("{value:#}"))).as_bytes())
    }

    /// Writes one JSON document to stdout, on a single line.
    #[cfg(feature = "sandbox")]
    pub(crate) fn json_line(&self, value: &Value) -> Result<(), Failure> {
        self.data(format!("{}\n", in_json(&value.to_string())).as_bytes())
    }

    /// Says something on stderr; it may have several lines.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.line(&text.split('\n').map(inert).collect::<Vec<_>>().join("\n"));
        }
    }

    /// Says on stderr what the reader is asked about, `--quiet` or not.
    pub(crate) fn insist(&self, text: &str) {
        self.line(&inert(text));
    }

    /// Lists the steps that are done.
    pub(crate) fn done(&self) -> Vec<String> {
        self.done.lock().map(|done| done.clone()).unwrap_or_default()
    }

    /// Says on stderr what the reader should look at.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet {
            self.line(&format!("{ODD}warning:{ODD:#} {}", inert(text)));
        }
    }

    /// Names an outside call on stderr.
    pub(crate) fn call(&self, text: &str) {
        self.line(&format!("{FAINT}{}{FAINT:#}", inert(text)));
    }

    /// Prepares for so many steps.
    pub(crate) fn expect(&self, steps: usize) {
        if let Ok(mut many) = self.many.lock() {
            *many = (steps > MANY_STEPS).then_some(steps);
        }
    }

    /// Tells whether the steps are too many to say each.
    pub(crate) fn has_many(&self) -> bool {
        self.many.lock().is_ok_and(|many| many.is_some())
    }

    /// Counts a step, and tells whether saying so is all that is to be said of it.
    fn counted(&self, step: &str) -> bool {
        let done = self.done.lock().map(|mut done| {
            done.push(step.to_owned());
            done.len()
        });
        let many = self.many.lock().ok().and_then(|many| *many);
        let (Ok(done), Some(all)) = (done, many) else { return false };
        let text = format!("{done} of {all} steps done");
        self.spin(&text);
        // Ten lines for a log, and the last one for everybody.
        if done == all || (!self.terminal && done % all.div_ceil(10) == 0) {
            self.say(&text);
        }
        true
    }

    /// Shows progress.
    pub(crate) fn event(&self, event: &Event) {
        match event {
            Event::Started(_) if self.has_many() => {}
            Event::Started(step) => self.spin(step),
            Event::Done(step) => {
                if !self.counted(step) {
                    self.marked(GOOD, "done", step);
                }
            }
            Event::Progress { what, done, total } => {
                let text = format!("{done} of {total} {what}");
                self.spin(&text);
                // Ten lines for a log.
                if !self.terminal && *total > MANY_STEPS && done % total.div_ceil(10) == 0 {
                    self.say(&text);
                }
            }
            Event::Replanned(steps) => {
                steps.iter().for_each(|step| self.marked(ODD, "left", step));
            }
            Event::Again(Again::Changed(what)) => {
                self.warn(&format!("{what} has changed since it was read; reading everything again"));
            }
            Event::Again(Again::Unsure { why, .. }) => {
                self.warn(&format!("{why}; looking whether it was done all the same"));
            }
            Event::Waiting(waiting) => {
                let (waited, limit) = (waiting.waited.as_secs(), waiting.limit.as_secs());
                let text = match limit {
                    // It takes as long as it takes.
                    0 => format!("waiting for {}", waiting.what),
                    _ => format!("waiting for {} ({waited} s of at most {limit} s)", waiting.what),
                };
                self.spin(&text);
                if !self.terminal && self.is_news(&waiting.what, waiting.waited) {
                    self.say(&text);
                }
            }
        }
    }

    /// Ends the progress display.
    pub(crate) fn settle(&self) {
        if let Some(spinner) = self.spinner.lock().ok().and_then(|mut spinner| spinner.take()) {
            spinner.finish_and_clear();
        }
    }

    /// Says why a command failed, and turns it into an exit code.
    pub(crate) fn failure(&self, failure: &Failure) -> ExitCode {
        self.settle();
        if let Some(text) = failure.text() {
            self.line(&format!("{BAD}error:{BAD:#} {}", inert(text)));
            for hint in failure.hints() {
                self.line(&format!("{ODD}hint:{ODD:#} {}", inert(hint)));
            }
            if self.json && !failure.is_reported() {
                let document = json!({
                    "error": text,
                    "hints": failure.hints(),
                    "exit_code": failure.code(),
                    "done": self.done(),
                });
                // The exit code still tells when stdout is gone.
                let _ = self.json(&document);
            }
        }
        ExitCode::from(failure.code())
    }

    /// Shows what is under way, where there is a terminal.
    pub(crate) fn spin(&self, text: &str) {
        let Ok(mut spinner) = self.spinner.lock() else { return };
        if !self.terminal {
            return;
        }
        let spinner = spinner.get_or_insert_with(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        spinner.set_message(inert(text).into_owned());
    }

    /// Says what became of a step.
    fn marked(&self, style: Style, mark: &str, step: &str) {
        if !self.quiet {
            self.line(&format!("{style}{mark}{style:#} {}", inert(step)));
        }
    }

    fn is_news(&self, what: &str, waited: Duration) -> bool {
        let Ok(mut last) = self.last_wait.lock() else { return true };
        let old = last.as_ref().is_some_and(|(text, at)| text == what && waited < *at + WAIT_NOTE_EVERY);
        if !old {
            *last = Some((what.to_owned(), waited));
        }
        !old
    }

    fn line(&self, text: &str) {
        let write = || {
            // Talk that nobody hears is no reason to stop.
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        };
        match self.spinner.lock().ok().as_deref() {
            Some(Some(spinner)) => spinner.suspend(write),
            _ => write(),
        }
    }
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        // The reader has gone: `| head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Failure::stdout),
    }
}

/// The same text in JSON, which has what is obeyed inside of strings alone, and its own way to write it
/// ([RFC 8259, section 7](https://www.rfc-editor.org/rfc/rfc8259#section-7)).
fn in_json(json: &str) -> String {
    let mut written = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || !obeyed(character) {
            written.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            written.push_str(&format!("\\u{unit:04x}"));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_nothing_that_a_terminal_would_obey() {
        let words = "a\u{1b}[2J\r\n\u{9b}m\u{202e}\u{7f}\u{1ffff}é";
        let written = in_json(&json!({"a": words}).to_string());
        assert!(!written.contains(obeyed), "{written:?}");
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), json!({"a": words}));
    }
}
