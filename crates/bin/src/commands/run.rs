//! `cds run`: a server for one run, in a directory that is thrown away.

use super::server::{Signals, embed, runtime, shut_down};
use crate::args::RunArgs;
use anyhow::Context;
use cds_api::{runs::Run, users::SignIn};
use cds_client::Client;
use cds_hatchery::HatcheryConfig;
use cds_local::{LocalError, Options, Plan, Project};
use cds_model::{Secret, Status, WallClock};
use cds_server::{Admin, Config, Running};
use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

/// How often files are looked at.
const POLL: Duration = Duration::from_millis(500);
/// The project's pgp key may still be in the making; its program must not outlive this one.
const LAST_WORK: Duration = Duration::from_secs(5);

pub(crate) fn run(args: RunArgs) -> ExitCode {
    match work(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = error.downcast_ref::<LocalError>().map_or(1, LocalError::exit_code);
            eprintln!("{error:#}");
            ExitCode::from(code)
        }
    }
}

fn work(args: RunArgs) -> anyhow::Result<u8> {
    if std::env::var_os("CDS_LOG").is_some_and(|v| !v.is_empty()) {
        crate::log::start()?;
    }
    let options = Options {
        directory: std::env::current_dir().context("cannot find the current directory")?,
        workflow: args.workflow,
        node: args.node,
        payload: args.payload,
        variables: args.vars,
        secrets: args.secrets,
        json: args.json,
    };
    let plan = Plan::read(&options)?;
    let data = tempfile::Builder::new().prefix("cds-run-").tempdir();
    let data = data.context("cannot make a temporary directory")?;
    let runtime = runtime()?;
    let result = runtime.block_on(serve(&options, plan, args.watch, data.path()));
    runtime.shutdown_timeout(LAST_WORK);
    result
}

async fn serve(options: &Options, plan: Plan, watch: bool, data: &Path) -> anyhow::Result<u8> {
    let mut signals = Signals::listen()?;
    announce(&plan, options);
    let config = Config {
        data: data.to_path_buf(),
        listen: ([127, 0, 0, 1], 0).into(),
        signup_enabled: false,
        kill_grace_ms: 2_000,
        ..Config::default()
    };
    let password = cds_model::RunId::new().to_string();
    let admin = Admin::Create { username: "local".into(), password: Secret::new(password.clone()) };
    let running = cds_server::start(config, admin, Arc::new(WallClock)).await?;
    let agent = embed(HatcheryConfig::default(), &running, data).await?;
    let result = tokio::select! {
        result = session(options, plan, watch, &running, password, &mut signals) => result,
    };
    tokio::select! {
        () = shut_down(running, Some(agent)) => {}
        () = signals.next() => {}
    }
    result
}

fn announce(plan: &Plan, options: &Options) {
    if options.json {
        eprintln!("{}", plan.title());
    } else {
        println!("{}", plan.title());
    }
    plan.notes.iter().for_each(|note| eprintln!("{note}"));
}

async fn session(
    options: &Options,
    mut plan: Plan,
    watch: bool,
    running: &Running,
    password: String,
    signals: &mut Signals,
) -> anyhow::Result<u8> {
    let nobody = Client::new(&running.url, None)?;
    let body = SignIn { username: "local".into(), password, init_token: None };
    let session = nobody.signin(&body).await?;
    let project = Project::create(nobody.with_token(Some(Secret::new(session.token))), options).await?;
    let top = cds_local::toplevel(&options.directory)?;
    loop {
        let mut seen = cds_local::fingerprint(&top)?;
        let mut stopped = false;
        let stop = async {
            signals.next().await;
            stopped = true;
        };
        let ended = project.run(&plan, options.json, stop).await;
        if !watch || stopped {
            return Ok(code(&ended?));
        }
        if let Err(error) = ended {
            eprintln!("{error}");
        }
        plan = loop {
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = signals.next() => return Ok(0),
            }
            let now = cds_local::fingerprint(&top)?;
            if now == seen {
                continue;
            }
            seen = now;
            match Plan::read(options) {
                Ok(plan) => break plan,
                Err(error) => eprintln!("{error}"),
            }
        };
        announce(&plan, options);
    }
}

fn code(run: &Run) -> u8 {
    u8::from(run.brief.status != Status::Success)
}
