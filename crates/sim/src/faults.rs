//! What can go wrong, by name.

use std::{fmt, str::FromStr};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// Its word on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text).ok_or_else(|| {
                    let all: Vec<_> = Self::ALL.iter().map(|v| v.as_str()).collect();
                    format!("'{text}' is none of {}", all.join(", "))
                })
            }
        }
    };
}

named! {
    /// Something that goes wrong in the simulated world.
    Fault {
        /// A message does not arrive.
        Lose = "lose",
        /// A message arrives twice.
        Repeat = "repeat",
        /// A message arrives late, after younger ones.
        Reorder = "reorder",
        /// A server dies, also between a commit and what follows from it, and comes back without its memory.
        KillServer = "kill-server",
        /// A worker dies.
        KillWorker = "kill-worker",
        /// A hatchery dies and comes back without its memory; its workers go on.
        KillHatchery = "kill-hatchery",
        /// A worker stands still for so long that it is given up, and then goes on.
        PauseWorker = "pause-worker",
        /// Two of servers, workers, hatcheries and the store don't reach each other for a while.
        Partition = "partition",
        /// The store and the logs refuse whatever is written.
        FullDisk = "full-disk",
        /// A commit is made, and its server is told that it failed.
        LostCommit = "lost-commit",
        /// Clocks of servers jump ahead together, and go apart within the bound.
        Clock = "clock",
        /// The provider refuses to start workers.
        Provider = "provider",
        /// A worker does not hear that it should stop.
        Deaf = "deaf",
    }
}

named! {
    /// A rule that is broken on purpose, to see that it is found.
    Sabotage {
        /// A commit does not look at the version.
        Version = "version",
        /// A server that says no to news does not look whether its memory of the run is behind.
        Stale = "stale",
        /// What was committed is told to memory only, and the store is not looked at again.
        Wake = "wake",
        /// A lease is shorter than workers believe.
        ShortLease = "short-lease",
        /// A timer is done with although its event met a failing store.
        Timer = "timer",
        /// A mutex is given back although its run could not be told.
        Mutex = "mutex",
        /// The key of a request to start a run is not looked at.
        Key = "key",
        /// A log chunk is stored again when it is sent again.
        Chunk = "chunk",
        /// A log chunk is acknowledged although the disk refused it.
        Ack = "ack",
        /// A worker that was ordered and never came is waited for without end.
        Pending = "pending",
        /// A jump of the clock counts as silence of the workers.
        Jump = "jump",
        /// A server that does not reach the shared store vouches for its workers out of memory.
        Vouch = "vouch",
        /// A repeated question for a job is taken for a new one, whatever its number.
        Take = "take",
    }
}

/// A set of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults(u32);

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self(0);

    /// Everything goes wrong.
    pub fn all() -> Self {
        Fault::ALL.iter().fold(Self::NONE, |all, f| all.with(*f))
    }

    /// Whether it is among them.
    pub fn has(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u32) != 0
    }

    /// With one more.
    pub fn with(self, fault: Fault) -> Self {
        Self(self.0 | 1 << fault as u32)
    }

    /// With one less.
    pub fn without(self, fault: Fault) -> Self {
        Self(self.0 & !(1 << fault as u32))
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.iter().copied().filter(move |f| self.has(*f))
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return f.write_str("all");
        }
        let names: Vec<_> = self.iter().map(Fault::as_str).collect();
        if names.is_empty() { f.write_str("none") } else { f.write_str(&names.join(",")) }
    }
}

impl FromStr for Faults {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::all()),
            "none" => Ok(Self::NONE),
            list => list.split(',').try_fold(Self::NONE, |all, name| Ok(all.with(name.trim().parse()?))),
        }
    }
}
