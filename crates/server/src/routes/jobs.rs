//! Jobs and their logs.

use crate::{
    App,
    app::{colours, peers},
    http::{
        error::{Error, Result},
        extract::{Json, Path, Query},
        range,
    },
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use bytes::Bytes;
use cds_api::{
    queue::Candidates,
    runs::{JobRun, LogLine, LogLines},
};
use cds_blobs::{LogError, LogEvent, LogKey, LogStream};
use cds_model::{Attempt, JobRef};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use std::{convert::Infallible, ops::Range, time::Duration};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(candidates))
        .routes(routes!(log))
        .routes(routes!(lines))
        .routes(routes!(follow))
        .routes(routes!(search))
}

/// A stream without news says so often that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often a log is looked for that is nowhere yet.
const LOOK: Duration = Duration::from_millis(500);

type LogPath = (String, u32, u16);

fn key((job, attempt, step): &LogPath) -> Result<LogKey> {
    let job: JobRef = job.parse().map_err(|e| Error::bad_request(format!("{e}")))?;
    Ok(LogKey { run: job.run, job: job.job, attempt: Attempt(*attempt), step: LogStream::Step(*step) })
}

/// Maps what the log store says.
pub fn log_error(e: LogError) -> Error {
    match e {
        LogError::NotFound { .. } => Error::not_found("this log: nothing has been written yet"),
        LogError::BadKey { .. } => Error::bad_request(e.to_string()),
        LogError::Gap { have } => Error::new(
            StatusCode::CONFLICT,
            "log_gap",
            format!("bytes are missing before this chunk: send from offset {have}"),
        )
        .details(vec![have.to_string()]),
        LogError::Conflict { .. } | LogError::Sealed { .. } | LogError::LengthMismatch { .. } => {
            Error::conflict(e.to_string())
        }
        LogError::Full { .. } => Error::disk_full(e),
        other => Error::internal(other),
    }
}

/// A job with its attempts and steps.
#[utoipa::path(get, path = "/v1/jobs/{job}", tag = "jobs", params(("job" = String, Path, description = "`<run>.<n>`")), responses((status = 200, body = JobRun)))]
async fn get(State(app): State<App>, Path(job): Path<String>) -> Result<Json<JobRun>> {
    let job: JobRef = job.parse().map_err(|e| Error::bad_request(format!("{e}")))?;
    Ok(Json(app.job_view(job).await?))
}

/// Who could take a job that waits: every hatchery, and what keeps it from it.
#[utoipa::path(get, path = "/v1/jobs/{job}/candidates", tag = "jobs", params(("job" = String, Path)), responses((status = 200, body = Candidates)))]
async fn candidates(State(app): State<App>, Path(job): Path<String>) -> Result<Json<Candidates>> {
    let job: JobRef = job.parse().map_err(|e| Error::bad_request(format!("{e}")))?;
    // 404 for a job that does not exist, which administrators get as far as here with.
    app.job_view(job).await?;
    let nobody = || Candidates { position: None, groups: Vec::new(), hatcheries: Vec::new() };
    Ok(Json(app.fleet().candidates(job).unwrap_or_else(nobody)))
}

/// Raw bytes of a step's log. Understands `Range: bytes=a-b`.
#[utoipa::path(get, path = "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/log", tag = "jobs", params(("job" = String, Path), ("attempt" = u32, Path), ("step" = u16, Path)), responses((status = 200, content_type = "text/plain"), (status = 206, content_type = "text/plain")))]
async fn log(
    State(app): State<App>,
    Path(path): Path<LogPath>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response> {
    let key = key(&path)?;
    let state = app.logs().state(&key).map_err(log_error)?;
    let Some(state) = state else {
        let nothing = ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::empty());
        return Ok(app.not_here(has_begun(&app, &key).await, nothing));
    };
    let range = match headers.get(header::RANGE).and_then(|v| v.to_str().ok()) {
        None => None,
        Some(text) => match range::of(text, state.length) {
            Some(range) => Some(range),
            None => {
                return Ok((
                    StatusCode::RANGE_NOT_SATISFIABLE,
                    [(header::CONTENT_RANGE, format!("bytes */{}", state.length))],
                )
                    .into_response());
            }
        },
    };
    let (status, wanted) = match range.clone() {
        Some(r) => (StatusCode::PARTIAL_CONTENT, r),
        None => (StatusCode::OK, 0..state.length),
    };
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .header(header::CONTENT_LENGTH, wanted.end - wanted.start)
        .header(header::ACCEPT_RANGES, "bytes")
        // The text is whatever a job printed: no browser may take it for a page.
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if query.is_some_and(|q| q.starts_with("ticket=")) {
        response = response.header(header::CONTENT_DISPOSITION, "attachment");
    }
    if range.is_some() {
        response = response.header(
            header::CONTENT_RANGE,
            format!("bytes {}-{}/{}", wanted.start, wanted.end - 1, state.length),
        );
    }
    response.body(Body::from_stream(chunks(app, key, wanted))).map_err(Error::internal)
}

/// A log in pieces, so that a large one never stands in memory.
pub(super) fn chunks(app: App, key: LogKey, range: Range<u64>) -> impl Stream<Item = std::io::Result<Bytes>> {
    const PIECE: u64 = 512 * 1024;
    futures::stream::try_unfold((app, key, range), |(app, key, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let end = range.end.min(range.start + PIECE);
        let bytes = app.logs().read_bytes(&key, range.start..end).await.map_err(std::io::Error::other)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let next = range.start + bytes.len() as u64;
        Ok(Some((bytes, (app, key, next..range.end))))
    })
}

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct LinesQuery {
    /// First line, from 0; negative counts from the end.
    #[serde(default)]
    first: i64,
    /// How many, at most 10,000; default 1,000.
    count: Option<usize>,
}

/// A range of lines by the log's index: quick at any size.
#[utoipa::path(get, path = "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/lines", tag = "jobs", params(("job" = String, Path), ("attempt" = u32, Path), ("step" = u16, Path), LinesQuery), responses((status = 200, body = LogLines)))]
async fn lines(
    State(app): State<App>,
    Path(path): Path<LogPath>,
    Query(query): Query<LinesQuery>,
) -> Result<Response> {
    let key = key(&path)?;
    let Some(state) = app.logs().state(&key).map_err(log_error)? else {
        let nothing = LogLines {
            first: 0,
            total: 0,
            length: 0,
            complete: false,
            sgr: String::new(),
            lines: Vec::new(),
        };
        return Ok(app.not_here(has_begun(&app, &key).await, Json(nothing)));
    };
    let first = if query.first < 0 {
        state.lines.saturating_sub(query.first.unsigned_abs())
    } else {
        query.first.unsigned_abs()
    };
    let count = query.count.unwrap_or(1_000).min(10_000);
    let got = app.logs().read_lines(&key, first, count).await.map_err(log_error)?;
    let begin = got.lines.first().map_or(0, |l| l.offset);
    let before = begin.saturating_sub(LOOK_BACK)..begin;
    let sgr = match before.is_empty() {
        true => String::new(),
        false => colours::in_force(&app.logs().read_bytes(&key, before).await.map_err(log_error)?),
    };
    Ok(Json(LogLines {
        sgr,
        first: got.first_line,
        total: got.total_lines,
        length: state.length,
        complete: state.sealed,
        lines: got
            .lines
            .into_iter()
            .map(|l| LogLine {
                n: l.number,
                offset: l.offset,
                at_ms: l.at_ms,
                text: l.text,
                truncated: l.truncated,
            })
            .collect(),
    })
    .into_response())
}

/// Whether a step is known to have begun, so that its log must be somewhere. Only asked for where other servers are.
pub(super) async fn has_begun(app: &App, key: &LogKey) -> bool {
    let LogStream::Step(step) = key.step else { return false };
    if !app.peers().any() {
        return false;
    }
    let Ok(run) = app.load_run(key.run).await else { return false };
    let Some((_, _, job)) = crate::app::view::find_job(&run, key.job) else { return false };
    let attempt = job.attempts.get((key.attempt.0 as usize).wrapping_sub(1));
    attempt.and_then(|a| a.steps.get(usize::from(step))).is_some_and(|s| s.start.is_some())
}

/// So many bytes before a range of lines are searched for colours that are still on.
const LOOK_BACK: u64 = 64 * 1024;

/// From where to follow.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct FollowQuery {
    /// First byte wanted. `Last-Event-ID`, which a browser sends when it reconnects, wins.
    #[serde(default)]
    offset: u64,
}

/// A step's log as it grows: `bytes` events whose id is the offset after them, with the time at which they came (`at_ms`),
/// then `end`. Resumable without a gap or a double byte.
#[utoipa::path(get, path = "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/follow", tag = "jobs", params(("job" = String, Path), ("attempt" = u32, Path), ("step" = u16, Path), FollowQuery), responses((status = 200, content_type = "text/event-stream")))]
async fn follow(
    State(app): State<App>,
    Path(path): Path<LogPath>,
    Query(query): Query<FollowQuery>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response> {
    let key = key(&path)?;
    let resumed = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let offset = resumed.unwrap_or(query.offset);
    // Not only if others are known: another server may have come a moment ago.
    if app.terms().shared && app.logs().state(&key).map_err(log_error)?.is_none() {
        if peers::asked(&headers) {
            return Ok(app.not_here(false, Error::not_found("this log: it is not on this server")));
        }
        return Ok(sought(app, key, offset, uri, headers));
    }
    Ok(followed(&app, key, offset))
}

/// A log on this server's disk, as it grows.
fn followed(app: &App, key: LogKey, offset: u64) -> Response {
    let stop = app.closing();
    let stream = follower(app.logs().clone(), key, offset)
        .map(|event| Ok::<_, Infallible>(sse(event)))
        .take_until(async move { stop.cancelled().await });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

/// A log of which nobody knows yet on which server it will be: looked for until there is one.
fn sought(app: App, key: LogKey, offset: u64, uri: Uri, headers: HeaderMap) -> Response {
    let closing = app.closing();
    let search = futures::stream::unfold(Some((app, key, uri, headers)), move |state| async move {
        let (app, key, uri, headers) = state?;
        let until = tokio::time::Instant::now() + KEEP_ALIVE;
        loop {
            let found = match app.logs().state(&key) {
                Ok(Some(_)) => Some(followed(&app, key.clone(), offset)),
                _ => app.ask_others(&uri, &headers).await.ok(),
            };
            if let Some(response) = found {
                return Some((response.into_body().into_data_stream().boxed(), None));
            }
            if tokio::time::Instant::now() > until {
                let alive = futures::stream::iter([Ok(Bytes::from_static(b":\n\n"))]).boxed();
                return Some((alive, Some((app, key, uri, headers))));
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    let stream = search.flatten().take_until(async move { closing.cancelled().await });
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (kind, Body::from_stream(stream)).into_response()
}

/// Owns what it follows, so that the stream outlives the call.
fn follower(
    logs: cds_blobs::LogStore,
    key: LogKey,
    offset: u64,
) -> impl Stream<Item = std::result::Result<LogEvent, LogError>> {
    futures::stream::once(async move { logs.follow(&key, offset).boxed() }).flatten()
}

fn sse(event: std::result::Result<LogEvent, LogError>) -> Event {
    match event {
        Ok(LogEvent::Bytes { offset, bytes, at_ms }) => {
            let after = offset + bytes.len() as u64;
            let data = match std::str::from_utf8(&bytes) {
                Ok(text) => serde_json::json!({ "offset": offset, "at_ms": at_ms, "text": text }),
                Err(_) => {
                    use base64::Engine;
                    let coded = base64::engine::general_purpose::STANDARD.encode(&bytes);
                    serde_json::json!({ "offset": offset, "at_ms": at_ms, "base64": coded })
                }
            };
            Event::default().event("bytes").id(after.to_string()).data(data.to_string())
        }
        Ok(LogEvent::End { length }) => {
            Event::default().event("end").id(length.to_string()).data(format!("{{\"length\":{length}}}"))
        }
        Err(e) => {
            Event::default().event("error").data(serde_json::json!({ "message": e.to_string() }).to_string())
        }
    }
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    /// Text.
    q: String,
    /// True = upper and lower case differ.
    #[serde(default)]
    case: bool,
    /// First line to look into, from 0: behind the last place of an answer that was full, the next ones.
    #[serde(default)]
    from: u64,
    /// At most this many places; default 1,000, at most 10,000.
    max: Option<usize>,
}

/// A place in a log.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct LogMatch {
    /// Line, from 0.
    line: u64,
    /// Byte offset of the place.
    offset: u64,
}

/// Places of a text in a log, however long that is.
#[utoipa::path(get, path = "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/search", tag = "jobs", params(("job" = String, Path), ("attempt" = u32, Path), ("step" = u16, Path), SearchQuery), responses((status = 200, body = Vec<LogMatch>)))]
async fn search(
    State(app): State<App>,
    Path(path): Path<LogPath>,
    Query(query): Query<SearchQuery>,
) -> Result<Response> {
    let key = key(&path)?;
    let max = query.max.unwrap_or(1_000).min(10_000);
    let found = match app.logs().search(&key, &query.q, !query.case, query.from, max).await {
        Err(e @ LogError::NotFound { .. }) => {
            return Ok(app.not_here(has_begun(&app, &key).await, log_error(e)));
        }
        found => found.map_err(log_error)?,
    };
    let found: Vec<_> = found.into_iter().map(|m| LogMatch { line: m.line, offset: m.offset }).collect();
    Ok(Json(found).into_response())
}
