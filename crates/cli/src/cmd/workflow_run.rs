//! `cdsctl workflow run`, `status`, `history`, `stop`, `unpark`, `run-delete`.

use super::workflow::ONE;
use crate::{
    call::Call,
    error::CliError,
    guess,
    live::{
        track::{Target, track},
        waits,
    },
    output::Record,
    registry::{Node, Outcome, Res, delete, list, plain, show},
};
use cds_api::runs::{Run, RunStart, RunStop};
use cds_client::{RunNumber, RunQuery};
use cds_model::{RunId, Status};

/// The commands about runs.
pub(crate) fn nodes() -> Vec<Node> {
    vec![
        list("history", "List the runs of a workflow, newest first", history)
            .context(ONE)
            .optional(&["offset", "limit"]),
        show("status", "Show where a run stands: the one given, that of HEAD, or the latest", status)
            .context(ONE)
            .optional(&["run-number"])
            .switch("track", None, "Watch it until it ends; exit status 1 unless it ends well")
            .value("commit", None, "The last run of this commit"),
        plain("run", "Start a workflow", run)
            .context(ONE)
            .value("data", Some('d'), "Payload, a JSON object")
            .values("parameter", Some('p'), "Pipeline parameter, NAME=VALUE")
            .value("run-number", None, "Go on with this run")
            .values("node-name", None, "With --run-number: start from this node")
            .switch("only-failed-jobs", None, "With --run-number: keep the jobs that ended well")
            .switch("sync", Some('s'), "With --run-number: take today's pipelines into the run")
            .switch("track", None, "Watch it until it ends; exit status 1 unless it ends well")
            .switch("interactive", Some('i'), "As --track")
            .switch("open-web-browser", Some('o'), "Open the run in a browser"),
        plain("stop", "Stop a run, or one node of it", stop)
            .context(ONE)
            .optional(&["run-number", "node-name"]),
        plain("unpark", "Take up a run that is set aside because its record could not be read", unpark)
            .context(ONE)
            .args(&["run-number"]),
        delete("run-delete", "Delete runs", run_delete).context(ONE).rest("run-number", true),
    ]
}

fn names(c: &Call) -> (&str, &str) {
    (c.arg("project-key"), c.arg("workflow-name"))
}

async fn history(c: Call) -> Res {
    let (key, name) = names(&c);
    let count = |n: &str| -> Result<Option<u64>, CliError> {
        c.number(n)?.map(|v| u64::try_from(v).map_err(|_| CliError::invalid(n))).transpose()
    };
    let query = RunQuery { offset: count("offset")?, limit: count("limit")?, ..RunQuery::default() };
    let rows = c.client()?.runs(key, name, &query).await?;
    let record = |r: &cds_api::runs::RunBrief| {
        Record::new()
            .with_time("last_execution", &r.last_execution)
            .with_key("num", r.number)
            .with_time("start", &r.start)
            .with("status", shown_status(r))
            .with("version", &r.version)
            .more("triggered_by", &r.triggered_by)
    };
    Ok(Outcome::Rows(rows.iter().map(record).collect()))
}

/// Where it stands; of a run whose record can't be read, that too.
fn shown_status(run: &cds_api::runs::RunBrief) -> String {
    let aside = if run.parked.is_some() { " (set aside)" } else { "" };
    format!("{}{aside}", run.status)
}

/// The last run whose tag `git.hash` is this, if there is one.
async fn run_of_commit(c: &Call, hash: &str) -> Result<Option<i64>, CliError> {
    let (key, name) = names(c);
    let query = RunQuery { limit: Some(1), tag: Some(format!("git.hash:{hash}")), ..RunQuery::default() };
    Ok(c.client()?.runs(key, name, &query).await?.first().map(|r| r.number))
}

/// The run that was asked for; without a number that of the checkout's commit, else the latest.
async fn chosen(c: &Call) -> Result<RunNumber, CliError> {
    if let Some(hash) = c.flag("commit") {
        let found = run_of_commit(c, hash).await?;
        return found.map(RunNumber::Number).ok_or_else(|| CliError::failed("workflow run not found"));
    }
    if let Some(number) = c.number("run-number")? {
        return Ok(RunNumber::Number(number));
    }
    if let Some(hash) = guess::head()
        && let Some(number) = run_of_commit(c, &hash).await?
    {
        return Ok(RunNumber::Number(number));
    }
    Ok(RunNumber::Latest)
}

fn status_record(run: &Run) -> Record {
    let payload: Vec<String> = run.payload.iter().map(|(k, v)| format!("{}:{v}", k.to_lowercase())).collect();
    let tags: Vec<String> = run.brief.tags.iter().map(|t| format!("{}:{}", t.tag, t.value)).collect();
    let record = Record::new()
        .with_time("last_execution", &run.brief.last_execution)
        .with_key("num", run.brief.number)
        .with("payload", payload.join(" "))
        .with_time("start", &run.brief.start)
        .with("status", run.brief.status)
        .with("tags", tags.join(" "))
        .with("version", &run.brief.version);
    // A field of ours, so only where it says something: scripts compare the others.
    let waits: Vec<String> = waits(run).iter().map(|w| format!("{}: {}", w.who(), w.why.text)).collect();
    if waits.is_empty() { record } else { record.with("waits", waits.join("; ")) }
}

async fn status(c: Call) -> Res {
    let (key, name) = names(&c);
    let number = chosen(&c).await?;
    let run = c.client()?.run(key, name, number).await?;
    if c.is_set("track") {
        return watch(&c, run.brief.number).await;
    }
    Ok(Outcome::One(status_record(&run)))
}

async fn watch(c: &Call, number: i64) -> Res {
    let (project, workflow) = names(c);
    let target = Target { project: project.into(), workflow: workflow.into(), number };
    let run = tokio::select! {
        run = track(&c.app, c.client()?, &target) => run?,
        Ok(()) = tokio::signal::ctrl_c() => {
            return Err(CliError::Prompt(format!(
                "\nThe run goes on. To watch it again: cdsctl workflow status {project} {workflow} {number} --track\n\
                 To stop it: cdsctl workflow stop {project} {workflow} {number}"
            )));
        }
    };
    match run.brief.status {
        Status::Success => Ok(Outcome::Done),
        other => Err(CliError::RunEnded(other)),
    }
}

async fn run(c: Call) -> Res {
    let (key, name) = names(&c);
    let mut body = RunStart::default();
    if let Some(data) = c.flag("data") {
        let payload: serde_json::Value = serde_json::from_str(data).map_err(|e| {
            CliError::failed(format!("--data is not JSON: {e}. E.g. -d '{{\"git.branch\":\"main\"}}'"))
        })?;
        if !payload.is_object() {
            return Err(CliError::failed(
                "--data must be a JSON object, e.g. -d '{\"git.branch\":\"main\"}'",
            ));
        }
        body.payload = Some(payload);
    }
    for pair in c.flags("parameter").into_iter().flat_map(pairs) {
        let (parameter, value) = pair.split_once('=').ok_or_else(|| {
            CliError::failed(format!("parameter '{pair}' should be formatted like name=value"))
        })?;
        body.parameters.insert(parameter.to_string(), value.to_string());
    }
    if let Some(number) = c.flag("run-number") {
        body.number = Some(number.parse().map_err(|_| CliError::invalid("run-number"))?);
    }
    body.from_nodes = c.flags("node-name").into_iter().map(String::from).collect();
    body.only_failed_jobs = c.is_set("only-failed-jobs");
    body.resync = c.is_set("sync");
    if body.number.is_none() && (!body.from_nodes.is_empty() || body.only_failed_jobs || body.resync) {
        return Err(CliError::failed("--node-name, --only-failed-jobs and --sync need --run-number"));
    }
    // The key makes it safe to try again when the answer is lost: there will be one run.
    let once = RunId::new().to_string();
    let run = c.client()?.run_start(key, name, &body, Some(&once)).await?;
    let number = run.brief.number;
    let url = format!("{}/project/{key}/workflow/{name}/run/{number}", c.client()?.base_url());
    c.app.say(format!("Workflow {name} #{number} has been launched"));
    c.app.say(&url);
    if c.is_set("open-web-browser") {
        open(&c, &url);
    }
    if c.is_set("track") || c.is_set("interactive") {
        return watch(&c, number).await;
    }
    Ok(Outcome::Done)
}

/// `a=1,b=2` is two parameters, as in the reference; a comma inside a value is kept.
fn pairs(text: &str) -> Vec<&str> {
    let parts: Vec<&str> = text.split(',').collect();
    if parts.iter().all(|p| p.contains('=')) { parts } else { vec![text] }
}

fn open(c: &Call, url: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if let Err(error) = std::process::Command::new(program).arg(url).spawn() {
        c.app.warn(format!("cannot open a browser: {error}"));
    }
}

async fn stop(c: Call) -> Res {
    let (key, name) = names(&c);
    let number = match chosen(&c).await? {
        RunNumber::Number(number) => number,
        RunNumber::Latest => c.client()?.run(key, name, RunNumber::Latest).await?.brief.number,
    };
    let node = c.get("node-name").map(String::from);
    c.client()?.run_stop(key, name, number, &RunStop { node: node.clone() }).await?;
    c.app.say(match node {
        Some(node) => format!("Workflow node {node} from workflow {name} #{number} has been stopped"),
        None => format!("Workflow {name} #{number} has been stopped"),
    });
    Ok(Outcome::Done)
}

async fn unpark(c: Call) -> Res {
    let (key, name) = names(&c);
    let text = c.arg("run-number");
    let number: i64 = text.parse().map_err(|_| CliError::invalid("run-number"))?;
    c.client()?.run_unpark(key, name, number).await?;
    c.app.say(format!("Workflow {name} #{number} goes on"));
    Ok(Outcome::Done)
}

async fn run_delete(c: Call) -> Res {
    let (key, name) = names(&c);
    let mut numbers = Vec::new();
    for text in &c.rest {
        numbers.push(text.parse::<i64>().map_err(|_| CliError::invalid("run-number"))?);
    }
    for number in numbers {
        c.app.say(format!("Deleting run {number}"));
        c.client()?.run_delete(key, name, number).await?;
    }
    Ok(Outcome::Done)
}
