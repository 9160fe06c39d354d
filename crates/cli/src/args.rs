//! The words that every command takes, and the list of the commands.
//!
//! Every flag can also be set as `ISSUERCTL_FLAG`: the names are derived here, in one place.

use std::borrow::Cow;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{FalseyValueParser, styling};
use clap::{ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use issuer_discovery::{ConnectTo, Region};
use issuer_doctor::inert;

use crate::commands;
use crate::failure::Failure;
use crate::printer::Printer;

/// A self-hosted OIDC issuer for Kubernetes service-account tokens that AWS trusts.
#[derive(Debug, Parser)]
#[command(name = "issuerctl", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = crate::texts::AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// How results are written to stdout
    #[arg(short, long, global = true, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    pub(crate) output: Output,
    /// Say nothing on stderr but errors
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
    /// Write no colours (NO_COLOR does the same)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Name each outside call on stderr
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// The key directory
    #[arg(long, global = true, default_value = "keys", value_name = "DIR")]
    pub(crate) keys: PathBuf,
    /// Public keys that stand in for the key directory; the first one is the signer's
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) public_key: Vec<PathBuf>,
    /// The AWS region
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<Region>,
    /// The AWS profile
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// An endpoint in place of AWS's
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<Endpoint>,
    /// A tag for what is made in AWS
    #[arg(long = "tag", global = true, value_name = "K=V", value_parser = parse_tag)]
    pub(crate) tags: Vec<(String, String)>,
    /// PEM certificates to trust in place of the system's (AWS_CA_BUNDLE does the same)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Connect to ADDR:PORT for HOST:PORT, as curl does; an empty HOST or PORT means any
    #[arg(long, global = true, value_name = "HOST:PORT:ADDR:PORT")]
    pub(crate) connect_to: Vec<ConnectTo>,
    /// Seconds for one try of one call; there are 5 tries
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 20,
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout: u64,
}

impl Global {
    /// The bound of one try of one call.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// One JSON document
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Keygen(commands::keygen::Keygen),
    Jwks(commands::jwks::JwksCommand),
    Discovery(commands::discovery::Discovery),
    Publish(commands::publish::Publish),
    Register(commands::register::Register),
    Emit(commands::emit::Emit),
    Role(commands::role::RoleCommand),
    Workload(commands::workload::WorkloadCommand),
    Bootstrap(Box<commands::bootstrap::Bootstrap>),
    #[cfg(feature = "sandbox")]
    Sandbox(commands::sandbox::SandboxCommand),
    Token(commands::token::Token),
    Doctor(Box<commands::doctor::Doctor>),
    Permissions(commands::permissions::PermissionsCommand),
    Destroy(Box<commands::destroy::Destroy>),
    Completions(commands::completions::Completions),
    Man(commands::man::Man),
}

/// What every command takes that changes something.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Apply {
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do nothing, and end with 3 when something would be done
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) check: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// Parses the words, runs the command and says how it ended.
pub(crate) fn run() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let printer = Arc::new(Printer::new(&cli.global));
    match commands::run(cli, &printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => printer.failure(&failure),
    }
}

/// Builds the command line, with an environment variable for every flag.
pub(crate) fn command() -> clap::Command {
    let plain = styling::Styles::plain()
        .header(styling::AnsiColor::Green.on_default().bold())
        .literal(styling::AnsiColor::Cyan.on_default())
        .error(styling::AnsiColor::Red.on_default().bold());
    with_environment(Cli::command().styles(plain))
}

fn with_environment(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| match arg.get_long() {
        Some(long) if !matches!(long, "help" | "version") => {
            let name = format!("ISSUERCTL_{}", long.replace('-', "_").to_uppercase());
            match arg.get_action() {
                // A switch that is off is one that was not given: it conflicts with nothing.
                ArgAction::SetTrue if is_off(&name) => return arg,
                _ => {}
            }
            let arg = arg.env(name).hide_env(true);
            match arg.get_action() {
                ArgAction::SetTrue => arg.value_parser(FalseyValueParser::new()),
                // A variable holds one text: several values stand on lines of their own.
                ArgAction::Append => arg.value_delimiter('\n'),
                _ => arg,
            }
        }
        _ => arg,
    });
    command.mut_subcommands(with_environment)
}

/// Help and version are data; everything else that clap says is talk.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let lines: Vec<_> = text.lines().map(inert).collect();
    // Nobody is left to tell when even this cannot be written.
    if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
        let _ = error.print();
    } else {
        // clap repeats the words as they were given.
        let _ = writeln!(anstream::stderr(), "{}", lines.join("\n"));
    }
    if error.use_stderr() && asks_for_json() {
        // What is missing stands on lines of its own; then comes how the words go.
        let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
        let said = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        let said =
            said.trim_start_matches("error: ").trim_end_matches(" For more information, try '--help'.");
        let _ = Printer::plain_json().json(&serde_json::json!({
            "error": said, "hints": [], "exit_code": Failure::USAGE, "done": [],
        }));
    }
    ExitCode::from(if error.use_stderr() { Failure::USAGE } else { 0 })
}

fn is_off(variable: &str) -> bool {
    // The words that clap's own parser of such variables takes for no.
    let off = ["", "0", "n", "no", "f", "false", "off"];
    std::env::var(variable).is_ok_and(|value| off.contains(&value.to_lowercase().as_str()))
}

/// Tells whether JSON was asked for, when the words themselves could not be parsed.
fn asks_for_json() -> bool {
    let words: Vec<String> = std::env::args().collect();
    let flag =
        words.windows(2).any(|pair| matches!(pair[0].as_str(), "-o" | "--output") && pair[1] == "json");
    flag || words.iter().any(|word| matches!(word.as_str(), "-ojson" | "-o=json" | "--output=json"))
        || std::env::var("ISSUERCTL_OUTPUT").is_ok_and(|value| value == "json")
}

/// An endpoint in place of AWS's: a scheme, a host, perhaps a port and a path.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint(String);

impl Endpoint {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether it names a user, and perhaps a password.
    pub(crate) fn has_user(&self) -> bool {
        self.0.contains('@')
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let rest = rest.ok_or("an endpoint begins with http:// or https://")?;
        let authority = rest.split('/').next().unwrap_or_default();
        // A password is refused later, where nobody repeats what was given.
        let good = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]%@".contains(c);
        if authority.is_empty() || !rest.chars().all(good) {
            return Err("an endpoint is a URL of scheme, host and perhaps a port".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

fn parse_tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a tag is KEY=VALUE")?;
    // IAM and S3: 1 to 128 and 0 to 256 characters of letters, digits, spaces and _.:/=+-@.
    let good = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
    if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
        return Err("a tag's key has 1 to 128 characters and its value at most 256".to_owned());
    }
    if !good(key) || !good(value) {
        return Err("a tag has letters, digits, spaces and _.:/=+-@ alone".to_owned());
    }
    // To IAM keys are the same whatever their case.
    if ["aws:", "issuerctl:"].iter().any(|ours| key.to_ascii_lowercase().starts_with(ours)) {
        return Err("tags that begin with aws: or issuerctl: are not free".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn our_own_tags_and_those_of_aws_are_not_free_in_any_case() {
        assert_eq!(parse_tag("team=a").unwrap(), ("team".to_owned(), "a".to_owned()));
        for tag in ["issuerctl:managed=x", "ISSUERCTL:managed=x", "aws:x=y", "AWS:x=y", "x", "=y"] {
            assert!(parse_tag(tag).is_err(), "{tag}");
        }
    }

    #[test]
    fn every_flag_has_a_variable_of_its_own_name() {
        let mut stack = vec![command()];
        while let Some(command) = stack.pop() {
            for arg in command.get_arguments().filter(|arg| arg.get_long().is_some()) {
                let long = arg.get_long().unwrap();
                if matches!(long, "help" | "version") {
                    continue;
                }
                let variable = arg.get_env().unwrap().to_str().unwrap().to_owned();
                assert_eq!(variable, format!("ISSUERCTL_{}", long.replace('-', "_").to_uppercase()));
            }
            stack.extend(command.get_subcommands().cloned());
        }
    }
}
