//! `cdsctl events listen`: what happens, as it happens.

use crate::{
    call::Call,
    error::CliError,
    registry::{Node, Outcome, Res, group, plain},
};
use cds_api::runs::Event;
use cds_client::EventQuery;
use std::time::Duration;

/// Pause before an interrupted stream is taken up again.
const PAUSE: Duration = Duration::from_millis(500);

/// The commands about events.
pub(crate) fn node() -> Node {
    group("events", "Events of the server").alias(&["event"]).with([plain(
        "listen",
        "Print events as they happen",
        listen,
    )
    .value("project", None, "Events of this project")
    .value("workflow", None, "Events of this workflow of the project")
    .switch("queue", None, "Events of the queue")
    .switch("global", None, "All events you may hear of")
    .choice("format", &["plain", "json"], "Notation of each line")])
}

async fn listen(c: Call) -> Res {
    let (queue, json) = (c.is_set("queue"), c.flag("format") == Some("json"));
    let project = c.flag("project").map(String::from);
    let workflow = c.flag("workflow").map(String::from);
    if (project.is_none() && !queue && !c.is_set("global")) || (workflow.is_some() && project.is_none()) {
        return Err(CliError::failed(
            "invalid given parameters: give --project KEY [--workflow NAME], --queue or --global",
        ));
    }
    let mut query = EventQuery { project, workflow, ..EventQuery::default() };
    loop {
        let mut stream = match c.client()?.events(&query).await {
            Ok(stream) => stream,
            // Once it has worked, a server that restarts is waited for.
            Err(error) if error.is_transient() && query.after.is_some() => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        while let Ok(Some(raw)) = stream.next().await {
            if !raw.id.is_empty() {
                query.after = Some(raw.id);
            }
            let Ok(event) = serde_json::from_str::<Event>(&raw.data) else { continue };
            if queue && !matches!(event.kind.split('.').next(), Some("queue" | "job")) {
                continue;
            }
            c.app.say(if json { raw.data.replace('\n', " ") } else { line(&event) });
        }
        tokio::time::sleep(PAUSE).await;
    }
    #[allow(unreachable_code)]
    Ok(Outcome::Done)
}

/// `TYPE: PROJECT WORKFLOW STATUS`, with what more is known.
fn line(event: &Event) -> String {
    let number = event.number.map(|n| format!("#{n}")).unwrap_or_default();
    let status = event.status.map(|s| s.to_string()).unwrap_or_default();
    let parts = [&event.project_key, &event.workflow_name, &number, &event.subject, &status];
    let words: Vec<&str> = parts.iter().map(|p| p.as_str()).filter(|p| !p.is_empty()).collect();
    format!("{}: {}", event.kind, words.join(" "))
}
