//! `cds worker`: runs jobs until it is idle for too long, has done its number of them, or is told to end.

use crate::args::WorkerArgs;
use anyhow::Context;
use cds_model::Secret;
use cds_worker::WorkerConfig;

pub(crate) fn run(args: WorkerArgs) -> anyhow::Result<()> {
    crate::log::start()?;
    let token = std::env::var(cds_provider_local::TOKEN)
        .with_context(|| format!("{} must hold the token to register with", cds_provider_local::TOKEN))?;
    let mut config = WorkerConfig::new(args.api, Secret::new(token), args.name.clone(), args.basedir);
    config.inject.insert("HATCHERY_WORKER".into(), args.name);
    config.parent = args.parent;
    // One thread: a worker waits nearly always, and there may be many of them.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(4).build()?;
    let exit = runtime.block_on(cds_worker::run(config))?;
    tracing::debug!(?exit, "worker ends");
    Ok(())
}
