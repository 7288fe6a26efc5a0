//! The example file and the JSON schema, made from the table of keys and the defaults.

use super::{
    keys::{Key, Kind, SECTIONS, Section, defaults, get},
    overlay::variable,
};
use serde_json::{Map, Value, json};

const HEAD: &str = "\
# Settings of CDS: every key with its meaning and its default.
# Without a file the defaults hold. Each key can also be set by the environment variable named beside it, which wins
# over the file; flags of the command line win over both. `cds config check` says what is wrong with a file.
";

/// Longest line of a comment, characters.
const WIDTH: usize = 110;

/// A file with every key, its meaning and its default. Read as settings, it gives the defaults.
pub fn example() -> String {
    let defaults = defaults();
    let mut out = HEAD.to_string();
    for section in SECTIONS {
        out.push('\n');
        for line in section.doc.lines() {
            comment(&mut out, line);
        }
        let mark = if section.optional { "#" } else { "" };
        out.push_str(&format!("{mark}[{}]\n", section.path));
        for key in section.keys {
            out.push('\n');
            comment(&mut out, &told(key));
            comment(&mut out, &variable(section, key));
            let value = get(&defaults, &format!("{}.{}", section.path, key.name));
            let value = value.map(toml::Value::to_string).unwrap_or_default();
            out.push_str(&format!("{mark}{} = {value}\n", key.name));
        }
    }
    out
}

fn told(key: &Key) -> String {
    match key.kind {
        Kind::Choice(words) => {
            format!(
                "{} One of {}.",
                key.doc,
                words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
            )
        }
        _ => key.doc.to_string(),
    }
}

fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}

/// The JSON schema of the file, for editors.
pub fn schema() -> Value {
    let defaults = defaults();
    let mut sections = Map::new();
    for section in SECTIONS {
        let mut properties = Map::new();
        for key in section.keys {
            let default = get(&defaults, &format!("{}.{}", section.path, key.name));
            properties.insert(key.name.into(), property(key, default));
        }
        let node = json!({
            "type": "object",
            "description": section.doc,
            "additionalProperties": false,
            "properties": properties,
        });
        place(&mut sections, section, node);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of CDS",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    })
}

/// Sections stand in the table after those that hold them.
fn place(sections: &mut Map<String, Value>, section: &Section, node: Value) {
    match section.path.split_once('.') {
        None => {
            sections.insert(section.path.into(), node);
        }
        Some((outer, inner)) => {
            if let Some(Value::Object(properties)) =
                sections.get_mut(outer).and_then(|s| s.get_mut("properties"))
            {
                properties.insert(inner.into(), node);
            }
        }
    }
}

fn property(key: &Key, default: Option<&toml::Value>) -> Value {
    let mut node = match key.kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Number => json!({"type": "integer", "minimum": 0}),
        Kind::Switch => json!({"type": "boolean"}),
        Kind::Choice(words) => json!({"type": "string", "enum": words}),
    };
    if let Some(node) = node.as_object_mut() {
        node.insert("description".into(), key.doc.into());
        if let Some(default) = default.and_then(|d| serde_json::to_value(d).ok()) {
            node.insert("default".into(), default);
        }
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn as_json(settings: &Settings) -> Value {
        serde_json::to_value(settings).unwrap()
    }

    #[test]
    fn the_example_is_the_defaults() {
        let settings: Settings = toml::from_str(&example()).unwrap();
        assert_eq!(as_json(&settings), as_json(&Settings::default()));
    }

    #[test]
    fn what_the_example_comments_out_is_right_too() {
        let text: String = example()
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let settings: Settings = toml::from_str(&text).unwrap();
        let mut expected = Settings::default();
        expected.server.smtp = Some(Default::default());
        assert_eq!(as_json(&settings), as_json(&expected));
    }

    #[test]
    fn the_schema_knows_every_key() {
        let schema = schema();
        let server = &schema["properties"]["server"]["properties"];
        assert_eq!(server["smtp"]["properties"]["port"]["type"], "integer");
        assert_eq!(server["project_ssh_key"]["enum"], json!(["ed25519", "rsa"]));
        assert_eq!(server["max_attempts"]["default"], 3);
        let count = server.as_object().unwrap().len() - 1;
        assert_eq!(count, SECTIONS[0].keys.len());
    }
}
