//! What a job leaves outside of its directories and its processes.

use crate::{host::Host, server::job};
use std::fs;

/// A segment of shared memory, semaphores, a queue, and processes that hold them; says where it is.
const LEAVE: &str = "ipcmk -M 4096 && ipcmk -S 2 && ipcmk -Q\n\
                     (setsid sh -c 'trap \"\" TERM; exec sleep 600' >/dev/null 2>&1 &)\n\
                     readlink /proc/self/ns/ipc; tail -qn +2 /proc/sysvipc/* | wc -l";

fn namespace(pid: &str) -> String {
    fs::read_link(format!("/proc/{pid}/ns/ipc")).unwrap().to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_memory_semaphores_and_queues_go_with_their_job() {
    let mut host = Host::start().await;
    let worker = host.child.id().to_string();
    let first = host.run(job(&[LEAVE, "tail -qn +2 /proc/sysvipc/* | wc -l"])).await;
    assert_eq!(first.status(), "Success", "{}", first.log(0));
    let lines: Vec<String> = first.log(0).lines().map(String::from).collect();
    let own = lines.iter().find(|l| l.starts_with("ipc:")).unwrap().clone();
    if own == namespace("self") {
        // Not permitted here: then nothing is promised, and what was left is removed for the next test.
        eprintln!("jobs share the host's namespace: not tested");
        for (kind, flag) in [("Shared memory", "-m"), ("Semaphore", "-s"), ("Message queue", "-q")] {
            let id = lines.iter().find(|l| l.starts_with(kind)).and_then(|l| l.rsplit(' ').next()).unwrap();
            assert!(std::process::Command::new("ipcrm").args([flag, id]).status().unwrap().success());
        }
        return;
    }
    // Steps of one job see the same, the next job nothing of it, and the worker has let go of it.
    assert!(first.log(1).lines().any(|l| l == "3"), "{}", first.log(1));
    assert_ne!(namespace(&worker), own);
    let second = host.run(job(&["tail -qn +2 /proc/sysvipc/* | wc -l; readlink /proc/self/ns/ipc"])).await;
    assert!(second.log(0).lines().any(|l| l == "0"), "{}", second.log(0));
    assert!(!second.log(0).contains(&own));

    // A job that is stopped.
    let stopped = job(&[&format!("{LEAVE}\necho ready; sleep 600")]);
    let mark = format!("CDS_JOB_ID={}.{}", stopped.job, stopped.attempt);
    let name = host.server.queue(stopped);
    let seen = host.server.until(name, "the start", |s| s.log(0).contains("ready")).await;
    let own = seen.log(0).lines().find(|l| l.starts_with("ipc:")).unwrap().to_string();
    assert_eq!(namespace(&worker), own);
    host.server.cancel(name);
    host.server.end(name).await;
    host.assert_clean(&mark);
    assert_ne!(namespace(&worker), own);

    // And the worker leaves neither its own directory of commands nor directories for a next job.
    host.signal(rustix::process::Signal::TERM);
    assert!(host.wait().0);
    let left: Vec<_> = fs::read_dir(host.base.path().join("w")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Makes a POSIX message queue and shared memory; sockets with a file and without, which a process that forks away keeps; files and
/// directories where temporary ones belong, one of which may not be read. Then waits for the process.
const LEAVE_MORE: &str = r#"#!/usr/bin/env python3
import ctypes, os, socket, sys, tempfile, time
mark = "MARK"
libc = ctypes.CDLL(None, use_errno=True)
queue = libc.mq_open(("/" + mark).encode(), os.O_CREAT | os.O_RDWR, 0o600, None)
print("queue", queue >= 0)
shm = libc.shm_open(("/" + mark).encode(), os.O_CREAT | os.O_RDWR, 0o600)
os.ftruncate(shm, 4096)
os.mkdir("/dev/shm/" + mark + ".d")
print("shm", os.path.exists("/dev/shm/" + mark))
print("file", tempfile.mkstemp()[1])
hidden = tempfile.mkdtemp()
open(hidden + "/f", "w").write("x")
os.chmod(hidden, 0)
there, here = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    held = []
    for name in ["\0" + mark, os.environ["HOME"] + "/s", tempfile.mkdtemp() + "/" + mark]:
        s = socket.socket(socket.AF_UNIX)
        s.bind(name)
        s.listen()
        held.append(s)
    os.write(here, b"x")
    devnull = os.open("/dev/null", os.O_RDWR)
    for fd in 0, 1, 2:
        os.dup2(devnull, fd)
    time.sleep(600)
os.wait()
os.read(there, 1)
"#;

/// Says whether the queue and the shared memory are there, without making them.
const LOOK: &str = r#"
import ctypes, os, sys
queue = ctypes.CDLL(None).mq_open(sys.argv[1].encode(), os.O_RDONLY) >= 0
print("left:", queue, [n for n in os.listdir("/dev/shm") if n.startswith(sys.argv[1][1:])])
"#;

#[tokio::test(flavor = "multi_thread")]
async fn queues_sockets_and_temporary_files_go_with_their_job() {
    let host = Host::start().await;
    let mark = format!("cds-leftover-{}", std::process::id());
    let sockets = || fs::read_to_string("/proc/net/unix").unwrap().matches(&mark).count();
    let left_here = || {
        let python = std::process::Command::new("python3").args(["-c", LOOK, &format!("/{mark}")]).output();
        String::from_utf8(python.unwrap().stdout).unwrap().trim().to_string()
    };
    let look = format!("cat /proc/net/unix | grep -c {mark}; readlink /proc/self/ns/ipc");
    let seen = host.run(job(&[&LEAVE_MORE.replace("MARK", &mark), &look])).await;
    assert_eq!(seen.status(), "Success", "{}{}", seen.log(0), seen.log(1));
    assert!(seen.log(0).contains("\nqueue True\nshm True\n"), "{}", seen.log(0));
    // They were there while the job was: two of the sockets have the mark in their names.
    assert!(seen.log(1).lines().any(|l| l == "2"), "{}", seen.log(1));
    // The end of the job has looked after processes, files and the temp directory of the host.
    assert_eq!(sockets(), 0);
    let file = seen.log(0).lines().find_map(|l| l.strip_prefix("file ")).unwrap().to_string();
    assert!(!fs::exists(&file).unwrap() && file.starts_with(host.base.path().to_str().unwrap()), "{file}");
    if seen.log(1).contains(&namespace("self")) {
        eprintln!("jobs share the host's namespace: queues and shared memory are not tested");
        let remove = format!("import ctypes; ctypes.CDLL(None).mq_unlink(b'/{mark}')");
        fs::remove_file(format!("/dev/shm/{mark}")).unwrap();
        fs::remove_dir(format!("/dev/shm/{mark}.d")).unwrap();
        assert!(std::process::Command::new("python3").args(["-c", &remove]).status().unwrap().success());
        return;
    }
    assert_eq!(left_here(), "left: False []");
    let script = format!("#!/usr/bin/env python3\nimport sys\nsys.argv.append('/{mark}')\n{LOOK}");
    let next = host.run(job(&[&script])).await;
    assert!(next.log(0).contains("\nleft: False []\n"), "{}", next.log(0));
}

/// Builds in a changed root are done with the host's directories mounted inside, and some end in the middle.
#[tokio::test(flavor = "multi_thread")]
async fn a_mount_that_a_job_leaves_is_not_emptied_with_its_directory() {
    let host = Host::start().await;
    let victim = tempfile::tempdir().unwrap();
    fs::create_dir(victim.path().join("of the host")).unwrap();
    fs::write(victim.path().join("of the host/file"), "kept").unwrap();
    let mount = format!(
        "mkdir -p 'root fs/dev' && echo x > 'root fs/x' && mount --bind {0} 'root fs/dev' && mount --bind {0} \"$TMPDIR\" && ls 'root fs/dev'",
        victim.path().display()
    );
    let seen = host.run(job(&[&mount])).await;
    assert_eq!(fs::read_to_string(victim.path().join("of the host/file")).unwrap(), "kept");
    let mounted = seen.log(0).contains("of the host");
    if !mounted {
        eprintln!("not permitted to mount: not tested: {}", seen.log(0));
    }
    let next = host.run(job(&["grep -c 'root.040fs' /proc/self/mountinfo || true"])).await;
    assert!(next.log(0).lines().any(|l| l == "0"), "{}", next.log(0));
    assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains("root\\040fs"));
}
