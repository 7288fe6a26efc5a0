//! Projects, and the variables and keys of projects, applications and environments.

use crate::{Client, ClientError};
use cds_api::{
    groups::Grant,
    projects::{
        Encrypt, Encrypted, Key, KeyCreate, KeyUpdate, Project, ProjectCreate, ProjectUpdate, Variable,
    },
};
use reqwest::Method;

/// What variables and keys belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A project, by key.
    Project(String),
    /// An application: project key, name.
    Application(String, String),
    /// An environment: project key, name.
    Environment(String, String),
    /// A pipeline: project key, name.
    Pipeline(String, String),
}

impl Owner {
    pub(crate) fn path(&self) -> String {
        let of =
            |key: &str, noun: &str, name: &str| format!("{}/{noun}/{}", project(key), Client::segment(name));
        match self {
            Owner::Project(key) => project(key),
            Owner::Application(key, name) => of(key, "applications", name),
            Owner::Environment(key, name) => of(key, "environments", name),
            Owner::Pipeline(key, name) => of(key, "pipelines", name),
        }
    }
}

pub(crate) fn project(key: &str) -> String {
    format!("/v1/projects/{}", Client::segment(key))
}

impl Client {
    /// Projects the caller may read, by key.
    pub async fn projects(&self) -> Result<Vec<Project>, ClientError> {
        self.get("/v1/projects").await
    }
    /// A project with its groups and workflows.
    pub async fn project(&self, key: &str) -> Result<Project, ClientError> {
        self.get(project(key)).await
    }
    /// Makes a project.
    pub async fn project_create(&self, body: &ProjectCreate) -> Result<Project, ClientError> {
        self.post("/v1/projects", body).await
    }
    /// Changes a project.
    pub async fn project_update(&self, key: &str, body: &ProjectUpdate) -> Result<(), ClientError> {
        self.call(Method::PUT, project(key)).json(body)?.send_unit().await
    }
    /// Removes a project.
    pub async fn project_delete(&self, key: &str) -> Result<(), ClientError> {
        self.delete(project(key)).await
    }
    /// Gives a group a level on a project.
    pub async fn project_grant(&self, key: &str, group: &str, grant: &Grant) -> Result<(), ClientError> {
        let path = format!("{}/groups/{}", project(key), Self::segment(group));
        self.call(Method::PUT, path).json(grant)?.send_unit().await
    }
    /// Takes a group off a project.
    pub async fn project_revoke(&self, key: &str, group: &str) -> Result<(), ClientError> {
        self.delete(format!("{}/groups/{}", project(key), Self::segment(group))).await
    }

    /// Variables; secrets show as a placeholder.
    pub async fn variables(&self, owner: &Owner) -> Result<Vec<Variable>, ClientError> {
        self.get(format!("{}/variables", owner.path())).await
    }
    /// One variable.
    pub async fn variable(&self, owner: &Owner, name: &str) -> Result<Variable, ClientError> {
        self.get(format!("{}/variables/{}", owner.path(), Self::segment(name))).await
    }
    /// Adds a variable.
    pub async fn variable_add(&self, owner: &Owner, body: &Variable) -> Result<(), ClientError> {
        self.call(Method::POST, format!("{}/variables", owner.path())).json(body)?.send_unit().await
    }
    /// Replaces the variable `name`; the body may carry a new name.
    pub async fn variable_update(
        &self,
        owner: &Owner,
        name: &str,
        body: &Variable,
    ) -> Result<(), ClientError> {
        let path = format!("{}/variables/{}", owner.path(), Self::segment(name));
        self.call(Method::PUT, path).json(body)?.send_unit().await
    }
    /// Removes a variable.
    pub async fn variable_delete(&self, owner: &Owner, name: &str) -> Result<(), ClientError> {
        self.delete(format!("{}/variables/{}", owner.path(), Self::segment(name))).await
    }

    /// Keys without their private parts.
    pub async fn keys(&self, owner: &Owner) -> Result<Vec<Key>, ClientError> {
        self.get(format!("{}/keys", owner.path())).await
    }
    /// Makes a key.
    pub async fn key_add(&self, owner: &Owner, body: &KeyCreate) -> Result<Key, ClientError> {
        self.post(format!("{}/keys", owner.path()), body).await
    }
    /// Switches a key off or on.
    pub async fn key_update(&self, owner: &Owner, name: &str, body: &KeyUpdate) -> Result<(), ClientError> {
        let path = format!("{}/keys/{}", owner.path(), Self::segment(name));
        self.call(Method::PUT, path).json(body)?.send_unit().await
    }
    /// Removes a key.
    pub async fn key_delete(&self, owner: &Owner, name: &str) -> Result<(), ClientError> {
        self.delete(format!("{}/keys/{}", owner.path(), Self::segment(name))).await
    }

    /// Stores a secret and answers the token that stands for it in files.
    pub async fn encrypt(&self, key: &str, body: &Encrypt) -> Result<Encrypted, ClientError> {
        self.post(format!("{}/encrypt", project(key)), body).await
    }
    /// Secrets stored this way.
    pub async fn encrypted(&self, key: &str) -> Result<Vec<Encrypted>, ClientError> {
        self.get(format!("{}/encrypt", project(key))).await
    }
    /// Forgets a secret; its token stops working.
    pub async fn encrypted_delete(&self, key: &str, name: &str) -> Result<(), ClientError> {
        self.delete(format!("{}/encrypt/{}", project(key), Self::segment(name))).await
    }
}
