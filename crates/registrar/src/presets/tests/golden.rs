//! The policies as they come out, to be read by people; `SNAPSHOTS=overwrite` writes them again.

use std::path::Path;

use serde_json::Value;
use snapbox::{Assert, Data};

use super::*;

#[test]
fn policies_are_as_they_were_reviewed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/presets");
    for &preset in Preset::ALL {
        for (suffix, policy) in [("", plain(preset)), ("-hardened", hardened(preset))] {
            let value: Value = serde_json::from_str(&policy.to_json()).unwrap();
            let text = format!("{value:#}\n");
            let golden = directory.join(format!("{preset}{suffix}.json"));
            Assert::new().action_env("SNAPSHOTS").eq(text, Data::read_from(&golden, None).raw());
        }
    }
}
