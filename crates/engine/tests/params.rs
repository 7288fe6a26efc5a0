//! Parameters: order, inheritance, taint, git, requirements, tags, versions.

mod support;

use cds_engine::{
    Event, Transition,
    event::{Effect, Ignored, Start},
    job_parameters,
    spec::{App, Env, PublicKey},
};
use cds_model::JobNo;
use cds_workflow::def::{Parameter, Requirement, Value, WorkflowIntegration};
use serde_json::json;
use support::*;

fn text(value: &str) -> Value {
    Value { kind: "string".into(), value: value.into() }
}

fn requirement(kind: &str, value: &str) -> Requirement {
    let own = matches!(kind, "region" | "memory" | "model" | "hostname");
    Requirement { name: if own { kind.into() } else { value.into() }, kind: kind.into(), value: value.into() }
}

fn with_payload(s: cds_engine::RunSpec, payload: &[(&str, &str)]) -> Driven {
    Driven::start(Start { payload: Some(map(payload)), ..request(s) })
}

fn tainted(d: &Driven, node: &str) -> Vec<String> {
    let node = d.node(node).unwrap();
    let mut names: Vec<String> =
        node.params.iter().filter(|(_, p)| p.tainted).map(|(n, _)| n.clone()).collect();
    names.sort();
    names
}

#[test]
fn later_levels_overwrite_earlier_ones() {
    let mut s = spec(&["a", "b<a"]);
    s.project_variables.insert("x".into(), text("project"));
    s.project_variables.insert("token".into(), Value { kind: "password".into(), value: "secret".into() });
    s.project_keys.push(PublicKey {
        name: "proj-ssh".into(),
        kind: "ssh".into(),
        public: "pub".into(),
        id: "".into(),
    });
    let mut app = App::default();
    app.def.variables.insert("url".into(), text("http://{{.cds.proj.x}}/{{.nope}}"));
    s.applications.insert("shop".into(), app);
    let mut env = Env::default();
    env.def.variables.insert("name".into(), text("prod"));
    s.environments.insert("prod".into(), env);
    let pip = s.pipelines.get_mut("one").unwrap();
    for (name, kind, value) in [("p", "string", "pip"), ("q", "string", "pip"), ("l", "list", "a;b;c")] {
        let parameter = Parameter { kind: kind.into(), value: value.into(), ..Default::default() };
        pip.parameters.insert(name.into(), parameter);
    }
    let root = &mut s.workflow.nodes[0];
    root.application = "shop".into();
    root.environment = "prod".into();
    root.parameters.insert("q".into(), "node".into());
    root.payload.insert("Git.Branch".into(), json!("main"));
    root.payload.insert("n".into(), json!(3));
    let mut d = Driven::start(Start { parameters: map(&[("extra", "hand")]), ..request(s) });
    for (name, value) in [
        ("cds.proj.x", "project"),
        ("cds.key.proj-ssh.pub", "pub"),
        ("cds.application", "shop"),
        ("cds.app.url", "http://project/{{.nope}}"),
        ("cds.env.name", "prod"),
        ("cds.pip.p", "pip"),
        ("cds.pip.q", "node"),
        ("cds.pip.l", "a"),
        ("cds.pip.extra", "hand"),
        ("git.branch", "main"),
        ("n", "3"),
        ("cds.project", "SHOP"),
        ("cds.workflow", "flow"),
        ("cds.pipeline", "one"),
        ("cds.node", "a"),
        ("cds.manual", "true"),
        ("cds.status", "Success"),
        ("cds.version", "7"),
        ("cds.run", "7.0"),
        ("cds.run.number", "7"),
        ("cds.run.subnumber", "0"),
        ("cds.triggered_by.username", "ada"),
        ("cds.node.id", "0"),
        ("cds.ui.pipeline.run", "/project/SHOP/workflow/flow/run/7/node/0?name=a"),
        ("payload", r#"{"git.branch":"main","n":"3"}"#),
    ] {
        assert_eq!(d.param("a", name), Some(value), "{name}");
    }
    let from = |name: &str| d.node("a").unwrap().params[name].origin.clone();
    let origins = ["p", "q", "l", "extra"].map(|name| from(&format!("cds.pip.{name}")));
    assert_eq!(origins, ["pipeline", "node", "pipeline", "by hand"]);
    assert_eq!(d.param("a", "cds.proj.token"), None);
    assert_eq!(tainted(&d, "a"), ["cds.triggered_by.fullname"], "the definition's own payload is trusted");

    d.end_with("a", OK, &[("cds.build.v", "1.2"), ("cds.semver", "1"), ("git.hash", "abcdef0123")]);
    for (name, value) in [
        ("workflow.a.build.v", Some("1.2")),
        ("cds.build.v", None),
        ("workflow.a.pip.q", Some("node")),
        ("cds.pip.q", Some("pip")),
        ("workflow.a.git.branch", Some("main")),
        ("git.branch", Some("main")),
        ("git.hash", Some("abcdef0123")),
        ("git.hash.short", Some("abcdef0")),
        ("workflow.a.status", Some("Success")),
        ("workflow.a.run", Some("7.0")),
        ("workflow.a.semver", None),
        ("cds.semver", None),
        ("workflow.a.project", None),
        ("workflow.a.app.url", Some("http://project/{{.nope}}")),
        ("cds.app.url", None),
        ("n", Some("3")),
        ("cds.manual", Some("false")),
        ("cds.node", Some("b")),
    ] {
        assert_eq!(d.param("b", name), value, "{name}");
    }
}

#[test]
fn a_payload_overwrites_variables_but_not_what_names_the_run() {
    let mut s = spec(&["a"]);
    s.project_variables.insert("x".into(), text("project"));
    let mut start = request(s);
    start.origin = Default::default();
    start.payload = Some(map(&[
        ("cds.proj.x", "payload"),
        ("cds.run", "9.9"),
        ("cds.version", "9"),
        ("cds.triggered_by.username", "bob"),
    ]));
    let d = Driven::start(start);
    assert_eq!(d.param("a", "cds.proj.x"), Some("payload"));
    assert_eq!((d.param("a", "cds.run"), d.param("a", "cds.version")), (Some("7.0"), Some("7")));
    assert_eq!(d.param("a", "cds.triggered_by.username"), Some("bob"));
    assert_eq!(d.param("a", "parent.workflow"), Some(""));
    assert_eq!(d.run.head.tags[0], ("triggered_by".to_string(), "bob".to_string()));
}

#[test]
fn a_payload_by_hand_may_not_name_the_server_s_own() {
    let t = cds_engine::start(
        Start { payload: Some(map(&[("cds.x", "1")])), ..request(spec(&["a"])) },
        cds_model::Timestamp(0),
    );
    assert!(matches!(t, Transition::Refused(r) if r.id == Some(176)));
    let empty = cds_engine::start(request(spec(&[])), cds_model::Timestamp(0));
    assert!(matches!(empty, Transition::Refused(r) if r.id == Some(96)));
}

#[test]
fn a_default_that_is_given_again_is_still_the_definitions_own() {
    let mut s = spec(&["a"]);
    s.workflow.nodes[0].payload =
        [("flags".to_string(), "-a & b".into()), ("who".to_string(), "me".into())].into_iter().collect();
    let d = with_payload(s, &[("flags", "-a & b"), ("who", "you"), ("git.branch", "main")]);
    assert_eq!(tainted(&d, "a"), ["cds.triggered_by.fullname", "git.branch", "payload", "who"]);
}

#[test]
fn what_comes_from_an_event_is_tainted_all_the_way_down() {
    let mut s = spec(&["a", "b<a"]);
    s.project_variables.insert("image".into(), text("shop:{{.git.branch}}"));
    s.project_variables.insert("safe".into(), text("shop:{{.cds.run}}"));
    s.project_variables.insert("indirect".into(), text("{{.cds.proj.image}}"));
    let mut d = with_payload(s, &[("git.branch", "$(id)"), ("git.message", "{{.cds.proj.safe}}")]);
    assert_eq!(d.param("a", "git.message"), Some("((.cds.proj.safe))"));
    assert_eq!(d.param("a", "cds.proj.image"), Some("shop:$(id)"));
    let expected = [
        "cds.proj.image",
        "cds.proj.indirect",
        "cds.triggered_by.fullname",
        "git.branch",
        "git.message",
        "payload",
    ];
    assert_eq!(tainted(&d, "a"), expected);
    d.end_with("a", OK, &[("git.author", "x"), ("git.hash", "ab"), ("cds.build.y", "z")]);
    let below = tainted(&d, "b");
    for name in ["git.branch", "workflow.a.git.branch", "payload", "git.author"] {
        assert!(below.iter().any(|n| n == name), "{name} in {below:?}");
    }
    for name in ["git.hash", "workflow.a.build.y", "cds.proj.safe"] {
        assert!(!below.iter().any(|n| n == name), "{name} in {below:?}");
    }
}

#[test]
fn exports_reach_the_next_stage_changed_values_too() {
    let mut s = spec(&["a"]);
    let mut later = stage("y", &["j"]);
    later.conditions = check("cds.build.v", "eq", "2");
    let stages = vec![stage("x", &["j"]), stage("w", &["j"]), later];
    s.pipelines.insert("one".into(), pipeline("one", stages));
    let mut d = Driven::new(s);
    d.end_with("a", OK, &[("cds.build.v", "1")]);
    d.end_with("a", OK, &[("cds.build.v", "2")]);
    assert_eq!(d.node("a").unwrap().stages[2].status.as_str(), "Waiting");
    assert_eq!(d.node("a").unwrap().params["cds.build.v"].origin, "export");
}

#[test]
fn git_facts_come_from_the_application_the_payload_and_the_parents() {
    let mut s = spec(&["a", "b<a", "c<b", "d<c", "e<d"]);
    let app = |repo: &str, ssh: bool| {
        let mut app = App::default();
        app.def.repo = repo.into();
        app.def.vcs_server = "forge".into();
        app.def.vcs_connection_type = if ssh { "ssh" } else { "https" }.into();
        app.def.vcs_ssh_key = "proj-ssh".into();
        app.def.vcs_user = "bot".into();
        app
    };
    s.applications.insert("shop".into(), app("https://forge.example/acme/shop.git", false));
    s.applications.insert("lib".into(), app("acme/lib", true));
    s.workflow.nodes[0].application = "shop".into();
    s.workflow.nodes[1].application = "lib".into();
    s.workflow.nodes[2].application = "shop".into();
    s.workflow.nodes[3].application = "shop".into();
    let mut d =
        with_payload(s.clone(), &[("git.branch", "main"), ("git.hash", "0123456789"), ("git.author", "eve")]);
    for (name, value) in [
        ("git.repository", "shop"),
        ("git.url", "https://forge.example/acme/shop.git"),
        ("git.http_url", "https://forge.example/acme/shop.git"),
        ("git.server", "forge"),
        ("git.connection.type", "https"),
        ("git.http.user", "bot"),
        ("git.hash.short", "0123456"),
    ] {
        assert_eq!(d.param("a", name), Some(value), "{name}");
    }
    let tag =
        |d: &Driven, name: &str| d.run.head.tags.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    assert_eq!(tag(&d, "git.branch").as_deref(), Some("main"));
    assert_eq!(tag(&d, "git.repository").as_deref(), Some("shop"));
    d.end("a", OK);
    // Another repository: only the branch's name stays.
    for (name, value) in [
        ("git.repository", Some("acme/lib")),
        ("git.branch", Some("main")),
        ("git.hash", None),
        ("git.author", None),
        ("git.url", None),
        ("git.connection.type", Some("ssh")),
        ("git.ssh.key", Some("proj-ssh")),
        ("git.http.user", None),
        ("workflow.a.git.hash", Some("0123456789")),
    ] {
        assert_eq!(d.param("b", name), value, "{name}");
    }
    d.end("b", OK);
    // Back on a repository that an earlier node knows.
    assert_eq!(
        (d.param("c", "git.hash"), d.param("c", "git.repository")),
        (Some("0123456789"), Some("shop"))
    );
    d.end("c", OK);
    assert_eq!(d.param("d", "git.author"), Some("eve"));
    d.end("d", OK);
    assert_eq!((d.param("e", "git.author"), d.param("e", "git.server")), (Some("eve"), Some("forge")));

    let payload = Some(map(&[("git.branch", "main"), ("git.tag", "v1")]));
    let t = cds_engine::start(Start { payload, ..request(s.clone()) }, cds_model::Timestamp(0));
    assert!(matches!(t, Transition::Refused(r) if r.id == Some(74)));
    let d = with_payload(s, &[("git.branch", ""), ("git.tag", "v1")]);
    assert_eq!((d.param("a", "git.branch"), tag(&d, "git.tag").as_deref()), (None, Some("v1")));
}

#[test]
fn requirements_are_completed_interpolated_and_checked() {
    let mut s = spec(&["a"]);
    let jobs = &mut s.pipelines.get_mut("one").unwrap().stages[0].jobs;
    jobs[0].requirements = vec![
        requirement("binary", "{{.cds.pip.tool}}"),
        requirement("binary", "make"),
        requirement("region", "{{.where}}"),
    ];
    jobs.push(jobs[0].clone());
    jobs[1].name = "other".into();
    jobs[1].requirements = vec![requirement("region", "west"), requirement("os-architecture", "linux/arm64")];
    let tool = Parameter { kind: "string".into(), value: "make".into(), ..Default::default() };
    s.pipelines.get_mut("one").unwrap().parameters.insert("tool".into(), tool);
    let mut integration = WorkflowIntegration::default();
    integration.config.insert("r".into(), Value { kind: "region".into(), value: "east".into() });
    s.workflow.integrations.insert("arsenal".into(), integration);
    s.workflow.permissions = [("dev".to_string(), 5), ("guests".to_string(), 4)].into();
    let d = with_payload(s, &[("where", "east")]);
    let queued: Vec<_> = d
        .effects
        .iter()
        .filter_map(|e| match e {
            Effect::QueueJob(q) => Some(q),
            _ => None,
        })
        .collect();
    assert_eq!(queued.len(), 1);
    let shown: Vec<_> = queued[0].requirements.iter().map(|r| format!("{}:{}", r.kind, r.value)).collect();
    assert_eq!(shown, ["binary:make", "region:east", "os-architecture:linux/amd64"]);
    assert_eq!(queued[0].groups, ["dev", "shared.infra"]);
    let job = &d.node("a").unwrap().stages[0].jobs[1];
    assert_eq!(job.status, FAIL);
    let text = "⚠ Unable to run this job: Cannot have multiple region requirements: west and east";
    assert_eq!(job.infos[0].text, text);
    let p = job_parameters(&d.run, JobNo(0)).unwrap();
    let value = |name: &str| p.get(name).map(|p| p.value.as_str());
    assert_eq!((value("cds.stage"), value("cds.job")), (Some("build"), Some("job")));
    assert_eq!(value("job.requirement.binary.make"), Some("make"));
    assert!(job_parameters(&d.run, JobNo(5)).is_none());
}

#[test]
fn tags_and_version_come_from_jobs() {
    let mut s = spec(&["a", "b<a"]);
    s.workflow.metadata.insert("default_tags".into(), "git.branch, who,none".into());
    let mut d = with_payload(s, &[("who", "me"), ("git.branch", "main")]);
    let (job, attempt) = d.take("a");
    d.apply(Event::TagsAdded { job, attempt, tags: map(&[("k", "1"), ("e", "")]) });
    d.apply(Event::TagsAdded { job, attempt, tags: map(&[("k", "2")]) });
    let again = d.try_apply(Event::TagsAdded { job, attempt, tags: map(&[("k", "2")]) });
    assert!(matches!(again, Transition::Ignored(Ignored::Repeated)));
    let pairs: Vec<_> = d.run.head.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(pairs, ["triggered_by=ada", "git.branch=main", "who=me", "k=1,2"]);

    let version = |v: &str| Event::VersionSet { job, attempt, version: v.into() };
    assert!(matches!(d.try_apply(version("one.two")), Transition::Refused(r) if r.id == Some(74)));
    d.apply(version("v1.2.3-rc.1+5"));
    assert!(matches!(d.try_apply(version("v1.2.3-rc.1+5")), Transition::Ignored(Ignored::Repeated)));
    assert!(matches!(d.try_apply(version("1.2.4")), Transition::Refused(r) if r.id == Some(403)));
    // What a lost attempt has set binds nobody but other jobs.
    d.apply(Event::WorkerLost { job, attempt, reason: "it is gone".into() });
    let (job, attempt) = d.take("a");
    let version = |v: &str| Event::VersionSet { job, attempt, version: v.into() };
    d.apply(version("1.2.4"));
    assert!(matches!(d.try_apply(version("1.2.5")), Transition::Refused(r) if r.id == Some(403)));
    d.apply(ended(job, attempt, OK, map(&[])));
    assert_eq!(d.param("b", "cds.version"), Some("1.2.4"));
}

#[test]
fn a_run_survives_its_storage() {
    let mut s = spec(&["a", "b<a", "!c<a"]);
    s.workflow.nodes[1].conditions = check("cds.status", "eq", "Fail");
    let mut d = with_payload(s, &[("git.branch", "x")]);
    d.end_with("a", OK, &[("cds.build.v", "1")]);
    let head = serde_json::to_string(&d.run.head).unwrap();
    assert_eq!(serde_json::from_str::<cds_engine::state::RunHead>(&head).unwrap(), d.run.head);
    for node in &d.run.nodes {
        let text = serde_json::to_string(node).unwrap();
        assert_eq!(serde_json::from_str::<cds_engine::state::NodeRun>(&text).unwrap(), **node);
        let text = serde_json::to_string(&node.params).unwrap();
        assert_eq!(serde_json::from_str::<cds_engine::state::Params>(&text).unwrap(), *node.params);
    }
    let text = serde_json::to_string(&d.run.spec).unwrap();
    assert_eq!(serde_json::from_str::<cds_engine::RunSpec>(&text).unwrap(), *d.run.spec);
    for effect in &d.effects {
        let text = serde_json::to_string(effect).unwrap();
        assert_eq!(serde_json::from_str::<Effect>(&text).unwrap(), *effect);
    }
}
