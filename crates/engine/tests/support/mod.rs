//! Small graphs, and a run that is driven by hand.
#![allow(dead_code, missing_docs)]

use cds_engine::{
    Effect, Event, Run, RunSpec, Transition, apply,
    event::Start,
    invariants, start,
    state::{NodeRun, Origin},
};
use cds_model::{Attempt, JobNo, RunId, Status, Timestamp, WorkerId};
use cds_workflow::def::{self, Check, Conditions, Node, NodeKind};
use indexmap::IndexMap;
use std::sync::Arc;

pub const OK: Status = Status::Success;
pub const FAIL: Status = Status::Fail;

/// `name` or `name<parent,parent`; `+` before the name = fork, `=` = join, `!` = mutex, `>` = outgoing hook.
pub fn node(text: &str) -> Node {
    let (name, parents) = text.split_once('<').unwrap_or((text, ""));
    let kind = match name.chars().next() {
        Some('+') => NodeKind::Fork,
        Some('=') => NodeKind::Join,
        Some('>') => NodeKind::OutgoingHook,
        _ => NodeKind::Pipeline,
    };
    let mutex = name.starts_with('!');
    Node {
        name: name.trim_start_matches(['+', '=', '!', '>']).into(),
        kind,
        mutex,
        parents: parents.split(',').filter(|p| !p.is_empty()).map(Into::into).collect(),
        pipeline: if kind == NodeKind::Pipeline { "one".into() } else { String::new() },
        ..Node::default()
    }
}

/// A stage with jobs of these names; `-` before a name switches the job off.
pub fn stage(name: &str, jobs: &[&str]) -> def::Stage {
    def::Stage {
        name: name.into(),
        jobs: jobs
            .iter()
            .map(|j| def::Job {
                name: j.trim_start_matches('-').into(),
                enabled: !j.starts_with('-'),
                steps: vec![def::Step { action: "Script".into(), ..Default::default() }; 2],
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    }
}

pub fn pipeline(name: &str, stages: Vec<def::Stage>) -> def::Pipeline {
    def::Pipeline { name: name.into(), stages, ..Default::default() }
}

pub fn check(variable: &str, operator: &str, value: &str) -> Conditions {
    Conditions {
        check: vec![Check { variable: variable.into(), operator: operator.into(), value: value.into() }],
        script: String::new(),
    }
}

/// A graph whose nodes all run the pipeline `one` (one stage, one job).
pub fn spec(nodes: &[&str]) -> RunSpec {
    let mut spec = RunSpec { project: "SHOP".into(), ..Default::default() };
    spec.workflow.name = "flow".into();
    spec.workflow.nodes = nodes.iter().map(|n| node(n)).collect();
    spec.pipelines.insert("one".into(), pipeline("one", vec![stage("build", &["job"])]));
    spec
}

pub fn by_hand() -> Origin {
    Origin {
        manual: true,
        username: "ada".into(),
        fullname: "Ada L".into(),
        email: "ada@shop.example".into(),
    }
}

pub fn request(spec: RunSpec) -> Start {
    Start {
        id: RunId::new(),
        number: 7,
        spec: Arc::new(spec),
        origin: by_hand(),
        payload: None,
        raw_payload: None,
        parameters: IndexMap::new(),
    }
}

/// A run and the effects so far. Every transition is checked against the invariants.
pub struct Driven {
    pub run: Run,
    pub effects: Vec<Effect>,
    pub now: Timestamp,
}

pub fn map(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
    pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
}

impl Driven {
    pub fn new(spec: RunSpec) -> Self {
        Self::start(request(spec))
    }

    pub fn start(request: Start) -> Self {
        let now = Timestamp(1_000_000);
        match start(request, now) {
            Transition::Advanced { run, effects } => {
                invariants::check_start(&run, &effects).unwrap();
                Self { run, effects, now }
            }
            other => panic!("not started: {other:?}"),
        }
    }

    pub fn try_apply(&mut self, event: Event) -> Transition {
        self.now = Timestamp(self.now.0 + 1000);
        let transition = apply(&self.run, &event, self.now);
        if let Transition::Advanced { run, effects } = &transition {
            invariants::check_step(&self.run, &event, run, effects).unwrap();
            self.run = run.clone();
            self.effects.extend(effects.iter().cloned());
        }
        transition
    }

    pub fn apply(&mut self, event: Event) -> Vec<Effect> {
        match self.try_apply(event.clone()) {
            Transition::Advanced { effects, .. } => effects,
            other => panic!("{event:?}: {other:?}"),
        }
    }

    /// The latest run of a node.
    pub fn node(&self, name: &str) -> Option<&NodeRun> {
        let ix = self.run.spec.graph().find(name).unwrap();
        self.run.nodes.iter().map(|n| &**n).filter(|n| n.node == ix).max_by_key(|n| n.sub)
    }

    /// `N.S status` of the latest run of a node; `-` if there is none.
    pub fn at(&self, name: &str) -> String {
        self.node(name).map_or("-".into(), |n| format!("{} {}", n.sub, n.status))
    }

    pub fn status(&self) -> Status {
        self.run.head.status
    }

    /// The first unfinished job of a node.
    pub fn open_job(&self, name: &str) -> (JobNo, Attempt) {
        let node = self.node(name).unwrap_or_else(|| panic!("{name} has not run"));
        let job = node.stages.iter().flat_map(|s| &s.jobs).find(|j| !j.status.is_final());
        let job = job.unwrap_or_else(|| panic!("{name} has no open job: {node:?}"));
        (job.no, job.attempt())
    }

    pub fn take(&mut self, name: &str) -> (JobNo, Attempt) {
        let (job, attempt) = self.open_job(name);
        self.apply(Event::JobTaken { job, attempt, worker: WorkerId::new(), worker_name: "w".into() });
        (job, attempt)
    }

    /// Takes and ends the first open job of a node.
    pub fn end(&mut self, name: &str, status: Status) -> Vec<Effect> {
        self.end_with(name, status, &[])
    }

    pub fn end_with(&mut self, name: &str, status: Status, variables: &[(&str, &str)]) -> Vec<Effect> {
        let (job, attempt) = self.take(name);
        self.apply(ended(job, attempt, status, map(variables)))
    }

    pub fn stop(&mut self, node: Option<&str>) -> Vec<Effect> {
        self.apply(Event::Stop { by: "ada".into(), node: node.map(Into::into) })
    }

    pub fn restart(&mut self, from: &[&str]) -> Vec<Effect> {
        self.apply(restart(from, false))
    }

    pub fn param(&self, node: &str, name: &str) -> Option<&str> {
        self.node(node).and_then(|n| n.params.get(name)).map(|p| p.value.as_str())
    }

    pub fn infos(&self) -> Vec<&str> {
        self.run.head.infos.iter().map(|i| i.text.as_str()).collect()
    }
}

pub fn restart(from: &[&str], only_failed: bool) -> Event {
    Event::Restart {
        from: from.iter().map(|s| s.to_string()).collect(),
        only_failed,
        origin: by_hand(),
        payload: None,
        parameters: IndexMap::new(),
        spec: None,
    }
}

pub fn ended(job: JobNo, attempt: Attempt, status: Status, variables: IndexMap<String, String>) -> Event {
    Event::JobEnded {
        job,
        attempt,
        status,
        reason: String::new(),
        infrastructure: false,
        variables,
        steps: vec![],
    }
}
