//! The corpus of injections in everything that comes with an event, against every shell that steps are written for.

use cds_api::runs::{Run, RunStart};
use cds_model::Status;
use cds_testkit::{Project, TestServer, find_job};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What an event says, and where the worker puts it.
const FIELDS: &[(&str, &str)] = &[
    ("git.branch", "GIT_BRANCH"),
    ("git.tag", "GIT_TAG"),
    ("git.message", "GIT_MESSAGE"),
    ("git.author", "GIT_AUTHOR"),
    ("git.author.email", "GIT_AUTHOR_EMAIL"),
    ("pr.title", "PR_TITLE"),
    ("file", "FILE"),
];

/// Runs; each carries another text in each field, and many more as variables of the payload.
const RUNS: usize = 30;

/// The corpus, with the canary's path in place.
fn corpus(canary: &Path) -> Vec<String> {
    let text = include_str!("payloads.txt");
    let all: Vec<String> = text
        .lines()
        .filter(|l| !l.starts_with("# "))
        .map(|l| unescape(l).replace('@', &canary.display().to_string()))
        .collect();
    assert!(all.len() >= 200, "{}", all.len());
    all
}

fn unescape(line: &str) -> String {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        out.extend(rest[..at].encode_utf16());
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            out.push(u16::from(b'\\'));
            break;
        };
        let known = [
            ('n', '\n'),
            ('r', '\r'),
            ('t', '\t'),
            ('b', '\u{8}'),
            ('f', '\u{c}'),
            ('v', '\u{b}'),
            ('\\', '\\'),
        ];
        if let Some((_, meant)) = known.iter().find(|(k, _)| *k == c) {
            out.push(*meant as u16);
            rest = &rest[1..];
        } else if c == 'u'
            && let Some(code) = rest.get(1..5).and_then(|h| u16::from_str_radix(h, 16).ok())
        {
            out.push(code);
            rest = &rest[5..];
        } else {
            out.push(u16::from(b'\\'));
        }
    }
    out.extend(rest.encode_utf16());
    String::from_utf16_lossy(&out)
}

/// What a process can be given: no zero bytes; line ends as the reference writes them.
fn in_environment(text: &str) -> String {
    text.replace('\n', "\\n").replace('\0', "")
}

const SECRET: &str = "hunter2-hunter2-hunter2";

async fn start() -> (TestServer, Project, PathBuf) {
    let server = TestServer::start().await;
    let project = server.project("EVIL").await;
    // A place that everybody may write to, were they asked.
    let canary = server.scratch().join("canary");
    let variable =
        cds_api::projects::Variable { name: "secret".into(), kind: "password".into(), value: SECRET.into() };
    project
        .client
        .variable_add(&cds_client::Owner::Project("EVIL".into()), &variable)
        .await
        .expect("a secret");
    (server, project, canary)
}

/// Prints variables whose names begin so, each as `name=hex`.
const PRINT: &str = r#"
import os
for name, value in sorted(os.environb.items()):
    if name.startswith((b'GIT_', b'PR_', b'FILE', b'P_', b'CDS_PIP_')):
        print('=> ' + name.decode() + '=' + value.hex())
"#;

/// What a step printed.
fn printed(log: &str) -> BTreeMap<String, String> {
    log.lines()
        .filter_map(|l| l.strip_prefix("=> ")?.split_once('='))
        .map(|(name, hex)| {
            let bytes: Vec<u8> = (0..hex.len() / 2)
                .filter_map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok())
                .collect();
            (name.to_string(), String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

fn event(texts: &[String], round: usize) -> (Value, BTreeMap<String, String>) {
    let mut payload = serde_json::Map::new();
    let mut wanted = BTreeMap::new();
    for (i, (name, variable)) in FIELDS.iter().enumerate() {
        let text = &texts[(round * 9 + i * 31) % texts.len()];
        payload.insert((*name).to_string(), json!(text));
        // Free text about a commit loses its braces, as in the reference (spec 6.6).
        let commit = ["git.branch", "git.tag", "git.message", "git.author"].contains(name);
        let text = if commit { text.replace("{{", "((").replace("}}", "))") } else { text.clone() };
        wanted.insert((*variable).to_string(), in_environment(&text));
    }
    for i in 0..9 {
        let text = &texts[(round * 9 + i) % texts.len()];
        payload.insert(format!("p.{i}"), json!(text));
        wanted.insert(format!("P_{i}"), in_environment(text));
    }
    (Value::Object(payload), wanted)
}

fn shells() -> String {
    // Each shell proves by itself that it got the texts: it hands them on, one by one, as an argument.
    let each = |quiet: &str| {
        format!(
            "{quiet}for name in GIT_BRANCH GIT_TAG GIT_MESSAGE GIT_AUTHOR PR_TITLE P_0 P_3 P_7; do\n  eval \"value=\\${{$name-}}\"\n  \
             printf '=> %s=' \"$name\"; printf %s \"$value\" | od -An -v -tx1 | tr -d ' \\n'; echo\ndone\n"
        )
    };
    let step = |name: &str, text: &str| format!("  - name: {name}\n    script: {}\n", Value::from(text));
    format!(
        "version: v1.0\nname: p\nparameters:\n  all: {{type: string}}\njobs:\n- job: job\n  steps:\n{}{}{}",
        step("sh", &format!("#!/bin/sh -e\n{}", each(""))),
        step("bash", &format!("#!/bin/bash -eu\n{}", each("set -o pipefail\n"))),
        step("python", &format!("#!/usr/bin/env python3{PRINT}")),
    )
}

/// Texts from events arrive as they are in the environment, whatever is in them, and nothing in them is run.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_data_in_every_shell() {
    let (server, project, canary) = start().await;
    let texts = corpus(&canary);
    project
        .push(&[("p.pip.yml", &shells()), ("w.yml", "name: w\nversion: v2.0\nworkflow:\n  n:\n    pipeline: p\n    parameters:\n      all: 'on {{.git.branch}}: {{.pr.title}}'\n")])
        .await;
    let mut started = Vec::new();
    for round in 0..RUNS {
        let (payload, wanted) = event(&texts, round);
        let run = project.run("w", RunStart { payload: Some(payload), ..RunStart::default() }).await;
        started.push((run.brief.number, wanted));
    }
    let mut seen = 0;
    for (number, wanted) in started {
        let run = project.ended("w", number).await;
        assert_eq!(run.brief.status, Status::Success, "{}", serde_json::to_string_pretty(&run).unwrap());
        for step in 0..3 {
            let log = project.log(&run, "n", "job", step).await;
            assert!(!log.contains(SECRET), "{log}");
            let got = printed(&log);
            assert!(got.len() >= 8, "step {step}: {log}");
            for (name, value) in got.iter().filter(|(name, _)| wanted.contains_key(*name)) {
                assert_eq!(value, &wanted[name], "step {step}, {name}");
                seen += 1;
            }
            if step == 2 {
                let all = format!("on {}: {}", wanted["GIT_BRANCH"], wanted["PR_TITLE"]);
                assert_eq!(got["CDS_PIP_ALL"], all);
                assert!(
                    wanted.keys().all(|name| got.contains_key(name)
                        || wanted[name].is_empty()
                        || name == "GIT_BRANCH"),
                    "{log}"
                );
            }
        }
        assert!(!canary.exists(), "something of {wanted:#?} was run");
    }
    assert!(seen >= RUNS * 25, "{seen}");
    drop(server);
}

/// How people write it who should not: as a part of the script. What is not harmless everywhere is refused.
const SPLICES: &[(&str, &str)] = &[
    ("sh", "echo {{.@}}"),
    ("sh", "echo \"{{.@}}\""),
    ("sh", "echo '{{.@}}'"),
    ("bash", "cat <<EOF\n{{.@}}\nEOF"),
    ("bash", "x=$(echo {{.@}}); : ${y:={{.@}}}"),
    ("bash", "# {{.@}}\n: `true {{.@ | replace \"x\" \"y\"}}`"),
    ("bash", "[[ a == {{.@ | trim}} ]] || (( 1 )) # {{ .@ | upper | lower }}"),
    ("python", "print('''{{.@}}''')"),
    ("python", "x = \"{{.@}}\""),
    ("sh", "echo {{.cds.pip.all}}"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spliced_is_harmless_or_refused() {
    let (server, project, canary) = start().await;
    let texts = corpus(&canary);
    let mut steps = String::new();
    for (i, (shell, script)) in SPLICES.iter().enumerate() {
        let (field, _) = FIELDS[i % FIELDS.len()];
        let first = match *shell {
            "python" => "#!/usr/bin/env python3\n",
            "bash" => "#!/bin/bash\n",
            _ => "",
        };
        let script = format!("{first}{}", script.replace('@', field));
        steps.push_str(&format!("  - script: {}\n    optional: true\n", Value::from(script)));
    }
    // Fields as parameters of actions: git, files, reports.
    for action in [
        "gitClone: {url: '{{.git.branch}}', directory: a}",
        "gitClone: {url: '/nothing/{{.pr.title}}', branch: '{{.git.message}}', directory: '{{.file}}'}",
        "gitClone: {url: 'file:///nothing', branch: '{{.git.branch}}', commit: '{{.git.tag}}', directory: c}",
        "artifactUpload: {path: '{{.file}}', tag: '{{.git.tag}}'}",
        "artifactUpload: {path: './{{.pr.title}}', tag: x}",
        "artifactDownload: {path: '{{.file}}', pattern: '{{.git.branch}}'}",
        "jUnitReport: '{{.pr.title}}'",
    ] {
        steps.push_str(&format!("  - {action}\n    optional: true\n"));
    }
    let pipeline = format!(
        "version: v1.0\nname: p\nparameters:\n  all: {{type: string}}\njobs:\n- job: job\n  steps:\n{steps}"
    );
    let workflow = "name: w\nversion: v2.0\nworkflow:\n  n:\n    pipeline: p\n    parameters:\n      all: 'on {{.git.branch}}'\n";
    project.push(&[("p.pip.yml", &pipeline), ("w.yml", workflow)]).await;
    let mut started = Vec::new();
    for round in 0..RUNS {
        let (payload, _) = event(&texts, round);
        started.push((
            project
                .run("w", RunStart { payload: Some(payload.clone()), ..RunStart::default() })
                .await
                .brief
                .number,
            payload,
        ));
    }
    let mut refused = 0;
    for (number, payload) in started {
        let run = project.ended("w", number).await;
        assert!(!canary.exists(), "something of {payload:#} was run");
        let job = find_job(&run, "n", "job");
        for step in 0..SPLICES.len() as u16 {
            let log = project.attempt_log(job, 1, step).await;
            assert!(!log.contains(SECRET), "{log}");
            refused += usize::from(log.contains("comes from an event and could run as code here"));
        }
    }
    assert!(refused >= RUNS * SPLICES.len() / 2, "only {refused} steps were refused");
    drop(server);
}

/// Texts that a job makes itself and that others read: names of files, tags, reports, variables for the next job.
#[tokio::test(flavor = "multi_thread")]
async fn results_with_hostile_names_are_data() {
    let (server, project, canary) = start().await;
    let texts: Vec<String> = corpus(&canary).into_iter().filter(|t| !t.contains('\0')).collect();
    let names: Vec<String> = texts
        .iter()
        .map(|t| t.replace(['/', '\\'], "%"))
        .filter(|t| t.len() < 200 && !matches!(t.as_str(), "" | "." | "..") && !t.starts_with('-'))
        .take(60)
        .collect();
    let list = server.scratch().join("texts.json");
    std::fs::write(&list, json!({"texts": texts, "names": names}).to_string()).expect("a file");
    let make = format!(
        r#"#!/usr/bin/env python3
import json, subprocess, os
from xml.sax.saxutils import quoteattr, escape
given = json.load(open({list:?}))
os.mkdir('out')
for name in given['names']:
    open('out/' + name, 'w').write(name)
xml = lambda t: ''.join(c for c in t if c in '\t\n\r' or ord(c) >= 32 and not 0xd800 <= ord(c) < 0xe000 and ord(c) < 0xfffe)
with open('report.xml', 'w') as f:
    f.write('<testsuites><testsuite name=' + quoteattr(xml(given['texts'][0])) + '>')
    for t in given['texts']:
        f.write('<testcase name=%s classname=%s><system-out>%s</system-out></testcase>' % (quoteattr(xml(t)), quoteattr(xml(t)), escape(xml(t))))
    f.write('</testsuite></testsuites>')
subprocess.run(['worker', 'export', 'evil', os.environ['EVIL']], check=True)
for i, t in enumerate(given['texts'][::9]):
    subprocess.run(['worker', 'export', 'v%d' % i, t.replace('\n', ' ')], check=True)
    subprocess.run(['worker', 'tag', 't%d=%s' % (i, t.replace('\n', ' ')[:100])], check=False)
"#,
        list = list.display().to_string()
    );
    let take = format!(
        "#!/usr/bin/env python3\nimport os\nprint(sorted(os.listdir('in')))\nfor n, v in os.environb.items():\n    if b'BUILD_V' in n: print('=> ' + n.decode() + '=' + v.hex())\n{}",
        ""
    );
    let pipeline = |name: &str, steps: String| {
        format!("version: v1.0\nname: {name}\njobs:\n- job: job\n  steps:\n{steps}")
    };
    let first = pipeline(
        "make",
        format!(
            "  - script: {}\n  - artifactUpload: {{path: 'out/*', tag: x}}\n  - jUnitReport: report.xml\n",
            Value::from(make.as_str())
        ),
    );
    let second = pipeline(
        "take",
        format!(
            "  - artifactDownload: {{path: in}}\n  - script: {}\n  - script: [\"echo {{{{.workflow.make.build.evil}}}}\"]\n    optional: true\n",
            Value::from(take.as_str())
        ),
    );
    let workflow = "name: w\nversion: v2.0\nworkflow:\n  make: {pipeline: make}\n  take: {pipeline: take, depends_on: [make]}\n";
    project.push(&[("make.pip.yml", &first), ("take.pip.yml", &second), ("w.yml", workflow)]).await;
    // What an event said and a job handed on is an event's text still.
    let payload = json!({"evil": format!(";touch {};", canary.display())});
    let run = project.run("w", RunStart { payload: Some(payload), ..RunStart::default() }).await;
    let run: Run = project.ended("w", run.brief.number).await;
    let log = project.log(&run, "make", "job", 0).await;
    assert_eq!(run.brief.status, Status::Success, "{log}\n{}", serde_json::to_string_pretty(&run).unwrap());
    assert!(!canary.exists());
    let files = project
        .client
        .run_artifacts("EVIL", "w", cds_client::RunNumber::Number(run.brief.number))
        .await
        .expect("results");
    for name in &names {
        assert!(files.iter().any(|f| &f.name == name), "{name:?} is not among the results");
    }
    let refused = project.log(&run, "take", "job", 2).await;
    assert!(refused.contains("comes from an event and could run as code here"), "{refused}");
    let exported = printed(&project.log(&run, "take", "job", 1).await);
    // What a job makes up itself may be a template, as in the reference.
    for (i, text) in texts.iter().step_by(9).enumerate().filter(|(_, t)| !t.contains("{{")) {
        let name = format!("WORKFLOW_MAKE_BUILD_V{i}");
        let wanted = text.replace('\n', " ");
        assert_eq!(exported.get(&name).map(String::as_str), Some(wanted.as_str()), "{name}");
    }
    drop(server);
}
