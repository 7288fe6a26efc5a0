//! Logs and news of one job on their way to the server: masked, kept in memory until they are acknowledged,
//! bounded, so that a child's pipe fills up when the server can't be reached.
//!
//! [`Spool`] is the meeting point of two halves that run side by side: the job writes, `report` sends.

use bytes::{Buf, Bytes, BytesMut};
use cds_api::worker::{JobEnd, LogChunk, LogLength, StepReport};
use cds_expr::mask::{MaskStream, Masker};
use cds_model::{Clock, WallClock};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// Bytes of logs kept in memory before children have to wait.
pub(crate) const SPOOL_LIMIT: usize = 4 << 20;
/// Sent without waiting for more.
pub(crate) const FLUSH_SIZE: usize = 64 << 10;
/// Larger pieces go by a request of their own, unencoded.
pub(crate) const CHUNK_LIMIT: usize = 16 << 10;
/// Largest piece in one request.
pub(crate) const PUT_LIMIT: usize = 1 << 20;

/// What has not been acknowledged yet.
#[derive(Default)]
pub(crate) struct Spool {
    inner: Mutex<Inner>,
    /// Something is to be sent.
    pub news: Notify,
    /// It is to be sent now.
    pub urgent: Notify,
    /// A process has printed something: somebody may wait for it.
    pub printed: Notify,
    room: Notify,
}

#[derive(Default)]
struct Inner {
    logs: Vec<Log>,
    pending: usize,
    steps: Vec<StepReport>,
    end: Option<JobEnd>,
}

/// The unacknowledged tail of one step's log.
#[derive(Default)]
struct Log {
    /// Offset of the first byte of `buf`; all before is stored.
    base: u64,
    buf: BytesMut,
    at_ms: i64,
}

/// What a report carries.
#[derive(Default)]
pub(crate) struct Batch {
    /// Small chunks.
    pub logs: Vec<LogChunk>,
    /// News of steps.
    pub steps: Vec<StepReport>,
    /// The end, only when everything before it is in this batch or stored.
    pub end: Option<JobEnd>,
}

/// A large piece of one log.
pub(crate) struct Piece {
    /// Step, counted from 0.
    pub step: u16,
    /// Where it begins.
    pub offset: u64,
    /// When the last byte was printed.
    pub at_ms: i64,
    /// The bytes.
    pub bytes: Bytes,
}

/// The server holds more of a log than there is.
#[derive(Debug)]
pub(crate) struct Torn;

impl Spool {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn append(&self, step: u16, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut inner = self.inner();
        let index = usize::from(step);
        if inner.logs.len() <= index {
            inner.logs.resize_with(index + 1, Log::default);
        }
        let log = &mut inner.logs[index];
        log.buf.extend_from_slice(bytes);
        log.at_ms = WallClock.now().ms();
        inner.pending += bytes.len();
        let urgent = inner.pending >= FLUSH_SIZE;
        drop(inner);
        self.news.notify_one();
        if urgent {
            self.urgent.notify_one();
        }
    }

    /// News of a step; replaces what was known of it.
    pub fn step(&self, report: StepReport) {
        let mut inner = self.inner();
        inner.steps.retain(|s| s.step != report.step);
        inner.steps.push(report);
        drop(inner);
        self.news.notify_one();
    }

    /// The end. Nothing may be written afterwards.
    pub fn end(&self, end: JobEnd) {
        self.inner().end = Some(end);
        self.news.notify_one();
        self.urgent.notify_one();
    }

    /// Length of a step's log so far.
    pub fn length(&self, step: u16) -> u64 {
        self.inner().logs.get(usize::from(step)).map_or(0, |l| l.base + l.buf.len() as u64)
    }

    /// Whether more may be written.
    pub fn has_room(&self) -> bool {
        self.inner().pending < SPOOL_LIMIT
    }

    /// Waits until more may be written.
    pub async fn room(&self) {
        loop {
            let notified = self.room.notified();
            tokio::pin!(notified);
            // Registered before the look, so that room made in between is not missed.
            notified.as_mut().enable();
            if self.has_room() {
                return;
            }
            notified.await;
        }
    }

    /// Whether there is anything to send.
    pub fn has_news(&self) -> bool {
        let inner = self.inner();
        inner.pending > 0 || !inner.steps.is_empty() || inner.end.is_some()
    }

    /// The next piece that is too large for a report.
    pub fn large_piece(&self) -> Option<Piece> {
        let inner = self.inner();
        let (step, log) = inner.logs.iter().enumerate().find(|(_, l)| l.buf.len() > CHUNK_LIMIT)?;
        let bytes = Bytes::copy_from_slice(&log.buf[..log.buf.len().min(PUT_LIMIT)]);
        Some(Piece { step: step as u16, offset: log.base, at_ms: log.at_ms, bytes })
    }

    /// What a report can carry now. Stays in the spool until [`Spool::acknowledge`] and [`Spool::told`].
    pub fn batch(&self) -> Batch {
        let inner = self.inner();
        let mut left = 4 * FLUSH_SIZE;
        let mut all = true;
        let mut logs = Vec::new();
        for (step, log) in inner.logs.iter().enumerate().filter(|(_, l)| !l.buf.is_empty()) {
            let last = inner.end.is_some() || inner.logs.len() > step + 1;
            let take = log.buf.len().min(CHUNK_LIMIT);
            if take > left {
                all = false;
                break;
            }
            let chunk = chunk(step as u16, log, take, last && take == log.buf.len());
            let sent = chunk.text.as_ref().map_or(take, String::len);
            all &= sent == log.buf.len();
            left -= take;
            if sent > 0 {
                logs.push(chunk);
            }
        }
        // A step is complete only when its whole log is.
        let complete = |s: &StepReport| {
            let log = inner.logs.get(usize::from(s.step));
            let sent = logs
                .iter()
                .find(|c| c.step == s.step)
                .map_or(0, |c| c.text.as_ref().map_or(usize::MAX, String::len));
            s.log_length.is_none() || log.is_none_or(|l| sent >= l.buf.len())
        };
        let steps: Vec<_> = inner.steps.iter().filter(|s| complete(s)).cloned().collect();
        all &= steps.len() == inner.steps.len();
        Batch { end: inner.end.clone().filter(|_| all), steps, logs }
    }

    /// These news of steps have arrived.
    pub fn told(&self, steps: &[StepReport]) {
        self.inner().steps.retain(|s| !steps.contains(s));
    }

    /// The server holds this much of a log.
    pub fn acknowledge(&self, stored: &LogLength) -> Result<(), Torn> {
        let mut inner = self.inner();
        let Some(log) = inner.logs.get_mut(usize::from(stored.step)) else {
            return if stored.length == 0 { Ok(()) } else { Err(Torn) };
        };
        if stored.length > log.base + log.buf.len() as u64 {
            return Err(Torn);
        }
        if stored.length < log.base {
            // Acknowledged and lost, as after a power cut. The bytes are gone here too; the hole is shown.
            let note =
                format!("\n[{} bytes of this log were lost by the server]\n", log.base - stored.length);
            let rest = std::mem::take(&mut log.buf);
            log.buf.extend_from_slice(note.as_bytes());
            log.buf.extend_from_slice(&rest);
            log.base = stored.length;
            let length = log.base + log.buf.len() as u64;
            inner.pending += note.len();
            for step in inner.steps.iter_mut().filter(|s| s.step == stored.step && s.log_length.is_some()) {
                step.log_length = Some(length);
            }
            return Ok(());
        }
        let done = (stored.length - log.base) as usize;
        log.buf.advance(done);
        log.base = stored.length;
        if log.buf.is_empty() {
            // A finished log keeps no memory.
            log.buf = BytesMut::new();
        }
        inner.pending -= done;
        let room = inner.pending < SPOOL_LIMIT;
        drop(inner);
        if room {
            self.room.notify_waiters();
        }
        Ok(())
    }
}

/// A chunk of `take` bytes, as text if it is UTF-8; a character that is cut at the end waits for its rest unless
/// this is the end.
fn chunk(step: u16, log: &Log, take: usize, last: bool) -> LogChunk {
    use base64::Engine;
    let bytes = &log.buf[..take];
    let plain = LogChunk { step, offset: log.base, text: None, base64: None, at_ms: log.at_ms };
    match std::str::from_utf8(bytes) {
        Ok(text) => LogChunk { text: Some(text.to_string()), ..plain },
        Err(e) if e.error_len().is_none() && (!last || e.valid_up_to() > 0) => {
            let text = String::from_utf8_lossy(&bytes[..e.valid_up_to()]).into_owned();
            LogChunk { text: Some(text), ..plain }
        }
        Err(_) => LogChunk { base64: Some(base64::engine::general_purpose::STANDARD.encode(bytes)), ..plain },
    }
}

/// Writes the log of one step. Everything passes the mask.
pub(crate) struct StepLog {
    step: u16,
    spool: Arc<Spool>,
    masker: Arc<Masker>,
    state: Mutex<State>,
}

struct State {
    mask: MaskStream,
    out: Vec<u8>,
    /// The last byte written was a newline, or nothing was written.
    fresh_line: bool,
}

impl StepLog {
    /// The log of step `step`, counted from 0.
    pub fn new(step: u16, spool: Arc<Spool>, masker: Arc<Masker>) -> Self {
        let state = State { mask: masker.stream(), out: Vec::new(), fresh_line: true };
        Self { step, spool, masker, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Appends a child's output, as it comes.
    pub fn write(&self, bytes: &[u8]) {
        let mut state = self.state();
        let State { mask, out, fresh_line } = &mut *state;
        mask.push(bytes, out);
        if let Some(last) = bytes.last() {
            *fresh_line = *last == b'\n';
        }
        if !out.is_empty() {
            self.spool.printed.notify_one();
        }
        self.spool.append(self.step, out);
        out.clear();
    }

    /// Appends a line of the worker's own, on a line of its own.
    pub fn line(&self, text: &str) {
        let text = self.masker.mask(text);
        let mut state = self.state();
        let mut line = String::with_capacity(text.len() + 2);
        if !state.fresh_line {
            line.push('\n');
        }
        line.push_str(&text);
        line.push('\n');
        let State { mask, out, fresh_line } = &mut *state;
        mask.push(line.as_bytes(), out);
        *fresh_line = true;
        self.spool.append(self.step, out);
        out.clear();
    }

    /// Appends an error in bold red (spec 9.3).
    pub fn error(&self, text: &str) {
        self.line(&format!("\x1b[1;31m{text}\x1b[0m"));
    }

    /// Gives out what the mask still held back.
    pub fn finish(&self) {
        let mut state = self.state();
        let masker_state = std::mem::replace(&mut state.mask, self.masker.stream());
        let mut out = std::mem::take(&mut state.out);
        let mut mask = masker_state;
        mask.finish(&mut out);
        self.spool.append(self.step, &out);
    }

    /// Whether more may be written now.
    pub fn has_room(&self) -> bool {
        self.spool.has_room()
    }

    /// Waits until more may be written.
    pub async fn room(&self) {
        self.spool.room().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cds_model::Status;

    fn log(spool: &Arc<Spool>, step: u16) -> StepLog {
        StepLog::new(step, spool.clone(), Arc::new(Masker::new(["hunter2hunter2".to_string()])))
    }

    fn end() -> JobEnd {
        JobEnd { status: Status::Success, reason: None, infrastructure: false, variables: Default::default() }
    }

    #[test]
    fn unacknowledged_bytes_are_sent_again() {
        let spool = Arc::new(Spool::default());
        log(&spool, 0).write(b"hello\n");
        for _ in 0..2 {
            let batch = spool.batch();
            assert_eq!((batch.logs[0].offset, batch.logs[0].text.as_deref()), (0, Some("hello\n")));
        }
        spool.acknowledge(&LogLength { step: 0, length: 2 }).unwrap();
        let batch = spool.batch();
        assert_eq!((batch.logs[0].offset, batch.logs[0].text.as_deref()), (2, Some("llo\n")));
        assert!(spool.acknowledge(&LogLength { step: 0, length: 7 }).is_err());
        spool.acknowledge(&LogLength { step: 0, length: 6 }).unwrap();
        assert!(!spool.has_news());
    }

    #[test]
    fn cut_characters_wait_and_binary_goes_as_base64() {
        let spool = Arc::new(Spool::default());
        let l = log(&spool, 0);
        l.write(&"aé".as_bytes()[..2]);
        assert_eq!(spool.batch().logs[0].text.as_deref(), Some("a"));
        l.write(&"é".as_bytes()[1..]);
        assert_eq!(spool.batch().logs[0].text.as_deref(), Some("aé"));
        l.write(&[0xff]);
        assert_eq!(spool.batch().logs[0].base64.as_deref(), Some("YcOp/w=="));
    }

    #[test]
    fn a_cut_character_at_the_very_end_is_sent() {
        let spool = Arc::new(Spool::default());
        log(&spool, 0).write(&[b'a', 0xc3]);
        spool.end(end());
        let first = spool.batch();
        assert!(first.end.is_none());
        spool.acknowledge(&LogLength { step: 0, length: 1 }).unwrap();
        let second = spool.batch();
        assert!(second.end.is_some() && second.logs[0].base64.is_some());
    }

    #[test]
    fn the_end_waits_for_large_logs() {
        let spool = Arc::new(Spool::default());
        log(&spool, 0).write(&vec![b'x'; CHUNK_LIMIT + 10]);
        let done = StepReport {
            step: 0,
            status: Status::Success,
            start_ms: None,
            done_ms: None,
            log_length: Some((CHUNK_LIMIT + 10) as u64),
            exit_code: None,
            reason: None,
        };
        spool.step(done);
        spool.end(end());
        let batch = spool.batch();
        assert!(batch.end.is_none() && batch.steps.is_empty());
        let piece = spool.large_piece().unwrap();
        spool.acknowledge(&LogLength { step: 0, length: piece.bytes.len() as u64 }).unwrap();
        let batch = spool.batch();
        assert!(batch.end.is_some() && batch.steps.len() == 1 && batch.logs.is_empty());
    }

    #[tokio::test]
    async fn a_full_spool_lets_writers_wait() {
        let spool = Arc::new(Spool::default());
        log(&spool, 0).write(&vec![b'x'; SPOOL_LIMIT]);
        let wait = spool.room();
        tokio::pin!(wait);
        assert!(futures::poll!(&mut wait).is_pending());
        spool.acknowledge(&LogLength { step: 0, length: 1 }).unwrap();
        wait.await;
    }

    #[test]
    fn own_lines_stand_alone() {
        let spool = Arc::new(Spool::default());
        let l = log(&spool, 0);
        l.write(b"no newline");
        l.error("bad");
        l.finish();
        assert_eq!(spool.batch().logs[0].text.as_deref(), Some("no newline\n\x1b[1;31mbad\x1b[0m\n"));
    }
}
