//! The storm: the real programs under load, killed at random, again and again. Afterwards nothing may be missing,
//! doubled or left over.
//!
//! `CDS_CHAOS_SECONDS` says how long (`make chaos` storms for a minute), `CDS_CHAOS_SEED` repeats the choices of a run.

mod check;
mod cut;
mod follower;
mod load;
pub mod probe;

use cds_store::{MasterKey, Store, queue};
use cds_testkit::{Dice, Marked, SHORT, Setup, TestHatchery, TestServer, eventually};
use check::Faults;
use load::Load;
use probe::Probe;
use std::time::{Duration, Instant};

/// How long the storm lasts, unless the environment says.
const SECONDS: u64 = 10;
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// Variable that marks every process of a storm.
const MARK: &str = "STORM";

/// Generous towards workers: what is tested is what happens, not how soon.
const SERVER: &str = "heartbeat_ms = 2000\nlease_ms = 8000\nmax_attempts = 100\nkill_grace_ms = 1000\n\
                      worker_idle_ms = 5000\nsignup_enabled = false";
const HATCHERY: &str = "max_workers = 4\ngrace_s = 2";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    let mark = mark();
    let server = TestServer::with(setup(&mark)).await;
    storm(server, &mark).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    let mark = mark();
    if let Some(server) = TestServer::on_postgres_with(setup(&mark)).await {
        storm(server, &mark).await;
    }
}

/// How long, in seconds.
pub fn seconds() -> u64 {
    std::env::var("CDS_CHAOS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS)
}

fn mark() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!("{}-{}", std::process::id(), now.map_or(0, |d| d.as_nanos()))
}

fn setup(mark: &str) -> Setup {
    let env = vec![(MARK.to_string(), mark.to_string())];
    Setup { no_hatchery: true, server: SERVER.into(), env, ..Setup::default() }
}

async fn storm(mut server: TestServer, mark: &str) {
    let length = Duration::from_secs(seconds());
    let mut dice = Dice::new(Dice::seed("CDS_CHAOS_SEED", None));
    let env = [(MARK.to_string(), mark.to_string())];
    let mut hatchery = TestHatchery::start(&server, "storm", HATCHERY, &env).await;
    let project = server.project("STORM").await;
    load::define(&project).await;
    let dir = server.scratch().join("ledger");
    std::fs::create_dir(&dir).expect("a directory for the steps");
    let probe = Probe::start(&server, "probe", "probe", dice.fork()).await;
    let mut load = Load::start(&project, "stream", load::AT_A_TIME, &dir, &mut dice);

    let begin = Instant::now();
    let mut strokes = Vec::new();
    while begin.elapsed() < length {
        tokio::time::sleep(dice.ms(100, 900)).await;
        let what = strike(&mut server, &mut hatchery, mark, &mut dice).await;
        strokes.push(format!("{:6.2} s {what}", begin.elapsed().as_secs_f64()));
    }
    load.finish().await;
    println!("{} strokes in {length:?}; all runs ended {:?} after the begin", strokes.len(), begin.elapsed());

    let mut faults = Faults::default();
    let runs = check::runs(&mut faults, &project, &load.started()).await;
    let seen = || load.followers().lock().expect("no panic").seen();
    let acked = probe.acked();
    let hashes = check::logs(&mut faults, &project, &runs, seen, &acked).await;
    check::ledger(&mut faults, &dir, &runs);
    let attempts: usize = runs.iter().flat_map(check::jobs).map(|job| job.attempts.len()).sum();
    let connections: u32 = seen().values().map(|seen| seen.connections).sum();
    println!(
        "{} runs, {attempts} attempts, {} logs, {} of them followed by {connections} connections, {} probed",
        runs.len(),
        hashes.len(),
        seen().len(),
        acked.len()
    );
    left_over(&mut faults, &server, &mut [&mut hatchery], mark).await;
    drop((load, probe));
    let (status, _) = server.stop().await;
    if !status.success() {
        faults.0.push(format!("the server ended with {status}"));
    }
    check::chains(&mut faults, &[server.data()], &hashes);
    stored(&mut faults, server.database()).await;
    processes(&mut faults, mark);
    assert!(!runs.is_empty() && !strokes.is_empty(), "nothing was tried");
    if !faults.0.is_empty() {
        let (hatchery, count) = (hatchery.log(), faults.0.len());
        eprintln!("--- the hatchery's log ---\n{hatchery}");
        eprintln!("--- the server's log ---\n{}", server.log());
        faults.0.truncate(40);
        panic!("{count} faults; the strokes were\n{}\n\n{}", strokes.join("\n"), faults.0.join("\n"));
    }
}

/// Kills something, and starts it again if nobody else does.
async fn strike(server: &mut TestServer, hatchery: &mut TestHatchery, mark: &str, dice: &mut Dice) -> String {
    match dice.below(10) {
        0..=4 => {
            let workers: Vec<Marked> =
                Marked::all(MARK, mark).into_iter().filter(|p| p.is("worker")).collect();
            if workers.is_empty() {
                return "no worker to kill".into();
            }
            let victim = &workers[dice.below(workers.len() as u64) as usize];
            victim.kill();
            format!("worker {} of {}", victim.pid, workers.len())
        }
        5 | 6 => {
            hatchery.kill();
            let away = dice.ms(0, 800);
            tokio::time::sleep(away).await;
            hatchery.restart();
            format!("hatchery, away for {away:?}")
        }
        7 if server.crash_postgres().await => "PostgreSQL".into(),
        _ => {
            server.kill().await;
            let away = dice.ms(0, 1_000);
            tokio::time::sleep(away).await;
            server.restart().await;
            format!("server, away for {away:?}")
        }
    }
}

/// The queue is empty, no process of a job lives, and the hatchery leaves nothing when it ends.
async fn left_over(
    faults: &mut Faults,
    server: &TestServer,
    hatcheries: &mut [&mut TestHatchery],
    mark: &str,
) {
    let queue = server.admin().queue().await.expect("the queue");
    if !queue.is_empty() {
        faults.0.push(format!("the queue is not empty: {queue:?}"));
    }
    let of_jobs = || Marked::all(MARK, mark).into_iter().filter(|p| p.variable("CDS_JOB_ID").is_some());
    let gone = eventually("the end of the jobs' processes", SHORT * 2, || async {
        of_jobs().next().is_none().then_some(())
    });
    if tokio::time::timeout(SHORT, gone).await.is_err() {
        faults.0.push(format!(
            "processes of jobs are left: {:?}",
            of_jobs().map(|p| p.words).collect::<Vec<_>>()
        ));
    }
    for hatchery in hatcheries {
        hatchery.stop().await;
        for what in ["workers", "state"] {
            let left = hatchery.left(what);
            if !left.is_empty() {
                faults.0.push(format!("the hatchery has left in {what}: {left:?}"));
            }
        }
    }
}

/// Nothing of the storm runs any more.
fn processes(faults: &mut Faults, mark: &str) {
    let left = Marked::all(MARK, mark);
    if !left.is_empty() {
        let left: Vec<_> = left.iter().map(|p| (p.pid, &p.words)).collect();
        faults.0.push(format!("processes are left: {left:?}"));
    }
}

/// No lease and no place in the queue is left in the database.
async fn stored(faults: &mut Faults, url: String) {
    // Nothing secret is read, so any key will do.
    let open = move || Store::open(&url, MasterKey::generate());
    let store = tokio::task::spawn_blocking(open).await.expect("no panic").expect("the database");
    let (entries, bad) = store.read(queue::load).await.expect("the queue");
    let left: Vec<_> = entries.iter().filter(|e| !e.cancelled).collect();
    if !left.is_empty() || !bad.is_empty() {
        faults.0.push(format!("the database's queue is not empty: {left:?} {bad:?}"));
    }
}
