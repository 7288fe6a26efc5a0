//! A server in a process of its own.

use crate::{Ctl, Postgres, Project, SHORT, Smtp, bin, eventually, within};
use cds_api::{
    projects::ProjectCreate,
    users::{SignIn, SignUp, SignUpVerify},
};
use cds_client::Client;
use cds_model::Secret;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Name of the administrator of every test server.
pub const ADMIN: &str = "admin";
/// Their password.
pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// How long a server may take to end when asked.
const END: Duration = Duration::from_secs(15);

/// What a test wants of its server.
#[derive(Debug, Default)]
pub struct Setup {
    /// Use this database instead of SQLite.
    pub postgres: Option<String>,
    /// Send mail there: a port of this machine.
    pub smtp: Option<u16>,
    /// Leave the database without an administrator.
    pub no_admin: bool,
    /// A master key to start with, as a second server on a database needs it.
    pub secret_key: Option<PathBuf>,
    /// Start no workers.
    pub no_hatchery: bool,
    /// Further lines of the configuration file's section `[server]`.
    pub server: String,
    /// Lines of the section `[hatchery]`.
    pub hatchery: String,
    /// Further variables of the environment.
    pub env: Vec<(String, String)>,
    /// Data directory; without it, one of the test's own.
    pub data: Option<PathBuf>,
}

/// A running server with its own temporary directory. Ends with this value.
pub struct TestServer {
    setup: Setup,
    dir: TempDir,
    child: Option<Child>,
    /// Where it listens; kept over restarts.
    port: u16,
    init_token: Option<String>,
    starts: u32,
    admin: Client,
    /// Ends after the server.
    postgres: Option<Postgres>,
}

impl TestServer {
    /// A server on SQLite with an administrator and workers.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// The same on a PostgreSQL of its own; `None` only if the environment says that there is to be none.
    pub async fn on_postgres() -> Option<Self> {
        Self::on_postgres_with(Setup::default()).await
    }

    /// The same as the test wants it.
    pub async fn on_postgres_with(setup: Setup) -> Option<Self> {
        let start = || Postgres::start().map(|postgres| (postgres.database(), postgres));
        let (url, postgres) = tokio::task::spawn_blocking(start).await.expect("PostgreSQL starts")?;
        let mut server = Self::with(Setup { postgres: Some(url), ..setup }).await;
        server.postgres = Some(postgres);
        Some(server)
    }

    /// Ends its PostgreSQL without notice and starts it again. False if there is none of its own.
    pub async fn crash_postgres(&mut self) -> bool {
        let Some(postgres) = self.postgres.take() else { return false };
        let crash = move || (postgres.crash(), postgres);
        let (crashed, postgres) = tokio::task::spawn_blocking(crash).await.expect("PostgreSQL comes back");
        self.postgres = Some(postgres);
        crashed
    }

    /// The database as `cds_store` opens it.
    pub fn database(&self) -> String {
        let own = || format!("sqlite:{}", self.data().join("cds.db").display());
        self.setup.postgres.clone().unwrap_or_else(own)
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// A server as the test wants it.
    pub async fn with(setup: Setup) -> Self {
        let dir = tempfile::Builder::new().prefix("cds-test-").tempdir().expect("a temporary directory");
        let nobody = Client::new("http://127.0.0.1:1", None).expect("a client");
        let mut server = Self {
            setup,
            dir,
            child: None,
            port: 0,
            init_token: None,
            starts: 0,
            admin: nobody,
            postgres: None,
        };
        server.write_config();
        if let Some(key) = &server.setup.secret_key {
            std::fs::create_dir_all(server.data()).expect("the data directory");
            std::fs::copy(key, server.data().join("secret.key")).expect("the key");
        }
        server.launch().await;
        if !server.setup.no_admin {
            server.admin = server.sign_in(ADMIN, ADMIN_PASSWORD).await;
        }
        server
    }

    /// What a server logs that does not start.
    pub async fn refused(setup: Setup) -> String {
        let dir = tempfile::Builder::new().prefix("cds-test-").tempdir().expect("a temporary directory");
        let mut command = tokio::process::Command::new(bin("cds"));
        command
            .args(["server", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.path().join("data"))
            .args(setup.postgres.iter().flat_map(|url| ["--database", url]))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = within("the refusal", SHORT, command.output()).await.expect("the server starts");
        assert!(!output.status.success(), "it started");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn write_config(&self) {
        let mut text = format!("[server]\n{}\n", self.setup.server);
        if let Some(port) = self.setup.smtp {
            text.push_str(&format!(
                "[server.smtp]\nhost = \"127.0.0.1\"\nport = {port}\nfrom = \"cds@localhost.local\"\n"
            ));
        }
        text.push_str(&format!("[hatchery]\n{}\n", self.setup.hatchery));
        std::fs::write(self.dir.path().join("cds.toml"), text).expect("the configuration is written");
    }

    async fn launch(&mut self) {
        self.starts += 1;
        let out = self.file("out");
        let create = |path: &Path| File::create(path).expect("an output file");
        let mut command = Command::new(bin("cds"));
        command
            .arg("server")
            .arg("--config")
            .arg(self.dir.path().join("cds.toml"))
            .arg("--data")
            .arg(self.data())
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .stdin(Stdio::null())
            .stdout(create(&out))
            .stderr(create(&self.file("log")));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CDS_") {
                command.env_remove(name);
            }
        }
        command.env("CDS_LOG", std::env::var("CDS_TEST_LOG").unwrap_or_else(|_| "info".into()));
        command.envs(self.setup.env.iter().map(|(name, value)| (name, value)));
        if let Some(url) = &self.setup.postgres {
            command.args(["--database", url]);
        }
        if self.setup.no_hatchery {
            command.arg("--no-hatchery");
        }
        if !self.setup.no_admin {
            command.env("CDS_ADMIN_USERNAME", ADMIN).env("CDS_ADMIN_PASSWORD", ADMIN_PASSWORD);
        }
        let mut child = command.spawn().expect("the server starts");
        let begin = Instant::now();
        let url = loop {
            let text = std::fs::read_to_string(&out).unwrap_or_default();
            if let Some(url) = line_after(&text, "CDS is ready at ") {
                self.init_token =
                    line_after(&text, "No administrator exists. Sign up with this init token: ")
                        .map(String::from);
                break url.to_string();
            }
            let ended = child.try_wait().expect("the state of the server");
            assert!(
                ended.is_none() && begin.elapsed() < SHORT,
                "the server did not get ready ({ended:?}):\n{}",
                std::fs::read_to_string(self.file("log")).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        self.child = Some(child);
        self.port =
            url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port in the address");
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.dir.path().join(format!("server-{}.{kind}", self.starts))
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.setup.data.clone().unwrap_or_else(|| self.dir.path().join("data"))
    }

    /// A directory for the test's own files, removed with the server.
    pub fn scratch(&self) -> &Path {
        self.dir.path()
    }

    /// The line about the init token, if there was one.
    pub fn init_token(&self) -> Option<&str> {
        self.init_token.as_deref()
    }

    /// What it logged, over all starts.
    pub fn log(&self) -> String {
        (1..=self.starts)
            .map(|n| {
                std::fs::read_to_string(self.dir.path().join(format!("server-{n}.log"))).unwrap_or_default()
            })
            .collect()
    }

    /// Process id of the running server.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running server").id()
    }

    /// The administrator's client.
    pub fn admin(&self) -> &Client {
        &self.admin
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url(), None).expect("a client")
    }

    /// Somebody's client.
    pub async fn sign_in(&self, username: &str, password: &str) -> Client {
        let body = SignIn { username: username.into(), password: password.into(), init_token: None };
        let session = self.anonymous().signin(&body).await.expect("sign-in");
        self.anonymous().with_token(Some(Secret::new(session.token)))
    }

    /// Makes a user through the sign-up, and signs them in. With mail, the token is taken from `smtp`.
    pub async fn sign_up(&self, username: &str, smtp: Option<&Smtp>, init_token: Option<&str>) -> Client {
        let email = format!("{username}@localhost.local");
        let body = SignUp {
            username: username.into(),
            fullname: format!("User {username}"),
            email: email.clone(),
            password: ADMIN_PASSWORD.into(),
        };
        self.anonymous().signup(&body).await.expect("sign-up");
        let Some(smtp) = smtp else { return self.sign_in(username, ADMIN_PASSWORD).await };
        let mail = eventually("the mail", SHORT, || async { smtp.latest(&email) }).await;
        let token = mail
            .content_decoded
            .lines()
            .find_map(|line| line.trim().rsplit_once(' ').filter(|(cmd, _)| cmd.contains("signup verify")))
            .map(|(_, token)| token.to_string())
            .expect("a token in the mail");
        let verify = SignUpVerify { token, init_token: init_token.map(String::from) };
        let session = self.anonymous().signup_verify(&verify).await.expect("verification");
        self.anonymous().with_token(Some(Secret::new(session.token)))
    }

    /// Makes a project of the administrator's.
    pub async fn project(&self, key: &str) -> Project {
        let body = ProjectCreate {
            key: key.into(),
            name: key.to_lowercase(),
            description: String::new(),
            group: String::new(),
        };
        self.admin.project_create(&body).await.expect("a project");
        Project::new(self.admin.clone(), key)
    }

    /// `cdsctl`, signed in as the administrator.
    pub async fn ctl(&self) -> Ctl {
        let ctl = Ctl::new(&self.dir.path().join("cdsctl"));
        ctl.ok(&["login", "--api-url", &self.url(), "--username", ADMIN, "--password", ADMIN_PASSWORD]).await;
        ctl
    }

    /// Ends it as a power cut would.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("a running server");
        child.kill().expect("SIGKILL");
        child.wait().expect("its end");
    }

    /// Asks it to end, and does not wait.
    pub fn terminate(&self) {
        terminate(self.child.as_ref().expect("a running server"));
    }

    /// Asks it to end, and waits. Gives its exit status and how long it took.
    pub async fn stop(&mut self) -> (std::process::ExitStatus, Duration) {
        let mut child = self.child.take().expect("a running server");
        let begin = Instant::now();
        terminate(&child);
        let end = eventually("the server's end", END, || {
            let status = child.try_wait().expect("the state of the server");
            async move { status }
        });
        let status = within("the server", END, end).await;
        (status, begin.elapsed())
    }

    /// Starts it again after [`TestServer::kill`] or [`TestServer::stop`], on the same data and port.
    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "the server runs");
        self.launch().await;
    }
}

fn line_after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    // Only whole lines: the last one may be half written.
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')?.strip_prefix(start)).next()
}

pub(crate) fn terminate(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let _ = kill_process(pid.expect("a process id"), Signal::TERM);
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // Asked first: it ends its workers, which a kill would leave behind.
        terminate(&child);
        let begin = Instant::now();
        while begin.elapsed() < END {
            if !matches!(child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
        if std::thread::panicking() {
            eprintln!("--- the server's log ---\n{}--- end of the server's log ---", self.log());
        }
    }
}
