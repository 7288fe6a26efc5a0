//! Databases, and the values that tests are made of.

use cds_engine::{
    Run, RunSpec,
    state::{JobRun, NodeRun, Param, Params, RunHead, StageRun},
};
use cds_model::*;
use cds_store::{MasterKey, RunCommit, Store, groups, projects, runs, testing::Postgres, users, workflows};
use std::sync::{Arc, Mutex, OnceLock, Weak};

/// A store on a database of its own, and what must live as long.
pub struct World {
    pub store: Store,
    pub url: String,
    pub key: MasterKey,
    _dir: Option<tempfile::TempDir>,
    _server: Option<Arc<Postgres>>,
}

/// One server for all tests that run at the same time; stopped after the last of them.
fn server() -> Option<Arc<Postgres>> {
    static SERVER: OnceLock<Mutex<Weak<Postgres>>> = OnceLock::new();
    let mut known = SERVER.get_or_init(Mutex::default).lock().unwrap_or_else(|e| e.into_inner());
    if let Some(server) = known.upgrade() {
        return Some(server);
    }
    let server = Arc::new(Postgres::start()?);
    *known = Arc::downgrade(&server);
    Some(server)
}

impl World {
    pub fn sqlite() -> Option<World> {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("cds.db").display());
        Some(Self::open(url, Some(dir), None))
    }

    pub fn postgres() -> Option<World> {
        let server = server()?;
        Some(Self::open(server.database(), None, Some(server)))
    }

    fn open(url: String, dir: Option<tempfile::TempDir>, server: Option<Arc<Postgres>>) -> World {
        let key = MasterKey::generate();
        let store = Store::open(&url, key.clone()).unwrap();
        World { store, url, key, _dir: dir, _server: server }
    }

    /// Another server on the same database (PostgreSQL), or another process's view (SQLite).
    pub fn again(&self) -> Store {
        Store::open(&self.url, self.key.clone()).unwrap()
    }
}

/// Each function becomes a test on both databases.
macro_rules! suite {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::World::sqlite().unwrap()).await
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = crate::support::World::postgres() { super::$name(world).await }
            })*
        }
    };
}
pub(crate) use suite;

pub const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub fn project(key: &str) -> projects::Project {
    projects::Project {
        id: ProjectId::new(),
        key: key.into(),
        name: key.to_lowercase(),
        description: String::new(),
        settings: "{}".into(),
        created: NOW,
        last_modified: NOW,
    }
}

pub fn user(name: &str) -> users::User {
    users::User {
        id: UserId::new(),
        username: name.into(),
        fullname: String::new(),
        email: format!("{name}@example.org"),
        password: "$argon2id$".into(),
        ring: "USER".into(),
        organization: "default".into(),
        verified: false,
        created: NOW,
    }
}

pub fn group(name: &str) -> groups::Group {
    groups::Group { id: GroupId::new(), name: name.into(), organization: String::new(), created: NOW }
}

/// A project with a workflow, stored.
pub async fn workflow(store: &Store) -> (ProjectId, WorkflowId) {
    let p = project(&format!("P{}", uuid::Uuid::new_v4().simple()));
    let w = workflows::Workflow {
        id: WorkflowId::new(),
        project: p.id,
        name: "build".into(),
        def: Default::default(),
        from_repository: String::new(),
        created: NOW,
        last_modified: NOW,
        last_number: 0,
    };
    let ids = (p.id, w.id);
    store
        .write(move |tx| {
            projects::insert(tx, &p)?;
            workflows::insert(tx, &w)
        })
        .await
        .unwrap();
    ids
}

pub fn node(no: u32, jobs: u32) -> NodeRun {
    let job = |n: u32| JobRun {
        no: JobNo(no * 100 + n),
        def: n,
        status: Status::Waiting,
        requirements: Vec::new(),
        queued: Some(NOW),
        done: None,
        stopping: false,
        infos: Vec::new(),
        attempts: Vec::new(),
        copy_of: None,
    };
    let params: Params =
        [("cds.run".to_string(), Param { value: "1".into(), ..Param::default() })].into_iter().collect();
    NodeRun {
        no: NodeRunNo(no),
        node: NodeIx(no),
        sub: 0,
        status: Status::Building,
        manual: true,
        parents: Vec::new(),
        params: Arc::new(params),
        only_failed_of: None,
        waits_slot: false,
        holds_slot: false,
        stages: vec![StageRun {
            status: Status::Building,
            why: Vec::new(),
            jobs: (0..jobs).map(|n| Arc::new(job(n))).collect(),
        }],
        start: NOW,
        done: None,
    }
}

pub fn run(number: i64, nodes: u32) -> Run {
    let head = RunHead {
        status: Status::Building,
        created: NOW,
        last_execution: NOW,
        tags: vec![("git.branch".into(), "main".into())],
        ..RunHead::default()
    };
    let spec = RunSpec { project: "SHOP".into(), ..RunSpec::default() };
    let nodes = (0..nodes).map(|n| Arc::new(node(n, 2))).collect();
    Run { id: RunId::new(), number, spec: Arc::new(spec), head, nodes }
}

pub fn context(project: ProjectId, workflow: WorkflowId, version: i64, spec_hash: &str) -> runs::Context {
    runs::Context {
        workflow,
        project,
        version,
        spec_hash: spec_hash.into(),
        triggered_by: "alice".into(),
        once: None,
        priority: 0,
        now: NOW,
        leases: Vec::new(),
        event: None,
    }
}

/// A workflow, and a run of it that is stored with version 1.
pub struct Stored {
    pub project: ProjectId,
    pub workflow: WorkflowId,
    pub hash: String,
    pub run: Run,
}

impl Stored {
    pub async fn new(store: &Store) -> Stored {
        let (project, workflow) = workflow(store).await;
        Self::of(store, project, workflow).await
    }

    pub async fn of(store: &Store, project: ProjectId, workflow: WorkflowId) -> Stored {
        let number = store.reserve_number(workflow).await.unwrap();
        let run = run(number, 2);
        let hash = runs::put_spec(store, &run.spec, NOW).await.unwrap();
        let commit =
            RunCommit::from_transition(None, &run, &[], context(project, workflow, 0, &hash)).unwrap();
        assert_eq!(store.commit(commit).await.unwrap().version, 1);
        Stored { project, workflow, hash, run }
    }

    /// The commit of a step from the stored state.
    pub fn step(&self, new: &Run, effects: &[cds_engine::Effect], version: i64) -> RunCommit {
        let cx = context(self.project, self.workflow, version, &self.hash);
        RunCommit::from_transition(Some(&self.run), new, effects, cx).unwrap()
    }
}
