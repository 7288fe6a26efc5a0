//! Every key of the configuration file. A test compares the table with the settings' own types.

use super::Settings;

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text, perhaps of a certain form.
    Text,
    /// A whole number from 0.
    Number,
    /// True or false.
    Switch,
    /// One of a few words.
    Choice(&'static [&'static str]),
}

/// A section of the file.
pub(crate) struct Section {
    /// Dotted path.
    pub path: &'static str,
    /// What it is about.
    pub doc: &'static str,
    /// It counts only when it is there; the example shows it commented out.
    pub optional: bool,
    /// Its keys in order.
    pub keys: &'static [Key],
}

/// A key of a section.
pub(crate) struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// What it means, with its unit.
    pub doc: &'static str,
}

const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, doc }
}

use Kind::{Choice, Number, Switch, Text};

/// Everything that can be set.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        path: "server",
        doc: "The server (`cds server`).",
        optional: false,
        keys: &[
            key("data", Text, "Directory of all state: database, logs, artifacts, caches, the master key."),
            key("listen", Text, "Address to listen on, HOST:PORT; port 0 takes a free one."),
            key(
                "database",
                Text,
                "`sqlite:PATH` or `postgres://user:password@host:port/name`; empty = SQLite in the data directory. PostgreSQL with TLS: `?sslmode=require`, or `?sslmode=verify-full&sslrootcert=FILE` to know who answers.",
            ),
            key(
                "database_timeout_s",
                Number,
                "PostgreSQL: a connection that has not answered for so long is given up and made anew, seconds.",
            ),
            key(
                "public_url",
                Text,
                "Address at which browsers and workers reach this server; empty = the one it listens on.",
            ),
            key(
                "peer_url",
                Text,
                "Address at which other servers on the same PostgreSQL database reach this server, for logs and files that only one has; empty = the one it listens on.",
            ),
            key("signup_enabled", Switch, "Whether people may sign up themselves."),
            key(
                "default_group",
                Text,
                "Group that new users become members of, made when it is first needed; empty = none.",
            ),
            key(
                "project_ssh_key",
                Choice(&["ed25519", "rsa"]),
                "Type of the ssh key that a new project gets.",
            ),
            key(
                "tainted_interpolation",
                Choice(&["inert", "refuse", "splice"]),
                "How text from events may be spliced into scripts, for projects that don't say: `inert` only if it cannot carry code, `refuse` never, `splice` always.",
            ),
            key("max_attempts", Number, "Attempts of a job when workers are lost."),
            key(
                "job_timeout_s",
                Number,
                "Longest run time of a job, seconds; 0 = no limit. Files set shorter ones (`timeout` of a job).",
            ),
            key(
                "step_timeout_s",
                Number,
                "Longest run time of a step, seconds; 0 = no limit. Files set shorter ones (`timeout` of a step).",
            ),
            key(
                "queue_timeout_s",
                Number,
                "Longest time of a job in the queue, seconds; 0 = no limit. Files set shorter ones (`queue_timeout` of a job).",
            ),
            key(
                "run_timeout_s",
                Number,
                "Longest run time of a run, seconds; 0 = no limit. Files set shorter ones (`timeout` of a workflow).",
            ),
            key("heartbeat_ms", Number, "A worker reports at least this often while it has a job, ms."),
            key("lease_ms", Number, "A worker that is not heard of for this long has lost its job, ms."),
            key(
                "reconcile_s",
                Number,
                "From one comparison of runs with the rows beside them to the next, seconds; 0 = never.",
            ),
            key(
                "kill_grace_ms",
                Number,
                "A stopped job's processes get this long between SIGTERM and SIGKILL, ms.",
            ),
            key("worker_idle_ms", Number, "A worker ends after this long without a job, ms."),
            key("worker_max_jobs", Number, "A worker ends after this many jobs; 0 = no limit."),
            key("max_body", Number, "Largest request body that is not a file, bytes."),
            key("max_file", Number, "Largest artifact or cache, bytes."),
            key("session_days", Number, "Days a sign-in lasts."),
        ],
    },
    Section {
        path: "server.smtp",
        doc: "A mail server. Without this section accounts are active at once.",
        optional: true,
        keys: &[
            key("host", Text, "Host name."),
            key("port", Number, "Port."),
            key("from", Text, "Sender address."),
            key("tls", Switch, "Encrypt with TLS."),
            key("username", Text, "User name; empty = none."),
            key("password", Text, "Password."),
        ],
    },
    Section {
        path: "hatchery",
        doc: "A hatchery: the one inside `cds server`, or `cds hatchery` on a machine of its own.\nThe one inside the server sets `basedir`, `api_url` and `token` itself.",
        optional: false,
        keys: &[
            key("name", Text, "Unique name among the hatcheries of a server."),
            key("region", Text, "Jobs with this `region` requirement are taken; empty: jobs without one."),
            key("max_workers", Number, "Workers at a time; 0 = as many as the machine has processors."),
            key("min_idle", Number, "Workers kept ready for jobs to come, beside the busy ones."),
            key("spawn_concurrency", Number, "Workers being started at a time."),
            key(
                "start_timeout_s",
                Number,
                "A worker that has not registered after this long is destroyed, seconds.",
            ),
            key("grace_s", Number, "From asking a worker to end to killing it, seconds."),
            key("basedir", Text, "Directory of the hatchery: its workers' directories and records."),
            key("worker_exe", Text, "Program with the `worker` command; empty = this program."),
            key("api_url", Text, "Address of the server."),
            key("token", Text, "Token with the scope `hatchery`."),
        ],
    },
];

/// The defaults as a table, optional sections included.
pub(crate) fn defaults() -> toml::Table {
    let mut settings = Settings::default();
    settings.server.smtp = Some(cds_server::config::Smtp::default());
    let mut table = toml::Table::try_from(&settings).unwrap_or_default();
    // A secret shows as a placeholder, which is no default.
    if let Some(toml::Value::Table(hatchery)) = table.get_mut("hatchery") {
        hatchery.insert("token".into(), settings.hatchery.token.expose().clone().into());
    }
    table
}

/// The value at a dotted path.
pub(crate) fn get<'a>(table: &'a toml::Table, path: &str) -> Option<&'a toml::Value> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    match (table.get(first)?, rest) {
        (value, None) => Some(value),
        (toml::Value::Table(inner), Some(rest)) => get(inner, rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn leaves(prefix: &str, table: &toml::Table, out: &mut BTreeSet<String>) {
        for (name, value) in table {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) => leaves(&path, inner, out),
                _ => {
                    out.insert(path);
                }
            }
        }
    }

    #[test]
    fn the_table_names_every_key_and_no_other() {
        let mut real = BTreeSet::new();
        leaves("", &defaults(), &mut real);
        let told: Vec<String> = SECTIONS
            .iter()
            .flat_map(|s| s.keys.iter().map(move |k| format!("{}.{}", s.path, k.name)))
            .collect();
        assert_eq!(told.len(), told.iter().collect::<BTreeSet<_>>().len(), "a key is there twice");
        assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), real);
    }

    #[test]
    fn kinds_are_those_of_the_defaults() {
        let defaults = defaults();
        for section in SECTIONS {
            for key in section.keys {
                let path = format!("{}.{}", section.path, key.name);
                let value = get(&defaults, &path).unwrap();
                match key.kind {
                    Text => assert!(value.is_str(), "{path}"),
                    Number => assert!(value.is_integer(), "{path}"),
                    Switch => assert!(value.is_bool(), "{path}"),
                    Choice(words) => assert!(words.contains(&value.as_str().unwrap()), "{path}"),
                }
            }
        }
    }
}
