//! What a project's files mean, free of how they are written: the definitions that the store keeps and the
//! engine runs. The v1 files are one way to write them; later formats must end here too.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Permission levels by group name: 4 read, 5 read and run, 7 everything.
pub type Permissions = BTreeMap<String, u8>;

/// A workflow: a graph of nodes with one root.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workflow {
    /// Unique in its project.
    pub name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The graph, parents before children; the first is the root. Names are unique.
    pub nodes: Vec<Node>,
    /// Hooks by node name; only those of the root fire.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hooks: BTreeMap<String, Vec<Hook>>,
    /// Groups and their levels; empty in a file that has no `permissions`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub permissions: Permissions,
    /// Free key-values; `default_tags` names the payload keys that become tags.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Run tags the purge groups by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purge_tags: Vec<String>,
    /// Lua text; empty = the server's default.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub retention_policy: String,
    /// Kept and exported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notifications: Vec<Notification>,
    /// Runs to keep; 0 = not said (then 20).
    pub history_length: i64,
    /// Kept and exported, by project-integration name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub integrations: BTreeMap<String, WorkflowIntegration>,
    /// Longest time a run may last, seconds; 0 = not said, the server's limit holds. Never beyond the server's.
    #[serde(skip_serializing_if = "is_nought")]
    pub timeout_s: u64,
    /// URL of the repository that owns this definition; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from_repository: String,
}

/// One node of the graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    /// Unique in its workflow.
    pub name: String,
    /// What it does.
    pub kind: NodeKind,
    /// True for a join that no file entry names: it stands for `depends_on` with two or more parents
    /// and disappears on export. Its name (`join`, `join_2`, …) is derived.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    /// Names of the parents; none = the root, two or more only on joins.
    pub parents: Vec<String>,
    /// When it runs.
    pub conditions: Conditions,
    /// `one_at_a_time`: no two runs of this node at once, over all runs of the workflow.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mutex: bool,
    /// Pipeline name; empty on other kinds.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pipeline: String,
    /// Application name; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub application: String,
    /// Environment name; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// Project-integration name; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub integration: String,
    /// Default payload of the root, flattened (`a.b`), keys as written, values of any scalar type.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub payload: IndexMap<String, serde_json::Value>,
    /// Default values of the pipeline's parameters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Outgoing-hook model (`WebHook`, `Workflow`); empty on other kinds.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trigger: String,
    /// Outgoing-hook configuration.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    /// Groups that may run this node; empty = the workflow's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub permissions: Permissions,
}

/// What a node does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// Runs a pipeline.
    #[default]
    Pipeline,
    /// Waits for two or more parents.
    Join,
    /// Passes on.
    Fork,
    /// Calls out, or starts another workflow.
    OutgoingHook,
}

/// A condition: all `check`s hold, or, if there is a script, the script alone decides (spec 7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// Plain checks, in order; those that `when` stands for are last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub check: Vec<Check>,
    /// Lua; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub script: String,
}

impl Conditions {
    /// No condition at all, which is true.
    pub fn is_empty(&self) -> bool {
        self.check.is_empty() && self.script.is_empty()
    }
}

/// One plain check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Check {
    /// Dotted name of the variable on the left.
    pub variable: String,
    /// `eq ne lt le gt ge regex`.
    pub operator: String,
    /// Right side, interpolated before use.
    pub value: String,
}

/// A hook as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// Model name in exact case: `WebHook`, `Scheduler`, …
    pub model: String,
    /// Configurable keys as given.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    /// Evaluated on the hook's payload before a run is made.
    pub conditions: Conditions,
}

/// A notification entry; kept whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notification {
    /// `email`, `vcs`, `event`.
    pub kind: String,
    /// Node names; empty = all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    /// Integration name of an `event` entry.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub integration: String,
    /// Settings, or none if the entry has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<NotificationSettings>,
}

/// Settings of a notification with the defaults of spec 3.2.6 filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotificationSettings {
    /// `always`, `never`, `change`.
    pub on_success: String,
    /// `always`, `never`, `change`.
    pub on_failure: String,
    /// Also when a node starts.
    pub on_start: bool,
    /// To all members of the project's groups.
    pub send_to_groups: bool,
    /// To who started the run.
    pub send_to_author: bool,
    /// Addresses; may hold `{{…}}`.
    pub recipients: Vec<String>,
    /// Text of the message, or none = the default one.
    pub template: Option<NotificationTemplate>,
    /// When to send.
    pub conditions: Conditions,
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self {
            on_success: "change".into(),
            on_failure: "always".into(),
            on_start: false,
            send_to_groups: false,
            send_to_author: true,
            recipients: Vec::new(),
            template: None,
            conditions: Conditions::default(),
        }
    }
}

/// Text of a notification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotificationTemplate {
    /// Empty = default.
    pub subject: String,
    /// Empty = default.
    pub body: String,
    /// No pull-request comment.
    pub disable_comment: Option<bool>,
    /// No commit status.
    pub disable_status: Option<bool>,
}

/// An entry of a workflow's `integrations`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowIntegration {
    /// `artifact_manager` or other.
    #[serde(rename = "type")]
    pub kind: String,
    /// Key to value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, Value>,
}

/// A typed value of a variable or configuration key. For `password`, `value` is a token (spec 3.12), never clear text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Value {
    /// `string`, `text`, `password`, `boolean`, `number`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    pub value: String,
}

/// A pipeline: stages in order, each with jobs side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pipeline {
    /// Unique in its project.
    pub name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Declared parameters, in file order.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, Parameter>,
    /// In order of execution.
    pub stages: Vec<Stage>,
    /// URL of the repository that owns this definition; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from_repository: String,
}

/// A declared parameter of a pipeline or action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameter {
    /// `string`, `number`, `text`, `boolean`, `list`, `ssh-key`, `pgp-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Default value; of a `list`, `a;b;c` where the first is the default.
    #[serde(rename = "default")]
    pub value: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Shown folded by user interfaces; kept for actions only (spec 3.3, 3.8).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub advanced: bool,
}

/// A stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stage {
    /// May be empty when the pipeline has one stage.
    pub name: String,
    /// False = all its jobs are `Disabled`.
    pub enabled: bool,
    /// False = the stage is `Skipped`.
    pub conditions: Conditions,
    /// In file order.
    pub jobs: Vec<Job>,
}

impl Default for Stage {
    fn default() -> Self {
        Self { name: String::new(), enabled: true, conditions: Conditions::default(), jobs: Vec::new() }
    }
}

/// A job: steps one after the other on one worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Job {
    /// Not necessarily unique.
    pub name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// False = `Disabled`.
    pub enabled: bool,
    /// What the worker must offer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    /// Longest time at work, seconds; 0 = not said, the server's limit holds. Never beyond the server's.
    #[serde(skip_serializing_if = "is_nought")]
    pub timeout_s: u64,
    /// Longest time in the queue, seconds; likewise.
    #[serde(skip_serializing_if = "is_nought")]
    pub queue_timeout_s: u64,
    /// In order.
    pub steps: Vec<Step>,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            enabled: true,
            requirements: vec![],
            timeout_s: 0,
            queue_timeout_s: 0,
            steps: vec![],
        }
    }
}

/// What a worker must offer (spec 3.7).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Requirement {
    /// E.g. the binary's name; equal to `kind` for hostname, memory, model, region, secret, flavor.
    pub name: String,
    /// `binary hostname memory model os-architecture plugin region service secret flavor`.
    #[serde(rename = "type")]
    pub kind: String,
    /// May hold `{{…}}`.
    pub value: String,
}

/// A step: one action with its parameter values. Two steps are equal whatever their lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Shown name; empty = the action's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// False = `Disabled`.
    pub enabled: bool,
    /// A failure does not fail the job.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Runs even after a failure.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub always_executed: bool,
    /// Longest time it may take, seconds; 0 = not said, the server's limit holds. Never beyond the server's.
    #[serde(skip_serializing_if = "is_nought")]
    pub timeout_s: u64,
    /// Registered name: `Script`, `CheckoutApplication`, `GitClone`, `GitTag`, `Artifact Upload`,
    /// `Artifact Download`, `JUnit`, `Coverage`, `DeployApplication`, … or `group/name` / `name` of a user action.
    pub action: String,
    /// Values given in the file, by parameter name; defaults are **not** filled in here
    /// (see `builtin::parameters`). For `Script` the one key is `script`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, String>,
    /// Where it stands in its file, 1-based; 0 = unknown. Not part of equality of meaning; for messages only.
    #[serde(skip_serializing_if = "is_zero")]
    pub line: u32,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        let flags = |s: &Self| (s.enabled, s.optional, s.always_executed, s.timeout_s);
        self.name == other.name
            && flags(self) == flags(other)
            && self.action == other.action
            && self.parameters == other.parameters
    }
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

fn is_nought(n: &u64) -> bool {
    *n == 0
}

impl Default for Step {
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: true,
            optional: false,
            always_executed: false,
            timeout_s: 0,
            action: String::new(),
            parameters: IndexMap::new(),
            line: 0,
        }
    }
}

/// An action of a group, made of steps (spec 3.8). Steps of pipelines call it `group/name`, or `name` if its group
/// is `shared.infra`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserAction {
    /// Unique in its group.
    pub name: String,
    /// Whose it is.
    pub group: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// False = no step may use it.
    pub enabled: bool,
    /// Declared parameters, in file order; its steps see them as `{{.name}}`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, Parameter>,
    /// What a worker must offer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    /// In order.
    pub steps: Vec<Step>,
}

impl Default for UserAction {
    fn default() -> Self {
        Self {
            name: String::new(),
            group: "shared.infra".into(),
            description: String::new(),
            enabled: true,
            parameters: IndexMap::new(),
            requirements: Vec::new(),
            steps: Vec::new(),
        }
    }
}

/// An application: variables, keys and the link to a repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Application {
    /// Unique in its project.
    pub name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Project VCS name; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vcs_server: String,
    /// `owner/name`; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub repo: String,
    /// Variables by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// Keys by name (`app-…`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Key>,
    /// `https`, `ssh` or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vcs_connection_type: String,
    /// Key name, for ssh.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vcs_ssh_key: String,
    /// For https.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vcs_user: String,
    /// Token of the password, for https.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vcs_password: String,
    /// Key name that signs tags.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vcs_pgp_key: String,
    /// Kept and exported: integration name → key → value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub deployments: BTreeMap<String, BTreeMap<String, Value>>,
    /// URL of the repository that owns this definition; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from_repository: String,
}

/// An environment: variables and keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// Unique in its project.
    pub name: String,
    /// Variables by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// Keys by name (`env-…`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Key>,
    /// URL of the repository that owns this definition; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from_repository: String,
}

/// A key as a file gives it (spec 3.11).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Key {
    /// `ssh` or `pgp`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Token of the private part; empty = to be generated or kept.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// `regen: false` keeps an existing key on re-import; `None` = not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regen: Option<bool>,
}
