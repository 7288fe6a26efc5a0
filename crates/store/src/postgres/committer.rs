//! Commits the steps of many runs at once: what has queued up goes in one transaction of a few statements.

use super::{Conn, Shared, batch, pool};
use crate::{
    error::{Error, Result},
    runs::commit::{CommitError, Committed, RunCommit, commit_one},
    tx::{self, Tx},
    wake::Wake,
    work::{Queue, Ran, guarded},
};
use std::collections::HashSet;
use tokio::sync::oneshot;

/// Steps in a transaction at most.
const BATCH: usize = 512;
/// Tries of a batch before its steps go one by one.
const TRIES: u32 = 3;
/// Tries of one step.
const TRIES_ALONE: u32 = 20;

/// Every statement of a batch finds its rows by primary key, for one row as for five hundred, in an empty table as in
/// a large one. So it is planned once: planning anew costs more than running.
const SETTINGS: &str = "SET jit = off; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
                        SET enable_hashjoin = off; SET enable_mergejoin = off";

type Answer = Result<Committed, CommitError>;

/// A step and who waits for it.
pub(super) struct Item {
    pub commit: RunCommit,
    pub reply: oneshot::Sender<Answer>,
}

pub(super) fn run(shared: &Shared, queue: &Queue<Item>) {
    let mut conn = None;
    while let Some(items) = queue.take(BATCH) {
        // Two steps of one run can't go in one statement; the second waits for the next batch.
        let mut runs = HashSet::new();
        let (now, later): (Vec<_>, Vec<_>) = items.into_iter().partition(|i| runs.insert(i.commit.run));
        if !later.is_empty() {
            queue.put_back(later);
        }
        serve(shared, &mut conn, now);
    }
}

fn serve(shared: &Shared, conn: &mut Option<Conn>, items: Vec<Item>) {
    let commits: Vec<&RunCommit> = items.iter().map(|i| &i.commit).collect();
    let answers = together(shared, conn, &commits)
        .unwrap_or_else(|| commits.iter().map(|c| alone(shared, conn, c)).collect());
    for (item, answer) in items.into_iter().zip(answers) {
        // Whoever asked may have gone away; the step is committed all the same.
        let _ = item.reply.send(answer);
    }
}

/// All in one transaction; `None` if that can't be done, with nothing committed.
fn together(shared: &Shared, conn: &mut Option<Conn>, commits: &[&RunCommit]) -> Option<Vec<Answer>> {
    for tries in 1..=TRIES {
        let connection = match pool::ready(shared, conn, SETTINGS) {
            Ok(connection) => connection,
            Err(e) => return Some(commits.iter().map(|_| Err(e.clone().into())).collect()),
        };
        match batch::write(connection, &shared.me, commits) {
            Ok(answers) => {
                shared.cx.wakeups.send(&wakes(commits, &answers));
                return Some(answers);
            }
            Err(batch::Fault::Commit(e)) => {
                shared.note(&e);
                *conn = None;
                return Some(commits.iter().map(|_| Err(Error::Commit(e.to_string()).into())).collect());
            }
            Err(batch::Fault::Alone) => return None,
            Err(batch::Fault::Statement(e)) if e.is_retry() => pool::back_off(tries),
            Err(batch::Fault::Statement(e)) => {
                shared.note(&e);
                if matches!(e, Error::Connection(_)) || connection.is_closed() {
                    *conn = None;
                } else {
                    tracing::warn!(error = %e, "a batch of {} steps failed; they go one by one", commits.len());
                    return None;
                }
            }
        }
    }
    None
}

fn wakes(commits: &[&RunCommit], answers: &[Answer]) -> Vec<Wake> {
    let mut wakes = Vec::new();
    for (commit, answer) in commits.iter().zip(answers) {
        if let Ok(done) = answer {
            wakes.extend(
                commit
                    .wakes()
                    .into_iter()
                    .filter(|w| matches!(w, Wake::Run(_)) || !wakes.contains(w))
                    .collect::<Vec<_>>(),
            );
            wakes.extend(done.event.map(Wake::Event));
        }
    }
    wakes
}

/// One step in a transaction of its own, so that it can't harm others.
fn alone(shared: &Shared, slot: &mut Option<Conn>, commit: &RunCommit) -> Answer {
    let mut tries = 0;
    loop {
        tries += 1;
        let conn = pool::ready(shared, slot, SETTINGS)?;
        conn.begin("BEGIN");
        let mut tx = Tx::new(tx::Conn::Postgres(conn), &shared.cx);
        let (ran, answer) = guarded(&mut |tx: &mut Tx<'_>| commit_one(tx, commit), &mut tx);
        let failure = tx.failure().cloned();
        let (broken, wakes) = (matches!(failure, Some(Error::Connection(_))), tx.take_wakes());
        failure.iter().for_each(|e| shared.note(e));
        if broken && tries < TRIES {
            // Nothing was committed.
            *slot = None;
            continue;
        }
        let ended = if ran == Ran::Commit { conn.commit(&shared.me, &wakes) } else { conn.end("ROLLBACK") };
        if ran == Ran::Again && tries < TRIES_ALONE {
            pool::back_off(tries);
            continue;
        }
        match (ran, ended) {
            (Ran::Commit, Err(e)) => {
                shared.note(&e);
                *slot = None;
                return Err(Error::Commit(e.to_string()).into());
            }
            (Ran::Commit, Ok(())) => shared.cx.wakeups.send(&wakes),
            (_, Err(_)) => *slot = None,
            (_, Ok(())) => {}
        }
        return answer;
    }
}
