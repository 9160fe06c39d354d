//! All writing: data to stdout, talk to stderr.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use issuer_plan::Event;
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
    steps: AtomicUsize,
    last_wait: Mutex<Option<(String, Duration)>>,
}

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
            steps: AtomicUsize::new(0),
            last_wait: Mutex::new(None),
        }
    }

    /// A printer for the one document that is left to write when the words could not be parsed.
    pub(crate) fn plain_json() -> Self {
        Self {
            json: true,
            quiet: true,
            terminal: false,
            spinner: Mutex::new(None),
            steps: AtomicUsize::new(0),
            last_wait: Mutex::new(None),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes data to stdout, byte for byte.
    pub(crate) fn data(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            // The reader has gone: `| head` has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result.map_err(Failure::stdout),
        }
    }

    /// Writes one JSON document to stdout.
    pub(crate) fn json(&self, value: &Value) -> Result<(), Failure> {
        self.data(format!("{value:#}\n").as_bytes())
    }

    /// Writes one JSON document to stdout, on a single line.
    #[cfg(feature = "sandbox")]
    pub(crate) fn json_line(&self, value: &Value) -> Result<(), Failure> {
        self.data(format!("{value}\n").as_bytes())
    }

    /// Says something on stderr.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// Says on stderr what the reader is asked about, `--quiet` or not.
    pub(crate) fn insist(&self, text: &str) {
        self.line(text);
    }

    /// Counts the steps that are done, for whoever interrupts.
    pub(crate) fn steps_done(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    /// Says on stderr what the reader should look at.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet {
            self.line(&format!("{ODD}warning:{ODD:#} {text}"));
        }
    }

    /// Names an outside call on stderr.
    pub(crate) fn call(&self, text: &str) {
        self.line(&format!("{FAINT}{text}{FAINT:#}"));
    }

    /// Shows progress.
    pub(crate) fn event(&self, event: &Event) {
        match event {
            Event::Started(step) => self.spin(step),
            Event::Done(step) => {
                self.steps.fetch_add(1, Ordering::Relaxed);
                self.say(&format!("{GOOD}done{GOOD:#} {step}"));
            }
            Event::Replanned(steps) => {
                steps.iter().for_each(|step| self.say(&format!("{ODD}left{ODD:#} {step}")));
            }
            Event::Again { what } => {
                self.warn(&format!(
                    "{what} was changed by somebody else meanwhile; reading everything again"
                ));
            }
            Event::Waiting(waiting) => {
                let (waited, limit) = (waiting.waited.as_secs(), waiting.limit.as_secs());
                let text = format!("waiting for {} ({waited} s of at most {limit} s)", waiting.what);
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
            self.line(&format!("{BAD}error:{BAD:#} {text}"));
            for hint in failure.hints() {
                self.line(&format!("{ODD}hint:{ODD:#} {hint}"));
            }
            if self.json && !failure.is_reported() {
                let document = json!({
                    "error": text,
                    "hints": failure.hints(),
                    "exit_code": failure.code(),
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
        spinner.set_message(text.to_owned());
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
