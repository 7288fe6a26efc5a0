//! `cds run`: a server for one run, in a directory that is thrown away.

mod home;
mod signals;

use super::{
    hatchery::Bond,
    server::{embed, runtime, shut_down},
};
use crate::args::RunArgs;
use anyhow::Context;
use cds_api::users::SignIn;
use cds_client::Client;
use cds_hatchery::HatcheryConfig;
use cds_local::{Fingerprint, LocalError, Options, Plan, Project, Repository};
use cds_model::{Secret, WallClock};
use cds_process::Offspring;
use cds_server::{Admin, Config, Running};
use home::Home;
use signals::Signals;
use std::{fmt::Display, io::Write, path::Path, process::ExitCode, sync::Arc, time::Duration};

/// How often files are looked at.
const POLL: Duration = Duration::from_millis(500);
/// What threads get that remove a directory with a private key.
const LAST_WORK: Duration = Duration::from_secs(5);
/// What processes get to vanish that were killed.
const BURIAL: Duration = Duration::from_secs(5);

pub(crate) fn run(args: RunArgs) -> ExitCode {
    match work(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = error.downcast_ref::<LocalError>().map_or(1, LocalError::exit_code);
            tell(format!("{error:#}"));
            ExitCode::from(code)
        }
    }
}

/// Says something on standard error; a terminal that was closed is no reason to stop cleaning up.
fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn work(args: RunArgs) -> anyhow::Result<u8> {
    if std::env::var_os("CDS_LOG").is_some_and(|v| !v.is_empty()) {
        crate::log::start()?;
    }
    let directory = std::env::current_dir().context("cannot find the current directory")?;
    let job = Work {
        repository: Repository::find(&directory)?,
        watch: args.watch,
        options: Options {
            artifacts: args.artifacts.map(|path| directory.join(path)),
            workflow: args.workflow,
            node: args.node,
            payload: args.payload,
            variables: args.vars,
            secrets: args.secrets,
            logs: args.logs,
            json: args.json,
        },
    };
    let runtime = runtime()?;
    let offspring = Offspring::from_now();
    // Before there is anything that a signal would leave behind.
    let signals = runtime.block_on(async { Signals::listen() })?;
    let home = Home::make()?;
    let result = runtime.block_on(job.serve(&home, signals));
    // Whoever lives now was not asked to end, or has not done so: the key of the project may still be in the making.
    offspring.kill(BURIAL);
    runtime.shutdown_timeout(LAST_WORK);
    offspring.kill(BURIAL);
    home.remove();
    result
}

/// Reads files where a signal is heard meanwhile: a tree may be large.
async fn aside<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, LocalError> + Send + 'static,
) -> Result<T, LocalError> {
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|e| Err(LocalError::Failed(e.to_string())))
}

/// What is to be done.
struct Work {
    repository: Repository,
    options: Options,
    watch: bool,
}

impl Work {
    async fn serve(&self, home: &Home, signals: Signals) -> anyhow::Result<u8> {
        tokio::select! {
            result = self.with_server(home.path(), &signals) => result,
            () = signals.again() => Ok(1),
        }
    }

    async fn with_server(&self, home: &Path, signals: &Signals) -> anyhow::Result<u8> {
        let read = async {
            // What is read has been seen: a change from here on is a change.
            let seen = self.fingerprint().await?;
            Ok::<_, LocalError>((seen, self.plan(home).await?))
        };
        let (seen, plan) = tokio::select! {
            read = read => read?,
            () = signals.first() => return Ok(1),
        };
        self.announce(&plan);
        let config = Config {
            data: home.to_path_buf(),
            listen: ([127, 0, 0, 1], 0).into(),
            signup_enabled: false,
            kill_grace_ms: 2_000,
            ..Config::default()
        };
        let password = cds_model::RunId::new().to_string();
        let admin = Admin::Create { username: "local".into(), password: Secret::new(password.clone()) };
        let running = cds_server::start(config, admin, Arc::new(WallClock)).await?;
        let bond = Bond { until_end: true, without: cds_local::repository_variables()? };
        let agent = embed(HatcheryConfig::default(), bond, &running, home).await?;
        let result = self.session(home, (seen, plan), &running, password, signals).await;
        shut_down(running, Some(agent)).await;
        result
    }

    async fn session(
        &self,
        home: &Path,
        (mut seen, mut plan): (Option<Fingerprint>, Plan),
        running: &Running,
        password: String,
        signals: &Signals,
    ) -> anyhow::Result<u8> {
        let nobody = Client::new(&running.url, None)?;
        let body = SignIn { username: "local".into(), password, init_token: None };
        let session = nobody.signin(&body).await?;
        let client = nobody.with_token(Some(Secret::new(session.token)));
        let project = Project::create(client, &self.options).await?;
        loop {
            let ended = project.run(&plan, &self.options, signals.first()).await;
            if !self.watch || signals.came() {
                return Ok(u8::from(!cds_local::succeeded(&ended?, &self.options)));
            }
            if let Err(error) = ended {
                tell(error);
            }
            plan = tokio::select! {
                plan = self.changed(home, &mut seen) => plan?,
                () = signals.first() => return Ok(0),
            };
            self.announce(&plan);
        }
    }

    /// Waits until the files are others and can be run.
    async fn changed(&self, home: &Path, seen: &mut Option<Fingerprint>) -> Result<Plan, LocalError> {
        loop {
            tokio::time::sleep(POLL).await;
            let now = self.fingerprint().await?;
            if now == *seen {
                continue;
            }
            *seen = now;
            match self.plan(home).await {
                Ok(plan) => return Ok(plan),
                Err(error) => tell(error),
            }
        }
    }

    /// What the files look like, if somebody wants to know whether they change.
    async fn fingerprint(&self) -> Result<Option<Fingerprint>, LocalError> {
        if !self.watch {
            return Ok(None);
        }
        let (repository, options) = (self.repository.clone(), self.options.clone());
        aside(move || Fingerprint::take(&repository, &options).map(Some)).await
    }

    async fn plan(&self, home: &Path) -> Result<Plan, LocalError> {
        let (repository, options, home) = (self.repository.clone(), self.options.clone(), home.to_path_buf());
        aside(move || Plan::read(&repository, &options, &home)).await
    }

    fn announce(&self, plan: &Plan) {
        if self.options.json {
            tell(plan.title());
        } else {
            let _ = writeln!(std::io::stdout(), "{}", plan.title());
        }
        plan.notes.iter().for_each(tell);
    }
}
