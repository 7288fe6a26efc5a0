//! What definitions say they are for: kept beside them, so that a search need not decode all of them.

use crate::{error::Result, sql::sql, tx::Tx, vals};
use serde::Deserialize;

sql! {
    WORKFLOWS = "SELECT id, def FROM workflow";
    ENTITIES = "SELECT id, def FROM entity";
    DESCRIBE_WORKFLOW = "UPDATE workflow SET description = $2 WHERE id = $1";
    DESCRIBE_ENTITY = "UPDATE entity SET description = $2 WHERE id = $1";
}

/// The description in a definition; empty if it has none, or can't be read.
pub(crate) fn of(def: &str) -> String {
    #[derive(Deserialize)]
    struct Described {
        #[serde(default)]
        description: String,
    }
    serde_json::from_str::<Described>(def).map(|d| d.description).unwrap_or_default()
}

/// Fills in those of definitions that were written before descriptions were kept.
pub(crate) fn fill(tx: &mut Tx<'_>) -> Result<()> {
    for (all, describe) in [(WORKFLOWS, DESCRIBE_WORKFLOW), (ENTITIES, DESCRIBE_ENTITY)] {
        for row in tx.query(all, &[])? {
            let description = of(row.text(1)?);
            if !description.is_empty() {
                tx.execute(describe, vals![row.text(0)?, description])?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn of_a_definition() {
        assert_eq!(of(r#"{"name": "a", "description": "ships it", "nodes": []}"#), "ships it");
        for without in [r#"{"name": "a"}"#, r#"{"description": 7}"#, "!{", ""] {
            assert_eq!(of(without), "", "{without}");
        }
    }
}
