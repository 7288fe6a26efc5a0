//! What the process keeps of memory that it does not need any more.
//!
//! glibc gives every thread an arena of its own, and arenas keep what was freed in them. A server has dozens of
//! threads of which few are ever busy, and SQLite allocates by itself: two arenas for all cost it nothing that can be
//! measured, and what is free at the end of a busy time goes back to the system. An allocator of our own beside it
//! (mimalloc, jemalloc) held more, because SQLite's memory stays with glibc.

use std::time::Duration;

/// How often what is free is given back.
const TRIM_EVERY: Duration = Duration::from_secs(10);

/// Sets the process up. To be called before there are threads.
pub(crate) fn set_up() {
    #[cfg(target_env = "gnu")]
    {
        /// Larger blocks are mapped, and unmapped when they are freed. Without a fixed figure glibc raises it to the
        /// largest block that was ever freed: a password's 19 MB would then be kept.
        const MAPPED_FROM: i32 = 4 * 1024 * 1024;
        // SAFETY: only changes settings of the allocator; takes numbers, and there is one thread yet.
        #[allow(unsafe_code, reason = "glibc has no other way to say this to a process that runs already")]
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 2);
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
        }
    }
}

/// Gives back what is free, now and then, for ever.
pub(crate) async fn trim() {
    loop {
        let _ = tokio::task::spawn_blocking(give_back).await;
        // From one to the next, so that a machine that slept does not make up for what it missed.
        tokio::time::sleep(TRIM_EVERY).await;
    }
}

fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer, and may be called at any time by any thread.
    #[allow(unsafe_code, reason = "glibc keeps freed pages in the middle of its heap until it is told")]
    unsafe {
        libc::malloc_trim(0);
    }
}
