//! Whatever repository it is and however it is reached: it is read and not changed, and jobs get what lies there.

use super::*;
use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, path::PathBuf};

/// Every file below a directory and what is in it.
fn bytes(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                all.insert(entry.path(), std::fs::read(entry.path()).unwrap_or_default());
            }
        }
    }
    all
}

impl Repository {
    /// Runs in a directory with more variables; the answer is that of `run`.
    fn run_in(&self, directory: &Path, variables: &[(&str, &Path)]) -> (i32, String, String) {
        let mut command = self.command(&["--logs"]);
        let output = command.current_dir(directory).envs(variables.iter().copied()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }
}

#[test]
fn the_variables_of_a_hook_change_nothing_for_anybody() {
    let inherited = "! env | grep -E '^GIT_(DIR|INDEX_FILE|WORK_TREE|PREFIX|OBJECT_DIRECTORY|COMMON_DIR|CONFIG_PARAMETERS)='";
    let repository = Repository::new(inherited);
    let top = repository.dir.path();
    let linked = tempfile::tempdir().unwrap();
    let linked = linked.path().join("tree");
    repository.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    std::fs::write(linked.join("greeting"), "of the linked tree\n").unwrap();
    std::fs::write(linked.join("new"), "there too\n").unwrap();
    let data = top.join(".git");
    let (index, objects) = (data.join("index"), data.join("objects"));
    let of_linked = data.join("worktrees/tree");
    let index_of_linked = of_linked.join("index");
    let (relative, nothing, odd) = (Path::new(".git"), Path::new(""), Path::new("'core.abbrev'='9'"));
    let cases: [(&Path, &[(&str, &Path)]); 6] = [
        (top, &[]),
        (
            top,
            &[
                ("GIT_DIR", &data),
                ("GIT_INDEX_FILE", &index),
                ("GIT_PREFIX", nothing),
                ("GIT_CONFIG_PARAMETERS", odd),
            ],
        ),
        (top, &[("GIT_DIR", relative), ("GIT_WORK_TREE", top), ("GIT_OBJECT_DIRECTORY", &objects)]),
        (&top.join(".cds"), &[("GIT_DIR", &data)]),
        (&linked, &[]),
        (
            &linked,
            &[("GIT_DIR", &of_linked), ("GIT_COMMON_DIR", &data), ("GIT_INDEX_FILE", &index_of_linked)],
        ),
    ];
    let before = bytes(&data);
    for (directory, variables) in cases {
        let (code, out, err) = repository.run_in(directory, variables);
        assert_eq!(code, 0, "{variables:?}: {out}{err}");
        let greeting = if directory == linked { "of the linked tree" } else { "changed" };
        assert!(out.contains(&format!("   {greeting}\n")), "{variables:?}: {out}{err}");
        assert_eq!(bytes(&data), before, "{variables:?}");
        repository.nothing_is_left();
    }
}

#[test]
fn a_hook_of_a_linked_worktree_can_run_it() {
    let repository = Repository::new("true");
    let top = repository.dir.path();
    let hook = top.join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, format!("#!/bin/sh\nexec {} run\n", bin("cds").display())).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let linked = tempfile::tempdir().unwrap();
    let linked = linked.path().join("tree");
    repository.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    std::fs::write(linked.join("new"), "x\n").unwrap();
    for words in [&["add", "new"][..], &["commit", "-m", "second"]] {
        let mut command = Command::new("git");
        command.args(words).current_dir(&linked).env("TMPDIR", repository.temp.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(
        repository.git(&["for-each-ref", "--format=%(refname)"]),
        "refs/heads/main\nrefs/heads/side\n"
    );
    assert_eq!(repository.git(&["symbolic-ref", "HEAD"]), "refs/heads/main\n");
    assert_eq!(repository.git(&["log", "-1", "--format=%s", "side"]), "second\n");
    repository.nothing_is_left();
}

#[test]
fn a_branch_keeps_its_name_whatever_tags_are_called() {
    let repository = Repository::new(
        "test {{.git.branch}} = main && test $(git -C here symbolic-ref HEAD) = refs/heads/main",
    );
    repository.git(&["tag", "main"]);
    let (code, out, err) = repository.run(&["--logs"]);
    assert_eq!(code, 0, "{out}{err}");
    repository.nothing_is_left();
}

#[test]
fn a_repository_may_lie_anywhere() {
    let repository = Repository::new("true");
    let top = repository.dir.path();
    let mut last = top.to_path_buf();
    let mut moved = |name: &str| {
        let next = top.join(name);
        std::fs::create_dir(&next).unwrap();
        for name in [".git", ".cds", "greeting", "new"] {
            std::fs::rename(last.join(name), next.join(name)).unwrap();
        }
        last = next;
        repository.run_in(&last, &[])
    };
    let (code, out, err) = moved("a place é 'of' \"mine\" #1");
    assert_eq!(code, 0, "{out}{err}");
    // git itself does not manage that one, and nothing else is read instead.
    let (code, _, err) = moved("new\nline");
    assert!(code == 2 && err.contains("its path has a line end in it"), "{err}");
    repository.nothing_is_left();
}

#[test]
fn a_file_may_have_the_longest_name_there_is() {
    let repository = Repository::new("true");
    let name = "x".repeat(255);
    let made = format!(
        "version: v1.0\nname: p\njobs: [{{job: j, steps: [{{script: [echo made > {name}]}}, {{artifactUpload: {{path: {name}, tag: '1'}}}}]}}]\n"
    );
    repository.write(".cds/p.pip.yml", &made);
    let out = tempfile::tempdir().unwrap();
    let (code, shown, err) = repository.run(&["--artifacts", out.path().to_str().unwrap()]);
    assert_eq!(code, 0, "{shown}{err}");
    assert_eq!(std::fs::read_to_string(out.path().join(&name)).unwrap(), "made\n");
    repository.nothing_is_left();
}

#[test]
fn submodules_are_taken_as_they_lie_there() {
    let place = tempfile::tempdir().unwrap();
    let git = |directory: &Path, words: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(directory).args(["-c", "protocol.file.allow=always", "-c", "user.name=me"]);
        let output = command.args(["-c", "user.email=me@localhost"]).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    };
    for name in ["inner", "lib"] {
        let library = place.path().join(name);
        std::fs::create_dir(&library).unwrap();
        std::fs::write(library.join("file"), format!("{name} as committed\n")).unwrap();
        git(&library, &["init", "-q"]);
        git(&library, &["add", "-A"]);
        git(&library, &["commit", "-q", "-m", name]);
    }
    git(&place.path().join("lib"), &["submodule", "--quiet", "add", "../inner", "inner"]);
    git(&place.path().join("lib"), &["commit", "-q", "-m", "with inner"]);

    let repository = Repository::new("cat here/lib/file here/lib/inner/file; ls here/absent");
    let top = repository.dir.path();
    // Its address is relative to that of the repository's origin.
    repository.git(&["remote", "add", "origin", place.path().join("here").to_str().unwrap()]);
    for name in ["lib", "absent"] {
        git(top, &["submodule", "--quiet", "add", "--name", name, "../lib", name]);
    }
    git(top, &["submodule", "--quiet", "update", "--init", "--recursive", "lib"]);
    git(top, &["submodule", "--quiet", "deinit", "-f", "absent"]);
    repository.git(&["add", "-A"]);
    repository.git(&["commit", "-q", "-m", "with a library"]);
    let before = bytes(&top.join(".git"));

    let (code, out, err) = repository.run_in(top, &[]);
    assert_eq!(code, 1, "there is nothing in `absent`: {out}{err}");
    for part in ["without changes", "lib as committed", "inner as committed", "cannot access 'here/absent'"] {
        assert!(out.contains(part), "no '{part}' in {out}{err}");
    }
    assert!(err.contains("git submodule update --init absent"), "{err}");
    std::fs::write(top.join("lib/inner/file"), "inner as changed\n").unwrap();
    let (_, out, err) = repository.run_in(top, &[]);
    for part in ["with uncommitted changes", "lib as committed", "inner as changed"] {
        assert!(out.contains(part), "no '{part}' in {out}{err}");
    }
    assert_eq!(bytes(&top.join(".git")), before);
    repository.nothing_is_left();
}

#[test]
fn clones_within_the_working_tree_are_files_like_others() {
    let repository = Repository::new("cat here/empty/file here/full/file");
    let top = repository.dir.path();
    for (name, text) in [("empty", "of no commit\n"), ("full", "of a commit\n")] {
        std::fs::create_dir(top.join(name)).unwrap();
        repository.write(&format!("{name}/file"), text);
        repository.git(&["init", "-q", name]);
    }
    for words in
        [&["add", "-A"][..], &["-c", "user.name=me", "-c", "user.email=me@localhost", "commit", "-qm", "x"]]
    {
        repository.git(&[&["-C", "full"], words].concat());
    }
    let (code, out, err) = repository.run_in(top, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("of no commit") && out.contains("of a commit"), "{out}");
    assert!(err.contains("empty/ is a repository of its own"), "{err}");
    repository.nothing_is_left();
}

#[test]
fn outside_of_a_repository_it_says_what_it_needs() {
    let repository = Repository::new("true");
    let (code, _, err) = repository.run_in(repository.temp.path(), &[]);
    assert!(code == 2 && err.contains("cds run needs the working tree of a git repository"), "{code} {err}");
}
