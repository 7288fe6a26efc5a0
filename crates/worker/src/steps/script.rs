//! The Script action (spec 9.5).

use super::Step;
use crate::{
    exec::{self, Spec, describe},
    machine::Outcome,
};
use std::ffi::OsString;

/// The interpreter a script asks for, and the script without its first line.
#[derive(Debug, PartialEq, Eq)]
struct Parsed<'a> {
    program: &'a str,
    options: Vec<&'a str>,
    text: &'a str,
}

fn parse(script: &str) -> Parsed<'_> {
    let Some(rest) = script.strip_prefix("#!") else {
        return Parsed { program: "/bin/sh", options: vec!["-e"], text: script };
    };
    let (line, text) = rest.split_once('\n').unwrap_or((rest, ""));
    // The reference splits at each single blank, so that two in a row make an empty option; a blank behind `#!`
    // alone is taken as what it is meant to be.
    let mut words = line.trim().split(' ');
    let program = words.next().filter(|p| !p.is_empty()).unwrap_or("/bin/sh");
    let mut options: Vec<&str> = words.collect();
    if options.is_empty() && ["sh", "bash", "ksh", "zsh"].iter().any(|shell| program.ends_with(shell)) {
        options.push("-e");
    }
    Parsed { program, options, text }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, program: &str, options: &[&str], text: &str) {
        assert_eq!(parse(script), Parsed { program, options: options.to_vec(), text });
    }

    #[test]
    fn interpreters() {
        check("echo", "/bin/sh", &["-e"], "echo");
        check("#!/bin/bash\necho", "/bin/bash", &["-e"], "echo");
        check("#!/bin/bash -x\necho", "/bin/bash", &["-x"], "echo");
        check("#!/bin/bash \r\necho", "/bin/bash", &["-e"], "echo");
        check("#!/usr/bin/env bash\necho", "/usr/bin/env", &["bash"], "echo");
        check("#!/usr/bin/python3 -u -B\nx\ny", "/usr/bin/python3", &["-u", "-B"], "x\ny");
        check("#!/usr/bin/perl\nx", "/usr/bin/perl", &[], "x");
        check("#!zsh", "zsh", &["-e"], "");
        check("\n#!/bin/bash\n", "/bin/sh", &["-e"], "\n#!/bin/bash\n");
        check("", "/bin/sh", &["-e"], "");
    }
}
