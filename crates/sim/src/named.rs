//! Seeds that once found something, with a name: they are run for good.

use crate::Config;

/// The list, as it is committed.
pub const NAMED: &str = include_str!("../seeds.txt");

/// A seed with a name.
#[derive(Clone, Debug)]
pub struct Named {
    /// What it found, in a word.
    pub name: String,
    /// Which.
    pub seed: u64,
    /// In which world.
    pub config: Config,
}

/// Reads a list: one seed a line, `name seed [key=value …]`; `#` begins a comment. Keys: `servers`, `shared`, `hatcheries`,
/// `workers`, `runs`, `faults`, `rate`, `most-faults`, `longest-cut` and `trouble` (seconds).
///
/// # Errors
/// The line that is wrong, and how.
pub fn parse(text: &str) -> Result<Vec<Named>, String> {
    let mut all = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        all.push(one(line).map_err(|e| format!("line {}: {e}", i + 1))?);
    }
    Ok(all)
}

fn seconds(value: &str) -> Result<i64, std::num::ParseIntError> {
    value.parse::<u32>().map(i64::from)
}

fn one(line: &str) -> Result<Named, String> {
    let mut words = line.split_whitespace();
    let (Some(name), Some(seed)) = (words.next(), words.next()) else {
        return Err("must be NAME SEED [KEY=VALUE …]".into());
    };
    let mut config = Config::default();
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("'{word}' is not KEY=VALUE"))?;
        let bad = |e: &dyn std::fmt::Display| format!("{key}: {e}");
        match key {
            "servers" => config.servers = value.parse().map_err(|e| bad(&e))?,
            "shared" => config.shared = Some(value.parse().map_err(|e| bad(&e))?),
            "longest-cut" => {
                config.longest_cut_ms = 1000 * seconds(value).map_err(|e| bad(&e))?;
            }
            "trouble" => config.trouble_ms = 1000 * seconds(value).map_err(|e| bad(&e))?,
            "hatcheries" => config.hatcheries = value.parse().map_err(|e| bad(&e))?,
            "workers" => config.workers = value.parse().map_err(|e| bad(&e))?,
            "runs" => config.runs = value.parse().map_err(|e| bad(&e))?,
            "faults" => config.faults = value.parse().map_err(|e| bad(&e))?,
            "rate" => config.rate = value.parse().map_err(|e| bad(&e))?,
            "most-faults" => config.most_faults = value.parse().map_err(|e| bad(&e))?,
            _ => return Err(format!("there is no key '{key}'")),
        }
    }
    let seed = seed.parse().map_err(|e| format!("seed '{seed}': {e}"))?;
    Ok(Named { name: name.into(), seed, config })
}
