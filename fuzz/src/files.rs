//! Definitions: any text gives findings or a definition; what is exported is read back as the same definition.

use crate::{choose, parts, text};
use cds_workflow::{
    Diagnostic,
    diag::Diags,
    export::*,
    has_errors,
    lint::lint,
    parse::{File, parse_file},
    service::{Service, split_words},
    yaml,
};

const NAMES: [&str; 6] = ["w.yml", "p.pip.yml", "a.app.yml", "e.env.yml", "w.json", "p.pip.json"];

fn export(file: &File) -> Option<(&'static str, String)> {
    Some(match file {
        File::Workflow(w) => ("w.yml", export_workflow(w, ExportOptions { with_permissions: true })),
        File::Pipeline(p) => ("p.pip.yml", export_pipeline(p)),
        File::Application(a) => ("a.app.yml", export_application(a)),
        File::Environment(e) => ("e.env.yml", export_environment(e)),
        #[allow(unreachable_patterns)]
        _ => return None,
    })
}

/// The first byte says which kind of file the rest is.
pub fn definitions(data: &[u8]) {
    let (which, rest) = choose(data, NAMES.len());
    let (name, text) = (NAMES[which], text(rest));
    let (found, findings) = parse_file(name, text);
    assert_eq!(found.is_none(), has_errors(&findings));
    if findings.iter().any(Diagnostic::is_error) {
        // A finding has a place in the text.
        // A carriage return alone ends a line, too.
        let lines = text.chars().filter(|c| matches!(c, '\n' | '\r')).count() + 1;
        for d in &findings {
            assert!(d.line as usize <= lines + 1, "{d} of {lines} lines");
        }
    }
    lint(&[(name.to_owned(), text.to_owned())], true);
    let Some((name, once)) = found.as_ref().and_then(export) else { return };
    let (again, findings) = parse_file(name, &once);
    let Some(again) = again else { panic!("an export is refused: {findings:?}\n{once}") };
    let twice = export(&again).map(|(_, text)| text);
    assert_eq!(Some(&once), twice.as_ref(), "the export of an export differs");
}

/// The reader below: trees, and emitting them.
pub fn yaml(data: &[u8]) {
    let text = text(data);
    let mut d = Diags::new("f.yml");
    let tree = yaml::load(text, &mut d);
    assert_eq!(tree.is_none(), has_errors(&d.finish()));
    let mut d = Diags::new("f.json");
    let strict = yaml::load_json(text, &mut d);
    assert!(strict.is_none() || tree.is_some(), "JSON that is no YAML");
    yaml::resolve(text);
    yaml::to_bool(text);
    yaml::to_int(text);
}

/// Services of requirements, and words of shells.
pub fn services(data: &[u8]) {
    for part in parts(data) {
        Service::parse(part);
        let words = split_words(part);
        assert!(words.iter().map(String::len).sum::<usize>() <= part.len());
    }
}
