//! Random graphs, random news in random order (late, repeated, lost): every invariant after every step, and at the
//! end every run ends.

mod support;

use cds_engine::{
    Effect, Event, Run, RunSpec, Transition, apply,
    event::{Start, TimerKey},
    invariants::{self, World},
    start,
    state::StepRun,
};
use cds_model::{Attempt, JobNo, NodeRunNo, RunId, Status, Timestamp, WorkerId};
use cds_workflow::def::{Conditions, NodeKind};
use proptest::prelude::*;
use std::sync::Arc;
use support::*;

/// A stream of small choices.
struct Dice<'a>(std::slice::Iter<'a, u16>);

impl Dice<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        self.0.next().map_or(0, |n| *n as usize % sides.max(1))
    }
    fn empty(&self) -> bool {
        self.0.len() == 0
    }
}

fn random_spec(dice: &mut Dice<'_>) -> RunSpec {
    let mut s = spec(&["n0"]);
    s.settings.queue_timeout_ms = 1_000_000;
    s.settings.run_timeout_ms = 10_000_000;
    let mut guarded = stage("guarded", &["j"]);
    guarded.conditions = check("cds.build.x", "eq", "1");
    let stages = vec![stage("x", &["j", "k"]), guarded, stage("y", &["l", "-m"])];
    s.pipelines.insert("two".into(), pipeline("two", stages));
    s.pipelines.insert("none".into(), pipeline("none", vec![]));
    s.pipelines.insert("off".into(), pipeline("off", vec![stage("x", &["-j"])]));
    for i in 1..=dice.roll(10) {
        let kinds = ["", "", "", "+", "=", "=", "!", ">"];
        let kind = kinds[dice.roll(kinds.len())];
        let mut parents: Vec<String> = vec![format!("n{}", dice.roll(i))];
        if kind == "=" {
            for _ in 0..=dice.roll(2) {
                parents.push(format!("n{}", dice.roll(i)));
            }
            parents.sort();
            parents.dedup();
        }
        s.workflow.nodes.push(node(&format!("{kind}n{i}<{}", parents.join(","))));
    }
    for node in &mut s.workflow.nodes {
        if node.kind == NodeKind::Pipeline {
            node.pipeline = ["one", "one", "two", "none", "off", "missing"][dice.roll(6)].into();
        }
        node.conditions = match dice.roll(10) {
            0 => check("cds.status", "eq", "Success"),
            1 => check("cds.status", "ne", "Success"),
            2 => Conditions { script: "return cds_manual == 'true'".into(), check: vec![] },
            3 => Conditions { script: "return nothing".into(), check: vec![] },
            _ => Conditions::default(),
        };
    }
    s.workflow.nodes[0].conditions = Conditions::default();
    s
}

struct Sim {
    runs: Vec<Run>,
    starts: Vec<Start>,
    events: Vec<Vec<(Event, Timestamp)>>,
    old_effects: Vec<(RunId, i64, Effect)>,
    world: World,
    now: Timestamp,
}

type Outcome = Result<(), TestCaseError>;

fn must(check: invariants::Check) -> Outcome {
    check.map_err(|v| TestCaseError::fail(v.to_string()))
}

impl Sim {
    fn new(spec: RunSpec, runs: usize) -> Result<Self, TestCaseError> {
        let spec = Arc::new(spec);
        let mut sim = Sim {
            runs: vec![],
            starts: vec![],
            events: vec![vec![]; runs],
            old_effects: vec![],
            world: World::default(),
            now: Timestamp(1_000),
        };
        for number in 1..=runs as i64 {
            let start = Start { spec: spec.clone(), number, ..request(RunSpec::default()) };
            let Transition::Advanced { run, effects } = cds_engine::start(start.clone(), sim.now) else {
                return Err(TestCaseError::fail("not started"));
            };
            must(invariants::check_start(&run, &effects))?;
            sim.runs.push(run);
            sim.starts.push(start);
            sim.carry_out(number as usize - 1, &effects)?;
        }
        sim.deliver_grants()?;
        Ok(sim)
    }

    fn carry_out(&mut self, i: usize, effects: &[Effect]) -> Outcome {
        let (id, number) = (self.runs[i].id, self.runs[i].number);
        must(self.world.repeats_are_harmless(id, number, effects))?;
        for effect in effects {
            self.world.carry_out(id, number, effect);
            self.old_effects.push((id, number, effect.clone()));
        }
        Ok(())
    }

    fn deliver_grants(&mut self) -> Outcome {
        loop {
            let granted = self.world.grant();
            if granted.is_empty() {
                break;
            }
            for (run, node_run) in granted {
                let i = self.runs.iter().position(|r| r.id == run).unwrap();
                self.send(i, Event::SlotGranted { node_run })?;
            }
        }
        let runs: Vec<&Run> = self.runs.iter().collect();
        must(self.world.check(&runs))
    }

    fn send(&mut self, i: usize, event: Event) -> Outcome {
        self.now = Timestamp(self.now.0 + 7);
        let old = self.runs[i].clone();
        match apply(&old, &event, self.now) {
            Transition::Advanced { run, effects } => {
                must(invariants::check_step(&old, &event, &run, &effects))?;
                self.runs[i] = run;
                self.events[i].push((event, self.now));
                self.carry_out(i, &effects)?;
            }
            Transition::Ignored(_) | Transition::Refused(_) => {}
        }
        Ok(())
    }

    fn jobs(&self, i: usize) -> Vec<(JobNo, Attempt)> {
        let id = self.runs[i].id;
        self.world.jobs.iter().filter(|((run, _), _)| *run == id).map(|((_, job), a)| (*job, *a)).collect()
    }

    fn step(&mut self, dice: &mut Dice<'_>) -> Outcome {
        let i = dice.roll(self.runs.len());
        let jobs = self.jobs(i);
        let what = dice.roll(24);
        let event = match what {
            0..=14 if jobs.is_empty() => return Ok(()),
            0..=5 => taken(jobs[dice.roll(jobs.len())]),
            6..=11 => {
                let (job, attempt) = jobs[dice.roll(jobs.len())];
                let all = [OK, OK, OK, FAIL, Status::Stopped, Status::Disabled, Status::Building];
                let x = ["1", "2"][dice.roll(2)];
                let mut event = ended(job, attempt, all[dice.roll(all.len())], map(&[("cds.build.x", x)]));
                if let Event::JobEnded { infrastructure, .. } = &mut event {
                    *infrastructure = dice.roll(5) == 0;
                }
                event
            }
            12 => {
                let (job, attempt) = jobs[dice.roll(jobs.len())];
                Event::WorkerLost { job, attempt, reason: "gone".into() }
            }
            13 => {
                let (job, attempt) = jobs[dice.roll(jobs.len())];
                let status = [Status::Building, OK, FAIL][dice.roll(3)];
                let step = StepRun { status, ..Default::default() };
                Event::StepNews { job, attempt, steps: vec![(dice.roll(3) as u16, step)] }
            }
            14 => {
                let (job, attempt) = jobs[dice.roll(jobs.len())];
                Event::Timer(match dice.roll(3) {
                    0 => TimerKey::Queue(job, attempt),
                    1 => TimerKey::Job(job, attempt),
                    _ => TimerKey::StopGrace(job, attempt),
                })
            }
            15..=17 => match self.events[i].len() {
                0 => return Ok(()),
                n => self.events[i][dice.roll(n)].0.clone(),
            },
            18 if dice.roll(4) == 0 => Event::Stop { by: "ada".into(), node: None },
            18 => Event::Stop { by: "ada".into(), node: Some(format!("n{}", dice.roll(11))) },
            19 | 20 => restart(&[&format!("n{}", dice.roll(11))], dice.roll(2) == 0),
            21 => Event::SlotGranted { node_run: NodeRunNo(dice.roll(12) as u32) }
                .only_if_held(&self.world, self.runs[i].id),
            22 if dice.roll(8) == 0 => Event::Timer(TimerKey::Run),
            _ => {
                // An effect is delivered once more, long after.
                if let Some(n) = self.old_effects.len().checked_sub(1) {
                    let (run, number, effect) = self.old_effects[dice.roll(n + 1)].clone();
                    if !matches!(effect, Effect::SetTimer { .. }) {
                        let before = self.world.clone();
                        self.world.carry_out(run, number, &effect);
                        prop_assert_eq!(&before, &self.world, "{:?}", effect);
                    }
                }
                return Ok(());
            }
        };
        self.send(i, event)?;
        self.deliver_grants()
    }

    /// Workers answer from now on: every run must end.
    fn drain(&mut self) -> Outcome {
        for _ in 0..10_000 {
            let mut moved = false;
            for i in 0..self.runs.len() {
                for (job, attempt) in self.jobs(i) {
                    moved = true;
                    self.send(i, taken((job, attempt)))?;
                    self.send(i, ended(job, attempt, OK, map(&[])))?;
                    self.deliver_grants()?;
                }
            }
            if !moved {
                break;
            }
        }
        for run in &self.runs {
            prop_assert!(run.head.status.is_final(), "run {} is {}", run.number, run.head.status);
        }
        prop_assert!(self.world.jobs.is_empty() && self.world.cancelled.is_empty());
        prop_assert!(self.world.slots.values().all(|s| s.holder.is_none() && s.waiting.is_empty()));
        Ok(())
    }
}

fn taken((job, attempt): (JobNo, Attempt)) -> Event {
    Event::JobTaken { job, attempt, worker: WorkerId::new(), worker_name: "w".into() }
}

trait OnlyIfHeld {
    fn only_if_held(self, world: &World, run: RunId) -> Event;
}

impl OnlyIfHeld for Event {
    /// The server grants only what is held; a grant may be delivered again, though.
    fn only_if_held(self, world: &World, run: RunId) -> Event {
        match self {
            Event::SlotGranted { node_run }
                if world.slots.values().any(|s| s.waiting.iter().any(|w| (w.1, w.2) == (run, node_run))) =>
            {
                Event::SlotGranted { node_run: NodeRunNo(u32::MAX) }
            }
            other => other,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_invariant_holds_and_every_run_ends(choices in prop::collection::vec(any::<u16>(), 40..400)) {
        let mut dice = Dice(choices.iter());
        let spec = random_spec(&mut dice);
        let runs = 1 + dice.roll(2);
        let mut sim = Sim::new(spec, runs)?;
        while !dice.empty() {
            sim.step(&mut dice)?;
        }
        sim.drain()?;
        for (i, run) in sim.runs.iter().enumerate() {
            must(invariants::folds_to(sim.starts[i].clone(), Timestamp(1_000), &sim.events[i], run))?;
        }
    }
}

/// The random worlds must be worth looking at.
#[test]
fn the_random_worlds_are_not_trivial() {
    let mut seed = 1u64;
    let mut next = || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as u16
    };
    let mut seen: std::collections::BTreeMap<&str, usize> = Default::default();
    for _ in 0..300 {
        let choices: Vec<u16> = (0..300).map(|_| next()).collect();
        let mut dice = Dice(choices.iter());
        let spec = random_spec(&mut dice);
        let mut sim = Sim::new(spec, 2).unwrap();
        while !dice.empty() {
            sim.step(&mut dice).unwrap();
        }
        for run in &sim.runs {
            let kind = |ix: cds_model::NodeIx| run.spec.node(ix).map(|n| n.kind);
            let mut count = |what, holds| *seen.entry(what).or_default() += usize::from(holds);
            for node in &run.nodes {
                let join = kind(node.node) == Some(NodeKind::Join);
                count("join", join);
                count("join again", join && node.sub > 0 && !node.manual);
                count("waits for a mutex", node.waits_slot);
                count("stopped", node.status == Status::Stopped);
                count("second stage", node.stages.get(1).is_some_and(|s| !s.jobs.is_empty()));
                for job in node.stages.iter().flat_map(|s| &s.jobs) {
                    count("attempts", job.attempts.len() > 1);
                    count("all attempts", job.attempts.len() == 3 && job.status == FAIL);
                    count("copy", job.copy_of.is_some());
                    count("stopping", job.stopping);
                }
            }
            count("rejected", !run.head.not_run.is_empty());
            count("sub-numbers", run.head.sub > 2);
        }
    }
    assert!(seen.values().all(|n| *n > 0), "{seen:?}");
}

/// The checks must be able to fail.
#[test]
fn a_broken_transition_is_noticed() {
    let Transition::Advanced { run, effects } = start(request(spec(&["a", "b<a"])), Timestamp(0)) else {
        panic!("not started")
    };
    let mut broken = run.clone();
    Arc::make_mut(&mut broken.nodes[0]).status = Status::Success;
    assert!(invariants::quiescent(&broken).is_err());
    assert!(invariants::statuses_follow(&broken).is_err());
    let mut twice = effects.clone();
    twice.extend(effects.iter().cloned());
    assert!(invariants::jobs_are_queued_when_allowed(None, &run, &twice).is_err());
    let stop = Event::Stop { by: "x".into(), node: None };
    assert!(invariants::nothing_after_the_end(&stop, &run, &effects).is_err());
    let (job, attempt) = (JobNo(0), Attempt(1));
    let Transition::Advanced { run: after, effects } = apply(&run, &taken((job, attempt)), Timestamp(1))
    else {
        panic!("not taken")
    };
    assert!(invariants::terminal_states_stay(&after, &stop, &after).is_ok());
    let end = ended(job, attempt, OK, map(&[]));
    let Transition::Advanced { run: over, .. } = apply(&after, &end, Timestamp(2)) else {
        panic!("not ended")
    };
    assert!(invariants::terminal_states_stay(&over, &end, &after).is_err());
    assert!(invariants::every_end_is_told(&after, &over, &effects).is_err());
    let mut world = World::default();
    assert!(world.check(&[&run]).is_err(), "the queue lacks the job");
    world.jobs.insert((run.id, job), attempt);
    assert!(world.check(&[&run]).is_ok());
}
