//! The program's own log, on standard error.

use anyhow::Context;
use tracing_subscriber::{EnvFilter, fmt};

/// What is logged when nobody says otherwise.
const DEFAULT: &str = "info";

/// Starts logging as `CDS_LOG` and `CDS_LOG_FORMAT` say.
pub(crate) fn start() -> anyhow::Result<()> {
    let filter = std::env::var("CDS_LOG").unwrap_or_default();
    let filter = if filter.trim().is_empty() { DEFAULT } else { filter.trim() };
    let filter: EnvFilter = filter.parse().with_context(|| {
        format!("CDS_LOG='{filter}' is not understood; examples: debug, info,cds_server=debug")
    })?;
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match std::env::var("CDS_LOG_FORMAT").as_deref() {
        Ok("json") => log.json().flatten_event(true).init(),
        Ok("" | "text") | Err(_) => {
            use std::io::IsTerminal;
            log.with_ansi(std::io::stderr().is_terminal()).init();
        }
        Ok(other) => anyhow::bail!("CDS_LOG_FORMAT='{other}' is not known; choose text or json"),
    }
    Ok(())
}
