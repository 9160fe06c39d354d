//! A sandbox that runs until its standard input ends, or a signal ends it. When it is ready it prints one line of
//! JSON with all that a client needs.
//!
//! `--foreign-bucket NAME`..., `--region NAME` and `--account-block` set it up.

use std::io::{Read, Write};
use std::path::PathBuf;

use issuer_sandbox::{Config, Sandbox};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--account-block" => config.account_block = true,
            "--foreign-bucket" => config.foreign_buckets.extend(arguments.next()),
            "--region" => config.region = arguments.next().ok_or("--region needs a name")?,
            other => return Err(format!("{other} is not known").into()),
        }
    }
    let sandbox = Sandbox::start(config).await?;
    let ca_file = std::env::temp_dir().join(format!("issuer-sandbox-{}.crt", std::process::id()));
    std::fs::write(&ca_file, sandbox.ca_pem())?;
    writeln!(std::io::stdout(), "{}", described(&sandbox, &ca_file))?;
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        read = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())) => { read??; }
    }
    sandbox.stop().await;
    std::fs::remove_file(&ca_file)?;
    // Whatever still waits for standard input is not waited for.
    std::process::exit(0)
}

fn described(sandbox: &Sandbox, ca_file: &PathBuf) -> serde_json::Value {
    let env = sandbox.environment(ca_file).into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    serde_json::json!({
        "endpoint": sandbox.endpoint(),
        "public_endpoint": sandbox.public_endpoint(),
        "ca_file": ca_file,
        "env": env.collect::<serde_json::Map<_, _>>(),
    })
}
