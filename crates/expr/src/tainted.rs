//! Tainted values: texts from events that must not become code (spec/README 13).
//!
//! A branch name, a commit message or any payload value is written by people who may not be trusted. Spliced into
//! a script it can run as code; in its environment variable it cannot.

use crate::interpolate::{InterpolateError, Scope, Token, Vars, action, render};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What happens when a tainted value is interpolated into a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaintPolicy {
    /// It is spliced when it is inert in every shell context (see [`is_inert`]), refused otherwise.
    #[default]
    Inert,
    /// It is always refused.
    Refuse,
    /// It is always spliced, as the reference does.
    Splice,
}

/// Why a script could not be interpolated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScriptError {
    /// The script is not a well-formed template, or an expression failed.
    #[error(transparent)]
    Interpolate(#[from] InterpolateError),
    /// A value that comes from an event would have become part of the script.
    #[error(
        "line {line} of the script: the value of `{variable}` comes from an event and could run as code here: \
         use its environment variable \"${env_name}\" instead of `{{{{.{variable}}}}}`"
    )]
    Tainted {
        /// Dotted name of the variable.
        variable: String,
        /// Line of the script, from 1.
        line: u32,
        /// Name of the environment variable that holds the same value.
        env_name: String,
    },
}

/// An interpolated text and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// The text.
    pub text: String,
    /// The tainted variables that flowed into it, each once, in order of appearance.
    pub tainted_by: Vec<String>,
}

/// Interpolates a script; values of variables for which `tainted` says yes, and what helpers make of them, are
/// spliced as `policy` allows. The error names the first place that is refused.
pub fn interpolate_script(
    text: &str,
    vars: &dyn Vars,
    tainted: &dyn Fn(&str) -> bool,
    policy: TaintPolicy,
) -> Result<String, ScriptError> {
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut refused = None;
    render(text, &Scope { vars, tainted }, &mut |piece, taint, line| {
        let allowed = match policy {
            TaintPolicy::Splice => true,
            TaintPolicy::Refuse => taint.is_none(),
            TaintPolicy::Inert => taint.is_none() || is_inert(piece),
        };
        if let (false, Some(variable), None) = (allowed, taint, &refused) {
            let env_name = env_name(variable);
            refused = Some(ScriptError::Tainted { variable: variable.to_string(), line, env_name });
        }
        out.push_str(piece);
    })?;
    refused.map_or(Ok(out), Err)
}

/// Interpolates a text that is no script, and says which tainted variables flowed into it: a parameter made from
/// a tainted one is tainted too.
pub fn interpolate_tracked(
    text: &str,
    vars: &dyn Vars,
    tainted: &dyn Fn(&str) -> bool,
) -> Result<Tracked, InterpolateError> {
    let mut tracked = Tracked { text: String::with_capacity(text.len()), tainted_by: Vec::new() };
    if !text.contains("{{") {
        tracked.text.push_str(text);
        return Ok(tracked);
    }
    render(text, &Scope { vars, tainted }, &mut |piece, taint, _| {
        tracked.text.push_str(piece);
        if let Some(variable) =
            taint.filter(|name| !tracked.tainted_by.iter().any(|known| **known == ***name))
        {
            tracked.tainted_by.push(variable.to_string());
        }
    })?;
    Ok(tracked)
}

/// Whether a text is inert in every shell context: only letters, digits, blanks and `._/@:+=,-`, and no word that
/// looks like an option. (A `-` alone may stand between words, but not first.)
pub fn is_inert(text: &str) -> bool {
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, ' ' | '\t' | '.' | '_' | '/' | '@' | ':' | '+' | '=' | ',' | '-')
    };
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    text.chars().all(plain)
        && !words.next().is_some_and(|word| word.starts_with('-'))
        && !words.any(|word| word.starts_with('-') && word.len() > 1)
}

/// The variables that an interpolated text uses, each with its line from 1, in order of appearance. Variables of
/// other programs' templates (`{{.State}}`) are listed too: only the caller knows the names.
pub fn uses(text: &str) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(offset) = text[at..].find("{{") {
        let start = at + offset;
        line += newlines(&text[at..start]);
        match action(text, start, line) {
            Ok(action) => {
                let names = action.tokens.into_iter().filter_map(|(token, line)| match token {
                    Token::Var(name) if !name.is_empty() => Some((name, line)),
                    _ => None,
                });
                found.extend(names);
                line += newlines(&text[start..action.end]);
                at = action.end;
            }
            // Not a well-formed expression: look behind its braces.
            Err(_) => at = start + 2,
        }
    }
    found
}

/// The environment variable that holds a parameter: upper case, `.` and `-` become `_` (spec 8.7).
pub fn env_name(param: &str) -> String {
    param.to_uppercase().replace(['.', '-'], "_")
}

fn newlines(text: &str) -> u32 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use indexmap::IndexMap;
    use proptest::prelude::*;

    fn vars(branch: &str) -> IndexMap<String, String> {
        [("git.branch", branch), ("cds.version", "7;ls"), ("flag", "true")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn run(script: &str, branch: &str, policy: TaintPolicy) -> Result<String, ScriptError> {
        interpolate_script(script, &vars(branch), &|name| name.starts_with("git."), policy)
    }

    fn refused(line: u32) -> Result<String, ScriptError> {
        Err(ScriptError::Tainted { variable: "git.branch".into(), line, env_name: "GIT_BRANCH".into() })
    }

    const EVIL: &str = "zzz\";echo${IFS}\"hello\";#";

    #[test]
    fn policies() {
        let script = "set -e\necho {{.git.branch}} {{.cds.version}}";
        assert_eq!(run(script, "feat/x-1", TaintPolicy::Inert).as_deref(), Ok("set -e\necho feat/x-1 7;ls"));
        assert_eq!(run(script, EVIL, TaintPolicy::Inert), refused(2));
        assert_eq!(run(script, "feat/x-1", TaintPolicy::Refuse), refused(2));
        assert_eq!(run(script, EVIL, TaintPolicy::Splice), Ok(format!("set -e\necho {EVIL} 7;ls")));
        let message = refused(2).unwrap_err().to_string();
        assert!(
            message.contains("line 2")
                && message.contains("\"$GIT_BRANCH\"")
                && message.contains("{{.git.branch}}")
        );
    }

    #[test]
    fn taint_flows_through_helpers() {
        for script in [
            "{{.git.branch | upper}}",
            "{{.git.branch|quote}}",
            "{{.git.branch | replace \"x\" \"/\"}}",
            "{{ \"a\" | replace \"a\" .git.branch }}",
            "{{ .none | default .git.branch }}",
            "{{ .flag | ternary .git.branch \"b\" }}",
            "{{if .flag}}{{(.git.branch | trim)}}{{end}}",
            "{{printf \"%s/\" .git.branch}}",
        ] {
            assert_eq!(run(script, EVIL, TaintPolicy::Inert), refused(1), "{script}");
        }
        // An encoding that leaves nothing dangerous is spliced; so is a constant that a tainted value chose.
        assert_eq!(run("{{.git.branch | b64enc}}", "$(ls)", TaintPolicy::Inert).as_deref(), Ok("JChscyk="));
        assert_eq!(
            run("{{.git.branch | ternary \"a\" \"b;c\"}}", EVIL, TaintPolicy::Inert).as_deref(),
            Ok("b;c")
        );
        assert_eq!(
            run("{{.git.other}} {{\"{{.git.branch}}\"}}", EVIL, TaintPolicy::Inert).as_deref(),
            Ok("{{.git.other}} {{.git.branch}}")
        );
    }

    #[test]
    fn what_is_inert() {
        for text in ["", "feat/a_b-c.d", "a b", "é@x:1+2=3,4", "fix a - b"] {
            assert!(is_inert(text), "{text}");
        }
        for text in [
            "-x",
            " -x",
            "a -x",
            "- a",
            "a\nb",
            "a;b",
            "$a",
            "`a`",
            "a\\",
            "a'b",
            "a\"b",
            "a|b",
            "a&b",
            "a>b",
            "(a)",
            "{a}",
            "[a]",
            "*",
            "?",
            "~",
            "#a",
            "!a",
            "a%b",
            "a^b",
            "a\u{0}b",
            "a\u{a0}b",
            "a\u{201d}b",
            "a\rb",
        ] {
            assert!(!is_inert(text), "{text:?}");
        }
    }

    #[test]
    fn used_variables() {
        let text = "a {{.git.branch}}\n{{ .my-var | default .x \"{{.no}}\" }} {{ broken ' {{.y}}\n\n{{if eq .z\n.w \"/\"}}{{end}} {{.v";
        let expected = [("git.branch", 1), ("my-var", 2), ("x", 2), ("y", 2), ("z", 4), ("w", 5)];
        assert_eq!(uses(text), expected.map(|(name, line)| (name.to_owned(), line)));
        assert_eq!(env_name("git.pr.head-ref"), "GIT_PR_HEAD_REF");
    }

    #[test]
    fn tracking() {
        let text = "{{.git.branch}}-{{.git.branch}}-{{.flag}}";
        let tracked = interpolate_tracked(text, &vars("b"), &|name| name == "git.branch").unwrap();
        assert_eq!(tracked, Tracked { text: "b-b-true".into(), tainted_by: vec!["git.branch".into()] });
    }

    #[test]
    fn policy_names() {
        assert_eq!(serde_json::to_string(&TaintPolicy::default()).unwrap(), "\"inert\"");
        assert_eq!(serde_json::from_str::<TaintPolicy>("\"splice\"").unwrap(), TaintPolicy::Splice);
    }

    proptest! {
        #[test]
        fn a_refused_value_never_gets_in(branch in ".*") {
            let result = run("<{{.git.branch}}>", &branch, TaintPolicy::Inert);
            let expected = if is_inert(&branch) { Ok(format!("<{branch}>")) } else { refused(1) };
            prop_assert_eq!(result, expected);
        }

        #[test]
        fn uses_never_panics(text in "(\\{\\{|\\}\\}|[-.|\"`()$ \na-zé]){0,40}") {
            let _ = uses(&text);
        }
    }
}
