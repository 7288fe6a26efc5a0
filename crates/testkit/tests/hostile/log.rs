//! A line of 100 MB.

use crate::support::{Caller, peak};
use cds_api::runs::RunStart;
use cds_testkit::{TestServer, find_job};

const LENGTH: u64 = 100_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_a_hundred_megabytes() {
    let server = TestServer::start().await;
    let project = server.project("LONG").await;
    project.push_script("small", &["echo"]).await;
    project.succeed("small", RunStart::default()).await;
    let before = peak(server.pid());
    // The worker is the parent of the shell.
    let line = format!(
        "head -c {LENGTH} /dev/zero | tr '\\0' x; echo; echo \"peak $(sed -n 's/^VmHWM://p' /proc/$PPID/status)\""
    );
    project.push_script("long", &[&line]).await;
    let run = project.succeed("long", RunStart::default()).await;
    let grown = peak(server.pid()).saturating_sub(before);
    assert!(grown < 96 * 1024, "the server has grown by {grown} KiB");
    let job = find_job(&run, "long", "job").id;
    let admin = Caller::admin(&server).await;
    let base = format!("/v1/jobs/{job}/attempts/1/steps/0");
    let range = async |from: u64, to: u64| {
        let request =
            admin.request("GET", &format!("{base}/log")).header("range", format!("bytes={from}-{to}"));
        let answer = admin.send(request).await;
        assert_eq!(answer.status, 206, "{}", answer.text);
        answer.text
    };
    let head = "Starting step \"Script\"\n".len() as u64;
    assert_eq!(range(head, head + 99).await, "x".repeat(100));
    assert_eq!(range(head + LENGTH - 3, head + LENGTH).await, "xxx\n");
    let middle = range(50_000_000, 50_999_999).await;
    assert!(middle.len() == 1_000_000 && middle.bytes().all(|b| b == b'x'));
    let tail = range(head + LENGTH + 1, head + LENGTH + 200).await;
    let kib: u64 =
        tail.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{tail}"));
    assert!(kib < 96 * 1024, "the worker took {kib} KiB");
    // Read as lines, it is shown cut and says so; the line behind it is found.
    let lines = admin.get(&format!("{base}/lines?first=0&count=10")).await;
    assert!(lines.status == 200 && lines.text.len() < 4 << 20, "{} bytes", lines.text.len());
    let lines = lines.json();
    let long = &lines["lines"][1];
    assert_eq!((long["offset"].as_u64(), long["truncated"].as_bool()), (Some(head), Some(true)));
    assert_eq!(lines["lines"][2]["offset"].as_u64(), Some(head + LENGTH + 1));
    assert!(lines.to_string().contains("peak"), "the line behind is not there");
    assert_eq!(admin.get(&format!("{base}/search?q=peak")).await.json().as_array().map(Vec::len), Some(1));
    assert!(admin.get(&format!("{base}/search?q=xy")).await.json().as_array().is_some_and(Vec::is_empty));
    let grown = peak(server.pid()).saturating_sub(before);
    assert!(grown < 128 * 1024, "reading has made the server grow by {grown} KiB");
}
