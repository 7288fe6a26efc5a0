//! `cds server`: the API, and a hatchery for this machine in the same process.

use super::hatchery::{self, Bond};
use crate::{args::ServerArgs, lock::lock, settings::Settings};
use anyhow::Context;
use cds_hatchery::HatcheryConfig;
use cds_model::{Secret, WallClock};
use cds_server::{Admin, Running};
use std::{io::Write, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// From the first signal to the end of the process.
const SHUTDOWN: Duration = Duration::from_secs(10);
/// Part of it that workers get to end and to be seen off; the rest is the server's.
const WORKERS_SHUTDOWN: Duration = Duration::from_millis(8_500);
/// A worker of an embedded hatchery that does not end when asked is killed after this long, seconds.
const MAX_GRACE_S: u32 = 7;

pub(crate) fn run(args: ServerArgs) -> anyhow::Result<()> {
    crate::log::start()?;
    let settings = settings(&args)?;
    let _lock = lock(&settings.server.data)?;
    let runtime = runtime()?;
    let result = runtime.block_on(serve(settings, !args.no_hatchery));
    // What still blocks a thread now must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

fn settings(args: &ServerArgs) -> anyhow::Result<Settings> {
    let mut settings = super::load_state(&args.state)?;
    if let Some(listen) = args.listen {
        settings.server.listen = listen;
    }
    settings.check()?;
    settings.server.data = std::path::absolute(&settings.server.data)
        .with_context(|| format!("{} is not a path", settings.server.data.display()))?;
    Ok(settings)
}

/// Threads cost memory, and nothing here computes for long: at most four, and few for blocking calls.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(2, |n| n.get());
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(cores.clamp(2, 4)).max_blocking_threads(32).enable_all();
    builder.build().context("cannot start the runtime")
}

async fn serve(settings: Settings, with_hatchery: bool) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let data = settings.server.data.clone();
    let running = tokio::select! {
        running = cds_server::start(settings.server, admin()?, Arc::new(WallClock)) => running?,
        () = signals.next() => return Ok(()),
    };
    let init_token = running.init_token.clone().map(Secret::new);
    super::admin::keep_init_token(&data, init_token.as_ref())?;
    let agent = match with_hatchery {
        true => Some(embed(settings.hatchery, Bond::default(), &running, &data).await?),
        false => None,
    };
    announce(&running)?;

    signals.next().await;
    tracing::info!("ending; a second signal ends at once");
    tokio::select! {
        () = shut_down(running, agent) => {}
        () = signals.next() => tracing::warn!("second signal: ending at once"),
    }
    Ok(())
}

/// Says on standard output what scripts wait for.
fn announce(running: &Running) -> anyhow::Result<()> {
    let mut text = format!("CDS is ready at {}\n", running.url);
    if let Some(token) = &running.init_token {
        text.push_str(&format!("No administrator exists. Sign up with this init token: {token}\n"));
    }
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Nobody listens; that is their affair.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// What to do on a database without an administrator, as the environment says.
fn admin() -> anyhow::Result<Admin> {
    let var = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    match (var("CDS_ADMIN_USERNAME"), var("CDS_ADMIN_PASSWORD")) {
        (Some(username), Some(password)) => Ok(Admin::Create { username, password: Secret::new(password) }),
        (None, None) => Ok(Admin::InitToken),
        _ => anyhow::bail!("CDS_ADMIN_USERNAME and CDS_ADMIN_PASSWORD must be set both, or neither"),
    }
}

pub(crate) type AgentTask = (JoinHandle<Result<(), cds_hatchery::AgentError>>, CancellationToken);

/// Starts the hatchery of this machine.
pub(crate) async fn embed(
    mut config: HatcheryConfig,
    bond: Bond<'_>,
    running: &Running,
    data: &Path,
) -> anyhow::Result<AgentTask> {
    config.basedir = data.join("workers");
    config.api_url = format!("http://{}", reachable(running.addr));
    config.token = running.hatchery_token().await?;
    config.grace_s = config.grace_s.min(MAX_GRACE_S);
    // The name of a hatchery is its identity: those of several servers on one database must not be one.
    if config.name == HatcheryConfig::default().name && !running.mark().is_empty() {
        config.name = format!("{}-{}", config.name, running.mark());
    }
    if config.max_workers == 0 {
        let cores = std::thread::available_parallelism().map_or(2, |n| n.get());
        config.max_workers = u32::try_from(cores).unwrap_or(u32::MAX).max(2);
    }
    let cancel = CancellationToken::new();
    let agent = tokio::spawn(hatchery::work(config, bond, cancel.clone())?);
    Ok((agent, cancel))
}

/// An address that this machine itself can connect to.
fn reachable(addr: SocketAddr) -> SocketAddr {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}

/// Workers first, as they give their jobs back to the server; then the server.
pub(crate) async fn shut_down(running: Running, agent: Option<AgentTask>) {
    let deadline = Instant::now() + SHUTDOWN;
    if let Some((agent, cancel)) = agent {
        cancel.cancel();
        match timeout(WORKERS_SHUTDOWN, agent).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the hatchery did not end well"),
            Ok(Err(error)) => tracing::error!(%error, "the hatchery failed"),
            Err(_) => tracing::warn!("workers do not end in time; the next start finds them again"),
        }
    }
    if timeout_at(deadline, running.shutdown()).await.is_err() {
        tracing::warn!("requests do not end in time");
    }
}

/// SIGTERM and SIGINT.
pub(crate) struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    /// Takes them from their default, which is to end the process.
    pub fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen to signals");
        Ok(Self { term: listen(SignalKind::terminate())?, int: listen(SignalKind::interrupt())? })
    }

    /// Waits for the next of either.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_of_this_machine_connect_to_loopback() {
        let reach = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(reach("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(reach("[::]:80"), "[::1]:80");
        assert_eq!(reach("10.1.2.3:80"), "10.1.2.3:80");
    }
}
