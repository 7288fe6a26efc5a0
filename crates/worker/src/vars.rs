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
        vars.settle()?;
        Ok(vars)
    }

    /// Interpolates every parameter until it stays as it is.
    fn settle(&mut self) -> Result<(), String> {
        let names: Vec<String> =
            self.values.iter().filter(|(_, v)| v.contains("{{")).map(|(k, _)| k.clone()).collect();
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
                let next = interpolate(text, &self.values).map_err(|e| format!("parameter {name}: {e}"))?;
                if next == *text {
                    break;
                }
                self.values.insert(name.clone(), next);
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
