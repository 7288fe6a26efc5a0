//! The allocator of the process, for Rust and for SQLite alike.
//!
//! glibc's keeps what was freed wherever a living block is near: after a busy time half of a server's memory was such
//! remains. jemalloc keeps blocks of like sizes together and gives free pages back after a moment. It takes the place
//! of `malloc` itself, because an allocator for Rust alone leaves SQLite's pages with glibc, and both then keep remains.

/// For Rust; linking it makes its `malloc` that of everything else, too.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Its settings, where it looks for them: one arena for all threads, of which few are ever busy (measured: no slower);
/// free pages go back within some hundredths of a second, by a thread of its own, so that no request waits for it;
/// threads keep blocks of up to 2 KiB for themselves.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "the name by which the allocator finds its settings")]
// SAFETY: nobody else defines this name, and it is what jemalloc's documentation wants: a pointer to a C string.
#[unsafe(export_name = "malloc_conf")]
pub static SETTINGS: Option<&'static std::ffi::c_char> = {
    const TEXT: &std::ffi::CStr =
        c"narenas:1,background_thread:true,dirty_decay_ms:20,muzzy_decay_ms:0,lg_tcache_max:11";
    // SAFETY: points to the text, which is never dropped.
    Some(unsafe { &*TEXT.as_ptr() })
};
