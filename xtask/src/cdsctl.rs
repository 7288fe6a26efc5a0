//! The reference of the command line, in Markdown.

use clap::{Arg, Command};

/// One section for each command.
pub(crate) fn reference(mut command: Command) -> String {
    command.build();
    let mut out = String::from(
        "# cdsctl\n\nEvery command of the client. Generated from the program by `make generate`; \
         `cdsctl COMMAND --help` says the same.\n",
    );
    if let Some(after) = command.get_after_help() {
        out.push_str(&format!("\n{after}\n"));
    }
    let globals: Vec<&Arg> = command.get_arguments().filter(|a| a.is_global_set()).collect();
    out.push_str("\nOptions of all commands:\n\n");
    globals.iter().for_each(|arg| option(&mut out, arg));
    describe(&mut out, &command, command.get_name());
    out
}

fn describe(out: &mut String, command: &Command, path: &str) {
    for below in command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        let path = format!("{path} {}", below.get_name());
        out.push_str(&format!("\n## {path}\n"));
        if let Some(about) = below.get_about() {
            out.push_str(&format!("\n{about}.\n"));
        }
        let aliases: Vec<String> = below.get_visible_aliases().map(|a| format!("`{a}`")).collect();
        if !aliases.is_empty() {
            out.push_str(&format!("\nAlso: {}.\n", aliases.join(", ")));
        }
        let is_group = below.get_subcommands().any(|c| c.get_name() != "help");
        let usage = below.clone().render_usage().to_string();
        let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
        let lines: Vec<&str> = usage.lines().map(str::trim).collect();
        out.push_str(&format!("\n```\n{}\n```\n", lines.join("\n")));
        let own = |arg: &&Arg| !arg.is_global_set() && !arg.is_hide_set() && !arg.is_positional();
        let mut options = below.get_arguments().filter(own).filter(|a| a.get_id() != "help").peekable();
        if options.peek().is_some() {
            out.push('\n');
            options.for_each(|arg| option(out, arg));
        }
        if is_group {
            describe(out, below, &path);
        }
    }
}

fn option(out: &mut String, arg: &Arg) {
    let mut name = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("--{long}"),
        (Some(short), None) => format!("-{short}"),
        (None, None) => return,
    };
    if arg.get_action().takes_values() {
        let value = arg.get_value_names().and_then(|names| names.first()).map_or("VALUE", |n| n.as_str());
        name.push_str(&format!(" {value}"));
    }
    let mut text = arg.get_help().map(|h| h.to_string()).unwrap_or_default();
    let of: Vec<String> = arg.get_possible_values().iter().map(|v| v.get_name().to_string()).collect();
    if !of.is_empty() && arg.get_action().takes_values() {
        text.push_str(&format!(": {}", of.join(", ")));
    }
    out.push_str(&format!("- `{name}` {text}\n"));
}
