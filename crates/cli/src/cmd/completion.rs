//! `cdsctl completion`.

use crate::{
    call::Call,
    error::CliError,
    registry::{Node, Outcome, Res, plain},
};
use clap_complete::Shell;

/// `cdsctl completion`.
pub(crate) fn node() -> Node {
    plain("completion", "Print a completion script: bash, zsh, fish, powershell or elvish", completion)
        .args(&["shell"])
}

async fn completion(c: Call) -> Res {
    let shell: Shell = c.arg("shell").parse().map_err(|_| CliError::invalid("shell"))?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::command(), crate::NAME, &mut script);
    c.app.print(script);
    Ok(Outcome::Done)
}
