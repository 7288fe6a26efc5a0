//! A run line by line: what has changed since the last look.

use super::{failure, latest};
use crate::live::{duration, lasted};
use cds_api::{
    queue::WaitReason,
    runs::{JobRun, Run},
};
use cds_model::Status;
use std::collections::HashMap;

/// Remembers what has been said about a run.
#[derive(Debug, Default)]
pub struct Progress {
    said: HashMap<String, String>,
    infos: usize,
}

impl Progress {
    /// Nothing has been said yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lines about what is new, in order; `now_ms` is the time of day, epoch milliseconds.
    pub fn update(&mut self, run: &Run, now_ms: i64) -> Vec<String> {
        let mut lines = Vec::new();
        for info in run.infos.iter().skip(self.infos).filter(|i| i.level != "Info") {
            lines.push(format!("{}: {}", info.level.to_lowercase(), info.text));
        }
        self.infos = run.infos.len();
        for node in latest(run) {
            let many = node.stages.len() > 1;
            for (i, stage) in node.stages.iter().enumerate() {
                let place = match (many, stage.name.as_str()) {
                    (false, _) => node.node.clone(),
                    (true, "") => format!("{} / stage {}", node.node, i + 1),
                    (true, name) => format!("{} / {name}", node.node),
                };
                if stage.jobs.is_empty() || matches!(stage.status, Status::Skipped | Status::Disabled) {
                    self.say(&mut lines, format!("s{}.{i}", node.id), place.clone(), stage_words(stage));
                }
                for job in &stage.jobs {
                    let (key, what) = (format!("j{}", job.id), format!("{place} / {}", job.name));
                    match job.status {
                        Status::Waiting | Status::Pending => {
                            self.say_wait(&mut lines, key, what, job.waits.as_ref());
                        }
                        _ => self.say(&mut lines, key, what, job_words(job, now_ms)),
                    }
                }
            }
            let waits = node.waits.as_ref();
            let ended = node.status.is_final().then(|| {
                let took = lasted(Some(&node.start), node.done.as_deref(), now_ms);
                format!("{}  {took}", node.status).trim_end().to_string()
            });
            let sub = if node.sub_number > 0 { format!(" .{}", node.sub_number) } else { String::new() };
            let name = format!("{}{sub}", node.node);
            let key = format!("n{}", node.id);
            match waits {
                Some(why) => self.say_wait(&mut lines, key, name, Some(why)),
                None => self.say(&mut lines, key, name, ended.unwrap_or_default()),
            }
        }
        for not in &run.not_run {
            let why = if not.why.is_empty() { String::new() } else { format!(": {}", not.why.join("; ")) };
            let key = format!("x{}.{}", not.node, not.sub_number);
            self.say(&mut lines, key, not.node.clone(), format!("not run{why}"));
        }
        lines
    }

    fn say(&mut self, lines: &mut Vec<String>, key: String, what: String, words: String) {
        if words.is_empty() || self.said.get(&key) == Some(&words) {
            return;
        }
        lines.push(format!("{what}  {words}"));
        self.said.insert(key, words);
    }

    /// Says why something waits, once for each kind of reason: places in a queue and seconds change all the time.
    fn say_wait(&mut self, lines: &mut Vec<String>, key: String, what: String, why: Option<&WaitReason>) {
        let kind = format!("Waiting: {}", why.map_or("", |w| w.code.as_str()));
        if self.said.get(&key) != Some(&kind) {
            lines.push(match why {
                Some(why) => format!("{what}  Waiting: {}", why.text),
                None => format!("{what}  Waiting"),
            });
            self.said.insert(key, kind);
        }
    }
}

fn stage_words(stage: &cds_api::runs::StageRun) -> String {
    if !stage.status.is_final() {
        return String::new();
    }
    if stage.why.is_empty() {
        stage.status.to_string()
    } else {
        format!("{}: {}", stage.status, stage.why.join("; "))
    }
}

fn job_words(job: &JobRun, now_ms: i64) -> String {
    match job.status {
        Status::NotReached | Status::Waiting | Status::Pending => String::new(),
        Status::Building => match job.attempts.last() {
            Some(a) if a.attempt > 1 => format!("Building on {}, attempt {}", a.worker, a.attempt),
            Some(a) if !a.worker.is_empty() => format!("Building on {}", a.worker),
            _ => "Building".to_string(),
        },
        ended => {
            let took = lasted(job.start.as_deref(), job.done.as_deref(), now_ms);
            let why = if ended == Status::Fail { failure(job) } else { String::new() };
            let parts = [ended.to_string(), took, why];
            parts.iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join("  ")
        }
    }
}

/// The last line about a run that has ended: its name, status and duration.
pub fn ended(run: &Run) -> String {
    let took = run.brief.duration_ms.map(|ms| format!(" after {}", duration(ms))).unwrap_or_default();
    format!("{} #{}: {}{took}", run.brief.workflow_name, run.brief.number, run.brief.status)
}
