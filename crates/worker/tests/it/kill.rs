//! Nothing outlives a job, whatever its processes do.

use crate::{
    host::{Host, processes},
    server::{Server, job},
};
use cds_api::worker::Assignment;
use std::time::{Duration, Instant};

fn marker(job: &Assignment) -> String {
    format!("CDS_JOB_ID={}.{}", job.job, job.attempt)
}

/// Double-forked, in a session of its own, deaf to SIGTERM, without the job's environment.
const DAEMON: &str = "(setsid sh -c 'trap \"\" TERM HUP INT; (env -i sleep 600 & echo daemon $!) ; exec sleep 600' >out 2>&1 &) ; \
                      while ! grep -q daemon out; do sleep 0.01; done; cat out";

#[tokio::test(flavor = "multi_thread")]
async fn daemons_end_with_their_job() {
    let host = Host::start().await;
    let seen = host.run(job(&[DAEMON, "echo second"])).await;
    assert_eq!(seen.status(), "Success");
    let pid = seen.log(0).lines().find_map(|l| l.strip_prefix("daemon ").map(String::from)).unwrap();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} lives");
}

/// Forks and ends every few milliseconds, in a session of its own, deaf to SIGTERM, without the job's environment: no
/// look at the table of processes is sure to see it.
const HOPPER: &str = "here=$(pwd); cat >hop.sh <<'END'
trap '' TERM HUP
echo x >>\"$2\"
[ -e \"$1\" ] || exit
sleep 0.002
setsid sh \"$1\" \"$1\" \"$2\" &
END
cp hop.sh $HOP; (env -i PATH=\"$PATH\" setsid sh $HOP $HOP $HOP.alive &) ; while ! test -s $HOP.alive; do sleep 0.01; done";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_forks_and_ends_all_the_time_is_caught() {
    let host = Host::start().await;
    let dir = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let hop = dir.path().join(format!("hop{round}"));
        let seen = host.run(job(&[&format!("HOP={}\n{HOPPER}", hop.display())])).await;
        assert_eq!(seen.status(), "Success", "{}", seen.log(0));
        let alive = || std::fs::metadata(dir.path().join(format!("hop{round}.alive"))).unwrap().len();
        let at_the_end = alive();
        tokio::time::sleep(Duration::from_millis(200)).await;
        // Should it live, it ends with this file.
        std::fs::remove_file(&hop).unwrap();
        assert!(at_the_end > 0 && alive() == at_the_end, "round {round}: it goes on after the job");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn background_processes_live_until_the_end_of_the_job() {
    let host = Host::start().await;
    let scripts = [
        "(while sleep 0.02; do echo tick; date >>ticks; done) & echo started",
        "sleep 1.2; test -s ticks; a=$(wc -l <ticks); sleep 0.3; test $(wc -l <ticks) -gt $a",
    ];
    let begin = Instant::now();
    let seen = host.run(job(&scripts)).await;
    // It holds the first step's output, which is waited for only a moment, and is not killed by its loss.
    assert_eq!(seen.status(), "Success", "{}", seen.log(1));
    assert!(begin.elapsed() < Duration::from_secs(6));
    assert!(seen.log(0).contains("started\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_deaf_trees() {
    let host = Host::start().await;
    let script = format!(
        "trap '' TERM\n{DAEMON}\nsh -c 'trap \"\" TERM; sleep 600' & sleep 600 & echo ready; sleep 600"
    );
    let mut j = job(&[&script, "echo never"]);
    j.steps[1].always_executed = true;
    let mark = marker(&j);
    let name = host.server.queue(j);
    host.server.until(name, "the start", |s| s.log(0).contains("ready")).await;
    assert!(processes(&mark).len() >= 4);
    let begin = Instant::now();
    host.server.cancel(name);
    let seen = host.server.end(name).await;
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    host.assert_clean(&mark);
    assert_eq!(
        (seen.status(), seen.step(0), seen.step(1)),
        ("Stopped".into(), "Stopped".into(), "Never Built".into())
    );
    assert!(seen.log(0).contains("CDS Worker execution canceled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_scripts_tidy_up() {
    let host = Host::start().await;
    // With programs of its own, which take their time and are not told to end in the middle of it.
    let tidy = "sleep 0.3 && sh -c \"sleep 0.3; /bin/echo tidying\" && env echo tidied; exit 0";
    let mut j = job(&[&format!("trap '{tidy}' TERM; echo ready; while :; do sleep 0.05; done")]);
    j.kill_grace_ms = 10_000;
    let name = host.server.queue(j);
    host.server.until(name, "the start", |s| s.log(0).contains("ready")).await;
    let begin = Instant::now();
    host.server.cancel(name);
    let seen = host.server.end(name).await;
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(seen.log(0).contains("tidying\ntidied\n"), "{}", seen.log(0));
    assert_eq!(seen.status(), "Stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_limits() {
    let host = Host::start().await;
    let mut j = job(&["echo one; sleep 600", "echo two"]);
    j.steps[0].timeout_ms = 300;
    j.steps[1].always_executed = true;
    let seen = host.run(j).await;
    assert_eq!((seen.status(), seen.step(0), seen.step(1)), ("Fail".into(), "Fail".into(), "Success".into()));
    assert!(seen.reason(0).contains("limit of 300ms"), "{}", seen.reason(0));
    let mut j = job(&["sleep 600", "echo two"]);
    j.job_timeout_ms = 300;
    j.steps[1].always_executed = true;
    let seen = host.run(j).await;
    assert_eq!((seen.status(), seen.step(1)), ("Fail".into(), "Never Built".into()));
    assert!(!seen.end.unwrap().infrastructure);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_ends_the_job_silently() {
    let host = Host::start().await;
    let j = job(&[&format!("{DAEMON}\necho ready; sleep 600")]);
    let mark = marker(&j);
    let name = host.server.queue(j);
    host.server.until(name, "the start", |s| s.log(0).contains("ready")).await;
    host.server.steal(name);
    let begin = Instant::now();
    while !processes(&mark).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(5), "processes live on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The worker goes on with the next job, and says no more of the first.
    let seen = host.run(job(&["echo next"])).await;
    assert_eq!(seen.status(), "Success");
    assert!(host.server.seen(name).end.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_gives_the_job_back() {
    let mut host = Host::start().await;
    let j = job(&[&format!("{DAEMON}\necho ready; sleep 600")]);
    let mark = marker(&j);
    let name = host.server.queue(j);
    host.server.until(name, "the start", |s| s.log(0).contains("ready")).await;
    host.signal(rustix::process::Signal::TERM);
    let seen = host.server.end(name).await;
    let (success, text) = host.wait();
    assert!(success && text == "Shutdown", "{text}");
    let end = seen.end.unwrap();
    assert!(end.infrastructure && end.status == cds_model::Status::Fail);
    assert_eq!(processes(&mark), Vec::<i32>::new());
    assert_eq!(std::fs::read_dir(host.base.path().join("w")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_while_idle() {
    let mut host = Host::start().await;
    host.run(job(&["true"])).await;
    let begin = Instant::now();
    host.signal(rustix::process::Signal::TERM);
    assert_eq!(host.wait(), (true, "Shutdown".into()));
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_directories_are_removed() {
    let host = Host::start().await;
    let seen =
        host.run(job(&["mkdir -p a/b; touch a/b/f; chmod 000 a/b; chmod 500 a .; chmod 000 .."])).await;
    assert_eq!(seen.status(), "Success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_the_heartbeat() {
    let server = Server::start().await;
    server.inner().heartbeat_ms = 60_000;
    server.inner().holds = true;
    let host = Host::with(server);
    let name = host.server.queue(job(&["echo ready; sleep 600"]));
    host.server.until(name, "the start", |s| s.log(0).contains("ready")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begin = Instant::now();
    host.server.cancel(name);
    assert_eq!(host.server.end(name).await.status(), "Stopped");
    assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_do_not_fill_the_process_table() {
    let host = Host::start().await;
    let name =
        host.server.queue(job(&["for i in $(seq 50); do (setsid true &) ; done; echo made; sleep 600"]));
    host.server.until(name, "the orphans", |s| s.log(0).contains("made")).await;
    let begin = Instant::now();
    while crate::host::children(host.child.id() as i32).len() > 1 {
        assert!(begin.elapsed() < Duration::from_secs(10), "zombies stay");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    host.server.cancel(name);
    host.server.end(name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_workers_and_those_with_enough_jobs_end() {
    let server = Server::start().await;
    server.inner().idle_ms = 300;
    let mut host = Host::with(server);
    host.run(job(&["true"])).await;
    let begin = Instant::now();
    assert_eq!(host.wait(), (true, "Idle".into()));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    let server = Server::start().await;
    server.inner().max_jobs = 2;
    let mut host = Host::with(server);
    host.run(job(&["true"])).await;
    let last = host.server.queue(job(&["true"]));
    host.server.end(last).await;
    assert_eq!(host.wait(), (true, "JobsDone".into()));
    assert_eq!(std::fs::read_dir(host.base.path().join("w")).unwrap().count(), 0);
}
