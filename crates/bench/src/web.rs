//! The web UI in a browser: `web/test/e2e/bench.mjs` measures, this takes its figures. Needs Node, the packages of
//! `web/` and Chromium; without them it says so and measures nothing.

use crate::results::{Goal, Row};
use anyhow::Context;
use cds_testkit::bin;
use serde::Deserialize;
use std::{path::Path, process::Command};

/// A figure as the script writes it.
#[derive(Deserialize)]
struct Figure {
    name: String,
    value: f64,
    unit: String,
    goal: Option<(String, f64)>,
    reference: Option<f64>,
    reference_is: String,
}

/// The figures of the UI.
pub fn measure() -> anyhow::Result<Vec<Row>> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    let runs =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    let missing = [
        (!runs("node"), "there is no node"),
        (
            !web.join("node_modules/playwright-core").exists(),
            "its packages are not installed (npm ci in web/)",
        ),
        (!web.join("dist/index.html").exists(), "it is not built (make web)"),
        (!Path::new(&chromium).exists(), "there is no Chromium"),
    ];
    if let Some((_, why)) = missing.into_iter().find(|(missing, _)| *missing) {
        eprintln!("web: NOT MEASURED, {why}");
        return Ok(Vec::new());
    }
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("figures.json");
    let programs = bin("cds").parent().context("a directory of programs")?.to_path_buf();
    let status = Command::new("timeout")
        .args(["300", "node", "test/e2e/bench.mjs", "--json"])
        .arg(&file)
        .current_dir(&web)
        .env("CDS_BIN", programs)
        .env("CDS_WEB", web.join("dist"))
        .status()?;
    // What was measured before something failed counts.
    let text = std::fs::read_to_string(&file).with_context(|| format!("the script ended with {status}"))?;
    let figures: Vec<Figure> = serde_json::from_str(&text)?;
    Ok(figures.into_iter().map(Figure::row).collect())
}

impl Figure {
    fn row(self) -> Row {
        let goal = match self.goal {
            Some((sign, n)) if sign == ">=" => Goal::AtLeast(n),
            Some((_, n)) => Goal::AtMost(n),
            None => Goal::None,
        };
        let row = Row::new("", self.value, "", self.reference.map(|r| (r, "")), goal);
        Row { name: self.name.into(), unit: self.unit.into(), reference_is: self.reference_is.into(), ..row }
    }
}

#[cfg(test)]
mod tests {
    use super::Figure;

    #[test]
    fn figures_become_rows() {
        let text = r#"[{"name":"web.a","value":50,"unit":"fps","goal":[">=",55],"reference":60,"reference_is":"x"},
            {"name":"web.b","value":98,"unit":"kB","goal":["<=",300],"reference":null,"reference_is":""},
            {"name":"web.c","value":1,"unit":"ms","goal":null,"reference":null,"reference_is":""}]"#;
        let rows: Vec<_> =
            serde_json::from_str::<Vec<Figure>>(text).unwrap().into_iter().map(Figure::row).collect();
        assert_eq!((rows[0].met, rows[0].reference, rows[0].ratio), (Some(false), Some(60.0), Some(0.833)));
        assert_eq!((rows[1].met, rows[1].goal.as_str()), (Some(true), "<= 300"));
        assert_eq!(rows[2].met, None);
    }
}
