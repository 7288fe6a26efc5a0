//! The `worker` command that scripts call inside a job (spec 10): exact outputs, exit status 1 on failure.

mod args;
mod http;

use crate::{
    junit::{self, Totals},
    local_api::wire::{
        CheckSecret, Export, KeyInstall, KeyInstalled, NewResult, Paths, Pull, Select, Tags, Template, Value,
    },
};
use args::Args;
use indexmap::IndexMap;
use std::{
    ffi::{OsStr, OsString},
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

const SECONDS_5: Duration = Duration::from_secs(5);
const MINUTES_5: Duration = Duration::from_secs(5 * 60);
const MINUTES_10: Duration = Duration::from_secs(10 * 60);
const MINUTES_30: Duration = Duration::from_secs(30 * 60);

const USAGE: &str = "\
Commands inside a CDS job:
  worker export NAME VALUE
  worker tag NAME=VALUE...
  worker exit
  worker tmpl INPUT OUTPUT
  worker check-secret FILE...
  worker set-version VALUE
  worker key install [--env] [--env-git] [--file FILE] NAME
  worker cache push TAG PATH...
  worker cache pull TAG
  worker upload PATH...
  worker download [--workflow NAME] [--number N] [--pattern REGEX]
  worker artifacts [--workflow NAME] [--number N] [--pattern REGEX]
  worker junit-parser FILE...
  worker run-result add static-file NAME URL
  worker run-result add artifact-manager NAME REPOSITORY PATH [TYPE]
  worker version
";

/// Whether a program that was started under this name (`argv[0]`) should act as the `worker` command.
pub fn invoked_as_worker(program: &OsStr) -> bool {
    Path::new(program).file_name().is_some_and(|name| name == "worker" || name == "worker.exe")
}

/// Runs the `worker` command; `args` without the program's name.
pub fn command_main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Result<Vec<String>, OsString> = args.into_iter().map(OsString::into_string).collect();
    let result = match words {
        Ok(words) => run(&words),
        Err(word) => Err(format!("argument {word:?} is not text in UTF-8")),
    };
    let result = result.and_then(|text| {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| e.to_string())
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::from(1)
        }
    }
}

/// Returns what to print.
fn run(words: &[String]) -> Result<String, String> {
    let Some((command, rest)) = words.split_first() else { return Ok(USAGE.into()) };
    if rest.iter().take_while(|w| *w != "--").any(|w| w == "--help") {
        return Ok(USAGE.into());
    }
    match command.as_str() {
        "export" => export(rest),
        "tag" => tag(rest),
        // Scripts in the wild give it an exit status, which never had a meaning.
        "exit" => http::call("POST", "/exit", &(), SECONDS_5).map(|_| String::new()),
        "tmpl" => tmpl(rest),
        "check-secret" => check_secret(rest),
        "set-version" => set_version(rest),
        "key" => key(rest),
        "cache" => cache(rest),
        "upload" => upload(rest),
        "download" => select(rest, "/download", MINUTES_30).map(|_| String::new()),
        "artifacts" => select(rest, "/artifacts", MINUTES_5).map(|json| format!("{json}\n")),
        "junit-parser" => junit_parser(rest),
        "run-result" => run_result(rest),
        "version" => Ok(concat!("CDS Worker version ", env!("CARGO_PKG_VERSION"), "\n").into()),
        "help" | "--help" | "-h" | "doc" => Ok(USAGE.into()),
        other => Err(format!("unknown command \"{other}\" for \"worker\"\n\n{USAGE}")),
    }
}

/// Directory the command was called in.
fn here() -> Result<PathBuf, String> {
    std::env::current_dir().map_err(|e| format!("cannot find the current directory: {e}"))
}

fn here_text() -> Result<String, String> {
    text(here()?)
}

fn text(path: PathBuf) -> Result<String, String> {
    path.into_os_string().into_string().map_err(|p| format!("path {p:?} is not text in UTF-8"))
}

/// The worker has another current directory, so it gets absolute paths.
fn absolute(path: &str) -> Result<String, String> {
    text(here()?.join(path))
}

fn post(path: &str, body: &impl serde::Serialize, limit: Duration) -> Result<String, String> {
    http::call("POST", path, body, limit).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn done(_: String) -> String {
    String::new()
}

fn export(words: &[String]) -> Result<String, String> {
    // No flags: a value may look like one.
    let words = words.strip_prefix(&["--".to_string()]).unwrap_or(words);
    let [name, value] = words else { return Err("Wrong usage: Example : worker export key value".into()) };
    post("/var", &Export { name: name.clone(), value: value.clone() }, SECONDS_5).map(done)
}

fn tag(words: &[String]) -> Result<String, String> {
    let args = Args::parse(words, &[], &[])?;
    let mut tags = IndexMap::new();
    for word in args.words(1, usize::MAX, "tag NAME=VALUE...")? {
        let (name, value) = word
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| format!("Wrong usage: '{word}' is not NAME=VALUE"))?;
        tags.insert(name.to_string(), value.to_string());
    }
    post("/tag", &Tags { tags }, MINUTES_5).map(done)
}

fn tmpl(words: &[String]) -> Result<String, String> {
    let args = Args::parse(words, &[], &[])?;
    let [input, output] = args.words(2, 2, "tmpl INPUT OUTPUT")? else { return Err(USAGE.into()) };
    post("/tmpl", &Template { path: absolute(input)?, destination: absolute(output)? }, MINUTES_5).map(done)
}

fn check_secret(words: &[String]) -> Result<String, String> {
    let args = Args::parse(words, &[], &[])?;
    for file in args.words(1, usize::MAX, "check-secret FILE...")? {
        let body = CheckSecret { path: absolute(file)?, shown: file.clone() };
        post("/checksecret", &body, MINUTES_10)?;
    }
    Ok(String::new())
}

fn set_version(words: &[String]) -> Result<String, String> {
    let args = Args::parse(words, &[], &[])?;
    let [value] = args.words(1, 1, "set-version VALUE")? else { return Err(USAGE.into()) };
    post("/version", &Value { value: value.clone() }, MINUTES_5)?;
    Ok(format!("CDS version set to {value}\n"))
}

fn key(words: &[String]) -> Result<String, String> {
    let Some(("install" | "i" | "add", rest)) = words.split_first().map(|(w, r)| (w.as_str(), r)) else {
        return Err(format!("Wrong usage: see `worker key install NAME`\n\n{USAGE}"));
    };
    let args = Args::parse(rest, &["file"], &["env", "env-git"])?;
    let [name] = args.words(1, 1, "key install NAME")? else { return Err(USAGE.into()) };
    let file = args.flag("file").filter(|f| !f.is_empty());
    let body = KeyInstall { name: name.clone(), file: file.map(absolute).transpose()? };
    let answer = post("/key/install", &body, MINUTES_5)?;
    let installed: KeyInstalled =
        serde_json::from_str(&answer).map_err(|e| format!("unexpected answer of the worker: {e}"))?;
    let path = &installed.path;
    Ok(match installed.kind.as_str() {
        "pgp" => "Your PGP key is imported with success\n".into(),
        _ if file.is_some() => format!("# Key installed to {}\n", file.unwrap_or_default()),
        _ if args.is_set("env-git") => format!(
            "echo \"ssh -i {path} -o StrictHostKeyChecking=no \\$@\" > {path}.gitssh.sh;\n\
             chmod +x {path}.gitssh.sh;\nexport GIT_SSH=\"{path}.gitssh.sh\";\nexport PKEY=\"{path}\";\n"
        ),
        _ if args.is_set("env") => format!("export PKEY=\"{path}\";\n"),
        _ => format!("{path}\n"),
    })
}

fn cache(words: &[String]) -> Result<String, String> {
    let (verb, rest) = words.split_first().map(|(w, r)| (w.as_str(), r)).unwrap_or_default();
    // Progress is shown before the work, so it can't wait for the result.
    let begin = |verb: &str, tag: &str| {
        println!("Worker cache {verb} in progress... (tag: {tag})");
    };
    match verb {
        "push" | "upload" => {
            let args = Args::parse(rest, &["destination"], &[])?;
            let words = args.words(2, usize::MAX, "cache push TAG PATH...")?;
            let (tag, paths) = words.split_first().ok_or(USAGE)?;
            begin("push", tag);
            let body = Paths { tag: tag.clone(), paths: paths.to_vec(), directory: here_text()? };
            post("/cache/push", &body, MINUTES_30)?;
            Ok(format!("Worker cache push with success (tag: {tag})\n"))
        }
        "pull" | "download" => {
            let args = Args::parse(rest, &["from"], &[])?;
            let [tag] = args.words(1, 1, "cache pull TAG")? else { return Err(USAGE.into()) };
            begin("pull", tag);
            post("/cache/pull", &Pull { tag: tag.clone(), directory: here_text()? }, MINUTES_10)?;
            Ok(format!("Worker cache pull with success (tag: {tag})\n"))
        }
        _ => Err(format!("Wrong usage: see `worker cache push` and `worker cache pull`\n\n{USAGE}")),
    }
}

fn upload(words: &[String]) -> Result<String, String> {
    let args = Args::parse(words, &["tag", "destination"], &[])?;
    for path in args.words(1, usize::MAX, "upload PATH...")? {
        let body = Paths { tag: String::new(), paths: vec![path.clone()], directory: here_text()? };
        post("/upload", &body, MINUTES_30)?;
    }
    Ok(String::new())
}

fn select(words: &[String], path: &str, limit: Duration) -> Result<String, String> {
    let args = Args::parse(words, &["workflow", "number", "pattern", "tag"], &[])?;
    let number = match args.flag("number") {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|_| format!("number parameter is not valid: '{text}'"))?),
    };
    let body = Select {
        workflow: args.flag("workflow").map(String::from),
        number,
        pattern: args.flag("pattern").map(String::from),
        directory: here_text()?,
    };
    post(path, &body, limit)
}

fn junit_parser(words: &[String]) -> Result<String, String> {
    let args = Args::parse(words, &[], &[])?;
    let mut suites = Vec::new();
    for pattern in args.words(1, usize::MAX, "junit-parser FILE...")? {
        for file in crate::glob::glob(&here()?, pattern)? {
            match junit::read_file(&file) {
                Ok(found) => suites.extend(found),
                Err(why) => eprintln!("{}: {why}", file.display()),
            }
        }
    }
    let t = Totals::of(&suites);
    Ok(format!("{} {} {} {}\n", t.total, t.ok, t.ko, t.skipped))
}

fn run_result(words: &[String]) -> Result<String, String> {
    let args = Args::parse(words, &[], &[])?;
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    let body = |kind: &str, name: &str, data| NewResult { kind: kind.into(), name: name.into(), data };
    let body = match words.as_slice() {
        [] | ["list"] => return select(&[], "/artifacts", MINUTES_5).map(|json| format!("{json}\n")),
        ["add", "static-file", name, url] => body("static-file", name, pairs(&[("remote_url", url)])),
        ["add", "artifact-manager", name, repository, path] => {
            body("artifact-manager", name, pairs(&[("repository_name", repository), ("path", path)]))
        }
        ["add", "artifact-manager", name, repository, path, kind] => {
            let data = pairs(&[("repository_name", repository), ("path", path), ("repository_type", kind)]);
            body("artifact-manager", name, data)
        }
        _ => return Err(format!("Wrong usage: see `worker run-result add`\n\n{USAGE}")),
    };
    post("/run-result/add", &body, MINUTES_5).map(done)
}
