//! Whether the server works, what it is, and what it measures. Open to everybody, so nothing here tells of contents.

use crate::{
    App,
    http::{error::Result, extract::Json},
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use cds_api::{Health, HealthLine, Version};
use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(version))
        .routes(routes!(openapi))
        .routes(routes!(metrics))
        .routes(routes!(mon_version))
        .routes(routes!(mon_status))
}

fn line(component: &str, fault: Option<String>, value: String) -> HealthLine {
    let status = if fault.is_some() { "AL" } else { "OK" };
    HealthLine { component: component.into(), status: status.into(), value: fault.unwrap_or(value) }
}

/// With less room than this on the data directory's disk the server is not healthy, bytes.
const LEAST_FREE: u64 = 4 << 20;

/// Room on the disk of the data directory, bytes; `None` = the system does not say.
fn free_bytes(app: &App) -> Option<u64> {
    let disk = rustix::fs::statvfs(&app.config().data).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// A database that answers later than this does not answer, for whoever wants to know how the server is.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is wrong with the database. What exactly stands in the log; this answer is for everybody.
async fn store_fault(app: &App) -> Option<String> {
    match tokio::time::timeout(PATIENCE, app.store().read(cds_store::events::last)).await {
        Ok(Ok(_)) if app.store().lacks_room() => Some(
            "the database's disk is full: nothing new is stored until there is room on PostgreSQL's volumes"
                .into(),
        ),
        Ok(Ok(_)) => None,
        Ok(Err(e)) => {
            tracing::error!(error = %e, "the database does not answer");
            Some("the database does not answer: see the server's log".into())
        }
        Err(_) => {
            tracing::error!("the database has not answered for {PATIENCE:?}");
            Some(format!(
                "the database has not answered for {} s: look whether it runs, and at the network between it and this server",
                PATIENCE.as_secs()
            ))
        }
    }
}

async fn look(app: &App) -> Health {
    let began = Instant::now();
    let fault = store_fault(app).await;
    let measured = app.measured();
    let free = free_bytes(app);
    let full = free.filter(|free| *free < LEAST_FREE);
    let full = full.map(|free| {
        format!("the disk of the data directory is full ({} KiB free): nothing new is stored", free >> 10)
    });
    let free = free.map_or("unknown".into(), |free| format!("{} MiB free", free >> 20));
    let lines = vec![
        line("disk", full, free),
        line("store", fault, format!("answers in {} µs", began.elapsed().as_micros())),
        line("queue", None, format!("{} jobs wait", measured.queue.get())),
        line("workers", None, format!("{} registered", measured.workers.get())),
    ];
    let troubled: Vec<&str> =
        lines.iter().filter(|l| l.status == "AL").map(|l| l.component.as_str()).collect();
    let status = if troubled.is_empty() { "OK".into() } else { format!("AL: {}", troubled.join(", ")) };
    Health { status, lines }
}

async fn answer(app: &App) -> (StatusCode, Json<Health>) {
    let health = look(app).await;
    let status = if health.status == "OK" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

fn about() -> Version {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    Version {
        version: env!("CARGO_PKG_VERSION").into(),
        os: std::env::consts::OS.into(),
        architecture: architecture.into(),
        git_hash: option_env!("CDS_GIT_HASH").unwrap_or("unknown").into(),
        build_time: option_env!("CDS_BUILD_TIME").unwrap_or_default().into(),
    }
}

/// Whether the server's parts work.
#[utoipa::path(get, path = "/v1/health", tag = "health", responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    answer(&app).await
}

/// The same, under the address that monitors of the reference use.
#[utoipa::path(get, path = "/mon/status", tag = "health", responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn mon_status(State(app): State<App>) -> (StatusCode, Json<Health>) {
    answer(&app).await
}

/// Version of the server.
#[utoipa::path(get, path = "/v1/version", tag = "health", responses((status = 200, body = Version)))]
async fn version() -> Json<Version> {
    Json(about())
}

/// The same, under the address that monitors of the reference use.
#[utoipa::path(get, path = "/mon/version", tag = "health", responses((status = 200, body = Version)))]
async fn mon_version() -> Json<Version> {
    Json(about())
}

/// This document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "health", responses((status = 200, content_type = "application/json")))]
async fn openapi() -> Result<Response> {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let text = match DOCUMENT.get() {
        Some(text) => text,
        None => {
            let text = crate::openapi().to_json().map_err(crate::http::error::Error::internal)?;
            DOCUMENT.get_or_init(|| text)
        }
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response())
}

/// What the server measures, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, content_type = "application/openmetrics-text")))]
async fn metrics(State(app): State<App>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.measured().render()).into_response()
}
