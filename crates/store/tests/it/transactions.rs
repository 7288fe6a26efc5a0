//! What a transaction promises.

use crate::support::*;
use cds_store::{Dialect, Error, MasterKey, Store, settings};

suite!(
    a_failing_closure_leaves_nothing,
    a_swallowed_fault_undoes_everything,
    a_panic_is_answered,
    own_errors_come_through,
    counting_loses_nothing,
    a_view_is_consistent,
    reopening_finds_everything,
);

async fn get(store: &Store, name: &'static str) -> Option<String> {
    store.read(move |tx| settings::get(tx, name)).await.unwrap()
}

async fn a_failing_closure_leaves_nothing(w: World) {
    let good = w.store.write(|tx| settings::set(tx, "a", "1"));
    let bad = w.store.write(|tx| {
        settings::set(tx, "b", "1")?;
        Err::<(), _>(Error::Closed)
    });
    let (good, bad) = tokio::join!(good, bad);
    good.unwrap();
    assert!(matches!(bad, Err(Error::Closed)));
    assert_eq!((get(&w.store, "a").await, get(&w.store, "b").await), (Some("1".into()), None));
}

async fn a_swallowed_fault_undoes_everything(w: World) {
    let p = project("SHOP");
    let result = w
        .store
        .write(move |tx| {
            cds_store::projects::insert(tx, &p)?;
            // The second can't go in; whoever ignores that must not commit the first.
            let second = cds_store::projects::insert(tx, &p);
            assert!(second.unwrap_err().is_unique());
            let next = settings::get(tx, "a");
            assert!(matches!(next, Err(Error::Aborted)), "{next:?}");
            Ok(())
        })
        .await;
    assert!(result.unwrap_err().is_unique());
    assert!(w.store.read(cds_store::projects::list).await.unwrap().is_empty());
}

async fn a_panic_is_answered(w: World) {
    let result = w
        .store
        .write(|tx| {
            settings::set(tx, "a", "1")?;
            if true {
                panic!("on purpose");
            }
            Ok(())
        })
        .await;
    assert!(matches!(result, Err(Error::Panicked(m)) if m == "on purpose"));
    assert_eq!(get(&w.store, "a").await, None);
    w.store.write(|tx| settings::set(tx, "b", "1")).await.unwrap();
}

#[derive(Debug)]
enum Mine {
    No(String),
    #[allow(dead_code)]
    Db(Error),
}

impl From<Error> for Mine {
    fn from(e: Error) -> Self {
        Mine::Db(e)
    }
}

async fn own_errors_come_through(w: World) {
    let result: Result<(), Mine> = w
        .store
        .try_write(|tx| {
            settings::set(tx, "a", "1")?;
            Err(Mine::No("too late".into()))
        })
        .await;
    assert!(matches!(result, Err(Mine::No(why)) if why == "too late"));
    assert_eq!(get(&w.store, "a").await, None);
}

async fn counting_loses_nothing(w: World) {
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let store = w.store.clone();
        tasks.push(tokio::spawn(async move {
            store
                .write(|tx| {
                    let n: i64 = settings::get(tx, "n")?.map_or(0, |n| n.parse().unwrap());
                    settings::set(tx, "n", &(n + 1).to_string())
                })
                .await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(get(&w.store, "n").await.as_deref(), Some("50"));
}

async fn a_view_is_consistent(w: World) {
    let s = w.store.clone();
    let both = |tx: &mut cds_store::Tx<'_>| Ok((settings::get(tx, "a")?, settings::get(tx, "b")?));
    let writer = tokio::spawn(async move {
        for n in 0..100 {
            let n = n.to_string();
            s.write(move |tx| {
                settings::set(tx, "a", &n)?;
                settings::set(tx, "b", &n)
            })
            .await
            .unwrap();
        }
    });
    while !writer.is_finished() {
        let (a, b) = w.store.read(both).await.unwrap();
        assert_eq!(a, b);
    }
    writer.await.unwrap();
}

async fn reopening_finds_everything(w: World) {
    w.store.write(|tx| settings::set(tx, "a", "1")).await.unwrap();
    let again = w.again();
    assert_eq!(get(&again, "a").await.as_deref(), Some("1"));
    let decided = again.write(|tx| settings::get_or_set(tx, "a", "2")).await.unwrap();
    assert_eq!(decided, "1");
    assert!(again.write(|tx| settings::delete(tx, "a")).await.unwrap());
    assert!(!again.write(|tx| settings::delete(tx, "a")).await.unwrap());
    assert!(matches!(again.dialect(), Dialect::Sqlite | Dialect::Postgres));
}

#[test]
fn a_wrong_address_is_told() {
    for url in ["mysql://x", "sqlite:", "sqlite::memory:", ""] {
        let fault = Store::open(url, MasterKey::generate()).unwrap_err().to_string();
        assert!(fault.contains("sqlite:/path"), "{fault}");
    }
    let fault = Store::open("mysql://me:hunter2@host/db", MasterKey::generate()).unwrap_err().to_string();
    assert!(!fault.contains("hunter2"), "{fault}");
    let fault = Store::open("sqlite:/nowhere/at/all.db", MasterKey::generate()).unwrap_err().to_string();
    assert!(fault.contains("/nowhere/at/all.db"), "{fault}");
    let fault = Store::open("postgres://x@127.0.0.1:1/db", MasterKey::generate()).unwrap_err();
    assert!(matches!(fault, Error::Connection(_)), "{fault}");
}

/// A young server has few rows; plans made for those look through whole tables later.
#[test]
fn no_plan_is_made_for_how_few_rows_there_were() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cds.db");
    let open = || Store::open(&format!("sqlite:{}", path.display()), MasterKey::generate()).unwrap();
    let statistics = || -> i64 {
        let count = "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'";
        rusqlite::Connection::open(&path).unwrap().query_row(count, [], |row| row.get(0)).unwrap()
    };
    drop(open());
    assert_eq!(statistics(), 0, "a server that ends takes none");
    // As earlier versions left them.
    rusqlite::Connection::open(&path).unwrap().execute_batch("ANALYZE").unwrap();
    assert!(statistics() > 0);
    drop(open());
    assert_eq!(statistics(), 0);
}
