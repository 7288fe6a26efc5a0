//! The `worker` command from scripts, end to end.

use crate::{
    host::Host,
    server::{job, secret, step},
};

const KEY: &str =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nBBBBBBBBBBBBBBBB\n-----END RSA PRIVATE KEY-----\n";

#[tokio::test(flavor = "multi_thread")]
async fn export_tag_version_exit() {
    let host = Host::start().await;
    let mut j = job(&[
        "set -ex\nworker export foo bar\nworker export dash -x\nworker tag a=1 b=x=y\nworker set-version 1.2.3\necho \"[$CDS_BUILD_FOO]\"",
        "echo got {{.cds.build.foo}} $CDS_BUILD_FOO $CDS_VERSION; worker exit 0; echo goes on",
        "echo never",
    ]);
    j.steps[2].always_executed = true;
    let seen = host.run(j).await;
    assert_eq!(seen.status(), "Success", "{}", seen.log(0));
    assert!(seen.log(0).contains("CDS version set to 1.2.3\n+ echo []\n[]\n"), "{}", seen.log(0));
    assert!(seen.log(1).contains("got bar bar 1.2.3\ngoes on\n"), "{}", seen.log(1));
    assert_eq!(seen.step(2), "Disabled");
    assert_eq!((seen.tags["a"].as_str(), seen.tags["b"].as_str()), ("1", "x=y"));
    assert_eq!(seen.version.as_deref(), Some("1.2.3"));
    let variables = seen.end.unwrap().variables;
    assert_eq!((variables["cds.build.foo"].as_str(), variables["cds.build.dash"].as_str()), ("bar", "-x"));
    assert!(!variables.contains_key("cds.version"));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_exit_with_1() {
    let host = Host::start().await;
    let script = "c() { worker \"$@\"; echo \"=$?\"; }\nset +e\nc export a\nc tag x\nc nonsense\nc cache pull none\nc key install none\n\
                  c set-version 2; c set-version 3\nc tmpl missing out\nunset CDS_EXPORT_PORT\nc exit\nc version";
    let seen = host.run(job(&[script])).await;
    let log = seen.log(0);
    assert_eq!(log.lines().filter(|l| l.ends_with("=1")).count(), 8, "{log}");
    assert!(log.contains("worker cache pull > No unique link found\n=1"), "{log}");
    assert!(log.contains("unknown key \"none\"\n=1"), "{log}");
    assert!(log.contains("CDS version set to 2\n=0\n"), "{log}");
    assert!(log.contains("CDS_EXPORT_PORT not found, are you running inside a CDS worker job?\n=1"), "{log}");
    assert!(log.contains(concat!("CDS Worker version ", env!("CARGO_PKG_VERSION"), "\n=0")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_and_secrets() {
    let host = Host::start().await;
    let script = "o={; echo \"v=$o{.cds.version}} b=$o{.cds.build.x} } p=$o{.cds.app.password}} {{.nope}}\" | sed 's/} }/}}/' >in\n\
                  worker export x 5\ncd \"$HOME\"; mkdir d; cd d; worker tmpl ../in out; stat -c %a out; cat out\n\
                  worker check-secret ../in && echo clean\nworker check-secret {{.cds.workspace}}/d/out && echo not reached";
    let mut j = job(&[script]);
    j.parameters.insert("cds.version".into(), "9".into());
    j.secrets.push(secret("cds.app.password", "password", "mysuperpassword"));
    let seen = host.run(j).await;
    let log = seen.log(0);
    assert!(log.contains("644\nv=9 b=5 p=********** {{.nope}}\nclean\n"), "{log}");
    assert!(log.contains("Check secret failed: secret variable cds.app.password is used in file /"), "{log}");
    assert!(!log.contains("not reached"));
    assert_eq!(seen.status(), "Fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys() {
    let host = Host::start().await;
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("ssh/id_rsa");
    let script = format!(
        "#!/bin/bash\nset -e\np=$(worker key install k)\nstat -c %a \"$p\"\n\
         eval $(worker key install --env k)\n[[ -n $PKEY ]]\neval $(worker key install --env-git k)\n\
         cat \"$GIT_SSH\" | sed 's/[^ ]*keys/KEYS/'\n[[ -x $GIT_SSH ]]\n\
         worker key install --file id_rsa k\nhead -c 31 id_rsa; echo\nworker key install --file {} k\ntest -s {}; cat id_rsa",
        file.display(),
        file.display()
    );
    let mut j = job(&[&script]);
    j.secrets.push(secret("cds.key.k.priv", "ssh", KEY));
    let seen = host.run(j).await;
    let log = seen.log(0);
    assert_eq!(seen.status(), "Success", "{log}");
    assert!(log.contains("600\nssh -i KEYS/k.priv -o StrictHostKeyChecking=no $@\n# Key installed to id_rsa\n-----BEGIN RSA PRIVATE KEY-----\n"), "{log}");
    assert!(log.contains(&format!("# Key installed to {}\n", file.display())), "{log}");
    assert!(log.matches("BEGIN RSA PRIVATE KEY").count() >= 2, "{log}");
    assert!(!file.exists(), "the key stays on the host");
}

#[tokio::test(flavor = "multi_thread")]
async fn artifacts() {
    let host = Host::start().await;
    let up = "echo 'Je suis un artifact' >myFileUploaded; chmod 750 myFileUploaded; mkdir d; echo x >d/a.txt; echo y >d/b.txt\n\
              worker upload --tag=1 {{.cds.workspace}}/myFileUploaded\ncd d; worker upload '*.txt'; echo quiet";
    let seen = host.run(job(&[up])).await;
    assert_eq!(seen.status(), "Success", "{}", seen.log(0));
    assert!(seen.log(0).contains("File 'myFileUploaded' uploaded (20 bytes)\n"), "{}", seen.log(0));
    let mut down = job(&[
        "worker artifacts; mkdir x; cd x; worker download --pattern='^my|a.t'; ls; stat -c %a myFileUploaded; cat myFileUploaded; worker artifacts --pattern nope",
    ]);
    down.steps.push(step("Artifact Download", &[("path", "deep/er"), ("pattern", "b.txt"), ("tag", "")]));
    down.steps.push(step("Script", &[("script", "cat deep/er/b.txt")]));
    let seen = host.run(down).await;
    assert_eq!(seen.status(), "Success", "{} {}", seen.log(0), seen.log(1));
    assert!(seen.log(0).contains("\"name\":\"myFileUploaded\""), "{}", seen.log(0));
    assert!(
        seen.log(0).contains("\na.txt\nmyFileUploaded\n750\nJe suis un artifact\n[]\n"),
        "{}",
        seen.log(0)
    );
    assert!(seen.log(2).contains("\ny\n"));
    let mut j = job(&["mkdir dir; touch 1.c 2.c"]);
    j.steps.push(step("Artifact Upload", &[("path", "?.c")]));
    j.steps.push(step("Artifact Upload", &[("path", "*.none")]));
    j.steps.push(step("Artifact Upload", &[("path", "dir")]));
    j.steps.push(step("Artifact Upload", &[("path", "1.c")]));
    j.steps.push(step("Coverage", &[("path", "2.c")]));
    j.steps.push(step("Artifact Download", &[("path", "."), ("pattern", "(")]));
    j.steps.iter_mut().for_each(|s| s.optional = true);
    let seen = host.run(j).await;
    assert_eq!(
        [1, 2, 3, 4, 5, 6].map(|i| seen.step(i)),
        ["Success", "Fail", "Fail", "Fail", "Success", "Fail"]
    );
    assert_eq!(seen.reason(2), "pattern '*.none' matched no file");
    assert!(seen.reason(3).contains("directory") && seen.reason(4).contains("already"), "{:?}", seen.steps);
    assert!(seen.reason(6).starts_with("Invalid pattern"), "{}", seen.reason(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn caches() {
    let host = Host::start().await;
    let other = tempfile::tempdir().unwrap();
    let push = format!(
        "echo content >f; mkdir -p d/e; echo deep >d/e/g; ln -s $PWD/f d/l; worker cache push 'my tag/ü' f d\n\
         cd {}; echo abs >h; worker cache push abs $PWD/h; worker cache push missing nope || echo refused",
        other.path().display()
    );
    let seen = host.run(job(&[&push])).await;
    assert_eq!(seen.status(), "Success", "{}", seen.log(0));
    let expected =
        "Worker cache push in progress... (tag: my tag/ü)\nWorker cache push with success (tag: my tag/ü)\n";
    assert!(seen.log(0).contains(expected), "{}", seen.log(0));
    assert!(seen.log(0).contains("refused\n"));
    let seen = host
        .run(job(&[
            "worker cache pull 'my tag/ü'; cat f d/e/g d/l; readlink d/l; worker cache pull abs; cat h",
        ]))
        .await;
    assert_eq!(seen.status(), "Success", "{}", seen.log(0));
    let expected = "Worker cache pull in progress... (tag: my tag/ü)\nWorker cache pull with success (tag: my tag/ü)\ncontent\ndeep\ncontent\n../f\n";
    assert!(seen.log(0).contains(expected), "{}", seen.log(0));
    assert!(seen.log(0).contains("\nabs\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn test_reports_and_results() {
    let host = Host::start().await;
    let report = r#"<testsuites><testsuite name="s"><testcase name="a"/><testcase name="b"><failure>secretsecret</failure></testcase><testcase><skipped/></testcase></testsuite></testsuites>"#;
    let script = format!(
        "cat >r.xml <<'E'\n{report}\nE\necho '<broken' >b.xml\nworker junit-parser '*.xml'\n\
        worker run-result add static-file site http://x/y\nworker run-result add artifact-manager pkg repo path/x deb"
    );
    let mut j = job(&[&script]);
    j.secrets.push(secret("cds.proj.s", "password", "secretsecret"));
    j.steps.push(step("JUnit", &[("path", "*.xml")]));
    j.steps.push(step("JUnit", &[("path", "none*.xml")]));
    j.steps[1].optional = true;
    let seen = host.run(j).await;
    assert!(seen.log(0).contains("\n3 1 1 1\n"), "{}", seen.log(0));
    assert_eq!((seen.step(1), seen.step(2)), ("Fail".into(), "Success".into()));
    assert_eq!(seen.tests[0].cases.len(), 3);
    assert_eq!(seen.tests[0].cases[1].message, "**********");
    assert_eq!(seen.results[0].2["remote_url"], "http://x/y");
    assert_eq!(seen.results[1].2["repository_type"], "deb");
}
