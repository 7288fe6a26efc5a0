//! The program itself: starting, ending, what it costs.

use cds_api::{
    runs::{JobRun, Run, RunStart},
    users::TokenCreate,
};
use cds_model::Status;
use cds_testkit::{LONG, SHORT, Setup, TestServer, bin, eventually, within};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

fn cds(args: &[&str]) -> Output {
    Command::new(bin("cds")).args(args).env("CDS_LOG", "warn").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn jobs(run: &Run) -> impl Iterator<Item = &JobRun> {
    run.node_runs.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs)
}

#[tokio::test]
async fn a_signal_ends_it_in_time_and_nothing_is_left() {
    let mut server = TestServer::start().await;
    let project = server.project("ENDS").await;
    project.push_script("sleeps", &["echo begun", "sleep 1000"]).await;
    let run = project.run("sleeps", RunStart::default()).await;
    let begun = |run: &Run| jobs(run).any(|j| j.status == Status::Building);
    project.when("sleeps", run.brief.number, "the job's begin", begun).await;
    let (status, took) = server.stop().await;
    assert!(status.success(), "{status}: {}", server.log());
    assert!(took < Duration::from_secs(11), "{took:?}");
    let marker = server.data().display().to_string();
    let left: Vec<String> = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| text(&line).replace('\0', " "))
        .filter(|line| line.contains(&marker))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // What was running goes on after the next start, in a new attempt.
    server.restart().await;
    let again = |run: &Run| jobs(run).flat_map(|j| &j.attempts).any(|a| a.attempt == 2 && a.start.is_some());
    project.when_within(LONG, "sleeps", run.brief.number, "a second attempt", again).await;
}

#[tokio::test]
async fn migrate_makes_the_schema_and_leaves_a_running_server_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    for _ in 0..2 {
        let done = cds(&["migrate", "--data", &data]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        assert_eq!(text(&done.stdout), "The schema is up to date.\n");
    }
    assert!(dir.path().join("data/cds.db").exists());
    // A server on it has nothing left to do, and holds the directory as long as it runs.
    let server = TestServer::start().await;
    let refused = cds(&["migrate", "--data", &server.data().display().to_string()]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("in use"), "{}", text(&refused.stderr));
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut server = TestServer::start().await;
    let project = server.project("NOW").await;
    project.push_script("deaf", &["trap '' TERM", "while :; do sleep 1; done"]).await;
    let run = project.run("deaf", RunStart::default()).await;
    let begun =
        |run: &Run| jobs(run).flat_map(|j| &j.attempts).any(|a| a.steps[0].status == Status::Building);
    project.when("deaf", run.brief.number, "the step's begin", begun).await;
    server.terminate();
    let asked = || async { server.log().contains("a second signal ends at once").then_some(()) };
    eventually("the first signal's effect", SHORT, asked).await;
    let (_, took) = server.stop().await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    // Its workers are found again and ended with this one.
    server.restart().await;
    let (status, _) = server.stop().await;
    assert!(status.success());
}

#[tokio::test]
async fn a_hatchery_of_its_own_runs_jobs() {
    let server = TestServer::with(Setup { no_hatchery: true, ..Setup::default() }).await;
    let project = server.project("FARM").await;
    project.push_script("hello", &["echo hello from $HATCHERY_NAME"]).await;
    let body = TokenCreate {
        name: "farm".into(),
        description: String::new(),
        scopes: vec!["hatchery".into()],
        duration_days: 1,
    };
    let token = server.admin().token_create(&body).await.unwrap().secret;
    let token_file = server.scratch().join("token");
    std::fs::write(&token_file, token).unwrap();
    let mut hatchery = tokio::process::Command::new(bin("cds"))
        .args(["hatchery", "--api-url", &server.url(), "--name", "farm", "--token-file"])
        .arg(&token_file)
        .arg("--basedir")
        .arg(server.scratch().join("farm"))
        .stderr(std::fs::File::create(server.scratch().join("farm.log")).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let run = project.succeed("hello", RunStart::default()).await;
    assert!(project.log(&run, "hello", "job", 0).await.contains("hello from farm\n"));
    let pid = Pid::from_raw(hatchery.id().unwrap() as i32).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let status = within("the hatchery", SHORT, hatchery.wait()).await.unwrap();
    assert!(status.success(), "{}", std::fs::read_to_string(server.scratch().join("farm.log")).unwrap());
    assert!(server.admin().workers().await.unwrap().is_empty());
}

#[tokio::test]
async fn two_servers_do_not_share_a_directory() {
    let server = TestServer::with(Setup { no_hatchery: true, ..Setup::default() }).await;
    let data = server.data();
    let output = cds(&["server", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("in use by process") && told.contains(&server.pid().to_string()), "{told}");
}

#[tokio::test]
async fn the_init_token_is_shown_again_and_goes_with_the_first_administrator() {
    let mut server = TestServer::with(Setup { no_admin: true, no_hatchery: true, ..Setup::default() }).await;
    let data = server.data();
    let show = || cds(&["admin", "init-token", "--data", data.to_str().unwrap()]);
    let token = server.init_token().expect("a token").to_string();
    assert_eq!(text(&show().stdout).trim(), token);
    server.stop().await;
    server.restart().await;
    let after = server.init_token().expect("a token").to_string();
    assert_eq!(text(&show().stdout).trim(), after);
}

#[tokio::test]
async fn an_idle_server_is_small_and_quick_to_start() {
    let mut server = TestServer::start().await;
    server.stop().await;
    let begin = Instant::now();
    server.restart().await;
    let took = begin.elapsed();
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let kib: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap();
    println!("ready after {took:?}, {} MiB", kib / 1024);
    // The unoptimised program maps more of its own file; what counts is private memory.
    let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", server.pid())).unwrap();
    let private: u64 = rollup
        .lines()
        .filter_map(|line| {
            line.strip_prefix("Private_Dirty:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()
        })
        .sum();
    println!("private {} MiB", private / 1024);
    assert!(private < 30 * 1024, "{private} KiB of private memory");
}

#[test]
fn the_worker_command_starts_in_milliseconds() {
    let time = || {
        let begin = Instant::now();
        let output = cds(&["worker-cmd", "version"]);
        assert!(
            output.status.success() && text(&output.stdout).starts_with("CDS Worker version"),
            "{output:?}"
        );
        begin.elapsed()
    };
    let best = (0..20).map(|_| time()).min().unwrap();
    println!("{best:?}");
    assert!(best < Duration::from_millis(100), "{best:?}");
    let outside = cds(&["worker-cmd", "export", "a", "b"]);
    assert_eq!(outside.status.code(), Some(1));
}

#[test]
fn a_configuration_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cds.toml");
    let check = |text: &str| {
        std::fs::write(&path, text).unwrap();
        cds(&["config", "check", "--config", path.to_str().unwrap()])
    };
    let example = text(&cds(&["config", "example"]).stdout);
    assert!(check(&example).status.success());
    let bad = check("[server]\n\nlisten = \"127.0.0.1:1\"\nlisen = 1\n");
    assert_eq!(bad.status.code(), Some(1));
    let told = text(&bad.stderr);
    assert!(told.contains("line 4") && told.contains("lisen"), "{told}");
    let schema: serde_json::Value = serde_json::from_slice(&cds(&["config", "schema"]).stdout).unwrap();
    assert_eq!(schema["properties"]["server"]["properties"]["listen"]["type"], "string");
}
