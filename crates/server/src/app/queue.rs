//! The queue: what waits, why, and what runs.

use crate::{
    App,
    app::access::Readable,
    auth::Caller,
    http::error::{Error, Result},
};
use cds_api::queue::{QueueJob, QueueNode, WaitReason};
use cds_model::{JobRef, Status, Timestamp, WorkflowId};
use cds_store::{
    projects, queue, runs,
    slots::{self, Slot},
    workers, workflows,
};
use std::collections::HashMap;

impl App {
    /// The queue as far as the caller may see it: what waits, why, and what runs.
    pub async fn queue(&self, caller: &Caller) -> Result<Vec<QueueJob>> {
        // Of workers that other servers know the database has the names.
        let (app, others) = (self.clone(), self.peers().any());
        type Row = (queue::Entry, String, String, Option<String>);
        let mut readable = Readable::by(caller);
        let rows: Vec<Row> = self
            .store()
            .read(move |tx| {
                let keys: HashMap<_, _> = projects::list(tx)?.into_iter().map(|p| (p.id, p.key)).collect();
                let mut names = HashMap::new();
                let (entries, _) = queue::load(tx)?;
                let mut rows: Vec<Row> = Vec::new();
                for entry in entries {
                    let Some(key) = keys.get(&entry.project) else { continue };
                    let name = match names.get(&entry.workflow) {
                        Some(name) => Clone::clone(name),
                        None => {
                            let name = workflows::name_by_id(tx, entry.workflow)?;
                            names.insert(entry.workflow, name.clone());
                            name
                        }
                    };
                    if readable.workflow(tx, entry.workflow, key, &name)? {
                        let mut worker = entry.worker.map(|id| app.fleet().worker_name(id));
                        if let (Some(id), Some("")) = (entry.worker.filter(|_| others), worker.as_deref()) {
                            worker = Some(workers::get(tx, id)?.map(|w| w.name).unwrap_or_default());
                        }
                        rows.push((entry, key.clone(), name, worker));
                    }
                }
                Ok(rows)
            })
            .await
            .map_err(Error::internal)?;
        let now = self.now();
        Ok(rows
            .into_iter()
            .filter(|(e, ..)| !e.cancelled)
            .map(|(e, project_key, workflow_name, worker)| {
                let job = JobRef { run: e.run, job: e.job };
                // A run that can't be read is not told what its workers do: one may have ended long ago.
                let at_work = e.worker.is_some_and(|w| {
                    e.parked.is_none() || self.fleet().holds_of(w).contains(&(job, e.attempt))
                });
                let reason = match (&e.parked, e.worker) {
                    (Some(why), _) => Some(WaitReason {
                        code: "parked".into(),
                        text: format!("set aside because it can't be read: {why}"),
                    }),
                    (None, None) => self.fleet().explain(job, now),
                    (None, Some(_)) => None,
                };
                QueueJob {
                    job,
                    project_key,
                    workflow_name,
                    number: e.number,
                    node: e.node,
                    name: e.name,
                    status: if at_work { Status::Building } else { Status::Waiting },
                    since: e.queued.to_rfc3339(),
                    attempt: e.attempt.0,
                    triggered_by: e.triggered_by,
                    requirements: e.requirements.iter().map(|r| format!("{}: {}", r.kind, r.value)).collect(),
                    reason,
                    worker: worker.filter(|_| at_work),
                }
            })
            .collect())
    }
    /// Nodes that wait for their mutex, as far as the caller may see them; those of one mutex in the order of service.
    pub async fn queue_nodes(&self, caller: &Caller) -> Result<Vec<QueueNode>> {
        let slots = self.store().read(slots::all).await.map_err(Error::internal)?;
        let waiting = || slots.iter().filter(|s| !s.held);
        let seen = self.readable_runs(caller, waiting().map(|s| s.run).collect()).await?;
        let briefs: HashMap<_, _> = self
            .store()
            .read(move |tx| {
                let mut briefs = HashMap::new();
                for run in &seen {
                    briefs.extend(runs::list::find(tx, *run)?.map(|brief| (*run, brief)));
                }
                Ok(briefs)
            })
            .await
            .map_err(Error::internal)?;
        let mut of: HashMap<(Option<WorkflowId>, &str), Vec<&Slot>> = HashMap::new();
        for slot in &slots {
            of.entry((slot.workflow, &slot.node)).or_default().push(slot);
        }
        let node = |slot: &Slot| {
            let brief = briefs.get(&slot.run)?;
            let others = &of[&(slot.workflow, slot.node.as_str())];
            Some(QueueNode {
                project_key: brief.project_key.clone(),
                workflow_name: brief.workflow_name.clone(),
                number: slot.number,
                node: slot.node.clone(),
                since: (slot.since > Timestamp(0)).then(|| slot.since.to_rfc3339()),
                triggered_by: brief.triggered_by.clone(),
                reason: mutex_reason(others.iter().copied(), &slot.node, slot.number),
                holder: others.iter().find(|s| s.held).map(|s| s.number),
            })
        };
        Ok(waiting().filter_map(node).collect())
    }
}

/// Why the node of a run has not got its mutex: of all that hold or want it, who is before it.
pub fn mutex_reason<'s>(
    slots: impl Iterator<Item = &'s Slot> + Clone,
    node: &str,
    number: i64,
) -> WaitReason {
    let ahead = slots.clone().filter(|s| !s.held && s.number < number).count();
    let others = match ahead {
        0 => "this run is next".to_string(),
        1 => "1 other run is before this one".to_string(),
        n => format!("{n} other runs are before this one"),
    };
    let text = match slots.clone().find(|s| s.held) {
        Some(holder) if holder.number == number => {
            format!("an earlier execution in this run holds the mutex of '{node}'; {others}")
        }
        Some(holder) => format!("run #{} holds the mutex of '{node}'; {others}", holder.number),
        None => format!("the mutex of '{node}' is about to be given; {others}"),
    };
    WaitReason { code: "mutex".into(), text }
}
