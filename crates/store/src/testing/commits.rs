//! What a database can do at best: durable commits of one row each, without anything of ours in between.
//! The measure that the dispatch of jobs is compared with.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Length of what is written in a row; about that of a small node's state.
const ROW: usize = 200;

/// Commits per second that `callers` threads reach on one connection to a new SQLite file (WAL), measured for `time`.
/// `flushed`: each waits for the disk (`synchronous = FULL`) and survives a loss of power; else it survives the end of
/// the process (`NORMAL`), which is how the store has it.
///
/// # Errors
/// In words, whatever the database says.
pub fn sqlite_commits(file: &Path, callers: usize, time: Duration, flushed: bool) -> Result<f64, String> {
    let text = |e: rusqlite::Error| e.to_string();
    let conn = rusqlite::Connection::open(file).map_err(text)?;
    let sync = if flushed { "FULL" } else { "NORMAL" };
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {sync}; CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT)",
    ))
    .map_err(text)?;
    let conn = Mutex::new(conn);
    let row = "x".repeat(ROW);
    rate(callers, time, || {
        let conn = conn.lock().unwrap_or_else(PoisonError::into_inner);
        let insert = || conn.prepare_cached("INSERT INTO bare (text) VALUES (?1)")?.execute([&row]);
        insert().map(drop).map_err(text)
    })
}

/// The same on PostgreSQL, each caller with a connection of its own. Must not be called on a runtime's thread.
///
/// # Errors
/// In words, whatever the database says.
pub fn postgres_commits(url: &str, callers: usize, time: Duration) -> Result<f64, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let setup = connect(url).await?;
        setup
            .batch_execute("CREATE TABLE IF NOT EXISTS bare (id BIGSERIAL PRIMARY KEY, text TEXT)")
            .await
            .map_err(|e| e.to_string())?;
        let mut tasks = Vec::new();
        for _ in 0..callers {
            let client = connect(url).await?;
            tasks.push(async move {
                let text = |e: tokio_postgres::Error| e.to_string();
                let insert = client.prepare("INSERT INTO bare (text) VALUES ($1)").await.map_err(text)?;
                let row = "x".repeat(ROW);
                let (begin, mut count) = (Instant::now(), 0u64);
                while begin.elapsed() < time {
                    client.execute(&insert, &[&row]).await.map_err(text)?;
                    count += 1;
                }
                Ok::<f64, String>(count as f64 / begin.elapsed().as_secs_f64())
            });
        }
        Ok(futures::future::try_join_all(tasks).await?.into_iter().sum())
    })
}

async fn connect(url: &str) -> Result<tokio_postgres::Client, String> {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.map_err(|e| e.to_string())?;
    tokio::spawn(async move {
        // Its end shows in the client's own errors.
        let _ = connection.await;
    });
    Ok(client)
}

fn rate(callers: usize, time: Duration, act: impl Fn() -> Result<(), String> + Sync) -> Result<f64, String> {
    let count = AtomicU64::new(0);
    let begin = Instant::now();
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let work = || {
            while begin.elapsed() < time {
                act()?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let threads: Vec<_> = (0..callers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err("a caller panicked".into()))).collect()
    });
    results.into_iter().collect::<Result<Vec<()>, String>>()?;
    Ok(count.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64())
}
