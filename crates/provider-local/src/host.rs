//! What this machine can do (spec 13.4, column "local").

use cds_provider::Capacity;
use std::{collections::BTreeSet, ffi::OsStr, os::unix::fs::PermissionsExt, path::Path};

/// Looks at the machine: PATH, host name, memory, processors.
pub fn detect(path: Option<&OsStr>) -> Capacity {
    Capacity {
        os_arch: format!("{}/{}", go_os(std::env::consts::OS), go_arch(std::env::consts::ARCH)),
        hostname: hostname(),
        binaries: path.map(executables).unwrap_or_default(),
        memory_mb: memory_mb(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        cores: std::thread::available_parallelism().map_or(1, |n| n.get() as u32),
        max_instances: 0,
    }
}

/// Rust's name of an operating system in Go's words.
pub fn go_os(os: &str) -> &str {
    match os {
        "macos" => "darwin",
        other => other,
    }
}

/// Rust's name of an architecture in Go's words.
pub fn go_arch(arch: &str) -> &str {
    match arch {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64",
        "loongarch64" => "loong64",
        other => other,
    }
}

/// Names of the executable files in the directories of a PATH, sorted, each once.
pub fn executables(path: &OsStr) -> Vec<String> {
    let mut names = BTreeSet::new();
    for dir in std::env::split_paths(path) {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            if let Ok(name) = entry.file_name().into_string()
                && is_executable(&entry.path())
            {
                names.insert(name);
            }
        }
    }
    names.into_iter().collect()
}

fn is_executable(path: &Path) -> bool {
    // `metadata` follows links, so a dangling link is none.
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// `MemTotal` of `/proc/meminfo`, MiB; 0 if it is not there.
fn memory_mb(meminfo: &str) -> u64 {
    meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse::<u64>().ok())
        .map_or(0, |kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_meminfo() {
        assert_eq!(memory_mb("MemTotal:        8123456 kB\nMemFree: 1 kB\n"), 7933);
        assert_eq!(memory_mb("nothing of use"), 0);
    }

    #[test]
    fn only_executable_files_are_binaries() {
        let dir = tempfile::tempdir().unwrap();
        for (name, mode) in [("tool", 0o755), ("notes", 0o644)] {
            let path = dir.path().join(name);
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        std::os::unix::fs::symlink("tool", dir.path().join("alias")).unwrap();
        std::os::unix::fs::symlink("absent", dir.path().join("dangling")).unwrap();
        let path = std::env::join_paths([dir.path(), Path::new("/does/not/exist"), dir.path()]).unwrap();
        assert_eq!(executables(&path), ["alias", "tool"]);
    }

    #[test]
    fn this_machine_has_a_shell() {
        let capacity = detect(Some(OsStr::new("/usr/bin:/bin")));
        assert!(capacity.binaries.iter().any(|b| b == "sh"));
        assert!(capacity.memory_mb > 0 && capacity.cores > 0 && !capacity.hostname.is_empty());
    }
}
