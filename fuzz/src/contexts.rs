//! The file of `cdsctl`, and what the environment says over it.

use crate::parts;
use std::{path::PathBuf, sync::LazyLock};

#[allow(dead_code)]
#[path = "../../crates/cli/src/config.rs"]
mod config;

use config::{Choice, ConfigFile, Context};

static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let dir = crate::scratch();
    let file = dir.path().join("rc");
    (dir, file)
});

/// A file; then a context to be added: name, address, session, token; then values of variables.
pub fn contexts(data: &[u8]) {
    let parts = parts(data);
    let part = |n: usize| parts.get(n).copied().unwrap_or_default();
    let mut file = match ConfigFile::parse(part(0)) {
        Ok(file) => file,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    // What is written as it was read says the same.
    let known = file.contexts();
    known.iter().for_each(|context| file.set(context).expect("a context that was read"));
    assert_eq!(file.contexts(), known);
    let fresh = Context {
        name: part(1).into(),
        host: part(2).into(),
        session: part(3).into(),
        token: part(4).into(),
        insecure: part(5).len() % 2 == 1,
        verbose: part(6).len() % 2 == 1,
    };
    if file.set(&fresh).is_ok() {
        file.set_current(&fresh.name);
        assert_eq!(file.current(), fresh.name);
        assert_eq!(file.context(&fresh.name), Some(fresh.clone()));
        let others = |all: Vec<Context>| all.into_iter().filter(|c| c.name != fresh.name).collect::<Vec<_>>();
        assert_eq!(others(file.contexts()), others(known));
    }
    file.save(&FILE.1).expect("a file");
    let read = ConfigFile::load(&FILE.1).expect("what was written").expect("a file");
    assert_eq!(read, file);
    let variables = ["CDS_CONTEXT", "CDS_API_URL", "CDS_TOKEN", "CDS_INSECURE"];
    let env = |name: &str| {
        let at = variables.iter().position(|known| *known == name)?;
        parts.get(7 + at).filter(|value| !value.is_empty()).map(|value| value.to_string())
    };
    let choice = Choice { file: Some(FILE.1.clone()), ..Choice::default() };
    match choice.resolve(&env) {
        Ok(context) => assert!(!context.host.is_empty() && !context.host.ends_with('/')),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
