//! The worker's own check of a job's requirements (spec 9.1.2, 13.4): a job that came to the wrong machine is
//! given back.

use cds_api::worker::AssignedRequirement;
use std::{
    ffi::OsStr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Go's name of this system.
pub(crate) fn os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// Go's name of this processor.
pub(crate) fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

/// This host's name.
pub(crate) fn hostname() -> String {
    String::from_utf8_lossy(rustix::system::uname().nodename().to_bytes()).into_owned()
}

/// Looks an executable up in the worker's `PATH`.
pub(crate) fn find_binary(name: &str) -> Option<PathBuf> {
    find_in(name, &std::env::var_os("PATH")?)
}

pub(crate) fn find_in(name: &str, path: &OsStr) -> Option<PathBuf> {
    let executable =
        |p: &Path| std::fs::metadata(p).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|p| executable(p));
    }
    std::env::split_paths(path).map(|dir| dir.join(name)).find(|p| executable(p))
}

/// Whether this machine meets the requirements; the error names the first that it does not meet.
pub(crate) fn check(requirements: &[AssignedRequirement]) -> Result<(), String> {
    for r in requirements {
        let (met, have) = match r.kind.as_str() {
            "binary" => (find_binary(&r.value).is_some(), "it is not on the worker's PATH".to_string()),
            "hostname" => (r.value == hostname(), format!("the worker runs on '{}'", hostname())),
            "os-architecture" => {
                let own = format!("{}/{}", os(), arch());
                (r.value == own, format!("the worker's is '{own}'"))
            }
            _ => continue,
        };
        if !met {
            return Err(format!("requirement {} '{}' is not met: {have}", r.kind, r.value));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(kind: &str, value: &str) -> Result<(), String> {
        check(&[AssignedRequirement { name: value.into(), kind: kind.into(), value: value.into() }])
    }

    #[test]
    fn kinds() {
        assert_eq!(need("binary", "sh"), Ok(()));
        assert!(need("binary", "no-such-binary-here").unwrap_err().contains("no-such-binary-here"));
        assert_eq!(need("os-architecture", &format!("{}/{}", os(), arch())), Ok(()));
        assert!(need("os-architecture", "plan9/mips").is_err());
        assert!(need("hostname", "not this host").is_err());
        assert_eq!(need("memory", "999999999"), Ok(()));
    }
}
