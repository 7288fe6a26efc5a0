//! What a job's files and commands bring to the worker, and archives.

use crate::{choose, text};
use std::{fs, sync::LazyLock};

#[allow(dead_code)]
#[path = "../../crates/worker/src/local_api/archive.rs"]
mod archive;
#[allow(dead_code)]
#[path = "../../crates/worker/src/junit.rs"]
mod reports;
#[allow(dead_code)]
#[path = "../../crates/server/src/app/tarball.rs"]
mod tarball;
#[allow(dead_code)]
#[path = "../../crates/worker/src/local_api/wire.rs"]
mod wire;

/// A test report.
pub fn junit(data: &[u8]) {
    let Ok(mut suites) = reports::parse(text(data)) else { return };
    reports::name(&mut suites);
    let totals = reports::Totals::of(&suites);
    assert_eq!(totals.total, totals.ok + totals.ko + totals.skipped);
    reports::summary(&suites);
    reports::shorten(&mut suites, 512);
}

static WORLD: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let world = crate::scratch();
    fs::create_dir(world.path().join("victim")).expect("a directory");
    fs::write(world.path().join("victim/f"), "kept").expect("a file");
    world
});

/// An archive: raw, or put together from members so that check sums are right.
pub fn archives(data: &[u8]) {
    let (raw, rest) = choose(data, 4);
    let bytes = if raw == 0 { rest.to_vec() } else { build(rest) };
    let (target, victim) = (WORLD.path().join("in"), WORLD.path().join("victim"));
    let _ = archive::unpack(bytes.as_slice(), &target);
    let names: Vec<_> =
        fs::read_dir(WORLD.path()).expect("the world").flatten().map(|e| e.file_name()).collect();
    assert!(names.iter().all(|n| n == "in" || n == "victim"), "{names:?} beside the target");
    let inside: Vec<_> =
        fs::read_dir(&victim).expect("the victim").flatten().map(|e| e.file_name()).collect();
    assert!(
        inside.len() == 1 && fs::read(victim.join("f")).is_ok_and(|t| t == b"kept"),
        "the victim has {inside:?}"
    );
    let _ = fs::remove_dir_all(&target);
}

/// What is pushed: as for [`archives`].
pub fn pushes(data: &[u8]) {
    let (raw, rest) = choose(data, 4);
    let bytes = if raw == 0 { rest.to_vec() } else { build(rest) };
    match tarball::unpack(&bytes) {
        Err(tarball::Bad::Form(why) | tarball::Bad::Size(why)) => assert!(!why.is_empty()),
        Ok(files) => {
            let mut names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            assert!(names.iter().all(|n| !n.contains('/') && n.contains('.')), "{names:?}");
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), files.len());
        }
    }
}

/// Members of: kind, mode, name, link, content, each closed by a zero byte.
fn build(data: &[u8]) -> Vec<u8> {
    const KINDS: &[u8] = b"0125LKx3S6g7";
    let mut out = Vec::new();
    let mut fields = data.split(|b| *b == 0);
    while let (Some(kind), Some(name)) = (fields.next(), fields.next()) {
        let (link, content) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let mut header = tar::Header::new_gnu();
        let which = kind.first().map_or(0, |k| usize::from(*k) % KINDS.len());
        header.set_entry_type(tar::EntryType::new(KINDS[which]));
        header.set_mode(kind.get(1).map_or(0o644, |m| 0o400 | u32::from(*m)));
        header.set_size(content.len() as u64);
        if let Some(gnu) = header.as_gnu_mut() {
            let n = name.len().min(100);
            gnu.name[..n].copy_from_slice(&name[..n]);
            let n = link.len().min(100);
            gnu.linkname[..n].copy_from_slice(&link[..n]);
        }
        header.set_cksum();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// Bodies of the `worker` command.
pub fn commands(data: &[u8]) {
    fn body<T: serde::Serialize + serde::de::DeserializeOwned>(data: &[u8]) {
        if let Ok(value) = serde_json::from_slice::<T>(data) {
            let text = serde_json::to_vec(&value).expect("what was read can be written");
            assert!(serde_json::from_slice::<T>(&text).is_ok());
        }
    }
    body::<wire::Export>(data);
    body::<wire::Tags>(data);
    body::<wire::Value>(data);
    body::<wire::Template>(data);
    body::<wire::CheckSecret>(data);
    body::<wire::Paths>(data);
    body::<wire::Pull>(data);
    body::<wire::Select>(data);
    body::<wire::KeyInstall>(data);
    body::<wire::NewResult>(data);
}
