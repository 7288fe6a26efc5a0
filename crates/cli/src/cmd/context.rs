//! `cdsctl context`: the servers this machine knows.

use crate::{
    app::env,
    call::Call,
    config::ConfigFile,
    error::CliError,
    output::Record,
    registry::{Kind, Node, Outcome, Res, group, list, plain},
};
use std::path::PathBuf;

/// The commands about contexts.
pub(crate) fn node() -> Node {
    group("context", "Choose among the servers of the configuration file")
        .runs(Kind::Plain, choose)
        .alias(&["ctx", "contexts"])
        .with([
            list("list", "List the contexts", all),
            plain("current", "Print the name of the context in use", current),
            plain("set-current", "Use another context from now on", set_current).args(&["context-name"]),
        ])
}

fn file(c: &Call) -> Result<(PathBuf, ConfigFile), CliError> {
    let path = c.app.choice.path(&env)?;
    match ConfigFile::load(&path)? {
        Some(file) => Ok((path, file)),
        None => Err(CliError::failed(format!("{} does not exist: `cdsctl login` makes it", path.display()))),
    }
}

async fn all(c: Call) -> Res {
    let (_, file) = file(&c)?;
    let rows = file.contexts();
    Ok(Outcome::Rows(
        rows.iter().map(|x| Record::new().with_key("context", &x.name).with("host", &x.host)).collect(),
    ))
}

async fn current(c: Call) -> Res {
    let (path, file) = file(&c)?;
    let name = c.app.choice.context_name(&env).unwrap_or_else(|| file.current());
    if name.is_empty() {
        return Err(CliError::failed(format!("{} names no current context", path.display())));
    }
    c.app.say(name);
    Ok(Outcome::Done)
}

async fn set_current(c: Call) -> Res {
    use_context(&c, c.arg("context-name"))
}

fn use_context(c: &Call, name: &str) -> Res {
    let (path, mut file) = file(c)?;
    if file.context(name).is_none() {
        return Err(CliError::failed(format!("context {name} does not exist")));
    }
    file.set_current(name);
    file.save(&path)?;
    Ok(Outcome::Done)
}

async fn choose(c: Call) -> Res {
    let (_, file) = file(&c)?;
    let contexts = file.contexts();
    let current = file.current();
    for (n, x) in contexts.iter().enumerate() {
        let mark = if x.name == current { '*' } else { ' ' };
        c.app.warn(format!("{mark} {}  {}  {}", n + 1, x.name, x.host));
    }
    let answer = c.app.ask("Context to use (number or name)")?;
    let by_number = answer.parse::<usize>().ok().and_then(|n| contexts.get(n.checked_sub(1)?));
    use_context(&c, by_number.map_or(answer.as_str(), |x| x.name.as_str()))
}
