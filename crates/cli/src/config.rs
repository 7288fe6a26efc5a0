//! The context file and what overrides it (spec client 1.1).
//!
//! The file is TOML; key names are matched whatever their case, what we do not know is kept.

use crate::error::CliError;
use std::{
    io::Write,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// Where a server is and how to sign in to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Its name; the name of the table.
    pub name: String,
    /// Address of the API.
    pub host: String,
    /// Do not check the server's certificate.
    pub insecure: bool,
    /// As `--verbose`.
    pub verbose: bool,
    /// Session token; may be empty.
    pub session: String,
    /// API token; may be empty.
    pub token: String,
}

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigFile(Table);

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    table.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v)
}

fn text(table: &Table, key: &str) -> String {
    find(table, key).and_then(Value::as_str).unwrap_or_default().to_string()
}

fn truth(table: &Table, key: &str) -> bool {
    match find(table, key) {
        Some(Value::Boolean(b)) => *b,
        Some(Value::String(s)) => is_true(s),
        _ => false,
    }
}

/// What counts as yes in files, flags and the environment.
pub fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "y" | "1")
}

/// Whether a context may be called so. `current`, in any case of letters, is the file's word for the one in use.
///
/// # Errors
/// It may not, and why.
pub fn check_name(name: &str) -> Result<(), CliError> {
    if name.is_empty() {
        return Err(CliError::failed("a context needs a name: give one with -c"));
    }
    if name.eq_ignore_ascii_case("current") {
        return Err(CliError::failed(format!(
            "a context cannot be called '{name}', which is the file's word for the context in use: choose another name with -c"
        )));
    }
    Ok(())
}

impl ConfigFile {
    /// Reads the file's text.
    ///
    /// # Errors
    /// It is not TOML; the error names the line.
    pub fn parse(content: &str) -> Result<Self, CliError> {
        content.parse().map(Self).map_err(|e| CliError::failed(format!("{e}").trim_end().to_string()))
    }
    /// Reads a file; `None` if there is none.
    pub fn load(path: &Path) -> Result<Option<Self>, CliError> {
        match std::fs::read_to_string(path) {
            Ok(content) => Self::parse(&content)
                .map(Some)
                .map_err(|e| e.doing(&format!("cannot read {}", path.display()))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(CliError::failed(format!("cannot read {}: {e}", path.display()))),
        }
    }
    /// Name of the context in use; empty if none is.
    pub fn current(&self) -> String {
        text(&self.0, "current")
    }
    /// Every context, in the file's order of names.
    pub fn contexts(&self) -> Vec<Context> {
        self.0.keys().filter_map(|name| self.context(name)).collect()
    }
    /// One context.
    pub fn context(&self, name: &str) -> Option<Context> {
        check_name(name).ok()?;
        let table = self.0.get(name)?.as_table()?;
        Some(Context {
            name: name.to_string(),
            host: text(table, "Host"),
            insecure: truth(table, "InsecureSkipVerifyTLS"),
            verbose: truth(table, "Verbose"),
            session: text(table, "Session"),
            token: text(table, "Token"),
        })
    }
    /// Adds or replaces a context.
    ///
    /// # Errors
    /// It may not be called so.
    pub fn set(&mut self, context: &Context) -> Result<(), CliError> {
        check_name(&context.name)?;
        let mut table = match self.0.get(&context.name).and_then(Value::as_table) {
            Some(old) => old.clone(),
            None => Table::new(),
        };
        let flag = |on: bool| if on { "true".to_string() } else { String::new() };
        for (key, value) in [
            ("Host", context.host.clone()),
            ("InsecureSkipVerifyTLS", flag(context.insecure)),
            ("Verbose", flag(context.verbose)),
            ("Session", context.session.clone()),
            ("Token", context.token.clone()),
        ] {
            table.retain(|k, _| !k.eq_ignore_ascii_case(key));
            if !value.is_empty() {
                table.insert(key.to_string(), Value::String(value));
            }
        }
        self.0.insert(context.name.clone(), Value::Table(table));
        Ok(())
    }
    /// Chooses the context in use.
    pub fn set_current(&mut self, name: &str) {
        self.0.retain(|k, _| !k.eq_ignore_ascii_case("current"));
        self.0.insert("current".to_string(), Value::String(name.to_string()));
    }
    /// Writes the file, readable by its owner only; a reader never sees half of it.
    pub fn save(&self, path: &Path) -> Result<(), CliError> {
        let failed =
            |e: &dyn std::fmt::Display| CliError::failed(format!("cannot write {}: {e}", path.display()));
        let content = toml::to_string(&self.0).map_err(|e| failed(&e))?;
        let mut name = path.file_name().ok_or_else(|| failed(&"it is not a file name"))?.to_os_string();
        name.push(format!(".{}.new", std::process::id()));
        let fresh = path.with_file_name(name);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options
            .open(&fresh)
            .and_then(|mut file| file.write_all(content.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&fresh, path));
        written.map_err(|e| {
            let _ = std::fs::remove_file(&fresh);
            failed(&e)
        })
    }
}

/// Values of the global flags that choose a server.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// `-f`.
    pub file: Option<PathBuf>,
    /// `-c`.
    pub context: Option<String>,
    /// `--insecure`.
    pub insecure: bool,
}

/// A variable of the environment.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Choice {
    /// The context file: `-f`, `CDS_FILE`, `~/.cdsrc`.
    pub fn path(&self, env: Env<'_>) -> Result<PathBuf, CliError> {
        if let Some(path) = &self.file {
            return Ok(path.clone());
        }
        if let Some(path) = env("CDS_FILE") {
            return Ok(path.into());
        }
        let home = env("HOME").or_else(|| env("USERPROFILE"));
        home.map(|h| PathBuf::from(h).join(".cdsrc")).ok_or_else(|| {
            CliError::failed("no home directory (HOME is not set): name the configuration file with -f")
        })
    }
    /// The context's name if one was asked for: `-c`, `CDS_CONTEXT`.
    pub fn context_name(&self, env: Env<'_>) -> Option<String> {
        self.context.clone().or_else(|| env("CDS_CONTEXT"))
    }
    /// The context to use, after the environment's overrides.
    ///
    /// # Errors
    /// No such context, no current one, or no address at all.
    pub fn resolve(&self, env: Env<'_>) -> Result<Context, CliError> {
        let host = env("CDS_API_URL");
        let mut context = Context::default();
        // Without a home directory the environment may still say everything.
        let path = match self.path(env) {
            Err(e) if host.is_none() => return Err(e),
            path => path.ok(),
        };
        if let Some((path, file)) = path.and_then(|p| ConfigFile::load(&p).transpose().map(|f| (p, f))) {
            let file = file?;
            let asked = self.context_name(env);
            let name = asked.clone().unwrap_or_else(|| file.current());
            match file.context(&name) {
                Some(found) => context = found,
                None if host.is_some() => {}
                None if name.is_empty() => {
                    return Err(CliError::failed(format!(
                        "unable to load the current context file {} err:no current context",
                        path.display()
                    )));
                }
                None => {
                    return Err(CliError::failed(format!(
                        "context {name} does not exist in {} (`cdsctl context list` shows those that do)",
                        path.display()
                    )));
                }
            }
        }
        if let Some(host) = host {
            context.host = host;
        }
        // What the environment says about who I am replaces what the file says, whole.
        let (session, token) = (env("CDS_SESSION_TOKEN"), env("CDS_TOKEN"));
        if session.is_some() || token.is_some() {
            context.session = session.unwrap_or_default();
            context.token = token.unwrap_or_default();
        }
        context.insecure |= self.insecure || env("CDS_INSECURE").is_some_and(|v| is_true(&v));
        context.verbose |= env("CDS_VERBOSE").is_some_and(|v| is_true(&v));
        while context.host.ends_with('/') {
            context.host.pop();
        }
        if context.host.is_empty() {
            return Err(CliError::failed(
                "invalid cdsctl configuration to reach a CDS API: sign in with `cdsctl login --api-url URL`, \
                 or set CDS_API_URL",
            ));
        }
        Ok(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn env(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
        let map: HashMap<String, String> =
            pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
        move |name| map.get(name).cloned()
    }

    const FILE: &str = r#"
current = "default"
other = 1
[default]
  host = "http://localhost:8081/"
  INSECURESKIPVERIFYTLS = true
  Session = "s1"
  extra = "kept"
[second]
  Host = "http://second"
  Token = "t2"
  Verbose = "true"
"#;

    #[test]
    fn keys_whatever_their_case() {
        let file = ConfigFile::parse(FILE).unwrap();
        assert_eq!(file.current(), "default");
        assert_eq!(
            file.contexts().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
            ["default", "second"]
        );
        let c = file.context("default").unwrap();
        assert!(c.insecure && !c.verbose && c.session == "s1");
        assert!(file.context("second").unwrap().verbose);
        assert!(file.context("other").is_none());
        assert!(ConfigFile::parse("current = ").is_err());
    }

    #[test]
    fn a_saved_file_is_private_and_reads_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rc");
        let mut file = ConfigFile::parse(FILE).unwrap();
        let fresh = Context {
            name: "a b".into(),
            host: "http://x".into(),
            token: "quote\" and \\".into(),
            insecure: true,
            ..Context::default()
        };
        file.set(&fresh).unwrap();
        file.set_current("a b");
        let mut changed = file.context("default").unwrap();
        changed.session = "s3".into();
        file.set(&changed).unwrap();
        file.save(&path).unwrap();
        file.save(&path).unwrap();
        let read = ConfigFile::load(&path).unwrap().unwrap();
        assert_eq!(read, file);
        assert_eq!(read.context("a b"), Some(fresh));
        assert_eq!(read.current(), "a b");
        assert_eq!(read.context("default").unwrap().session, "s3");
        assert!(std::fs::read_to_string(&path).unwrap().contains("extra = \"kept\""));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(ConfigFile::load(&dir.path().join("none")).unwrap(), None);
    }

    #[test]
    fn the_word_for_the_context_in_use_is_no_name() {
        let mut file =
            ConfigFile::parse("[Current]\nHost = \"http://a\"\n[b]\nHost = \"http://b\"\n").unwrap();
        assert_eq!(file.contexts().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["b"]);
        for name in ["", "current", "CURRENT"] {
            let refused = file.set(&Context { name: name.into(), ..Context::default() }).unwrap_err();
            assert!(refused.to_string().contains("-c"), "{refused}");
        }
    }

    #[test]
    fn what_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rc");
        std::fs::write(&path, FILE).unwrap();
        let p = path.to_str().unwrap();
        let choice = Choice { file: Some(path.clone()), ..Choice::default() };
        let c = choice.resolve(&env(&[])).unwrap();
        assert_eq!((c.host.as_str(), c.session.as_str()), ("http://localhost:8081", "s1"));
        // -f before CDS_FILE, -c before CDS_CONTEXT, the environment before the file.
        let c = Choice::default().resolve(&env(&[("CDS_FILE", p), ("CDS_CONTEXT", "second")])).unwrap();
        assert_eq!((c.host.as_str(), c.token.as_str()), ("http://second", "t2"));
        let c = Choice { context: Some("second".into()), ..choice.clone() }
            .resolve(&env(&[
                ("CDS_FILE", "/nonexistent"),
                ("CDS_CONTEXT", "default"),
                ("CDS_API_URL", "http://e/"),
            ]))
            .unwrap();
        assert_eq!((c.name.as_str(), c.host.as_str(), c.token.as_str()), ("second", "http://e", "t2"));
        let c = choice.resolve(&env(&[("CDS_TOKEN", "t9")])).unwrap();
        assert_eq!((c.session.as_str(), c.token.as_str()), ("", "t9"), "the file's session is somebody else");
    }

    #[test]
    fn what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap().to_string();
        let none = Choice::default().resolve(&env(&[("HOME", &home)])).unwrap_err().to_string();
        assert!(none.starts_with("invalid cdsctl configuration to reach a CDS API"), "{none}");
        assert!(Choice::default().resolve(&env(&[("CDS_API_URL", "http://x")])).is_ok());
        std::fs::write(dir.path().join(".cdsrc"), "[a]\nHost = \"http://a\"\n").unwrap();
        let none = Choice::default().resolve(&env(&[("HOME", &home)])).unwrap_err().to_string();
        assert!(none.ends_with("err:no current context"), "{none}");
        let none = Choice { context: Some("b".into()), ..Choice::default() }
            .resolve(&env(&[("HOME", &home)]))
            .unwrap_err()
            .to_string();
        assert!(none.starts_with("context b does not exist"), "{none}");
    }
}
