//! Ids. Two kinds: UUIDv7 for things the database owns (they sort by creation), and small
//! ordinals for things that live inside one run, so that the engine needs no source of randomness.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a valid {kind} id")]
pub struct BadId {
    /// Which kind of id was wanted, e.g. `run`.
    pub kind: &'static str,
    /// The text that was given.
    pub text: String,
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident => $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
        impl $name {
            /// A fresh id; sorts after every id made before it on this machine.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self { Self(Uuid::now_v7()) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!($kind, ":{}"), self.0) }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Uuid::parse_str(text).map(Self).map_err(|_| BadId { kind: $kind, text: text.to_string() })
            }
        }
    )*};
}

uuid_ids! {
    /// A user account.
    UserId => "user";
    /// A group of users; permissions are granted to groups.
    GroupId => "group";
    /// A sign-in session or API token (the id, never the secret).
    TokenId => "token";
    /// A project.
    ProjectId => "project";
    /// A workflow (stable over renames and new definitions).
    WorkflowId => "workflow";
    /// A pipeline, application or environment definition.
    EntityId => "entity";
    /// One run of a workflow.
    RunId => "run";
    /// A worker process that has registered.
    WorkerId => "worker";
    /// A hatchery.
    HatcheryId => "hatchery";
    /// A stored artifact, cache or log.
    BlobId => "blob";
    /// A hook on the root of a workflow.
    HookId => "hook";
}

macro_rules! ordinals {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                text.parse().map(Self).map_err(|_| BadId { kind: stringify!($name), text: text.to_string() })
            }
        }
    )*};
}

ordinals! {
    /// Position of a node in the graph of one run's snapshot.
    NodeIx;
    /// Ordinal of a node run inside its run: 0 is the root's first execution.
    NodeRunNo;
    /// Ordinal of a job inside its run, counted over all node runs.
    JobNo;
    /// Attempt of a job: 1 is the first. A lost worker makes a new attempt; the attempt is also the
    /// fencing token of the lease: news of an older attempt is refused.
    Attempt;
}

/// Names one job of one run everywhere outside that run: `<run>.<job>` in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct JobRef {
    /// The run that owns the job.
    pub run: RunId,
    /// The job inside it.
    pub job: JobNo,
}

impl fmt::Display for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.run, self.job)
    }
}

impl FromStr for JobRef {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { kind: "job", text: text.to_string() };
        let (run, job) = text.split_once('.').ok_or_else(bad)?;
        Ok(Self { run: run.parse().map_err(|_| bad())?, job: job.parse().map_err(|_| bad())? })
    }
}

impl Serialize for JobRef {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for JobRef {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_ref_survives_its_text() {
        let job = JobRef { run: RunId::new(), job: JobNo(7) };
        assert_eq!(job.to_string().parse::<JobRef>(), Ok(job));
        assert!("nonsense".parse::<JobRef>().is_err());
    }

    #[test]
    fn ids_sort_by_creation() {
        let ids: Vec<RunId> = (0..100).map(|_| RunId::new()).collect();
        assert!(ids.is_sorted());
    }
}
