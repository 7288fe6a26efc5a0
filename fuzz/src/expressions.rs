//! Interpolation, conditions, Lua, payloads.

use crate::{parts, text};
use cds_expr::{
    condition::{PlainCheck, eval},
    dump::{flatten, flatten_typed},
    interpolate::interpolate as render,
    lua::eval_bool,
    tainted::{TaintPolicy, interpolate_script, interpolate_tracked, is_inert, uses},
};
use indexmap::IndexMap;
use std::time::{Duration, Instant};

/// What a hostile branch is called; it must not get into a script.
const HOSTILE: &str = "zzz\";echo${IFS}\"hello\";#";

fn vars(extra: &[&str]) -> IndexMap<String, String> {
    let fixed = [
        ("git.branch", HOSTILE),
        ("git.hash", "0123456789abcdef"),
        ("cds.version", "12"),
        ("cds.pip.name", "a b"),
        ("cds.env.x", "{{.cds.version}}"),
    ];
    let mut all: IndexMap<String, String> = fixed.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    for pair in extra.chunks_exact(2).take(8) {
        if pair[0] != "git.branch" {
            all.insert(pair[0].to_owned(), pair[1].to_owned());
        }
    }
    all
}

/// A template, then names and values.
pub fn interpolate(data: &[u8]) {
    let parts = parts(data);
    let (template, vars) = (parts[0], vars(&parts[1..]));
    let tainted = |name: &str| name == "git.branch";
    let plain = render(template, &vars);
    let tracked = interpolate_tracked(template, &vars, &tainted);
    assert_eq!(plain.as_ref().ok(), tracked.as_ref().ok().map(|t| &t.text));
    let spliced = interpolate_script(template, &vars, &tainted, TaintPolicy::Splice);
    assert_eq!(plain.as_ref().ok(), spliced.as_ref().ok());
    for policy in [TaintPolicy::Inert, TaintPolicy::Refuse] {
        if let Ok(script) = interpolate_script(template, &vars, &tainted, policy) {
            // It is the same text, and what is foreign in it is harmless.
            assert_eq!(plain.as_ref().ok(), Some(&script));
            let own = template.contains(HOSTILE)
                || vars.iter().any(|(k, v)| k != "git.branch" && v.contains(HOSTILE));
            assert!(own || !script.contains(HOSTILE), "{script:?}");
        }
    }
    for (_, line) in uses(template) {
        assert!(line >= 1);
    }
    is_inert(template);
}

/// A script; it ends soon, whatever it is.
pub fn lua(data: &[u8]) {
    let begin = Instant::now();
    let _ = eval_bool(text(data), &vars(&[]));
    // The limit is 200 ms; this machine may be busy.
    assert!(begin.elapsed() < Duration::from_secs(20));
}

/// Operator, variable's value, right side.
pub fn conditions(data: &[u8]) {
    let parts = parts(data);
    let [operator, value, right] = [0, 1, 2].map(|i| parts.get(i).copied().unwrap_or_default());
    let mut vars = vars(&[]);
    vars.insert("v".into(), value.into());
    for operator in [operator, "regex", "lt", "eq"] {
        let check = PlainCheck { variable: "v", operator, value: right };
        if let Ok(outcome) = eval(&[check], "", &vars) {
            assert_eq!(outcome.why.len(), 1);
            assert_eq!(outcome.holds, outcome.why[0].ok);
        }
    }
}

/// The JSON of an event.
pub fn payload(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let flat = flatten(&value, true);
    let _ = flatten_typed(&value);
    if let Ok(flat) = flat {
        for (name, value) in &flat {
            let template = format!("{{{{.{name}}}}}");
            let _ = (render(&template, &flat), value.len());
        }
    }
}
