//! Script steps: interpreters, environment, results, the fate of the steps behind.

use crate::{
    host::Host,
    server::{Server, job, secret, step},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_trivial_job_costs_one_report() {
    let host = Host::start().await;
    for _ in 0..3 {
        let seen = host.run(job(&["echo hello"])).await;
        assert_eq!(seen.status(), "Success");
        assert_eq!(seen.log(0), "Starting step \"Script\"\nhello\nEnd of step \"Script\"\n");
        assert_eq!(seen.steps[&0].exit_code, Some(0));
        assert!(seen.reports <= 2, "{} reports", seen.reports);
    }
    // Registration, the first take, and then only reports, each of which took the next job.
    let requests = host.server.inner().requests.clone();
    assert_eq!(requests.iter().filter(|r| *r == "take").count(), 1, "{requests:?}");
    assert!(requests.len() <= 8, "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_on_after_answers_it_has_missed() {
    let server = Server::start().await;
    server.inner().given = 6;
    let host = Host::with(server);
    // Its first question is the seventh of those that were answered; from then on it counts as the server does.
    for _ in 0..3 {
        assert_eq!(host.run(job(&["echo hello"])).await.status(), "Success");
    }
    let inner = host.server.inner();
    assert_eq!(inner.given, 9);
    assert_eq!(inner.requests.iter().filter(|r| *r == "take").count(), 2, "{:?}", inner.requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn interpreters_and_results() {
    let host = Host::start().await;
    let run = async |script: &str| host.run(job(&[script])).await;

    let seen = run("false\necho not reached").await;
    assert_eq!((seen.status(), seen.step(0)), ("Fail".into(), "Fail".into()));
    assert_eq!(
        (seen.reason(0).as_str(), seen.steps[&0].exit_code),
        ("command failure: exit status 1", Some(1))
    );
    assert!(
        seen.log(0).ends_with("\x1b[1;31mcommand failure: exit status 1\x1b[0m\nEnd of step \"Script\"\n")
    );
    assert!(!seen.log(0).contains("not reached"));

    let seen = run("#!/bin/bash\nfalse\necho not reached").await;
    assert_eq!(seen.status(), "Fail");
    let seen = run("#!/bin/bash -x\nfalse\necho reached").await;
    assert_eq!(seen.status(), "Success");
    assert!(seen.log(0).contains("+ false\n+ echo reached\nreached\n"), "{}", seen.log(0));
    let seen = run("#!/usr/bin/env bash\nfalse\necho reached ${BASH_VERSINFO[0]}").await;
    assert!(seen.log(0).contains("reached "));
    let seen = run("#!/bin/cat\nline\n").await;
    assert!(seen.log(0).contains("line\n"));
    let seen = run("#!/no/such/shell\nline").await;
    assert!(seen.reason(0).starts_with("unable to start command: /no/such/shell"), "{}", seen.reason(0));
    let seen = run("").await;
    assert_eq!(seen.status(), "Success");
    let seen = run("kill -9 $$").await;
    assert_eq!(
        (seen.reason(0).as_str(), seen.steps[&0].exit_code),
        ("command failure: signal: killed", None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_outputs_stay_in_order_and_input_is_closed() {
    let host = Host::start().await;
    let seen = host.run(job(&["for i in 1 2 3 4 5; do echo o$i; echo e$i >&2; done; cat; printf end"])).await;
    let expected = "o1\ne1\no2\ne2\no3\ne3\no4\ne4\no5\ne5\nend\n";
    assert_eq!(seen.log(0), format!("Starting step \"Script\"\n{expected}End of step \"Script\"\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn environment() {
    let host = Host::start().await;
    let mut j = job(&["#!/bin/bash\nenv; pwd; ls -ld . ..; ls -l ..; command -v worker; echo done"]);
    j.parameters.insert("cds.env.My.Var".into(), "a\nb".into());
    j.parameters.insert("git.branch".into(), "main".into());
    j.parameters.insert("cds.pip.x".into(), "on {{.git.branch}} at {{.cds.worker}}".into());
    j.secrets.push(secret("cds.app.password", "password", "short"));
    j.secrets.push(secret("cds.key.k.priv", "ssh", "PRIVATEPRIVATE"));
    let seen = host.run(j).await;
    let log = seen.log(0);
    let has = |line: &str| log.lines().any(|l| l == line);
    for line in [
        "CI=1",
        "VISIBLE=yes",
        "CDS_ENV_MY_VAR=a\\nb",
        "CDS_ENV_My.Var=a\\nb",
        "My.Var=a\\nb",
        "MY_VAR=a\\nb",
        "GIT_BRANCH=main",
        "CDS_PIP_X=on main at w-test",
        "CDS_APP_PASSWORD=short",
        "CDS_KEY=********",
    ] {
        assert!(has(line), "{line} in {log}");
    }
    assert!(!log.contains("CDS_HIDDEN") && !log.contains("PRIVATE"), "{log}");
    let value =
        |name: &str| log.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_else(|| panic!("{name}"));
    let workspace = value("CDS_WORKSPACE=");
    assert!(has(workspace) && value("HOME=") == workspace && workspace.ends_with("/run"));
    assert_eq!(value("BASEDIR="), workspace.strip_suffix("/run").unwrap());
    assert!(value("TMPDIR=").ends_with("/tmp"));
    assert!(log.contains("drwx------"), "{log}");
    assert!(
        log.lines().any(|l| l.starts_with("-rwxr-xr-x") && l.split(' ').next_back().unwrap().len() == 16),
        "{log}"
    );
    assert!(log.lines().any(|l| l.ends_with("/worker") && l.contains("/bin-")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fate_of_the_other_steps() {
    let host = Host::start().await;
    let mut j = job(&["exit 3", "echo optional; exit 1", "echo never", "echo always"]);
    j.steps[0].optional = true;
    j.steps[3].always_executed = true;
    j.steps[1].name = "My step".into();
    let seen = host.run(j).await;
    assert_eq!(seen.status(), "Fail");
    assert_eq!([0, 1, 2, 3].map(|i| seen.step(i)), ["Fail", "Fail", "Never Built", "Success"]);
    assert!(seen.log(1).starts_with("Starting step \"My step\"\n"));
    assert_eq!(seen.log(2), "");
    let mut j = job(&["true"]);
    j.steps[0].enabled = false;
    assert_eq!(host.run(j).await.status(), "Disabled");
    assert_eq!(host.run(job(&[])).await.status(), "Disabled");
    let mut j = job(&[]);
    j.steps.push(step("DeployApplication", &[]));
    let seen = host.run(j).await;
    assert!(seen.reason(0).contains("not available in this version"), "{}", seen.reason(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_on_the_wrong_machine_is_given_back() {
    let host = Host::start().await;
    let mut j = job(&["echo no"]);
    j.requirements.push(cds_api::worker::AssignedRequirement {
        name: "nope".into(),
        kind: "binary".into(),
        value: "no-such-binary".into(),
    });
    let seen = host.run(j).await;
    let end = seen.end.unwrap();
    assert!(end.infrastructure && end.reason.unwrap().contains("no-such-binary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_trivial_jobs() {
    let host = Host::start().await;
    host.run(job(&["true"])).await;
    let begin = std::time::Instant::now();
    let names: Vec<_> = (0..100).map(|_| host.server.queue(job(&["true"]))).collect();
    let mut reports = 0;
    for name in names {
        let seen = host.server.end(name).await;
        assert_eq!(seen.status(), "Success");
        reports += seen.reports;
    }
    println!("{:?} a job, {reports} reports for 100 jobs", begin.elapsed() / 100);
    assert!(reports <= 200, "{reports}");
}
