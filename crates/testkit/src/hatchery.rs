//! A hatchery in a process of its own.

use crate::{SHORT, TestServer, bin, eventually};
use cds_api::users::TokenCreate;
use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long it may take to end when asked: it ends its workers first.
const END: Duration = Duration::from_secs(20);

/// A running `cds hatchery`. Ends with this value, and its workers with it.
pub struct TestHatchery {
    name: String,
    dir: PathBuf,
    api_url: String,
    env: Vec<(String, String)>,
    child: Option<Child>,
}

impl TestHatchery {
    /// A hatchery of this server; `settings` are lines of its section `[hatchery]`.
    pub async fn start(server: &TestServer, name: &str, settings: &str, env: &[(String, String)]) -> Self {
        let dir = server.scratch().join(format!("hatchery-{name}"));
        std::fs::create_dir_all(&dir).expect("a directory for the hatchery");
        let body = TokenCreate {
            name: name.into(),
            description: String::new(),
            scopes: vec!["hatchery".into()],
            duration_days: 1,
        };
        let token = server.admin().token_create(&body).await.expect("a token for the hatchery");
        std::fs::write(dir.join("token"), token.secret).expect("the token is written");
        std::fs::write(dir.join("cds.toml"), format!("[hatchery]\n{settings}\n")).expect("its settings");
        let mut hatchery =
            Self { name: name.into(), dir, api_url: server.url(), env: env.to_vec(), child: None };
        hatchery.restart();
        let known = || async {
            let all = server.admin().hatcheries().await.ok()?;
            all.iter().any(|h| h.name == name).then_some(())
        };
        eventually("the hatchery's registration", SHORT, known).await;
        hatchery
    }

    /// Starts it again on the same directory.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the hatchery runs");
        let log = self.log_file();
        let output: File = OpenOptions::new().create(true).append(true).open(log).expect("a log file");
        let mut command = Command::new(bin("cds"));
        command
            .args(["hatchery", "--name", &self.name, "--api-url", &self.api_url, "--config"])
            .arg(self.dir.join("cds.toml"))
            .arg("--token-file")
            .arg(self.dir.join("token"))
            .arg("--basedir")
            .arg(self.workers());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CDS_") {
                command.env_remove(name);
            }
        }
        command
            .env("CDS_LOG", std::env::var("CDS_TEST_LOG").unwrap_or_else(|_| "info".into()))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output);
        self.child = Some(command.spawn().expect("the hatchery starts"));
    }

    /// Its base directory.
    pub fn workers(&self) -> PathBuf {
        self.dir.join("base")
    }

    fn log_file(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// What it logged, over all starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Ends it as a power cut would; its workers go on.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("a running hatchery");
        child.kill().expect("SIGKILL");
        child.wait().expect("its end");
    }

    /// Asks it to end, and waits: its workers end first.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().expect("a running hatchery");
        crate::server::terminate(&child);
        eventually("the hatchery's end", END, || {
            let ended = child.try_wait().expect("the state of the hatchery");
            async move { ended }
        })
        .await;
    }

    /// Names of what is left in a directory below its base, e.g. `workers`, `state`.
    pub fn left(&self, what: &str) -> Vec<String> {
        names(&self.workers().join(what))
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

impl Drop for TestHatchery {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        crate::server::terminate(&child);
        let begin = Instant::now();
        while begin.elapsed() < END && matches!(child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}
