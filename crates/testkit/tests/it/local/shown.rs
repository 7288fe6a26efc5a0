//! What the user gets of a run: logs, files, and the reason why it cannot go on.

use super::*;

const JOBS: &str = "version: v1.0\nname: p\njobs:\n- job: j\n  requirements: [{binary: sh}]\n  steps:\n  \
                    - script: [echo a word, 'printf kept > result.txt; chmod 755 result.txt']\n  \
                    - artifactUpload: {path: result.txt}\n";

#[test]
fn logs_of_what_succeeded_and_files_are_kept_if_wanted() {
    let repository = Repository::new("true");
    repository.write(".cds/p.pip.yml", JOBS);
    let (code, out, err) = repository.run(&[]);
    assert!(code == 0 && !out.contains("a word"), "{out}{err}");
    let (code, out, err) = repository.run(&["-v", "--artifacts", "out/files"]);
    assert!(
        code == 0 && out.contains("── n / j · step 1 Script\n") && out.contains("   a word\n"),
        "{out}{err}"
    );
    assert!(out.contains("artifact result.txt of n: 4 bytes"), "{out}");
    let file = repository.dir.path().join("out/files/result.txt");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o755);
    let (code, out, err) = repository.run(&["--json", "--logs"]);
    let mut lines = out.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let log = lines.find(|l| l["log"]["step"] == 0).unwrap();
    assert_eq!(
        (code, log["log"]["node"].as_str(), log["log"]["job"].as_str()),
        (0, Some("n"), Some("j")),
        "{err}"
    );
    assert!(log["log"]["text"].as_str().unwrap().contains("a word\n"), "{log}");
    repository.nothing_is_left();
}

#[test]
fn what_nobody_here_can_run_is_said_and_ends_the_run() {
    let repository = Repository::new("true");
    for (requirement, reason) in [
        ("model: some-image", "no worker models"),
        ("binary: no-such-program-here", "not in the PATH"),
        ("region: elsewhere", "its region is"),
    ] {
        repository.write(".cds/p.pip.yml", &JOBS.replace("binary: sh", requirement));
        let (code, out, err) = repository.run(&[]);
        assert_eq!(code, 1, "{out}{err}");
        let line = out.lines().find(|l| l.contains("nobody can run it here")).expect(&out);
        assert!(line.starts_with("── n / j: ") && line.contains(reason), "{line}");
        assert_eq!(line.matches(requirement).count(), 1, "{line}");
    }
    repository.nothing_is_left();
}

#[test]
fn what_can_run_does_before_the_rest_is_given_up() {
    let repository = Repository::new("true");
    let two = "- job: k\n  requirements: [{model: x}]\n  steps: [{script: [true]}]\n";
    repository
        .write(".cds/p.pip.yml", &format!("{}{two}", JOBS.replace("echo a word", "sleep 1; echo a word")));
    let (code, out, err) = repository.run(&["--logs"]);
    assert!(code == 1 && out.contains("   a word\n") && out.contains("n / j  Success"), "{out}{err}");
    assert!(out.contains("── n / k: nobody can run it here"), "{out}");
    repository.nothing_is_left();
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_fail() {
    let repository = Repository::new("true");
    let mut child = repository.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    repository.nothing_is_left();
}

#[test]
fn an_address_that_does_not_matter_here_is_no_warning() {
    let repository = Repository::new("true");
    let (code, out, err) = repository.run(&[]);
    assert!(code == 0 && !err.contains("vcs_server"), "{out}{err}");
    repository.nothing_is_left();
}
