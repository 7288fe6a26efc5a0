//! Rows changed behind a server's back, as a fault of a disk or of a person would.

use crate::{dialect::Dialect, error::Result, sql::sql, tx::Tx, vals};
use cds_model::{RunId, WorkflowId};

sql! {
    LOSE_QUEUE = "DELETE FROM queue WHERE run = $1";
    LOSE_TIMERS = "DELETE FROM timer WHERE run = $1";
    REPEAT_QUEUE = "INSERT INTO queue (run, job, attempt, project, workflow, number, node, name, requirements, groups, region, priority, triggered_by, queued, cancelled) SELECT run, job, attempt + 7, project, workflow, number, node, name, requirements, groups, region, priority, triggered_by, queued, cancelled FROM queue WHERE run = $1";
    GARBLE_TIMER = "UPDATE timer SET key = '{', at = 0 WHERE run = $1 AND key LIKE '%Run%'";
    RING_TIMERS = "UPDATE timer SET at = 1 WHERE run = $1";
    GARBLE_RUN = "UPDATE run SET head = '!' || head WHERE id = $1";
    GARBLE_QUEUE = "UPDATE queue SET requirements = 'not json', queued = 0 WHERE run = $1";
    GARBLE_STATUS = "UPDATE run SET status = 'Nonsense', tags = '{' WHERE id = $1";
    EMPTY_HEAD = "UPDATE run SET head = '{\"x\":1}' WHERE id = $1";
    SET_BACK = "UPDATE workflow SET last_number = 0 WHERE id = $1";
    UNDESCRIBE_WORKFLOWS = "UPDATE workflow SET description = ''";
    UNDESCRIBE_ENTITIES = "UPDATE entity SET description = ''";
    WORKFLOW = "UPDATE workflow SET def = '{' WHERE name = $1";
    RUN_COPY = "INSERT INTO run (id, workflow, project, number, version, status, final, sub, label, triggered_by, tags, spec_hash, head, created, last_execution) SELECT 'no-run-' || id, workflow, project, number + 1000, version, status, final, sub, label, triggered_by, tags, spec_hash, head, created, last_execution FROM run WHERE number < 1000";
    WORKER_COPY = "INSERT INTO worker (id, name, hatchery, status, os, arch, version, info, job, jobs_done, created) SELECT 'no-worker', name, hatchery, status, os, arch, version, info, 'no job', jobs_done, created FROM worker LIMIT 1";
    HATCHERY_COPY = "INSERT INTO hatchery (id, name, model_type, version, offer, token, last_error, lastbeat) SELECT 'no-hatchery', 'damaged', model_type, version, offer, token, last_error, lastbeat FROM hatchery LIMIT 1";
    PROJECT_COPY = "INSERT INTO project (id, key, name, description, settings, created, last_modified) SELECT 'no-project', 'DAMAGED', name, description, settings, created, last_modified FROM project LIMIT 1";
    ENTITY_COPY = "INSERT INTO entity (id, project, kind, name, def, from_repository, created, last_modified) SELECT 'no-entity', project, kind, 'damaged', '{', from_repository, created, last_modified FROM entity LIMIT 1";
    ACCOUNT_COPY = "INSERT INTO account (id, username, fullname, email, password, ring, organization, verified, created) SELECT 'no-account', 'damaged', fullname, 'damaged@example.org', password, ring, organization, verified, created FROM account LIMIT 1";
    SLOT_COPY = "INSERT INTO slot (workflow, node, run, node_run, number, held) VALUES ('no-workflow', 'n', 'no-run', 0, 1, 0)";
    KEY = "UPDATE key_pair SET private = '!' || private";
    GROUP = "INSERT INTO user_group (id, name, organization, created) VALUES ('no-group', 'damaged', '', 0)";
    GROUP_LEVEL = "INSERT INTO project_group (project, group_id, level) SELECT id, 'no-group', 4 FROM project";
    GROUP_MEMBERS = "INSERT INTO group_member (group_id, account, admin) SELECT 'no-group', id, 0 FROM account";
    MEND_RUN = "UPDATE run SET head = substr(head, 2) WHERE id = $1";
}

/// What is done to the rows of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Its jobs are in no queue any more.
    LoseQueue,
    /// No timer will ring.
    LoseTimers,
    /// Attempts that never were are queued.
    RepeatQueue,
    /// Its time limit can't be read, and is due.
    GarbleTimer,
    /// All its timers are due.
    RingTimers,
    /// What is queued of it can't be read.
    GarbleQueue,
    /// What lists say of it can't be read.
    GarbleStatus,
    /// Its state is another thing's.
    EmptyHead,
    /// Its state can't be read.
    GarbleRun,
    /// Undoes [`Damage::GarbleRun`].
    MendRun,
}

/// Does it; gives how many rows were changed.
///
/// # Errors
/// The database failed.
pub fn damage(tx: &mut Tx<'_>, run: RunId, what: Damage) -> Result<u64> {
    let statement = match what {
        Damage::LoseQueue => LOSE_QUEUE,
        Damage::LoseTimers => LOSE_TIMERS,
        Damage::RepeatQueue => REPEAT_QUEUE,
        Damage::GarbleTimer => GARBLE_TIMER,
        Damage::RingTimers => RING_TIMERS,
        Damage::GarbleQueue => GARBLE_QUEUE,
        Damage::GarbleStatus => GARBLE_STATUS,
        Damage::EmptyHead => EMPTY_HEAD,
        Damage::GarbleRun => GARBLE_RUN,
        Damage::MendRun => MEND_RUN,
    };
    tx.execute(statement, vals![run])
}

/// Makes the definition of a workflow unreadable, and beside the rows there are puts others that can't be read: of runs,
/// workers, hatcheries, projects, entities, accounts, groups and mutexes. No key of a project can be read any more.
///
/// # Errors
/// The database failed.
pub fn damage_around(tx: &mut Tx<'_>, workflow: &str) -> Result<()> {
    tx.execute(WORKFLOW, vals![workflow])?;
    let copies = [RUN_COPY, WORKER_COPY, HATCHERY_COPY, PROJECT_COPY, ENTITY_COPY, ACCOUNT_COPY, SLOT_COPY];
    for statement in copies.into_iter().chain([KEY, GROUP, GROUP_LEVEL, GROUP_MEMBERS]) {
        tx.execute(statement, &[])?;
    }
    if tx.dialect() == Dialect::Sqlite {
        // Only there may a column hold anything.
        tx.batch("UPDATE user_group SET created = 'x'; UPDATE group_member SET admin = 'x'; UPDATE project_group SET level = 'x' WHERE group_id = 'no-group'; UPDATE workflow SET from_repository = x'ff' WHERE name = 'other'; UPDATE workflow SET name = x'ff' WHERE name = 'third'")?;
    }
    Ok(())
}

/// Sets the counter of a workflow's runs back.
///
/// # Errors
/// The database failed.
pub fn set_back(tx: &mut Tx<'_>, workflow: WorkflowId) -> Result<()> {
    tx.execute(SET_BACK, vals![workflow]).map(drop)
}

/// As if the database came from before descriptions were kept, and was just migrated.
///
/// # Errors
/// The database failed.
pub fn describe_anew(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute(UNDESCRIBE_WORKFLOWS, &[])?;
    tx.execute(UNDESCRIBE_ENTITIES, &[])?;
    crate::descriptions::fill(tx)
}
