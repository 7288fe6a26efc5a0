//! Loading runs. A run whose rows can't be read is parked: set aside with the reason, and nobody else suffers.

use super::{
    convert::{NodeIn, Sealed},
    spec,
};
use crate::{
    error::{Error, Result},
    sql::sql,
    store::Store,
    tx::Tx,
    val::Row,
    vals,
    wake::Wake,
};
use cds_engine::{Run, state::NodeRun};
use cds_model::{ProjectId, RunId, WorkflowId};
use std::sync::Arc;

sql! {
    RUN = "SELECT workflow, project, number, version, spec_hash, head, sealed, parked, triggered_by FROM run WHERE id = $1";
    NODES = "SELECT no, data, params FROM run_node WHERE run = $1 ORDER BY no";
    PARK = "UPDATE run SET parked = $2 WHERE id = $1 AND parked IS NULL";
    UNPARK = "UPDATE run SET parked = NULL WHERE id = $1 AND parked IS NOT NULL";
    PARKED = "SELECT id, parked FROM run WHERE parked IS NOT NULL ORDER BY id";
    VERSION = "SELECT version FROM run WHERE id = $1";
    LIVE = "SELECT id FROM run WHERE final = 0 ORDER BY id";
}

/// A run as the engine knows it, and what stands beside it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The run.
    pub run: Run,
    /// Its version, for the next commit.
    pub version: i64,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Its project.
    pub project: ProjectId,
    /// Hash of its snapshot.
    pub spec_hash: String,
    /// Who or what started it.
    pub triggered_by: String,
}

/// Why a run can't be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    /// There is none.
    #[error("there is no such run")]
    NotFound,
    /// Its rows can't be read; for an administrator.
    #[error("the run is parked: {0}")]
    Parked(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] Error),
}

/// Loads a run; parks it if its rows can't be decoded.
pub async fn load(store: &Store, run: RunId) -> Result<Loaded, LoadError> {
    let fault = match store.try_read(move |tx| load_in(tx, run)).await {
        Err(LoadError::Db(e @ (Error::Column { .. } | Error::Json { .. } | Error::NoRow { .. }))) => {
            e.to_string()
        }
        other => return other,
    };
    tracing::error!(%run, %fault, "a run can't be read and is parked");
    let reason = fault.clone();
    store.write(move |tx| park(tx, run, &reason)).await?;
    Err(LoadError::Parked(fault))
}

/// Loads a run inside a transaction; the caller deals with rows that can't be decoded.
pub fn load_in(tx: &mut Tx<'_>, run: RunId) -> Result<Loaded, LoadError> {
    let row = tx.query_opt(RUN, vals![run])?.ok_or(LoadError::NotFound)?;
    if let Some(reason) = row.get::<Option<String>>(7)? {
        return Err(LoadError::Parked(reason));
    }
    let spec_hash: String = row.get(4)?;
    let spec = spec::get(tx, &spec_hash)?;
    let (mut nodes, mut head) = (Vec::new(), None);
    if let Some(data) = row.blob(6)? {
        let sealed: Sealed = serde_json::from_slice(&spec::decompress(data)?)
            .map_err(|e| Error::json(format!("sealed run {run}"), e))?;
        nodes = sealed.nodes.into_iter().map(Arc::new).collect();
        head = Some(sealed.head);
    }
    // What was written after the sealing lies over what was sealed.
    if !row.text(5)?.is_empty() {
        head = Some(row.json(5)?);
    }
    let head =
        head.ok_or_else(|| Error::json(format!("run {run}"), "it has neither a head nor a sealed record"))?;
    for row in tx.query(NODES, vals![run])? {
        put_node(&row, &mut nodes)?;
    }
    let run = Run { id: run, number: row.get(2)?, spec, head, nodes };
    let (version, workflow, project) = (row.get(3)?, row.get(0)?, row.get(1)?);
    Ok(Loaded { run, version, workflow, project, spec_hash, triggered_by: row.get(8)? })
}

fn put_node(row: &Row, nodes: &mut Vec<Arc<NodeRun>>) -> Result<()> {
    let (no, data): (usize, NodeIn) = (row.get::<u32>(0)? as usize, row.json(1)?);
    // Only its parameters are what they were when the node run was sealed.
    let params = match (row.text(2)?, nodes.get(no)) {
        ("", Some(sealed)) => sealed.params.clone(),
        _ => row.json(2)?,
    };
    let node = Arc::new(data.with(params));
    if node.no.0 as usize != no || no > nodes.len() {
        return Err(Error::json(
            "node runs",
            format!("node run {no} does not follow node run {}", nodes.len()),
        ));
    }
    if no < nodes.len() {
        nodes[no] = node;
    } else {
        nodes.push(node);
    }
    Ok(())
}

/// Sets a run aside. Its jobs stay where they are; commits are refused with the reason.
pub fn park(tx: &mut Tx<'_>, run: RunId, reason: &str) -> Result<()> {
    tx.execute(PARK, vals![run, reason])?;
    tx.wake(Wake::Run(run));
    Ok(())
}

/// Takes a run up again, after its rows were mended. False if it was not parked.
pub fn unpark(tx: &mut Tx<'_>, run: RunId) -> Result<bool> {
    tx.wake(Wake::Run(run));
    Ok(tx.execute(UNPARK, vals![run])? > 0)
}

/// Runs set aside, with the reasons.
pub fn parked(tx: &mut Tx<'_>) -> Result<Vec<(RunId, String)>> {
    tx.query_readable(PARKED, &[], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// The version of a run; `None` if there is none.
pub fn version(tx: &mut Tx<'_>, run: RunId) -> Result<Option<i64>> {
    tx.query_opt(VERSION, vals![run])?.map(|row| row.get(0)).transpose()
}

/// Runs that have not ended, oldest first.
pub fn live(tx: &mut Tx<'_>) -> Result<Vec<RunId>> {
    tx.query_readable(LIVE, &[], |r| r.get(0))
}
