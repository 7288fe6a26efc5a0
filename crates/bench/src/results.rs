//! What was measured: a table for people, JSON for programs.

use serde::Serialize;
use std::{borrow::Cow, io::Write, path::Path};

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// As many or more.
    AtLeast(f64),
    /// As much or less.
    AtMost(f64),
    /// At least this share of the reference.
    ShareOfReference(f64),
    /// No goal was set.
    None,
}

impl Goal {
    fn text(self) -> String {
        match self {
            Goal::AtLeast(n) => format!(">= {}", short(n)),
            Goal::AtMost(n) => format!("<= {}", short(n)),
            Goal::ShareOfReference(share) => format!(">= {share} of the reference"),
            Goal::None => String::new(),
        }
    }

    fn met(self, value: f64, ratio: Option<f64>) -> Option<bool> {
        match self {
            Goal::AtLeast(n) => Some(value >= n),
            Goal::AtMost(n) => Some(value <= n),
            Goal::ShareOfReference(share) => ratio.map(|r| r >= share),
            Goal::None => None,
        }
    }
}

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Dotted name.
    pub name: Cow<'static, str>,
    /// What was measured.
    pub value: f64,
    /// Of the value and the reference.
    pub unit: Cow<'static, str>,
    /// What the machine does without CDS, measured in the same call; in the unit of the value.
    pub reference: Option<f64>,
    /// Value by reference.
    pub ratio: Option<f64>,
    /// In words; empty = none.
    pub goal: String,
    /// Whether the goal was met; absent without a goal.
    pub met: Option<bool>,
    /// What the reference is.
    pub reference_is: Cow<'static, str>,
}

impl Row {
    /// A measurement with its reference (`None` if there is nothing to compare with) and goal.
    pub fn new(
        name: &'static str,
        value: f64,
        unit: &'static str,
        reference: Option<(f64, &'static str)>,
        goal: Goal,
    ) -> Self {
        let (reference, reference_is) = reference.map(|(r, what)| (r, what.into())).unzip();
        let ratio = reference.filter(|r| *r > 0.0).map(|r| value / r);
        Self {
            name: name.into(),
            value: rounded(value),
            unit: unit.into(),
            reference: reference.map(rounded),
            ratio: ratio.map(rounded),
            goal: goal.text(),
            met: goal.met(value, ratio),
            reference_is: reference_is.unwrap_or_default(),
        }
    }
}

/// Three significant places after the point for small numbers, fewer for large ones.
fn rounded(n: f64) -> f64 {
    let scale = if n.abs() >= 100.0 { 1.0 } else { 1000.0 };
    (n * scale).round() / scale
}

fn short(n: f64) -> String {
    let places = if n.abs() >= 100.0 || n == n.trunc() { 0 } else { 2 };
    format!("{n:.places$}")
}

/// The value below which a share of the measurements lies; `None` without measurements.
pub fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.clamp(1, sorted.len().max(1)) - 1).copied()
}

/// A table of all rows.
pub fn table(rows: &[Row]) -> String {
    let cells: Vec<[String; 7]> = rows
        .iter()
        .map(|r| {
            let option = |n: Option<f64>| n.map_or("-".to_string(), short);
            let met = match r.met {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "",
            };
            [
                r.name.to_string(),
                format!("{} {}", short(r.value), r.unit),
                option(r.reference),
                option(r.ratio),
                r.goal.clone(),
                met.to_string(),
                r.reference_is.to_string(),
            ]
        })
        .collect();
    let head = ["name", "value", "reference", "ratio", "goal", "met", "reference is"].map(String::from);
    let width: Vec<usize> = (0..7)
        .map(|i| cells.iter().chain([&head]).map(|row| row[i].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in [&head].into_iter().chain(&cells) {
        let line: Vec<String> =
            row.iter().zip(&width).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Writes the rows as a JSON array; directories are made.
///
/// # Errors
/// If the file can't be written.
pub fn write_json(rows: &[Row], file: &Path) -> anyhow::Result<()> {
    if let Some(dir) = file.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let mut out = std::fs::File::create(file)?;
    serde_json::to_writer_pretty(&mut out, rows)?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let values: Vec<f64> = (1..=50).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 0.5), Some(25.0));
        assert_eq!(percentile(&values, 0.99), Some(50.0));
        assert_eq!(percentile(&[7.0], 0.01), Some(7.0));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn goals_are_judged_in_their_direction() {
        let row = |goal| Row::new("x", 10.0, "ms", Some((20.0, "y")), goal).met;
        assert_eq!(row(Goal::AtLeast(11.0)), Some(false));
        assert_eq!(row(Goal::AtMost(11.0)), Some(true));
        assert_eq!(row(Goal::ShareOfReference(0.25)), Some(true));
        assert_eq!(row(Goal::ShareOfReference(0.75)), Some(false));
        assert_eq!(row(Goal::None), None);
    }

    #[test]
    fn rows_stand_in_columns() {
        let rows = [
            Row::new("a.long.name", 1.5, "ms", None, Goal::AtMost(2.0)),
            Row::new("b", 1234.0, "jobs/s", Some((1000.0, "z")), Goal::None),
        ];
        let text = table(&rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1].find("1.50 ms"), lines[2].find("1234 jobs/s"));
        assert!(lines[1].contains("<= 2") && lines[1].contains("yes"));
    }
}
