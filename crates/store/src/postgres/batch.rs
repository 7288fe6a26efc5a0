//! Many steps in one transaction. What takes a statement for each row elsewhere takes one for all here: the rows
//! travel as arrays. Statements are sent without waiting for each other, so a batch takes two round trips.

use super::conn::{Conn, fault, to_row};
use crate::{
    error::{Error, Result, to_json},
    runs::commit::{CommitError, Committed, RunCommit, tag_rows, takes},
    sql::{Sql, sql},
    val::Row,
    wake::{Wake, to_text},
};
use cds_model::JobRef;
use futures::future::join_all;
use std::collections::{HashMap, HashSet};
use tokio_postgres::types::ToSql;

sql! {
    IDEMPOTENT = "INSERT INTO idempotency (scope, key, run, created, digest) SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[]) ON CONFLICT DO NOTHING RETURNING run";
    CLAIM = "INSERT INTO run_version (workflow, version, run) SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[]) ON CONFLICT DO NOTHING RETURNING run";
    INSERT = "INSERT INTO run (id, workflow, project, number, version, status, final, sub, label, triggered_by, tags, spec_hash, head, created, last_execution, gates, work) SELECT t.id, t.workflow, t.project, t.number, 1, t.status, t.final, t.sub, t.label, t.triggered_by, '[]', t.spec_hash, t.head, t.created, t.last_execution, t.gates, t.work FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[], $6::BIGINT[], $7::BIGINT[], $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::TEXT[], $12::BIGINT[], $13::BIGINT[], $14::BIGINT[], $15::BIGINT[]) AS t (id, workflow, project, number, status, final, sub, label, triggered_by, spec_hash, head, created, last_execution, gates, work) ON CONFLICT DO NOTHING RETURNING id";
    UPDATE = "UPDATE run SET version = run.version + 1, status = t.status, final = t.final, sub = t.sub, label = t.label, spec_hash = t.spec_hash, head = t.head, last_execution = t.last_execution, gates = t.gates, work = t.work FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[]) AS t (id, expect, status, final, sub, label, spec_hash, head, last_execution, gates, work) WHERE run.id = t.id AND run.version = t.expect AND run.parked IS NULL RETURNING run.id";
    TAKE = "UPDATE worker SET take = t.take, take_job = t.job, take_attempt = t.attempt FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[]) AS t (id, take, job, attempt, run) WHERE worker.id = t.id AND worker.take < t.take RETURNING t.run";
    PARKED = "SELECT id, parked FROM run WHERE id = ANY($1::TEXT[]) AND parked IS NOT NULL";
    NODES = "INSERT INTO run_node (run, no, data, params) SELECT * FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[]) ON CONFLICT (run, no) DO UPDATE SET data = excluded.data, params = CASE WHEN excluded.params = '' THEN run_node.params ELSE excluded.params END";
    QUEUE_REMOVE = "DELETE FROM queue USING unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[]) AS t (run, job, attempt) WHERE queue.run = t.run AND queue.job = t.job AND queue.attempt = t.attempt";
    CANCEL_WAITING = "DELETE FROM queue USING unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[]) AS t (run, job, attempt) WHERE queue.run = t.run AND queue.job = t.job AND queue.attempt = t.attempt AND queue.worker IS NULL";
    CANCEL_TAKEN = "UPDATE queue SET cancelled = 1 FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[]) AS t (run, job, attempt) WHERE queue.run = t.run AND queue.job = t.job AND queue.attempt = t.attempt";
    // A row that is there says the same, or can't be read: then what it says is mended. Who has the job is another matter.
    QUEUE_ADD = "INSERT INTO queue (run, job, attempt, project, workflow, number, node, name, requirements, groups, region, priority, triggered_by, queued, cancelled) SELECT t.*, 0 FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[], $7::TEXT[], $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::TEXT[], $12::BIGINT[], $13::TEXT[], $14::BIGINT[]) AS t ON CONFLICT (run, job, attempt) DO UPDATE SET project = excluded.project, workflow = excluded.workflow, number = excluded.number, node = excluded.node, name = excluded.name, requirements = excluded.requirements, groups = excluded.groups, region = excluded.region, priority = excluded.priority, triggered_by = excluded.triggered_by, queued = excluded.queued";
    QUEUE_LEASE = "UPDATE queue SET worker = t.worker, lease_until = t.until FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::BIGINT[]) AS t (run, job, attempt, worker, until) WHERE queue.run = t.run AND queue.job = t.job AND queue.attempt = t.attempt";
    SLOT_RELEASE = "DELETE FROM slot USING unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[]) AS t (workflow, node, run, node_run) WHERE slot.workflow = t.workflow AND slot.node = t.node AND slot.run = t.run AND slot.node_run = t.node_run";
    SLOT_REQUEST = "INSERT INTO slot (workflow, node, run, node_run, number, since, held) SELECT t.*, 0 FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[]) AS t ON CONFLICT (workflow, node, run, node_run) DO NOTHING";
    TIMERS = "INSERT INTO timer (run, key, at) SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[]) ON CONFLICT (run, key) DO UPDATE SET at = excluded.at";
    TAGS = "UPDATE run SET tags = t.tags FROM unnest($1::TEXT[], $2::TEXT[]) AS t (id, tags) WHERE run.id = t.id";
    TAGS_CLEAR = "DELETE FROM run_tag WHERE run = ANY($1::TEXT[])";
    TAG_ROWS = "INSERT INTO run_tag (run, tag, value, workflow) SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[]) ON CONFLICT DO NOTHING";
    EVENTS = "INSERT INTO event (at, run, data) SELECT * FROM unnest($1::BIGINT[], $2::TEXT[], $3::TEXT[]) RETURNING id, run";
    NOTIFY = "SELECT CAST(pg_notify('cds', $1) AS TEXT)";
    NOTIFY_EVENT = "SELECT CAST(pg_notify('cds', $1 || ' e' || (SELECT MAX(id) FROM event)) AS TEXT)";
}

/// Why a batch was not committed.
pub(super) enum Fault {
    /// A step needs an answer that only a transaction of its own can give.
    Alone,
    /// Nothing was committed.
    Statement(Error),
    /// The commit was sent and its outcome is not known.
    Commit(Error),
}

type Cell<'a> = Box<dyn ToSql + Sync + 'a>;

/// Statements to be sent together, with their columns.
#[derive(Default)]
struct Plan<'a>(Vec<(Sql, Vec<Cell<'a>>)>);

macro_rules! columns {
    ($rows:expr; $($column:expr),* $(,)?) => {{
        let rows = $rows;
        vec![$(Box::new(rows.iter().map($column).collect::<Vec<_>>()) as Cell<'_>),*]
    }};
}

impl<'a> Plan<'a> {
    fn add(&mut self, any: bool, sql: Sql, cells: impl FnOnce() -> Vec<Cell<'a>>) {
        if any {
            self.0.push((sql, cells()));
        }
    }

    /// Sends everything between two words of ours; rows by statement.
    fn run(
        &self,
        conn: &mut Conn,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<Vec<Vec<Row>>, (Error, bool)> {
        let mut prepared = Vec::with_capacity(self.0.len());
        for (sql, _) in &self.0 {
            let text = crate::Dialect::Postgres.rendered(*sql);
            prepared.push(conn.statement(text).map_err(|e| (e, false))?);
        }
        let client = conn.client();
        let word = async |word: Option<&str>| match word {
            Some(word) => client.batch_execute(word).await,
            None => Ok(()),
        };
        let exchange = conn.wait(async {
            let queries = prepared.iter().zip(&self.0).map(|(statement, (_, cells))| async move {
                let params: Vec<&(dyn ToSql + Sync)> = cells.iter().map(|c| &**c as _).collect();
                client.query(statement, &params).await
            });
            // Polled, and so sent, in this order: `join_all` keeps the order of up to 30 futures.
            tokio::join!(biased; word(before), join_all(queries), word(after))
        });
        // What was sent may be done, late: the other side may have it, or a machine between us.
        let (began, answers, ended) = exchange.map_err(|e| (e, after.is_some()))?;
        // A connection that breaks before the answers come says nothing about what was done; a refused statement does.
        let failed = |e: tokio_postgres::Error, sql: &str| {
            let unknown = after.is_some() && e.as_db_error().is_none();
            (fault(e, sql), unknown)
        };
        began.map_err(|e| failed(e, "BEGIN"))?;
        let mut all = Vec::with_capacity(answers.len());
        for (answer, (sql, _)) in answers.into_iter().zip(&self.0) {
            let rows = answer.map_err(|e| failed(e, sql.0))?;
            all.push(rows.iter().map(|r| to_row(*sql, r)).collect::<Result<_>>().map_err(|e| (e, false))?);
        }
        ended.map_err(|e| (fault(e, "COMMIT"), true))?;
        Ok(all)
    }
}

/// Writes steps of different runs. Those whose version is not the expected one are left out and answered so.
pub(super) fn write(
    conn: &mut Conn,
    me: &str,
    commits: &[&RunCommit],
) -> Result<Vec<Result<Committed, CommitError>>, Fault> {
    let undo = |conn: &mut Conn, fault: Fault| {
        let _ = conn.batch("ROLLBACK");
        fault
    };
    let rows = match heads(commits).run(conn, Some("BEGIN"), None) {
        Ok(rows) => rows,
        Err((e, _)) => return Err(undo(conn, Fault::Statement(e))),
    };
    // Takes say nothing of whether their run is in.
    let of_takes = usize::from(commits.iter().any(|c| takes(c).next().is_some()));
    let (rows, taken) = rows.split_at(rows.len() - of_takes);
    let written: HashSet<String> =
        match rows.iter().flatten().map(|r| r.get::<String>(0)).collect::<Result<_>>() {
            Ok(written) => written,
            Err(e) => return Err(undo(conn, Fault::Statement(e))),
        };
    // Claims and keys answer with their run too: each statement must have answered for each of its rows, unless
    // the step has neither. Otherwise something was taken by another, and the steps sort it out one by one.
    let claims = commits.iter().filter(|c| c.version_claim.is_some() || c.once.is_some()).count();
    let (heads_written, lost): (Vec<_>, Vec<_>) =
        commits.iter().partition(|c| written.contains(&c.run.to_string()));
    if claims > 0 {
        let wanted: usize = commits
            .iter()
            .map(|c| 1 + usize::from(c.version_claim.is_some()) + usize::from(c.once.is_some()))
            .sum();
        if rows.iter().map(Vec::len).sum::<usize>() != wanted {
            return Err(undo(conn, Fault::Alone));
        }
    }
    let mut parked = HashMap::new();
    if !lost.is_empty() {
        let mut plan = Plan::default();
        plan.add(true, PARKED, || columns![&lost; |c: &&RunCommit| c.run.to_string()]);
        match plan.run(conn, None, None) {
            Ok(rows) => {
                for row in rows.iter().flatten() {
                    if let (Ok(id), Ok(why)) = (row.get::<String>(0), row.get::<String>(1)) {
                        parked.insert(id, why);
                    }
                }
            }
            Err((e, _)) => return Err(undo(conn, Fault::Statement(e))),
        }
    }
    // The takes of a step that is not in must not be noted: the others go without it.
    if lost.iter().any(|c| takes(c).next().is_some()) {
        let _ = conn.batch("ROLLBACK");
        let answers = if heads_written.is_empty() { Vec::new() } else { write(conn, me, &heads_written)? };
        let mut answers = answers.into_iter();
        let answer = |c: &&RunCommit| match written.contains(&c.run.to_string()) {
            true => answers.next().unwrap_or(Err(CommitError::Conflict)),
            false => Err(not_in(&parked, c)),
        };
        return Ok(commits.iter().map(answer).collect());
    }
    // One that was answered before: the steps sort it out one by one.
    if taken.iter().map(Vec::len).sum::<usize>() != commits.iter().map(|c| takes(c).count()).sum::<usize>() {
        return Err(undo(conn, Fault::Alone));
    }
    let plan = match rest(me, &heads_written) {
        Ok(plan) => plan,
        Err(e) => return Err(undo(conn, Fault::Statement(e))),
    };
    let rows = match plan.run(conn, None, Some("COMMIT")) {
        Ok(rows) => rows,
        Err((e, true)) => return Err(Fault::Commit(e)),
        Err((e, false)) => return Err(undo(conn, Fault::Statement(e))),
    };
    let mut events: HashMap<String, i64> = HashMap::new();
    for (rows, (sql, _)) in rows.iter().zip(&plan.0) {
        if *sql == EVENTS {
            events.extend(rows.iter().filter_map(|r| Some((r.get(1).ok()?, r.get(0).ok()?))));
        }
    }
    let answer = |c: &&RunCommit| {
        let id = c.run.to_string();
        if written.contains(&id) {
            Ok(Committed { version: c.expect + 1, event: events.get(&id).copied() })
        } else {
            Err(not_in(&parked, c))
        }
    };
    Ok(commits.iter().map(answer).collect())
}

/// Why a step is not in.
fn not_in(parked: &HashMap<String, String>, c: &RunCommit) -> CommitError {
    parked.get(&c.run.to_string()).map_or(CommitError::Conflict, |why| CommitError::Parked(why.clone()))
}

/// The rows of the runs themselves: they decide who is in.
fn heads<'a>(commits: &[&'a RunCommit]) -> Plan<'a> {
    let mut plan = Plan::default();
    let keys: Vec<_> = commits.iter().filter_map(|c| Some((*c, c.once.as_ref()?))).collect();
    plan.add(!keys.is_empty(), IDEMPOTENT, || {
        columns![&keys;
            |(c, _)| c.workflow.to_string(), |(_, o)| o.key.as_str(), |(c, _)| c.run.to_string(),
            |(c, _)| c.last_execution.ms(), |(_, o)| o.digest.as_str()
        ]
    });
    let new: Vec<_> = commits.iter().filter_map(|c| Some((*c, c.create.as_ref()?))).collect();
    plan.add(!new.is_empty(), INSERT, || {
        columns![&new;
            |(c, _)| c.run.to_string(), |(c, _)| c.workflow.to_string(), |(_, n)| n.project.to_string(), |(_, n)| n.number,
            |(c, _)| c.status.as_str(), |(c, _)| i64::from(c.status.is_final()), |(c, _)| i64::from(c.sub),
            |(c, _)| c.label.as_str(), |(_, n)| n.triggered_by.as_str(), |(c, _)| c.spec_hash.as_str(),
            |(c, _)| c.head.as_str(), |(_, n)| n.created.ms(), |(c, _)| c.last_execution.ms(), |(c, _)| i64::from(c.gates),
            |(c, _)| c.work,
        ]
    });
    // In one order everywhere, so that two servers rarely wait for each other in a circle.
    let mut old: Vec<_> = commits.iter().filter(|c| c.create.is_none()).copied().collect();
    old.sort_by_key(|c| c.run);
    plan.add(!old.is_empty(), UPDATE, || {
        columns![&old;
            |c| c.run.to_string(), |c| c.expect, |c| c.status.as_str(), |c| i64::from(c.status.is_final()),
            |c| i64::from(c.sub), |c| c.label.as_str(), |c| c.spec_hash.as_str(), |c| c.head.as_str(),
            |c| c.last_execution.ms(), |c| i64::from(c.gates), |c| c.work,
        ]
    });
    let claims: Vec<_> = commits.iter().filter_map(|c| Some((*c, c.version_claim.as_deref()?))).collect();
    plan.add(
        !claims.is_empty(),
        CLAIM,
        || columns![&claims; |(c, _)| c.workflow.to_string(), |(_, v)| *v, |(c, _)| c.run.to_string()],
    );
    // Last: its rows are looked at apart.
    let mut taken: Vec<_> = commits.iter().flat_map(|c| takes(c).map(move |(l, n)| (*c, l, n))).collect();
    taken.sort_by_key(|(_, lease, _)| lease.worker);
    plan.add(!taken.is_empty(), TAKE, || {
        columns![&taken;
            |(_, l, _)| l.worker.to_string(), |(_, _, n)| *n,
            |(c, l, _)| JobRef { run: c.run, job: l.job }.to_string(), |(_, l, _)| i64::from(l.attempt.0),
            |(c, ..)| c.run.to_string(),
        ]
    });
    plan
}

/// Every row of a kind with its step.
fn each<'a, T>(
    commits: &[&'a RunCommit],
    rows: impl Fn(&'a RunCommit) -> &'a [T],
) -> Vec<(&'a RunCommit, &'a T)> {
    commits.iter().flat_map(|c| rows(c).iter().map(|r| (*c, r))).collect()
}

/// Everything else of the steps that are in.
fn rest<'a>(me: &str, commits: &[&'a RunCommit]) -> Result<Plan<'a>> {
    let mut plan = Plan::default();
    let nodes = each(commits, |c| &c.nodes);
    plan.add(!nodes.is_empty(), NODES, || {
        columns![&nodes;
            |(c, _)| c.run.to_string(), |(_, n)| i64::from(n.no.0), |(_, n)| n.json.as_str(),
            |(_, n)| n.params.as_deref().unwrap_or(""),
        ]
    });
    queue(&mut plan, commits);
    let release = each(commits, |c| &c.slots_release);
    plan.add(!release.is_empty(), SLOT_RELEASE, || {
        columns![&release;
            |(_, s)| s.workflow.as_str(), |(_, s)| s.node.as_str(), |(c, _)| c.run.to_string(),
            |(_, s)| i64::from(s.node_run.0),
        ]
    });
    let request = each(commits, |c| &c.slots_request);
    plan.add(!request.is_empty(), SLOT_REQUEST, || {
        columns![&request;
            |(_, s)| s.workflow.as_str(), |(_, s)| s.node.as_str(), |(c, _)| c.run.to_string(),
            |(_, s)| i64::from(s.node_run.0), |(_, s)| s.number, |(c, _)| c.last_execution.ms(),
        ]
    });
    let timers = each(commits, |c| &c.timers);
    plan.add(!timers.is_empty(), TIMERS, || {
        columns![&timers; |(c, _)| c.run.to_string(), |(_, (key, _))| key.as_str(), |(_, (_, at))| at.ms()]
    });
    let mut tagged = Vec::new();
    for c in commits {
        if let Some(tags) = &c.tags {
            tagged.push((c.run.to_string(), to_json("tags", tags)?));
        }
    }
    plan.add(!tagged.is_empty(), TAGS, || columns![&tagged; |t| t.0.clone(), |t| t.1.clone()]);
    plan.add(!tagged.is_empty(), TAGS_CLEAR, || columns![&tagged; |t| t.0.clone()]);
    let tags: Vec<_> = commits
        .iter()
        .flat_map(|c| {
            tag_rows(c.tags.as_deref().unwrap_or_default()).into_iter().map(|(tag, value)| (*c, tag, value))
        })
        .collect();
    plan.add(
        !tags.is_empty(),
        TAG_ROWS,
        || columns![&tags; |t| t.0.run.to_string(), |t| t.1, |t| t.2, |t| t.0.workflow.to_string()],
    );
    // Last, because the lock is held until the commit is done.
    let events: Vec<_> = commits.iter().filter_map(|c| Some((*c, c.event.as_deref()?))).collect();
    plan.add(!events.is_empty(), crate::events::LOCK, Vec::new);
    plan.add(
        !events.is_empty(),
        EVENTS,
        || columns![&events; |(c, _)| c.last_execution.ms(), |(c, _)| c.run.to_string(), |(_, e)| *e],
    );
    let mut wakes: Vec<Wake> = commits.iter().flat_map(|c| c.wakes()).collect();
    let mut seen = HashSet::new();
    wakes.retain(|w| seen.insert(*w));
    let said = to_text(me, &wakes);
    let notify = if events.is_empty() { NOTIFY } else { NOTIFY_EVENT };
    plan.add(!wakes.is_empty(), notify, || vec![Box::new(said)]);
    Ok(plan)
}

fn queue<'a>(plan: &mut Plan<'a>, commits: &[&'a RunCommit]) {
    for (statements, rows) in [
        (&[QUEUE_REMOVE][..], each(commits, |c| &c.queue_remove)),
        (&[CANCEL_WAITING, CANCEL_TAKEN][..], each(commits, |c| &c.cancel)),
    ] {
        for sql in statements {
            plan.add(!rows.is_empty(), *sql, || {
                columns![&rows; |(c, _)| c.run.to_string(), |(_, r)| i64::from(r.0.0), |(_, r)| i64::from(r.1.0)]
            });
        }
    }
    let add = each(commits, |c| &c.queue_add);
    plan.add(!add.is_empty(), QUEUE_ADD, || {
        columns![&add;
            |(c, _)| c.run.to_string(), |(_, q)| i64::from(q.job.0), |(_, q)| i64::from(q.attempt.0),
            |(_, q)| q.project.to_string(), |(c, _)| c.workflow.to_string(), |(_, q)| q.number, |(_, q)| q.node.as_str(),
            |(_, q)| q.name.as_str(), |(_, q)| q.requirements.as_str(), |(_, q)| q.groups.as_str(),
            |(_, q)| q.region.as_str(), |(_, q)| q.priority, |(_, q)| q.triggered_by.as_str(), |(_, q)| q.queued.ms(),
        ]
    });
    let lease = each(commits, |c| &c.queue_lease);
    plan.add(!lease.is_empty(), QUEUE_LEASE, || {
        columns![&lease;
            |(c, _)| c.run.to_string(), |(_, l)| i64::from(l.job.0), |(_, l)| i64::from(l.attempt.0),
            |(_, l)| l.worker.to_string(), |(_, l)| l.until.ms(),
        ]
    });
}
