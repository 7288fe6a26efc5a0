//! A server that speaks the worker's protocol, keeps everything in memory, and can be told to misbehave.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use cds_api::{ApiError, worker::*};
use cds_model::{Attempt, JobNo, JobRef, RunId, WorkerId};
use indexmap::IndexMap;
use md5::{Digest, Md5};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::Notify;

/// What became of a job.
#[derive(Clone, Default)]
pub struct Seen {
    pub logs: BTreeMap<u16, Vec<u8>>,
    /// Lengths, also where the bytes themselves are not kept.
    pub lengths: BTreeMap<u16, u64>,
    pub steps: BTreeMap<u16, StepReport>,
    pub end: Option<JobEnd>,
    pub reports: usize,
    pub puts: usize,
    pub tags: IndexMap<String, String>,
    pub version: Option<String>,
    pub results: Vec<(String, String, IndexMap<String, String>)>,
    pub tests: Vec<TestSuite>,
}

impl Seen {
    pub fn log(&self, step: u16) -> String {
        self.logs.get(&step).map(|l| String::from_utf8_lossy(l).into_owned()).unwrap_or_default()
    }
    pub fn status(&self) -> String {
        self.end.as_ref().map(|e| e.status.to_string()).unwrap_or_else(|| "running".into())
    }
    pub fn step(&self, step: u16) -> String {
        self.steps.get(&step).map(|s| s.status.to_string()).unwrap_or_default()
    }
    pub fn reason(&self, step: u16) -> String {
        self.steps.get(&step).and_then(|s| s.reason.clone()).unwrap_or_default()
    }
}

#[derive(Default)]
pub struct Inner {
    queue: VecDeque<Assignment>,
    pub jobs: HashMap<JobRef, (Attempt, Seen)>,
    pub cancel: Vec<JobRef>,
    pub requests: Vec<String>,
    artifacts: Vec<(Artifact, Bytes)>,
    caches: HashMap<String, Bytes>,
    /// Keep only lengths of logs.
    pub count_only: bool,
    /// Answer so many requests about logs with 503, half of them after doing what they ask for.
    pub faults: usize,
    /// Lose so many bytes that were acknowledged, once there are as many.
    pub lose: usize,
    /// Let reports without news wait for a stop.
    pub holds: bool,
    /// Answer every report and log with 503.
    pub dark: bool,
    /// Takes that were answered with a job.
    pub given: u64,
    pub max_jobs: u32,
    pub heartbeat_ms: u64,
    pub idle_ms: u64,
}

#[derive(Clone)]
pub struct Server {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    changed: Arc<Notify>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner { heartbeat_ms: 200, idle_ms: 60_000, ..Inner::default() };
        let server = Self { url, inner: Arc::new(Mutex::new(inner)), changed: Arc::default() };
        let router = Router::new()
            .route("/v1/worker/register", post(register))
            .route("/v1/worker/take", post(take))
            .route("/v1/worker/report", post(report))
            .route("/v1/worker/logs/{job}/{attempt}/{step}", put(log))
            .route("/v1/worker/tags", post(tags))
            .route("/v1/worker/version", post(version))
            .route("/v1/worker/results", post(results))
            .route("/v1/worker/tests", post(tests))
            .route("/v1/worker/artifacts/{job}/{attempt}", put(store))
            .route("/v1/worker/artifacts", get(list))
            .route("/v1/worker/artifacts/{id}", get(fetch))
            .route("/v1/worker/caches/{tag}", put(cache_store).get(cache_fetch))
            .layer(DefaultBodyLimit::disable())
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// The next job, given out.
    fn pop(&self) -> Option<Assignment> {
        let mut inner = self.inner();
        let job = inner.queue.pop_front()?;
        inner.given += 1;
        Some(job)
    }

    /// Queues a job and says its name.
    pub fn queue(&self, job: Assignment) -> JobRef {
        let name = job.job;
        let mut inner = self.inner();
        inner.jobs.insert(name, (job.attempt, Seen::default()));
        inner.queue.push_back(job);
        drop(inner);
        self.changed.notify_waiters();
        name
    }

    pub fn seen(&self, job: JobRef) -> Seen {
        self.inner().jobs[&job].1.clone()
    }

    /// Waits until the job fulfils a condition, at most 30 seconds.
    pub async fn until(&self, job: JobRef, what: &str, condition: impl Fn(&Seen) -> bool) -> Seen {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let seen = self.seen(job);
                if condition(&seen) {
                    return seen;
                }
                changed.await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(30), wait).await {
            Ok(seen) => seen,
            Err(_) => {
                let log = self.seen(job).log(0);
                let tail: String = log.chars().skip(log.chars().count().saturating_sub(300)).collect();
                panic!("{what} did not happen; log: {tail:?}")
            }
        }
    }

    pub async fn end(&self, job: JobRef) -> Seen {
        self.until(job, "the end", |s| s.end.is_some()).await
    }

    pub fn cancel(&self, job: JobRef) {
        self.inner().cancel.push(job);
        self.changed.notify_waiters();
    }

    /// Gives the job to somebody else.
    pub fn steal(&self, job: JobRef) {
        self.inner().jobs.get_mut(&job).unwrap().0.0 += 1;
    }
}

/// A job of script steps.
pub fn job(scripts: &[&str]) -> Assignment {
    let steps = scripts.iter().map(|s| step("Script", &[("script", s)])).collect();
    Assignment {
        job: JobRef { run: RunId::new(), job: JobNo(3) },
        attempt: Attempt(1),
        name: "build".into(),
        project: "PRJ".into(),
        workflow: "wf".into(),
        number: 7,
        node: "root".into(),
        stage: "s".into(),
        steps,
        parameters: IndexMap::new(),
        tainted: vec![],
        verbatim: Vec::new(),
        taint_policy: "inert".into(),
        secrets: vec![],
        requirements: vec![],
        job_timeout_ms: 0,
        kill_grace_ms: 500,
        hold_ms: None,
    }
}

pub fn step(action: &str, parameters: &[(&str, &str)]) -> AssignedStep {
    AssignedStep {
        name: String::new(),
        action: action.into(),
        enabled: true,
        optional: false,
        always_executed: false,
        timeout_ms: 0,
        parameters: parameters.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
    }
}

pub fn secret(name: &str, kind: &str, value: &str) -> AssignedSecret {
    AssignedSecret { name: name.into(), kind: kind.into(), value: value.into() }
}

fn refuse(status: StatusCode, code: &str, details: Vec<String>) -> Response {
    let body =
        ApiError { code: code.into(), message: code.into(), id: None, details, request_id: "r".into() };
    (status, Json(body)).into_response()
}

fn lost() -> Response {
    refuse(StatusCode::CONFLICT, "lease_lost", vec![])
}

type Answer = Result<Response, Response>;

impl Inner {
    fn job(&mut self, job: JobRef, attempt: Attempt) -> Result<&mut Seen, Response> {
        match self.jobs.get_mut(&job) {
            Some((current, seen)) if *current == attempt => Ok(seen),
            _ => Err(lost()),
        }
    }

    fn append(
        &mut self,
        job: JobRef,
        attempt: Attempt,
        step: u16,
        offset: u64,
        bytes: &[u8],
    ) -> Result<u64, Response> {
        let count_only = self.count_only;
        let mut lose = std::mem::take(&mut self.lose);
        let seen = self.job(job, attempt)?;
        let have = seen.lengths.entry(step).or_default();
        if lose > 0 && *have >= 1000 {
            *have -= lose as u64;
            seen.logs.get_mut(&step).unwrap().truncate(*have as usize);
            lose = 0;
        }
        let have = *have;
        if offset > have {
            return Err(refuse(
                StatusCode::CONFLICT,
                "log_gap",
                vec![format!("step={step}"), format!("have={have}")],
            ));
        }
        let known = ((have - offset) as usize).min(bytes.len());
        let new = &bytes[known..];
        assert!(seen.end.is_none() || new.is_empty(), "bytes after the end");
        if !count_only {
            let log = seen.logs.entry(step).or_default();
            let old = &log[offset as usize..offset as usize + known];
            assert_eq!(old, &bytes[..known], "other bytes at the same place");
            log.extend_from_slice(new);
        }
        *seen.lengths.entry(step).or_default() += new.len() as u64;
        let length = seen.lengths[&step];
        self.lose = lose;
        Ok(length)
    }
}

async fn register(State(s): State<Server>, headers: HeaderMap, Json(_): Json<WorkerRegister>) -> Response {
    let mut inner = s.inner();
    inner.requests.push("register".into());
    if headers["authorization"] != "Bearer one-time" {
        return refuse(StatusCode::UNAUTHORIZED, "unauthorized", vec![]);
    }
    Json(WorkerRegistered {
        worker: WorkerId::new(),
        token: "session".into(),
        heartbeat_ms: inner.heartbeat_ms,
        idle_timeout_ms: inner.idle_ms,
        max_jobs: inner.max_jobs,
    })
    .into_response()
}

async fn next(s: &Server, wait: u64) -> Option<Assignment> {
    let end = tokio::time::Instant::now() + Duration::from_millis(wait);
    loop {
        let changed = s.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if let Some(job) = s.pop() {
            return Some(job);
        }
        tokio::time::timeout_at(end, changed).await.ok()?;
    }
}

async fn take(State(s): State<Server>, headers: HeaderMap, Json(body): Json<WorkerTake>) -> Response {
    assert_eq!(headers["authorization"], "Bearer session");
    let given = {
        let mut inner = s.inner();
        inner.requests.push("take".into());
        inner.given
    };
    match body.number {
        Some(number) if number <= given => {
            return refuse(StatusCode::CONFLICT, "old_take", vec![format!("take={given}")]);
        }
        number => assert_eq!(number, Some(given + 1), "a take is counted wrongly"),
    }
    match next(&s, body.wait_ms).await {
        Some(job) => Json(job).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn report(State(s): State<Server>, Json(body): Json<WorkerReport>) -> Answer {
    let mut ack = ReportAck::default();
    if body.end.is_none()
        && let Some(wait) = body.take_wait_ms
    {
        assert!(body.logs.is_empty() && body.steps.is_empty());
        let end = tokio::time::Instant::now() + Duration::from_millis(wait);
        loop {
            let changed = s.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            s.inner().job(body.job, body.attempt)?;
            ack.cancel = s.inner().cancel.contains(&body.job);
            if ack.cancel || !s.inner().holds || tokio::time::timeout_at(end, changed).await.is_err() {
                return Ok(Json(ack).into_response());
            }
        }
    }
    {
        let mut inner = s.inner();
        inner.requests.push("report".into());
        if inner.dark {
            return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "unavailable", vec![]));
        }
        let fault = !body.logs.is_empty() && inner.faults > 0;
        if fault {
            inner.faults -= 1;
            if inner.faults % 2 == 0 {
                return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "unavailable", vec![]));
            }
        }
        inner.job(body.job, body.attempt)?.reports += 1;
        for chunk in &body.logs {
            use base64::Engine;
            assert!(chunk.text.is_some() != chunk.base64.is_some());
            let decode = |t: &String| base64::engine::general_purpose::STANDARD.decode(t).unwrap();
            let bytes = chunk
                .text
                .clone()
                .map(String::into_bytes)
                .or_else(|| chunk.base64.as_ref().map(decode))
                .unwrap();
            let length = inner.append(body.job, body.attempt, chunk.step, chunk.offset, &bytes)?;
            ack.logs.push(LogLength { step: chunk.step, length });
        }
        let count_only = inner.count_only;
        let seen = inner.job(body.job, body.attempt)?;
        for step in &body.steps {
            if let Some(length) = step.log_length {
                assert_eq!(
                    seen.lengths.get(&step.step).copied().unwrap_or(0),
                    length,
                    "step ended before its log"
                );
                assert!(count_only || seen.logs.get(&step.step).map_or(0, |l| l.len() as u64) == length);
            }
            seen.steps.insert(step.step, step.clone());
        }
        if let Some(end) = &body.end {
            assert!(seen.end.is_none() || seen.end.as_ref() == Some(end), "two different ends");
            seen.end = Some(end.clone());
        }
        ack.cancel = inner.cancel.contains(&body.job);
        s.changed.notify_waiters();
        if fault {
            return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "unavailable", vec![]));
        }
    }
    if let (Some(_), Some(wait)) = (&body.end, body.take_wait_ms) {
        let given = s.inner().given;
        assert_eq!(body.take_number, Some(given + 1), "a take with an end is counted wrongly");
        ack.next = next(&s, wait).await.map(Box::new);
    }
    Ok(Json(ack).into_response())
}

#[derive(serde::Deserialize)]
struct LogQuery {
    offset: u64,
    #[allow(dead_code)]
    at_ms: i64,
}

async fn log(
    State(s): State<Server>,
    Path((job, attempt, step)): Path<(JobRef, Attempt, u16)>,
    Query(q): Query<LogQuery>,
    body: Bytes,
) -> Answer {
    let mut inner = s.inner();
    inner.requests.push("log".into());
    let fault = inner.faults > 0;
    if fault {
        inner.faults -= 1;
        if inner.faults.is_multiple_of(2) {
            return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "unavailable", vec![]));
        }
    }
    inner.job(job, attempt)?.puts += 1;
    let length = inner.append(job, attempt, step, q.offset, &body)?;
    s.changed.notify_waiters();
    if fault {
        return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "unavailable", vec![]));
    }
    Ok(Json(LogLength { step, length }).into_response())
}

async fn tags(State(s): State<Server>, Json(body): Json<WorkerTags>) -> Answer {
    s.inner().job(body.job, body.attempt)?.tags.extend(body.tags);
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn version(State(s): State<Server>, Json(body): Json<WorkerVersion>) -> Answer {
    let mut inner = s.inner();
    let seen = inner.job(body.job, body.attempt)?;
    if seen.version.as_ref().is_some_and(|v| *v != body.version) {
        return Err(refuse(StatusCode::FORBIDDEN, "version is already set", vec![]));
    }
    seen.version = Some(body.version);
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn results(State(s): State<Server>, Json(body): Json<WorkerResult>) -> Answer {
    s.inner().job(body.job, body.attempt)?.results.push((body.kind, body.name, body.data));
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn tests(State(s): State<Server>, Json(body): Json<WorkerTests>) -> Answer {
    s.inner().job(body.job, body.attempt)?.tests.extend(body.suites);
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(serde::Deserialize)]
struct StoreQuery {
    name: String,
    perm: u32,
    r#type: String,
}

async fn store(
    State(s): State<Server>,
    Path((job, attempt)): Path<(JobRef, Attempt)>,
    Query(q): Query<StoreQuery>,
    body: Bytes,
) -> Answer {
    let mut inner = s.inner();
    inner.job(job, attempt)?;
    if inner.artifacts.iter().any(|(a, _)| a.name == q.name && a.kind == q.r#type) {
        return Err(refuse(StatusCode::CONFLICT, "artifact has already been uploaded", vec![]));
    }
    let artifact = Artifact {
        id: format!("a{}", inner.artifacts.len()),
        name: q.name,
        kind: q.r#type,
        size: body.len() as u64,
        md5: hex::encode(Md5::digest(&body)),
        sha256: String::new(),
        perm: q.perm,
        created: String::new(),
        node: "root".into(),
        data: IndexMap::new(),
    };
    inner.artifacts.push((artifact.clone(), body));
    Ok(Json(artifact).into_response())
}

#[derive(serde::Deserialize)]
struct ListQuery {
    job: JobRef,
    attempt: Attempt,
    pattern: Option<String>,
}

async fn list(State(s): State<Server>, Query(q): Query<ListQuery>) -> Answer {
    let mut inner = s.inner();
    inner.job(q.job, q.attempt)?;
    let pattern = q.pattern.map(|p| regex::Regex::new(&p).unwrap());
    let all: Vec<Artifact> = inner.artifacts.iter().map(|(a, _)| a.clone()).collect();
    Ok(Json(
        all.into_iter().filter(|a| pattern.as_ref().is_none_or(|p| p.is_match(&a.name))).collect::<Vec<_>>(),
    )
    .into_response())
}

async fn fetch(State(s): State<Server>, Path(id): Path<String>, Query(q): Query<ListQuery>) -> Answer {
    let mut inner = s.inner();
    inner.job(q.job, q.attempt)?;
    let found = inner.artifacts.iter().find(|(a, _)| a.id == id).map(|(_, b)| b.clone());
    found.map(IntoResponse::into_response).ok_or_else(|| refuse(StatusCode::NOT_FOUND, "not_found", vec![]))
}

async fn cache_store(
    State(s): State<Server>,
    Path(tag): Path<String>,
    Query(q): Query<ListQuery>,
    body: Bytes,
) -> Answer {
    let mut inner = s.inner();
    inner.job(q.job, q.attempt)?;
    inner.caches.insert(tag, body);
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn cache_fetch(State(s): State<Server>, Path(tag): Path<String>, Query(q): Query<ListQuery>) -> Answer {
    let mut inner = s.inner();
    inner.job(q.job, q.attempt)?;
    let found = inner.caches.get(&tag).cloned();
    found.map(IntoResponse::into_response).ok_or_else(|| refuse(StatusCode::NOT_FOUND, "not_found", vec![]))
}
