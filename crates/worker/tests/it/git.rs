//! CheckoutApplication, GitClone and GitTag against local repositories, and tainted values.

use crate::{
    host::Host,
    server::{job, secret, step},
};
use std::{path::Path, process::Command};

fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@localhost", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(dir)
        .env("HOME", dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}

/// A repository with three commits; the first has the tag 1.2.3.
fn repository(dir: &Path) -> (String, Vec<String>) {
    git(dir, &["init", "-q", "."]);
    git(dir, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    git(dir, &["config", "receive.denyCurrentBranch", "ignore"]);
    let mut commits = Vec::new();
    for n in 1..=3 {
        std::fs::write(dir.join("file"), format!("{n}\n")).unwrap();
        git(dir, &["add", "file"]);
        git(dir, &["commit", "-q", "-m", &format!("commit {n}\n\nmore")]);
        commits.push(git(dir, &["rev-parse", "HEAD"]));
        if n == 1 {
            git(dir, &["tag", "1.2.3"]);
        }
    }
    (format!("file://{}", dir.display()), commits)
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_and_what_it_tells() {
    let host = Host::start().await;
    let repo = tempfile::tempdir().unwrap();
    let (url, commits) = repository(repo.path());
    let mut j = job(&[]);
    j.steps.push(step(
        "GitClone",
        &[
            ("url", &url),
            ("branch", "{{.git.branch}}"),
            ("commit", "{{.git.hash}}"),
            ("directory", "{{.cds.workspace}}"),
            ("depth", "false"),
            ("tag", "{{.git.tag}}"),
        ],
    ));
    j.steps.push(step(
        "Script",
        &[("script", "cat file; git log --oneline | wc -l; echo $CDS_SEMVER $GIT_AUTHOR")],
    ));
    for (name, value) in [
        ("git.url", url.as_str()),
        ("git.branch", ""),
        ("git.hash", ""),
        ("git.tag", ""),
        ("cds.run.number", "7"),
    ] {
        j.parameters.insert(name.into(), value.into());
    }
    let seen = host.run(j.clone()).await;
    assert_eq!(seen.status(), "Success", "{}", seen.log(0));
    let short = &commits[2][..7];
    assert!(seen.log(1).contains(&format!("3\n3\n1.2.3-2+sha.g{short}.cds.7 Ann\n")), "{}", seen.log(1));
    let v = seen.end.unwrap().variables;
    assert_eq!((v["git.hash"].as_str(), v["git.hash.short"].as_str()), (commits[2].as_str(), short));
    assert_eq!((v["git.branch"].as_str(), v["git.message"].as_str()), ("main", "commit 3"));
    assert_eq!(v["git.author.email"], "ann@localhost");
    // A commit that is behind the shallow end.
    j.job.run = cds_model::RunId::new();
    j.parameters.insert("git.hash".into(), commits[1].clone());
    j.parameters.insert("git.branch".into(), "main".into());
    j.steps[0].parameters.insert("depth".into(), "1".into());
    let seen = host.run(j.clone()).await;
    assert!(seen.log(1).contains("\n2\n"), "{} {}", seen.log(0), seen.log(1));
    assert!(!seen.end.unwrap().variables.contains_key("git.hash"));
    for (name, value, reason) in [
        ("depth", "x", "invalid depth value"),
        ("url", "http://example.org/x", "Git protocol not supported"),
        ("url", "file:///no/such", "unable to git clone: Command fail: 128"),
        ("url", "git@h:x", "SSH Key not found. Unable to perform git clone"),
        ("privateKey", "nope", "unknown key"),
        ("branch", "--upload-pack=touch x", "not valid"),
    ] {
        let mut j = j.clone();
        j.job.run = cds_model::RunId::new();
        j.steps[0].parameters.insert(name.into(), value.into());
        let seen = host.run(j).await;
        assert!(seen.reason(0).contains(reason), "{reason}: {}", seen.reason(0));
    }
}

/// Git copies a directory whole and warns of a depth, which nobody has asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_cloned_without_a_warning() {
    let host = Host::start().await;
    let repo = tempfile::tempdir().unwrap();
    repository(repo.path());
    git(repo.path(), &["branch", "other", "HEAD~1"]);
    let mut j = job(&[]);
    let url = repo.path().to_str().unwrap();
    for (branch, directory) in [("", "a"), ("other", "b")] {
        j.steps.push(step("GitClone", &[("url", url), ("branch", branch), ("directory", directory)]));
    }
    // As with a depth: one branch and no more.
    j.steps.push(step(
        "Script",
        &[("script", "for d in a b; do git -C $d branch -r --list; cat $d/file; done")],
    ));
    let seen = host.run(j).await;
    assert_eq!(seen.status(), "Success", "{} {}", seen.log(0), seen.log(1));
    assert!(!(seen.log(0) + &seen.log(1)).contains("warning"), "{} {}", seen.log(0), seen.log(1));
    assert!(seen.log(2).contains("  origin/main\n3\n  origin/other\n2\n"), "{}", seen.log(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn checkout_and_tag() {
    let host = Host::start().await;
    let repo = tempfile::tempdir().unwrap();
    let (url, commits) = repository(repo.path());
    let mut j = job(&[]);
    j.steps.push(step("CheckoutApplication", &[("directory", "{{.cds.workspace}}/src")]));
    j.steps.push(step(
        "GitTag",
        &[("tagLevel", "minor"), ("path", "src"), ("prefix", "v"), ("tagMessage", "hello")],
    ));
    let vars = [
        ("git.connection.type", "https"),
        ("git.http_url", url.as_str()),
        ("git.branch", "main"),
        ("git.hash", commits[2].as_str()),
        ("cds.run.number", "7"),
        ("cds.triggered_by.username", "ann"),
    ];
    j.parameters.extend(vars.map(|(k, v)| (k.to_string(), v.to_string())));
    let seen = host.run(j).await;
    assert_eq!(seen.status(), "Success", "{} {}", seen.log(0), seen.log(1));
    assert_eq!(seen.end.unwrap().variables["cds.release.version"], "v1.3.0");
    assert!(git(repo.path(), &["tag"]).contains("v1.3.0"));
    assert!(git(repo.path(), &["cat-file", "-p", "v1.3.0"]).contains("tagger ann <cds@localhost>"));
    let mut j = job(&[]);
    j.steps.push(step("CheckoutApplication", &[]));
    assert_eq!(host.run(j).await.reason(0), "git connection type is not set. nothing to perform");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_events_do_not_become_code() {
    let host = Host::start().await;
    let mut j = job(&["echo \"{{.cds.pip.title}}\"", "echo \"$GIT_MESSAGE\"", "echo {{.git.branch}}"]);
    j.parameters.insert("git.message".into(), "$(touch pwned)".into());
    j.parameters.insert("git.branch".into(), "feat/x-1".into());
    j.parameters.insert("cds.pip.title".into(), "about {{.git.message}}".into());
    j.tainted = vec!["git.message".into(), "git.branch".into()];
    j.secrets.push(secret("cds.proj.x", "password", "unused-secret"));
    j.steps.iter_mut().for_each(|s| s.optional = true);
    let seen = host.run(j.clone()).await;
    assert_eq!(seen.step(0), "Fail");
    assert!(
        seen.reason(0).contains("cds.pip.title") && seen.reason(0).contains("CDS_PIP_TITLE"),
        "{}",
        seen.reason(0)
    );
    assert!(seen.log(1).contains("\n$(touch pwned)\n"));
    assert!(seen.log(2).contains("\nfeat/x-1\n"));
    j.job.run = cds_model::RunId::new();
    j.taint_policy = "splice".into();
    let seen = host.run(j.clone()).await;
    assert!(seen.log(0).contains("\nabout \n"), "{}", seen.log(0));
    j.job.run = cds_model::RunId::new();
    j.taint_policy = "refuse".into();
    assert_eq!(host.run(j).await.step(2), "Fail");
}

/// Text of an event that goes through `worker export` is that text still.
#[tokio::test]
async fn an_export_of_foreign_text_stays_foreign() {
    let host = Host::start().await;
    let mut j = job(&["worker export e \"v-$GIT_BRANCH\"", "echo {{.cds.build.e}}"]);
    j.parameters.insert("git.branch".into(), "$(touch${IFS}pwned)".into());
    j.tainted = vec!["git.branch".into()];
    let seen = host.run(j).await;
    assert_eq!(seen.step(0), "Success");
    assert_eq!(seen.step(1), "Fail");
    assert!(seen.reason(1).contains("cds.build.e"), "{}", seen.reason(1));
}

/// A fresh key without a passphrase: its id, and both parts in armour.
fn pgp_key(home: &Path) -> (String, String) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o700)).unwrap();
    let gpg = |args: &[&str]| {
        let output = Command::new("gpg")
            .args(["--batch", "--homedir"])
            .arg(home)
            .args(["--passphrase", "", "--pinentry-mode", "loopback"])
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    gpg(&["--quick-generate-key", "cds@localhost", "ed25519", "sign"]);
    let list = gpg(&["--with-colons", "--list-secret-keys"]);
    let id = list.lines().find_map(|l| l.strip_prefix("fpr:")).unwrap().trim_matches(':').to_string();
    let key = gpg(&["--armor", "--export-secret-keys"]);
    let _ = Command::new("gpgconf").arg("--homedir").arg(home).args(["--kill", "all"]).status();
    (id, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_tags_and_imported_keys() {
    sign(Host::start().await).await;
}

/// The path of a socket is short; that of a directory may be long. And a worker that is killed leaves nothing of gpg
/// outside of the directory that its hatchery removes.
#[tokio::test(flavor = "multi_thread")]
async fn gpg_works_in_a_deep_directory() {
    let deep = || async {
        let server = crate::server::Server::start().await;
        let url = server.url.clone();
        Host::below(server, &url, &["a-directory-with-a-name"; 8].join("/"))
    };
    sign(deep().await).await;
    let mut host = deep().await;
    let (_, key) = pgp_key(tempfile::tempdir().unwrap().path());
    let mut j = job(&["worker key install signer && gpg-connect-agent /bye && touch there && sleep 600"]);
    j.secrets.push(secret("cds.key.signer.priv", "pgp", &key));
    let marker = format!("CDS_JOB_ID={}.{}", j.job, j.attempt);
    host.server.queue(j);
    let root = host.base.path().join(["a-directory-with-a-name"; 8].join("/"));
    let there = || {
        let jobs = std::fs::read_dir(&root).into_iter().flatten().flatten();
        jobs.map(|e| e.path()).find(|p| p.join("run/there").exists())
    };
    let begin = std::time::Instant::now();
    let dir = loop {
        match there() {
            Some(dir) => break dir,
            None => assert!(begin.elapsed().as_secs() < 60, "the job does not begin"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    host.child.kill().unwrap();
    host.child.wait().unwrap();
    assert!(dir.join("gpg/private-keys-v1.d").exists(), "the key is somewhere else");
    host.assert_tmp_clean();
    for pid in crate::host::processes(&marker) {
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_raw(pid).unwrap(),
            rustix::process::Signal::KILL,
        );
    }
}

async fn sign(host: Host) {
    let (repo, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (url, commits) = repository(repo.path());
    let (id, key) = pgp_key(home.path());
    let mut j = job(&["worker key install signer; gpg --list-secret-keys | grep -c sec"]);
    j.steps.push(step("CheckoutApplication", &[("directory", "src")]));
    j.steps.push(step("GitTag", &[("tagLevel", "patch"), ("path", "src")]));
    let vars = [
        ("git.connection.type", "https"),
        ("git.http_url", url.as_str()),
        ("git.branch", "main"),
        ("git.hash", commits[2].as_str()),
        ("cds.run.number", "7"),
        ("git.author", "ann"),
        ("git.pgp.key", "signer"),
        ("cds.key.signer.id", id.as_str()),
    ];
    j.parameters.extend(vars.map(|(k, v)| (k.to_string(), v.to_string())));
    j.secrets.push(secret("cds.key.signer.priv", "pgp", &key));
    let seen = host.run(j).await;
    assert_eq!(seen.status(), "Success", "{} {} {}", seen.log(0), seen.log(1), seen.log(2));
    assert!(seen.log(0).contains("\nYour PGP key is imported with success\n1\n"), "{}", seen.log(0));
    let tag = git(repo.path(), &["cat-file", "-p", "1.2.4"]);
    assert!(tag.contains("BEGIN PGP SIGNATURE"), "{tag}");
}
