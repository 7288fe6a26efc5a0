//! TLS to a real PostgreSQL, with a certificate of an authority of our own.

use cds_store::{MasterKey, Store, settings, testing::Postgres};

/// Opens a store, writes and reads; the error in words.
async fn works(url: String) -> Result<(), String> {
    let open = move || Store::open(&url, MasterKey::generate());
    let store = tokio::task::spawn_blocking(open).await.unwrap().map_err(|e| e.to_string())?;
    store.write(|tx| settings::set(tx, "a", "1")).await.map_err(|e| e.to_string())?;
    let value = store.read(|tx| settings::get(tx, "a")).await.map_err(|e| e.to_string())?;
    assert_eq!(value.as_deref(), Some("1"));
    Ok(())
}

#[tokio::test]
async fn the_address_says_how_the_server_proves_itself() {
    let started = tokio::task::spawn_blocking(|| {
        Postgres::start_with_tls().map(|(server, ca)| (server.database(), ca, server))
    });
    let Some((url, ca, _server)) = started.await.unwrap() else { return };
    let ca = ca.display();
    let named = url.replace("127.0.0.1", "localhost");
    for good in [
        format!("{url}?sslmode=disable"),
        url.clone(),
        format!("{url}?sslmode=require"),
        format!("{url}?sslmode=verify-ca&sslrootcert={ca}"),
        format!("{named}?sslmode=verify-full&sslrootcert={ca}"),
    ] {
        works(good.clone()).await.unwrap_or_else(|e| panic!("{good}: {e}"));
    }
    let refused = async |bad: String| works(bad.clone()).await.expect_err(&bad);
    // The certificate is not for the number.
    let fault = refused(format!("{url}?sslmode=verify-full&sslrootcert={ca}")).await;
    assert!(fault.contains("not valid for name"), "{fault}");
    // The machine's own authorities have not signed it.
    for mode in ["verify-ca", "verify-full"] {
        let fault = refused(format!("{named}?sslmode={mode}")).await;
        assert!(fault.contains("certificate"), "{fault}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_if_it_is_asked_for() {
    let started = tokio::task::spawn_blocking(|| Postgres::start().map(|server| (server.database(), server)));
    let Some((url, server)) = started.await.unwrap() else { return };
    let fault = works(format!("{url}?sslmode=require")).await.err();
    // A server that the environment names may have TLS.
    if std::env::var(cds_store::testing::URL_VARIABLE).is_err() {
        assert!(fault.unwrap().contains("TLS"));
    }
    drop(server);
}
