//! Proofs over all statements and tables at once.

use crate::{sql::Sql, sqlite};

/// Every statement of the crate with the place it is from.
pub(crate) fn all() -> Vec<(&'static str, Sql)> {
    use crate::*;
    [
        migrate::STATEMENTS,
        settings::STATEMENTS,
        users::STATEMENTS,
        gpg_keys::STATEMENTS,
        tokens::STATEMENTS,
        groups::STATEMENTS,
        projects::STATEMENTS,
        variables::STATEMENTS,
        keys::STATEMENTS,
        secret_tokens::STATEMENTS,
        entities::STATEMENTS,
        workflows::STATEMENTS,
        runs::commit::STATEMENTS,
        runs::load::STATEMENTS,
        runs::list::STATEMENTS,
        runs::seal::STATEMENTS,
        runs::spec::STATEMENTS,
        queue::STATEMENTS,
        slots::STATEMENTS,
        timers::STATEMENTS,
        events::STATEMENTS,
        results::STATEMENTS,
        test_reports::STATEMENTS,
        caches::STATEMENTS,
        idempotency::STATEMENTS,
        hatcheries::STATEMENTS,
        workers::STATEMENTS,
    ]
    .concat()
}

#[test]
fn sqlite_understands_every_statement() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cds.db");
    let store =
        crate::Store::open(&format!("sqlite:{}", path.display()), crate::MasterKey::generate()).unwrap();
    drop(store);
    let conn = rusqlite::Connection::open(path).unwrap();
    let faults: Vec<String> = all()
        .into_iter()
        .filter_map(|(name, sql)| sqlite::prepare(&conn, sql).err().map(|e| format!("{name}: {e}")))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn postgres_understands_every_statement() {
    let Some(server) = crate::testing::Postgres::start() else { return };
    let url = server.database();
    drop(crate::Store::open(&url, crate::MasterKey::generate()).unwrap());
    let mut conn = crate::postgres::Conn::connect(&url).unwrap();
    let faults: Vec<String> = [all(), crate::postgres::statements()]
        .concat()
        .into_iter()
        .filter_map(|(name, sql)| {
            conn.statement(crate::Dialect::Postgres.rendered(sql)).err().map(|e| format!("{name}: {e}"))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_with_statements_is_listed() {
    fn files(dir: &std::path::Path, found: &mut usize) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                *found += std::fs::read_to_string(&path).unwrap().lines().filter(|l| *l == "sql! {").count();
            }
        }
    }
    let mut found = 0;
    files(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let statements = [all(), crate::postgres::statements()].concat();
    let mut listed: Vec<&str> =
        statements.into_iter().map(|(name, _)| name.rsplit_once("::").unwrap().0).collect();
    // The one statement that stands alone.
    listed.retain(|place| *place != "events");
    listed.dedup();
    assert_eq!(found, listed.len(), "a file has statements that `all` does not list");
}
