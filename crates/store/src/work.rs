//! Work for the threads that own connections.

use crate::{
    error::{Error, Result},
    tx::Tx,
    wake::Wakeups,
};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// What became of a piece of work inside its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// Keep it.
    Commit,
    /// Undo it.
    Rollback,
    /// Undo it and run it again: PostgreSQL could not put it in an order with others.
    Again,
}

/// A closure that waits for a connection, and who waits for its result.
pub(crate) trait Work: Send {
    /// Runs it; may be called again after [`Ran::Again`].
    fn run(&mut self, tx: &mut Tx<'_>) -> Ran;
    /// Answers, after the transaction has ended so.
    fn finish(self: Box<Self>, ended: Result<()>);
}

pub(crate) struct Call<F, T, E> {
    pub f: F,
    pub result: Option<Result<T, E>>,
    /// To be told, before the caller is, that something was written.
    pub told: Option<Wakeups>,
    pub reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Work for Call<F, T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Ran {
        let (ran, result) = guarded(&mut self.f, tx);
        self.result = Some(result);
        ran
    }

    fn finish(self: Box<Self>, ended: Result<()>) {
        let result = match (self.result, ended) {
            (Some(Ok(_)), Err(e)) => Err(e.into()),
            (Some(result), _) => result,
            (None, Err(e)) => Err(e.into()),
            (None, Ok(())) => Err(Error::Closed.into()),
        };
        if let Some(told) = self.told {
            told.note_written();
        }
        // Whoever asked may have gone away; the work is done all the same.
        let _ = self.reply.send(result);
    }
}

/// Runs a closure; a panic or a swallowed fault of a statement becomes an error.
pub(crate) fn guarded<F, T, E>(f: &mut F, tx: &mut Tx<'_>) -> (Ran, Result<T, E>)
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E>,
    E: From<Error>,
{
    let result = catch_unwind(AssertUnwindSafe(|| f(tx))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
        Err(Error::Panicked(text.unwrap_or_else(|| "without a message".into())).into())
    });
    let failure = tx.failure().cloned();
    let again = failure.as_ref().is_some_and(Error::is_retry);
    let result = match (result, failure) {
        (Ok(_), Some(e)) => Err(e.into()),
        (result, _) => result,
    };
    let ran = if again {
        Ran::Again
    } else if result.is_ok() {
        Ran::Commit
    } else {
        Ran::Rollback
    };
    (ran, result)
}

/// A queue between many callers and the threads that serve them.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State { waiting: VecDeque::new(), closed: false }), filled: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds; gives the item back if the queue is closed.
    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        state.waiting.push_back(item);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Puts items back in front, in their order.
    pub(crate) fn put_back(&self, items: Vec<T>) {
        let mut state = self.lock();
        for item in items.into_iter().rev() {
            state.waiting.push_front(item);
        }
        self.filled.notify_one();
    }

    /// Waits for work and takes up to `most`; `None` when the queue is closed and empty.
    pub(crate) fn take(&self, most: usize) -> Option<Vec<T>> {
        let mut state = self.lock();
        loop {
            if !state.waiting.is_empty() {
                let n = most.min(state.waiting.len());
                return Some(state.waiting.drain(..n).collect());
            }
            if state.closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No more work is taken in; what waits is still served.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }
}
