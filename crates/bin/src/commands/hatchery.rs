//! `cds hatchery`, and the hatchery inside a server.

use crate::{args::HatcheryArgs, settings::Settings};
use anyhow::Context;
use cds_client::Client;
use cds_hatchery::{Agent, HatcheryConfig};
use cds_model::{Clock, Secret, WallClock};
use cds_provider_local::{LocalConfig, LocalProvider};
use std::{path::PathBuf, time::Duration};
use tokio_util::sync::CancellationToken;

pub(crate) fn run(args: HatcheryArgs) -> anyhow::Result<()> {
    crate::log::start()?;
    let config = config(args)?;
    super::server::runtime()?.block_on(async {
        let cancel = CancellationToken::new();
        let mut signals = super::server::Signals::listen()?;
        let agent = tokio::spawn(work(config, Bond::default(), cancel.clone())?);
        signals.next().await;
        cancel.cancel();
        tokio::select! {
            ended = agent => ended?.map_err(Into::into),
            () = signals.next() => {
                tracing::warn!("second signal: ending at once, workers are found again at the next start");
                Ok(())
            }
        }
    })
}

fn config(args: HatcheryArgs) -> anyhow::Result<HatcheryConfig> {
    let Settings { hatchery: mut config, .. } = super::load(&args.file)?;
    if let Some(url) = args.api_url {
        config.api_url = url;
    }
    if let Some(name) = args.name {
        config.name = name;
    }
    if let Some(basedir) = args.basedir {
        config.basedir = basedir;
    }
    if let Some(path) = &args.token_file {
        let token = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the token in {}", path.display()))?;
        config.token = Secret::new(token.trim().to_string());
    } else if let Some(token) = args.token {
        config.token = Secret::new(token);
    }
    config.check()?;
    anyhow::ensure!(
        !config.token.expose().is_empty(),
        "a hatchery needs a token with the scope `hatchery`; an administrator makes one with \
         `cdsctl consumer new --scopes hatchery`, and --token-file names the file that holds it"
    );
    Ok(config)
}

/// What workers have of this process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bond<'a> {
    /// They end with it, and are not found again by the next one.
    pub until_end: bool,
    /// Variables of its environment that are not for them.
    pub without: &'a [String],
}

/// A hatchery at work, as a future that ends when `cancel` is cancelled and all workers have ended. Once in a process.
///
/// # Errors
/// If its directory cannot be used or its address is not one.
pub(crate) fn work(
    config: HatcheryConfig,
    bond: Bond<'_>,
    cancel: CancellationToken,
) -> anyhow::Result<impl Future<Output = Result<(), cds_hatchery::AgentError>> + Send + use<>> {
    // Orphans of workers that were killed come to this process and not to the machine's first one.
    if let Err(error) = cds_provider_local::become_subreaper() {
        tracing::warn!(%error, "orphans of killed workers cannot be adopted");
    }
    let worker_exe = if config.worker_exe.as_os_str().is_empty() {
        std::env::current_exe().context("cannot find this program's own file")?
    } else {
        config.worker_exe.clone()
    };
    let foreign = |name: &std::ffi::OsStr| bond.without.iter().any(|without| name == without.as_str());
    let mut environment: Vec<_> = std::env::vars_os().filter(|(name, _)| !foreign(name)).collect();
    environment.push(("HATCHERY_NAME".into(), config.name.clone().into()));
    environment.push(("HATCHERY_REGION".into(), config.region.clone().into()));
    let provider = LocalProvider::open(LocalConfig {
        directory: absolute(&config.basedir)?,
        worker_exe,
        max_instances: 0,
        grace: Duration::from_secs(config.grace_s.into()),
        environment,
        end_with_this: bond.until_end,
    })
    .context("cannot start the hatchery")?;
    let client = Client::new(&config.api_url, Some(config.token.clone()))?;
    let agent = Agent::new(&config, super::VERSION, provider, client, WallClock.now());
    Ok(async move {
        let ended = agent.run(cancel).await;
        let _ = tokio::task::spawn_blocking(cds_provider_local::kill_orphans).await;
        ended
    })
}

fn absolute(path: &PathBuf) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is not a path", path.display()))
}
