//! Noticing that the process which started this one has ended, however it ended.

use rustix::process::getppid;
use std::time::Duration;

/// How often it is looked for: a call to the kernel that costs nothing, where waiting would take a thread.
const LOOK: Duration = Duration::from_millis(250);

/// Resolves when this process is not a child of `parent` (any more): whoever loses its parent gets another one at once.
pub(crate) async fn ended(parent: i32) {
    while getppid().is_some_and(|now| now.as_raw_nonzero().get() == parent) {
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_never_was_the_parent_has_ended() {
        ended(std::process::id() as i32).await;
        ended(0).await;
    }

    #[tokio::test]
    async fn a_living_parent_is_waited_for() {
        let parent = getppid().unwrap().as_raw_nonzero().get();
        tokio::select! {
            biased;
            () = ended(parent) => panic!("this test's parent lives"),
            () = std::future::ready(()) => {}
        }
    }
}
