//! Work for the cluster: runs with stages and forks whose steps number their lines and notice each other.

use super::follower::{Followers, LogName};
use cds_api::runs::{Run, RunStart};
use cds_testkit::{Dice, LONG, Project, eventually};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

/// Name of the workflow.
pub const WORKFLOW: &str = "load";
/// Lines that each of the two steps of a job prints.
pub const LINES: [std::ops::RangeInclusive<u64>; 2] = [1..=40, 41..=60];
/// Jobs of a run.
pub const JOBS: usize = 7;
/// Runs at a time.
pub const AT_A_TIME: usize = 3;
/// How often a run is looked at for new logs to follow.
const LOOK: Duration = Duration::from_millis(150);

/// A lock is held as long as any process of the step lives, so that two attempts at a time are noticed, by the
/// kernel; the directory can be made once, so that an attempt that is executed twice is noticed.
pub const STEPS: &str = r#"
  - script: |
      exec 9>>"$DIR/lock.${CDS_JOB_ID%.*}"
      flock -n 9 || echo "$CDS_JOB_ID begins while an older attempt runs" >>"$DIR/faults"
      mkdir "$DIR/once.$CDS_JOB_ID" || echo "$CDS_JOB_ID is executed twice" >>"$DIR/faults"
      echo "$CDS_JOB_ID begins" >>"$DIR/ledger"
      for i in $(seq 1 40); do echo "$CDS_JOB_ID line $i – é"; sleep ${PAUSE:-0.02}; done
  - script: |
      exec 9>>"$DIR/lock.${CDS_JOB_ID%.*}"
      flock -n 9 || echo "$CDS_JOB_ID goes on while an older attempt runs" >>"$DIR/faults"
      (setsid sleep 1000 >/dev/null 2>&1 &)
      for i in $(seq 41 60); do echo "$CDS_JOB_ID line $i – é"; sleep 0.01; done
      echo "$CDS_JOB_ID ends" >>"$DIR/ledger"
"#;

/// Makes the workflow.
pub async fn define(project: &Project) {
    let wide = format!(
        "version: v1.0\nname: wide\njobs:\n- job: first\n  stage: one\n  steps:{STEPS}- job: second\n  stage: one\n  steps:{STEPS}- job: third\n  stage: two\n  steps:{STEPS}"
    );
    let small = format!("version: v1.0\nname: small\njobs:\n- job: only\n  steps:{STEPS}");
    let probe = "
version: v1.0
name: probe
jobs:
- job: probe
  requirements: [{region: probe}]
  steps: [{script: [never run by a shell]}]
";
    let workflow = "
name: load
version: v2.0
workflow:
  root: {pipeline: wide}
  left: {pipeline: small, depends_on: [root]}
  right: {pipeline: small, depends_on: [root]}
  probe: {pipeline: probe, depends_on: [root]}
  join: {pipeline: small, depends_on: [left, right, probe], when: [success]}
";
    let files = [
        ("wide.pip.yml", wide.as_str()),
        ("small.pip.yml", &small),
        ("probe.pip.yml", probe),
        ("load.yml", workflow),
    ];
    project.push(&files).await;
}

/// What keeps starting runs, and follows all their logs.
pub struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
    /// Numbers of the runs, by idempotency key.
    started: Arc<Mutex<BTreeMap<String, i64>>>,
    followers: Arc<Mutex<Followers>>,
}

impl Drop for Load {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Load {
    /// Begins to keep so many runs going. Steps write into `dir`; names of the load must differ.
    pub fn start(project: &Project, name: &str, streams: usize, dir: &Path, dice: &mut Dice) -> Self {
        let (stop, started, followers) = (Arc::default(), Arc::default(), Arc::default());
        let starter = |n: usize| Starter {
            project: project.clone(),
            dir: dir.into(),
            name: format!("{name}-{n}"),
            dice: dice.fork(),
            stop: Arc::clone(&stop),
            started: Arc::clone(&started),
            followers: Arc::clone(&followers),
        };
        let starters: Vec<Starter> = (0..streams).map(starter).collect();
        let tasks = starters.into_iter().map(|s| tokio::spawn(s.work())).collect();
        Self { stop, tasks, started, followers }
    }

    /// Starts no more runs, and waits until all have ended.
    pub async fn finish(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in &mut self.tasks {
            let ended = tokio::time::timeout(LONG * 2, task).await;
            ended.expect("every run ends in time").expect("no panic");
        }
    }

    /// Idempotency keys and numbers of the runs.
    pub fn started(&self) -> BTreeMap<String, i64> {
        self.started.lock().expect("no panic").clone()
    }

    /// The readers of logs.
    pub fn followers(&self) -> &Mutex<Followers> {
        &self.followers
    }
}

struct Starter {
    project: Project,
    dir: PathBuf,
    name: String,
    dice: Dice,
    stop: Arc<AtomicBool>,
    started: Arc<Mutex<BTreeMap<String, i64>>>,
    followers: Arc<Mutex<Followers>>,
}

impl Starter {
    async fn work(mut self) {
        let mut count = 0;
        while !self.stop.load(Ordering::Relaxed) {
            count += 1;
            let once = format!("{}-{count}", self.name);
            let payload = Some(serde_json::json!({"dir": self.dir.to_str().expect("a path of text")}));
            let start = RunStart { payload, ..RunStart::default() };
            let project = &self.project;
            let begin = || async {
                let run = project.client.run_start(&project.key, WORKFLOW, &start, Some(&once)).await;
                run.ok().map(|run| run.brief.number)
            };
            let number = eventually("the start of a run", LONG, begin).await;
            self.started.lock().expect("no panic").insert(once, number);
            self.attend(number).await;
            tokio::time::sleep(self.dice.ms(0, 200)).await;
        }
    }

    /// Follows every log of a run until it ends.
    async fn attend(&self, number: i64) {
        loop {
            let run = self.project.client.run(&self.project.key, WORKFLOW, number.into()).await;
            if let Ok(run) = run {
                for name in begun(&run) {
                    let mut followers = self.followers.lock().expect("no panic");
                    followers.follow(&self.project.client, name);
                }
                if run.brief.status.is_final() {
                    return;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Logs of steps that have begun.
fn begun(run: &Run) -> Vec<LogName> {
    let jobs = run.node_runs.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs);
    jobs.flat_map(|job| job.attempts.iter().map(move |attempt| (job, attempt)))
        .flat_map(|(job, attempt)| {
            let steps = attempt.steps.iter().filter(|step| step.start.is_some());
            steps.map(move |step| (job.id, attempt.attempt, step.step))
        })
        .collect()
}
