//! The policy as a whole: one golden file of every operation by every kind of caller, and the API document, the table
//! and the router agree.

use crate::auth::{
    Caller, Identity, Scope,
    policy::{self, Access, Denied, Relation, TABLE},
};
use cds_model::{HatcheryId, TokenId, UserId, WorkerId};
use std::collections::BTreeSet;

fn user(ring: &str, scopes: &[Scope]) -> Identity {
    Identity::User(Caller {
        user: UserId::new(),
        username: "u".into(),
        fullname: String::new(),
        email: String::new(),
        ring: ring.into(),
        token: TokenId::new(),
        scopes: scopes.to_vec(),
    })
}

/// Callers by column: name, identity, level on the resource.
fn callers() -> Vec<(&'static str, Identity, u8)> {
    let (worker, hatchery) = (WorkerId::new(), HatcheryId::new());
    vec![
        ("anonymous", Identity::Anonymous, 0),
        ("user:0", user("USER", &[]), 0),
        ("user:4", user("USER", &[]), 4),
        ("user:5", user("USER", &[]), 5),
        ("user:7", user("USER", &[]), 7),
        ("maintainer", user("MAINTAINER", &[]), 0),
        ("admin", user("ADMIN", &[]), 0),
        ("read-token:7", user("USER", &[Scope::Read]), 7),
        ("run-token:7", user("USER", &[Scope::Run]), 7),
        ("worker", Identity::Worker { worker, hatchery }, 0),
        ("bootstrap", Identity::Bootstrap { worker, hatchery }, 0),
        ("hatchery", user("ADMIN", &[Scope::Hatchery]), 0),
    ]
}

fn cell(who: &Identity, access: Access, method: &str, level: u8) -> &'static str {
    let relation = Relation { level, ..Relation::default() };
    match policy::allow(who, access, method != "GET", relation) {
        Ok(()) => "yes",
        Err(Denied::Unauthenticated) => "401",
        Err(Denied::Hidden) => "404",
        Err(Denied::Forbidden) => "403",
        Err(Denied::Scope(_)) => "scope",
    }
}

#[test]
fn the_matrix_is_the_golden_one() {
    let callers = callers();
    let mut text = format!("{:<100}", "operation");
    for (name, ..) in &callers {
        text.push_str(&format!(" {name:<12}"));
    }
    text = format!("{}\n", text.trim_end());
    for (method, path, access) in TABLE {
        let mut line = format!("{:<100}", format!("{method} {path}"));
        for (_, who, level) in &callers {
            line.push_str(&format!(" {:<12}", cell(who, *access, method, *level)));
        }
        text.push_str(&format!("{}\n", line.trim_end()));
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy-matrix.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    for (n, (is, should)) in text.lines().zip(golden.lines()).enumerate() {
        assert_eq!(is, should, "line {} of {}; UPDATE_GOLDEN=1 writes it anew", n + 1, path.display());
    }
    assert_eq!(text, golden);
}

#[test]
fn group_administrators_and_oneself() {
    let may = |access, relation| policy::allow(&user("USER", &[]), access, true, relation).is_ok();
    assert!(!may(Access::GroupAdmin, Relation::default()));
    assert!(may(Access::GroupAdmin, Relation { group_admin: true, ..Relation::default() }));
    assert!(!may(Access::Myself, Relation { group_admin: true, ..Relation::default() }));
    assert!(may(Access::Myself, Relation { myself: true, ..Relation::default() }));
}

#[test]
fn the_document_and_the_table_agree() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|m| ["get", "put", "post", "delete"].contains(&m.as_str()))
        {
            documented.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let listed: BTreeSet<String> = TABLE.iter().map(|(m, p, _)| format!("{m} {p}")).collect();
    assert_eq!(listed.len(), TABLE.len(), "an operation is listed twice");
    let undocumented: Vec<_> = listed.difference(&documented).collect();
    let unlisted: Vec<_> = documented.difference(&listed).collect();
    assert!(undocumented.is_empty(), "in the table only: {undocumented:#?}");
    assert!(unlisted.is_empty(), "in the document only: {unlisted:#?}");
}

/// Every operation asked for without a token: none of those that need one gets as far as its handler.
#[tokio::test]
async fn nothing_is_open_by_accident() {
    let s = super::Server::new();
    for (method, path, access) in TABLE.iter().filter(|(_, _, a)| *a != Access::Open) {
        let path: String = path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let answer = s.send(method, &path, "", "application/json", b"{}".to_vec()).await;
        assert_eq!(answer.status, 401, "{method} {path} {access:?}: {}", answer.text());
        let answer = s.send(method, &path, "cds_nonsense", "application/json", b"{}".to_vec()).await;
        assert_eq!(answer.status, 401, "{method} {path} {access:?}: {}", answer.text());
    }
    s.send("PATCH", "/v1/projects", "", "", Vec::new()).await.is(405);
    s.get("", "/v1/nothing").await.is(404);
}
