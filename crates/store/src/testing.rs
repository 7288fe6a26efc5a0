//! A PostgreSQL of one's own for tests, of this crate and of others (feature `testing`), and what a bare database
//! can do.

mod commits;
#[allow(dead_code)] // the list of statements: these are no part of the product
pub(crate) mod damage;
mod small;

pub use commits::{postgres_commits, sqlite_commits};
pub use damage::{Damage, damage, damage_around, describe_anew, set_back};
pub use small::{Small, SmallDisk};

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

/// Names an existing server instead: `postgres://user@host:port/database`. Each test makes a database of its own there.
pub const URL_VARIABLE: &str = "CDS_TEST_POSTGRES";
/// `1` = leave out what needs PostgreSQL.
pub const NONE_VARIABLE: &str = "CDS_TEST_NO_POSTGRES";

const HOW: &str = "install PostgreSQL (Debian: apt-get install postgresql), or name a server in CDS_TEST_POSTGRES \
                   (postgres://user:password@host/database), or leave these tests out with CDS_TEST_NO_POSTGRES=1";

/// A server of ours, stopped and removed on drop, or the one that the environment names.
pub struct Postgres {
    url: String,
    ours: Option<Ours>,
}

struct Ours {
    bin: PathBuf,
    dir: PathBuf,
    /// A file system of its own in there.
    mounted: Option<PathBuf>,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Postgres {
    /// Starts a server on a port the system gives, loopback only. `None` only if the environment asks for it.
    ///
    /// # Panics
    /// If there is no PostgreSQL, with a sentence that says how to get it: tests are never left out silently.
    pub fn start() -> Option<Self> {
        if std::env::var(NONE_VARIABLE).is_ok_and(|v| v == "1") {
            eprintln!("{NONE_VARIABLE}=1: PostgreSQL is left out");
            return None;
        }
        if let Ok(url) = std::env::var(URL_VARIABLE) {
            return Some(Self { url, ours: None });
        }
        let Some(bin) = find_bin() else { panic!("no PostgreSQL found: {HOW}") };
        let mut last = String::new();
        // The port may be taken between our asking and the server's start.
        for _ in 0..5 {
            match start(&bin, How::Plain) {
                Ok(server) => return Some(server),
                Err(e) => last = e,
            }
        }
        panic!("PostgreSQL does not start: {last}; {HOW}");
    }

    /// A server of ours with TLS, and the file of the authority that signed its certificate, which is for
    /// `localhost` and not for 127.0.0.1. `None` if the environment has no PostgreSQL that could be started.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_with_tls() -> Option<(Self, PathBuf)> {
        if std::env::var(NONE_VARIABLE).is_ok_and(|v| v == "1") {
            return None;
        }
        let Some(bin) = find_bin() else {
            assert!(std::env::var(URL_VARIABLE).is_ok(), "no PostgreSQL found: {HOW}");
            eprintln!("only the server in {URL_VARIABLE} is there: TLS is left out");
            return None;
        };
        let mut last = String::new();
        for _ in 0..5 {
            match start(&bin, How::Tls) {
                Ok(server) => {
                    let dir = server.ours.as_ref().map(|ours| ours.dir.clone()).unwrap_or_default();
                    return Some((server, dir.join("ca.crt")));
                }
                Err(e) => last = e,
            }
        }
        panic!("PostgreSQL does not start with TLS: {last}");
    }

    /// A fresh, empty database; its address. `COLLATE "C"`, as `docs/sql.md` asks for.
    ///
    /// # Panics
    /// If it can't be made.
    pub fn database(&self) -> String {
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cds_{}_{n}", uuid::Uuid::new_v4().simple());
        let (base, _) = self.url.rsplit_once('/').expect("an address with a database");
        let admin = self.url.clone();
        let sql =
            format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
        let admin = crate::postgres::Address::parse(&admin).expect("an address");
        std::thread::spawn(move || crate::postgres::Conn::connect(&admin).and_then(|mut c| c.batch(&sql)))
            .join()
            .expect("no panic")
            .expect("a database can be made");
        format!("{base}/{name}")
    }

    /// Ends the server without notice, as a crash does, and starts it again. False if it is not ours.
    ///
    /// # Panics
    /// If it does not come back.
    pub fn crash(&self) -> bool {
        let Some(Ours { bin, dir, .. }) = &self.ours else { return false };
        let log = dir.join("log").display().to_string();
        let args = ["-D", &data(dir), "-m", "immediate", "-w", "-t", "60", "-l", &log, "restart"];
        as_postgres(bin, "pg_ctl", dir, &args).expect("PostgreSQL comes back");
        true
    }

    /// Whether it runs; a server that is not ours is believed to.
    pub fn runs(&self) -> bool {
        let Some(Ours { bin, dir, .. }) = &self.ours else { return true };
        as_postgres(bin, "pg_ctl", dir, &["-D", &data(dir), "status"]).is_ok()
    }

    /// Starts the server again if it has ended, as the machine's supervisor of services does.
    ///
    /// # Errors
    /// Its words if it does not start.
    pub fn revive(&self) -> Result<(), String> {
        let Some(Ours { bin, dir, .. }) = self.ours.as_ref().filter(|_| !self.runs()) else { return Ok(()) };
        let log = dir.join("log").display().to_string();
        // Its options stand in a file since its first start.
        let options = fs::read_to_string(dir.join("options")).map_err(|e| e.to_string())?;
        let args = ["-D", &data(dir), "-o", &options, "-w", "-t", "60", "-l", &log, "start"];
        as_postgres(bin, "pg_ctl", dir, &args).map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(Ours { bin, dir, mounted }) = &self.ours {
            let _ = as_postgres(bin, "pg_ctl", dir, &["-D", &data(dir), "-m", "immediate", "-w", "stop"]);
            if let Some(mounted) = mounted {
                let _ = Command::new("umount").arg("-l").arg(mounted).status();
            }
            let _ = fs::remove_dir_all(dir);
        }
    }
}

fn data(dir: &Path) -> String {
    dir.join("data").display().to_string()
}

fn find_bin() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let on_path = || std::env::split_paths(&paths).find(|p| p.join("initdb").exists());
    found.pop().map(|(_, bin)| bin).or_else(on_path)
}

/// PostgreSQL refuses to run as root; then it runs as the user `postgres`.
fn as_postgres(bin: &Path, program: &str, dir: &Path, args: &[&str]) -> Result<Output, String> {
    let program = bin.join(program);
    let mut command = if root() {
        let mut c = Command::new("runuser");
        c.args(["-u", "postgres", "--"]).arg(program);
        c
    } else {
        Command::new(program)
    };
    let output = command.args(args).current_dir(dir).output().map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(output);
    }
    let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
    Err(format!("{args:?}: {} {log}", String::from_utf8_lossy(&output.stderr)))
}

fn root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// An authority, and a certificate of it for `localhost`.
fn certificates(dir: &Path) -> Result<(), String> {
    let openssl = |args: &str| {
        let output = Command::new("openssl").args(args.split(' ')).current_dir(dir).output();
        let output = output.map_err(|e| format!("openssl: {e}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("openssl {args}: {}", String::from_utf8_lossy(&output.stderr))),
        }
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=authority"))?;
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"))?;
    fs::write(dir.join("names"), "subjectAltName=DNS:localhost\n").map_err(|e| e.to_string())?;
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names",
    )
}

/// What is special about a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Plain,
    Tls,
    /// A part of it is on a small disk.
    Small(Small),
}

fn start(bin: &Path, how: How) -> Result<Postgres, String> {
    // Directly below the temp directory, which the user postgres may search; a private one it may not.
    let dir = std::env::temp_dir().join(format!("cds-pg-{}", uuid::Uuid::new_v4().simple()));
    fs::create_dir_all(&dir).map_err(|e| e.to_string())?;
    let mut server = Ours { bin: bin.into(), dir: dir.clone(), mounted: None };
    if let How::Small(small) = how {
        server.mounted = Some(small.mount(&dir)?);
    }
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| e.to_string())?.port();
    let server =
        Postgres { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), ours: Some(server) };
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(|e| e.to_string())?;
    if how == How::Tls {
        certificates(&dir)?;
    }
    if root() {
        let chown =
            Command::new("chown").args(["-R", "postgres"]).arg(&dir).status().map_err(|e| e.to_string())?;
        if !chown.success() {
            return Err("there is no user postgres".into());
        }
    }
    let (place, log_place) = (data(&dir), dir.join("wal").display().to_string());
    let mut init = vec!["-D", &place, "-A", "trust", "-U", "postgres", "-N"];
    if matches!(how, How::Small(_)) {
        init.extend(["--waldir", &log_place, "--wal-segsize", "1"]);
    }
    as_postgres(bin, "initdb", &dir, &init)?;
    let mut options = format!(
        "-p {port} -k {} -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=64MB",
        dir.display()
    );
    if let How::Small(small) = how {
        options.push_str(small.options());
    }
    if how == How::Tls {
        let file = |name: &str| dir.join(name).display().to_string();
        options.push_str(&format!(
            " -c ssl=on -c ssl_cert_file={} -c ssl_key_file={}",
            file("server.crt"),
            file("server.key")
        ));
    }
    let log = dir.join("log").display().to_string();
    fs::write(dir.join("options"), &options).map_err(|e| e.to_string())?;
    as_postgres(
        bin,
        "pg_ctl",
        &dir,
        &["-D", &data(&dir), "-o", &options, "-w", "-t", "60", "-l", &log, "start"],
    )?;
    Ok(server)
}
