//! Servers that are cut off from their database while their workers go on: for longer than any lease first, so that
//! another server gives their jobs to others, then now and then and in every way. Each server has a way of its own to
//! the one PostgreSQL, which can be cut.

use super::{
    HATCHERY, MARK, check, left_over,
    load::{self, Load, STEPS},
    mark,
    probe::{self, Probe},
    processes, seconds, stored,
};
use cds_api::{
    runs::{Run, RunStart},
    worker::{Assignment, JobEnd, LogChunk, StepReport, WorkerReport},
};
use cds_client::{Client, ClientError};
use cds_model::{Clock, Status, Timestamp, WallClock};
use cds_testkit::{
    Dice, LONG, Network, Postgres, Project, Proxy, SHORT, Setup, TestHatchery, TestServer, eventually,
    find_job,
};
use std::time::{Duration, Instant};

/// On PostgreSQL a lease lasts three times `lease_ms`. The worker gives up after three heartbeats.
const SERVER: &str = "heartbeat_ms = 1000\nlease_ms = 6000\nmax_attempts = 100\nkill_grace_ms = 1000\n\
                      worker_idle_ms = 5000\nsignup_enabled = false\ndatabase_timeout_s = 4";
/// A job of this pause takes nearly as long as a lease, and twice as long as anybody vouches for it.
const PAUSE: &str = "0.4";
/// Runs of such jobs.
const LONG_RUNS: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_by_the_database() {
    storm_of_cuts(Network::Refuses).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_heard_of_the_database() {
    storm_of_cuts(Network::Swallows).await;
}

/// A server with its own way to the database, and the hatchery of its workers.
struct Side {
    server: TestServer,
    way: Proxy,
}

async fn sides(url: &str, mark: &str) -> [Side; 2] {
    let (way, url_one) = Proxy::of(url).await;
    let setup = |postgres: String, secret_key| Setup {
        postgres: Some(postgres),
        secret_key,
        no_hatchery: true,
        server: SERVER.into(),
        env: vec![(MARK.into(), mark.into())],
        ..Setup::default()
    };
    let one = Side { server: TestServer::with(setup(url_one, None)).await, way };
    let (way, url_two) = Proxy::of(url).await;
    let key = Some(one.server.data().join("secret.key"));
    let two = Side { server: TestServer::with(setup(url_two, key)).await, way };
    [one, two]
}

async fn storm_of_cuts(first: Network) {
    let started = tokio::task::spawn_blocking(|| Postgres::start().map(|p| (p.database(), p)));
    let Some((url, _postgres)) = started.await.expect("PostgreSQL starts") else { return };
    let mut dice = Dice::new(Dice::seed("CDS_CHAOS_SEED", None));
    let mark = mark();
    let [mut one, mut two] = sides(&url, &mark).await;
    let env = [(MARK.to_string(), mark.clone())];
    let here = one.server.project("CUT").await;
    let there = Project::new(two.server.admin().clone(), "CUT");
    load::define(&here).await;
    define(&here).await;
    let dir = one.server.scratch().join("ledger");
    std::fs::create_dir(&dir).expect("a directory for the steps");

    // Jobs of the first server's workers that are at work for longer than it is believed.
    let mut hatchery_one = TestHatchery::start(&one.server, "one", HATCHERY, &env).await;
    let payload = Some(serde_json::json!({"dir": dir.to_str().expect("a path of text"), "pause": PAUSE}));
    let mut long = Vec::new();
    for _ in 0..LONG_RUNS {
        let start = RunStart { payload: payload.clone(), ..RunStart::default() };
        long.push(here.run("long", start).await.brief.number);
    }
    let mut old = Straggler::start(&one.server, &here).await;
    for number in &long {
        let at_work = |run: &Run| find_job(run, "long", "long").status == Status::Building;
        here.when("long", *number, "a long job at work", at_work).await;
    }
    let mut hatchery_two = TestHatchery::start(&two.server, "two", HATCHERY, &env).await;
    let probes = [
        Probe::start(&one.server, "probe", "probe-one", dice.fork()).await,
        Probe::start(&two.server, "probe", "probe-two", dice.fork()).await,
    ];
    let mut loads =
        [Load::start(&here, "one", 1, &dir, &mut dice), Load::start(&there, "two", 2, &dir, &mut dice)];
    tokio::time::sleep(dice.ms(200, 1_500)).await;

    let begin = Instant::now();
    println!("the first server is cut off: {first:?}");
    one.way.set(first);
    let looked = tokio::sync::Notify::new();
    // The other server takes over what the first one cannot vouch for any more, though nobody told it anything.
    let over = async {
        for number in &long {
            let again = |run: &Run| find_job(run, "long", "long").attempts.len() > 1;
            there.when("long", *number, "another attempt of a long job", again).await;
        }
        let mut new = old.taken_over(&two.server, &there).await;
        // Its worker lives, however long the rest takes.
        new.goes_on(looked.notified()).await;
        new
    };
    let rest = async {
        while_cut_off(&one, &two, &here, &there).await;
        looked.notify_one();
    };
    let ((), mut new) = tokio::join!(rest, over);
    println!("others have its jobs after {:?}", begin.elapsed());
    new.goes_on(old.is_refused("while cut off", &["store_away", "lease_lost"])).await;
    one.way.set(Network::Works);
    let health = || async { one.server.anonymous().health().await.ok() };
    new.goes_on(eventually("good health after the cut", SHORT, health)).await;
    println!("the first server is well after {:?}", begin.elapsed());
    new.goes_on(old.is_refused("after its return", &["lease_lost"])).await;
    let stale = old.ends(&there, &mut new).await;

    let strokes = cuts(&[&one, &two], &mut dice).await;
    for load in &mut loads {
        load.finish().await;
    }
    println!("{} cuts; all runs ended {:?} after the first", strokes.len() + 1, begin.elapsed());

    let mut faults = check::Faults(stale);
    let mut started = loads[0].started();
    started.extend(loads[1].started());
    let mut runs = check::runs(&mut faults, &there, &started).await;
    for number in long {
        let run = here.ended("long", number).await;
        if run.brief.status != Status::Success {
            faults.0.push(format!("a long run has ended otherwise: {run:#?}"));
        }
        runs.push(run);
    }
    let acked = [probes[0].acked(), probes[1].acked()].concat();
    // Followed over one server or the other, never over both.
    let seen = || {
        let mut all = loads[0].followers().lock().expect("no panic").seen();
        all.extend(loads[1].followers().lock().expect("no panic").seen());
        all
    };
    let hashes = check::logs(&mut faults, &there, &runs, seen, &acked).await;
    check::ledger(&mut faults, &dir, &runs);
    let attempts: usize = runs.iter().flat_map(check::jobs).map(|job| job.attempts.len()).sum();
    println!("{} runs, {attempts} attempts, {} logs, {} probed", runs.len(), hashes.len(), acked.len());
    drop((probes, old, new));
    left_over(&mut faults, &two.server, &mut [&mut hatchery_one, &mut hatchery_two], &mark).await;
    drop(loads);
    for side in [&mut one, &mut two] {
        let (status, _) = side.server.stop().await;
        if !status.success() {
            faults.0.push(format!("a server ended with {status}"));
        }
    }
    check::chains(&mut faults, &[one.server.data(), two.server.data()], &hashes);
    stored(&mut faults, url).await;
    processes(&mut faults, &mark);
    if !faults.0.is_empty() {
        for (name, log) in [
            ("first hatchery", hatchery_one.log()),
            ("second hatchery", hatchery_two.log()),
            ("first server", one.server.log()),
            ("second server", two.server.log()),
        ] {
            eprintln!("--- the {name}'s log ---\n{log}");
        }
        let count = faults.0.len();
        faults.0.truncate(40);
        panic!("{count} faults; the cuts were\n{}\n\n{}", strokes.join("\n"), faults.0.join("\n"));
    }
}

async fn define(project: &Project) {
    let long = format!("version: v1.0\nname: long\njobs:\n- job: long\n  steps:{STEPS}");
    let workflow = "{name: long, version: v2.0, workflow: {long: {pipeline: long}}}";
    project.push(&[("long.pip.yml", &long), ("long.yml", workflow)]).await;
    project.push_script("quick", &["echo all is well"]).await;
    let stale = "
version: v1.0
name: stale
jobs:
- job: job
  requirements: [{region: stale}]
  steps: [{script: [never run by a shell]}]
";
    let workflow = "{name: stale, version: v2.0, workflow: {stale: {pipeline: stale}}}";
    project.push(&[("stale.pip.yml", stale), ("stale.yml", workflow)]).await;
}

/// The server that is cut off says so, soon and with a reason, and the other one goes on as if nothing were.
async fn while_cut_off(cut: &Side, well: &Side, here: &Project, there: &Project) {
    let told = eventually("a health that tells of the database", SHORT, || async {
        let error = cut.server.anonymous().health().await.err()?;
        let text = format!("{error:?}");
        (error.status().map(|s| s.as_u16()) == Some(503) && text.contains("database")).then_some(text)
    })
    .await;
    println!("health: {told}");
    // No sooner refused than silence is noticed, and not kept for ever.
    let start = RunStart::default();
    let asked = here.client.run_start(&here.key, "quick", &start, Some("asked while cut off"));
    let refused = tokio::time::timeout(SHORT, asked).await.expect("an answer");
    let refused = refused.expect_err("nothing can be started without a database");
    assert!(refused.is_code("store_away"), "{refused:?}");
    assert_eq!(refused.status().map(|s| s.as_u16()), Some(503));
    well.server.anonymous().health().await.expect("the other server is well");
    // Whatever the one cut off was about to do when it was: it holds up nobody.
    there.succeed("quick", RunStart::default()).await;
}

/// Cuts at random, for short and now and then for longer.
async fn cuts(sides: &[&Side], dice: &mut Dice) -> Vec<String> {
    let (begin, mut strokes) = (Instant::now(), Vec::new());
    while begin.elapsed() < Duration::from_secs(seconds()) {
        tokio::time::sleep(dice.ms(200, 1_500)).await;
        let which = dice.below(sides.len() as u64) as usize;
        let network = match dice.below(5) {
            0 => Network::Refuses,
            1 => Network::Swallows,
            2 => Network::SwallowsAnswers,
            3 => Network::Delays(dice.ms(5, 300)),
            _ => Network::Works,
        };
        // A moment without anybody is not a cut, but resets what is connected.
        let network = if network == Network::Works { Network::Refuses } else { network };
        let lasts = if dice.one_in(6) { dice.ms(3_000, 8_000) } else { dice.ms(5, 1_500) };
        strokes.push(format!(
            "{:6.2} s server {which} {network:?} for {lasts:?}",
            begin.elapsed().as_secs_f64()
        ));
        sides[which].way.set(network);
        tokio::time::sleep(lasts).await;
        sides[which].way.set(Network::Works);
    }
    strokes
}

/// A worker that was given up without knowing it, and says what it has to say all the same.
struct Straggler {
    client: Client,
    assignment: Assignment,
    /// Number of the run.
    number: i64,
    /// What was acknowledged of its log.
    acked: String,
    began: Timestamp,
    list: tokio::task::JoinHandle<()>,
}

impl Drop for Straggler {
    fn drop(&mut self) {
        self.list.abort();
    }
}

async fn take(server: &TestServer, name: &str) -> (Client, Assignment, tokio::task::JoinHandle<()>) {
    let (hatchery, identity) = probe::named_hatchery(server, "stale", name).await;
    let (id, client) = probe::register(&hatchery.client, identity).await;
    let list = tokio::spawn(hatchery.keep_known(id));
    let assignment = eventually("the job of a straggler", LONG, || async {
        client.worker_take(Duration::from_secs(2)).await.ok().flatten()
    })
    .await;
    (client, assignment, list)
}

impl Straggler {
    /// Takes the job of a run that is started for it, and writes a line.
    async fn start(server: &TestServer, project: &Project) -> Self {
        let number = project.run("stale", RunStart::default()).await.brief.number;
        let (client, assignment, list) = take(server, "straggler-one").await;
        let mut it = Self { client, assignment, number, acked: String::new(), began: WallClock.now(), list };
        it.write("the first attempt\n").await.expect("its log is taken");
        it
    }

    /// The same job's next attempt, at another server.
    async fn taken_over(&self, server: &TestServer, project: &Project) -> Self {
        let (client, assignment, list) = take(server, "straggler-two").await;
        assert_eq!((assignment.job, assignment.attempt.0), (self.assignment.job, 2));
        let run = project.get("stale", self.number).await;
        assert_eq!(find_job(&run, "stale", "job").attempts.len(), 2, "{run:#?}");
        let (acked, began) = (String::new(), WallClock.now());
        let mut it = Self { client, assignment, number: self.number, acked, began, list };
        it.write("the second attempt\n").await.expect("its log is taken");
        it
    }

    fn report(&self, logs: Vec<LogChunk>, end: Option<JobEnd>) -> WorkerReport {
        let (job, attempt) = (self.assignment.job, self.assignment.attempt);
        let status = if end.is_some() { Status::Success } else { Status::Building };
        let step = StepReport {
            step: 0,
            status,
            start_ms: Some(self.began.ms()),
            done_ms: end.as_ref().map(|_| WallClock.now().ms()),
            log_length: end.as_ref().map(|_| self.acked.len() as u64),
            exit_code: end.as_ref().map(|_| 0),
            reason: None,
        };
        WorkerReport { job, attempt, logs, steps: vec![step], end, take_wait_ms: None, take_number: None }
    }

    async fn write(&mut self, line: &str) -> Result<(), ClientError> {
        let offset = self.acked.len() as u64;
        let (text, at_ms) = (Some(line.to_string()), WallClock.now().ms());
        let chunk = LogChunk { step: 0, offset, text, base64: None, at_ms };
        self.client.worker_report(&self.report(vec![chunk], None)).await?;
        self.acked.push_str(line);
        Ok(())
    }

    async fn end(&self) -> Result<(), ClientError> {
        let end = JobEnd {
            status: Status::Success,
            reason: None,
            infrastructure: false,
            variables: Default::default(),
        };
        self.client.worker_report(&self.report(Vec::new(), Some(end))).await.map(drop)
    }

    /// Something else, while this worker goes on.
    async fn goes_on<T>(&mut self, something: impl Future<Output = T>) -> T {
        let mut something = std::pin::pin!(something);
        loop {
            tokio::select! {
                done = &mut something => return done,
                () = tokio::time::sleep(Duration::from_millis(500)) => {
                    self.write("still at it\n").await.expect("the new attempt's log");
                }
            }
        }
    }

    /// Neither a line nor an end is taken, and the reason is one of those.
    async fn is_refused(&mut self, when: &str, codes: &[&str]) {
        let line = self.write("a line too many\n").await.err();
        let end = self.end().await.err();
        for (what, error) in [("a line", line), ("an end", end)] {
            let error = error.unwrap_or_else(|| panic!("{what} of an old attempt was taken {when}"));
            assert!(codes.iter().any(|code| error.is_code(code)), "{what}, {when}: {error:?}");
        }
    }

    /// The new attempt ends; of the old one nothing is there but what was acknowledged in its time.
    async fn ends(&self, project: &Project, new: &mut Self) -> Vec<String> {
        new.write("its end\n").await.expect("the new attempt's log");
        new.end().await.expect("the new attempt's end");
        let run = project.ended("stale", self.number).await;
        let job = find_job(&run, "stale", "job");
        let mut faults = Vec::new();
        if run.brief.status != Status::Success || job.attempts.len() != 2 {
            faults.push(format!("the straggler's run: {run:#?}"));
        }
        for it in [self, &*new] {
            let attempt = it.assignment.attempt.0;
            // On the disk of the first server, which has to say first that it is there again.
            let log = eventually("a log of both servers", SHORT, || async {
                project.client.log(job.id, attempt, 0).await.ok()?.bytes(1 << 20).await.ok()
            })
            .await;
            if log != it.acked.as_bytes() {
                let log = String::from_utf8_lossy(&log);
                faults.push(format!("attempt {attempt}: {:?} is not {log:?}", it.acked));
            }
        }
        faults
    }
}
