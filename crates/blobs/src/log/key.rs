//! The name of a log.

use super::LogError;
use cds_model::{Attempt, JobNo, RunId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// File names end at 255 bytes on common file systems; this leaves room for our suffixes.
const NAME_MAX: usize = 200;

/// Which output of a job: one of its steps, or a service beside it (spec 9.3). In text `step-3` or
/// `service-postgres`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LogStream {
    /// The step with this order.
    Step(u16),
    /// The service requirement with this name.
    Service(String),
}

impl fmt::Display for LogStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogStream::Step(n) => write!(f, "step-{n}"),
            LogStream::Service(name) => write!(f, "service-{name}"),
        }
    }
}

impl FromStr for LogStream {
    type Err = LogError;
    fn from_str(text: &str) -> Result<Self, LogError> {
        let bad = |why| LogError::BadKey { key: text.to_string(), why };
        match text.split_once('-') {
            Some(("step", n)) if !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => {
                n.parse().map(LogStream::Step).map_err(|_| bad("the step's number is over 65535"))
            }
            Some(("service", name)) if !name.is_empty() => Ok(LogStream::Service(name.to_string())),
            _ => Err(bad("write 'step-<number>' or 'service-<name>'")),
        }
    }
}

impl Serialize for LogStream {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LogStream {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl LogStream {
    /// The name of this stream's files, without suffix. Service names come from users: every byte that
    /// is not plainly harmless is written as `%XX`, so no name can leave the directory or clash.
    pub(crate) fn file_stem(&self) -> Result<String, LogError> {
        let text = self.to_string();
        let mut stem = String::with_capacity(text.len());
        for b in text.bytes() {
            match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => stem.push(char::from(b)),
                _ => stem.push_str(&format!("%{b:02X}")),
            }
        }
        if text == "service-" || stem.len() > NAME_MAX {
            let why = "a service's name must be 1 to 60 characters long";
            return Err(LogError::BadKey { key: text, why });
        }
        Ok(stem)
    }

    /// The reverse of [`LogStream::file_stem`]; `None` for a name that it cannot have made.
    pub(crate) fn from_file_stem(stem: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(stem.len());
        let mut rest = stem.as_bytes();
        while let Some((&b, tail)) = rest.split_first() {
            rest = tail;
            if b == b'%' {
                let hex = rest.get(..2)?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
                rest = &rest[2..];
            } else {
                bytes.push(b);
            }
        }
        String::from_utf8(bytes).ok()?.parse().ok()
    }
}

/// Names one log. Every attempt of a job has its own logs, so a retry never mixes with what it retries.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LogKey {
    /// The run.
    pub run: RunId,
    /// The job inside the run.
    pub job: JobNo,
    /// The attempt of the job.
    pub attempt: Attempt,
    /// The output inside the attempt.
    pub step: LogStream,
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}/{}/{}", self.run, self.job, self.attempt, self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_survive_their_text_and_their_file_name() {
        let names = ["postgres", "../../etc/passwd", "a b%c", "é☃", "-", "x.log"];
        let streams = names.iter().map(|n| LogStream::Service((*n).to_string()));
        for stream in streams.chain([LogStream::Step(0), LogStream::Step(65535)]) {
            assert_eq!(stream.to_string().parse::<LogStream>().unwrap(), stream);
            let stem = stream.file_stem().unwrap();
            assert!(!stem.contains(['/', '.']), "{stem}");
            assert_eq!(LogStream::from_file_stem(&stem), Some(stream));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "step", "step-", "step-x", "step-+1", "step-65536", "service-", "other-1"] {
            assert!(text.parse::<LogStream>().is_err(), "{text}");
        }
        assert!(LogStream::Service(String::new()).file_stem().is_err());
        assert!(LogStream::Service("/".repeat(100)).file_stem().is_err());
        assert_eq!(LogStream::from_file_stem("service-%Z1"), None);
        assert_eq!(LogStream::from_file_stem("service-%4"), None);
    }
}
