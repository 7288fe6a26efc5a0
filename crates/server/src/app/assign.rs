//! What a worker gets: steps, parameters, secrets. The one place where secrets leave the store.

use super::view;
use crate::{
    App,
    http::error::{Error, Result},
};
use cds_api::worker::{AssignedRequirement, AssignedSecret, AssignedStep, Assignment};
use cds_engine::{Run, limits, spec::Settings};
use cds_model::{Attempt, JobRef, Timestamp};
use cds_store::{
    Tx,
    entities::{self, Kind},
    keys, projects, secret_tokens, variables,
};
use cds_workflow::{builtin, def};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// How long secrets that were read are handed out at most, if another server cannot tell that it changed them.
const BELIEVE: Duration = Duration::from_secs(2);

/// Secrets read a moment ago: the jobs of a stage start together and need the same ones.
#[derive(Default)]
pub struct SecretsLately(Mutex<HashMap<Owners, Lately>>);

/// Project, application, environment.
type Owners = (String, String, String);

struct Lately {
    /// [`cds_store::Store::written`] before they were read.
    written: u64,
    at: Timestamp,
    secrets: Arc<[AssignedSecret]>,
}

impl SecretsLately {
    fn get(&self, owners: &Owners, written: u64, now: Timestamp) -> Option<Arc<[AssignedSecret]>> {
        let mut known = self.0.lock().unwrap_or_else(|p| p.into_inner());
        // Nothing secret stays longer than it is of use.
        known.retain(|_, l| l.written == written && now.since(l.at) < BELIEVE && now >= l.at);
        known.get(owners).map(|l| l.secrets.clone())
    }

    fn keep(&self, owners: Owners, lately: Lately) {
        self.0.lock().unwrap_or_else(|p| p.into_inner()).insert(owners, lately);
    }
}

impl App {
    /// The secrets of a job, as they are now.
    async fn secrets_for(&self, owners: Owners) -> Result<Arc<[AssignedSecret]>> {
        // Noted before reading: what is written meanwhile makes it old at once.
        let (written, now) = (self.store().written(), self.now());
        if let Some(secrets) = self.secrets_lately().get(&owners, written, now) {
            return Ok(secrets);
        }
        let (key, app, env) = owners.clone();
        let read = self.store().read(move |tx| secrets_of(tx, &key, &app, &env)).await;
        let secrets: Arc<[AssignedSecret]> = read.map_err(Error::internal)?.into();
        self.secrets_lately().keep(owners, Lately { written, at: now, secrets: secrets.clone() });
        Ok(secrets)
    }

    /// Everything a worker needs for an attempt of a job.
    pub async fn assign(&self, run: &Run, job: JobRef, attempt: Attempt) -> Result<Assignment> {
        let lost = || Error::internal(format!("job {job} is not in its run"));
        let (node, stage, state) = view::find_job(run, job.job).ok_or_else(lost)?;
        let definition = view::job_def(run, node, stage, state).ok_or_else(lost)?;
        let params = cds_engine::job_parameters(run, job.job).ok_or_else(lost)?;
        let graph_node = run.spec.workflow.nodes.get(node.node.0 as usize).ok_or_else(lost)?;
        let owners =
            (run.spec.project.clone(), graph_node.application.clone(), graph_node.environment.clone());
        let secrets = self.secrets_for(owners).await?;
        let settings = &run.spec.settings;
        Ok(Assignment {
            job,
            attempt,
            name: definition.name.clone(),
            project: run.spec.project.clone(),
            workflow: run.spec.workflow.name.clone(),
            number: run.number,
            node: graph_node.name.clone(),
            stage: view::stages(&run.spec, node).get(stage).map(|s| s.name.clone()).unwrap_or_default(),
            steps: definition.steps.iter().map(|s| step(settings, s)).collect(),
            tainted: params.iter().filter(|(_, p)| p.tainted).map(|(name, _)| name.clone()).collect(),
            verbatim: params.iter().filter(|(_, p)| p.verbatim).map(|(name, _)| name.clone()).collect(),
            parameters: params.into_iter().map(|(name, p)| (name, p.value)).collect(),
            taint_policy: settings.taint_policy.clone(),
            secrets: secrets.to_vec(),
            requirements: state
                .requirements
                .iter()
                .map(|r| AssignedRequirement {
                    name: r.name.clone(),
                    kind: r.kind.clone(),
                    value: r.value.clone(),
                })
                .collect(),
            job_timeout_ms: limits::job(settings, Some(definition)),
            kill_grace_ms: self.config().kill_grace_ms,
            hold_ms: self.hold_ms(job, attempt),
        })
    }
}

fn step(settings: &Settings, step: &def::Step) -> AssignedStep {
    AssignedStep {
        name: step.name.clone(),
        action: builtin::action(&step.action).map_or_else(|| step.action.clone(), |a| a.name.to_string()),
        enabled: step.enabled,
        optional: step.optional,
        always_executed: step.always_executed,
        timeout_ms: limits::step(settings, step),
        parameters: builtin::parameters(step),
    }
}

/// Secrets of a project, an application and an environment (spec 8.8), as they are now.
fn secrets_of(tx: &mut Tx<'_>, key: &str, app: &str, env: &str) -> cds_store::Result<Vec<AssignedSecret>> {
    let Some(project) = projects::by_key(tx, key)? else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    of_owner(tx, &project.id.to_string(), "cds.proj.", &mut all)?;
    if !app.is_empty()
        && let Some(e) = entities::get::<def::Application>(tx, project.id, Kind::Application, app)?
    {
        of_owner(tx, &e.id.to_string(), "cds.app.", &mut all)?;
        if !e.def.vcs_password.is_empty()
            && let Some(value) = secret_tokens::value(tx, project.id, &e.def.vcs_password)?
        {
            all.push(AssignedSecret { name: "git.http.password".into(), kind: "password".into(), value });
        }
    }
    if !env.is_empty()
        && let Some(e) = entities::get::<def::Environment>(tx, project.id, Kind::Environment, env)?
    {
        of_owner(tx, &e.id.to_string(), "cds.env.", &mut all)?;
    }
    Ok(all)
}

fn of_owner(
    tx: &mut Tx<'_>,
    owner: &str,
    prefix: &str,
    all: &mut Vec<AssignedSecret>,
) -> cds_store::Result<()> {
    for v in variables::list(tx, owner)?.into_iter().filter(|v| v.secret) {
        all.push(AssignedSecret { name: format!("{prefix}{}", v.name), kind: v.kind, value: v.value });
    }
    for k in keys::list(tx, owner)?.into_iter().filter(|k| !k.disabled) {
        all.push(AssignedSecret { name: format!("cds.key.{}.priv", k.name), kind: k.kind, value: k.private });
    }
    Ok(())
}
