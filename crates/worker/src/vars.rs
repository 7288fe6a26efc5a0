//! A job's variables: parameters, secrets, what the job itself sets; their interpolation (spec 8.5, 9.4).

use cds_api::worker::{AssignedSecret, AssignedStep, Assignment};
use cds_expr::{
    interpolate::interpolate,
    tainted::{self, TaintPolicy, interpolate_script},
};
use indexmap::IndexMap;
use std::collections::HashSet;

/// Passes over each parameter (spec 8.5).
const PASSES: usize = 10;

/// All variables of a running job.
pub(crate) struct Vars {
    values: IndexMap<String, String>,
    tainted: HashSet<String>,
    policy: TaintPolicy,
    secrets: Vec<AssignedSecret>,
    set: IndexMap<String, String>,
}

impl Vars {
    /// Puts together what the assignment brought and what the worker adds (spec 9.1.5), and interpolates it all.
    /// The error is a sentence that names the parameter.
    pub fn new(job: &Assignment, workspace: &str, worker: &str) -> Result<Self, String> {
        let mut values = job.parameters.clone();
        values.insert("cds.workspace".into(), workspace.into());
        values.insert("cds.worker".into(), worker.into());
        for secret in &job.secrets {
            values.insert(secret.name.clone(), secret.value.clone());
        }
        let policy = match job.taint_policy.as_str() {
            "splice" => TaintPolicy::Splice,
            "refuse" => TaintPolicy::Refuse,
            _ => TaintPolicy::Inert,
        };
        let mut vars = Self {
            values,
            tainted: job.tainted.iter().cloned().collect(),
            policy,
            secrets: job.secrets.clone(),
            set: IndexMap::new(),
        };
        vars.settle(&job.verbatim)?;
        Ok(vars)
    }

    /// Interpolates every parameter until it stays as it is. `verbatim` ones are an event's text and stay at once:
    /// the name of a branch must not fetch a secret by an expression.
    fn settle(&mut self, verbatim: &[String]) -> Result<(), String> {
        let open = |(_, v): &(&String, &String)| v.contains("{{");
        let (foreign, names): (Vec<String>, Vec<String>) =
            self.values.iter().filter(open).map(|(k, _)| k.clone()).partition(|k| verbatim.contains(k));
        // Values in which braces may be foreign: what uses them is interpolated once more, and that is all.
        let mut hot: HashSet<String> = foreign.into_iter().collect();
        // Taint spreads first: a value that is built from an event's text is an event's text.
        for _ in 0..PASSES {
            let before = self.tainted.len();
            for name in &names {
                let text = self.values.get(name).map(String::as_str).unwrap_or_default();
                if tainted::uses(text).iter().any(|(used, _)| self.tainted.contains(used)) {
                    self.tainted.insert(name.clone());
                }
            }
            if self.tainted.len() == before {
                break;
            }
        }
        for name in names {
            for _ in 0..PASSES {
                let Some(text) = self.values.get(&name) else { break };
                let last = tainted::uses(text).iter().any(|(used, _)| hot.contains(used));
                let next = interpolate(text, &self.values).map_err(|e| format!("parameter {name}: {e}"))?;
                if next == *text {
                    break;
                }
                self.values.insert(name.clone(), next);
                if last {
                    hot.insert(name);
                    break;
                }
            }
        }
        Ok(())
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A variable's value, or nothing.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Every variable.
    pub fn all(&self) -> &IndexMap<String, String> {
        &self.values
    }

    /// The job's secrets.
    pub fn secrets(&self) -> &[AssignedSecret] {
        &self.secrets
    }

    /// Sets a variable for later steps and, at the end, for later jobs.
    pub fn set(&mut self, name: &str, value: String) {
        // What comes out of a repository may carry code just as what a forge sends.
        let foreign = name.starts_with("git.") || name == "cds.semver";
        // And what holds text that came with an event is that text still (spec/README 13).
        let holds = |v: &String| !tainted::is_inert(v) && value.contains(v.as_str());
        if foreign || self.tainted.iter().filter_map(|t| self.values.get(t)).any(holds) {
            self.tainted.insert(name.into());
        } else {
            self.tainted.remove(name);
        }
        self.values.insert(name.into(), value.clone());
        self.set.insert(name.into(), value);
    }

    /// Changes a variable for later steps only.
    pub fn set_local(&mut self, name: &str, value: String) {
        self.values.insert(name.into(), value);
    }

    /// What the job has set so far.
    pub fn set_variables(&self) -> &IndexMap<String, String> {
        &self.set
    }

    /// The parameters of a step, interpolated (spec 9.4); a script with regard to tainted values.
    pub fn step_parameters(
        &self,
        step: &AssignedStep,
        expand: &dyn Fn(&str) -> String,
    ) -> Result<IndexMap<String, String>, String> {
        let script = step.action.eq_ignore_ascii_case("Script");
        let mut out = IndexMap::with_capacity(step.parameters.len());
        for (name, text) in &step.parameters {
            let value = if !script {
                let value = self.interpolate(text).map_err(|e| format!("parameter {name}: {e}"))?;
                expand_env(&value, expand)
            } else if text.contains("{{") {
                interpolate_script(text, &self.values, &|name| self.tainted.contains(name), self.policy)
                    .map_err(|e| e.to_string())?
            } else {
                text.clone()
            };
            out.insert(name.clone(), value);
        }
        Ok(out)
    }

    /// A text, interpolated with everything there is.
    pub fn interpolate(&self, text: &str) -> Result<String, String> {
        if !text.contains("{{") {
            return Ok(text.to_string());
        }
        interpolate(text, &self.values).map_err(|e| e.to_string())
    }
}

/// Replaces `$NAME` and `${NAME}` (spec 9.4): names that begin with `CDS_` lose only their `$`, as in the
/// reference; unknown ones become empty.
pub(crate) fn expand_env(text: &str, lookup: &dyn Fn(&str) -> String) -> String {
    if !text.contains('$') {
        return text.to_string();
    }
    let value = |name: &str| if name.starts_with("CDS_") { name.to_string() } else { lookup(name) };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(braced) = after.strip_prefix('{')
            && let Some(end) = braced.find('}')
        {
            out.push_str(&value(&braced[..end]));
            rest = &braced[end + 1..];
            continue;
        }
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        if end == 0 {
            // A lone `$` stays.
            out.push('$');
        } else {
            out.push_str(&value(&after[..end]));
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(parameters: &[(&str, &str)], verbatim: &[&str]) -> Vars {
        let job: Assignment = serde_json::from_value(serde_json::json!({
            "job": "0198c1a2-0000-7000-8000-000000000000.0", "attempt": 1, "name": "j", "project": "P", "workflow": "w",
            "number": 1, "node": "n", "stage": "s", "steps": [], "requirements": [], "taint_policy": "inert",
            "parameters": parameters.iter().copied().collect::<IndexMap<&str, &str>>(), "tainted": verbatim,
            "verbatim": verbatim, "job_timeout_ms": 0, "kill_grace_ms": 0,
            "secrets": [{"name": "cds.proj.secret", "kind": "password", "value": "hunter2hunter2"}],
        }))
        .unwrap();
        Vars::new(&job, "/w", "worker").unwrap()
    }

    /// An expression in an event's text is text, also in what is made from it and in whatever order.
    #[test]
    fn foreign_text_is_no_template() {
        let evil = "{{.cds.proj.secret}}";
        let rest = [
            ("git.branch", evil),
            ("git.message", "{{if .cds.proj.secret}}x{{end}} {{"),
            ("cds.pip.b", "on {{.git.branch}}"),
            ("cds.pip.c", "{{.cds.pip.b}} {{.cds.pip.d}}"),
            ("cds.pip.d", "{{.cds.proj.secret}}"),
        ];
        let last = [("cds.pip.a", "{{.cds.pip.c}}!")];
        for all in [[&rest[..], &last].concat(), [&last[..], &rest].concat()] {
            let v = vars(&all, &["git.branch", "git.message"]);
            assert_eq!(
                (v.text("git.branch"), v.text("git.message")),
                (all[all.iter().position(|p| p.0 == "git.branch").unwrap()].1, rest[1].1)
            );
            assert_eq!(v.text("cds.pip.b"), "on {{.cds.proj.secret}}");
            assert_eq!(v.text("cds.pip.d"), "hunter2hunter2");
            assert!(
                v.text("cds.pip.a").starts_with("on {{.cds.proj.secret}} ")
                    && v.text("cds.pip.c").starts_with("on {{")
            );
            let step = AssignedStep {
                name: String::new(),
                action: "GitClone".into(),
                enabled: true,
                optional: false,
                always_executed: false,
                timeout_ms: 0,
                parameters: [("branch".to_string(), "{{.cds.pip.a}}".to_string())].into(),
            };
            let given = v.step_parameters(&step, &|_| String::new()).unwrap();
            assert!(given["branch"].starts_with("on {{.cds.proj.secret}}"), "{given:?}");
        }
        assert_eq!(vars(&[("a", "{{.b}}"), ("b", "{{.c}}"), ("c", "1")], &[]).text("a"), "1");
    }

    #[test]
    fn dollar_names() {
        let env = |name: &str| if name == "HOME" { "/h".to_string() } else { String::new() };
        let check = |text: &str, expected: &str| assert_eq!(expand_env(text, &env), expected);
        check("plain", "plain");
        check("$HOME/x ${HOME}y", "/h/x /hy");
        check("$CDS_X ${CDS_Y}", "CDS_X CDS_Y");
        check("a$NOPE-b", "a-b");
        check("$ 5$", "$ 5$");
        check("${open", "${open");
    }
}
