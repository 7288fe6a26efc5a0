//! The built-in actions: names, short keys, parameters with defaults, requirements (spec 3.4, 9.6).

use crate::def::{Job, Requirement, Step};
use indexmap::IndexMap;

/// A parameter of a built-in action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Exact name.
    pub name: &'static str,
    /// `string`, `text`, `boolean`, `ssh-key`.
    pub kind: &'static str,
    /// Used when the file gives nothing.
    pub default: &'static str,
    /// Shown folded by user interfaces.
    pub advanced: bool,
}

/// How the short form of a step writes the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text or a list of lines.
    Script,
    /// A text that is the value of the one parameter.
    Text,
    /// A text without meaning; this is the one written on export.
    Ignored(&'static str),
    /// A mapping of parameters.
    Mapping,
}

/// A built-in action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// Registered name.
    pub name: &'static str,
    /// Key of the short form in a step.
    pub key: &'static str,
    /// Shape of the short form.
    pub form: Form,
    /// In the order in which the short form is written.
    pub parameters: &'static [Param],
    /// Binaries a worker needs for it.
    pub binaries: &'static [&'static str],
}

const fn p(name: &'static str, kind: &'static str, default: &'static str, advanced: bool) -> Param {
    Param { name, kind, default, advanced }
}

/// All built-in actions, in the order in which a step lists their short keys.
pub static ACTIONS: &[Action] = &[
    Action {
        name: "Script",
        key: "script",
        form: Form::Script,
        parameters: &[p("script", "text", "", false)],
        binaries: &[],
    },
    Action {
        name: "PushBuildInfo",
        key: "pushBuildInfo",
        form: Form::Ignored("{{.cds.workflow}}"),
        parameters: &[],
        binaries: &[],
    },
    Action {
        name: "Coverage",
        key: "coverage",
        form: Form::Mapping,
        parameters: &[p("path", "string", "", false)],
        binaries: &[],
    },
    Action {
        name: "Artifact Download",
        key: "artifactDownload",
        form: Form::Mapping,
        parameters: &[
            p("path", "string", "", false),
            p("pattern", "string", "", true),
            p("tag", "string", "{{.cds.version}}", false),
        ],
        binaries: &[],
    },
    Action {
        name: "Artifact Upload",
        key: "artifactUpload",
        form: Form::Mapping,
        parameters: &[
            p("destination", "string", "", true),
            p("path", "string", "", false),
            p("tag", "string", "{{.cds.version}}", false),
        ],
        binaries: &[],
    },
    Action {
        name: "GitClone",
        key: "gitClone",
        form: Form::Mapping,
        parameters: &[
            p("branch", "string", "{{.git.branch}}", false),
            p("commit", "string", "{{.git.hash}}", false),
            p("depth", "string", "", true),
            p("directory", "string", "{{.cds.workspace}}", false),
            p("password", "string", "", false),
            p("privateKey", "ssh-key", "", false),
            p("submodules", "boolean", "true", true),
            p("tag", "string", "{{.git.tag}}", true),
            p("url", "string", "{{.git.url}}", false),
            p("user", "string", "", false),
        ],
        binaries: &["git"],
    },
    Action {
        name: "GitTag",
        key: "gitTag",
        form: Form::Mapping,
        parameters: &[
            p("path", "string", "{{.cds.workspace}}", false),
            p("prefix", "string", "", true),
            p("tagLevel", "string", "", false),
            p("tagMessage", "string", "", false),
            p("tagMetadata", "string", "", false),
            p("tagPrerelease", "string", "", false),
        ],
        binaries: &["git", "gpg"],
    },
    Action {
        name: "ReleaseVCS",
        key: "releaseVCS",
        form: Form::Mapping,
        parameters: &[
            p("artifacts", "string", "", false),
            p("releaseNote", "text", "", false),
            p("tag", "string", "{{.cds.release.version}}", false),
            p("title", "string", "", false),
        ],
        binaries: &[],
    },
    Action {
        name: "Release",
        key: "release",
        form: Form::Mapping,
        parameters: &[
            p("artifacts", "string", "", false),
            p("releaseNote", "text", "", false),
            p("srcMaturity", "string", "", true),
            p("destMaturity", "string", "release", false),
            p("setProperties", "string", "", true),
        ],
        binaries: &[],
    },
    Action {
        name: "Promote",
        key: "promote",
        form: Form::Mapping,
        parameters: &[
            p("artifacts", "string", "", false),
            p("srcMaturity", "string", "", true),
            p("destMaturity", "string", "release", false),
            p("setProperties", "string", "", true),
        ],
        binaries: &[],
    },
    Action {
        name: "JUnit",
        key: "jUnitReport",
        form: Form::Text,
        parameters: &[p("path", "text", "", false)],
        binaries: &[],
    },
    Action {
        name: "CheckoutApplication",
        key: "checkout",
        form: Form::Text,
        parameters: &[p("directory", "string", "{{.cds.workspace}}", false)],
        binaries: &["git"],
    },
    Action {
        name: "DeployApplication",
        key: "deploy",
        form: Form::Ignored("{{.cds.application}}"),
        parameters: &[],
        binaries: &[],
    },
];

/// Name under which a step's `asCodeAction` is kept.
pub const AS_CODE_ACTION: &str = "asCodeAction";

impl Action {
    /// A parameter by name, whatever its case.
    pub fn parameter(&self, name: &str) -> Option<&'static Param> {
        self.parameters.iter().find(|p| p.name.eq_ignore_ascii_case(name))
    }
}

/// Keys that every step may have, whatever its action; `timeout` followed by a mapping is an action of that name.
pub(crate) const STEP_FLAGS: &[&str] = &["name", "enabled", "optional", "always_executed", "timeout"];

/// Keys of a step that name no action, and the one that no longer does.
pub(crate) const STEP_KEYS: &[&str] =
    &["name", "enabled", "optional", "always_executed", "installKey", AS_CODE_ACTION];

/// An action's name as files have it: the group of shared actions, which is searched first anyway, is left out
/// unless the rest would be read as something else.
pub fn file_name(action_name: &str) -> &str {
    let short = action_name.strip_prefix("shared.infra/").filter(|s| {
        !s.is_empty()
            && !s.contains('/')
            && action(s).is_none()
            && by_key(s).is_none()
            && !STEP_KEYS.contains(s)
    });
    short.unwrap_or(action_name)
}

/// A built-in action by registered name, whatever its case.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|a| a.name.eq_ignore_ascii_case(name))
}

/// A built-in action by the exact key of its short form.
pub fn by_key(key: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|a| a.key == key)
}

/// All parameters of a step: those of the file over the defaults of its action. An empty value does not hide a
/// default, but for the tag of a clone, where it says «no tag» (spec 3.4). A step of an action that is not built in has
/// only what the file gives.
pub fn parameters(step: &Step) -> IndexMap<String, String> {
    let Some(action) = action(&step.action) else { return step.parameters.clone() };
    let mut all: IndexMap<String, String> = IndexMap::new();
    for param in action.parameters {
        let given = step.parameters.iter().find(|(k, _)| k.eq_ignore_ascii_case(param.name));
        let given = given.filter(|(_, v)| !v.is_empty() || (action.key == "gitClone" && param.name == "tag"));
        let value = given.map_or(param.default, |(_, v)| v);
        all.insert(param.name.to_owned(), value.to_owned());
    }
    for (name, value) in &step.parameters {
        if action.parameter(name).is_none() {
            all.insert(name.clone(), value.clone());
        }
    }
    all
}

/// Requirements of a job: its own, then those of the actions of its enabled steps, unless it already has one of the
/// same type and value (spec 3.7).
pub fn job_requirements(job: &Job) -> Vec<Requirement> {
    let mut all = job.requirements.clone();
    for step in job.steps.iter().filter(|s| s.enabled) {
        for binary in action(&step.action).map_or(&[][..], |a| a.binaries) {
            if !all.iter().any(|r| r.kind == "binary" && r.value == *binary) {
                let name = (*binary).to_owned();
                all.push(Requirement { name: name.clone(), kind: "binary".into(), value: name });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(action: &str, parameters: &[(&str, &str)]) -> Step {
        let parameters = parameters.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Step { action: action.into(), parameters, ..Step::default() }
    }

    #[test]
    fn file_values_win_over_defaults() {
        let all = parameters(&step("gitclone", &[("TAG", ""), ("url", "u")]));
        assert_eq!(all["tag"], "");
        assert_eq!(all["url"], "u");
        assert_eq!(all["branch"], "{{.git.branch}}");
        assert_eq!(all["depth"], "");
        assert_eq!(parameters(&step("grp/x", &[("a", "b")])).len(), 1);
    }

    #[test]
    fn requirements_are_flattened_without_repeats() {
        let own = |kind: &str, value: &str| Requirement {
            name: value.into(),
            kind: kind.into(),
            value: value.into(),
        };
        let mut job =
            Job { requirements: vec![own("binary", "make"), own("binary", "git")], ..Job::default() };
        job.steps = vec![step("CheckoutApplication", &[]), step("GitTag", &[])];
        let names: Vec<String> = job_requirements(&job).into_iter().map(|r| r.name).collect();
        assert_eq!(names, ["make", "git", "gpg"]);
        job.steps[1].enabled = false;
        assert_eq!(job_requirements(&job).len(), 2);
    }
}
