//! `cds run`: a workflow of a repository on its working tree, without a server.

mod ends;
mod repositories;
mod shown;

use cds_testkit::{LONG, bin};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const WORKFLOW: &str = "{name: w, version: v2.0, workflow: {n: {pipeline: p, application: app}}}";
const APPLICATION: &str = "{version: v1.0, name: app, repo: https://forge.invalid/me/here.git}";

struct Repository {
    dir: TempDir,
    temp: TempDir,
}

impl Repository {
    /// A committed pipeline that prints the file `greeting`, then runs a line; then `greeting` is changed.
    fn new(line: &str) -> Self {
        let repository = Self { dir: tempfile::tempdir().unwrap(), temp: tempfile::tempdir().unwrap() };
        std::fs::create_dir(repository.dir.path().join(".cds")).unwrap();
        let line = serde_json::Value::from(line);
        let pipeline = format!(
            "version: v1.0\nname: p\njobs:\n- job: j\n  steps:\n  - checkout: here\n  - script: [cat here/greeting here/new, {line}]\n"
        );
        repository.write(".cds/w.yml", WORKFLOW);
        repository.write(".cds/app.app.yml", APPLICATION);
        repository.write(".cds/p.pip.yml", &pipeline);
        repository.write("greeting", "committed\n");
        repository.git(&["init", "-q", "-b", "main"]);
        repository.git(&["config", "user.name", "me"]);
        repository.git(&["config", "user.email", "me@localhost"]);
        repository.git(&["add", "-A"]);
        repository.git(&["commit", "-q", "-m", "first"]);
        repository.write("greeting", "changed\n");
        repository.write("new", "untracked\n");
        repository
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git").current_dir(self.dir.path()).args(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        // Signals as a terminal leaves them, whatever started the tests (`nohup`, a shell in the background).
        let mut command = Command::new("env");
        command.arg("--default-signal=HUP,INT,QUIT,TERM").arg(bin("cds"));
        command.arg("run").args(args).current_dir(self.dir.path());
        command.env("TMPDIR", self.temp.path()).env_remove("CDS_LOG");
        command
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (status.code().unwrap_or(-1), text(stdout), text(stderr))
    }

    /// Command lines of what lives of it.
    fn processes(&self) -> Vec<String> {
        let marker = format!("TMPDIR={}", self.temp.path().display());
        std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter(|e| {
                let environ = std::fs::read(e.path().join("environ")).unwrap_or_default();
                String::from_utf8_lossy(&environ).contains(&marker)
            })
            .map(|e| std::fs::read_to_string(e.path().join("cmdline")).unwrap_or_default())
            .collect()
    }

    /// Neither processes nor files.
    fn nothing_is_left(&self) {
        // What was killed at the last moment may still be on its way out, on a busy machine.
        let begin = Instant::now();
        let mut left = self.processes();
        while !left.is_empty() && begin.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(10));
            left = self.processes();
        }
        assert!(left.is_empty(), "{left:?}");
        let files: Vec<_> =
            std::fs::read_dir(self.temp.path()).unwrap().flatten().map(|e| e.path()).collect();
        assert!(files.is_empty(), "{files:?}");
    }
}

#[test]
fn the_working_tree_is_what_runs() {
    let repository = Repository::new("exit 3");
    let before = (repository.git(&["status", "--porcelain"]), repository.git(&["for-each-ref"]));
    let (code, out, err) = repository.run(&[]);
    assert_eq!(code, 1, "{out}{err}");
    for part in ["with uncommitted changes", "   changed", "   untracked", "exit status 3"] {
        assert!(out.contains(part), "no '{part}' in {out}{err}");
    }
    assert!(!out.contains("   committed"), "{out}");
    assert_eq!((repository.git(&["status", "--porcelain"]), repository.git(&["for-each-ref"])), before);
    repository.nothing_is_left();
}

#[test]
fn success_is_told_as_json_lines() {
    let repository = Repository::new(r#"[ "{{.cds.proj.who}}" = me ] && [ "{{.git.branch}}" = main ]"#);
    let (code, out, err) = repository.run(&["w", "--json", "--var", "who=me", "-d", r#"{"a": 1}"#]);
    assert_eq!(code, 0, "{out}{err}");
    let lines: Vec<serde_json::Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let run = &lines.last().unwrap()["run"];
    assert_eq!((run["status"].as_str(), run["payload"]["a"].as_str()), (Some("Success"), Some("1")), "{run}");
    assert!(lines.iter().any(|l| l["event"]["type"].is_string()), "{out}");
    repository.nothing_is_left();
}

#[test]
fn a_payload_means_what_it_means_on_a_server() {
    let repository = Repository::new("echo '<{{.flags}}> <{{.git.branch}}> <{{.git.tag}}>' >&2; false");
    let workflow = "{name: w, version: v2.0, workflow: {n: {pipeline: p, application: app, payload: {flags: '-a & b', who: me}}}}";
    repository.write(".cds/w.yml", workflow);
    let shown = |args: &[&str], line: &str| {
        let (code, out, err) = repository.run(args);
        assert_eq!(code, 1, "{out}{err}");
        assert!(out.contains(line), "no '{line}' in {out}{err}");
    };
    // Its own default is trusted, and what is given takes the place of all of it.
    shown(&[], "<-a & b> <main> <{{.git.tag}}>");
    shown(&["-d", r#"{"who": "you"}"#], "<{{.flags}}> <main> <{{.git.tag}}>");
    shown(&["-d", r#"{"git.tag": "v1"}"#], "<{{.flags}}> <{{.git.branch}}> <v1>");
    let (code, _, err) = repository.run(&["-d", r#"{"cds.foo": "1"}"#]);
    assert!(code == 2 && err.contains("cds.foo"), "{err}");
    shown(&["-d", r#"{"git.tag": "v1"}"#], "   changed");
    shown(&["-d", r#"{"git.branch": "feat"}"#], "   changed");
    let (code, _, err) = repository.run(&["-d", r#"{"git.branch": "a..b"}"#]);
    assert!(code == 2 && err.contains("refs/heads/a..b"), "{err}");
    let (code, out, err) = repository.run(&["-d", r#"{"git.tag": "v1", "git.branch": "main"}"#]);
    assert_eq!(code, 2, "{out}{err}");
    assert!(err.contains("give one of them"), "{err}");
    repository.nothing_is_left();
}

#[test]
fn what_cannot_run_is_said_with_its_place() {
    let repository = Repository::new("true");
    repository.write(".cds/p.pip.yml", "version: v1.0\nname: p\njobs: 12\n");
    let (code, _, err) = repository.run(&[]);
    assert!(code == 2 && err.contains(".cds/p.pip.yml:3:"), "{code} {err}");
    repository
        .write(".cds/p.pip.yml", "{version: v1.0, name: p, jobs: [{job: j, steps: [{script: ['true']}]}]}");
    repository.write(".cds/v.yml", &WORKFLOW.replace("name: w", "name: v"));
    let (code, _, err) = repository.run(&[]);
    assert!(code == 2 && err.contains("v, w"), "{code} {err}");
    let (code, _, err) = repository.run(&["w", "--node", "nowhere"]);
    assert!(code == 2 && err.contains("only: n"), "{code} {err}");
    repository.nothing_is_left();
}

#[test]
fn a_node_with_what_it_needs_and_secrets_that_stay_secret() {
    let repository =
        Repository::new(r#"echo "token {{.cds.proj.token}}" && [ {{.cds.proj.token}} = hunter22 ]"#);
    let three = "{name: w, version: v2.0, workflow: {a: {pipeline: p, application: app}, \
                 b: {pipeline: p, application: app, depends_on: [a]}, \
                 c: {pipeline: p, application: app, depends_on: [b]}}}";
    repository.write(".cds/w.yml", three);
    repository.git(&["checkout", "-q", "--detach"]);
    // Broken, but nobody asked for it.
    repository.write(".cds/other.yml", "name: [");
    let (code, out, err) = repository.run(&["w", "--node", "b", "--secret", "token=hunter22", "--json"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(err.contains("of a detached HEAD with uncommitted changes"), "{err}");
    assert!(!out.contains("hunter22") && !err.contains("hunter22"), "{out}{err}");
    let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    let nodes: Vec<&str> =
        last["run"]["nodes"].as_array().unwrap().iter().filter_map(|n| n["name"].as_str()).collect();
    assert_eq!(nodes, ["a", "b"], "{last}");
    let (code, _, err) = repository.run(&["--node", "b"]);
    assert!(code == 2 && err.contains(".cds/other.yml:"), "{code} {err}");
    repository.nothing_is_left();
}

/// `script` of bsdutils, which every Debian has, gives the program a terminal.
#[test]
fn a_terminal_shows_a_tree_and_the_log_of_what_failed() {
    let repository = Repository::new("sleep 0.3; echo before the end; exit 4");
    let program = format!("stty cols 90 rows 30; {} run w", bin("cds").display());
    let mut command = Command::new("script");
    command.args(["-qec", &program, "/dev/null"]).current_dir(repository.dir.path()).stdin(Stdio::null());
    command.env("TMPDIR", repository.temp.path()).env("TERM", "xterm-256color").env_remove("CDS_LOG");
    let output = command.output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{out}");
    for part in ["└─", "✘", "p", "before the end", "exit status 4", "\x1b["] {
        assert!(out.contains(part), "no {part:?} in {out}");
    }
    repository.nothing_is_left();
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), signal).unwrap();
}

fn wait(file: &Path) {
    let begin = Instant::now();
    while !file.exists() {
        assert!(begin.elapsed() < LONG, "{} does not appear", file.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}
