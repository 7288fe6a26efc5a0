//! Shows a run until it ends.

use crate::{LocalError, project::KEY};
use cds_api::runs::{Run, RunStop};
use cds_cli::live::{Progress, Screen, View, ended, failure, harmless, jobs, telling_step, tree};
use cds_client::{Client, EventQuery, RunNumber};
use cds_model::{Clock, Status, WallClock};
use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

/// News that come in a burst are read together.
const GATHER: Duration = Duration::from_millis(20);
/// The run is read again even without news.
const LOOK: Duration = Duration::from_millis(250);
/// Lines of the log of a failed step.
const FAILED_TAIL: u64 = 200;

/// Prints a line; whoever has stopped reading is no reason to stop.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

pub(crate) async fn follow(
    client: &Client,
    mut run: Run,
    json: bool,
    stop: impl Future<Output = ()>,
) -> Result<Run, LocalError> {
    let (name, number) = (run.brief.workflow_name.clone(), run.brief.number);
    let colour = std::env::var_os("NO_COLOR").is_none();
    let live = !json && std::io::stdout().is_terminal();
    let query = EventQuery {
        project: Some(KEY.into()),
        workflow: Some(name.clone()),
        number: Some(number),
        after: Some("0".into()),
    };
    let mut news = client.events(&query).await.ok();
    let (mut lines, mut picture) = (Progress::new(), Screen::default());
    let mut stop = std::pin::pin!(stop);
    let mut stopped = false;
    loop {
        let now_ms = WallClock.now().ms();
        if live {
            picture.draw(&tree(&run, View { colour, now_ms }));
        } else if !json {
            lines.update(&run, now_ms).iter().for_each(|line| say(line));
        }
        if run.brief.status.is_final() {
            break;
        }
        let mut limit = tokio::time::Instant::now() + LOOK;
        loop {
            let event = async {
                match &mut news {
                    Some(stream) => stream.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = &mut stop, if !stopped => {
                    stopped = true;
                    client.run_stop(KEY, &name, number, &RunStop::default()).await?;
                }
                event = tokio::time::timeout_at(limit, event) => match event {
                    Err(_) => break,
                    Ok(Ok(Some(event))) => {
                        if json {
                            say(&format!("{{\"event\":{}}}", event.data));
                        }
                        limit = limit.min(tokio::time::Instant::now() + GATHER);
                    }
                    Ok(_) => news = None,
                },
            }
        }
        run = client.run(KEY, &name, RunNumber::Number(number)).await?;
    }
    if json {
        say(&serde_json::json!({ "run": run }).to_string());
        return Ok(run);
    }
    show_failures(client, &run).await;
    if !live {
        say(&ended(&run));
    }
    Ok(run)
}

async fn show_failures(client: &Client, run: &Run) {
    for (node, _, job) in jobs(run).filter(|(.., job)| job.status == Status::Fail) {
        say(&format!("── {node} / {}: {}", job.name, failure(job)));
        let Some((attempt, step)) = telling_step(job) else { continue };
        let first = -i64::try_from(FAILED_TAIL).unwrap_or(i64::MAX);
        if let Ok(log) = client.log_lines(job.id, attempt, step.step, first, FAILED_TAIL).await {
            log.lines.iter().for_each(|line| say(&format!("   {}", harmless(&line.text))));
        }
    }
}
