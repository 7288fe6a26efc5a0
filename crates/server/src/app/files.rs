//! Files of runs (artifacts, coverage), results without a file, test reports, caches.

use super::{live::ApplyError, view};
use crate::{
    App,
    http::error::{Error, Result},
};
use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cds_api::worker::{Artifact, WorkerResult, WorkerTests};
use cds_blobs::{
    artifacts::ArtifactError,
    object::{ObjectError, ObjectKey},
};
use cds_engine::Run;
use cds_model::{Attempt, BlobId, JobNo, JobRef, ProjectId, RunId, Status, WorkerId};
use cds_store::{
    Tx, caches,
    results::{self, ResultError, RunResult},
    runs, test_reports, workflows,
};
use futures::TryStreamExt;
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};

/// Where a job stands in its run, as far as its results are concerned.
struct Place {
    node: String,
    sub: u32,
}

fn place(run: &Run, job: JobRef) -> Result<Place> {
    let (node, _, state) =
        view::find_job(run, job.job).ok_or_else(|| Error::not_found(format!("job {job}")))?;
    if state.status.is_final() && state.status != Status::Stopped {
        return Err(Error::conflict("the job has ended: it can store nothing more"));
    }
    Ok(Place { node: view::node_name(&run.spec, node.node.0).to_string(), sub: node.sub })
}

/// What the API shows of a result.
pub fn artifact(r: &RunResult) -> Artifact {
    let mut data = r.data.clone();
    let mut field = |name: &str| data.shift_remove(name).unwrap_or_default();
    Artifact {
        size: field("size").parse().unwrap_or(0),
        md5: field("md5"),
        sha256: field("sha256"),
        perm: field("perm").parse().unwrap_or(0o644),
        id: r.id.clone(),
        name: r.name.clone(),
        kind: r.kind.clone(),
        created: r.created.to_rfc3339(),
        node: r.node.clone(),
        data,
    }
}

fn result_error(e: ResultError) -> Error {
    match e {
        ResultError::Db(e) => Error::internal(e),
        ResultError::NoRun => Error::not_found("run"),
        other => Error::conflict(other.to_string()).id(192),
    }
}

fn object_error(e: ObjectError) -> Error {
    match e {
        ObjectError::NotFound { .. } => Error::not_found("file"),
        ObjectError::Full { .. } => Error::disk_full(e),
        other => Error::internal(other),
    }
}

fn upload_error(e: ArtifactError) -> Error {
    match e {
        ArtifactError::TooLarge { .. } => Error::too_large(e.to_string()),
        ArtifactError::Source { .. } => Error::bad_request(e.to_string()),
        ArtifactError::Object(e) => object_error(e),
    }
}

/// A file that a job stores.
pub struct NewFile {
    /// Given by its worker, so that it may send it again.
    pub id: Option<BlobId>,
    /// `artifact` or `coverage`.
    pub kind: String,
    /// Base name.
    pub name: String,
    /// Unix permission bits; 0 = 0644.
    pub perm: u32,
    /// Hex, to be compared; empty = not compared.
    pub md5: String,
}

impl App {
    /// Stores a file of a run (spec 9.10, 11.3).
    pub async fn add_file(
        &self,
        job: JobRef,
        attempt: Attempt,
        worker: WorkerId,
        file: NewFile,
        body: Body,
    ) -> Result<Artifact> {
        let NewFile { id, kind, name, perm, md5 } = file;
        if !matches!(kind.as_str(), "artifact" | "coverage") {
            return Err(Error::bad_request(format!("type '{kind}' has no file: use artifact or coverage")));
        }
        if name.is_empty()
            || name.len() > 255
            || name.contains(['/', '\\', '\0'])
            || name == ".."
            || name == "."
        {
            return Err(Error::bad_request(format!("'{name}' is not a file name")));
        }
        let run = self.load_run(job.run).await?;
        let at = place(&run, job)?;
        // Asked before the bytes travel; asked again when the row is written.
        let mut result = RunResult {
            id: id.unwrap_or_else(BlobId::new).to_string(),
            run: job.run,
            kind,
            name,
            node: at.node,
            sub: at.sub,
            job: job.job,
            attempt,
            blob: None,
            data: IndexMap::new(),
            created: self.now(),
        };
        let new = result.clone();
        let state = run.clone();
        self.store()
            .try_read(move |tx| results::check(tx, &new, &|job, attempt| counts(&state, job, attempt)))
            .await
            .map_err(result_error)?;
        let stream = body.into_data_stream().map_err(|e| std::io::Error::other(e.to_string()));
        let stored =
            self.files().put_artifact(stream, Some(self.config().max_file)).await.map_err(upload_error)?;
        if !md5.is_empty() && !md5.eq_ignore_ascii_case(&stored.md5) {
            return Err(Error::bad_request(format!(
                "the file arrived damaged: its MD5 is {}, {md5} was announced",
                stored.md5
            )));
        }
        // The upload may have taken long: the attempt must still be its worker's.
        self.fence(worker, job, attempt).await?;
        let data = [
            ("size", stored.size.to_string()),
            ("md5", stored.md5.clone()),
            ("sha256", stored.sha256.clone()),
            ("perm", if perm == 0 { 0o644 } else { perm & 0o7777 }.to_string()),
        ];
        result.blob = Some(stored.object_key.as_str().to_string());
        result.data = data.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
        result.created = self.now();
        self.insert_result(run, result).await
    }

    async fn insert_result(&self, run: Run, result: RunResult) -> Result<Artifact> {
        let insert =
            move |tx: &mut Tx<'_>| results::insert(tx, &result, &|job, attempt| counts(&run, job, attempt));
        let stored = self.store().try_write(insert).await;
        Ok(artifact(&stored.map_err(result_error)?))
    }

    /// Stores a result that has no file here.
    pub async fn add_result(&self, body: WorkerResult) -> Result<Artifact> {
        if !matches!(body.kind.as_str(), "static-file" | "artifact-manager") {
            return Err(Error::bad_request(format!(
                "type '{}' is not a result without a file: use static-file or artifact-manager",
                body.kind
            )));
        }
        let run = self.load_run(body.job.run).await?;
        let at = place(&run, body.job)?;
        self.insert_result(
            run,
            RunResult {
                id: body.id.unwrap_or_else(BlobId::new).to_string(),
                run: body.job.run,
                kind: body.kind,
                name: body.name,
                node: at.node,
                sub: at.sub,
                job: body.job.job,
                attempt: body.attempt,
                blob: None,
                data: body.data,
                created: self.now(),
            },
        )
        .await
    }

    /// Stores test reports of a job.
    pub async fn add_tests(&self, body: WorkerTests) -> Result<()> {
        let run = self.load_run(body.job.run).await?;
        let at = place(&run, body.job)?;
        let now = self.now();
        let suites = serde_json::to_string(&body.suites).map_err(Error::internal)?;
        let (job, attempt) = (body.job, body.attempt);
        self.store()
            .write(move |tx| {
                // Those without a step are numbered in the order of their arrival.
                let known = test_reports::list(tx, job.run)?;
                let ours = || known.iter().filter(|r| r.job == job.job && r.attempt == attempt);
                let step = body.step.unwrap_or_else(|| ours().count() as u16);
                let report = test_reports::TestReport {
                    job: job.job,
                    attempt,
                    step,
                    node: at.node.clone(),
                    suites: suites.clone(),
                    created: now,
                };
                test_reports::put(tx, job.run, &report)
            })
            .await
            .map_err(Error::internal)
    }

    /// Results of a run, the newest sub-number of each name (spec 11.3).
    pub async fn results(&self, run: RunId) -> Result<Vec<Artifact>> {
        // Of a run that can't be read all is shown.
        let state = self.load_run(run).await.ok();
        let list = move |tx: &mut Tx<'_>| {
            results::list(tx, run, &|job, attempt| state.as_ref().is_none_or(|s| counts(s, job, attempt)))
        };
        let all = self.store().read(list).await.map_err(Error::internal)?;
        let mut latest: IndexMap<(String, String), RunResult> = IndexMap::new();
        for r in all {
            let key = (r.kind.clone(), r.name.clone());
            match latest.get(&key) {
                Some(known) if known.sub > r.sub => {}
                _ => drop(latest.insert(key, r)),
            }
        }
        Ok(latest.values().map(artifact).collect())
    }

    /// Files that a job may fetch: of its own run, or of another run of its project.
    pub async fn files_for_job(
        &self,
        job: JobRef,
        workflow: &str,
        number: Option<i64>,
        pattern: &str,
    ) -> Result<Vec<Artifact>> {
        let pattern = regex::RegexBuilder::new(pattern)
            .size_limit(1 << 20)
            .build()
            .map_err(|e| Error::bad_request(format!("Invalid pattern: {e}")))?;
        let run = if workflow.is_empty() && number.is_none() {
            job.run
        } else {
            let (_, project) = self.project_of(job.run).await?;
            let own = self.load_run(job.run).await?;
            let name =
                if workflow.is_empty() { own.spec.workflow.name.clone() } else { workflow.to_string() };
            let found = self
                .store()
                .read(move |tx| {
                    let Some(w) = workflows::named(tx, project, &name)? else { return Ok(None) };
                    match number {
                        Some(n) => runs::by_number(tx, w.id, n),
                        None => runs::latest(tx, w.id),
                    }
                })
                .await
                .map_err(Error::internal)?;
            found.ok_or_else(|| Error::not_found("run of that workflow"))?.id
        };
        Ok(self.results(run).await?.into_iter().filter(|a| pattern.is_match(&a.name)).collect())
    }

    async fn project_of(&self, run: RunId) -> Result<(String, ProjectId)> {
        let brief = self
            .store()
            .read(move |tx| runs::find(tx, run))
            .await
            .map_err(Error::internal)?
            .ok_or_else(|| Error::from(ApplyError::NotFound))?;
        Ok((brief.project_key, brief.project))
    }

    /// Content of a file, for a job of the same project.
    pub async fn file_for_job(&self, job: JobRef, id: &str) -> Result<Response> {
        let (_, project) = self.project_of(job.run).await?;
        let result = self.result(id).await?;
        let (_, owner) = self.project_of(result.run).await?;
        if owner != project {
            return Err(Error::not_found("file"));
        }
        self.send_file(&result).await
    }

    /// A result by its id.
    pub async fn result(&self, id: &str) -> Result<RunResult> {
        let id = id.to_string();
        self.store()
            .read(move |tx| results::get(tx, &id))
            .await
            .map_err(Error::internal)?
            .ok_or_else(|| Error::not_found("file"))
    }

    /// The bytes of a result, as a download: no browser may take it for a page.
    pub async fn send_file(&self, result: &RunResult) -> Result<Response> {
        let blob = result.blob.as_ref().ok_or_else(|| Error::not_found("this result has no file here"))?;
        let key = ObjectKey::new(blob.clone()).map_err(object_error)?;
        let object = match self.files().open_artifact(&key, None).await {
            Ok(object) => object,
            Err(e @ ObjectError::NotFound { .. }) => return Ok(self.not_here(true, object_error(e))),
            Err(e) => return Err(object_error(e)),
        };
        let name: String = result
            .name
            .chars()
            .map(|c| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { '_' })
            .collect();
        Ok((
            [
                (header::CONTENT_TYPE, "application/octet-stream".to_string()),
                (header::CONTENT_LENGTH, object.meta.size.to_string()),
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
                // Whatever a job put there: a browser saves it, and if it ever showed it, it would be on its own.
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_string()),
                (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_string()),
            ],
            Body::from_stream(object.body),
        )
            .into_response())
    }

    /// Keeps a cache of a job's project; an older one of the same tag goes (spec 11.4).
    pub async fn put_cache(
        &self,
        job: JobRef,
        attempt: Attempt,
        worker: WorkerId,
        tag: &str,
        body: Body,
    ) -> Result<()> {
        let (_, project) = self.project_of(job.run).await?;
        let tag = cache_tag(tag)?;
        let stream = body.into_data_stream().map_err(|e| std::io::Error::other(e.to_string()));
        let most = Some(self.config().max_file);
        let stored = self.files().put_cache(project, stream, most).await.map_err(upload_error)?;
        // The upload may have taken long, and other runs will believe what it holds.
        if let Err(lost) = self.fence(worker, job, attempt).await {
            self.delete_cache(stored.object_key.as_str()).await;
            return Err(lost);
        }
        let now = self.now();
        let row = caches::Cache {
            project,
            tag,
            blob: stored.object_key.as_str().to_string(),
            size: stored.size as i64,
            created: now,
            last_used: now,
        };
        let old = self.store().write(move |tx| caches::put(tx, &row)).await.map_err(Error::internal)?;
        if let Some(old) = old {
            self.delete_cache(&old).await;
        }
        Ok(())
    }

    /// Removes the bytes of a cache that nobody names any more, if they are here. On another server's disk they are
    /// found by its house-keeping.
    pub async fn delete_cache(&self, blob: &str) {
        let Ok(key) = ObjectKey::new(blob.to_string()) else { return };
        if let Err(e) = self.files().delete(&key).await {
            tracing::warn!(blob, error = %e, "an old cache could not be deleted and is tried again later");
        }
    }

    /// Content of a cache of a job's project.
    ///
    /// `None` = there is one, and not on this server's disk.
    pub async fn cache_for_job(&self, job: JobRef, tag: &str) -> Result<Option<Body>> {
        let (_, project) = self.project_of(job.run).await?;
        let tag = cache_tag(tag)?;
        let now = self.now();
        let mut last = None;
        loop {
            let t = tag.clone();
            let known = self
                .store()
                .write(move |tx| {
                    let known = caches::get(tx, project, &t)?;
                    caches::used(tx, project, &t, now)?;
                    Ok(known)
                })
                .await
                .map_err(Error::internal)?;
            let blob = known.ok_or_else(cache_missing)?.blob;
            let key = ObjectKey::new(blob.clone()).map_err(object_error)?;
            match self.files().open_artifact(&key, None).await {
                Ok(object) => return Ok(Some(Body::from_stream(object.body))),
                // It may have been replaced in this very moment.
                Err(ObjectError::NotFound { .. }) if last.as_ref() != Some(&blob) => last = Some(blob),
                Err(_) => return Ok(None),
            }
        }
    }

    /// Test reports of a run, by node, of the last execution of each; a repeated suite name gets its job's number (spec 11.1).
    pub async fn tests(&self, run: RunId) -> Result<cds_api::runs::Tests> {
        let reports =
            self.store().read(move |tx| test_reports::list(tx, run)).await.map_err(Error::internal)?;
        let state = self.load_run(run).await?;
        let last = jobs_of_last_executions(&state);
        let mut tests = cds_api::runs::Tests::default();
        for report in reports {
            if !last.contains(&report.job) || !counts(&state, report.job, report.attempt) {
                continue;
            }
            let suites: Vec<cds_api::worker::TestSuite> =
                serde_json::from_str(&report.suites).unwrap_or_default();
            let of_node = tests.suites.entry(report.node.clone()).or_default();
            for mut suite in suites {
                for case in &suite.cases {
                    tests.total += 1;
                    match case.status.as_str() {
                        "ok" => tests.ok += 1,
                        "skipped" => tests.skipped += 1,
                        _ => tests.ko += 1,
                    }
                }
                if of_node.iter().any(|s| s.name == suite.name) {
                    suite.name = format!("{}.{}", suite.name, report.job);
                }
                of_node.push(suite);
            }
        }
        Ok(tests)
    }
}

/// The jobs that the last execution of each node is made of; of a job that was taken over from an earlier one, that.
fn jobs_of_last_executions(run: &Run) -> HashSet<JobNo> {
    let mut last: HashMap<_, &cds_engine::state::NodeRun> = HashMap::new();
    for node in &run.nodes {
        let known = last.entry(node.node).or_insert(node);
        if node.sub >= known.sub {
            *known = node;
        }
    }
    let jobs = last.values().flat_map(|n| &n.stages).flat_map(|s| &s.jobs);
    jobs.map(|job| job.copy_of.unwrap_or(job.no)).collect()
}

/// Whether an attempt is the one that counts: one that was lost may have left half of its files and reports.
fn counts(run: &Run, job: JobNo, attempt: Attempt) -> bool {
    view::find_job(run, job).is_none_or(|(_, _, j)| j.attempt() == attempt)
}

/// There is no such cache, in the words of the reference.
pub fn cache_missing() -> Error {
    Error::not_found("worker cache pull > No unique link found")
}

fn cache_tag(coded: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD
        .decode(coded.trim_end_matches('='))
        .map_err(|_| Error::bad_request("the tag must be coded in base64url"))?;
    let tag = String::from_utf8(bytes).map_err(|_| Error::bad_request("the tag must be UTF-8"))?;
    if tag.is_empty() || tag.len() > 255 {
        return Err(Error::bad_request("a cache tag has 1 to 255 bytes"));
    }
    Ok(tag)
}
