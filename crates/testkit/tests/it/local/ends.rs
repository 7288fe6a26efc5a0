//! However it ends, nothing of it stays; and while it watches, no change is lost.

use super::*;
use std::os::unix::fs::PermissionsExt;

impl Repository {
    /// A run whose job says in a file that it has begun, and then does not end by itself.
    fn begun(&self, program: &mut Command) -> Child {
        let mark = self.temp.path().join("mark");
        let child = program.env("MARK", &mark).stderr(Stdio::null()).spawn().unwrap();
        wait(&mark);
        std::fs::remove_file(&mark).unwrap();
        child
    }
}

/// Its exit status; one that does not end in time is killed and fails the test.
fn ended(child: &mut Child) -> Option<i32> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if begin.elapsed() > cds_testkit::LONG {
            child.kill().unwrap();
            panic!("it did not end within {:?}", cds_testkit::LONG);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn whatever_asks_it_to_end_leaves_nothing() {
    let repository = Repository::new("touch $MARK; sleep 1000");
    for word in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let mut child = repository.begun(repository.command(&[]).stdout(Stdio::null()));
        signal(&child, word);
        assert_eq!(ended(&mut child), Some(1), "{word:?}");
        repository.nothing_is_left();
    }
}

#[test]
fn the_last_words_of_a_stopped_job_are_shown() {
    let repository = Repository::new(
        "trap 'sleep 1; echo clean\"\"ed' EXIT; trap 'exit 1' TERM; touch $MARK; while :; do sleep 0.1; done",
    );
    let shown = repository.dir.path().join(".git/shown");
    let mut command = repository.command(&["-v"]);
    let mut child = repository.begun(command.stdout(std::fs::File::create(&shown).unwrap()));
    signal(&child, Signal::INT);
    assert_eq!(ended(&mut child), Some(1));
    let shown = std::fs::read_to_string(shown).unwrap();
    assert!(shown.contains("   cleaned\n"), "{shown}");
    repository.nothing_is_left();
}

#[test]
fn a_second_signal_does_not_wait_for_anybody() {
    // Neither the job nor its background process takes a hint, and one directory cannot be removed easily.
    let repository = Repository::new(
        "trap '' TERM; mkdir d d/e; chmod 500 d; sleep 1000 & touch $MARK; while :; do sleep 1; done",
    );
    let shown = repository.dir.path().join(".git/shown");
    let mut command = repository.command(&["--json"]);
    let mut child = repository.begun(command.stdout(std::fs::File::create(&shown).unwrap()));
    signal(&child, Signal::INT);
    signal(&child, Signal::TERM);
    assert_eq!(ended(&mut child), Some(1));
    let shown = std::fs::read_to_string(shown).unwrap();
    assert!(!shown.contains(r#"{"run":"#), "whoever waits for the end of the run shows it: {shown}");
    repository.nothing_is_left();
}

#[test]
fn who_is_to_survive_the_terminal_does() {
    let repository = Repository::new("touch $MARK; while [ ! -e $GO ]; do sleep 0.05; done");
    let go = repository.dir.path().join(".git/go");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("trap '' HUP; exec {} run", bin("cds").display()));
    shell.current_dir(repository.dir.path()).env("TMPDIR", repository.temp.path()).env("GO", &go);
    let mut child = repository.begun(shell.stdout(Stdio::null()));
    signal(&child, Signal::HUP);
    std::fs::write(&go, "").unwrap();
    assert_eq!(ended(&mut child), Some(0));
    repository.nothing_is_left();
}

#[test]
fn when_it_is_killed_its_workers_end_and_the_next_one_cleans_up() {
    let repository = Repository::new(r#"[ -z "$MARK" ] || { sleep 1000 & touch $MARK; sleep 1000; }"#);
    let mut child = repository.begun(repository.command(&[]).stdout(Stdio::null()));
    assert!(repository.processes().len() > 3, "{:?}", repository.processes());
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    // The agent of gpg looks once a minute whether its directory is there; whoever removes that ends it.
    let ours =
        || repository.processes().into_iter().filter(|p| !p.starts_with("gpg-agent")).collect::<Vec<_>>();
    let begin = Instant::now();
    while !ours().is_empty() {
        assert!(begin.elapsed() < cds_testkit::SHORT, "{:?}", ours());
        std::thread::sleep(Duration::from_millis(20));
    }
    let left = std::fs::read_dir(repository.temp.path()).unwrap().count();
    assert!(left > 0, "what a killed program leaves");
    let (code, out, err) = repository.run(&[]);
    assert_eq!(code, 0, "{out}{err}");
    repository.nothing_is_left();
}

/// Whoever starts it again at once takes no worker away from the end of its job, or nobody would know what was of it.
#[test]
fn what_hides_from_a_killed_one_is_found_by_the_next() {
    let hidden = "setsid sh -c 'env -i sleep 1001 & env -i sleep 1001 &' <&- >&- 2>&-";
    let deaf = "trap '' TERM; touch $MARK; while true; do sleep 1; done";
    let repository = Repository::new(&format!(r#"[ -z "$MARK" ] || {{ {hidden}; {deaf}; }}"#));
    let mut child = repository.begun(repository.command(&[]).stdout(Stdio::null()));
    // They carry no mark in their environment.
    let sleepers = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let line = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("cmdline")).ok();
        all.filter_map(line).filter(|line| line == b"sleep\x001001\0").count()
    };
    assert_eq!(sleepers(), 2);
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    let (code, out, err) = repository.run(&[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(err.contains("has left jobs at work"), "{err}");
    assert_eq!(sleepers(), 0);
    repository.nothing_is_left();
}

#[test]
fn watching_runs_again_when_a_file_changes() {
    let repository = Repository::new("cp here/greeting $SEEN.new; mv $SEEN.new $SEEN");
    let seen = repository.temp.path().join("seen");
    let mut command = repository.command(&["--watch"]);
    let mut child = command.env("SEEN", &seen).stdout(Stdio::null()).spawn().unwrap();
    wait(&seen);
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), "changed\n");
    std::fs::remove_file(&seen).unwrap();
    repository.write("greeting", "changed again\n");
    wait(&seen);
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), "changed again\n");
    std::fs::remove_file(&seen).unwrap();
    signal(&child, Signal::INT);
    assert!(ended(&mut child).is_some(), "it ends by itself");
    repository.nothing_is_left();
}

#[test]
fn while_files_are_read_a_signal_ends_it_too() {
    let repository = Repository::new("true");
    let begun = repository.temp.path().join("begun");
    repository.git(&["config", "filter.slow.clean", &format!("touch {}; sleep 1000", begun.display())]);
    repository.write(".gitattributes", "greeting filter=slow\n");
    let mut child = repository.command(&[]).stdout(Stdio::null()).spawn().unwrap();
    wait(&begun);
    signal(&child, Signal::INT);
    assert_eq!(ended(&mut child), Some(1));
    std::fs::remove_file(begun).unwrap();
    repository.nothing_is_left();
    // What would be read for ever is not read at all.
    repository.git(&["config", "--unset", "filter.slow.clean"]);
    let pipe = repository.dir.path().join(".cds/pipe.yml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (code, _, err) = repository.run(&[]);
    assert!(code == 2 && err.contains("cannot read .cds/pipe.yml: it is not a regular file"), "{code} {err}");
}

/// Whatever the way to it is called.
#[test]
fn what_a_run_leaves_in_the_tree_is_no_reason_for_another() {
    let repository = Repository::new("echo again >> $SEEN");
    repository.write(".cds/p.pip.yml", "version: v1.0\nname: p\njobs: [{job: j, steps: [{script: ['echo again >> $SEEN', 'date +%s%N > made']}, {artifactUpload: {path: made, tag: '1'}}]}]\n");
    std::fs::create_dir(repository.dir.path().join("sub")).unwrap();
    let seen = repository.temp.path().join("seen");
    let mut command = repository.command(&["--watch", "--artifacts", "../out"]);
    command.current_dir(repository.dir.path().join("sub")).env("SEEN", &seen).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let runs = || std::fs::read_to_string(&seen).unwrap_or_default().lines().count();
    wait(&repository.dir.path().join("out/made"));
    // Long enough for several looks at the tree.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(runs(), 1, "nobody has changed anything");
    repository.write("greeting", "changed again\n");
    let begin = Instant::now();
    while runs() < 2 {
        assert!(begin.elapsed() < LONG, "a change is not run on");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, Signal::INT);
    assert!(ended(&mut child).is_some(), "it ends by itself");
    std::fs::remove_file(&seen).unwrap();
    repository.nothing_is_left();
}

/// While the changed tree is read, a filter of git changes a file that has been read already.
#[test]
fn a_change_while_the_files_are_read_is_not_lost() {
    let repository = Repository::new("cp here/greeting $SEEN.new; mv $SEEN.new $SEEN");
    let top = repository.dir.path();
    let (seen, armed) = (repository.temp.path().join("seen"), repository.temp.path().join("armed"));
    let filter = repository.temp.path().join("filter");
    let script = format!(
        "#!/bin/sh\nif [ -e {0} ]; then rm {0}; echo last > {1}/greeting; fi; exec cat\n",
        armed.display(),
        top.display()
    );
    std::fs::write(&filter, script).unwrap();
    std::fs::set_permissions(&filter, std::fs::Permissions::from_mode(0o755)).unwrap();
    repository.git(&["config", "filter.late.clean", filter.to_str().unwrap()]);
    repository.write(".gitattributes", "trigger filter=late\n");
    repository.write("trigger", "1\n");
    let mut command = repository.command(&["--watch"]);
    let mut child = command.env("SEEN", &seen).stdout(Stdio::null()).spawn().unwrap();
    wait(&seen);
    std::fs::write(&armed, "").unwrap();
    repository.write("greeting", "first\n");
    repository.write("trigger", "2\n");
    let begin = Instant::now();
    while std::fs::read_to_string(&seen).unwrap_or_default() != "last\n" {
        assert!(
            begin.elapsed() < LONG,
            "the last change is not run on: {:?}",
            std::fs::read_to_string(&seen)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!armed.exists());
    signal(&child, Signal::INT);
    assert!(ended(&mut child).is_some(), "it ends by itself");
    for file in [seen, filter] {
        std::fs::remove_file(file).unwrap();
    }
    repository.nothing_is_left();
}

const GATED: &str = "{name: w, version: v2.0, workflow: {n: {pipeline: p}, gate: {pipeline: p, depends_on: [n], when: [manual]}, last: {pipeline: p, depends_on: [gate]}, never: {pipeline: p, depends_on: [n], conditions: {check: [{variable: git.branch, operator: eq, value: elsewhere}]}}}}";
const SHORT_PIPELINE: &str = "version: v1.0\nname: p\njobs: [{job: j, steps: [{script: ['true']}]}]\n";

#[test]
fn what_is_asked_for_by_name_is_started_by_hand() {
    let repository = Repository::new("true");
    repository.write(".cds/p.pip.yml", SHORT_PIPELINE);
    repository.write(".cds/w.yml", GATED);
    let (code, out, err) = repository.run(&[]);
    assert!(
        code == 0 && out.contains("Waits for a person: gate. `cds run --node gate` starts it."),
        "{out}{err}"
    );
    assert!(!out.contains("last / j"), "{out}");
    let (code, out, err) = repository.run(&["--node", "last"]);
    assert!(code == 0 && out.contains("Starting gate by hand, as --node asks for"), "{out}{err}");
    assert!(out.contains("last / j  Success"), "{out}");
    repository.nothing_is_left();
}

#[test]
fn a_node_that_is_asked_for_and_does_not_run_is_no_success() {
    let repository = Repository::new("true");
    repository.write(".cds/p.pip.yml", SHORT_PIPELINE);
    repository.write(".cds/w.yml", GATED);
    let (code, out, err) = repository.run(&["--node", "never"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("── never did not run"), "{out}");
    assert!(out.contains("never: git.branch (\"main\") eq \"elsewhere\": false"), "{out}");
    std::fs::write(repository.dir.path().join("file"), "").unwrap();
    let (code, out, err) = repository.run(&["--artifacts", "file/x"]);
    assert!(code != 0 && err.contains("--artifacts") && !out.contains("n / j"), "before the run: {out}{err}");
}
