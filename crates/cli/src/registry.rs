//! The command tree as data. A command says its kind, its arguments and its handler once; parsing, help, guessing,
//! confirmation and output follow from that (spec client 1.1 to 1.4).

use crate::{call::Call, error::CliError, guess, output::Record};
use clap::{Arg, ArgAction, Command};
use futures::future::LocalBoxFuture;
use std::{collections::HashSet, future::Future};

/// What a handler answers.
pub(crate) enum Outcome {
    /// A list command's rows.
    Rows(Vec<Record>),
    /// A show command's object.
    One(Record),
    /// Everything has been said already.
    Done,
}

/// Result of a handler.
pub(crate) type Res = Result<Outcome, CliError>;

/// Fixes flags, aliases and output (spec client 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    List,
    Show,
    Delete,
    Plain,
}

type Handler = Box<dyn Fn(Call) -> LocalBoxFuture<'static, Res>>;

/// A command, a group of commands, or both.
pub(crate) struct Node {
    pub(crate) name: &'static str,
    about: &'static str,
    aliases: Vec<&'static str>,
    pub(crate) children: Vec<Node>,
    pub(crate) leaf: Option<Leaf>,
}

/// What makes a node a command.
pub(crate) struct Leaf {
    pub(crate) kind: Kind,
    /// Leading arguments that may be guessed.
    pub(crate) context: Vec<&'static str>,
    pub(crate) args: Vec<&'static str>,
    pub(crate) optional: Vec<&'static str>,
    /// Name of the variadic argument, and whether at least one value is needed.
    pub(crate) rest: Option<(&'static str, bool)>,
    flags: Vec<Arg>,
    pub(crate) run: Handler,
}

/// A group of commands.
pub(crate) fn group(name: &'static str, about: &'static str) -> Node {
    Node { name, about, aliases: Vec::new(), children: Vec::new(), leaf: None }
}

fn leaf<F, R>(kind: Kind, name: &'static str, about: &'static str, run: F) -> Node
where
    F: Fn(Call) -> R + 'static,
    R: Future<Output = Res> + 'static,
{
    let aliases: &[&'static str] = match kind {
        Kind::List => &["ls"],
        Kind::Delete => &["rm", "remove", "del"],
        Kind::Show | Kind::Plain => &[],
    };
    group(name, about).runs(kind, run).alias(aliases)
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $kind:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name<F, R>(name: &'static str, about: &'static str, run: F) -> Node
        where
            F: Fn(Call) -> R + 'static,
            R: Future<Output = Res> + 'static,
        {
            leaf(Kind::$kind, name, about, run)
        }
    )*};
}

kinds! {
    /// A command that prints rows.
    list List;
    /// A command that prints one object.
    show Show;
    /// A command that deletes: asks, and says so.
    delete Delete;
    /// Any other command.
    plain Plain;
}

impl Node {
    /// Makes a group a command of its own when no sub-command is named.
    pub(crate) fn runs<F, R>(mut self, kind: Kind, run: F) -> Self
    where
        F: Fn(Call) -> R + 'static,
        R: Future<Output = Res> + 'static,
    {
        self.leaf = Some(Leaf {
            kind,
            context: Vec::new(),
            args: Vec::new(),
            optional: Vec::new(),
            rest: None,
            flags: Vec::new(),
            run: Box::new(move |call| Box::pin(run(call))),
        });
        self
    }
    pub(crate) fn alias(mut self, names: &[&'static str]) -> Self {
        self.aliases.extend(names);
        self
    }
    /// Adds sub-commands. When two share a name or alias, the first keeps it.
    pub(crate) fn with(mut self, children: impl IntoIterator<Item = Node>) -> Self {
        self.children.extend(children);
        let mut taken: HashSet<&'static str> = self.children.iter().map(|c| c.name).collect();
        for child in &mut self.children {
            child.aliases.retain(|alias| taken.insert(alias));
        }
        self
    }
    fn on_leaf(mut self, change: impl FnOnce(&mut Leaf)) -> Self {
        if let Some(leaf) = &mut self.leaf {
            change(leaf);
        }
        self
    }
    /// Leading arguments that are guessed when they are missing.
    pub(crate) fn context(self, names: &[&'static str]) -> Self {
        self.on_leaf(|l| l.context.extend(names))
    }
    /// Arguments that must be given.
    pub(crate) fn args(self, names: &[&'static str]) -> Self {
        self.on_leaf(|l| l.args.extend(names))
    }
    /// Arguments that may be given.
    pub(crate) fn optional(self, names: &[&'static str]) -> Self {
        self.on_leaf(|l| l.optional.extend(names))
    }
    /// A last argument that may be repeated.
    pub(crate) fn rest(self, name: &'static str, required: bool) -> Self {
        self.on_leaf(|l| l.rest = Some((name, required)))
    }
    /// A flag without a value.
    pub(crate) fn switch(self, name: &'static str, short: Option<char>, help: &'static str) -> Self {
        self.on_leaf(|l| l.flags.push(switch(name, short, help)))
    }
    /// A flag with a value.
    pub(crate) fn value(self, name: &'static str, short: Option<char>, help: &'static str) -> Self {
        self.on_leaf(|l| l.flags.push(value(name, short, help)))
    }
    /// A flag that may be given several times.
    pub(crate) fn values(self, name: &'static str, short: Option<char>, help: &'static str) -> Self {
        self.on_leaf(|l| l.flags.push(value(name, short, help).action(ArgAction::Append)))
    }
    /// A flag whose value is one of a few.
    pub(crate) fn choice(self, name: &'static str, of: &[&'static str], help: &'static str) -> Self {
        let of: Vec<&'static str> = of.to_vec();
        self.on_leaf(|l| {
            let default = of.first().copied().unwrap_or_default();
            l.flags.push(value(name, None, help).value_parser(of).default_value(default));
        })
    }

    /// As clap wants it; `path` is what stands before it on the command line.
    pub(crate) fn command(&self, path: &str) -> Command {
        let path = format!("{path} {}", self.name);
        let mut command = Command::new(self.name).about(self.about).disable_version_flag(true);
        command = command.visible_aliases(self.aliases.iter().copied());
        if let Some(leaf) = &self.leaf {
            command = leaf.fill(command, &path, !self.children.is_empty());
        }
        command.subcommands(self.children.iter().map(|child| child.command(&path)))
    }
}

fn value(name: &'static str, short: Option<char>, help: &'static str) -> Arg {
    let arg = Arg::new(name).long(name).help(help).action(ArgAction::Set).value_name(name.to_uppercase());
    arg.short(short).allow_hyphen_values(true)
}

fn switch(name: &'static str, short: Option<char>, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue).short(short)
}

impl Leaf {
    fn usage(&self, path: &str, has_children: bool) -> String {
        let mut text = path.to_string();
        for name in self.context.iter().chain(&self.args) {
            text.push_str(&format!(" {}", name.to_uppercase()));
        }
        for name in &self.optional {
            text.push_str(&format!(" [{}]", name.to_uppercase()));
        }
        match self.rest {
            Some((name, true)) => text.push_str(&format!(" {}...", name.to_uppercase())),
            Some((name, false)) => text.push_str(&format!(" [{}...]", name.to_uppercase())),
            None => {}
        }
        text.push_str(" [OPTIONS]");
        if has_children {
            text.push_str(&format!("\n       {path} <COMMAND>"));
        }
        text
    }

    /// Positionals are optional for clap: how many are needed depends on what can be guessed.
    fn fill(&self, command: Command, path: &str, has_children: bool) -> Command {
        let mut command = command.override_usage(self.usage(path, has_children));
        for name in self.context.iter().chain(&self.args).chain(&self.optional) {
            command = command.arg(Arg::new(*name).value_name(name.to_uppercase()).hide(true));
        }
        if let Some((name, _)) = self.rest {
            command = command.arg(Arg::new(name).value_name(name.to_uppercase()).num_args(0..).hide(true));
        }
        command = command.args(self.flags.iter().cloned());
        if !self.context.is_empty() {
            let keys: Vec<String> = self.context.iter().filter_map(|name| guess::key(name)).collect();
            if keys.len() == self.context.len() {
                command = command.after_help(format!(
                    "In a git checkout, {} may be left out if git's configuration has {}.",
                    self.context.join(" and ").to_uppercase().replace(" AND ", " and "),
                    keys.join(" and "),
                ));
            }
        }
        let format = |values: &[&'static str]| {
            let first = values.first().copied().unwrap_or_default();
            value("format", None, "Output format").value_parser(values.to_vec()).default_value(first)
        };
        let fields = || value("fields", None, "Only these fields, separated by commas");
        let quiet = || switch("quiet", Some('q'), "Only the key of each object");
        match self.kind {
            Kind::List => command
                .arg(value("filter", None, "Only rows that match, e.g. \"name=a.* status=Fail\""))
                .arg(format(&["table", "json", "yaml"]))
                .arg(quiet())
                .arg(fields()),
            Kind::Show => command.arg(format(&["plain", "json", "yaml"])).arg(quiet()).arg(fields()),
            Kind::Delete => command.arg(switch("force", None, "Do not ask; a missing object is no error")),
            Kind::Plain => command,
        }
    }
}
