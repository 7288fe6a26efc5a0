//! Logs as they grow.

use cds_api::runs::RunStart;
use cds_client::SseStream;
use cds_model::JobRef;
use cds_testkit::{Project, SHORT, TestServer, eventually, find_job, within};
use std::time::{SystemTime, UNIX_EPOCH};

/// Lines that the job prints, one every 50 ms.
const LINES: usize = 40;
/// No line may take longer from the job to the listener, ms. In truth it is far less; the machine may be busy.
const LIMIT_MS: i64 = 2_000;

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// One event: its text and the offset after it; `None` at the end of the log.
async fn piece(stream: &mut SseStream) -> Option<(String, u64)> {
    loop {
        let event =
            within("an event", SHORT, stream.next()).await.unwrap().expect("the stream ends with an event");
        match event.event.as_str() {
            "bytes" => {
                let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
                let text = data["text"].as_str().unwrap().to_string();
                let after: u64 = event.id.parse().unwrap();
                assert_eq!(data["offset"].as_u64().unwrap() + text.len() as u64, after);
                return Some((text, after));
            }
            "end" => return None,
            other => assert!(other == "ping" || other == "message", "unknown event {other}"),
        }
    }
}

async fn begin(project: &Project) -> (i64, JobRef) {
    let print = format!("for i in $(seq 1 {LINES}); do echo line $i at $(date +%s%3N); sleep 0.05; done");
    project.push_script("talks", &[&print]).await;
    let run = project.run("talks", RunStart::default()).await;
    let run = project
        .when("talks", run.brief.number, "the job", |run| {
            run.node_runs.iter().any(|n| n.stages.iter().any(|s| !s.jobs.is_empty()))
        })
        .await;
    (run.brief.number, find_job(&run, "talks", "job").id)
}

async fn follow(project: &Project, job: JobRef, offset: u64) -> SseStream {
    eventually("the log", SHORT, || async { project.client.log_follow(job, 1, 0, offset).await.ok() }).await
}

#[tokio::test]
async fn lines_arrive_as_they_are_printed() {
    let server = TestServer::start().await;
    let project = server.project("TALK").await;
    let (_, job) = begin(&project).await;
    let mut stream = follow(&project, job, 0).await;
    let (mut text, mut seen, mut delays) = (String::new(), 0, Vec::new());
    while let Some((more, _)) = piece(&mut stream).await {
        let now = now_ms();
        text.push_str(&more);
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let stamps: Vec<i64> = whole
            .lines()
            .filter_map(|l| l.strip_prefix("line ")?.split_once(" at ")?.1.parse().ok())
            .collect();
        delays.extend(stamps[seen..].iter().map(|at| now - at));
        seen = stamps.len();
    }
    assert_eq!(seen, LINES, "{text}");
    delays.sort_unstable();
    let (median, worst) = (delays[LINES / 2], delays[LINES - 1]);
    println!("from job to listener: median {median} ms, longest {worst} ms");
    assert!(worst < LIMIT_MS, "longest {worst} ms, median {median} ms");
}

#[tokio::test]
async fn a_listener_that_comes_back_misses_nothing_and_hears_nothing_twice() {
    let server = TestServer::start().await;
    let project = server.project("BACK").await;
    let (number, job) = begin(&project).await;
    let (mut text, mut offset, mut rounds) = (String::new(), 0, 0);
    'all: loop {
        rounds += 1;
        let mut stream = follow(&project, job, offset).await;
        for _ in 0..3 {
            let Some((more, after)) = piece(&mut stream).await else { break 'all };
            assert_eq!(offset + more.len() as u64, after, "a gap or a repetition");
            text.push_str(&more);
            offset = after;
        }
    }
    assert!(rounds > 2, "the test should have come back more than {rounds} times");
    let run = project.ended("talks", number).await;
    assert_eq!(project.log(&run, "talks", "job", 0).await, text);
    assert_eq!(text.lines().filter(|l| l.starts_with("line ")).count(), LINES);
    // After its end, too, from any offset.
    let mut late = follow(&project, job, 10).await;
    let mut rest = String::new();
    while let Some((more, _)) = piece(&mut late).await {
        rest.push_str(&more);
    }
    assert_eq!(rest, text[10..]);
}
