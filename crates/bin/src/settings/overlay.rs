//! The environment over the file: `CDS_SERVER__SMTP__HOST` is `server.smtp.host`.

use super::{
    Settings, SettingsError,
    keys::{Key, Kind, SECTIONS, Section},
};
use std::ffi::OsString;

/// Name of the variable that sets a key.
pub(crate) fn variable(section: &Section, key: &Key) -> String {
    format!("CDS_{}__{}", section.path.replace('.', "__"), key.name).to_uppercase()
}

/// Puts what variables of ours say into the table. Others are left alone.
pub(crate) fn apply(
    table: &mut toml::Table,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), SettingsError> {
    let known: Vec<(String, &Section, &Key)> =
        SECTIONS.iter().flat_map(|s| s.keys.iter().map(move |k| (variable(s, k), s, k))).collect();
    let roots: Vec<String> = SECTIONS
        .iter()
        .filter(|s| !s.path.contains('.'))
        .map(|s| format!("CDS_{}__", s.path.to_uppercase()))
        .collect();
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|n| roots.iter().any(|root| n.starts_with(root.as_str())))
        else {
            continue;
        };
        let fault = |fault: String| SettingsError::Variable { name: name.into(), fault };
        let Some((_, section, key)) = known.iter().find(|(variable, ..)| variable == name) else {
            let nearest = known.iter().map(|(v, ..)| v).min_by_key(|v| distance(v, name));
            let nearest = nearest.map(|v| format!("; the nearest is {v}")).unwrap_or_default();
            return Err(fault(format!("there is no such setting{nearest}")));
        };
        let text = value.to_str().ok_or_else(|| fault("is not text in UTF-8".into()))?;
        let value = parse(key.kind, text).map_err(&fault)?;
        set(table, section.path, key.name, value).map_err(&fault)?;
        // The type behind the key may want more than its kind, an address for example.
        Settings::try_from_table(table).map_err(|e| fault(e.message().trim().to_string()))?;
    }
    Ok(())
}

impl Settings {
    fn try_from_table(table: &toml::Table) -> Result<Settings, toml::de::Error> {
        table.clone().try_into()
    }
}

fn parse(kind: Kind, text: &str) -> Result<toml::Value, String> {
    match kind {
        Kind::Text => Ok(text.into()),
        Kind::Number => match text.trim().parse::<i64>() {
            Ok(n) if n >= 0 => Ok(n.into()),
            _ => Err(format!("'{text}' is not a whole number from 0 up")),
        },
        Kind::Switch => match text.trim() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(format!("'{text}' is neither true or false")),
        },
        Kind::Choice(words) if words.contains(&text) => Ok(text.into()),
        Kind::Choice(words) => Err(format!("'{text}' is none of {}", words.join(", "))),
    }
}

fn set(table: &mut toml::Table, section: &str, key: &str, value: toml::Value) -> Result<(), String> {
    let mut at = table;
    for name in section.split('.') {
        let inner = at.entry(name).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = inner.as_table_mut().ok_or_else(|| format!("'{name}' in the file is not a section"))?;
    }
    at.insert(key.into(), value);
    Ok(())
}

/// Letters to change, add or drop between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("host", "host"), 0);
        assert_eq!(distance("host", "hots"), 2);
        assert_eq!(distance("", "abc"), 3);
    }
}
