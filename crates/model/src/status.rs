//! Statuses of runs, node runs, stages, jobs and steps. One list, because the reference exposes one list
//! (its texts are part of the contract with users' scripts and conditions).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Where something that runs stands. The text form is the reference's, e.g. `Never Built`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Status {
    /// Not reached yet (a later stage, a step whose turn has not come). Empty text.
    #[default]
    #[serde(rename = "")]
    NotReached,
    /// A run that has been created and not started.
    Pending,
    /// Ready, and waiting for something: a worker, a mutex, a gate.
    Waiting,
    /// In progress.
    Building,
    /// Ended well.
    Success,
    /// Ended badly.
    Fail,
    /// Ended by a person, or by the stop of what contains it.
    Stopped,
    /// Ended without work, because a condition was false.
    Skipped,
    /// Ended without work, because it is switched off.
    Disabled,
    /// A run whose root conditions were false; a step behind a failed one.
    #[serde(rename = "Never Built")]
    NeverBuilt,
}

impl Status {
    /// Every status, in declaration order.
    pub const ALL: [Status; 10] = [
        Status::NotReached,
        Status::Pending,
        Status::Waiting,
        Status::Building,
        Status::Success,
        Status::Fail,
        Status::Stopped,
        Status::Skipped,
        Status::Disabled,
        Status::NeverBuilt,
    ];

    /// Whether nothing will happen any more (spec 6.1).
    pub fn is_final(self) -> bool {
        !matches!(self, Status::NotReached | Status::Pending | Status::Waiting | Status::Building)
    }

    /// The exposed text.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::NotReached => "",
            Status::Pending => "Pending",
            Status::Waiting => "Waiting",
            Status::Building => "Building",
            Status::Success => "Success",
            Status::Fail => "Fail",
            Status::Stopped => "Stopped",
            Status::Skipped => "Skipped",
            Status::Disabled => "Disabled",
            Status::NeverBuilt => "Never Built",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Status {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Status::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| format!("'{text}' is not a status"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_serde_agree_with_each_other() {
        for s in Status::ALL {
            assert_eq!(s.as_str().parse(), Ok(s));
            assert_eq!(serde_json::to_string(&s).unwrap(), format!("\"{}\"", s.as_str()));
        }
    }
}
