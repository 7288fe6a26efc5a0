//! Readers that follow logs while they are written, and come back when the server does.

use cds_client::{Client, SseStream};
use cds_model::JobRef;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::JoinHandle;

/// Pause before a connection is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// Job, attempt, step.
pub type LogName = (JobRef, u32, u16);

/// What a reader has seen of a log.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// All bytes, in order.
    pub bytes: Vec<u8>,
    /// The server said that nothing follows.
    pub ended: bool,
    /// How often the connection was made.
    pub connections: u32,
    /// What must not be.
    pub faults: Vec<String>,
}

/// All readers.
#[derive(Default)]
pub struct Followers {
    seen: BTreeMap<LogName, Arc<Mutex<Seen>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Followers {
    /// Follows a log from its beginning, unless that is done already.
    pub fn follow(&mut self, client: &Client, name: LogName) {
        if self.seen.contains_key(&name) {
            return;
        }
        let seen = Arc::new(Mutex::new(Seen::default()));
        self.seen.insert(name, seen.clone());
        self.tasks.push(tokio::spawn(follow(client.clone(), name, seen)));
    }

    /// What was seen of every log so far.
    pub fn seen(&self) -> BTreeMap<LogName, Seen> {
        let copy = |seen: &Arc<Mutex<Seen>>| seen.lock().expect("no panic").clone();
        self.seen.iter().map(|(name, seen)| (*name, copy(seen))).collect()
    }
}

async fn follow(client: Client, (job, attempt, step): LogName, seen: Arc<Mutex<Seen>>) {
    loop {
        let offset = seen.lock().expect("no panic").bytes.len() as u64;
        if let Ok(stream) = client.log_follow(job, attempt, step, offset).await {
            seen.lock().expect("no panic").connections += 1;
            if read(stream, &seen).await {
                return;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Reads until the log or the connection ends. True if there is nothing more to be read.
async fn read(mut stream: SseStream, seen: &Mutex<Seen>) -> bool {
    while let Ok(Some(event)) = stream.next().await {
        let mut seen = seen.lock().expect("no panic");
        let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
        match event.event.as_str() {
            "bytes" => {
                let Some(text) = data["text"].as_str() else {
                    seen.faults.push(format!("text was expected: {data}"));
                    return true;
                };
                if data["offset"].as_u64() != Some(seen.bytes.len() as u64) {
                    let fault = format!("bytes at {} after {} were seen", data["offset"], seen.bytes.len());
                    seen.faults.push(fault);
                    return true;
                }
                seen.bytes.extend_from_slice(text.as_bytes());
            }
            "end" => {
                if data["length"].as_u64() != Some(seen.bytes.len() as u64) {
                    let fault = format!("an end at {} after {} were seen", data["length"], seen.bytes.len());
                    seen.faults.push(fault);
                }
                seen.ended = true;
                return true;
            }
            _ => {}
        }
    }
    false
}
