//! What the journal holds: for each log, where its records lie.

use super::{
    super::{LogKey, LogStream},
    segment::Place,
};
use cds_model::{Attempt, JobNo, RunId};
use std::collections::{BTreeMap, HashMap};

/// A log in the journal.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// The records of its bytes, in order. Never empty: a log of no bytes has a record of no bytes.
    pub bytes: Vec<Place>,
    /// Bytes.
    pub length: u64,
    /// The record that says that it is complete.
    pub seal: Option<Place>,
}

impl Held {
    /// All records of the log.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.bytes.iter().chain(&self.seal).copied()
    }
}

type Name = (JobNo, Attempt, LogStream);

/// All of them, by run, since runs are packed and deleted as a whole.
#[derive(Default)]
pub struct Logs {
    runs: HashMap<RunId, BTreeMap<Name, Held>>,
    count: usize,
}

fn name(key: &LogKey) -> Name {
    (key.job, key.attempt, key.step.clone())
}

fn key(run: RunId, name: &Name) -> LogKey {
    LogKey { run, job: name.0, attempt: name.1, step: name.2.clone() }
}

impl Logs {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    pub fn get(&self, key: &LogKey) -> Option<&Held> {
        self.runs.get(&key.run)?.get(&name(key))
    }

    pub fn get_mut(&mut self, key: &LogKey) -> Option<&mut Held> {
        self.runs.get_mut(&key.run)?.get_mut(&name(key))
    }

    /// Takes in a log that was not there.
    pub fn begin(&mut self, key: &LogKey, held: Held) {
        if self.runs.entry(key.run).or_default().insert(name(key), held).is_none() {
            self.count += 1;
        }
    }

    /// Takes a log out.
    pub fn remove(&mut self, key: &LogKey) -> Option<Held> {
        let run = self.runs.get_mut(&key.run)?;
        let held = run.remove(&name(key))?;
        self.count -= 1;
        if run.is_empty() {
            self.runs.remove(&key.run);
        }
        Some(held)
    }

    /// Takes all logs of a run out.
    pub fn remove_run(&mut self, run: RunId) -> Vec<Held> {
        let held: Vec<Held> = self.runs.remove(&run).unwrap_or_default().into_values().collect();
        self.count -= held.len();
        held
    }

    /// The logs of a run, in order, and whether they are complete.
    pub fn of_run(&self, run: RunId) -> impl Iterator<Item = (LogKey, bool)> + '_ {
        let logs = self.runs.get(&run);
        logs.into_iter().flatten().map(move |(name, held)| (key(run, name), held.seal.is_some()))
    }

    /// The logs of one attempt.
    pub fn of_attempt(&self, run: RunId, job: JobNo, attempt: Attempt) -> Vec<LogStream> {
        // Steps come first, so this is the first name that an attempt can have.
        let first = (job, attempt, LogStream::Step(0));
        let logs = self.runs.get(&run).map(|logs| logs.range(first..));
        let own = logs.into_iter().flatten().take_while(|((j, a, _), _)| (*j, *a) == (job, attempt));
        own.map(|((_, _, stream), _)| stream.clone()).collect()
    }

    /// The logs that have a record in `segment`, and whether they are complete.
    pub fn of_segment(&self, segment: u32) -> Vec<(LogKey, bool)> {
        let mut found = Vec::new();
        for (run, logs) in &self.runs {
            for (name, held) in logs {
                if held.places().any(|p| p.segment == segment) {
                    found.push((key(*run, name), held.seal.is_some()));
                }
            }
        }
        found
    }
}
