//! Flags and arguments of the `worker` command, mixed in any order.

use std::collections::HashMap;

/// Parsed words of a sub-command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Args {
    /// Arguments that are no flags.
    pub words: Vec<String>,
    flags: HashMap<String, String>,
}

impl Args {
    /// Takes words apart; `values` are flags with a value, `switches` flags without.
    pub fn parse(words: &[String], values: &[&str], switches: &[&str]) -> Result<Self, String> {
        let mut out = Self::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let Some(flag) = word.strip_prefix("--").filter(|_| word.len() > 2) else {
                if word == "--" {
                    out.words.extend(rest.cloned());
                    break;
                }
                out.words.push(word.clone());
                continue;
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (flag, None),
            };
            let value = if switches.contains(&name) {
                value.unwrap_or_else(|| "true".into())
            } else if values.contains(&name) {
                match value {
                    Some(value) => value,
                    None => {
                        rest.next().cloned().ok_or_else(|| format!("flag needs an argument: --{name}"))?
                    }
                }
            } else {
                return Err(format!("unknown flag: --{name}"));
            };
            out.flags.insert(name.to_string(), value);
        }
        Ok(out)
    }

    /// Value of a flag.
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.get(name).map(String::as_str)
    }

    /// Whether a switch is on.
    pub fn is_set(&self, name: &str) -> bool {
        self.flag(name).is_some_and(|v| v != "false")
    }

    /// The words, if there are as many as there should be.
    pub fn words(&self, at_least: usize, at_most: usize, usage: &str) -> Result<&[String], String> {
        if (at_least..=at_most).contains(&self.words.len()) {
            Ok(&self.words)
        } else {
            Err(format!("Wrong usage: see `worker {usage}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Args, String> {
        let words: Vec<String> = text.split(' ').map(String::from).collect();
        Args::parse(&words, &["tag"], &["env"])
    }

    #[test]
    fn mixed() {
        let a = parse("x --tag=1 y --env -- --z").unwrap();
        assert_eq!(a.words, ["x", "y", "--z"]);
        assert_eq!((a.flag("tag"), a.is_set("env")), (Some("1"), true));
        let a = parse("--tag 2 -1 --env=false").unwrap();
        assert_eq!(
            (a.flag("tag"), a.is_set("env"), a.words.as_slice()),
            (Some("2"), false, &["-1".to_string()][..])
        );
        assert!(parse("--tag").is_err() && parse("--nope").is_err());
        assert!(a.words(2, 3, "u").is_err());
    }
}
