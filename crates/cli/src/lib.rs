//! `cdsctl`: the command line of CDS, compatible with the reference's (spec client 1).
//!
//! [`main`] is the whole program. [`output`], [`live`] and [`save`] are of use to other programs that do the same
//! things.

mod app;
mod call;
mod cmd;
pub mod config;
pub mod error;
mod guess;
pub mod live;
pub mod output;
mod registry;
pub mod save;

use app::App;
use call::Call;
use clap::{Arg, ArgAction, ArgMatches, Command, error::ErrorKind};
use config::Choice;
use error::CliError;
use registry::{Kind, Node, Outcome};
use std::{collections::HashSet, ffi::OsString, process::ExitCode, rc::Rc};

const NAME: &str = "cdsctl";

/// Runs `cdsctl` with the process's arguments and answers its exit status: 0, 1 for wrong usage or a run that ended
/// badly, 50 for errors (spec client 1.1).
pub fn main() -> ExitCode {
    ExitCode::from(run(std::env::args_os()))
}

/// The whole tree as clap sees it: for completion and for tests.
pub fn command() -> Command {
    command_of(&cmd::tree())
}

fn command_of(tree: &[Node]) -> Command {
    Command::new(NAME)
        .about("Command line of CDS, a continuous delivery service")
        .after_help(
            "Environment: CDS_API_URL, CDS_TOKEN and CDS_SESSION_TOKEN override the context file (CDS_FILE, \
             ~/.cdsrc) and its CDS_CONTEXT.",
        )
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .args(globals())
        .subcommands(tree.iter().map(|node| node.command(NAME)))
}

fn globals() -> [Arg; 5] {
    let arg = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).global(true).help_heading("Global options")
    };
    let switch = |name, help| arg(name, help).action(ArgAction::SetTrue);
    [
        arg("context", "Context to use, of those in the configuration file").short('c').value_name("NAME"),
        arg("file", "Configuration file [default: ~/.cdsrc]").short('f').value_name("PATH"),
        switch("no-interactive", "Never ask").short('n'),
        switch("verbose", "Show more"),
        switch("insecure", "Do not check the server's certificate"),
    ]
}

fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let tree = cmd::tree();
    let mut command = command_of(&tree);
    let args = plain_switches(&command, args);
    let matches = match command.try_get_matches_from_mut(args) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
                _ => 1,
            };
        }
    };
    // Down the tree to what was asked for.
    let mut path = vec![NAME];
    let (mut nodes, mut found, mut at) = (&tree, None::<&Node>, &matches);
    while let Some((name, below)) = at.subcommand() {
        let Some(node) = nodes.iter().find(|n| n.name == name) else { break };
        path.push(node.name);
        (nodes, found, at) = (&node.children, Some(node), below);
    }
    let Some(leaf) = found.and_then(|node| node.leaf.as_ref()) else {
        let _ = help_of(&mut command, &path).print_help();
        return 0;
    };
    let app = Rc::new(app_of(at));
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&app, &CliError::failed(format!("cannot start: {error}"))),
    };
    let result = runtime.block_on(invoke(app.clone(), leaf, at.clone()));
    match result {
        Ok(()) => 0,
        Err(error) => {
            if matches!(error, CliError::Usage(_)) {
                app.warn(help_of(&mut command, &path).render_help().to_string());
            }
            report(&app, &error)
        }
    }
}

fn report(app: &App, error: &CliError) -> u8 {
    app.warn(format!("{error}"));
    if let Some(hint) = error.hint(&app.host()) {
        app.warn(format!("hint: {hint}"));
    }
    error.exit_code()
}

fn app_of(matches: &ArgMatches) -> App {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let choice = Choice {
        file: text("file").map(Into::into),
        context: text("context"),
        insecure: matches.get_flag("insecure"),
    };
    App::new(choice, matches.get_flag("no-interactive"), matches.get_flag("verbose"))
}

fn help_of<'a>(command: &'a mut Command, path: &[&str]) -> &'a mut Command {
    command.build();
    let mut at = command;
    for name in &path[1..] {
        // The borrow checker wants the look-up twice.
        if at.find_subcommand(name).is_none() {
            break;
        }
        match at.find_subcommand_mut(name) {
            Some(below) => at = below,
            None => unreachable!("found a moment ago"),
        }
    }
    at
}

async fn invoke(app: Rc<App>, leaf: &registry::Leaf, matches: ArgMatches) -> Result<(), CliError> {
    let call = Call::new(app.clone(), leaf, matches)?;
    let options = call.options()?;
    if leaf.kind == Kind::Delete {
        let force = call.is_set("force");
        if !force && !app.confirm("Are you sure to delete?")? {
            app.say("Deletion aborted");
            return Ok(());
        }
        match call.run(leaf).await {
            Err(error) if force && error.is_not_found() => app.warn(error.to_string()),
            other => drop(other?),
        }
        app.print("Delete with success");
        return Ok(());
    }
    match call.run(leaf).await? {
        Outcome::Rows(rows) => app.print(output::list(&rows, &options)?),
        Outcome::One(row) => app.print(output::show(&row, &options)?),
        Outcome::Done => {}
    }
    Ok(())
}

/// `--force=true` is `--force` and `--force=false` is nothing, as the reference's parser has it.
fn plain_switches(command: &Command, args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    fn collect(command: &Command, switches: &mut HashSet<String>) {
        for arg in command.get_arguments().filter(|a| matches!(a.get_action(), ArgAction::SetTrue)) {
            switches.extend(arg.get_long().map(String::from));
        }
        command.get_subcommands().for_each(|c| collect(c, switches));
    }
    let mut switches = None;
    let mut literal = false;
    let mut kept = Vec::new();
    for arg in args {
        literal |= arg == "--";
        let text = arg.to_str().and_then(|a| a.strip_prefix("--")).and_then(|a| a.split_once('='));
        if let Some((name, value)) = text.filter(|_| !literal) {
            let known = switches.get_or_insert_with(|| {
                let mut set = HashSet::new();
                collect(command, &mut set);
                set
            });
            if known.contains(name) && matches!(value, "true" | "false") {
                if value == "true" {
                    kept.push(format!("--{name}").into());
                }
                continue;
            }
        }
        kept.push(arg);
    }
    kept
}
