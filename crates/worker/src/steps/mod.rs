//! The built-in actions. Each is a function of a [`Step`]; its error is the reason shown to people.

mod artifact;
mod checkout;
mod coverage;
mod git;
mod git_info;
mod git_tag;
mod junit;
mod script;
mod script_file;
mod semver;
mod shebang;

pub(crate) use artifact::{download, upload};
pub(crate) use git::{safe, with_newline, write_file};
pub(crate) use script_file::{ScriptFile, is_empty_script};

use crate::{exec::Control, job::Job, logs::StepLog, machine::Outcome};
use cds_api::worker::AssignedStep;
use indexmap::IndexMap;
use tokio_util::sync::CancellationToken;

/// A step that runs.
pub(crate) struct Step<'a> {
    /// Its job.
    pub job: &'a Job,
    /// Which one of it, from 0.
    pub number: u16,
    /// Its log.
    pub log: &'a StepLog,
    /// Ends it.
    pub kill: &'a CancellationToken,
    /// Interpolated parameters.
    pub parameters: IndexMap<String, String>,
}

impl Step<'_> {
    /// A parameter, or nothing.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }
    /// For starting processes.
    pub fn control(&self) -> Control<'_> {
        self.job.control(self.kill)
    }
    /// Does something that is no process, unless the step is ended.
    pub async fn unless_killed<T>(&self, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
        tokio::select! {
            result = work => result,
            () = self.kill.cancelled() => Err("CDS Worker execution canceled".into()),
        }
    }
}

/// The name in the first and last line of a step's log.
pub(crate) fn shown_name(step: &AssignedStep) -> &str {
    if step.name.is_empty() { &step.action } else { &step.name }
}

/// Runs step `index` of a job, from its first log line to its result. The last line is the caller's.
pub(crate) async fn run(job: &Job, index: usize, log: &StepLog, kill: &CancellationToken) -> Outcome {
    let Some(assigned) = job.assignment.steps.get(index) else {
        return Outcome::fail("there is no such step");
    };
    log.line(&format!("Starting step \"{}\"", shown_name(assigned)));
    let parameters = job.vars().step_parameters(assigned, &|name| job.own_variable(name));
    let parameters = match parameters {
        Ok(parameters) => parameters,
        Err(why) => return Outcome::fail(why),
    };
    let step = Step { job, number: index as u16, log, kill, parameters };
    let result = match assigned.action.to_ascii_lowercase().as_str() {
        "script" => return script::run(&step).await,
        "checkoutapplication" => checkout::checkout_application(&step).await,
        "gitclone" => checkout::git_clone(&step).await,
        "gittag" => git_tag::run(&step).await,
        "artifact upload" => artifact::run_upload(&step).await,
        "artifact download" => artifact::run_download(&step).await,
        "junit" => junit::run(&step).await,
        "coverage" => coverage::run(&step).await,
        _ => Err(format!(
            "action \"{}\" is not available in this version of the worker; \
             replace it by a script step, or disable the step",
            assigned.action
        )),
    };
    match result {
        Ok(()) => Outcome::success(),
        Err(why) => Outcome::fail(why),
    }
}
