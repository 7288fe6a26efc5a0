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
        descriptions::STATEMENTS,
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
        servers::STATEMENTS,
        testing::damage::STATEMENTS,
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
    let mut conn = crate::postgres::Conn::connect(&crate::postgres::Address::parse(&url).unwrap()).unwrap();
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

#[test]
fn every_table_has_an_owner_and_a_retention_rule() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let doc = std::fs::read_to_string(root.join("../../docs/sql.md")).unwrap();
    let listed: Vec<Vec<&str>> = doc
        .lines()
        .skip_while(|l| *l != "| Table | Owner | Rows stay |")
        .skip(2)
        .map(|l| l.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut tables = vec!["schema_migration".to_string()];
    for (name, text) in crate::migrate::MIGRATIONS {
        let created = text.lines().filter_map(|l| l.strip_prefix("CREATE TABLE "));
        tables.extend(created.map(|rest| rest.split(' ').next().unwrap().to_string()));
        assert!(root.join(format!("../../migrations/{name}.sql")).exists());
    }
    let mut faults = Vec::new();
    for table in &tables {
        match listed.iter().find(|row| row[0] == table) {
            None => faults.push(format!("table {table} is not in docs/sql.md")),
            Some(row) => {
                if row.len() != 3 || row[2].is_empty() {
                    faults.push(format!("table {table} has no retention rule"));
                }
                let owner = row[1].replace("::", "/");
                if !root.join(format!("src/{owner}.rs")).exists() {
                    faults.push(format!("table {table}: its owner {} is no module", row[1]));
                }
            }
        }
    }
    for row in &listed {
        if !tables.iter().any(|t| t == row[0]) {
            faults.push(format!("docs/sql.md lists {}, which no migration makes", row[0]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn migration_files_are_all_embedded() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut files: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path().file_stem().unwrap().to_str().unwrap().to_string())
        .collect();
    files.sort();
    let embedded: Vec<&str> = crate::migrate::MIGRATIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, embedded, "in order, each once");
}
