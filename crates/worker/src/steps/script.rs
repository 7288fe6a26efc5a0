//! The Script action (spec 9.5).

use super::{Step, shebang::parse};
use crate::{
    exec::{self, Spec, describe},
    machine::Outcome,
};
use std::ffi::OsString;

/// Runs the step.
pub(super) async fn run(step: &Step<'_>) -> Outcome {
    let script = parse(step.parameter("script"));
    if script.text.trim().is_empty() {
        return Outcome::success();
    }
    let file = match step.job.script.write(&step.job.root, script.text) {
        Ok(file) => file,
        Err(e) => return Outcome::fail(format!("cannot write the script file: {e}")),
    };
    let environment = step.job.environment();
    for name in &environment.dropped {
        step.log.line(&format!(
            "warning: variable {name} is too long for the environment of a process and was left out of it"
        ));
    }
    let mut args: Vec<OsString> = script.options.iter().map(OsString::from).collect();
    args.push(file.clone().into());
    let spec = Spec {
        program: script.program.as_ref(),
        args: &args,
        dir: &step.job.workspace,
        env: &environment.vars,
    };
    match exec::run(&spec, step.log, &step.control()).await {
        Err(_) if !step.job.workspace.is_dir() => Outcome::fail(
            "unable to start command: the workspace is gone; a step must not remove the directory it starts in",
        ),
        Err(e) => Outcome::fail(format!("unable to start command: {}: {e}", script.program)),
        Ok(status) if status.success() => {
            step.job.script.done(file);
            Outcome { exit_code: Some(0), ..Outcome::success() }
        }
        Ok(status) => Outcome {
            ok: false,
            exit_code: status.code(),
            reason: Some(format!("command failure: {}", describe(status))),
        },
    }
}
