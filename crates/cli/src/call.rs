//! One invocation: what was given on the command line, and the server it goes to.

use crate::{
    app::App,
    error::CliError,
    guess,
    output::{Filter, Format, Options},
    registry::{Leaf, Res},
};
use cds_client::Client;
use clap::{ArgMatches, parser::ValueSource};
use std::{collections::HashMap, rc::Rc};

/// Arguments, flags and surroundings of one command.
pub(crate) struct Call {
    pub(crate) app: Rc<App>,
    values: HashMap<&'static str, String>,
    pub(crate) rest: Vec<String>,
    matches: ArgMatches,
}

impl Call {
    /// Distributes the positionals, guessing the context where it is missing.
    pub(crate) fn new(app: Rc<App>, leaf: &Leaf, matches: ArgMatches) -> Result<Self, CliError> {
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let names: Vec<&'static str> =
            leaf.context.iter().chain(&leaf.args).chain(&leaf.optional).copied().collect();
        let mut given: Vec<String> = names.iter().filter_map(|name| text(name)).collect();
        if let Some((name, _)) = leaf.rest {
            given.extend(matches.get_many::<String>(name).into_iter().flatten().cloned());
        }
        let needs_rest = usize::from(leaf.rest.is_some_and(|(_, required)| required));
        let needed = leaf.context.len() + leaf.args.len() + needs_rest;
        if given.len() < needed {
            let missing = || CliError::Usage(missing(leaf, given.len()));
            if leaf.context.is_empty() || given.len() < needed - leaf.context.len() {
                return Err(missing());
            }
            let mut all = guess::context(&leaf.context).ok_or_else(missing)?;
            all.extend(given);
            given = all;
        }
        let mut given = given.into_iter();
        let values = names.into_iter().zip(given.by_ref()).collect();
        Ok(Self { app, values, rest: given.collect(), matches })
    }

    /// A positional that is there (or empty if it is optional and was left out).
    pub(crate) fn arg(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
    /// A positional that may have been left out.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
    /// A positional as a number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, CliError> {
        self.get(name).map(|text| text.parse().map_err(|_| CliError::invalid(name))).transpose()
    }
    /// A switch.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.matches.try_get_one::<bool>(name).ok().flatten().copied().unwrap_or(false)
    }
    /// A flag's value.
    pub(crate) fn flag(&self, name: &str) -> Option<&str> {
        self.matches.try_get_one::<String>(name).ok().flatten().map(String::as_str)
    }
    /// Values of a flag that may be repeated.
    pub(crate) fn flags(&self, name: &str) -> Vec<&str> {
        self.matches
            .try_get_many::<String>(name)
            .ok()
            .flatten()
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect()
    }
    /// Whether the flag stood on the command line.
    pub(crate) fn given(&self, name: &str) -> bool {
        self.matches.try_contains_id(name).unwrap_or(false)
            && self.matches.value_source(name) == Some(ValueSource::CommandLine)
    }
    /// The server.
    pub(crate) fn client(&self) -> Result<&Client, CliError> {
        self.app.client()
    }
    /// How to show objects.
    pub(crate) fn options(&self) -> Result<Options, CliError> {
        Ok(Options {
            format: match self.flag("format") {
                Some("json") => Format::Json,
                Some("yaml") => Format::Yaml,
                _ => Format::Human,
            },
            quiet: self.is_set("quiet"),
            fields: self
                .flag("fields")
                .map(|f| f.split(',').map(str::trim).filter(|f| !f.is_empty()).map(String::from).collect())
                .unwrap_or_default(),
            filter: Filter::parse(self.flag("filter").unwrap_or_default())?,
            verbose: self.app.verbose(),
            colour: self.app.colour(),
        })
    }
    /// Runs the handler.
    pub(crate) async fn run(self, leaf: &Leaf) -> Res {
        (leaf.run)(self).await
    }
}

fn missing(leaf: &Leaf, given: usize) -> String {
    let rest = leaf.rest.filter(|(_, required)| *required).map(|(name, _)| name);
    let names: Vec<String> = leaf
        .context
        .iter()
        .chain(&leaf.args)
        .copied()
        .chain(rest)
        .skip(given)
        .map(str::to_uppercase)
        .collect();
    format!("missing argument: {}", names.join(" "))
}
