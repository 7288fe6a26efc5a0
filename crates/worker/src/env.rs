//! The environment of a step's processes (spec 8.7).

use indexmap::IndexMap;
use std::{ffi::OsString, os::unix::ffi::OsStrExt, path::Path};

/// Longest `NAME=value` that the kernel takes, and a safe sum of all (a quarter of the usual stack limit).
const MAX_ENTRY: usize = 128 * 1024 - 16;
const MAX_TOTAL: usize = 1536 * 1024;

/// Name of the variable that marks every process of a job; see `exec`.
pub(crate) const MARKER: &str = "CDS_JOB_ID";

/// Name of the variable by which a hatchery finds everything its workers have started; passed on as it is.
const WORKER_MARKER: &str = "CDS_WORKER_ID";

/// What the environment is made of besides the job's variables.
pub(crate) struct EnvSource<'a> {
    /// `host:port` of the API, for people.
    pub api_url: &'a str,
    /// Port of the local API.
    pub port: u16,
    /// The job's own directory.
    pub job_dir: &'a Path,
    /// Its workspace.
    pub workspace: &'a Path,
    /// Its temporary directory.
    pub tmp: &'a Path,
    /// Where gpg works, if not below `HOME`.
    pub gnupg_home: Option<&'a Path>,
    /// Directory that holds an executable named `worker`.
    pub worker_bin: &'a Path,
    /// `HATCHERY_…` and variables injected by the hatchery.
    pub inject: &'a IndexMap<String, String>,
    /// Value of [`MARKER`].
    pub marker: &'a str,
}

/// An environment, and the names that had to be left out of it because they are too long for the system.
pub(crate) struct Environment {
    /// Names and values, each name once.
    pub vars: IndexMap<OsString, OsString>,
    /// Names of variables left out.
    pub dropped: Vec<String>,
}

/// Puts an environment together; of repeated names the last one wins.
pub(crate) fn build<'v>(
    own: impl Iterator<Item = (OsString, OsString)>,
    source: &EnvSource<'_>,
    variables: impl Iterator<Item = (&'v str, &'v str)>,
) -> Environment {
    let mut vars: IndexMap<OsString, OsString> = IndexMap::new();
    vars.insert("CI".into(), "1".into());
    let mut marker = None;
    for (name, value) in own {
        if name == WORKER_MARKER {
            marker = Some(value);
        } else if !name.as_bytes().starts_with(b"CDS_") {
            vars.insert(name, value);
        }
    }
    let mut put = |name: &str, value: OsString| {
        vars.insert(name.into(), value);
    };
    // Again, for a worker that itself runs where CI has another value: the in-job commands ask for this one.
    put("CI", "1".into());
    put("CDS_KEY", "********".into());
    put("CDS_EXPORT_PORT", source.port.to_string().into());
    put("CDS_API_URL", source.api_url.into());
    put("CDS_CDN_URL", source.api_url.into());
    for (name, value) in source.inject {
        if usable(name) {
            put(name, clean(value).into());
        }
    }
    put("BASEDIR", source.job_dir.into());
    put("HOME", source.workspace.into());
    if let Some(home) = source.gnupg_home {
        put("GNUPGHOME", home.into());
    }
    put("TMPDIR", source.tmp.into());
    for (name, value) in variables {
        if name.starts_with("cds.key.") && name.ends_with(".priv") {
            continue;
        }
        let value = clean(value);
        for name in names(name) {
            if usable(&name) {
                vars.insert(name.into(), value.as_str().into());
            }
        }
    }
    // Last of all: no parameter may take these away from the worker.
    vars.insert(MARKER.into(), source.marker.into());
    if let Some(marker) = marker {
        vars.insert(WORKER_MARKER.into(), marker);
    }
    let path = vars.get(std::ffi::OsStr::new("PATH")).filter(|p| !p.is_empty()).cloned();
    let mut path =
        path.unwrap_or_else(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
    path.push(":");
    path.push(source.worker_bin);
    vars.insert("PATH".into(), path);
    let dropped = fit(&mut vars);
    Environment { vars, dropped }
}

/// Environment names of a variable (spec 8.7).
fn names(variable: &str) -> Vec<String> {
    let upper = variable.to_uppercase().replace(['.', '-'], "_");
    match variable.strip_prefix("cds.env.") {
        Some(rest) if !rest.is_empty() => {
            let short = rest.to_uppercase().replace(['.', '-'], "_");
            vec![upper, format!("CDS_ENV_{rest}"), rest.to_string(), short]
        }
        _ => vec![upper],
    }
}

fn usable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// Newlines as the two characters `\n`; a zero byte can't be passed at all.
fn clean(value: &str) -> String {
    value.replace('\n', "\\n").replace('\0', "")
}

/// Leaves out what would make every process start fail: single values over the kernel's limit, then the largest.
fn fit(vars: &mut IndexMap<OsString, OsString>) -> Vec<String> {
    let mut dropped = Vec::new();
    let size = |name: &OsString, value: &OsString| name.len() + value.len() + 2;
    vars.retain(|name, value| {
        let keep = size(name, value) <= MAX_ENTRY;
        if !keep {
            dropped.push(name.to_string_lossy().into_owned());
        }
        keep
    });
    let mut total: usize = vars.iter().map(|(n, v)| size(n, v) + 8).sum();
    while total > MAX_TOTAL {
        let Some(largest) = vars.iter().max_by_key(|(n, v)| size(n, v)).map(|(n, _)| n.clone()) else {
            break;
        };
        if let Some(value) = vars.shift_remove(&largest) {
            total -= size(&largest, &value) + 8;
        }
        dropped.push(largest.to_string_lossy().into_owned());
    }
    dropped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(own: &[(&str, &str)], vars: &[(&str, &str)]) -> Environment {
        let inject = IndexMap::from([("HATCHERY_NAME".to_string(), "h1".to_string())]);
        let source = EnvSource {
            api_url: "http://api",
            port: 99,
            job_dir: Path::new("/b/j"),
            workspace: Path::new("/b/j/run"),
            tmp: Path::new("/b/j/tmp"),
            gnupg_home: None,
            worker_bin: Path::new("/b/bin"),
            inject: &inject,
            marker: "r.0.1",
        };
        build(own.iter().map(|(a, b)| (a.into(), b.into())), &source, vars.iter().copied())
    }

    #[test]
    fn names_and_values() {
        let e = env(
            &[("PATH", "/bin"), ("CDS_TOKEN", "secret"), ("LANG", "C"), ("CDS_WORKER_ID", "w7")],
            &[
                ("cds.env.My.Var-x", "a\nb"),
                ("git.branch", "main"),
                ("cds.key.k.priv", "PRIVATE"),
                ("cds.key.k.pub", "P"),
                ("cds.app.password", "hunter2hunter2"),
                ("cds.job.id", "mine"),
                ("cds.worker.id", "mine"),
                ("we=ird", "x"),
            ],
        );
        let get = |name: &str| e.vars.get(std::ffi::OsStr::new(name)).map(|v| v.to_str().unwrap());
        assert_eq!(get("CI"), Some("1"));
        assert_eq!(get("PATH"), Some("/bin:/b/bin"));
        for name in ["CDS_ENV_MY_VAR_X", "CDS_ENV_My.Var-x", "My.Var-x", "MY_VAR_X"] {
            assert_eq!(get(name), Some("a\\nb"), "{name}");
        }
        assert_eq!(get("GIT_BRANCH"), Some("main"));
        assert_eq!(get("CDS_KEY_K_PUB"), Some("P"));
        assert_eq!(get("CDS_APP_PASSWORD"), Some("hunter2hunter2"));
        assert_eq!(get("CDS_KEY"), Some("********"));
        assert_eq!(get("CDS_EXPORT_PORT"), Some("99"));
        assert_eq!(get("HATCHERY_NAME"), Some("h1"));
        assert_eq!(get("BASEDIR"), Some("/b/j"));
        assert_eq!(get("HOME"), Some("/b/j/run"));
        assert_eq!((get(MARKER), get("CDS_WORKER_ID")), (Some("r.0.1"), Some("w7")));
        assert_eq!((get("CDS_TOKEN"), get("CDS_KEY_K_PRIV")), (None, None));
        assert!(e.dropped.is_empty());
    }

    #[test]
    fn too_much_is_left_out_and_named() {
        let huge = "x".repeat(200_000);
        let big = "y".repeat(100_000);
        let many: Vec<(String, &str)> = (0..20).map(|i| (format!("v{i}"), big.as_str())).collect();
        let mut all: Vec<(&str, &str)> = many.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        all.push(("payload", &huge));
        let e = env(&[], &all);
        assert!(e.dropped.contains(&"PAYLOAD".to_string()));
        assert!(e.vars.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>() < MAX_TOTAL);
        assert!(e.dropped.len() < 10);
    }
}
