//! The schema, brought up to date when the store is opened.

use crate::{
    error::{Error, Result},
    sql::sql,
    tx::Tx,
    vals,
};
use cds_model::{Clock, WallClock};
use sha2::{Digest, Sha256};

/// The migration that is completed by [`crate::descriptions::fill`].
const DESCRIPTIONS: &str = "0006_descriptions";

/// Every migration in order. Files are only ever added: an applied one must not change.
pub(crate) const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_init", include_str!("../../../migrations/0001_init.sql")),
    ("0002_server", include_str!("../../../migrations/0002_server.sql")),
    ("0003_idempotency_digest", include_str!("../../../migrations/0003_idempotency_digest.sql")),
    ("0004_takes", include_str!("../../../migrations/0004_takes.sql")),
    ("0005_waits", include_str!("../../../migrations/0005_waits.sql")),
    (DESCRIPTIONS, include_str!("../../../migrations/0006_descriptions.sql")),
    ("0007_fleets", include_str!("../../../migrations/0007_fleets.sql")),
    ("0008_work", include_str!("../../../migrations/0008_work.sql")),
];

sql! {
    APPLIED = "SELECT name, hash FROM schema_migration ORDER BY name";
    RECORD = "INSERT INTO schema_migration (name, hash, applied) VALUES ($1, $2, $3)";
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (name TEXT PRIMARY KEY, hash TEXT NOT NULL, applied BIGINT NOT NULL)";

/// Applies what is missing, in the caller's transaction.
pub(crate) fn run(tx: &mut Tx<'_>) -> Result<()> {
    tx.batch(TABLE)?;
    let applied = tx.query(APPLIED, &[])?;
    for row in &applied {
        let (name, hash) = (row.text(0)?, row.text(1)?);
        let fault = |fault: &str| Error::Migration { name: name.into(), fault: fault.into() };
        let Some((_, text)) = MIGRATIONS.iter().find(|(n, _)| *n == name) else {
            return Err(fault(
                "was applied by a newer version of CDS; start that version, or restore a backup",
            ));
        };
        if hash != digest(text) {
            return Err(fault(
                "was applied with another content; this program and this database do not belong together",
            ));
        }
    }
    for (name, text) in MIGRATIONS.iter().skip(applied.len()) {
        let fault = |e: Error| Error::Migration { name: name.to_string(), fault: e.to_string() };
        tx.batch(&tx.dialect().render(text)).map_err(fault)?;
        if *name == DESCRIPTIONS {
            crate::descriptions::fill(tx).map_err(fault)?;
        }
        tx.execute(RECORD, vals![*name, digest(text), WallClock.now()]).map_err(fault)?;
        tracing::info!(migration = name, "schema migrated");
    }
    Ok(())
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
