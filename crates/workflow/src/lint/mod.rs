//! Checks of a set of files together: what each of them says wrong, what they say of each other, and habits that
//! are dangerous.

mod reference;
mod script;
mod secret;
mod source;

pub use script::broken_scripts;

use crate::diag::{Diagnostic, Severity, make_strict};
use crate::error_ids as ids;
use crate::parse::File;
use source::Source;

/// Checks files, given as (name, text). `strict` turns unknown keys into errors. Findings are sorted by file (in
/// the order given) and place.
pub fn lint(files: &[(String, String)], strict: bool) -> Vec<Diagnostic> {
    let sources: Vec<Source> = files.iter().map(|(name, text)| Source::read(name, text)).collect();
    let mut all: Vec<Diagnostic> = sources.iter().flat_map(|s| s.findings.iter().cloned()).collect();
    for found in &mut all {
        // Outside nodes the reference lets a wrong operator pass as true; nobody means that.
        if found.id == Some(ids::BAD_OPERATOR.id) {
            found.severity = Severity::Error;
        }
    }
    reference::check(&sources, &mut all);
    for source in &sources {
        match &source.file {
            Some(File::Pipeline(p)) => {
                script::pipeline(source, p, &script::payload_names(&sources), &mut all)
            }
            Some(File::Workflow(w)) => script::workflow(source, w, &mut all),
            Some(File::Application(a)) => secret::application(source, a, &mut all),
            Some(File::Environment(e)) => secret::environment(source, e, &mut all),
            None => {}
        }
    }
    if strict {
        make_strict(&mut all);
    }
    let place = |name: &str| files.iter().position(|(n, _)| n == name);
    all.sort_by_key(|d| (place(&d.file), d.line, d.column));
    all
}
