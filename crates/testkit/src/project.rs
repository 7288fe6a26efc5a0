//! A project in a test: push files, run, wait, look.

use crate::{LONG, eventually};
use cds_api::runs::{JobRun, NodeRun, Run, RunStart};
use cds_client::{Client, RunNumber};
use cds_model::Status;
use std::time::Duration;

/// A project and somebody who works on it.
#[derive(Clone, Debug)]
pub struct Project {
    /// Who.
    pub client: Client,
    /// Its key.
    pub key: String,
}

impl Project {
    /// The project as this client sees it.
    pub fn new(client: Client, key: &str) -> Self {
        Self { client, key: key.into() }
    }

    /// Pushes files: one workflow and what it uses. Gives the server's messages.
    pub async fn push(&self, files: &[(&str, &str)]) -> Vec<String> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, text.as_bytes()).expect("a tar");
        }
        let bytes = tar.into_inner().expect("a tar");
        match self.client.push(&self.key, bytes, false).await {
            Ok(answer) => answer.messages,
            Err(error) => panic!("push into {}: {error}", self.key),
        }
    }

    /// A workflow of one node with one pipeline of one job; the script is given line by line.
    pub async fn push_script(&self, name: &str, lines: &[&str]) {
        let script: String = lines.iter().map(|l| format!("    - {}\n", yaml(l))).collect();
        let pipeline =
            format!("version: v1.0\nname: {name}\njobs:\n- job: job\n  steps:\n  - script:\n{script}");
        let workflow = format!("name: {name}\nversion: v2.0\nworkflow:\n  {name}:\n    pipeline: {name}\n");
        self.push(&[(&format!("{name}.pip.yml"), &pipeline), (&format!("{name}.yml"), &workflow)]).await;
    }

    /// Starts a run, or goes on with one.
    pub async fn run(&self, workflow: &str, start: RunStart) -> Run {
        match self.client.run_start(&self.key, workflow, &start, None).await {
            Ok(run) => run,
            Err(error) => panic!("run of {workflow}: {error}"),
        }
    }

    /// A run as it is now.
    pub async fn get(&self, workflow: &str, number: i64) -> Run {
        match self.client.run(&self.key, workflow, RunNumber::Number(number)).await {
            Ok(run) => run,
            Err(error) => panic!("{workflow}#{number}: {error}"),
        }
    }

    /// Waits until the run is as wanted; a failed call is tried again, as the server may be restarting.
    pub async fn when(&self, workflow: &str, number: i64, what: &str, is: impl Fn(&Run) -> bool) -> Run {
        self.when_within(LONG, workflow, number, what, is).await
    }

    /// The same with a limit.
    pub async fn when_within(
        &self,
        limit: Duration,
        workflow: &str,
        number: i64,
        what: &str,
        is: impl Fn(&Run) -> bool,
    ) -> Run {
        let last = std::cell::RefCell::new(String::new());
        let look = || async {
            match self.client.run(&self.key, workflow, RunNumber::Number(number)).await {
                Ok(run) if is(&run) => Some(run),
                Ok(run) => {
                    *last.borrow_mut() = serde_json::to_string_pretty(&run).unwrap_or_default();
                    None
                }
                Err(error) => {
                    *last.borrow_mut() = error.to_string();
                    None
                }
            }
        };
        let waited = tokio::time::timeout(limit, eventually(what, limit * 2, look)).await;
        waited
            .unwrap_or_else(|_| panic!("waited {limit:?} in vain for {what}; last seen:\n{}", last.borrow()))
    }

    /// Waits for the end of a run.
    pub async fn ended(&self, workflow: &str, number: i64) -> Run {
        self.when(workflow, number, "the end of the run", |run| run.brief.status.is_final()).await
    }

    /// Starts a run and waits for its end, which must be a good one.
    pub async fn succeed(&self, workflow: &str, start: RunStart) -> Run {
        let run = self.run(workflow, start).await;
        let run = self.ended(workflow, run.brief.number).await;
        assert_eq!(
            run.brief.status,
            Status::Success,
            "{}",
            serde_json::to_string_pretty(&run).unwrap_or_default()
        );
        run
    }

    /// Text of a step's log: the last attempt of the job in the latest execution of the node.
    pub async fn log(&self, run: &Run, node: &str, job: &str, step: u16) -> String {
        let found = find_job(run, node, job);
        self.attempt_log(found, found.attempts.last().map_or(1, |a| a.attempt), step).await
    }

    /// Text of a step's log in a certain attempt.
    pub async fn attempt_log(&self, job: &JobRun, attempt: u32, step: u16) -> String {
        let download = match self.client.log(job.id, attempt, step).await {
            Ok(download) => download,
            Err(error) => panic!("log of {} {attempt} {step}: {error}", job.id),
        };
        let bytes = download.bytes(64 << 20).await.expect("the whole log");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The latest execution of a node.
///
/// # Panics
/// If it was not run.
pub fn node_run<'a>(run: &'a Run, node: &str) -> &'a NodeRun {
    let latest = run.node_runs.iter().filter(|n| n.node == node).max_by_key(|n| n.sub_number);
    latest.unwrap_or_else(|| {
        let ran: Vec<&str> = run.node_runs.iter().map(|n| n.node.as_str()).collect();
        panic!("{node} was not run, only {ran:?}; infos {:#?}, not run {:#?}", run.infos, run.not_run)
    })
}

/// A job of the latest execution of a node.
///
/// # Panics
/// If there is none of that name.
pub fn find_job<'a>(run: &'a Run, node: &str, job: &str) -> &'a JobRun {
    let found = node_run(run, node).stages.iter().flat_map(|s| &s.jobs).find(|j| j.name == job);
    found.unwrap_or_else(|| panic!("{node} has no job {job}"))
}

/// A line as a YAML string.
fn yaml(line: &str) -> String {
    serde_json::Value::from(line).to_string()
}
