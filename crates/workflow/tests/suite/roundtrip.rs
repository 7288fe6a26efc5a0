//! Reading an export gives the definition back, and writing that gives the same bytes.

use crate::support;
use cds_workflow::builtin::{self, ACTIONS};
use cds_workflow::def::*;
use cds_workflow::export::*;
use cds_workflow::parse::{OPERATORS, when_check};
use indexmap::IndexMap;
use proptest::prelude::*;
use std::collections::BTreeMap;

const GROUPS: ExportOptions = ExportOptions { with_permissions: true };

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9._-]{1,8}", Just("true".to_owned()), Just("012".to_owned()), Just("n".to_owned())]
}

/// Any text, with a liking for what YAML finds difficult.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\n]{0,16}",
        "[a-z ]{0,8}(\n[a-z:#' -]{0,6}){0,4}",
        "\\PC{0,6}",
        any::<String>(),
        prop::sample::select(vec![
            "yes",
            "~",
            "0x1F",
            "1.0",
            "2020-01-01",
            "1:30",
            "{{.a}}",
            "- a",
            "a: b",
            "\n",
            "<<",
            "=",
            ""
        ])
        .prop_map(str::to_owned),
    ]
}

fn some() -> impl Strategy<Value = String> {
    text().prop_filter("empty", |t| !t.is_empty())
}

fn text_map() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(text(), some(), 0..4)
}

fn script() -> impl Strategy<Value = String> {
    prop_oneof![2 => Just(String::new()), 1 => some().prop_filter("blank", |t| !t.trim().is_empty())]
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let check = (text(), prop::sample::select(OPERATORS.to_vec()), text())
        .prop_map(|(variable, operator, value)| Check { variable, operator: operator.into(), value });
    (prop::collection::vec(check, 0..3), script()).prop_map(|(check, script)| Conditions { check, script })
}

fn permissions() -> impl Strategy<Value = Permissions> {
    prop::collection::btree_map(name(), prop::sample::select(vec![4u8, 5, 7]), 0..3)
}

fn value(types: &'static [&'static str]) -> impl Strategy<Value = Value> {
    (prop::sample::select(types.to_vec()), text())
        .prop_map(|(kind, value)| Value { kind: kind.into(), value })
}

fn values() -> impl Strategy<Value = BTreeMap<String, Value>> {
    prop::collection::btree_map(text(), value(&["password", "text", "string", "boolean", "number"]), 0..4)
}

fn keys(prefix: &'static str) -> impl Strategy<Value = BTreeMap<String, Key>> {
    let key = (prop::sample::select(vec!["ssh", "pgp"]), text(), any::<Option<bool>>())
        .prop_map(|(kind, value, regen)| Key { kind: kind.into(), value, regen });
    prop::collection::btree_map(name().prop_map(move |n| format!("{prefix}{n}")), key, 0..3)
}

fn applications() -> impl Strategy<Value = Application> {
    let ssh = (some()).prop_map(|k| ("ssh".to_owned(), k, String::new(), String::new()));
    let https = (text(), text()).prop_map(|(u, p)| ("https".to_owned(), String::new(), u, p));
    let deployments = prop::collection::btree_map(
        name(),
        prop::collection::btree_map(name(), value(&["string", "password"]), 0..3),
        0..2,
    );
    let repo = prop::option::of((some(), some()));
    (name(), text(), repo, values(), keys("app-"), prop_oneof![ssh, https], text(), deployments).prop_map(
        |(name, description, repo, variables, keys, (kind, key, user, password), pgp, deployments)| {
            let (vcs_server, repo) = repo.unwrap_or_default();
            Application {
                name,
                description,
                vcs_server,
                repo,
                variables,
                keys,
                vcs_connection_type: kind,
                vcs_ssh_key: key,
                vcs_user: user,
                vcs_password: password,
                vcs_pgp_key: pgp,
                deployments,
                from_repository: String::new(),
            }
        },
    )
}

fn environments() -> impl Strategy<Value = Environment> {
    (name(), values(), keys("env-")).prop_map(|(name, variables, keys)| Environment {
        name,
        variables,
        keys,
        from_repository: String::new(),
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let builtin =
        (0..ACTIONS.len(), prop::collection::vec(prop::option::of(text()), 12)).prop_map(|(i, values)| {
            let action = &ACTIONS[i];
            let given = action.parameters.iter().zip(values);
            let given = given.filter_map(|(p, v)| v.map(|v| (p.name.to_owned(), v)));
            (action.name.to_owned(), given.collect::<IndexMap<_, _>>())
        });
    let own = ("(grp/)?act[a-z]{0,4}|timeout", text_map()).prop_map(|(n, p)| (n, p.into_iter().collect()));
    (prop_oneof![3 => builtin, 1 => own], text(), any::<(bool, bool, bool)>(), limits()).prop_map(
        |((action, parameters), name, (enabled, optional, always_executed), timeout_s)| Step {
            name,
            enabled,
            optional,
            always_executed,
            timeout_s,
            action,
            parameters,
            line: 0,
        },
    )
}

/// Seconds; 0 = none.
fn limits() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..100_000u64, (1..400u64).prop_map(|days| days * 86_400)]
}

fn requirements() -> impl Strategy<Value = Vec<Requirement>> {
    let named = |kind: &'static str| some().prop_map(move |v| (v.clone(), kind, v));
    let only = |kind: &'static str| some().prop_map(move |v| (kind.to_owned(), kind, v));
    let one = prop_oneof![
        named("binary"),
        named("plugin"),
        named("os-architecture"),
        only("hostname"),
        only("model"),
        only("memory"),
        only("region"),
        only("flavor"),
        "[a-z.]{1,5}".prop_map(|v| ("secret".to_owned(), "secret", v)),
        (some(), some()).prop_map(|(n, v)| (n, "service", v)),
    ];
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let unique: BTreeMap<(String, String), String> =
            all.into_iter().map(|(name, kind, value)| ((name, kind.to_owned()), value)).collect();
        unique.into_iter().map(|((name, kind), value)| Requirement { name, kind, value }).collect()
    })
}

fn jobs() -> impl Strategy<Value = Job> {
    let words = (text(), text(), any::<bool>());
    let lists = (requirements(), prop::collection::vec(steps(), 0..4));
    (words, lists, limits(), limits()).prop_map(
        |((name, description, enabled), (requirements, steps), timeout_s, queue_timeout_s)| Job {
            name,
            description,
            enabled,
            requirements,
            timeout_s,
            queue_timeout_s,
            steps,
        },
    )
}

fn pipelines() -> impl Strategy<Value = Pipeline> {
    let stage_name = prop_oneof!["[a-zA-Z0-9._-]{1,6}( [a-z]{1,3})?", Just(String::new())];
    let stage = (any::<bool>(), conditions(), prop::collection::vec(jobs(), 0..3));
    let stages = prop::collection::btree_map(stage_name, stage, 0..4).prop_shuffle_values();
    let types = vec!["string", "number", "text", "boolean", "list", "ssh-key", "pgp-key"];
    let parameter = (prop::sample::select(types), text(), text()).prop_map(|(kind, value, description)| {
        Parameter { kind: kind.into(), value, description, advanced: false }
    });
    (name(), text(), prop::collection::vec((text(), parameter), 0..4), stages).prop_map(
        |(name, description, parameters, stages)| Pipeline {
            name,
            description,
            parameters: parameters.into_iter().collect(),
            stages: stages
                .into_iter()
                .map(|(name, (enabled, mut conditions, jobs))| {
                    if !conditions.script.is_empty() {
                        conditions.check.clear();
                    }
                    Stage { name, enabled, conditions, jobs }
                })
                .collect(),
            from_repository: String::new(),
        },
    )
}

/// Stages come out of a map to have unique names; their order must not be sorted.
trait ShuffleValues<T> {
    fn prop_shuffle_values(self) -> BoxedStrategy<Vec<(String, T)>>;
}

impl<S, T> ShuffleValues<T> for S
where
    S: Strategy<Value = BTreeMap<String, T>> + 'static,
    T: std::fmt::Debug + Clone + 'static,
{
    fn prop_shuffle_values(self) -> BoxedStrategy<Vec<(String, T)>> {
        self.prop_map(|m| m.into_iter().collect::<Vec<_>>()).prop_shuffle().boxed()
    }
}

/// What a file can say of a pipeline, as documented at `export`.
fn as_file(mut p: Pipeline) -> Pipeline {
    if let [only] = p.stages.as_mut_slice()
        && only.enabled
        && only.conditions.is_empty()
    {
        only.name.clear();
        if only.jobs.is_empty() {
            p.stages.clear();
        }
    }
    for job in p.stages.iter_mut().flat_map(|s| &mut s.jobs) {
        job.requirements = builtin::job_requirements(job);
        job.requirements.sort_by(|a, b| a.name.cmp(&b.name));
        for step in &mut job.steps {
            if step.name.eq_ignore_ascii_case(&step.action) {
                step.name.clear();
            }
            let clone = step.action == "GitClone";
            step.parameters = builtin::parameters(step);
            step.parameters.retain(|k, v| match (clone, k.as_str(), v.as_str()) {
                (true, "tag", v) => v != "{{.git.tag}}",
                (true, "depth", "50") | (true, "submodules", "true") => false,
                (_, "script", _) => true,
                (_, _, v) => !v.is_empty(),
            });
        }
    }
    for stage in &mut p.stages {
        stage.jobs.sort_by(|a, b| a.name.cmp(&b.name));
    }
    p
}

/// Kind, conditions, words of `when`, context, configuration, payload, choice of parents.
type RawNode = (
    (String, String),
    Conditions,
    (bool, bool),
    (String, String, String, bool, BTreeMap<String, String>, Permissions),
    BTreeMap<String, String>,
    IndexMap<String, serde_json::Value>,
    [u8; 3],
);

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let kind = prop_oneof![
        3 => name().prop_map(|p| (p, String::new())),
        1 => Just((String::new(), String::new())),
        1 => prop::sample::select(vec!["WebHook", "Workflow"]).prop_map(|t| (String::new(), t.to_owned())),
    ];
    let payload_value = prop_oneof![
        text().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>()
            .prop_filter("whole", |f| f.is_finite() && f.fract() != 0.0)
            .prop_map(serde_json::Value::from),
    ];
    let payload = prop::collection::vec((some(), payload_value), 0..4)
        .prop_map(|p| p.into_iter().filter(|(k, _)| !k.trim().to_lowercase().starts_with("cds.")).collect());
    let context = (text(), text(), text(), any::<bool>(), text_map(), permissions());
    let node = (kind, conditions(), any::<(bool, bool)>(), context, text_map(), payload, any::<[u8; 3]>());
    prop::collection::vec((name(), node), 1..8).prop_map(|all| {
        let unique: IndexMap<String, _> = all.into_iter().collect();
        let names: Vec<String> = unique.keys().cloned().collect();
        let build = |(i, (name, node)): (usize, (String, _))| {
            let ((pipeline, trigger), mut conditions, (success, manual), context, config, payload, picks): RawNode = node;
            let words = [(success, "success"), (manual, "manual")];
            conditions.check.extend(words.iter().filter(|w| w.0).filter_map(|w| when_check(w.1)));
            let (application, environment, integration, mutex, parameters, permissions) = context;
            let mut parents: Vec<String> = if i == 0 {
                vec![]
            } else {
                picks.iter().map(|p| names[usize::from(*p) % i].clone()).collect()
            };
            parents.sort();
            parents.dedup();
            let kind = match (pipeline.is_empty(), trigger.is_empty(), parents.len()) {
                (_, false, _) => NodeKind::OutgoingHook,
                (false, _, _) => NodeKind::Pipeline,
                (_, _, 2..) => NodeKind::Join,
                _ => NodeKind::Fork,
            };
            Node {
                name,
                kind,
                parents,
                conditions,
                mutex,
                pipeline,
                application,
                environment,
                integration,
                payload: if i == 0 { payload } else { IndexMap::new() },
                parameters,
                config: if trigger.is_empty() { BTreeMap::new() } else { config },
                trigger,
                permissions,
                ..Node::default()
            }
        };
        unique.into_iter().enumerate().map(build).collect()
    })
}

fn workflows() -> impl Strategy<Value = Workflow> {
    let settings = (
        text(),
        any::<(bool, bool, bool)>(),
        prop::collection::vec(text(), 0..3),
        conditions(),
        any::<Option<bool>>(),
    );
    let settings =
        settings.prop_map(|(on, (a, b, c), recipients, conditions, comment)| NotificationSettings {
            on_success: if on.is_empty() { "always".into() } else { on },
            on_start: a,
            send_to_groups: b,
            send_to_author: c,
            recipients,
            template: comment.map(|c| NotificationTemplate {
                body: "b".into(),
                disable_comment: Some(c),
                ..Default::default()
            }),
            conditions,
            ..NotificationSettings::default()
        });
    let notification = (any::<bool>(), prop::option::of(settings)).prop_map(|(vcs, settings)| Notification {
        kind: if vcs { "vcs" } else { "email" }.into(),
        settings,
        ..Notification::default()
    });
    let hook = (
        prop::sample::select(vec!["WebHook", "Scheduler", "Kafka hook", "Workflow"]),
        text_map(),
        conditions(),
    )
        .prop_map(|(model, config, conditions)| Hook { model: model.into(), config, conditions });
    let integration = prop::collection::btree_map(name(), value(&["string", "password"]), 0..3)
        .prop_map(|config| WorkflowIntegration { kind: "artifact_manager".into(), config });
    let shell =
        (name(), text(), permissions(), text_map(), prop::collection::vec(some(), 0..3), script(), 0i64..30);
    let rest = (
        prop::collection::vec(notification, 0..3),
        prop::collection::vec(hook, 0..3),
        prop::option::of((name(), integration)),
    );
    (shell, nodes(), rest, limits()).prop_map(|(shell, nodes, rest, timeout_s)| {
        let (notifications, hooks, integration) = rest;
        let (name, description, permissions, metadata, purge_tags, retention_policy, history_length) = shell;
        let root = nodes[0].name.clone();
        Workflow {
            name,
            description,
            hooks: if hooks.is_empty() { BTreeMap::new() } else { [(root, hooks)].into() },
            nodes,
            permissions,
            metadata,
            purge_tags,
            retention_policy,
            notifications,
            history_length: if history_length == 20 { 0 } else { history_length },
            integrations: integration.into_iter().collect(),
            timeout_s,
            from_repository: String::new(),
        }
    })
}

/// Parents as the file names them.
fn depends_on(w: &Workflow, node: &Node) -> Vec<String> {
    let anonymous = |p: &String| w.nodes.iter().find(|n| n.name == *p && n.anonymous);
    node.parents.iter().flat_map(|p| anonymous(p).map_or(vec![p.clone()], |j| j.parents.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn application(a in applications()) {
        let out = export_application(&a);
        prop_assert_eq!(&support::application(&out), &a, "{}", out);
    }

    #[test]
    fn environment(e in environments()) {
        let out = export_environment(&e);
        prop_assert_eq!(&support::environment(&out), &e, "{}", out);
    }

    #[test]
    fn pipeline(p in pipelines()) {
        let out = export_pipeline(&p);
        let back = support::pipeline(&out);
        prop_assert_eq!(&back, &as_file(p), "{}", out);
        prop_assert_eq!(export_pipeline(&back), out);
        prop_assert_eq!(support::pipeline(&export_pipeline_json(&back).to_string()), back);
    }

    #[test]
    fn workflow(raw in workflows()) {
        let out = export_workflow(&raw, GROUPS);
        let w = support::workflow(&out);
        prop_assert_eq!(export_workflow(&w, GROUPS), out.clone());
        prop_assert_eq!(&support::workflow(&export_workflow(&w, GROUPS)), &w, "{}", out);
        for node in &raw.nodes {
            let got = w.nodes.iter().find(|n| n.name == node.name).unwrap();
            prop_assert_eq!(depends_on(&w, got), node.parents.clone());
            let mut got = got.clone();
            got.parents = node.parents.clone();
            // Outgoing hooks gain the defaults of their model.
            got.config.retain(|k, _| node.config.contains_key(k));
            prop_assert_eq!(&got, node);
        }
        prop_assert_eq!(&w.notifications, &raw.notifications);
        prop_assert_eq!((&w.metadata, &w.description, &w.retention_policy), (&raw.metadata, &raw.description, &raw.retention_policy));
        prop_assert_eq!((w.history_length, &w.integrations, &w.permissions), (raw.history_length, &raw.integrations, &raw.permissions));
        prop_assert_eq!(cds_workflow::validate::validate_workflow(&w).iter().filter(|i| ![110, 161].contains(&i.id)).count(), 0);
    }

    #[test]
    fn the_order_of_entries_means_nothing(raw in workflows(), turn in any::<usize>()) {
        let mut json = export_workflow_json(&raw, GROUPS);
        let w = support::workflow(&json.to_string());
        if let Some(serde_json::Value::Object(entries)) = json.get_mut("workflow") {
            let mut all: Vec<(String, serde_json::Value)> = std::mem::take(entries).into_iter().collect();
            let middle = turn % all.len();
            all.rotate_left(middle);
            all[..].reverse();
            entries.extend(all);
        }
        prop_assert_eq!(support::workflow(&json.to_string()), w);
    }
}
