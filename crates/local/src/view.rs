//! What the user sees of a run: a tree that is drawn anew on a terminal, lines elsewhere, or JSON.

use crate::Options;
use cds_api::runs::{JobRun, Run, StepRun};
use cds_cli::live::{Progress, Screen, View as Look, ended, failure, harmless, jobs, telling_step, tree};
use cds_client::Client;
use cds_model::{Clock, JobRef, Status, WallClock};
use serde_json::json;
use std::{
    collections::HashSet,
    io::{IsTerminal, Write},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// Lines of the log of a failed step.
const FAILED_TAIL: u64 = 200;

/// From one look at the workers to the next.
const LOOK: Duration = Duration::from_millis(50);

/// What stopped jobs get to tidy up and say so; it is longer than their grace.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Remembers what has been shown.
pub(crate) struct View {
    json: bool,
    logs: bool,
    live: bool,
    colour: bool,
    lines: Progress,
    picture: Screen,
    /// Jobs whose logs were shown.
    told: HashSet<String>,
}

/// Prints a line; whoever has stopped reading is no reason to stop.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Waits until no worker has a stopped job any more: it then says no more, and what it has said is known.
async fn let_go(client: &Client, job: JobRef) {
    let job = job.to_string();
    while client.workers().await.is_ok_and(|all| all.iter().any(|w| w.job.as_ref() == Some(&job))) {
        sleep(LOOK).await;
    }
}

impl View {
    pub fn new(options: &Options) -> Self {
        let terminal =
            std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
        Self {
            json: options.json,
            logs: options.logs,
            live: !options.json && terminal,
            colour: std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
            lines: Progress::new(),
            picture: Screen::default(),
            told: HashSet::new(),
        }
    }

    /// Says something beside the run: on standard error if what is printed is for programs.
    pub fn say(&mut self, line: &str) {
        if self.json {
            let _ = writeln!(std::io::stderr(), "{line}");
        } else if self.live {
            self.picture.above(&format!("{line}\n"));
        } else {
            print(line);
        }
    }

    /// An event, as the server sent it.
    pub fn event(&self, data: &str) {
        if self.json {
            print(&format!("{{\"event\":{data}}}"));
        }
    }

    /// The run as it is now, and the logs of what has ended, if they are wanted.
    pub async fn run(&mut self, client: &Client, run: &Run) {
        let now_ms = WallClock.now().ms();
        if !self.live && !self.json {
            self.lines.update(run, now_ms).iter().for_each(|line| print(line));
        }
        if self.logs {
            let limit = Instant::now() + LAST_WORDS;
            for (node, _, job) in jobs(run).filter(|(.., job)| job.status.is_final()) {
                if self.told.insert(format!("{} {}", job.id, job.attempts.len())) {
                    // It counts as stopped as soon as it is asked to end, when not all of its steps may be known.
                    if job.status == Status::Stopped {
                        let _ = timeout_at(limit, let_go(client, job.id)).await;
                        let brief = &run.brief;
                        let now =
                            client.run(&brief.project_key, &brief.workflow_name, brief.number.into()).await;
                        let same = now.iter().flat_map(jobs).find(|(.., j)| j.id == job.id);
                        self.log(client, node, same.map_or(job, |(.., j)| j)).await;
                    } else {
                        self.log(client, node, job).await;
                    }
                }
            }
        }
        if self.live {
            self.picture.draw(&tree(run, Look { colour: self.colour, now_ms }));
        }
    }

    /// The run at its end, and what failed.
    ///
    /// `stopped`: by whoever looks at it, who does not ask what was at work then.
    pub async fn end(&mut self, client: &Client, run: &Run, stopped: bool) {
        if self.live {
            // Whole, even where the terminal is too low for it; it stays, and what is said from here on comes below it.
            let now_ms = WallClock.now().ms();
            self.picture.above(&tree(run, Look { colour: self.colour, now_ms }));
        }
        if self.json {
            return print(&json!({ "run": run }).to_string());
        }
        // What was at work when a limit of the run came is as good a clue as what failed.
        let cut_off = |job: &JobRun| job.status == Status::Stopped && !stopped && !job.attempts.is_empty();
        for (node, _, job) in jobs(run).filter(|(.., job)| job.status == Status::Fail || cut_off(job)) {
            print(&format!("── {node} / {}: {}", job.name, failure(job)));
            let Some((attempt, step)) = telling_step(job).filter(|_| !self.logs) else { continue };
            let first = -i64::try_from(FAILED_TAIL).unwrap_or(i64::MAX);
            if let Ok(log) = client.log_lines(job.id, attempt, step.step, first, FAILED_TAIL).await {
                log.lines.iter().for_each(|line| print(&format!("   {}", harmless(&line.text))));
            }
        }
        if !self.live {
            print(&ended(run));
        }
    }

    /// Everything that the last attempt of a job printed.
    async fn log(&mut self, client: &Client, node: &str, job: &JobRun) {
        let Some(attempt) = job.attempts.last() else { return };
        // Of one that was stopped as a step began, what it printed may be all that was heard of that step.
        let began = |step: &StepRun| step.start.is_some();
        for step in attempt.steps.iter().filter(|step| began(step) || job.status == Status::Stopped) {
            let Ok(mut log) = client.log(job.id, attempt.attempt, step.step).await else { continue };
            let mut bytes = Vec::new();
            while let Ok(Some(piece)) = log.chunk().await {
                bytes.extend_from_slice(&piece);
            }
            if began(step) || !bytes.is_empty() {
                self.step(node, job, step, &String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn step(&mut self, node: &str, job: &JobRun, step: &StepRun, text: &str) {
        if self.json {
            let about = json!({ "node": node, "job": job.name, "step": step.step, "text": text });
            return print(&json!({ "log": about }).to_string());
        }
        let mut all =
            format!("── {node} / {} · step {} {}", job.name, step.step + 1, step.name).trim_end().to_string();
        // A terminal must not be led astray; whoever reads a file wants the bytes as they are.
        let shown = |line: &str| if self.live { harmless(line) } else { line.to_string() };
        text.lines().for_each(|line| all.push_str(&format!("\n   {}", shown(line))));
        self.say(&all);
    }
}
