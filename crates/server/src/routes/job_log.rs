//! The log of a whole job.

use super::jobs::{chunks, has_begun, log_error};
use crate::{
    App,
    http::{
        error::{Error, Result},
        extract::Path,
    },
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::header,
    response::Response,
};
use bytes::Bytes;
use cds_blobs::{LogKey, LogStream};
use cds_model::{Attempt, JobRef};
use futures::{StreamExt, stream};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(job_log))
}

/// Raw bytes of the logs of all steps of an attempt, one after the other, each under a line `==> step <n>: <name>`. Of a
/// job that still runs, what there is now.
#[utoipa::path(get, path = "/v1/jobs/{job}/attempts/{attempt}/log", tag = "jobs", params(("job" = String, Path), ("attempt" = u32, Path)), responses((status = 200, content_type = "text/plain")))]
async fn job_log(
    State(app): State<App>,
    Path((job, attempt)): Path<(String, u32)>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let job: JobRef = job.parse().map_err(|e| Error::bad_request(format!("{e}")))?;
    let view = app.job_view(job).await?;
    let Some(of) = view.attempts.iter().find(|a| a.attempt == attempt) else {
        return Err(Error::not_found(format!("attempt {attempt} of job {job}")));
    };
    let mut parts = Vec::new();
    for step in &of.steps {
        let number = step.step;
        let (run, attempt) = (job.run, Attempt(attempt));
        let key = LogKey { run, job: job.job, attempt, step: LogStream::Step(number) };
        match app.logs().state(&key).map_err(log_error)? {
            Some(state) => {
                let between = if parts.is_empty() { "" } else { "\n" };
                parts.push((format!("{between}==> step {number}: {}\n", step.name), key, state.length));
            }
            // An attempt runs at one server: another one has the rest too.
            None if has_begun(&app, &key).await => return Ok(app.not_here(true, Body::empty())),
            None => {}
        }
    }
    let pieces = stream::iter(parts).flat_map(move |(title, key, length)| {
        stream::once(async { Ok(Bytes::from(title)) }).chain(chunks(app.clone(), key, 0..length))
    });
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        // The text is whatever a job printed: no browser may take it for a page.
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if query.is_some_and(|q| q.starts_with("ticket=")) {
        response = response.header(header::CONTENT_DISPOSITION, "attachment");
    }
    response.body(Body::from_stream(pieces)).map_err(Error::internal)
}
