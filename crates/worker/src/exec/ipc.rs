//! What processes leave in the kernel: shared memory, semaphores and message queues, those of System V and of POSIX.
//!
//! These outlive their processes, and most of them do not say who made them. So every job gets a namespace of its own
//! for them; the kernel destroys it, with all that is in it, when the last process of the job has ended and the
//! worker has gone on to the next one. POSIX keeps shared memory and semaphores as files of `/dev/shm`: there jobs see
//! a file system of their worker's, which is emptied after each. All that needs the right to administer the system
//! (`CAP_SYS_ADMIN`). A worker without it shares with the host, and what its jobs leave there stays, as with the
//! reference.

use super::mounts::mounts;
use rustix::{
    io::Errno,
    mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount},
    thread::UnshareFlags,
};
use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Once, OnceLock},
};
use tokio::runtime::{Handle, RuntimeFlavor};

const SHM: &str = "/dev/shm";

static SAID: Once = Once::new();
/// The device of the `/dev/shm` that was made for the jobs; `None` = they have that of the host.
static OWN: OnceLock<Option<u64>> = OnceLock::new();

/// Gives the processes that are started from now on a namespace of their own, if that may be done, and an empty
/// `/dev/shm`. To be called where no process of a job lives. False = they have the namespace of the host, or of the job
/// before.
pub(crate) fn renew() -> bool {
    // It holds for one thread: in a runtime with several, processes of one job could come into different ones.
    if Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread {
        return false;
    }
    match part(UnshareFlags::NEWIPC) {
        Ok(()) => {
            renew_shm();
            true
        }
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

fn part(what: UnshareFlags) -> Result<(), Errno> {
    // Unsafe only with flags that take open files or the like away from other threads.
    #[allow(deprecated)]
    rustix::thread::unshare(what)
}

fn renew_shm() {
    let own = *OWN.get_or_init(|| {
        own_shm().inspect_err(|error| tracing::debug!(%error, "jobs share the host's /dev/shm")).ok()
    });
    // Whatever happens, nothing of the host's is removed.
    if own.is_none() || device().ok() != own {
        return;
    }
    for entry in fs::read_dir(SHM).into_iter().flatten().flatten() {
        let path = entry.path();
        let removed = match entry.file_type() {
            Ok(kind) if kind.is_dir() => crate::dirs::remove_tree(&path),
            _ => fs::remove_file(&path),
        };
        if let Err(error) = removed {
            tracing::warn!(path = %path.display(), %error, "a job's shared memory could not be removed");
        }
    }
}

/// Puts a file system over `/dev/shm` that only this thread and its children see; returns its device.
fn own_shm() -> io::Result<u64> {
    let of_host = device()?;
    part(UnshareFlags::NEWNS)?;
    // What the host mounts is still seen here, and what is mounted here is not seen there.
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    mount("tmpfs", SHM, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=1777")?;
    let own = device()?;
    if own == of_host { Err(io::Error::other("the mount has no effect")) } else { Ok(own) }
}

/// Takes away what a job has mounted in its directory and left there, a directory of the host's perhaps: who removes
/// the job's directory must not reach through it.
///
/// # Errors
/// Something is still mounted there.
pub(crate) fn unmount_below(dir: &Path) -> io::Result<()> {
    let (Ok(dir), Ok(info)) = (dir.canonicalize(), fs::read("/proc/thread-self/mountinfo")) else {
        return Ok(());
    };
    // Those that were mounted last may lie in others.
    for place in mounts(&info).iter().rev().filter(|place| place.starts_with(&dir)) {
        tracing::info!(place = %place.display(), "a job has left a mount");
        unmount(place, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW)?;
    }
    Ok(())
}

fn device() -> io::Result<u64> {
    Ok(fs::metadata(SHM)?.dev())
}
