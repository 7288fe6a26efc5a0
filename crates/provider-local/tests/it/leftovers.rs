//! What a worker is given, how its end is told, and what is left of it: nothing.

use crate::kit::{Kit, kill, left, order, until};
use cds_provider::{Provider, ProviderError};
use cds_provider_local::LocalConfig;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_worker_gets_what_it_needs_and_no_more() {
    let kit = Kit::new(
        r#"echo "$@" >args; env >env; cat /proc/$$/cmdline | tr '\0' ' ' >argv; touch ready; exec sleep 600"#,
    );
    let order = order();
    let id = kit.provider.spawn(&order).await.unwrap();
    let base = kit.base(order.worker);
    until("the worker has started", || base.join("ready").exists()).await;
    let read = |name: &str| std::fs::read_to_string(base.join(name)).unwrap();
    assert_eq!(
        read("args").trim(),
        format!("worker --api http://127.0.0.1:1 --name local-1 --basedir {}", base.display())
    );
    assert!(read("env").contains("CDS_WORKER_TOKEN=once"));
    assert!(!read("argv").contains("once"), "the token must not be on the command line");
    assert!(!read("env").contains("of-the-hatchery"), "the hatchery's own token is not for workers");
    kit.provider.destroy(&id).await.unwrap();
    assert!(!base.exists());
}

#[tokio::test]
async fn the_reason_of_an_end_is_told() {
    let kit = Kit::new("echo cannot reach the server >&2; exit 3");
    let order = order();
    kit.provider.spawn(&order).await.unwrap();
    assert_eq!(kit.end(order.worker).await, ("exit status 3: cannot reach the server".into(), false));

    let kit = Kit::new("exit 0");
    let order = self::order();
    kit.provider.spawn(&order).await.unwrap();
    assert_eq!(kit.end(order.worker).await, ("exit status 0".into(), true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_worker_leaves_nothing_and_is_known_at_once() {
    // A child in the group, one in a session of its own, one that its parent has left, one below a dead parent
    // in yet another session.
    let kit = Kit::new(
        "sleep 601 &\nsetsid sleep 602 &\n(setsid sh -c 'trap \"\" TERM HUP; sleep 603; sleep 604' &)\n\
         setsid sh -c 'setsid sleep 605 & exit' \nmkdir -p deep/er; chmod 500 deep\ntouch ready\nwait",
    );
    let order = order();
    let id = kit.provider.spawn(&order).await.unwrap();
    let base = kit.base(order.worker);
    until("all processes have started", || base.join("ready").exists() && left(order.worker).len() >= 6)
        .await;
    kit.provider.changed().await; // Of the spawn.
    let start = Instant::now();
    kill(&id);
    let (exit, clean) = kit.end(order.worker).await;
    let known = start.elapsed();
    assert_eq!((exit.as_str(), clean), ("signal 9", false));
    // By news, and not by a look now and then; a machine may be busy.
    assert!(known < Duration::from_secs(5), "the end was known only after {known:?}");
    // Nobody has destroyed it yet: what it left behind goes all the same.
    until("no process is left", || left(order.worker).is_empty()).await;
    until("its directory is gone", || !base.exists()).await;
    kit.provider.destroy(&id).await.unwrap();
    assert_eq!(kit.state(order.worker).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deaf_worker_is_killed_after_the_grace() {
    let kit = Kit::new("trap '' TERM; setsid sleep 601 &\ntouch ready\nwhile :; do sleep 1; done");
    let order = order();
    let id = kit.provider.spawn(&order).await.unwrap();
    let base = kit.base(order.worker);
    until("the worker has started", || base.join("ready").exists()).await;
    let start = Instant::now();
    kit.provider.destroy(&id).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(300), "it was given its grace");
    assert_eq!(left(order.worker), Vec::<i32>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_may_end_in_order() {
    let kit = Kit::new("trap 'echo bye >../../said; exit 0' TERM; touch ready; while :; do sleep 0.02; done");
    let order = order();
    let id = kit.provider.spawn(&order).await.unwrap();
    let base = kit.base(order.worker);
    until("the worker has started", || base.join("ready").exists()).await;
    kit.provider.destroy(&id).await.unwrap();
    assert_eq!(std::fs::read_to_string(kit.dir.path().join("hatchery/said")).unwrap(), "bye\n");
}

#[tokio::test]
async fn refusals_have_the_right_kind() {
    let dir = tempfile::tempdir().unwrap();
    let good = crate::kit::config(&dir, crate::kit::PATIENT);
    let open = |config: LocalConfig| cds_provider_local::LocalProvider::open(config).unwrap();
    {
        let absent = open(LocalConfig { worker_exe: dir.path().join("absent"), ..good.clone() });
        assert!(matches!(absent.spawn(&order()).await, Err(ProviderError::Denied(_))));
        assert_eq!(absent.list().await.unwrap(), [], "a failed start leaves nothing to list");
        let bad = cds_provider::SpawnOrder { name: "a\0b".into(), ..order() };
        let provider = absent;
        assert!(matches!(provider.spawn(&bad).await, Err(ProviderError::Invalid(_))));
    }
    let one = open(LocalConfig { max_instances: 1, ..good });
    let id = one.spawn(&order()).await.unwrap();
    assert!(matches!(one.spawn(&order()).await, Err(ProviderError::Full(_))));
    one.destroy(&id).await.unwrap();
    let id = one.spawn(&order()).await.unwrap();
    one.destroy(&id).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_was_stopped_is_continued() {
    let kit = Kit::new("for n in 1 2; do kill -STOP $$; touch awake$n; done; exec sleep 600");
    let order = order();
    let id = kit.provider.spawn(&order).await.unwrap();
    let base = kit.base(order.worker);
    until("it is awake again, and again", || base.join("awake2").exists()).await;
    kit.provider.destroy(&id).await.unwrap();
}

/// Here everything that the tests beside it start would be an orphan: in a process of its own.
#[test]
fn what_has_neither_mark_nor_worker_is_killed_as_an_orphan() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--ignored", "--exact", "leftovers::of_a_subreaper"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child of the test above"]
async fn of_a_subreaper() {
    let mut older = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    cds_provider_local::become_subreaper().unwrap();
    // Forked away twice, in a session of its own, without an environment.
    let kit = Kit::new(
        "setsid env -i sh -c '(env -i sh -c \"echo \\$\\$ >hidden.new; mv hidden.new hidden; exec sleep 601\" &)'\n\
         exec sleep 600",
    );
    let (lives, dies) = (order(), order());
    kit.provider.spawn(&lives).await.unwrap();
    let mut pids = Vec::new();
    let id = kit.provider.spawn(&dies).await.unwrap();
    for worker in [lives.worker, dies.worker] {
        let file = kit.base(worker).join("hidden");
        until("it hides", || file.exists()).await;
        pids.push(std::fs::read_to_string(file).unwrap().trim().parse::<i32>().unwrap());
    }
    assert!(pids.iter().all(|pid| cds_process::ProcId::of(*pid).is_some()));

    // What a program of this process's own has started is none, as long as that is at work.
    let mine = cds_process::orphans::starting();
    let agent = std::process::Command::new("sh")
        .args(["-c", "setsid sleep 602 >&- 2>&- & echo $!"])
        .output()
        .unwrap();
    let agent: i32 = String::from_utf8(agent.stdout).unwrap().trim().parse().unwrap();
    let agent = cds_process::ProcId::of(agent).unwrap();
    kill(&id);
    until("the worker is dead", || left(dies.worker).is_empty()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(agent.lives());
    agent.signal(rustix::process::Signal::KILL);
    drop(mine);

    assert_eq!(kit.end(dies.worker).await.0, "signal 9");
    // Whose it was does not matter: one of a living worker, which is a subreaper, would not come here.
    assert!(pids.iter().all(|pid| cds_process::ProcId::of(*pid).is_none()), "killed and buried");
    assert_eq!(left(lives.worker).len(), 1);
    assert!(older.try_wait().unwrap().is_none(), "it was there before");
    older.kill().unwrap();
    older.wait().unwrap();
    kit.provider.destroy(&cds_provider::InstanceId(lives.worker.to_string())).await.unwrap();
}
