//! Starting, steering and showing runs.

use super::{
    live::{Applied, ApplyError},
    view::{self, Part, Reasons},
};
use crate::{
    App,
    auth::Caller,
    http::error::{Error, Result},
};
use cds_api::{
    queue::WaitReason,
    runs::{JobRun, LogFile, Run as RunView, RunBrief, RunStart, Tag},
};
use cds_blobs::LogStream;
use cds_engine::{
    Event, Ignored, Run, Transition,
    event::Start,
    state::{NodeRun, Origin},
};
use cds_model::{Attempt, JobRef, RunId, WorkflowId};
use cds_store::{
    idempotency::{self, Earlier, Once},
    projects, queue, runs, slots, workflows,
};
use indexmap::IndexMap;
use std::collections::BTreeSet;

fn origin(caller: &Caller) -> Origin {
    Origin {
        manual: true,
        username: caller.username.clone(),
        fullname: caller.fullname.clone(),
        email: caller.email.clone(),
    }
}

/// A payload as given, flattened with lower-case keys (spec 1.4).
fn payload(given: Option<&serde_json::Value>) -> Result<Option<IndexMap<String, String>>> {
    match given {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(value @ serde_json::Value::Object(_)) => cds_expr::dump::flatten(value, true)
            .map(Some)
            .map_err(|e| Error::bad_request(format!("payload: {e}")).id(74)),
        Some(_) => {
            Err(Error::bad_request("the payload must be a JSON object, e.g. {\"git.branch\": \"main\"}")
                .id(74))
        }
    }
}

impl App {
    /// Starts a run, or goes on with one (`number`).
    pub async fn run_start(
        &self,
        caller: &Caller,
        key: &str,
        workflow: &str,
        body: RunStart,
        idempotency_key: Option<String>,
    ) -> Result<RunView> {
        if body.resync && body.only_failed_jobs {
            return Err(Error::bad_request("resync and only_failed_jobs cannot be used together").id(74));
        }
        let payload_map = payload(body.payload.as_ref())?;
        let once = idempotency_key.map(|key| Once { key, digest: super::once::digest(&body) });
        if let Some(number) = body.number {
            if number < 1 {
                return Err(Error::bad_request(format!("`number` is {number}: runs are counted from 1")));
            }
            let brief = self.run_brief(key, workflow, number).await?;
            // A restart that is repeated may not be allowed any more, because the first one is at work.
            if let Some(run) = self.done_before(brief.workflow, once.as_ref()).await? {
                return self.view(&self.load_run(run).await?).await;
            }
            let spec = if body.resync { Some(self.snapshot(key, workflow).await?.spec) } else { None };
            let event = Event::Restart {
                from: body.from_nodes,
                only_failed: body.only_failed_jobs,
                origin: origin(caller),
                payload: payload_map,
                parameters: body.parameters,
                spec,
            };
            return match self.apply_once(brief.id, &event, once.clone()).await {
                Ok(Applied::Advanced(run)) => self.view(&run).await,
                Ok(Applied::Ignored(_) | Applied::OldTake) => {
                    self.view(&self.load_run(brief.id).await?).await
                }
                // The same request twice at once: what stands in the way of the second is what the first has begun.
                Err(refused @ ApplyError::Refused(_)) => {
                    match self.done_before(brief.workflow, once.as_ref()).await? {
                        Some(run) => self.view(&self.load_run(run).await?).await,
                        None => Err(refused.into()),
                    }
                }
                Err(other) => Err(other.into()),
            };
        }
        if !body.from_nodes.is_empty() || body.only_failed_jobs || body.resync {
            return Err(Error::bad_request(
                "from_nodes, only_failed_jobs and resync go on with an existing run: give its number",
            )
            .id(74));
        }
        let taken = self.snapshot(key, workflow).await?;
        // The commit asks again; asking here keeps a repeated request from spending a number.
        if let Some(run) = self.done_before(taken.workflow, once.as_ref()).await? {
            return self.view(&self.load_run(run).await?).await;
        }
        let now = self.now();
        let spec_hash = runs::put_spec(self.store(), &taken.spec, now).await.map_err(Error::internal)?;
        let raw = body.payload.as_ref().filter(|p| !p.is_null()).map(ToString::to_string);
        // The engine looks at the number only to show it, so it can say no before a number is spent.
        let start = |number| Start {
            id: RunId::new(),
            number,
            spec: taken.spec.clone(),
            origin: origin(caller),
            payload: payload_map.clone(),
            raw_payload: raw.clone(),
            parameters: body.parameters.clone(),
        };
        if let Transition::Refused(refusal) = cds_engine::start(start(0), now) {
            return Err(ApplyError::Refused(refusal).into());
        }
        let number = self.store().reserve_number(taken.workflow).await.map_err(Error::internal)?;
        let (run, effects) = match cds_engine::start(start(number), now) {
            Transition::Advanced { run, effects } => (run, effects),
            Transition::Refused(refusal) => return Err(ApplyError::Refused(refusal).into()),
            Transition::Ignored(why) => return Err(Error::internal(format!("a start was ignored: {why:?}"))),
        };
        let context = runs::Context {
            workflow: taken.workflow,
            project: taken.project,
            version: 0,
            spec_hash,
            triggered_by: caller.username.clone(),
            once,
            priority: 0,
            now,
            leases: Vec::new(),
            event: None,
        };
        match self.commit_new(run, effects, context).await {
            Ok(run) => self.view(&run).await,
            Err(Ok(earlier)) => self.view(&self.load_run(earlier).await?).await,
            Err(Err(e)) => Err(e.into()),
        }
    }

    /// The run that this request was for when it was carried out.
    async fn done_before(&self, workflow: WorkflowId, once: Option<&Once>) -> Result<Option<RunId>> {
        let Some(once) = once.cloned() else { return Ok(None) };
        let earlier = self.store().read(move |tx| idempotency::get(tx, workflow, &once)).await;
        match earlier.map_err(Error::internal)? {
            Some(Earlier::Same(run)) => Ok(Some(run)),
            Some(Earlier::Other) => Err(super::once::reused()),
            None => Ok(None),
        }
    }

    /// Stops a run or one of its nodes.
    pub async fn run_stop(&self, caller: &Caller, id: RunId, node: Option<String>) -> Result<()> {
        let whole = node.is_none();
        match self.apply(id, &Event::Stop { by: caller.username.clone(), node }).await {
            Ok(Applied::Advanced(_) | Applied::Ignored(Ignored::Repeated)) => Ok(()),
            Ok(Applied::Ignored(_) | Applied::OldTake) => Err(Error::conflict("there is nothing to stop")),
            Err(ApplyError::Parked(_)) if whole => self.stop_parked(id).await,
            Err(e) => Err(e.into()),
        }
    }

    /// Stops a run whose record can't be read. Workers that are at its jobs learn it with their next report.
    pub(super) async fn stop_parked(&self, id: RunId) -> Result<()> {
        let now = self.now();
        let stopped = self.writing(move |tx| {
            let entries = queue::of_run(tx, id)?;
            Ok(runs::stop_parked(tx, id, now)?.then_some(entries))
        });
        let Some(entries) = stopped.await? else {
            return Err(Error::conflict("there is nothing to stop: the run has ended"));
        };
        for e in entries {
            self.fleet().cancel(JobRef { run: id, job: e.job }, e.attempt, now);
        }
        self.live().forget(id);
        Ok(())
    }

    /// A run in a list, by number; -1 = the newest.
    pub async fn run_brief(&self, key: &str, workflow: &str, number: i64) -> Result<runs::Brief> {
        let (k, w) = (key.to_string(), workflow.to_string());
        self.store()
            .read(move |tx| {
                let Some(project) = projects::by_key(tx, &k)? else { return Ok(None) };
                let Some(workflow) = workflows::named(tx, project.id, &w)? else { return Ok(None) };
                if number < 0 {
                    runs::latest(tx, workflow.id)
                } else {
                    runs::by_number(tx, workflow.id, number)
                }
            })
            .await
            .map_err(Error::internal)?
            .ok_or_else(|| Error::not_found(format!("workflow run {key}/{workflow} #{number}")))
    }

    /// Runs of a workflow, newest first.
    pub async fn run_list(
        &self,
        key: &str,
        workflow: &str,
        filter: runs::Filter,
    ) -> Result<(Vec<RunBrief>, i64)> {
        let (k, w) = (key.to_string(), workflow.to_string());
        let found = self
            .store()
            .read(move |tx| {
                let Some(project) = projects::by_key(tx, &k)? else { return Ok(None) };
                let Some(workflow) = workflows::named(tx, project.id, &w)? else { return Ok(None) };
                Ok(Some((runs::list(tx, workflow.id, &filter)?, runs::count(tx, workflow.id, &filter)?)))
            })
            .await
            .map_err(Error::internal)?;
        let (list, total) = found.ok_or_else(|| Error::not_found(format!("workflow {key}/{workflow}")))?;
        Ok((list.iter().map(brief).collect(), total))
    }

    /// Runs over all projects that the caller may read, newest first, and how many there are in all.
    pub async fn run_recent(&self, caller: &Caller, filter: runs::Filter) -> Result<(Vec<RunBrief>, i64)> {
        let reader = (!caller.is_maintainer()).then_some(caller.user);
        let (list, total) = self
            .store()
            .read(move |tx| {
                Ok((runs::recent(tx, reader, &filter)?, runs::count_recent(tx, reader, &filter)?))
            })
            .await
            .map_err(Error::internal)?;
        Ok((list.iter().map(brief).collect(), total))
    }

    /// Values that runs of a workflow have for a tag, in order, the first 200.
    pub async fn run_tag_values(&self, key: &str, workflow: &str, tag: String) -> Result<Vec<String>> {
        let (k, w) = (key.to_string(), workflow.to_string());
        self.store()
            .read(move |tx| {
                let Some(project) = projects::by_key(tx, &k)? else { return Ok(None) };
                let Some(workflow) = workflows::named(tx, project.id, &w)? else { return Ok(None) };
                runs::tag_values(tx, workflow.id, &tag, 200).map(Some)
            })
            .await
            .map_err(Error::internal)?
            .ok_or_else(|| Error::not_found(format!("workflow {key}/{workflow}")))
    }

    /// A run, whole.
    pub async fn view(&self, run: &Run) -> Result<RunView> {
        self.view_part(run, &Part::WHOLE).await
    }

    /// What is wanted of a run.
    pub async fn view_part(&self, run: &Run, part: &Part) -> Result<RunView> {
        let known = self.reasons_for(run).await?;
        Ok(view::run(run, part, &known))
    }

    async fn reasons_for(&self, run: &Run) -> Result<Known> {
        let workflow = run.spec.workflow_id.filter(|_| run.nodes.iter().any(|n| n.waits_slot));
        let held = match workflow {
            Some(workflow) => self
                .store()
                .read(move |tx| {
                    Ok(slots::all(tx)?
                        .into_iter()
                        .filter(|s| s.workflow == Some(workflow))
                        .collect::<Vec<_>>())
                })
                .await
                .map_err(Error::internal)?,
            None => Vec::new(),
        };
        Ok(Known { app: self.clone(), held })
    }

    /// A job with its attempts.
    pub async fn job_view(&self, job: JobRef) -> Result<JobRun> {
        let run = self.load_run(job.run).await?;
        let known = self.reasons_for(&run).await?;
        let (node, stage, state) =
            view::find_job(&run, job.job).ok_or_else(|| Error::not_found(format!("job {job}")))?;
        Ok(view::job_run(&run, view::job_def(&run, node, stage, state), state, &known))
    }

    /// Logs of a run under the names they are downloaded as: those on this server's disk, and those of steps that have
    /// begun and are not here, as if they were empty.
    pub async fn log_files(&self, id: RunId) -> Result<(Vec<LogFile>, Vec<LogFile>)> {
        let run = self.load_run(id).await?;
        let (mut files, mut elsewhere) = (Vec::new(), Vec::new());
        view::each_job(&run, |node, stage, state| {
            let no = state.copy_of.unwrap_or(state.no);
            for (i, attempt) in state.attempts.iter().enumerate() {
                let number = Attempt(i as u32 + 1);
                let job = JobRef { run: id, job: no };
                // A worker that died at once may have told of a step only by its log.
                let mut steps: BTreeSet<u16> = (0..attempt.steps.len() as u16).collect();
                let stored = self.logs().list(id, no, number).unwrap_or_default();
                steps.extend(stored.iter().filter_map(|key| match key.step {
                    LogStream::Step(step) => Some(step),
                    _ => None,
                }));
                for step in steps {
                    let key = super::report::log_key(job, number, step);
                    let log = self.logs().state(&key).ok().flatten();
                    let name = view::log_name(&run, node, stage, state, i, step);
                    let (length, complete) = log.as_ref().map_or((0, false), |log| (log.length, log.sealed));
                    let file = LogFile { name, job, attempt: number.0, step, length, complete };
                    let begun = attempt.steps.get(usize::from(step)).is_some_and(|s| s.start.is_some());
                    match log {
                        Some(_) => files.push(file),
                        None if begun => elsewhere.push(file),
                        None => {}
                    }
                }
            }
        });
        Ok((files, elsewhere))
    }

    /// Deletes a run with its logs and files.
    pub async fn run_delete(&self, id: RunId) -> Result<()> {
        let run = self.load_run(id).await;
        if run.is_ok_and(|run| !run.head.status.is_final()) {
            return Err(Error::conflict("the run has not ended: stop it first"));
        }
        self.store().write(move |tx| runs::delete(tx, id)).await.map_err(Error::internal)?;
        self.live().forget(id);
        self.logs().delete_run(id).await.map_err(Error::internal)
    }
}

/// A run in a list, from the store's columns.
pub fn brief(b: &runs::Brief) -> RunBrief {
    RunBrief {
        id: b.id.to_string(),
        number: b.number,
        sub_number: b.sub,
        version: if b.label.is_empty() { b.number.to_string() } else { b.label.clone() },
        status: b.status,
        project_key: b.project_key.clone(),
        workflow_name: b.workflow_name.clone(),
        start: b.created.to_rfc3339(),
        last_execution: b.last_execution.to_rfc3339(),
        duration_ms: b.status.is_final().then(|| b.last_execution.since(b.created).as_millis() as u64),
        work_ms: b.work,
        triggered_by: b.triggered_by.clone(),
        tags: b.tags.iter().map(|(tag, value)| Tag { tag: tag.clone(), value: value.clone() }).collect(),
        parked: b.parked.clone(),
        at_work: b.at_work,
        gates: b.gates,
    }
}

/// What is known of why things wait.
struct Known {
    app: App,
    held: Vec<slots::Slot>,
}

impl Reasons for Known {
    fn job(&self, job: JobRef) -> Option<WaitReason> {
        self.app.fleet().explain(job, self.app.now())
    }

    fn slot(&self, run: &Run, node: &NodeRun) -> Option<WaitReason> {
        let name = view::node_name(&run.spec, node.node.0);
        Some(super::queue::mutex_reason(self.held.iter().filter(|s| s.node == name), name, run.number))
    }
}
