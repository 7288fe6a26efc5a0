//! Threads that run closures on a connection of their own.

use super::{Conn, Mode, Shared};
use crate::{
    error::Error,
    tx::{self, Tx},
    wake::Wake,
    work::{Queue, Ran, Work},
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Work that waits for a connection.
pub(crate) struct Task {
    mode: Mode,
    work: Box<dyn Work>,
    since: Instant,
}

impl Task {
    /// From now on.
    pub(crate) fn new(mode: Mode, work: Box<dyn Work>) -> Self {
        Self { mode, work, since: Instant::now() }
    }
}

/// Tries of a transaction that can't be put in an order with others.
const TRIES: u32 = 20;
/// Tries when connections break, e.g. at a restart of the database.
const CONNECTIONS: u32 = 3;

/// Compiling costs more than any statement here takes.
const SETTINGS: &str = "SET jit = off";

pub(super) fn run(shared: &Shared, queue: &Queue<Task>) {
    let mut conn = None;
    while let Some(items) = queue.take(1) {
        for task in items {
            serve(shared, &mut conn, task);
        }
    }
}

/// The open connection, or a new one with settings of its own.
pub(super) fn ready<'a>(
    shared: &Shared,
    conn: &'a mut Option<Conn>,
    settings: &str,
) -> Result<&'a mut Conn, Error> {
    if conn.as_ref().is_none_or(Conn::is_closed) {
        *conn = None;
        let settings = shared.address.session() + settings;
        let connected = Conn::connect(&shared.address).and_then(|mut new| new.batch(&settings).map(|()| new));
        *conn = Some(connected.inspect_err(|e| shared.missed(e))?);
    }
    conn.as_mut().ok_or(Error::Closed)
}

/// A short time, different for everyone, that grows with the tries.
pub(super) fn back_off(tries: u32) {
    let most = 500u64 << tries.min(7);
    thread::sleep(Duration::from_micros(most / 2 + rand::random::<u64>() % most));
}

fn serve(shared: &Shared, slot: &mut Option<Conn>, Task { mode, mut work, since }: Task) {
    if slot.as_ref().is_none_or(Conn::is_closed)
        && let Some(e) = shared.missed_since(since)
    {
        // Somebody has tried since this was wanted. Each by itself would wait as long, and those behind it longer.
        return work.finish(Err(e));
    }
    let (mut tries, mut broken, begin) = (0, 0, Instant::now());
    loop {
        let conn = match ready(shared, slot, SETTINGS) {
            Ok(conn) => conn,
            Err(e) => return work.finish(Err(e)),
        };
        match mode {
            Mode::Read => conn.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            Mode::Write => conn.begin("BEGIN ISOLATION LEVEL SERIALIZABLE"),
            Mode::Single => conn.begin("BEGIN"),
        }
        let mut tx = Tx::new(tx::Conn::Postgres(conn), &shared.cx);
        let ran = work.run(&mut tx);
        let (failure, mut wakes) = (tx.failure().cloned(), tx.take_wakes());
        failure.iter().for_each(|e| shared.note(e));
        if mode == Mode::Write {
            wakes.push(Wake::Written);
        }
        let soon = begin.elapsed() < shared.address.patience / 2;
        if matches!(failure, Some(Error::Connection(_))) && broken < CONNECTIONS && soon {
            // Nothing was committed, so all of it may be done again.
            broken += 1;
            *slot = None;
            continue;
        }
        if mode == Mode::Read {
            // The answer does not wait for the end of the view.
            work.finish(Ok(()));
            if conn.end("ROLLBACK").is_err() {
                *slot = None;
            }
            return;
        }
        let ended = if ran == Ran::Commit { conn.commit(&shared.me, &wakes) } else { conn.end("ROLLBACK") };
        tries += 1;
        let again = ran == Ran::Again || ended.as_ref().is_err_and(Error::is_retry);
        if again && tries < TRIES {
            if ran == Ran::Commit {
                let _ = conn.end("ROLLBACK");
            }
            back_off(tries);
            continue;
        }
        if ran == Ran::Commit && ended.is_ok() {
            shared.cx.wakeups.send(&wakes);
        }
        if let Err(e) = &ended {
            shared.note(e);
            *slot = None;
        }
        return work.finish(ended.map_err(|e| Error::Commit(e.to_string())));
    }
}
