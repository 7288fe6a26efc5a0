//! What must hold after the storm.

use super::{
    follower::{LogName, Seen},
    load::{JOBS, LINES, WORKFLOW},
    probe::Acked,
};
use cds_api::runs::{AttemptRun, JobRun, LogFile, Run};
use cds_blobs::{LogKey, LogStore, LogStream};
use cds_model::{Attempt, JobRef, Status};
use cds_testkit::{Project, SHORT, eventually, within};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Everything that is wrong.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    fn wrong(&mut self, what: impl Into<String>) {
        self.0.push(what.into());
    }

    fn unless(&mut self, good: bool, what: impl FnOnce() -> String) {
        if !good {
            self.0.push(what());
        }
    }
}

/// Each start made one run, each run ended well, each job has one attempt that did.
pub async fn runs(faults: &mut Faults, project: &Project, started: &BTreeMap<String, i64>) -> Vec<Run> {
    let numbers: BTreeSet<i64> = started.values().copied().collect();
    faults.unless(numbers.len() == started.len(), || format!("starts share runs: {started:?}"));
    let query = cds_client::RunQuery { limit: Some(100), ..Default::default() };
    let listed = project.client.runs(&project.key, WORKFLOW, &query).await.expect("the runs");
    let listed: BTreeSet<i64> = listed.iter().map(|run| run.number).collect();
    faults.unless(listed == numbers, || format!("started were {numbers:?}, there are {listed:?}"));
    let mut all = Vec::new();
    for number in numbers {
        let run = project.get(WORKFLOW, number).await;
        faults.unless(run.brief.status == Status::Success, || {
            format!("#{number} is {}: {}", run.brief.status, text(&run))
        });
        let jobs = jobs(&run).count();
        faults.unless(jobs == JOBS, || format!("#{number} has {jobs} jobs: {}", text(&run)));
        for job in self::jobs(&run) {
            let good = job.attempts.iter().filter(|a| a.status == Status::Success).count();
            let last = job.attempts.last().map(|a| a.status);
            faults.unless(good == 1 && last == Some(Status::Success), || {
                format!("#{number}: attempts of {job:#?}")
            });
            for attempt in &job.attempts {
                faults.unless(attempt.status.is_final(), || {
                    format!("#{number}: {attempt:#?} of {} has not ended", job.id)
                });
            }
        }
        all.push(run);
    }
    all
}

/// Every job of a run.
pub fn jobs(run: &Run) -> impl Iterator<Item = &JobRun> {
    run.node_runs.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs)
}

fn text(run: &Run) -> String {
    serde_json::to_string_pretty(run).unwrap_or_default()
}

/// Each log is complete, was seen live as it is stored, and its lines are numbered without a gap or a repetition.
/// Gives the SHA-256 of each.
pub async fn logs(
    faults: &mut Faults,
    project: &Project,
    runs: &[Run],
    seen: impl Fn() -> BTreeMap<LogName, Seen>,
    acked: &[Acked],
) -> BTreeMap<LogName, String> {
    let mut hashes = BTreeMap::new();
    for run in runs {
        let number = run.brief.number;
        let files = complete(faults, project, run).await;
        for file in &files {
            let name = (file.job, file.attempt, file.step);
            let bytes = within("a log", SHORT, async {
                let log = project.client.log(file.job, file.attempt, file.step).await.expect("a log");
                log.bytes(64 << 20).await.expect("the whole log")
            })
            .await;
            faults
                .unless(bytes.len() as u64 == file.length, || format!("{file:?} has {} bytes", bytes.len()));
            // Whoever follows it has been told of the end, or will be at once.
            let limit = SHORT;
            let told = tokio::time::timeout(limit, async {
                while seen().get(&name).is_some_and(|seen| !seen.ended && seen.faults.is_empty()) {
                    tokio::time::sleep(super::PAUSE).await;
                }
            });
            faults.unless(told.await.is_ok(), || {
                format!("{file:?}: no end came to its reader within {limit:?}")
            });
            if let Some(seen) = seen().get(&name) {
                for fault in &seen.faults {
                    faults.wrong(format!("{file:?}, live: {fault}"));
                }
                faults.unless(seen.bytes == bytes, || {
                    format!(
                        "{file:?}: {} bytes were seen live, {} are stored, or they differ",
                        seen.bytes.len(),
                        bytes.len()
                    )
                });
            }
            hashes.insert(name, hex::encode(Sha256::digest(&bytes)));
            if let Some(job) = jobs(run).find(|job| job.id == file.job)
                && let Some(attempt) = job.attempts.iter().find(|a| a.attempt == file.attempt)
            {
                match acked.iter().find(|a| a.job == file.job && a.attempt == file.attempt) {
                    Some(acked) => acknowledged(faults, acked, &bytes),
                    None => lines(faults, job, attempt, file.step, &bytes),
                }
            }
        }
        for job in jobs(run).filter(|job| job.name != "probe") {
            let ended = job.attempts.iter().filter(|a| a.status == Status::Success);
            for (attempt, step) in ended.flat_map(|a| [(a.attempt, 0), (a.attempt, 1)]) {
                let there = files.iter().any(|f| f.job == job.id && f.attempt == attempt && f.step == step);
                faults.unless(there, || format!("#{number}: {} {attempt} has no log of step {step}", job.id));
            }
        }
    }
    for acked in acked {
        for fault in &acked.faults {
            faults.wrong(format!("the probe's {} {}: {fault}", acked.job, acked.attempt));
        }
        let known = hashes.contains_key(&(acked.job, acked.attempt, 0)) || acked.length == 0;
        faults.unless(known, || {
            format!(
                "{} {}: {} bytes were acknowledged, there is no log",
                acked.job, acked.attempt, acked.length
            )
        });
    }
    hashes
}

/// The logs of a run, once all are complete.
async fn complete(faults: &mut Faults, project: &Project, run: &Run) -> Vec<LogFile> {
    let (workflow, number) = (&run.brief.workflow_name, run.brief.number);
    let list = || async {
        project.client.run_logs(&project.key, workflow, number.into()).await.expect("the logs of a run")
    };
    let all = tokio::time::timeout(
        SHORT,
        eventually("complete logs", SHORT * 2, || async {
            let files = list().await;
            files.iter().all(|f| f.complete).then_some(files)
        }),
    );
    match all.await {
        Ok(files) => files,
        Err(_) => {
            let files = list().await;
            let open: Vec<_> = files.iter().filter(|f| !f.complete).collect();
            faults.wrong(format!("#{number}: logs are not complete {SHORT:?} after the end: {open:?}"));
            files
        }
    }
}

fn lines(faults: &mut Faults, job: &JobRun, attempt: &AttemptRun, step: u16, bytes: &[u8]) {
    let name = format!("{}.{}", job.id, attempt.attempt);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return faults.wrong(format!("{name}, step {step}: not UTF-8"));
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let numbers: Vec<Option<u64>> = whole
        .lines()
        .filter(|line| line.contains(" line "))
        .map(|line| line.strip_prefix(&name)?.strip_prefix(" line ")?.strip_suffix(" – é")?.parse().ok())
        .collect();
    let all: Vec<Option<u64>> = LINES[usize::from(step)].clone().map(Some).collect();
    let good = match attempt.status {
        Status::Success => numbers == all,
        _ => all.starts_with(&numbers),
    };
    faults.unless(good, || format!("{name}, step {step}, {}: lines {numbers:?} in\n{text}", attempt.status));
}

fn acknowledged(faults: &mut Faults, acked: &Acked, bytes: &[u8]) {
    let (name, written) = (format!("{} {}", acked.job, acked.attempt), acked.written.as_bytes());
    faults.unless(bytes.starts_with(&written[..acked.length]), || {
        format!(
            "the probe's {name}: {} bytes were acknowledged, {} are stored, or they differ",
            acked.length,
            bytes.len()
        )
    });
    faults.unless(written.starts_with(bytes), || {
        format!("the probe's {name}: bytes are stored that were never sent")
    });
    faults.unless(!acked.ended || bytes.len() == written.len(), || {
        format!("the probe's {name} ended with {} of {} bytes", bytes.len(), written.len())
    });
}

/// What the steps themselves have written down.
pub fn ledger(faults: &mut Faults, dir: &Path, runs: &[Run]) {
    for line in std::fs::read_to_string(dir.join("faults")).unwrap_or_default().lines() {
        faults.wrong(line);
    }
    let text = std::fs::read_to_string(dir.join("ledger")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let mut once = BTreeSet::new();
    for line in &lines {
        faults.unless(once.insert(*line), || format!("twice: {line}"));
    }
    for job in runs.iter().flat_map(jobs).filter(|job| job.name != "probe") {
        for attempt in job.attempts.iter().filter(|a| a.status == Status::Success) {
            for what in ["begins", "ends"] {
                let line = format!("{}.{} {what}", job.id, attempt.attempt);
                faults.unless(once.contains(line.as_str()), || format!("missing: {line}"));
            }
        }
    }
}

/// With the servers stopped: the chain of each log leads to the bytes that were read.
pub fn chains(faults: &mut Faults, data: &[PathBuf], hashes: &BTreeMap<LogName, String>) {
    let open =
        |data: &PathBuf| LogStore::open(data.join("logs")).expect("the logs of a server that has ended");
    let stores: Vec<LogStore> = data.iter().map(open).collect();
    for ((job, attempt, step), hash) in hashes {
        let JobRef { run, job } = *job;
        let key = LogKey { run, job, attempt: Attempt(*attempt), step: LogStream::Step(*step) };
        // On the disk of the server that took it in.
        let found = stores.iter().map(|store| store.state(&key)).find(|state| !matches!(state, Ok(None)));
        match found {
            Some(Ok(Some(state))) => faults.unless(state.sealed && state.chain_hash == *hash, || {
                format!("{key}: SHA-256 of what was read is {hash}, the store says {state:?}")
            }),
            other => faults.wrong(format!("{key}: {other:?}")),
        }
    }
}
