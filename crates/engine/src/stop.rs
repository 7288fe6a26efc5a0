//! Stops by a person or by the run's time limit (spec 6.11).

use crate::{
    event::{Ignored, Transition},
    limits,
    state::{Level, Run},
    work::{JobAt, Work, refuse},
};
use cds_model::{NodeRunNo, Status, Timestamp, limit};
use std::time::Duration;

pub(crate) fn stop(run: &Run, by: &str, node: Option<&str>, now: Timestamp) -> Transition {
    let mut work = Work::on(run, now);
    let Some(name) = node else {
        match run.head.status {
            Status::Stopped => return Transition::Ignored(Ignored::Repeated),
            s if s.is_final() => {
                return refuse(None, format!("The run has already ended ({s}): there is nothing to stop"));
            }
            _ => {}
        }
        work.info(Level::Info, run.head.sub, format!("The pipeline has been stopped by {by}"));
        work.stop_all();
        return work.advance();
    };
    let Some(ix) = work.graph.find(name) else {
        return refuse(74, format!("The run has no node named {name:?}"));
    };
    let open: Vec<NodeRunNo> =
        run.nodes.iter().filter(|n| n.node == ix && !n.status.is_final()).map(|n| n.no).collect();
    if open.is_empty() {
        return match work.latest(ix).map(|no| work.node(no).status) {
            Some(Status::Stopped) => Transition::Ignored(Ignored::Repeated),
            Some(s) => {
                refuse(None, format!("The node {name} has already ended ({s}): there is nothing to stop"))
            }
            None => refuse(None, format!("The node {name} has not been started: there is nothing to stop")),
        };
    }
    for no in open {
        let sub = work.node(no).sub;
        work.info(Level::Info, sub, format!("The node {name} has been stopped by {by}"));
        work.stop_node(no);
    }
    work.settle();
    work.advance()
}

/// The run's time is up.
pub(crate) fn run_timeout(run: &Run, now: Timestamp) -> Transition {
    if run.head.status.is_final() {
        return Transition::Ignored(Ignored::Repeated);
    }
    let mut work = Work::on(run, now);
    let limit = limit::text(Duration::from_millis(limits::run(&run.spec)));
    work.info(
        Level::Error,
        run.head.sub,
        format!("The run was stopped: it lasted longer than its limit of {limit}"),
    );
    work.stop_all();
    work.advance()
}

impl Work<'_> {
    /// Stops whatever is unfinished; nothing follows from it.
    fn stop_all(&mut self) {
        let open: Vec<NodeRunNo> =
            self.run.nodes.iter().filter(|n| !n.status.is_final()).map(|n| n.no).collect();
        for no in open {
            self.stop_node(no);
        }
        self.ended.clear();
        self.moved.clear();
        self.run.head.status = Status::Stopped;
    }

    fn stop_node(&mut self, no: NodeRunNo) {
        for stage in 0..self.node(no).stages.len() {
            let status = self.node(no).stages[stage].status;
            if matches!(status, Status::Waiting | Status::Building) {
                for job in 0..self.node(no).stages[stage].jobs.len() {
                    let at = JobAt { node: no, stage, job };
                    if !self.job(at).status.is_final() {
                        self.cut_off(at, Status::Stopped, "stopped");
                    }
                }
                self.node_mut(no).stages[stage].status = Status::Stopped;
            }
        }
        self.end_node(no, Status::Stopped);
    }
}
