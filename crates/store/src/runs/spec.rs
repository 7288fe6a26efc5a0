//! Snapshots of runs, kept once for all runs that have the same one.

use crate::{
    error::{Error, Result, to_json},
    migrate::hex,
    sql::sql,
    store::Store,
    tx::Tx,
    vals,
};
use cds_engine::RunSpec;
use cds_model::Timestamp;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

/// A snapshot in use is touched at least so often…
const TOUCH: Duration = Duration::from_secs(24 * 3600);
/// …and may go when nobody touched it for so long and no run has it.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3600);
/// Snapshots kept in memory.
const MOST: usize = 512;
/// Level of compression; snapshots are written once and read often.
const LEVEL: i32 = 3;

sql! {
    PUT = "INSERT INTO run_spec (hash, data, touched) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET touched = excluded.touched";
    GET = "SELECT data FROM run_spec WHERE hash = $1";
    PRUNE = "DELETE FROM run_spec WHERE touched < $1 AND NOT EXISTS (SELECT 1 FROM run WHERE run.spec_hash = run_spec.hash)";
}

/// Snapshots lately used, shared by the runs in memory.
#[derive(Default)]
pub(crate) struct SpecCache(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_hash: HashMap<String, (Arc<RunSpec>, Timestamp)>,
    by_address: HashMap<usize, (Weak<RunSpec>, String)>,
}

impl SpecCache {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, hash: &str) -> Option<Arc<RunSpec>> {
        self.lock().by_hash.get(hash).map(|(spec, _)| spec.clone())
    }

    /// The hash of this very value, if it was stored lately.
    fn hash_of(&self, spec: &Arc<RunSpec>, now: Timestamp) -> Option<String> {
        let known = self.lock();
        let (weak, hash) = known.by_address.get(&(Arc::as_ptr(spec) as usize))?;
        // The address may have been used again by another snapshot.
        let same = weak.upgrade().is_some_and(|s| Arc::ptr_eq(&s, spec));
        let fresh = known.by_hash.get(hash).is_some_and(|(_, touched)| now.since(*touched) < TOUCH);
        (same && fresh).then(|| hash.clone())
    }

    fn keep(&self, hash: &str, spec: &Arc<RunSpec>, touched: Timestamp) {
        let mut known = self.lock();
        if known.by_hash.len() >= MOST || known.by_address.len() >= 4 * MOST {
            *known = Known::default();
        }
        known.by_address.insert(Arc::as_ptr(spec) as usize, (Arc::downgrade(spec), hash.to_string()));
        let entry = known.by_hash.entry(hash.to_string()).or_insert_with(|| (spec.clone(), touched));
        entry.1 = entry.1.max(touched);
    }
}

/// Stores a snapshot unless it is there already; its hash, for [`super::Context`].
pub async fn put_spec(store: &Store, spec: &Arc<RunSpec>, now: Timestamp) -> Result<String> {
    let specs = &store.context().specs;
    if let Some(hash) = specs.hash_of(spec, now) {
        return Ok(hash);
    }
    let json = to_json("snapshot of a run", &**spec)?;
    let hash = hex(&Sha256::digest(&json));
    let data = compress(json.as_bytes())?;
    let row = hash.clone();
    store.write_simple(move |tx| tx.execute(PUT, vals![&row, &data[..], now])).await?;
    specs.keep(&hash, spec, now);
    Ok(hash)
}

/// A snapshot by its hash.
pub fn get(tx: &mut Tx<'_>, hash: &str) -> Result<Arc<RunSpec>> {
    let specs = &tx.context().specs;
    if let Some(spec) = specs.get(hash) {
        return Ok(spec);
    }
    let row = tx.query_one(GET, vals![hash])?;
    let json = decompress(row.blob(0)?.unwrap_or_default())?;
    let spec =
        Arc::new(serde_json::from_slice(&json).map_err(|e| Error::json(format!("snapshot {hash}"), e))?);
    // Not known to be touched: a snapshot that is only read may be pruned with its runs.
    specs.keep(hash, &spec, Timestamp::default());
    Ok(spec)
}

/// Removes snapshots that no run has and nobody used for a week; how many.
pub fn prune(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(PRUNE, vals![Timestamp(now.ms().saturating_sub(KEEP.as_millis() as i64))])
}

pub(crate) fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|e| Error::json("compression", e))
}

pub(crate) fn decompress(bytes: &[u8]) -> Result<Vec<u8>> {
    zstd::stream::decode_all(bytes).map_err(|e| Error::json("compressed record", e))
}
