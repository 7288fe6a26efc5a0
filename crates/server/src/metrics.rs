//! Prometheus metrics, `GET /metrics`.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use std::time::Duration;

/// Labels of a request.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

/// Labels of something that ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StatusLabel {
    status: String,
}

/// Labels of something that was found.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabel {
    kind: String,
}

/// Everything counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Histogram>,
    jobs: Family<StatusLabel, Counter>,
    runs: Family<StatusLabel, Counter>,
    queue_wait: Histogram,
    mended: Family<KindLabel, Counter>,
    /// Jobs that wait for a worker.
    pub queue: Gauge,
    /// Registered workers.
    pub workers: Gauge,
    /// Bytes of job logs stored.
    pub log_bytes: Counter,
    /// Attempts lost with their worker.
    pub attempts_lost: Counter,
    /// Commits that met a newer version and were applied again.
    pub conflicts: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("cds");
        let requests = Family::<RequestLabels, Histogram>::new_with_constructor(|| {
            Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0])
        });
        let jobs = Family::<StatusLabel, Counter>::default();
        let runs = Family::<StatusLabel, Counter>::default();
        let mended = Family::<KindLabel, Counter>::default();
        let queue_wait = Histogram::new([0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1800.0]);
        let (queue, workers) = (Gauge::default(), Gauge::default());
        let (log_bytes, attempts_lost, conflicts) =
            (Counter::default(), Counter::default(), Counter::default());
        registry.register("http_request_seconds", "Time to answer a request", requests.clone());
        registry.register("jobs", "Jobs ended, by status", jobs.clone());
        registry.register("runs", "Runs ended, by status", runs.clone());
        registry.register("queue_wait_seconds", "Time jobs waited for a worker", queue_wait.clone());
        registry.register("queue_jobs", "Jobs that wait for a worker", queue.clone());
        registry.register("workers", "Registered workers", workers.clone());
        registry.register("log_bytes", "Bytes of job logs stored", log_bytes.clone());
        registry.register("attempts_lost", "Attempts lost with their worker", attempts_lost.clone());
        registry.register("commit_conflicts", "Commits applied again on a newer version", conflicts.clone());
        registry.register("mended", "Rows that did not agree with their run", mended.clone());
        Self {
            registry,
            mended,
            requests,
            jobs,
            runs,
            queue_wait,
            queue,
            workers,
            log_bytes,
            attempts_lost,
            conflicts,
        }
    }
}

impl Metrics {
    /// A request was answered.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels { method: method.into(), route: route.into(), status };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }
    /// A job ended.
    pub fn job_ended(&self, status: &str) {
        self.jobs.get_or_create(&StatusLabel { status: status.into() }).inc();
    }
    /// Something beside a run was not as the run says.
    pub fn mended(&self, kind: &str) {
        self.mended.get_or_create(&KindLabel { kind: kind.into() }).inc();
    }
    /// A run ended.
    pub fn run_ended(&self, status: &str) {
        self.runs.get_or_create(&StatusLabel { status: status.into() }).inc();
    }
    /// A job was taken after waiting.
    pub fn waited(&self, time: Duration) {
        self.queue_wait.observe(time.as_secs_f64());
    }
    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
