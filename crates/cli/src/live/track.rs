//! Follows a run until it ends.

use super::{Progress, View, failure, jobs, progress, screen, screen::Screen, telling_step, tree};
use crate::{app::App, error::CliError};
use cds_api::runs::{Event, Run};
use cds_client::{Client, EventQuery, RunNumber, SseStream};
use cds_model::{Clock, JobRef, Status, WallClock};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// News that come in a burst are read together.
const GATHER: Duration = Duration::from_millis(30);
/// Durations on a terminal move on.
const FRAME: Duration = Duration::from_millis(250);
/// The run is read again even without news: the stream may have died unnoticed.
const DOUBT: Duration = Duration::from_secs(5);
/// The same while there is no stream at all.
const DEAF: Duration = Duration::from_secs(1);
/// How long a server may be away.
const PATIENCE: Duration = Duration::from_secs(120);
/// Lines of the log under the tree, and of the log of a failed step at the end.
const TAIL: u64 = 8;
const FAILED_TAIL: u64 = 40;

/// Which run.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) project: String,
    pub(crate) workflow: String,
    pub(crate) number: i64,
}

/// News about one run, from the event stream; quiet while the stream is broken.
struct News<'a> {
    client: &'a Client,
    query: EventQuery,
    stream: Option<SseStream>,
    retry_at: Instant,
}

impl<'a> News<'a> {
    fn new(client: &'a Client, target: &Target) -> Self {
        let query = EventQuery {
            project: Some(target.project.clone()),
            workflow: Some(target.workflow.clone()),
            number: Some(target.number),
            after: None,
        };
        Self { client, query, stream: None, retry_at: Instant::now() }
    }

    /// How long to go without reading the run; short while there is no stream.
    fn doubt(&self) -> Duration {
        if self.stream.is_some() { DOUBT } else { DEAF }
    }

    async fn connect(&mut self) {
        if self.stream.is_none() && Instant::now() >= self.retry_at {
            self.stream = self.client.events(&self.query).await.ok();
            self.retry_at = Instant::now() + Duration::from_secs(1);
        }
    }

    /// Whether something happened within `limit`.
    async fn wait(&mut self, limit: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let Some(stream) = &mut self.stream else {
                tokio::time::sleep_until(deadline).await;
                return false;
            };
            match tokio::time::timeout_at(deadline, stream.next()).await {
                Err(_) => return false,
                Ok(Ok(Some(event))) => {
                    if !event.id.is_empty() {
                        self.query.after = Some(event.id);
                    }
                    let about = serde_json::from_str::<Event>(&event.data).ok();
                    if about.is_none_or(|e| e.number.is_none() || e.number == self.query.number) {
                        return true;
                    }
                }
                Ok(Ok(None) | Err(_)) => {
                    // What happened meanwhile is found by reading the run.
                    self.stream = None;
                    return true;
                }
            }
        }
    }
}

/// Shows a run until it ends and answers how it ended.
///
/// # Errors
/// The server refuses, or is away for too long.
pub(crate) async fn track(app: &App, client: &Client, target: &Target) -> Result<Run, CliError> {
    let live = std::io::stdout().is_terminal() && std::env::var("TERM").is_ok_and(|t| t != "dumb");
    let view = |app: &App| View { colour: app.colour(), now_ms: WallClock.now().ms() };
    let mut news = News::new(client, target);
    let mut lines = Progress::new();
    let mut picture = Screen::default();
    let mut unreachable_since: Option<Instant> = None;
    let run = loop {
        news.connect().await;
        let number = RunNumber::Number(target.number);
        let run = match client.run(&target.project, &target.workflow, number).await {
            Ok(run) => run,
            Err(error) if error.is_transient() => {
                let since = *unreachable_since.get_or_insert_with(Instant::now);
                if since.elapsed() > PATIENCE {
                    return Err(error.into());
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        unreachable_since = None;
        let ended = run.brief.status.is_final();
        if live {
            let mut text = tree(&run, view(app));
            if !ended {
                text.push_str(&tail_of_running(client, &run).await);
            }
            picture.draw(&text);
        } else {
            lines.update(&run, view(app).now_ms).iter().for_each(|line| app.say(line));
        }
        if ended {
            break run;
        }
        let read_at = Instant::now();
        loop {
            if news.wait(if live { FRAME } else { news.doubt() }).await {
                while news.wait(GATHER).await && read_at.elapsed() < FRAME {}
                break;
            }
            if !live || read_at.elapsed() > news.doubt() {
                break;
            }
            picture.draw(&(tree(&run, view(app)) + &tail_of_running(client, &run).await));
        }
    };
    show_failures(app, client, &run).await;
    if !live {
        app.say(progress::ended(&run));
    }
    Ok(run)
}

/// The end of the log of the job that began last.
async fn tail_of_running(client: &Client, run: &Run) -> String {
    let running = jobs(run).filter(|(.., job)| job.status == Status::Building);
    let Some((node, _, job)) = running.max_by_key(|(.., job)| job.start.clone()) else {
        return String::new();
    };
    let Some((attempt, step)) = telling_step(job) else { return String::new() };
    let lines = tail(client, job.id, attempt, step.step, TAIL).await;
    if lines.is_empty() {
        return String::new();
    }
    let mut text = format!("── {node} / {} · step {} {}\n", job.name, step.step + 1, step.name);
    lines.iter().for_each(|line| text.push_str(&format!("   {line}\n")));
    text
}

async fn tail(client: &Client, job: JobRef, attempt: u32, step: u16, count: u64) -> Vec<String> {
    let first = -i64::try_from(count).unwrap_or(i64::MAX);
    // A log that cannot be read now is no reason to stop watching.
    match client.log_lines(job, attempt, step, first, count).await {
        Ok(answer) => answer.lines.iter().map(|l| screen::harmless(&l.text)).collect(),
        Err(_) => Vec::new(),
    }
}

async fn show_failures(app: &App, client: &Client, run: &Run) {
    for (node, _, job) in jobs(run).filter(|(.., job)| job.status == Status::Fail) {
        app.say(format!("── {node} / {}: {}", job.name, failure(job)));
        if let Some((attempt, step)) = telling_step(job).filter(|(_, s)| s.status == Status::Fail) {
            for line in tail(client, job.id, attempt, step.step, FAILED_TAIL).await {
                app.say(format!("   {line}"));
            }
        }
    }
}
