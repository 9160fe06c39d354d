//! A sandbox inside another program: it runs until Ctrl-C, and prints the environment in which SDKs use it.

use std::io::Write;

use issuer_sandbox::{Config, Sandbox};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start(Config::default()).await?;
    let ca_file = std::env::temp_dir().join(format!("issuer-sandbox-{}.crt", std::process::id()));
    std::fs::write(&ca_file, sandbox.ca_pem())?;
    let mut out = std::io::stdout();
    for (name, value) in sandbox.environment(&ca_file) {
        writeln!(out, "export {name}='{value}'")?;
    }
    tokio::signal::ctrl_c().await?;
    sandbox.stop().await;
    std::fs::remove_file(&ca_file)?;
    Ok(())
}
