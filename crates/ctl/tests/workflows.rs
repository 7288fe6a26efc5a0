//! Runs, logs and files of workflows through the binary.

mod common;

use common::{Answer, Stub};
use serde_json::{Value, json};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

const JOB: &str = "01890000-0000-7000-8000-000000000001.0";
const W: &str = "/v1/projects/PK/workflows/wf";

fn job(status: &str) -> Value {
    let ended = !matches!(status, "Building" | "Waiting");
    let started = status != "Waiting";
    let time = |second: u32| json!(format!("2026-01-02T03:04:{second:02}.000Z"));
    let attempts = if started {
        json!([{"attempt": 1, "status": status, "worker": "w1", "steps": [
            {"step": 0, "name": "script", "status": status, "exit_code": if status == "Fail" { json!(3) } else { json!(null) }}]}])
    } else {
        json!([])
    };
    json!({"id": JOB, "name": "compile", "status": status, "infos": [], "attempts": attempts,
           "start": if started { time(1) } else { json!(null) }, "done": if ended { time(5) } else { json!(null) }})
}

fn run_of(status: &str, job_status: &str) -> Value {
    let ended = !matches!(status, "Building" | "Waiting");
    json!({"id": "01890000-0000-7000-8000-000000000001", "number": 7, "sub_number": 0, "version": "7", "status": status,
        "project_key": "PK", "workflow_name": "wf", "start": "2026-01-02T03:04:00.000Z",
        "last_execution": "2026-01-02T03:04:06.500Z", "duration_ms": if ended { json!(6000) } else { json!(null) },
        "triggered_by": "rw", "tags": [{"tag": "git.branch", "value": "main"}, {"tag": "triggered_by", "value": "rw"}],
        "payload": {"Git.Branch": "main", "x": "1"}, "infos": [], "not_run": [],
        "nodes": [{"name": "build", "kind": "pipeline", "parents": [], "pipeline": "p", "application": "", "environment": "",
                   "mutex": false, "payload": {}}],
        "node_runs": [{"id": 0, "node": "build", "sub_number": 0, "status": status, "start": "2026-01-02T03:04:00.000Z",
                       "done": if ended { json!("2026-01-02T03:04:06.000Z") } else { json!(null) }, "manual": true,
                       "parameters": [], "stages": [{"name": "", "status": status, "jobs": [job(job_status)]}]}]})
}

fn event(id: u32) -> String {
    let data = json!({"id": id, "type": "run.updated", "at": "", "project_key": "PK", "workflow_name": "wf", "number": 7});
    format!("id: {id}\nevent: run.updated\ndata: {data}\n\n")
}

#[test]
fn starting_a_run() {
    let (stub, dir) = (Stub::start(), folder());
    stub.on(&format!("POST {W}/runs"), Answer::Json(201, run_of("Building", "Waiting")));
    let out = stub.cdsctl(dir.path(), &["workflow", "run", "PK", "wf"]).ok();
    assert_eq!(out, format!("Workflow wf #7 has been launched\n{}/project/PK/workflow/wf/run/7\n", stub.url));
    assert_eq!(
        stub.last().json(),
        json!({"only_failed_jobs": false, "resync": false}),
        "no payload: the default one"
    );
    assert!(stub.last().headers.contains_key("idempotency-key"));
    let data = r#"{"git":{"branch":"b"}}"#;
    stub.cdsctl(
        dir.path(),
        &["workflow", "run", "PK", "wf", "-d", data, "-p", "a=1,b=2", "-p", "c=x,y=", "-p", "d=1,2"],
    )
    .ok();
    let body = stub.last().json();
    assert_eq!(body["payload"], json!({"git": {"branch": "b"}}));
    assert_eq!(body["parameters"], json!({"a": "1", "b": "2", "c": "x", "y": "", "d": "1,2"}));
    stub.cdsctl(
        dir.path(),
        &["workflow", "run", "PK", "wf", "--run-number", "7", "--node-name=n", "--only-failed-jobs", "-s"],
    )
    .ok();
    assert_eq!(
        stub.last().json(),
        json!({"number": 7, "from_nodes": ["n"], "only_failed_jobs": true, "resync": true})
    );
    for bad in [&["-d", "[1]"][..], &["-d", "{"], &["--node-name", "n"], &["-p", "novalue"]] {
        let args: Vec<&str> = ["workflow", "run", "PK", "wf"].iter().chain(bad).copied().collect();
        assert_eq!(stub.cdsctl(dir.path(), &args).code, 50, "{bad:?}");
    }
}

#[test]
fn status_and_history() {
    let (stub, dir) = (Stub::start(), folder());
    stub.json(&format!("GET {W}/runs/7"), run_of("Success", "Success"));
    stub.json(&format!("GET {W}/runs/latest"), run_of("Success", "Success"));
    let expected = json!({"last_execution": "2026-01-02 03:04:06.5 +0000 UTC", "num": "7", "payload": "git.branch:main x:1",
        "start": "2026-01-02 03:04:00 +0000 UTC", "status": "Success", "tags": "git.branch:main triggered_by:rw", "version": "7"});
    for args in [
        &["workflow", "status", "PK", "wf", "7", "--format", "json"][..],
        &["workflow", "status", "PK", "wf", "--format", "json"],
    ] {
        let out = stub.cdsctl(dir.path(), args).ok();
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
    }
    stub.json(&format!("GET {W}/runs?offset=1&limit=2"), json!([run_of("Fail", "Fail")]));
    assert_eq!(stub.cdsctl(dir.path(), &["workflow", "history", "PK", "wf", "1", "2", "-q"]).ok(), "7\n");
    stub.json(&format!("GET {W}/runs?limit=1&tag=git.hash%3Aabc"), json!([]));
    let none = stub.cdsctl(dir.path(), &["workflow", "status", "PK", "wf", "--commit", "abc"]);
    assert_eq!((none.code, none.err.as_str()), (50, "workflow run not found\n"));
}

#[test]
fn what_waits_is_said_by_status_and_by_logs() {
    let (stub, dir) = (Stub::start(), folder());
    let mut waiting = run_of("Building", "Waiting");
    waiting["node_runs"][0]["stages"][0]["jobs"][0]["waits"] =
        json!({"code": "no_match", "text": "no hatchery offers `model: x`"});
    stub.json(&format!("GET {W}/runs/7"), waiting.clone());
    let out = stub.cdsctl(dir.path(), &["workflow", "status", "PK", "wf", "7", "--format", "json"]).ok();
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(shown["waits"], "build/compile: no hatchery offers `model: x`");

    // Looked at often enough for it to have waited long.
    let stub = Stub::start();
    for _ in 0..20 {
        stub.json(&format!("GET {W}/runs/7"), waiting.clone());
    }
    stub.json(&format!("GET {W}/runs/7"), run_of("Stopped", "Waiting"));
    let run = stub.cdsctl(dir.path(), &["workflow", "logs", "PK", "wf", "7"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
    assert_eq!(
        run.err.matches("build/compile waits: no hatchery offers `model: x`").count(),
        1,
        "{}",
        run.err
    );
    assert!(run.err.contains("has ended with status Stopped"), "{}", run.err);
}

#[test]
fn watching_a_run_that_fails() {
    let (stub, dir) = (Stub::start(), folder());
    stub.on(&format!("POST {W}/runs"), Answer::Json(201, run_of("Building", "Waiting")));
    for (run, job) in [("Building", "Waiting"), ("Building", "Building"), ("Fail", "Fail")] {
        stub.json(&format!("GET {W}/runs/7"), run_of(run, job));
    }
    stub.on(
        "GET /v1/events",
        Answer::Sse(vec![(100, event(1)), (200, event(2)), (5000, ": end\n\n".into())]),
    );
    stub.json(
        &format!("GET /v1/jobs/{JOB}/attempts/1/steps/0/lines"),
        json!({"first": 0, "total": 1, "length": 5, "complete": true, "lines": [{"n": 0, "offset": 0, "at_ms": 0, "text": "b\u{1b}[31moom"}]}),
    );
    let begun = std::time::Instant::now();
    let out = stub.cdsctl(dir.path(), &["workflow", "run", "PK", "wf", "--track"]);
    assert_eq!(out.code, 1, "{out:?}");
    assert_eq!(out.err, "the run ended with status Fail\n");
    let lines: Vec<&str> = out.out.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "build / compile  Waiting",
            "build / compile  Building on w1",
            "build / compile  Fail  4s  step 1 script: exit status 3",
            "build  Fail  6s",
            "── build / compile: step 1 script: exit status 3",
            "   boom",
            "wf #7: Fail after 6s",
        ]
    );
    assert!(begun.elapsed().as_secs() < 4, "news wake the watcher, not its clock");
}

#[test]
fn logs_are_downloaded_under_their_names() {
    let (stub, dir) = (Stub::start(), folder());
    let log = |name: &str| json!({"name": name, "job": JOB, "attempt": 1, "step": 0, "length": 3, "complete": true});
    let (a, b) = ("wf-7.0-pipeline.build-stage.1-job.compile-status.Success-step.0.log", "wf-7.0-other.log");
    stub.json(&format!("GET {W}/runs/7/logs"), json!([log(a), log(b)]));
    stub.on(&format!("GET /v1/jobs/{JOB}/attempts/1/steps/0/log"), Answer::Raw(b"hey\xff".to_vec()));
    let out = stub
        .cdsctl(dir.path(), &["workflow", "logs", "download", "PK", "wf", "7", "--pattern", "compile"])
        .ok();
    assert_eq!(out, format!("Downloading logs files from workflow PK/wf run 7\nfile {a} created\n"));
    assert_eq!(std::fs::read(dir.path().join(a)).unwrap(), b"hey\xff");
    assert!(!dir.path().join(b).exists());
    let none =
        stub.cdsctl(dir.path(), &["workflow", "log", "download", "PK", "wf", "7", "--pattern", "nope"]);
    assert_eq!((none.code, none.err.as_str()), (50, "no log downloaded\n"));
    assert!(
        stub.cdsctl(dir.path(), &["workflow", "logs", "list", "PK", "wf", "7"])
            .ok()
            .ends_with(&format!("{a}\n{b}\n"))
    );
    stub.json(&format!("GET {W}/runs/8/logs"), json!([log("../evil.log")]));
    assert_eq!(stub.cdsctl(dir.path(), &["workflow", "logs", "download", "PK", "wf", "8"]).code, 50);
}

#[test]
fn following_resumes_where_the_connection_broke() {
    let (stub, dir) = (Stub::start(), folder());
    stub.json(&format!("GET {W}/runs/7"), run_of("Building", "Building"));
    stub.json(&format!("GET {W}/runs/7"), run_of("Success", "Success"));
    stub.json(&format!("GET /v1/jobs/{JOB}"), job("Building"))
        .json(&format!("GET /v1/jobs/{JOB}"), job("Success"));
    let bytes = |at: usize, text: &str| {
        format!("id: {}\nevent: bytes\ndata: {}\n\n", at + text.len(), json!({"offset": at, "text": text}))
    };
    let follow = format!("GET /v1/jobs/{JOB}/attempts/1/steps/0/follow");
    stub.on(&format!("{follow}?offset=0"), Answer::Sse(vec![(0, bytes(0, "one\ntw"))]));
    // Bytes that are not text come coded; such a piece may end inside a character.
    let coded = |at: u32, base64: &str| {
        format!("id: 0\nevent: bytes\ndata: {}\n\n", json!({"offset": at, "base64": base64}))
    };
    stub.on(
        &format!("{follow}?offset=6"),
        Answer::Sse(vec![
            (0, coded(6, "ww==")),
            (0, coded(7, "qQ==")),
            (0, bytes(8, "o\nthree")),
            (10, "event: end\ndata:\n\n".into()),
        ]),
    );
    let out = stub.cdsctl(dir.path(), &["workflow", "logs", "PK", "wf", "7"]).ok();
    assert_eq!(out, "── build/compile · step 1 script\none\ntwéo\nthree\n");
    let raw = stub.cdsctl(dir.path(), &["workflow", "logs", "stream", "PK", "wf", "7", "--raw"]).ok();
    assert_eq!(raw, "one\ntwéo\nthree");
}

#[test]
fn artifacts_are_checked() {
    let (stub, dir) = (Stub::start(), folder());
    let file = |name: &str, sha256: &str| {
        json!({"id": name, "name": name, "type": "artifact", "size": 3, "md5": "", "sha256": sha256, "perm": 0o755,
               "created": "", "node": "build"})
    };
    // Of "abc".
    let good = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    stub.json(&format!("GET {W}/runs/7/artifacts"), json!([file("good", good), file("bad", "00")]));
    stub.on(&format!("GET {W}/runs/7/artifacts/good"), Answer::Raw(b"abc".to_vec()));
    stub.on(&format!("GET {W}/runs/7/artifacts/bad"), Answer::Raw(b"abc".to_vec()));
    let ctl = |args: &[&str]| {
        let all: Vec<&str> =
            ["workflow", "artifact", "download", "PK", "wf", "7"].iter().chain(args).copied().collect();
        stub.cdsctl(dir.path(), &all)
    };
    assert_eq!(ctl(&["good"]).ok(), "Downloading good...\nFile good created, checksum OK\n");
    assert_eq!(
        ctl(&["--exclude", "bad"]).ok(),
        "File good already downloaded, checksum OK\nFile bad is excluded from download\n"
    );
    let bad = ctl(&["bad"]);
    assert_eq!(bad.code, 50);
    assert!(bad.err.contains("invalid checksum"), "{bad:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left of the bad one");
    assert_eq!(ctl(&["none"]).err, "no artifact downloaded\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().join("good")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}

#[test]
fn pushing_and_pulling() {
    let (stub, dir) = (Stub::start(), folder());
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in [("wf.yml", "name: wf\n"), ("p.pip.yml", "name: p\n")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    stub.on(&format!("GET {W}/pull"), Answer::Raw(tar.into_inner().unwrap()));
    stub.json(
        "POST /v1/projects/PK/push",
        json!({"messages": ["Workflow wf has been created"], "workflow": "wf"}),
    );
    let out =
        stub.cdsctl(dir.path(), &["workflow", "pull", "--force", "PK", "wf", "--output-dir", "./out"]).ok();
    assert_eq!(out, "./out/wf.yml\n./out/p.pip.yml\n");
    let files = ["workflow", "push", "PK", "out/wf.yml", "out/p.pip.yml"];
    let skip: Vec<&str> = files.iter().chain(&["--skip-update-files"]).copied().collect();
    let out = stub.cdsctl(dir.path(), &skip).ok();
    assert_eq!(
        out,
        "Reading file  out/wf.yml\nReading file  out/p.pip.yml\nWorkflow wf has been created\nWorkflow successfully pushed !\n"
    );
    let sent = stub.last().body;
    let names: Vec<String> = tar::Archive::new(sent.as_slice())
        .entries()
        .unwrap()
        .map(|e| e.unwrap().path().unwrap().display().to_string())
        .collect();
    assert_eq!(names, ["wf.yml", "p.pip.yml"]);
    // What was pushed becomes what the server made of it.
    let content = || std::fs::read_to_string(dir.path().join("out/wf.yml")).unwrap();
    std::fs::write(dir.path().join("out/wf.yml"), "name: mine\n").unwrap();
    stub.cdsctl(dir.path(), &files).ok();
    assert_eq!(content(), "name: wf\n");
    // A pull asks before it replaces files, which needs a terminal; -n leaves them.
    let pull = ["workflow", "pull", "PK", "wf", "--output-dir", "./out"];
    std::fs::write(dir.path().join("out/wf.yml"), "name: mine\n").unwrap();
    assert_eq!(stub.cdsctl(dir.path(), &pull).code, 1);
    let left: Vec<&str> = ["-n"].iter().chain(&pull).copied().collect();
    stub.cdsctl(dir.path(), &left).ok();
    assert_eq!(content(), "name: mine\n");
}

#[test]
fn importing_and_exporting() {
    let (stub, dir) = (Stub::start(), folder());
    std::fs::write(dir.path().join("w.yml"), "name: wf\n").unwrap();
    std::fs::write(dir.path().join("w.json"), "{}").unwrap();
    stub.json("POST /v1/projects/PK/import/workflow", json!({"messages": ["Workflow wf has been updated"]}));
    let ctl = |args: &[&str]| stub.cdsctl(dir.path(), args);
    assert_eq!(
        ctl(&["workflow", "import", "--force", "PK", "./w.yml"]).ok(),
        "Workflow wf has been updated\n"
    );
    let seen = stub.last();
    assert_eq!(
        (seen.line.as_str(), seen.body.as_slice()),
        ("POST /v1/projects/PK/import/workflow?force=true&strict=false&file=.%2Fw.yml", &b"name: wf\n"[..])
    );
    assert_eq!(seen.headers["content-type"], "application/x-yaml");
    ctl(&["workflow", "import", "PK", "w.json", "--strict"]).ok();
    assert_eq!(stub.last().line, "POST /v1/projects/PK/import/workflow?force=false&strict=true&file=w.json");
    assert_eq!(stub.last().headers["content-type"], "application/json");
    assert_eq!(ctl(&["workflow", "import", "PK", "w.txt"]).code, 50);
    assert_eq!(ctl(&["workflow", "import", "PK", "none.yml"]).code, 50);
    stub.on(&format!("GET {W}/export"), Answer::Raw(b"name: wf\n".to_vec()));
    assert_eq!(ctl(&["workflow", "export", "PK", "wf", "--with-permissions"]).ok(), "name: wf\n\n");
    assert_eq!(stub.last().line, format!("GET {W}/export?format=yaml&with_permissions=true"));
}

#[test]
fn linting_needs_no_server() {
    let dir = folder();
    std::fs::write(
        dir.path().join("p.pip.yml"),
        "version: v1.0\nname: p\njobs:\n- job: j\n  steps:\n  - script: [echo]\n",
    )
    .unwrap();
    let good = common::run(dir.path(), &["workflow", "lint", "p.pip.yml"], &[]);
    assert_eq!(good.code, 0, "{good:?}");
    std::fs::write(dir.path().join("p.pip.yml"), "version: v1.0\nname: p\nstagse: []\n").unwrap();
    let unknown = common::run(dir.path(), &["workflow", "lint", "p.pip.yml"], &[]);
    assert_eq!(unknown.code, 50, "{unknown:?}");
    assert!(unknown.out.contains("p.pip.yml:3:1: error: unknown key `stagse`"), "{unknown:?}");
    assert_eq!(common::run(dir.path(), &["workflow", "lint", "--lenient", "p.pip.yml"], &[]).code, 0);
    std::fs::write(dir.path().join("p.pip.yml"), "version: v1.0\nname: p\njobs:\n- job: [\n").unwrap();
    let bad = common::run(dir.path(), &["workflow", "lint", "p.pip.yml"], &[]);
    assert_eq!(bad.code, 50, "{bad:?}");
    assert!(bad.out.contains("p.pip.yml:"), "{bad:?}");
}

#[test]
fn stopping_the_whole_queue() {
    let (stub, dir) = (Stub::start(), folder());
    let queued = |workflow: &str, n: u32| {
        json!({"job": format!("01890000-0000-7000-8000-000000000001.{n}"), "project_key": "PK", "workflow_name": workflow,
               "number": 7, "node": "build", "name": "compile", "status": "Waiting", "since": "2026-01-02T03:04:00.000Z",
               "attempt": 1, "triggered_by": "rw", "requirements": ["binary: oc"],
               "reason": {"code": "requirement", "text": "no hatchery offers binary: oc"}})
    };
    stub.json("GET /v1/queue", json!([queued("wf", 0), queued("wf", 1), queued("gone", 2)]));
    // A node that waits for its mutex has no job yet.
    let why = "run #7 holds the mutex of 'build'; this run is next";
    let node = json!({"project_key": "PK", "workflow_name": "wf", "number": 8, "node": "build", "triggered_by": "rw",
                      "since": "2026-01-02T03:04:00.000Z", "holder": 7, "reason": {"code": "mutex", "text": why}});
    stub.json("GET /v1/queue/nodes", json!([node]));
    stub.json(&format!("POST {W}/runs/7/stop"), json!(null));
    stub.json(&format!("POST {W}/runs/8/stop"), json!(null));
    let out = stub.cdsctl(dir.path(), &["queue", "--format", "json", "--fields", "why,run"]).ok();
    assert!(out.contains(&format!(r#"{{"run":"8","why":"{why}"}}"#)), "{out}");
    assert!(out.starts_with(r#"[{"run":"7","why":"no hatchery offers binary: oc"}"#), "{out}");
    assert_eq!(stub.cdsctl(dir.path(), &["queue", "stopall"]).code, 1, "it asks first");
    let out = stub.cdsctl(dir.path(), &["queue", "stopall", "--force"]).ok();
    assert_eq!(
        out,
        "Workflow wf #7 has been stopped\nWorkflow wf #8 has been stopped\nNb workflows stopped: 2\n"
    );
    assert_eq!(stub.asked(&format!("POST {W}/runs/7/stop")).len(), 1, "a run is stopped once");
}

#[test]
fn lines_of_several_jobs_say_whose_they_are() {
    let (stub, dir) = (Stub::start(), folder());
    let second = JOB.replace(".0", ".1");
    let mut run = run_of("Fail", "Success");
    let mut other = job("Fail");
    (other["id"], other["name"]) = (json!(second), json!("test"));
    run["node_runs"][0]["stages"][0]["jobs"].as_array_mut().unwrap().push(other.clone());
    stub.json(&format!("GET {W}/runs/latest"), run.clone()).json(&format!("GET {W}/runs/7"), run);
    stub.json(&format!("GET /v1/jobs/{JOB}"), job("Success")).json(&format!("GET /v1/jobs/{second}"), other);
    for (id, text) in [(JOB, "a\\n"), (second.as_str(), "b\\nc\\n")] {
        let events =
            format!("id: 9\nevent: bytes\ndata: {{\"offset\":0,\"text\":\"{text}\"}}\n\nevent: end\n\n");
        stub.on(&format!("GET /v1/jobs/{id}/attempts/1/steps/0/follow"), Answer::Sse(vec![(0, events)]));
    }
    let all = stub.cdsctl(dir.path(), &["workflow", "logs", "PK", "wf"]).ok();
    assert_eq!(
        all,
        "── build/compile · step 1 script\nbuild/compile | a\n── build/test · step 1 script\nbuild/test | b\nbuild/test | c\n"
    );
    let one = stub.cdsctl(dir.path(), &["workflow", "logs", "PK", "wf", "7", "--job", "test"]).ok();
    assert_eq!(one, "── build/test · step 1 script\nb\nc\n");
}

#[test]
fn events_are_printed_as_they_come() {
    let (stub, dir) = (Stub::start(), folder());
    let data = json!({"id": 5, "type": "run.updated", "at": "", "project_key": "PK", "workflow_name": "wf", "number": 7, "status": "Building"});
    stub.on("GET /v1/events", Answer::Sse(vec![(0, format!("id: 5\ndata: {data}\n\n"))]));
    stub.error("GET /v1/events", 403, "forbidden", "no longer");
    let out = stub.cdsctl(dir.path(), &["events", "listen", "--project", "PK", "--workflow", "wf"]);
    assert_eq!((out.code, out.out.as_str()), (50, "run.updated: PK wf #7 Building\n"));
    let asked = stub.asked("GET /v1/events?project=PK&workflow=wf");
    assert_eq!(asked[1].headers["last-event-id"], "5", "it resumes where it was");
    assert_eq!(stub.cdsctl(dir.path(), &["events", "listen"]).code, 50);
}
