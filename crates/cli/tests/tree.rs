//! The whole command tree, compared with a committed file, so that no name, alias or flag changes unnoticed.
//! `UPDATE_GOLDEN=1 cargo test -p cds-cli --test tree` writes it anew.

use clap::{ArgAction, Command};
use std::path::Path;

fn describe(command: &Command, depth: usize, text: &mut String) {
    let margin = "  ".repeat(depth);
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    text.push_str(&format!("{margin}{}", command.get_name()));
    if !aliases.is_empty() {
        text.push_str(&format!(" ({})", aliases.join(", ")));
    }
    for arg in command.get_arguments().filter(|a| !a.is_global_set() && a.get_id() != "help") {
        match arg.get_long() {
            None => text.push_str(&format!(" {}", arg.get_id().as_str().to_uppercase())),
            Some(long) => {
                let short = arg.get_short().map(|s| format!("-{s}/")).unwrap_or_default();
                let value = if matches!(arg.get_action(), ArgAction::SetTrue) { "" } else { "=" };
                text.push_str(&format!(" {short}--{long}{value}"));
            }
        }
    }
    text.push('\n');
    for child in command.get_subcommands().filter(|c| c.get_name() != "help") {
        describe(child, depth + 1, text);
    }
}

#[test]
fn the_tree_is_as_committed() {
    let mut command = cds_cli::command();
    // Panics if two commands or two flags of a command share a name.
    command.clone().debug_assert();
    command.build();
    let mut text = String::new();
    describe(&command, 0, &mut text);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tree.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, committed, "the command tree changed: see the head of this file");
}

#[test]
fn the_first_registered_name_wins() {
    let command = cds_cli::command();
    let resolve = |path: &[&str]| -> String {
        let mut at = &command;
        for name in path {
            at = at.find_subcommand(name).unwrap_or_else(|| panic!("no command {path:?}"));
        }
        at.get_name().to_string()
    };
    for (path, name) in [
        (&["group", "add"][..], "create"),
        (&["groups", "remove"], "delete"),
        (&["group", "rm"], "delete"),
        (&["workflow", "rm"], "run-delete"),
        (&["workflow", "remove"], "run-delete"),
        (&["workflow", "del"], "run-delete"),
        (&["workflow", "delete"], "delete"),
        (&["workflow", "log", "ls"], "list"),
        (&["workflows", "logs", "follow"], "stream"),
        (&["project", "remove"], "delete"),
        (&["projects", "add"], "create"),
        (&["project", "key", "ls"], "list"),
        (&["env", "variables", "add"], "add"),
        (&["token", "new"], "new"),
        (&["ctx", "current"], "current"),
        (&["users", "me"], "me"),
    ] {
        assert_eq!(resolve(path), name, "{path:?}");
    }
}
