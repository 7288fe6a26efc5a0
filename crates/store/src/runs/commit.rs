//! A step of a run as rows, and how it is written. Everything of it is committed, or nothing.

use crate::{
    error::{Error, Result, to_json},
    idempotency::Once,
    sql::sql,
    tx::Tx,
    vals,
    wake::Wake,
};
use cds_model::{
    Attempt, JobNo, JobRef, NodeRunNo, ProjectId, RunId, Status, Timestamp, WorkerId, WorkflowId,
};

/// A step of a run: its new state and what follows from it.
#[derive(Clone, Debug)]
pub struct RunCommit {
    /// Which run.
    pub run: RunId,
    /// The version the step was made from; 0 makes the run. The version after it is one more.
    pub expect: i64,
    /// What never changes, for the first step.
    pub create: Option<NewRun>,
    /// The request that the step carries out. The same one in the same workflow gives [`CommitError::Repeated`] with
    /// the run it was for; another one with its key, [`CommitError::KeyReused`].
    pub once: Option<Once>,
    /// Of which workflow; tags and versions are kept by it.
    pub workflow: WorkflowId,
    /// Status of the run.
    pub status: Status,
    /// Highest sub-number.
    pub sub: u32,
    /// Nodes that only a person keeps waiting.
    pub gates: u32,
    /// For how long a worker had a job of it, up to `last_execution`, milliseconds.
    pub work: i64,
    /// `cds.version` once set, else empty.
    pub label: String,
    /// JSON of the head.
    pub head: String,
    /// Hash of the snapshot (a resync changes it).
    pub spec_hash: String,
    /// When something last happened.
    pub last_execution: Timestamp,
    /// Node runs that were touched.
    pub nodes: Vec<NodeRow>,
    /// Attempts to be queued.
    pub queue_add: Vec<QueueRow>,
    /// Attempts taken by workers.
    pub queue_lease: Vec<QueueLease>,
    /// Attempts that are over.
    pub queue_remove: Vec<(JobNo, Attempt)>,
    /// Attempts to be stopped: taken out if nobody has them, else marked for their worker.
    pub cancel: Vec<(JobNo, Attempt)>,
    /// Mutexes asked for.
    pub slots_request: Vec<SlotRow>,
    /// Mutexes given back, or requests withdrawn.
    pub slots_release: Vec<SlotRow>,
    /// Timers to set, by the JSON text of their key.
    pub timers: Vec<(String, Timestamp)>,
    /// All tags of the run, if they changed.
    pub tags: Option<Vec<(String, String)>>,
    /// Claims this version for the run; fails if another run of the workflow has it.
    pub version_claim: Option<String>,
    /// JSON of an event to be stored and told.
    pub event: Option<String>,
}

/// What never changes of a run.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Project.
    pub project: ProjectId,
    /// Number in the workflow.
    pub number: i64,
    /// When it was made.
    pub created: Timestamp,
    /// Who or what started it, for lists.
    pub triggered_by: String,
}

/// A touched node run.
#[derive(Clone, Debug)]
pub struct NodeRow {
    /// Its ordinal.
    pub no: NodeRunNo,
    /// JSON without the parameters.
    pub json: String,
    /// JSON of the parameters, if they changed.
    pub params: Option<String>,
}

/// An attempt to be queued.
#[derive(Clone, Debug)]
pub struct QueueRow {
    /// Which job.
    pub job: JobNo,
    /// Which attempt.
    pub attempt: Attempt,
    /// Project.
    pub project: ProjectId,
    /// Run number, for people.
    pub number: i64,
    /// Node name, for people.
    pub node: String,
    /// Job name, for people.
    pub name: String,
    /// JSON list.
    pub requirements: String,
    /// JSON list of group names.
    pub groups: String,
    /// Region wanted; empty = none.
    pub region: String,
    /// Higher goes first.
    pub priority: i64,
    /// Who started the run.
    pub triggered_by: String,
    /// Since when.
    pub queued: Timestamp,
}

/// An attempt taken by a worker.
#[derive(Clone, Debug)]
pub struct QueueLease {
    /// Which job.
    pub job: JobNo,
    /// Which attempt.
    pub attempt: Attempt,
    /// By whom.
    pub worker: WorkerId,
    /// Until when, unless extended.
    pub until: Timestamp,
    /// The number of the take that it answers: one that was answered before refuses the step. `None` = its worker does
    /// not count.
    pub take: Option<i64>,
}

/// A mutex and who wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRow {
    /// Workflow id as text; empty if the run has none.
    pub workflow: String,
    /// Node name.
    pub node: String,
    /// Which node run of this run.
    pub node_run: NodeRunNo,
    /// Run number; the lowest is served first.
    pub number: i64,
}

/// What was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Version of the run now.
    pub version: i64,
    /// Id of the event, if there was one.
    pub event: Option<i64>,
}

/// Why a step was not committed. Nothing of it is in the database.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The run has another version (or is there already, or is gone): load again, apply again.
    #[error("the run has changed meanwhile")]
    Conflict,
    /// The run is parked, because its rows can't be read.
    #[error("the run is parked: {0}")]
    Parked(String),
    /// Another run of the workflow has this version (spec 6.4).
    #[error("version '{0}' is used by another run of the workflow")]
    VersionTaken(String),
    /// The idempotency key was used before; this run answers it.
    #[error("run {0} was already made for this request")]
    Repeated(RunId),
    /// The idempotency key was used before, for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A take of this worker with this number or a later one was answered before, or the worker is gone.
    #[error("worker {0} has been answered already")]
    OldTake(WorkerId),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] Error),
}

sql! {
    IDEMPOTENT = "INSERT INTO idempotency (scope, key, run, created, digest) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, key) DO NOTHING";
    IDEMPOTENT_RUN = "SELECT run, digest FROM idempotency WHERE scope = $1 AND key = $2";
    INSERT = "INSERT INTO run (id, workflow, project, number, version, status, final, sub, label, triggered_by, tags, spec_hash, head, created, last_execution, gates, work) VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, '[]', $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING";
    UPDATE = "UPDATE run SET version = version + 1, status = $3, final = $4, sub = $5, label = $6, spec_hash = $7, head = $8, last_execution = $9, gates = $10, work = $11 WHERE id = $1 AND version = $2 AND parked IS NULL";
    PARKED = "SELECT parked FROM run WHERE id = $1 AND version = $2 AND parked IS NOT NULL";
    CLAIM = "INSERT INTO run_version (workflow, version, run) VALUES ($1, $2, $3) ON CONFLICT (workflow, version) DO UPDATE SET version = excluded.version WHERE run_version.run = excluded.run";
    NODE = "INSERT INTO run_node (run, no, data, params) VALUES ($1, $2, $3, $4) ON CONFLICT (run, no) DO UPDATE SET data = excluded.data, params = excluded.params";
    NODE_DATA = "INSERT INTO run_node (run, no, data, params) VALUES ($1, $2, $3, '') ON CONFLICT (run, no) DO UPDATE SET data = excluded.data";
    // A row that is there says the same, or can't be read: then what it says is mended. Who has the job is another matter.
    QUEUE_ADD = "INSERT INTO queue (run, job, attempt, project, workflow, number, node, name, requirements, groups, region, priority, triggered_by, queued, cancelled) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0) ON CONFLICT (run, job, attempt) DO UPDATE SET project = excluded.project, workflow = excluded.workflow, number = excluded.number, node = excluded.node, name = excluded.name, requirements = excluded.requirements, groups = excluded.groups, region = excluded.region, priority = excluded.priority, triggered_by = excluded.triggered_by, queued = excluded.queued";
    QUEUE_LEASE = "UPDATE queue SET worker = $4, lease_until = $5 WHERE run = $1 AND job = $2 AND attempt = $3";
    TAKE = "UPDATE worker SET take = $2, take_job = $3, take_attempt = $4 WHERE id = $1 AND take < $2";
    QUEUE_REMOVE = "DELETE FROM queue WHERE run = $1 AND job = $2 AND attempt = $3";
    CANCEL_WAITING = "DELETE FROM queue WHERE run = $1 AND job = $2 AND attempt = $3 AND worker IS NULL";
    CANCEL_TAKEN = "UPDATE queue SET cancelled = 1 WHERE run = $1 AND job = $2 AND attempt = $3";
    SLOT_RELEASE = "DELETE FROM slot WHERE workflow = $1 AND node = $2 AND run = $3 AND node_run = $4";
    SLOT_REQUEST = "INSERT INTO slot (workflow, node, run, node_run, number, held, since) VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (workflow, node, run, node_run) DO NOTHING";
    TIMER = "INSERT INTO timer (run, key, at) VALUES ($1, $2, $3) ON CONFLICT (run, key) DO UPDATE SET at = excluded.at";
    TAGS = "UPDATE run SET tags = $2 WHERE id = $1";
    TAGS_CLEAR = "DELETE FROM run_tag WHERE run = $1";
    TAG = "INSERT INTO run_tag (run, tag, value, workflow) VALUES ($1, $2, $3, $4) ON CONFLICT (run, tag, value) DO NOTHING";
}

/// Writes one step row by row: every step on SQLite; on PostgreSQL those that could not go with a batch.
pub(crate) fn commit_one(tx: &mut Tx<'_>, c: &RunCommit) -> Result<Committed, CommitError> {
    let run = c.run;
    if let Some(once) = &c.once
        && tx.execute(
            IDEMPOTENT,
            vals![c.workflow, once.key.as_str(), run, c.last_execution, once.digest.as_str()],
        )? == 0
    {
        let row = tx.query_one(IDEMPOTENT_RUN, vals![c.workflow, once.key.as_str()])?;
        let same = once.is(row.text(1)?);
        return Err(if same { CommitError::Repeated(row.get(0)?) } else { CommitError::KeyReused });
    }
    if let Some(new) = &c.create {
        let created = tx.execute(
            INSERT,
            vals![
                run,
                c.workflow,
                new.project,
                new.number,
                c.status,
                c.status.is_final(),
                c.sub,
                &c.label,
                &new.triggered_by,
                &c.spec_hash,
                &c.head,
                new.created,
                c.last_execution,
                c.gates,
                c.work
            ],
        )?;
        if created == 0 {
            return Err(CommitError::Conflict);
        }
    } else {
        let updated = tx.execute(
            UPDATE,
            vals![
                run,
                c.expect,
                c.status,
                c.status.is_final(),
                c.sub,
                &c.label,
                &c.spec_hash,
                &c.head,
                c.last_execution,
                c.gates,
                c.work
            ],
        )?;
        if updated == 0 {
            return Err(match tx.query_opt(PARKED, vals![run, c.expect])? {
                Some(row) => CommitError::Parked(row.get(0)?),
                None => CommitError::Conflict,
            });
        }
    }
    if let Some(version) = &c.version_claim
        && tx.execute(CLAIM, vals![c.workflow, version, run])? == 0
    {
        return Err(CommitError::VersionTaken(version.clone()));
    }
    for (lease, number) in takes(c) {
        let job = JobRef { run, job: lease.job };
        if tx.execute(TAKE, vals![lease.worker, number, job, lease.attempt])? == 0 {
            return Err(CommitError::OldTake(lease.worker));
        }
    }
    for node in &c.nodes {
        match &node.params {
            Some(params) => tx.execute(NODE, vals![run, node.no, &node.json, params])?,
            None => tx.execute(NODE_DATA, vals![run, node.no, &node.json])?,
        };
    }
    queue(tx, c)?;
    for slot in &c.slots_release {
        tx.execute(SLOT_RELEASE, vals![&slot.workflow, &slot.node, run, slot.node_run])?;
    }
    for slot in &c.slots_request {
        tx.execute(
            SLOT_REQUEST,
            vals![&slot.workflow, &slot.node, run, slot.node_run, slot.number, c.last_execution],
        )?;
    }
    for (key, at) in &c.timers {
        tx.execute(TIMER, vals![run, key, *at])?;
    }
    if let Some(tags) = &c.tags {
        tx.execute(TAGS, vals![run, to_json("tags", tags)?])?;
        tx.execute(TAGS_CLEAR, vals![run])?;
        for (tag, value) in tag_rows(tags) {
            tx.execute(TAG, vals![run, tag, value, c.workflow])?;
        }
    }
    for wake in c.wakes() {
        tx.wake(wake);
    }
    let event = match &c.event {
        Some(json) => Some(crate::events::append(tx, c.last_execution, Some(run), json)?),
        None => None,
    };
    Ok(Committed { version: c.expect + 1, event })
}

fn queue(tx: &mut Tx<'_>, c: &RunCommit) -> Result<()> {
    let run = c.run;
    for (job, attempt) in &c.queue_remove {
        tx.execute(QUEUE_REMOVE, vals![run, *job, *attempt])?;
    }
    for (job, attempt) in &c.cancel {
        tx.execute(CANCEL_WAITING, vals![run, *job, *attempt])?;
        tx.execute(CANCEL_TAKEN, vals![run, *job, *attempt])?;
    }
    for q in &c.queue_add {
        tx.execute(
            QUEUE_ADD,
            vals![
                run,
                q.job,
                q.attempt,
                q.project,
                c.workflow,
                q.number,
                &q.node,
                &q.name,
                &q.requirements,
                &q.groups,
                &q.region,
                q.priority,
                &q.triggered_by,
                q.queued
            ],
        )?;
    }
    for lease in &c.queue_lease {
        tx.execute(QUEUE_LEASE, vals![run, lease.job, lease.attempt, lease.worker, lease.until])?;
    }
    Ok(())
}

/// The numbered takes that a step answers.
pub(crate) fn takes(c: &RunCommit) -> impl Iterator<Item = (&QueueLease, i64)> {
    c.queue_lease.iter().filter_map(|lease| Some((lease, lease.take?)))
}

/// Rows to find runs by: a tag's value, and each part of one that was joined by commas.
pub(crate) fn tag_rows(tags: &[(String, String)]) -> Vec<(&str, &str)> {
    let mut rows = Vec::new();
    for (tag, value) in tags {
        for part in std::iter::once(value.as_str()).chain(value.split(',').filter(|_| value.contains(','))) {
            let row = (tag.as_str(), part.trim());
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    rows
}

impl RunCommit {
    /// Who must be woken once it is committed.
    pub(crate) fn wakes(&self) -> Vec<Wake> {
        let mut wakes = vec![Wake::Run(self.run)];
        let queue =
            [self.queue_add.len(), self.queue_lease.len(), self.queue_remove.len(), self.cancel.len()];
        if queue.iter().any(|n| *n > 0) {
            wakes.push(Wake::Queue);
        }
        if !self.slots_request.is_empty() || !self.slots_release.is_empty() {
            wakes.push(Wake::Slot);
        }
        if let Some(at) = self.timers.iter().map(|(_, at)| *at).min() {
            wakes.push(Wake::Timer(at));
        }
        wakes
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The step that makes a run of a workflow of its own.
    pub(crate) fn new_run() -> RunCommit {
        let now = Timestamp(1);
        RunCommit {
            run: RunId::new(),
            expect: 0,
            create: Some(NewRun {
                project: ProjectId::new(),
                number: 1,
                created: now,
                triggered_by: String::new(),
            }),
            once: None,
            workflow: WorkflowId::new(),
            status: Status::Building,
            sub: 0,
            gates: 0,
            work: 0,
            label: String::new(),
            head: "{}".into(),
            spec_hash: String::new(),
            last_execution: now,
            nodes: Vec::new(),
            queue_add: Vec::new(),
            queue_lease: Vec::new(),
            queue_remove: Vec::new(),
            cancel: Vec::new(),
            slots_request: Vec::new(),
            slots_release: Vec::new(),
            timers: Vec::new(),
            tags: None,
            version_claim: None,
            event: None,
        }
    }

    #[test]
    fn joined_tags_are_found_by_their_parts() {
        let tags = [("a".to_string(), "x, y".to_string()), ("b".to_string(), "z".to_string())];
        assert_eq!(tag_rows(&tags), [("a", "x, y"), ("a", "x"), ("a", "y"), ("b", "z")]);
    }
}
