//! What ends `cds run`: the first signal stops the run, a second one everything.

use anyhow::Context;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// The signals that have come.
#[derive(Clone, Debug)]
pub(super) struct Signals(watch::Receiver<u32>);

impl Signals {
    /// Takes them from their default, which is to end the process and leave everything behind. To be called within a
    /// tokio runtime.
    pub fn listen() -> anyhow::Result<Self> {
        let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
        let (count, seen) = watch::channel(0);
        for (kind, impatient) in [
            (SignalKind::interrupt(), true),
            (SignalKind::terminate(), true),
            (SignalKind::quit(), true),
            // A shell that ends says again what the terminal has said already.
            (SignalKind::hangup(), false),
        ] {
            // `nohup` means it, and so does a shell that starts a program in the background. SIGINT and SIGTERM are
            // listened to nevertheless: who sends one of them means us.
            let may_be_ignored = kind == SignalKind::hangup() || kind == SignalKind::quit();
            if may_be_ignored && ignored & (1 << (kind.as_raw_value() - 1)) != 0 {
                continue;
            }
            let mut signal = signal(kind).context("cannot listen to signals")?;
            let count = count.clone();
            tokio::spawn(async move {
                while signal.recv().await.is_some() {
                    count.send_modify(|n| {
                        if impatient || *n == 0 {
                            *n += 1
                        }
                    });
                }
            });
        }
        Ok(Self(seen))
    }

    /// Whether one has come.
    pub fn came(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits for one, or returns at once if one has come.
    pub async fn first(&self) {
        self.nth(1).await;
    }

    /// The same for a second one.
    pub async fn again(&self) {
        self.nth(2).await;
    }

    async fn nth(&self, n: u32) {
        if self.0.clone().wait_for(|count| *count >= n).await.is_err() {
            // Nobody listens any more, as the runtime ends: none will come.
            std::future::pending::<()>().await;
        }
    }
}

/// The set of ignored signals in the text of `/proc/self/status`, signal 1 as the lowest bit.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read() {
        assert_eq!(ignored("Name:\tcds\nSigIgn:\t0000000000001001\nSigCgt:\t1\n"), 0x1001);
        assert_eq!(ignored("nothing of use"), 0);
    }
}
