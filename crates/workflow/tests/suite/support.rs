//! Shorthand of the tests.

use cds_workflow::Diagnostic;
use cds_workflow::def::{Application, Environment, Pipeline, Workflow};
use cds_workflow::parse::{parse_application, parse_environment, parse_pipeline, parse_workflow};

fn good<T>(what: (Option<T>, Vec<Diagnostic>), text: &str) -> T {
    let said: Vec<String> = what.1.iter().map(ToString::to_string).collect();
    what.0.unwrap_or_else(|| panic!("{}\n{text}", said.join("\n")))
}

pub fn workflow(text: &str) -> Workflow {
    good(parse_workflow("w.yml", text), text)
}

pub fn pipeline(text: &str) -> Pipeline {
    good(parse_pipeline("p.pip.yml", text), text)
}

pub fn application(text: &str) -> Application {
    good(parse_application("a.app.yml", text), text)
}

pub fn environment(text: &str) -> Environment {
    good(parse_environment("e.env.yml", text), text)
}

/// Findings of a file, printed; the kind is told by the name.
pub fn findings(name: &str, text: &str) -> Vec<String> {
    let (_, list) = cds_workflow::parse::parse_file(name, text);
    list.iter().map(ToString::to_string).collect()
}

/// Asserts that a file is refused, with a finding that holds `text` and has the number `id`.
#[track_caller]
pub fn refused(name: &str, file: &str, text: &str, id: u16) {
    let (found, list) = cds_workflow::parse::parse_file(name, file);
    assert!(found.is_none(), "accepted:\n{file}");
    let hit = list.iter().any(|d| d.is_error() && d.message.contains(text) && d.id == Some(id));
    assert!(hit, "no error {id} {text:?} in {list:#?}");
    assert!(list.iter().filter(|d| d.is_error()).all(|d| d.line > 0), "{list:#?}");
}

/// Asserts that a file is accepted with a warning that holds `text`.
#[track_caller]
pub fn warned(name: &str, file: &str, text: &str) {
    let (found, list) = cds_workflow::parse::parse_file(name, file);
    assert!(found.is_some(), "{list:#?}");
    assert!(list.iter().any(|d| d.to_string().contains(text)), "no {text:?} in {list:#?}");
}
