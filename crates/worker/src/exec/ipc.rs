//! What processes leave in the kernel: System V shared memory, semaphores and message queues, POSIX message queues.
//!
//! These outlive their processes, and most of them do not say who made them. So every job gets a namespace of its own
//! for them; the kernel destroys it, with all that is in it, when the last process of the job has ended and the
//! worker has gone on to the next one. That needs the right to administer the system (`CAP_SYS_ADMIN`). A worker
//! without it shares the host's namespace with its jobs, and what they leave there stays, as with the reference.

use rustix::{io::Errno, thread::UnshareFlags};
use std::sync::Once;
use tokio::runtime::{Handle, RuntimeFlavor};

static SAID: Once = Once::new();

/// Gives the processes that are started from now on a namespace of their own, if that may be done. To be called where
/// no process of a job lives. False = they have that of the host, or of the job before.
pub(crate) fn renew() -> bool {
    // It holds for one thread: in a runtime with several, processes of one job could come into different ones.
    if Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread {
        return false;
    }
    // Unsafe only with flags that take open files or the like away from other threads.
    #[allow(deprecated)]
    match rustix::thread::unshare(UnshareFlags::NEWIPC) {
        Ok(()) => true,
        Err(error) => {
            SAID.call_once(|| match error {
                Errno::PERM => {
                    tracing::debug!("jobs share the host's System V objects: not permitted to part them")
                }
                error => tracing::warn!(%error, "jobs share the host's System V objects"),
            });
            false
        }
    }
}
