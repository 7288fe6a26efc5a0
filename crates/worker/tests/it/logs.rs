//! Logs: masked, complete, in bounded memory, over bad connections.

use crate::{
    host::Host,
    server::{Server, job, secret},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_hidden_over_the_borders_of_writes() {
    let host = Host::start().await;
    let mut j = job(&["printf 'a hunter2'; sleep 0.2; printf 'hunter2 b\\n'; echo aHVudGVyMmh1bnRlcjI="]);
    j.secrets.push(secret("cds.proj.p", "password", "hunter2hunter2"));
    let seen = host.run(j).await;
    assert!(seen.log(0).contains("a ********** b\n**********\n"), "{}", seen.log(0));
    assert!(!seen.log(0).contains("hunter2"));
    // The next job has other secrets, and none.
    let mut j = job(&["echo hunter2hunter2 swordfish"]);
    j.secrets.push(secret("cds.proj.p", "password", "swordfish"));
    assert!(host.run(j).await.log(0).contains("\nhunter2hunter2 **********\n"));
    assert!(host.run(job(&["echo swordfish"])).await.log(0).contains("\nswordfish\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn first_bytes_come_at_once() {
    let host = Host::start().await;
    let name = host.server.queue(job(&["date +%s%N; sleep 5"]));
    let seen = host.server.until(name, "the first line", |s| s.log(0).lines().count() >= 2).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let printed: u128 = seen.log(0).lines().nth(1).unwrap().parse().unwrap();
    assert!(now - printed < 200_000_000, "{} ms", (now - printed) / 1_000_000);
    assert_eq!(seen.step(0), "Building");
    host.server.cancel(name);
    host.server.end(name).await;
}

fn counted(n: usize) -> String {
    (1..=n).map(|i| format!("{i}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_server_lose_and_double_nothing() {
    let server = Server::start().await;
    server.inner().heartbeat_ms = 5000;
    let host = Host::with(server);
    host.server.inner().faults = 6;
    let seen = host.run(job(&["seq 1 60000", "for i in 1 2 3 4; do echo $i; sleep 0.1; done"])).await;
    assert_eq!(seen.log(0), format!("Starting step \"Script\"\n{}End of step \"Script\"\n", counted(60000)));
    assert_eq!(seen.log(1), "Starting step \"Script\"\n1\n2\n3\n4\nEnd of step \"Script\"\n");
    assert_eq!(host.server.inner().faults, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_loses_is_shown_as_a_hole() {
    let host = Host::start().await;
    host.server.inner().lose = 5;
    let seen = host.run(job(&["seq 1 3000; sleep 0.3; seq 1 10", "echo fine"])).await;
    assert_eq!(seen.status(), "Success");
    assert!(seen.log(0).contains("[5 bytes of this log were lost by the server]"), "{}", seen.log(0));
    assert!(seen.log(0).ends_with("End of step \"Script\"\n"));
    assert_eq!(host.server.inner().lose, 0);
}

/// A way to the server that breaks off each connection after some bytes.
async fn brittle(server: &Server, bytes: u64) -> (String, Arc<AtomicU64>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let target = server.url.strip_prefix("http://").unwrap().to_string();
    let broken = Arc::new(AtomicU64::new(0));
    let count = broken.clone();
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = tokio::net::TcpStream::connect(&target).await.unwrap();
            let count = count.clone();
            tokio::spawn(async move {
                let (mut left, mut up, mut down) = (bytes, vec![0; 16384], vec![0; 16384]);
                loop {
                    tokio::select! {
                        n = near.read(&mut up) => {
                            let n = n.unwrap_or(0);
                            if n == 0 || far.write_all(&up[..n]).await.is_err() { break }
                            left = left.saturating_sub(n as u64);
                            if left == 0 {
                                count.fetch_add(1, Ordering::SeqCst);
                                break;
                            }
                        }
                        n = far.read(&mut down) => {
                            let n = n.unwrap_or(0);
                            if n == 0 || near.write_all(&down[..n]).await.is_err() { break }
                        }
                    }
                }
            });
        }
    });
    (url, broken)
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_in_the_middle_of_a_log() {
    let server = Server::start().await;
    server.inner().heartbeat_ms = 2000;
    let (url, broken) = brittle(&server, 1_500_000).await;
    let host = Host::at(server, &url);
    let seen = host.run(job(&["seq 1 600000"])).await;
    assert_eq!(
        seen.log(0).len(),
        format!("Starting step \"Script\"\n{}End of step \"Script\"\n", counted(600000)).len()
    );
    assert!(seen.log(0).contains(&counted(600000)));
    assert!(broken.load(Ordering::SeqCst) >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn much_output_in_little_memory() {
    let server = Server::start().await;
    server.inner().count_only = true;
    server.inner().heartbeat_ms = 5000;
    let host = Host::with(server);
    let mut j =
        job(&["yes 'a line of some length, so that there is something to look at' | head -c 200000000"]);
    j.secrets.push(secret("cds.proj.p", "password", "hunter2hunter2"));
    let begin = Instant::now();
    let seen = host.run(j).await;
    println!("200 MB in {:?}, {} requests", begin.elapsed(), seen.puts + seen.reports);
    let frame = "Starting step \"Script\"\nEnd of step \"Script\"\n".len() as u64;
    assert!((200_000_000 + frame..=200_000_001 + frame).contains(&seen.lengths[&0]), "{}", seen.lengths[&0]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.child.id())).unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
    let peak: u64 = peak.trim().parse().unwrap();
    assert!(peak < 64 * 1024, "peak {peak} kB");
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_output_arrives_as_it_is() {
    let host = Host::start().await;
    let seen = host.run(job(&["printf '\\377\\376x\\303'; sleep 0.1; printf '\\251\\n'"])).await;
    let log = &seen.logs[&0];
    let expected = b"\xff\xfex\xc3\xa9\nEnd";
    assert!(log.windows(expected.len()).any(|w| w == expected), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_out_of_reach_for_the_whole_lease() {
    let host = Host::start().await;
    let j = job(&["echo ready; sleep 600"]);
    let marker = format!("CDS_JOB_ID={}.{}", j.job, j.attempt);
    let name = host.server.queue(j);
    host.server.until(name, "the start", |s| s.log(0).contains("ready")).await;
    host.server.inner().dark = true;
    let begin = Instant::now();
    while !crate::host::processes(&marker).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    host.server.inner().dark = false;
    assert_eq!(host.run(job(&["echo next"])).await.status(), "Success");
    assert!(host.server.seen(name).end.is_none());
}
