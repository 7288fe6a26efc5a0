//! Workflows: definitions.

use crate::{Client, ClientError, entities::FileFormat, projects::project};
use cds_api::{groups::Grant, workflows::Workflow};
use reqwest::Method;

pub(crate) fn workflow(key: &str, name: &str) -> String {
    format!("{}/workflows/{}", project(key), Client::segment(name))
}

/// Largest tar that is read into memory.
const PULL_LIMIT: usize = 64 << 20;

impl Client {
    /// Workflows of a project.
    pub async fn workflows(&self, key: &str) -> Result<Vec<Workflow>, ClientError> {
        self.get(format!("{}/workflows", project(key))).await
    }
    /// A workflow with its graph.
    pub async fn workflow(&self, key: &str, name: &str) -> Result<Workflow, ClientError> {
        self.get(workflow(key, name)).await
    }
    /// Removes a workflow and its runs.
    pub async fn workflow_delete(&self, key: &str, name: &str) -> Result<(), ClientError> {
        self.delete(workflow(key, name)).await
    }
    /// Its file.
    pub async fn workflow_export(
        &self,
        key: &str,
        name: &str,
        format: FileFormat,
        with_permissions: bool,
    ) -> Result<String, ClientError> {
        self.call(Method::GET, format!("{}/export", workflow(key, name)))
            .query("format", format.as_str())
            .query("with_permissions", with_permissions)
            .send_text()
            .await
    }
    /// A tar of its file and the files of all it uses.
    pub async fn workflow_pull(
        &self,
        key: &str,
        name: &str,
        with_permissions: bool,
    ) -> Result<Vec<u8>, ClientError> {
        let call = self.call(Method::GET, format!("{}/pull", workflow(key, name)));
        call.query("with_permissions", with_permissions).send_download().await?.bytes(PULL_LIMIT).await
    }
    /// Gives a group a level on a workflow.
    pub async fn workflow_grant(
        &self,
        key: &str,
        name: &str,
        group: &str,
        grant: &Grant,
    ) -> Result<(), ClientError> {
        let path = format!("{}/groups/{}", workflow(key, name), Self::segment(group));
        self.call(Method::PUT, path).json(grant)?.send_unit().await
    }
    /// Takes a group off a workflow.
    pub async fn workflow_revoke(&self, key: &str, name: &str, group: &str) -> Result<(), ClientError> {
        self.delete(format!("{}/groups/{}", workflow(key, name), Self::segment(group))).await
    }
}
