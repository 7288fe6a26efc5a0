//! What is told of runs: lists and their filters, what changed, the log of a whole job.

use super::*;
use serde_json::json;

const TWO_STEPS: &str = "version: v1.0\nname: build\njobs:\n- job: compile\n  steps:\n  - name: fetch\n    script: [echo hello]\n  - script: [echo bye]\n";

/// Project P whose workflow `main` one worker can run.
async fn world() -> (Server, String, String) {
    let s = Server::new();
    let owner = s.project().await;
    s.import(&owner, "pipeline", TWO_STEPS).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    let worker = s.worker().await;
    (s, owner, worker)
}

/// A run of a commit to its end; its job's id.
async fn run(s: &Server, owner: &str, worker: &str, git: [&str; 4], status: &str) -> String {
    let [branch, hash, author, message] = git;
    let payload =
        json!({"git.branch": branch, "git.hash": hash, "git.author": author, "git.message": message});
    s.post(owner, "/v1/projects/P/workflows/main/runs", json!({"payload": payload})).await.is(201);
    let taken = s.post(worker, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
    let step = |step, text: &str| {
        let chunk = json!({"step": step, "offset": 0, "text": text, "at_ms": 1});
        (
            chunk,
            json!({"step": step, "status": status, "start_ms": 1, "done_ms": 2, "log_length": text.len()}),
        )
    };
    let (first, second) = (step(0, "hello"), step(1, "bye\n"));
    let report = json!({"job": taken["job"], "attempt": taken["attempt"], "logs": [first.0, second.0], "steps": [first.1, second.1], "end": {"status": status}});
    s.post(worker, "/v1/worker/report", report).await.is(200);
    taken["job"].as_str().unwrap().into()
}

#[tokio::test]
async fn runs_are_filtered_over_all_there_are() {
    let (s, owner, worker) = world().await;
    run(&s, &owner, &worker, ["main", "a1", "ada", "One"], "Success").await;
    run(&s, &owner, &worker, ["next", "b2", "grace", "Two"], "Fail").await;
    run(&s, &owner, &worker, ["main", "c3", "grace", "Three"], "Fail").await;
    for list in ["/v1/projects/P/workflows/main/runs", "/v1/runs"] {
        for (query, numbers) in [
            ("", json!([3, 2, 1])),
            ("?branch=main", json!([3, 1])),
            ("?author=grace", json!([3, 2])),
            ("?author=owner", json!([3, 2, 1])),
            ("?branch=main&author=grace&status=Fail", json!([3])),
            ("?tag=git.hash:b2", json!([2])),
            ("?branch=nothing", json!([])),
        ] {
            let answer = s.get(&owner, &format!("{list}{query}")).await.is(200);
            let found: Vec<_> =
                answer.json().as_array().unwrap().iter().map(|r| r["number"].clone()).collect();
            assert_eq!(json!(found), numbers, "{list}{query}");
            assert_eq!(answer.headers["x-total-count"], found.len().to_string().as_str(), "{list}{query}");
        }
        let second = s.get(&owner, &format!("{list}?branch=main&limit=1&offset=1")).await.is(200);
        assert_eq!(
            (&second.json()[0]["number"], &second.headers["x-total-count"]),
            (&json!(1), &"2".parse().unwrap())
        );
        s.get(&owner, &format!("{list}?branches=main")).await.is(400);
        s.get(&owner, &format!("{list}?status=Broken")).await.is(400);
    }
    for (query, count) in [("?project=P", 3), ("?project=P&branch=next", 1), ("?project=Q", 0)] {
        let answer = s.get(&owner, &format!("/v1/runs{query}")).await.is(200);
        assert_eq!(answer.json().as_array().unwrap().len(), count, "{query}");
        assert_eq!(answer.headers["x-total-count"], count.to_string().as_str(), "{query}");
    }
    let values = s.get(&owner, "/v1/projects/P/workflows/main/tags/git.branch").await.is(200);
    assert_eq!(values.json(), json!(["main", "next"]));
    s.get(&owner, "/v1/projects/P/workflows/none/tags/git.branch").await.is(404);
}

#[tokio::test]
async fn a_run_without_a_worker_waits_and_can_be_read_in_parts() {
    let (s, owner, worker) = world().await;
    s.post(&owner, "/v1/projects/P/workflows/main/runs", json!({})).await.is(201);
    let lists = ["/v1/projects/P/workflows/main/runs", "/v1/runs"];
    let found = async |query: &str| {
        let mut all = Vec::new();
        for list in lists {
            let answer = s.get(&owner, &format!("{list}{query}")).await.is(200).json();
            all.push(answer.as_array().unwrap().iter().map(|r| r["at_work"].clone()).collect::<Vec<_>>());
        }
        assert_eq!(all[0], all[1]);
        all.remove(0)
    };
    assert_eq!(found("").await, [json!(0)]);
    assert_eq!(found("?status=Waiting").await, [json!(0)]);
    assert_eq!(found("?status=Building").await.len(), 0);
    let taken = s.post(&worker, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
    assert_eq!((found("").await, found("?status=Waiting").await.len()), (vec![json!(1)], 0));
    assert_eq!(found("?status=Building").await, [json!(1)]);

    let run = async |query: &str| {
        let path = format!("/v1/projects/P/workflows/main/runs/1{query}");
        s.get(&owner, &path).await.is(200).json()
    };
    let count = |part: &serde_json::Value, list: &str| part[list].as_array().unwrap().len();
    let whole = run("").await;
    assert!(count(&whole["node_runs"][0], "parameters") > 10 && whole["at_work"] == json!(1), "{whole}");
    let slim = run("?parameters=false").await;
    assert_eq!((count(&slim, "nodes"), count(&slim, "node_runs")), (1, 1));
    assert_eq!(slim["node_runs"][0]["parameters"], json!([]));
    let part = run("?node_runs=0").await;
    assert_eq!((&part["node_runs"], count(&part, "nodes")), (&whole["node_runs"], 0));
    assert_eq!(count(&run("?node_runs=7,8").await, "node_runs"), 0);
    for wrong in ["?node_runs=a", "?node_runs=1,", "?node_run=1", "?parameters=maybe"] {
        s.get(&owner, &format!("/v1/projects/P/workflows/main/runs/1{wrong}")).await.is(400);
    }

    let report = json!({"job": taken["job"], "attempt": taken["attempt"], "end": {"status": "Success"}});
    s.post(&worker, "/v1/worker/report", report).await.is(200);
    assert_eq!(found("").await, [json!(null)]);
    assert_eq!(run("").await.get("at_work"), None);
}

#[tokio::test]
async fn changes_are_those_since_the_last_green_run_of_the_branch() {
    let (s, owner, worker) = world().await;
    let of = |n: i64| format!("/v1/projects/P/workflows/main/runs/{n}/changes");
    run(&s, &owner, &worker, ["main", "a1", "ada", "One"], "Success").await;
    let first = s.get(&owner, &of(1)).await.is(200).json();
    assert!(first.get("since").is_none());
    assert_eq!((&first["total"], &first["runs"][0]["hash"]), (&json!(1), &json!("a1")));

    run(&s, &owner, &worker, ["next", "b2", "grace", "Two"], "Success").await;
    let other = s.get(&owner, &of(2)).await.is(200).json();
    assert_eq!((&other["same_branch"], &other["since"]["number"]), (&json!(false), &json!(1)));

    run(&s, &owner, &worker, ["main", "c3", "grace", "Three\n\nat length"], "Fail").await;
    run(&s, &owner, &worker, ["main", "d4", "ada", "Four"], "Fail").await;
    let changes = s.get(&owner, &of(4)).await.is(200).json();
    assert_eq!(changes["same_branch"], true);
    assert_eq!((&changes["since"]["number"], &changes["since"]["hash"]), (&json!(1), &json!("a1")));
    let told: Vec<_> = changes["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| json!([r["number"], r["hash"], r["author"], r["message"], r["branch"]]))
        .collect();
    let wanted = json!([[4, "d4", "ada", "Four", "main"], [3, "c3", "grace", "Three\n\nat length", "main"]]);
    assert_eq!((json!(told), &changes["total"]), (wanted, &json!(2)));
}

#[tokio::test]
async fn the_log_of_a_job_is_that_of_all_its_steps() {
    let (s, owner, worker) = world().await;
    let job = run(&s, &owner, &worker, ["main", "a1", "ada", "One"], "Fail").await;
    let path = format!("/v1/jobs/{job}/attempts/1/log");
    let log = s.get(&owner, &path).await.is(200);
    assert_eq!(log.headers["x-content-type-options"], "nosniff");
    let text = log.text();
    let (head, tail) = text.split_once("hello\n==> step 1: ").unwrap_or_else(|| panic!("{text}"));
    assert_eq!(head, "==> step 0: fetch\n");
    assert!(tail.ends_with("\nbye\n"), "{text}");
    s.get(&owner, &format!("/v1/jobs/{job}/attempts/2/log")).await.is(404);

    let address = s.post(&owner, "/v1/downloads", json!({"path": path})).await.is(201).json();
    let saved = s.get("", address["url"].as_str().unwrap()).await.is(200);
    assert_eq!((saved.text(), &saved.headers["content-disposition"]), (text, &"attachment".parse().unwrap()));
}

#[tokio::test]
async fn tests_are_those_of_the_last_execution() {
    let s = Server::new();
    let owner = s.project().await;
    let jobs = "version: v1.0\nname: build\njobs:\n- job: good\n  steps: [{script: ['true']}]\n- job: flaky\n  steps: [{script: ['true']}]\n";
    s.import(&owner, "pipeline", jobs).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    let worker = s.worker().await;
    let runs = "/v1/projects/P/workflows/main/runs";
    s.post(&owner, runs, json!({})).await.is(201);
    // The job that the worker gets reports a test, and ends as that does.
    let work = async |flaky: &str| {
        let taken = s.post(&worker, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
        let good = taken["name"] == "good";
        let (test, end) = if good || flaky == "ok" { ("ok", "Success") } else { ("failed", "Fail") };
        let suites = json!([{"name": taken["name"], "cases": [{"name": "one", "status": test}]}]);
        let at = json!({"job": taken["job"], "attempt": taken["attempt"]});
        let mut tests = at.clone();
        tests["suites"] = suites;
        s.post(&worker, "/v1/worker/tests", tests).await.is(204);
        let mut report = at;
        report["end"] = json!({"status": end});
        s.post(&worker, "/v1/worker/report", report).await.is(200);
    };
    let counted = async || {
        let tests = s.get(&owner, &format!("{runs}/1/tests")).await.is(200).json();
        (tests["total"].as_u64().unwrap(), tests["ok"].as_u64().unwrap(), tests["ko"].as_u64().unwrap())
    };
    work("failed").await;
    work("failed").await;
    assert_eq!(counted().await, (2, 1, 1));
    let again = json!({"number": 1, "from_nodes": ["build"], "only_failed_jobs": true});
    for outcome in ["failed", "ok"] {
        s.post(&owner, runs, again.clone()).await.is(200);
        // What went well is taken over, what runs again is not told of before it has.
        assert_eq!(counted().await, (1, 1, 0));
        work(outcome).await;
    }
    assert_eq!(counted().await, (2, 2, 0));
}

#[tokio::test]
async fn a_run_tells_what_its_nodes_wait_for_and_whether_its_pipelines_are_others() {
    let s = Server::new();
    let owner = s.project().await;
    let runs = "/v1/projects/P/workflows/main/runs";
    let conditional = format!(
        "{WORKFLOW}    conditions: {{check: [{{variable: git.branch, operator: eq, value: main}}]}}\n"
    );
    let mut told = Vec::new();
    for (pipeline, workflow) in [
        (TWO_STEPS, WORKFLOW.to_string()),
        (TWO_STEPS, conditional),
        (&TWO_STEPS.replace("bye", "exit 9"), WORKFLOW.into()),
    ] {
        s.import(&owner, "pipeline?force=true", pipeline).await.is(200);
        s.import(&owner, "workflow?force=true", &workflow).await.is(200);
        let run = s.post(&owner, runs, json!({})).await.is(201).json();
        let node = &run["nodes"][0];
        told.push((node["conditions"].clone(), node["definition"].as_str().unwrap().to_string()));
    }
    assert_eq!(told[0].0, json!(null));
    assert_eq!(told[1].0, json!([r#"git.branch eq "main""#]));
    assert!(told[0].1 == told[1].1 && told[0].1 != told[2].1 && told[0].1.len() == 10, "{told:?}");
}

#[tokio::test]
async fn numbers_of_a_payload_keep_their_value() {
    let (s, owner, _) = world().await;
    // The first one is read as its neighbour where numbers are read in haste.
    for (sent, number) in
        [("5.55555555555555555e103", 5.555_555_555_555_555e103), ("0.1", 0.1), ("-1e-300", -1e-300)]
    {
        let body: Value = serde_json::from_str(&format!(r#"{{"payload": {{"n": {sent}}}}}"#)).unwrap();
        let run = s.post(&owner, "/v1/projects/P/workflows/main/runs", body).await.is(201).json();
        assert_eq!(
            run["payload"]["n"].as_str().and_then(|n| n.parse().ok()),
            Some(number),
            "{}",
            run["payload"]
        );
    }
}

#[tokio::test]
async fn a_worker_whose_clock_is_wild_hurts_no_reader() {
    let (s, owner, worker) = world().await;
    s.post(&owner, "/v1/projects/P/workflows/main/runs", json!({})).await.is(201);
    let taken = s.post(&worker, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
    let chunk =
        |offset: u64, at_ms: i64| json!({"step": 0, "offset": offset, "text": "line\n", "at_ms": at_ms});
    let logs = json!([chunk(0, i64::MIN), chunk(5, i64::MAX), chunk(10, 0)]);
    let report = json!({"job": taken["job"], "attempt": taken["attempt"], "logs": logs, "end": {"status": "Fail", "infrastructure": true}});
    s.post(&worker, "/v1/worker/report", report).await.is(200);
    let job = taken["job"].as_str().unwrap();
    let lines = s
        .get(&owner, &format!("/v1/jobs/{job}/attempts/1/steps/0/lines?first=0&count=9"))
        .await
        .is(200)
        .json();
    let texts: Vec<_> = lines["lines"].as_array().unwrap().iter().map(|l| &l["text"]).collect();
    assert_eq!(texts, ["line"; 3], "{lines}");
    // Nobody is left with an empty reason.
    let run = s.get(&owner, "/v1/projects/P/workflows/main/runs/1").await.is(200).json();
    assert!(run.to_string().contains("Attempt 1 of 3 was lost (its worker gave no reason)"), "{run}");
}
