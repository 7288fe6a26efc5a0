//! `cdsctl workflow logs`: names, download, and following a run live.

use super::workflow::ONE;
use crate::{
    call::Call,
    error::CliError,
    live::{Patience, harmless, jobs, waits},
    output::Record,
    registry::{Kind, Node, Outcome, Res, group, plain, show},
};
use base64::Engine;
use cds_api::runs::{JobRun, LogFile, Run};
use cds_client::{Client, RunNumber};
use cds_model::{JobRef, Status};
use futures::stream::{FuturesUnordered, StreamExt};
use regex::Regex;
use std::{
    cell::RefCell,
    collections::HashSet,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

/// How often a job is looked at for its next step, and a run for its next job.
const LOOK: Duration = Duration::from_millis(200);
/// What waits longer is worth a word.
const LONG: Duration = Duration::from_secs(2);
/// Pause before an interrupted log is taken up again, and how often that is tried in a row.
const PAUSE: Duration = Duration::from_millis(500);
const TRIES: u32 = 240;

/// The commands about logs.
pub(crate) fn node() -> Node {
    let at = |node: Node| node.context(ONE).optional(&["run-number"]);
    let only =
        |node: Node| node.value("pattern", None, "Only logs whose name matches this regular expression");
    let following = |node: Node| {
        at(node)
            .value("job", None, "Only this job, by name")
            .value("node", None, "Only jobs of this node")
            .switch("raw", None, "Without prefixes and headings, byte for byte")
    };
    following(group("logs", "Logs of a run; by itself follows a run live").runs(Kind::Plain, stream))
        .alias(&["log"])
        .with([
            at(only(plain("list", "List the names of a run's logs", list))).alias(&["ls"]),
            at(only(plain("download", "Write a run's logs into the current folder", download))),
            at(show("status", "Show how much log each step has", status)),
            following(plain("stream", "Follow the logs of a run", stream)).alias(&["follow"]),
        ])
}

async fn number(c: &Call) -> Result<i64, CliError> {
    let (key, name) = (c.arg("project-key"), c.arg("workflow-name"));
    match c.number("run-number")? {
        Some(number) => Ok(number),
        None => {
            c.app.warn(format!("Searching latest run for workflow {key}/{name}..."));
            Ok(c.client()?.run(key, name, RunNumber::Latest).await?.brief.number)
        }
    }
}

async fn logs(c: &Call, number: i64) -> Result<Vec<LogFile>, CliError> {
    let mut files = c.client()?.run_logs(c.arg("project-key"), c.arg("workflow-name"), number.into()).await?;
    if let Some(pattern) = c.flag("pattern") {
        let pattern = Regex::new(pattern)
            .map_err(|e| CliError::failed(format!("--pattern is not a regular expression: {e}")))?;
        files.retain(|f| pattern.is_match(&f.name));
    }
    Ok(files)
}

async fn list(c: Call) -> Res {
    let number = number(&c).await?;
    c.app.say(format!(
        "List logs files on workflow {}/{} run {number}",
        c.arg("project-key"),
        c.arg("workflow-name")
    ));
    logs(&c, number).await?.iter().for_each(|f| c.app.say(&f.name));
    Ok(Outcome::Done)
}

async fn status(c: Call) -> Res {
    let number = number(&c).await?;
    let mut record = Record::new();
    for f in logs(&c, number).await? {
        let state = if f.complete { "complete" } else { "growing" };
        record = record.with(&f.name, format!("{} bytes, {state}", f.length));
    }
    Ok(Outcome::One(record))
}

async fn download(c: Call) -> Res {
    let number = number(&c).await?;
    let (key, name) = (c.arg("project-key"), c.arg("workflow-name"));
    c.app.say(format!("Downloading logs files from workflow {key}/{name} run {number}"));
    let files = logs(&c, number).await?;
    for f in &files {
        // The name comes from the server: it must stay in this folder.
        let base = Path::new(&f.name).file_name().filter(|base| base.to_str() == Some(f.name.as_str()));
        let Some(base) = base else {
            return Err(CliError::failed(format!("the server names a log {}", f.name)));
        };
        let mut body = c.client()?.log(f.job, f.attempt, f.step).await?;
        let failed = |e: std::io::Error| CliError::failed(format!("cannot write {}: {e}", f.name));
        let mut file = std::io::BufWriter::new(std::fs::File::create(base).map_err(failed)?);
        while let Some(piece) = body.chunk().await? {
            file.write_all(&piece).map_err(failed)?;
        }
        file.flush().map_err(failed)?;
        c.app.say(format!("file {} created", f.name));
    }
    if files.is_empty() {
        return Err(CliError::failed("no log downloaded"));
    }
    Ok(Outcome::Done)
}

/// Puts together what comes from several jobs at once, line by line.
struct Printer<'a> {
    call: &'a Call,
    raw: bool,
    /// More than one job is followed, so lines say whose they are.
    prefixed: RefCell<bool>,
}

/// The end of a log that has no line end yet. Bytes: a piece may end inside a character.
#[derive(Default)]
struct Pending(Vec<u8>);

impl Printer<'_> {
    fn heading(&self, who: &str, what: &str) {
        if self.raw {
            return;
        }
        let (on, off) = if self.call.app.colour() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        self.call.app.say(format!("{on}── {who} · {what}{off}"));
    }

    fn bytes(&self, who: &str, pending: &mut Pending, bytes: &[u8]) {
        if self.raw {
            self.call.app.print(bytes);
            return;
        }
        pending.0.extend_from_slice(bytes);
        let Some(end) = pending.0.iter().rposition(|b| *b == b'\n') else { return };
        let rest = pending.0.split_off(end + 1);
        let whole = std::mem::replace(&mut pending.0, rest);
        for line in String::from_utf8_lossy(&whole).lines() {
            self.line(who, line);
        }
    }

    fn flush(&self, who: &str, pending: &mut Pending) {
        let rest = std::mem::take(&mut pending.0);
        if !rest.is_empty() {
            self.line(who, &String::from_utf8_lossy(&rest));
        }
    }

    fn line(&self, who: &str, line: &str) {
        // Only a terminal can be led astray by what a log holds.
        let line = if self.call.app.colour() { harmless(line) } else { line.to_string() };
        if *self.prefixed.borrow() {
            self.call.app.say(format!("{who} | {line}"));
        } else {
            self.call.app.say(line);
        }
    }
}

async fn stream(c: Call) -> Res {
    let number = number(&c).await?;
    let client = c.client()?;
    let (key, name) = (c.arg("project-key"), c.arg("workflow-name"));
    let printer = Printer { call: &c, raw: c.is_set("raw"), prefixed: RefCell::new(false) };
    let mut seen: HashSet<JobRef> = HashSet::new();
    let mut followed = FuturesUnordered::new();
    let mut patience = Patience::default();
    loop {
        let run = patiently(|| client.run(key, name, RunNumber::Number(number))).await?;
        let mut waiting = waits(&run);
        waiting.retain(|w| is(&c, "node", w.node) && w.job.is_none_or(|job| is(&c, "job", job)));
        for sentence in patience.lost(&waiting, LONG, Instant::now()) {
            c.app.warn(sentence);
        }
        let wanted = wanted(&c, &run);
        *printer.prefixed.borrow_mut() = wanted.len() > 1;
        for (who, job) in wanted {
            if job.start.is_some() && seen.insert(job.id) {
                let task = follow_job(client, &printer, who, job.id);
                if job.status.is_final() {
                    // What has ended is shown whole, one after the other.
                    task.await?;
                } else {
                    followed.push(task);
                }
            }
        }
        if followed.is_empty() && run.brief.status.is_final() {
            if seen.is_empty() {
                c.app.warn(format!(
                    "run {number} has ended with status {} and has no such log",
                    run.brief.status
                ));
            }
            return Ok(Outcome::Done);
        }
        tokio::select! {
            Some(ended) = followed.next(), if !followed.is_empty() => { ended?; }
            () = tokio::time::sleep(LOOK) => {}
        }
        while let Ok(Some(ended)) = tokio::time::timeout(LOOK, followed.next()).await {
            ended?;
        }
    }
}

/// Whether a flag says this, or nothing.
fn is(c: &Call, flag: &str, value: &str) -> bool {
    c.flag(flag).is_none_or(|f| f == value)
}

fn wanted<'a>(c: &Call, run: &'a Run) -> Vec<(String, &'a JobRun)> {
    jobs(run)
        .filter(|(node, _, job)| is(c, "node", node) && is(c, "job", &job.name))
        .map(|(node, _, job)| (format!("{node}/{}", job.name), job))
        .collect()
}

/// Repeats a call while the server is away.
async fn patiently<T, F>(call: impl Fn() -> F) -> Result<T, CliError>
where
    F: Future<Output = Result<T, cds_client::ClientError>>,
{
    let mut tries = 0;
    loop {
        match call().await {
            Err(error) if error.is_transient() && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
            other => return Ok(other?),
        }
    }
}

/// Prints a job's log from its first step to its last, through new attempts.
async fn follow_job(client: &Client, printer: &Printer<'_>, who: String, id: JobRef) -> Result<(), CliError> {
    let (mut attempt, mut step) = (1, 0);
    loop {
        let job = patiently(|| client.job(id)).await?;
        let last = job.attempts.last().map_or(0, |a| a.attempt);
        let current = job.attempts.iter().find(|a| a.attempt == attempt);
        let begun = current.and_then(|a| a.steps.get(step)).filter(|s| {
            !matches!(s.status, Status::NotReached | Status::Waiting | Status::NeverBuilt | Status::Skipped)
        });
        if let Some(begun) = begun {
            let title = if attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
            printer.heading(&who, format!("step {} {}{title}", begun.step + 1, begun.name).trim_end());
            follow_step(client, printer, &who, id, attempt, begun.step).await?;
            step += 1;
            continue;
        }
        // A step that will not run any more leaves the way to those behind it.
        let passed = current.is_some_and(|a| a.status.is_final() && step < a.steps.len());
        if passed {
            step += 1;
        } else if attempt < last {
            (attempt, step) = (attempt + 1, 0);
        } else if job.status.is_final() {
            return Ok(());
        } else {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Bytes of a log in an event; text unless they are none.
#[derive(serde::Deserialize)]
struct Piece {
    offset: u64,
    #[serde(default)]
    text: String,
    #[serde(default)]
    base64: String,
}

impl Piece {
    /// Offset and bytes.
    fn read(data: &str) -> Result<(u64, Vec<u8>), CliError> {
        let broken =
            |why: String| CliError::failed(format!("the server sends a log in an unknown form: {why}"));
        let piece: Piece = serde_json::from_str(data).map_err(|e| broken(e.to_string()))?;
        let bytes = if piece.base64.is_empty() {
            piece.text.into_bytes()
        } else {
            base64::engine::general_purpose::STANDARD
                .decode(&piece.base64)
                .map_err(|e| broken(e.to_string()))?
        };
        Ok((piece.offset, bytes))
    }
}

async fn follow_step(
    client: &Client,
    printer: &Printer<'_>,
    who: &str,
    id: JobRef,
    attempt: u32,
    step: u16,
) -> Result<(), CliError> {
    let (mut offset, mut tries) = (0, 0);
    let mut pending = Pending::default();
    loop {
        let result = match client.log_follow(id, attempt, step, offset).await {
            Ok(mut events) => loop {
                match events.next().await {
                    Ok(Some(event)) if event.event == "end" => {
                        printer.flush(who, &mut pending);
                        return Ok(());
                    }
                    Ok(Some(event)) if event.event == "bytes" => {
                        let (at, bytes) = Piece::read(&event.data)?;
                        // What was seen before the connection broke is not printed twice.
                        let known = usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
                        if let Some(fresh) = bytes.get(known..) {
                            printer.bytes(who, &mut pending, fresh);
                            offset = at + bytes.len() as u64;
                        }
                        tries = 0;
                    }
                    Ok(Some(event)) if event.event == "error" => {
                        return Err(CliError::failed(format!(
                            "the log of {who} cannot be read: {}",
                            event.data
                        )));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            },
            Err(error) => Err(error),
        };
        match result {
            Err(error) if !error.is_transient() => return Err(error.into()),
            Err(error) if tries >= TRIES => return Err(error.into()),
            Ok(()) if tries >= TRIES => {
                return Err(CliError::failed("the server keeps closing the log before its end"));
            }
            _ => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
