//! Measures CDS as people have it: release programs, real processes, real HTTP. Every measurement stands beside a
//! reference taken in the same call, so that numbers of different machines can be compared. Nothing here is a test.

mod dispatch;
mod engine;
mod large_log;
mod local;
mod many_logs;
mod mask;
mod peers;
mod process;
mod results;
mod simulated;
mod web;

use clap::Parser;
use std::{future::Future, path::PathBuf, pin::Pin};

/// Measures CDS. The programs are looked for in the directory of this one, or in CDS_BIN_DIR.
#[derive(Parser)]
struct Args {
    /// Where the results go as JSON.
    #[arg(long, default_value = "target/bench/results.json")]
    out: PathBuf,
    /// Only these parts: process, logs, engine, mask, latency, local, log, sqlite, postgres, web, peers (the last takes minutes).
    parts: Vec<String>,
}

type Part = Pin<Box<dyn Future<Output = anyhow::Result<Vec<results::Row>>>>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let parts: [(&str, Part); 11] = [
        ("process", Box::pin(async { tokio::task::spawn_blocking(process::measure).await? })),
        ("logs", Box::pin(many_logs::measure())),
        ("engine", Box::pin(async { tokio::task::spawn_blocking(engine::measure).await? })),
        ("mask", Box::pin(async { tokio::task::spawn_blocking(mask::measure).await? })),
        ("latency", Box::pin(local::latency())),
        ("local", Box::pin(local::jobs())),
        ("log", Box::pin(large_log::measure())),
        ("sqlite", Box::pin(dispatch::sqlite())),
        ("postgres", Box::pin(dispatch::postgres())),
        ("web", Box::pin(async { tokio::task::spawn_blocking(web::measure).await? })),
        ("peers", Box::pin(peers::measure())),
    ];
    let known: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = args.parts.iter().find(|p| !known.contains(&p.as_str())) {
        anyhow::bail!("there is no part '{unknown}'; there are {}", known.join(", "));
    }
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for (name, part) in parts {
        if !args.parts.is_empty() && !args.parts.iter().any(|p| p == name) {
            continue;
        }
        eprintln!("measuring: {name}");
        match part.await {
            Ok(more) => rows.extend(more),
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    print!("{}", results::table(&rows));
    results::write_json(&rows, &args.out)?;
    println!("written to {}", args.out.display());
    anyhow::ensure!(failed.is_empty(), "not measured: {}", failed.join("; "));
    Ok(())
}
