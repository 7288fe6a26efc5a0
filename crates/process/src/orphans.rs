//! Children of this process that it has not started: orphans, which come to it because it is a subreaper.
//!
//! An orphan becomes a child of the closest subreaper above it. A worker is one, so as long as it lives those of its job
//! are its own; what comes to the process of a hatchery is left of a worker that is dead, and nobody's. The kernel
//! does not tell who has started a child, and a process may choose its name, group, session and environment. So whoever
//! starts one here says so, by [`starting`], and every other child is an orphan.

use crate::{ProcId, stat, strike};
use std::{
    cell::RefCell,
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Children that are no orphans.
#[derive(Default)]
struct Own {
    /// They are looked for. Otherwise nobody is an orphan.
    adopts: bool,
    known: HashSet<ProcId>,
    /// Programs that are being started, or are at work and may have started others.
    unknown: usize,
}

static OWN: Mutex<Option<Own>> = Mutex::new(None);

fn own<T>(work: impl FnOnce(&mut Own) -> T) -> T {
    let mut own: MutexGuard<'_, Option<Own>> = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    work(own.get_or_insert_default())
}

/// From now on orphans are expected, and [`end`] ends them. The children there are already stay: whoever made this process
/// out of a shell may have left it some. Not for the first process of a machine or container, where everybody's orphans
/// come to: false.
pub fn expect() -> bool {
    if std::process::id() == 1 {
        return false;
    }
    own(|own| {
        let children = crate::children().unwrap_or_default();
        own.known.extend(children.into_iter().filter_map(ProcId::of));
        own.adopts = true;
    });
    true
}

/// Held while this process starts a program, and until it has waited for it if the program is not to be [known by its
/// number](Starting::known): no child is taken for an orphan meanwhile.
#[derive(Debug)]
pub struct Starting(());

/// A program is about to be started.
pub fn starting() -> Starting {
    own(|own| own.unknown += 1);
    Starting(())
}

impl Starting {
    /// It is this process, which is no orphan until it is [forgotten](forget).
    pub fn known(self, id: ProcId) {
        own(|own| own.known.insert(id));
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        own(|own| own.unknown -= 1);
    }
}

/// A process that was started here has ended and was waited for.
pub fn forget(id: ProcId) {
    own(|own| own.known.remove(&id));
}

/// Kills and buries all orphans, and those that come to this process meanwhile, for as long as `limit`; gives how many.
/// Those that cannot be killed (another user's) are left alone from then on. Cheap if there are none; blocks.
pub fn end(limit: Duration) -> usize {
    let begin = Instant::now();
    let ended = RefCell::new(HashSet::new());
    loop {
        let left = own(|own| match (own.adopts, own.unknown) {
            (false, _) => Some(0),
            (true, 0) => Some(strike(|pid| match stat(pid) {
                Some(child) if !own.known.contains(&child.id) => {
                    ended.borrow_mut().insert(child.id);
                    false
                }
                _ => true,
            })),
            (true, _) => None,
        });
        if left == Some(0) {
            break;
        }
        if begin.elapsed() > limit {
            let living: Vec<ProcId> = ended.borrow().iter().copied().filter(|id| id.lives()).collect();
            living.iter().for_each(|id| {
                ended.borrow_mut().remove(id);
            });
            own(|own| own.known.extend(living));
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    ended.into_inner().len()
}
