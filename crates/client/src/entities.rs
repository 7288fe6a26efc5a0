//! Applications, environments and pipelines; import, export and usage of everything that has a file.

use crate::{
    Client, ClientError,
    projects::{Owner, project},
};
use bytes::Bytes;
use cds_api::{
    Messages, Name,
    entities::{Application, Environment, Pipeline},
    workflows::Workflow,
};
use reqwest::Method;

/// Notation of a file that goes in or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// `application/x-yaml`
    Yaml,
    /// `application/json`
    Json,
}

impl FileFormat {
    /// As the query parameter `format` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            FileFormat::Yaml => "yaml",
            FileFormat::Json => "json",
        }
    }
    /// As a content type.
    pub fn content_type(self) -> &'static str {
        match self {
            FileFormat::Yaml => "application/x-yaml",
            FileFormat::Json => "application/json",
        }
    }
}

/// What an import makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    /// An application.
    Application,
    /// An environment.
    Environment,
    /// A pipeline.
    Pipeline,
    /// A workflow.
    Workflow,
}

/// A file to import.
#[derive(Clone, Debug)]
pub struct ImportFile<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// Its notation.
    pub format: FileFormat,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Overwrite what exists.
    pub force: bool,
    /// Unknown and repeated keys are errors.
    pub strict: bool,
}

impl ImportKind {
    fn as_str(self) -> &'static str {
        match self {
            ImportKind::Application => "application",
            ImportKind::Environment => "environment",
            ImportKind::Pipeline => "pipeline",
            ImportKind::Workflow => "workflow",
        }
    }
}

impl Client {
    /// Applications of a project.
    pub async fn applications(&self, key: &str) -> Result<Vec<Application>, ClientError> {
        self.get(format!("{}/applications", project(key))).await
    }
    /// One application.
    pub async fn application(&self, key: &str, name: &str) -> Result<Application, ClientError> {
        self.get(Owner::Application(key.into(), name.into()).path()).await
    }
    /// Makes an application.
    pub async fn application_create(&self, key: &str, name: &str) -> Result<(), ClientError> {
        let body = Name { name: name.to_string() };
        self.call(Method::POST, format!("{}/applications", project(key))).json(&body)?.send_unit().await
    }
    /// Environments of a project.
    pub async fn environments(&self, key: &str) -> Result<Vec<Environment>, ClientError> {
        self.get(format!("{}/environments", project(key))).await
    }
    /// One environment.
    pub async fn environment(&self, key: &str, name: &str) -> Result<Environment, ClientError> {
        self.get(Owner::Environment(key.into(), name.into()).path()).await
    }
    /// Makes an environment.
    pub async fn environment_create(&self, key: &str, name: &str) -> Result<(), ClientError> {
        let body = Name { name: name.to_string() };
        self.call(Method::POST, format!("{}/environments", project(key))).json(&body)?.send_unit().await
    }
    /// Pipelines of a project.
    pub async fn pipelines(&self, key: &str) -> Result<Vec<Pipeline>, ClientError> {
        self.get(format!("{}/pipelines", project(key))).await
    }
    /// One pipeline.
    pub async fn pipeline(&self, key: &str, name: &str) -> Result<Pipeline, ClientError> {
        self.get(Owner::Pipeline(key.into(), name.into()).path()).await
    }

    /// Removes an application, environment or pipeline (or a project).
    pub async fn entity_delete(&self, owner: &Owner) -> Result<(), ClientError> {
        self.delete(owner.path()).await
    }
    /// Its file.
    pub async fn entity_export(&self, owner: &Owner, format: FileFormat) -> Result<String, ClientError> {
        self.call(Method::GET, format!("{}/export", owner.path()))
            .query("format", format.as_str())
            .send_text()
            .await
    }
    /// Workflows that use it.
    pub async fn entity_usage(&self, owner: &Owner) -> Result<Vec<Workflow>, ClientError> {
        self.get(format!("{}/usage", owner.path())).await
    }

    /// Imports one file.
    pub async fn import(
        &self,
        key: &str,
        kind: ImportKind,
        file: ImportFile<'_>,
    ) -> Result<Messages, ClientError> {
        self.call(Method::POST, format!("{}/import/{}", project(key), kind.as_str()))
            .query("force", file.force)
            .query("strict", file.strict)
            .query("file", file.name)
            .bytes(Bytes::from(file.content), file.format.content_type())
            .send()
            .await
    }
    /// Imports a tar of files, one workflow and what it uses.
    /// `strict`: unknown keys are errors.
    pub async fn push(&self, key: &str, tar: Vec<u8>, strict: bool) -> Result<Messages, ClientError> {
        self.call(Method::POST, format!("{}/push", project(key)))
            .query("strict", strict)
            .bytes(Bytes::from(tar), "application/x-tar")
            .send()
            .await
    }
}
