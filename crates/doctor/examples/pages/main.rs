//! Pages out of made-up reports, for eyes and for `scripts/check-html.sh`: each as NAME.html, beside it NAME.json with
//! what the page has to show.
//!
//!     cargo run -p issuer-doctor --example pages -- DIRECTORY

mod reports;

use std::path::PathBuf;

use issuer_doctor::{Group, page};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = PathBuf::from(std::env::args_os().nth(1).ok_or("name a directory to write to")?);
    std::fs::create_dir_all(&directory)?;
    for (name, report, made) in reports::all() {
        let groups: Vec<_> = Group::ALL
            .into_iter()
            .filter_map(|group| Some(json!({"title": group.title(), "status": report.of_group(group)?})))
            .collect();
        let wanted = json!({
            "report": report,
            "groups": groups,
            "made": {"when": made.when, "version": made.version},
        });
        std::fs::write(directory.join(format!("{name}.html")), page(&report, &made))?;
        std::fs::write(directory.join(format!("{name}.json")), serde_json::to_vec_pretty(&wanted)?)?;
    }
    Ok(())
}
