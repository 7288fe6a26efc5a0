//! Runs at rest: lists, sealing, parking, deleting.

use crate::support::*;
use cds_model::*;
use cds_store::{
    CommitError, Error, LoadError, groups, projects, queue, results, runs, test_reports, users, workflows,
};
use std::sync::Arc;

suite!(
    lists_are_newest_first_and_filtered,
    filters_hold_together,
    recent_runs_are_those_a_user_may_read,
    a_sealed_run_is_the_same_run,
    a_sealed_run_can_go_on,
    a_run_that_lives_is_not_sealed,
    a_run_that_cannot_be_read_is_parked,
    a_parked_run_can_be_stopped,
    a_deleted_run_leaves_nothing,
    snapshots_are_kept_once,
    results_follow_the_rules,
);

async fn ended(w: &World) -> (Stored, cds_engine::Run) {
    let s = Stored::new(&w.store).await;
    let mut new = s.run.clone();
    new.head.status = Status::Success;
    w.store.commit(s.step(&new, &[], 1)).await.unwrap();
    (s, new)
}

/// Gives a run tags and a status, as a commit of the engine does.
async fn tagged(w: &World, s: &Stored, status: Status, tags: &[(&str, &str)]) {
    let mut new = s.run.clone();
    new.head.status = status;
    new.head.tags = tags.iter().map(|(t, v)| (t.to_string(), v.to_string())).collect();
    w.store.commit(s.step(&new, &[], 1)).await.unwrap();
}

async fn filters_hold_together(w: World) {
    let mut all = vec![Stored::new(&w.store).await];
    for _ in 0..3 {
        all.push(Stored::of(&w.store, all[0].project, all[0].workflow).await);
    }
    tagged(&w, &all[0], Status::Success, &[("git.branch", "main"), ("git.author", "ada")]).await;
    tagged(&w, &all[1], Status::Fail, &[("git.branch", "main"), ("git.author", "grace")]).await;
    tagged(&w, &all[2], Status::Fail, &[("git.branch", "it's/50%_x"), ("git.author", "ada")]).await;
    tagged(&w, &all[3], Status::Fail, &[("git.branch", "main"), ("git.author", "ada"), ("ticket", "7")])
        .await;

    let workflow = all[0].workflow;
    let found = async |filter: runs::Filter| {
        w.store
            .read(move |tx| {
                let whole = runs::Filter { limit: 50, ..filter.clone() };
                let list = runs::list(tx, workflow, &whole)?;
                let everywhere = runs::recent(tx, None, &whole)?;
                assert_eq!(list, everywhere, "one workflow is all there is");
                assert_eq!(runs::count(tx, workflow, &filter)?, list.len() as i64);
                assert_eq!(runs::count_recent(tx, None, &filter)?, list.len() as i64);
                let second = runs::recent(tx, None, &runs::Filter { offset: 1, limit: 1, ..filter.clone() })?;
                assert_eq!(second.first(), list.get(1));
                Ok(list.iter().map(|r| r.number).collect::<Vec<_>>())
            })
            .await
            .unwrap()
    };
    let by = |branch: Option<&str>, author: Option<&str>| runs::Filter {
        branch: branch.map(Into::into),
        author: author.map(Into::into),
        ..runs::Filter::default()
    };
    assert_eq!(found(by(None, None)).await, [4, 3, 2, 1]);
    assert_eq!(found(by(Some("main"), None)).await, [4, 2, 1]);
    assert_eq!(found(by(None, Some("ada"))).await, [4, 3, 1]);
    assert_eq!(found(by(Some("main"), Some("ada"))).await, [4, 1]);
    assert_eq!(
        found(runs::Filter { status: Some(Status::Fail), ..by(Some("main"), Some("ada")) }).await,
        [4]
    );
    let ticket = Some(("ticket".to_string(), None));
    assert_eq!(found(runs::Filter { tag: ticket, ..by(None, Some("ada")) }).await, [4]);
    assert_eq!(found(by(Some("it's/50%_x"), None)).await, [3]);
    assert!(found(by(Some("mai"), None)).await.is_empty());
    assert_eq!(found(by(None, Some("alice"))).await, [4, 3, 2, 1], "who started them");

    assert_eq!(found(runs::Filter { above: Some(1), below: Some(4), ..by(None, None) }).await, [3, 2]);
    assert_eq!(found(runs::Filter { below: Some(4), ..by(Some("main"), None) }).await, [2, 1]);

    let values = async |tag: &'static str, limit| {
        w.store.read(move |tx| runs::tag_values(tx, workflow, tag, limit)).await.unwrap()
    };
    assert_eq!(values("git.branch", 200).await, ["it's/50%_x", "main"]);
    assert_eq!(values("git.author", 1).await, ["ada"]);
    assert!(values("nothing", 200).await.is_empty());
}

async fn recent_runs_are_those_a_user_may_read(w: World) {
    // Three projects: of the reader's group, of nobody, and of the reader's group but with a workflow of its own groups.
    let (open, closed, own) =
        (Stored::new(&w.store).await, Stored::new(&w.store).await, Stored::new(&w.store).await);
    let (reader, stranger) = (user("reader"), user("stranger"));
    let (mine, theirs) = (group("mine"), group("theirs"));
    let (reader_id, stranger_id) = (reader.id, stranger.id);
    let seen = async |who: UserId| {
        w.store
            .read(move |tx| {
                let filter = runs::Filter { limit: 50, ..runs::Filter::default() };
                let list = runs::recent(tx, Some(who), &filter)?;
                assert_eq!(runs::count_recent(tx, Some(who), &filter)?, list.len() as i64);
                Ok(list.into_iter().map(|r| r.id).collect::<Vec<_>>())
            })
            .await
            .unwrap()
    };
    let (open_project, own_project, own_workflow, mine_id, theirs_id) =
        (open.project, own.project, own.workflow, mine.id, theirs.id);
    w.store
        .write(move |tx| {
            users::insert(tx, &reader)?;
            users::insert(tx, &stranger)?;
            groups::insert(tx, &mine)?;
            groups::insert(tx, &theirs)?;
            groups::put_member(tx, mine.id, reader.id, false)?;
            groups::put_member(tx, theirs.id, stranger.id, false)?;
            projects::put_group(tx, open_project, mine.id, 4)?;
            projects::put_group(tx, own_project, mine.id, 7)
        })
        .await
        .unwrap();
    assert_eq!(seen(reader_id).await, [own.run.id, open.run.id]);
    assert!(seen(stranger_id).await.is_empty());

    w.store.write(move |tx| workflows::put_group(tx, own_workflow, theirs_id, 7)).await.unwrap();
    assert_eq!(seen(reader_id).await, [open.run.id], "the workflow has groups, and none is the reader's");
    w.store.write(move |tx| workflows::put_group(tx, own_workflow, mine_id, 4)).await.unwrap();
    assert_eq!(seen(reader_id).await, [own.run.id, open.run.id]);
    let all = w.store.read(move |tx| runs::count_recent(tx, None, &runs::Filter::default())).await.unwrap();
    assert_eq!(all, 3);
    assert!(![open.run.id, own.run.id].contains(&closed.run.id));
}

async fn lists_are_newest_first_and_filtered(w: World) {
    let first = Stored::new(&w.store).await;
    let mut all = vec![first];
    for _ in 0..4 {
        all.push(Stored::of(&w.store, all[0].project, all[0].workflow).await);
    }
    let other = Stored::new(&w.store).await;
    let mut new = all[2].run.clone();
    new.head.status = Status::Fail;
    new.head.tags = vec![("git.branch".into(), "main,next".into()), ("ticket".into(), "7".into())];
    w.store.commit(all[2].step(&new, &[], 1)).await.unwrap();

    let workflow = all[0].workflow;
    let numbers = async |filter: runs::Filter| {
        let list = w.store.read(move |tx| runs::list(tx, workflow, &filter)).await.unwrap();
        list.iter().map(|r| r.number).collect::<Vec<_>>()
    };
    let page = |offset, limit| runs::Filter { offset, limit, ..runs::Filter::default() };
    let tag = |tag: &str, value: Option<&str>| runs::Filter {
        tag: Some((tag.into(), value.map(Into::into))),
        ..page(0, 50)
    };
    assert_eq!(numbers(page(0, 50)).await, [5, 4, 3, 2, 1]);
    assert_eq!(numbers(page(1, 2)).await, [4, 3]);
    assert_eq!(numbers(runs::Filter { status: Some(Status::Fail), ..page(0, 50) }).await, [3]);
    assert_eq!(numbers(tag("git.branch", Some("main"))).await, [5, 4, 3, 2, 1]);
    assert_eq!(numbers(tag("git.branch", Some("next"))).await, [3]);
    assert_eq!(numbers(tag("ticket", None)).await, [3]);
    assert!(numbers(tag("ticket", Some("8"))).await.is_empty());

    let counted = async |filter: runs::Filter| {
        w.store.read(move |tx| runs::count(tx, workflow, &filter)).await.unwrap()
    };
    assert_eq!(counted(page(3, 1)).await, 5);
    assert_eq!(counted(runs::Filter { status: Some(Status::Fail), ..page(0, 50) }).await, 1);
    assert_eq!(counted(tag("git.branch", Some("main"))).await, 5);
    assert_eq!(counted(tag("ticket", Some("8"))).await, 0);

    let (three, latest, none) = w
        .store
        .read(move |tx| {
            Ok((
                runs::by_number(tx, workflow, 3)?,
                runs::latest(tx, workflow)?,
                runs::by_number(tx, workflow, 9)?,
            ))
        })
        .await
        .unwrap();
    let three = three.unwrap();
    assert_eq!((three.workflow_name.as_str(), three.status, three.tags.len()), ("build", Status::Fail, 2));
    assert_eq!((latest.unwrap().number, none), (5, None));
    let first = page(0, 2);
    let recent = w.store.read(move |tx| runs::recent(tx, None, &first)).await.unwrap();
    assert_eq!(recent.iter().map(|r| r.id).collect::<Vec<_>>(), [other.run.id, all[4].run.id]);
    assert_eq!(w.store.read(move |tx| runs::all_tags(tx, workflow)).await.unwrap(), ["git.branch", "ticket"]);
    assert_eq!(w.store.read(runs::live).await.unwrap().len(), 5);
}

async fn a_sealed_run_is_the_same_run(w: World) {
    let (s, new) = ended(&w).await;
    let id = s.run.id;
    let old = w.store.read(|tx| runs::unsealed(tx, Timestamp(NOW.ms() + 1), 10)).await.unwrap();
    assert_eq!(old, [id]);
    assert!(w.store.write(move |tx| runs::seal(tx, id)).await.unwrap());
    assert!(w.store.read(|tx| runs::unsealed(tx, Timestamp(NOW.ms() + 1), 10)).await.unwrap().is_empty());
    let loaded = runs::load(&w.again(), id).await.unwrap();
    assert_eq!((loaded.run, loaded.version), (new, 2));
}

async fn a_sealed_run_can_go_on(w: World) {
    let (s, _) = ended(&w).await;
    let id = s.run.id;
    w.store.write(move |tx| runs::seal(tx, id)).await.unwrap();
    // A restart: one node run changes (its parameters don't), one is new, one stays as sealed.
    let loaded = runs::load(&w.store, id).await.unwrap();
    let mut new = loaded.run.clone();
    new.head.status = Status::Building;
    let mut touched = (*new.nodes[1]).clone();
    touched.sub = 1;
    new.nodes[1] = Arc::new(touched);
    new.nodes.push(Arc::new(node(2, 1)));
    let cx = context(s.project, s.workflow, loaded.version, &s.hash);
    let commit = cds_store::RunCommit::from_transition(Some(&loaded.run), &new, &[], cx).unwrap();
    assert_eq!(commit.nodes.len(), 2);
    w.store.commit(commit).await.unwrap();
    assert_eq!(runs::load(&w.store, id).await.unwrap().run, new);
    // And is sealed again.
    let loaded = runs::load(&w.store, id).await.unwrap();
    new.head.status = Status::Fail;
    let cx = context(s.project, s.workflow, loaded.version, &s.hash);
    w.store
        .commit(cds_store::RunCommit::from_transition(Some(&loaded.run), &new, &[], cx).unwrap())
        .await
        .unwrap();
    assert!(w.store.write(move |tx| runs::seal(tx, id)).await.unwrap());
    assert_eq!(runs::load(&w.store, id).await.unwrap().run, new);
}

async fn a_run_that_lives_is_not_sealed(w: World) {
    let s = Stored::new(&w.store).await;
    let id = s.run.id;
    assert!(!w.store.write(move |tx| runs::seal(tx, id)).await.unwrap());
    assert!(!w.store.write(|tx| runs::seal(tx, RunId::new())).await.unwrap());
}

async fn a_run_that_cannot_be_read_is_parked(w: World) {
    let (good, bad) = (Stored::new(&w.store).await, Stored::new(&w.store).await);
    let mut commit = bad.step(&bad.run, &[], 1);
    commit.head = "{\"status\": 17}".into();
    w.store.commit(commit).await.unwrap();
    let id = bad.run.id;
    let reason = match runs::load(&w.store, id).await {
        Err(LoadError::Parked(reason)) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(w.store.read(runs::parked).await.unwrap(), [(id, reason.clone())]);
    assert!(matches!(runs::load(&w.store, id).await, Err(LoadError::Parked(r)) if r == reason));
    let refused = w.store.commit(bad.step(&bad.run, &[], 2)).await;
    assert!(matches!(refused, Err(CommitError::Parked(r)) if r == reason));
    assert!(!w.store.write(move |tx| runs::seal(tx, id)).await.unwrap());
    // Nobody else suffers.
    runs::load(&w.store, good.run.id).await.unwrap();
    w.store.commit(good.step(&good.run, &[], 1)).await.unwrap();
    // Mended by hand, it goes on.
    assert!(w.store.write(move |tx| runs::unpark(tx, id)).await.unwrap());
    w.store.commit(bad.step(&bad.run, &[], 2)).await.unwrap();
    runs::load(&w.store, id).await.unwrap();
}

async fn a_parked_run_can_be_stopped(w: World) {
    let (good, bad) = (Stored::new(&w.store).await, Stored::new(&w.store).await);
    let (id, now) = (bad.run.id, Timestamp(9_000));
    for of in [&good, &bad] {
        w.store
            .commit(of.step(&of.run, &[crate::commits::queue_job(0, 1), crate::commits::queue_job(1, 1)], 1))
            .await
            .unwrap();
    }
    let stop = || w.store.write(move |tx| runs::stop_parked(tx, id, now));
    assert!(!stop().await.unwrap(), "it is not parked");
    w.store.write(move |tx| runs::park(tx, id, "torn")).await.unwrap();
    let listed = || async { w.store.read(move |tx| runs::find(tx, id)).await.unwrap().unwrap() };
    assert_eq!(listed().await.parked.as_deref(), Some("torn"));
    assert!(!w.store.read(move |tx| queue::of_run(tx, id)).await.unwrap().is_empty());
    assert!(stop().await.unwrap());
    assert!(!stop().await.unwrap(), "once");
    let brief = listed().await;
    assert_eq!((brief.status, brief.last_execution), (Status::Stopped, now));
    assert!(w.store.read(move |tx| queue::of_run(tx, id)).await.unwrap().is_empty());
    assert_eq!(w.store.read(runs::live).await.unwrap(), [good.run.id]);
    let other = good.run.id;
    assert!(!w.store.read(move |tx| queue::of_run(tx, other)).await.unwrap().is_empty());
}

async fn a_deleted_run_leaves_nothing(w: World) {
    let (s, _) = ended(&w).await;
    let id = s.run.id;
    let result = artifact(&s, "app.tar", "build", 0);
    w.store.try_write(move |tx| results::insert(tx, &result, &|_, _| true)).await.unwrap();
    let report = test_reports::TestReport {
        job: JobNo(1),
        attempt: Attempt(1),
        step: 0,
        node: "build".into(),
        suites: "[]".into(),
        created: NOW,
    };
    let same = report.clone();
    w.store.write(move |tx| test_reports::put(tx, id, &report)).await.unwrap();
    assert_eq!(w.store.read(move |tx| test_reports::list(tx, id)).await.unwrap(), [same]);
    let blobs = w.store.write(move |tx| runs::delete(tx, id)).await.unwrap();
    assert_eq!(blobs, ["blob"]);
    assert!(matches!(runs::load(&w.store, id).await, Err(LoadError::NotFound)));
    let left = w
        .store
        .read(move |tx| {
            Ok((results::list(tx, id, &|_, _| true)?, test_reports::list(tx, id)?, runs::tags_of(tx, id)?))
        })
        .await
        .unwrap();
    assert!(left.0.is_empty() && left.1.is_empty() && left.2.is_empty());
}

async fn snapshots_are_kept_once(w: World) {
    let s = Stored::new(&w.store).await;
    let again = runs::put_spec(&w.store, &s.run.spec, NOW).await.unwrap();
    let equal = Arc::new((*s.run.spec).clone());
    let other = Arc::new(cds_engine::RunSpec { project: "OTHER".into(), ..Default::default() });
    assert_eq!((&again, &runs::put_spec(&w.store, &equal, NOW).await.unwrap()), (&s.hash, &s.hash));
    let other = runs::put_spec(&w.store, &other, NOW).await.unwrap();
    assert_ne!(other, s.hash);
    let prune = async |days: i64| {
        let now = Timestamp(NOW.ms() + days * 24 * 3_600_000);
        w.store.write(move |tx| runs::spec::prune(tx, now)).await.unwrap()
    };
    assert_eq!(prune(6).await, 0, "somebody may be about to use it");
    assert_eq!(prune(8).await, 1, "only the one that no run has");
    assert_eq!(runs::load(&w.again(), s.run.id).await.unwrap().run.spec, s.run.spec);
}

fn artifact(s: &Stored, name: &str, node: &str, sub: u32) -> results::RunResult {
    results::RunResult {
        id: uuid::Uuid::now_v7().to_string(),
        run: s.run.id,
        kind: "artifact".into(),
        name: name.into(),
        node: node.into(),
        sub,
        job: JobNo(0),
        attempt: Attempt(1),
        blob: Some("blob".into()),
        data: [("size".to_string(), "3".to_string())].into_iter().collect(),
        created: Timestamp(NOW.ms() + i64::from(sub)),
    }
}

async fn results_follow_the_rules(w: World) {
    let s = Stored::new(&w.store).await;
    let add = async |r: results::RunResult| {
        w.store.try_write(move |tx| results::insert(tx, &r, &|_, _| true)).await
    };
    add(artifact(&s, "a", "build", 1)).await.unwrap();
    add(artifact(&s, "b", "build", 0)).await.unwrap();
    let other = add(artifact(&s, "a", "test", 1)).await.unwrap_err();
    assert_eq!(other.to_string(), "artifact a has already been uploaded from another pipeline");
    for sub in [0, 1] {
        let again = add(artifact(&s, "a", "build", sub)).await.unwrap_err();
        assert_eq!(again.to_string(), "artifact a has already been uploaded");
    }
    // A restart replaces; another kind is another thing; names of managed artifacts are free.
    add(artifact(&s, "a", "build", 2)).await.unwrap();
    add(results::RunResult { kind: "coverage".into(), ..artifact(&s, "a", "test", 0) }).await.unwrap();
    for repository in ["maven", "docker"] {
        let mut r = results::RunResult { kind: "artifact-manager".into(), ..artifact(&s, "a", "test", 0) };
        r.data.insert("repository_type".into(), repository.into());
        add(r).await.unwrap();
    }
    let id = s.run.id;
    let list = w.store.read(move |tx| results::list(tx, id, &|_, _| true)).await.unwrap();
    let mut names: Vec<_> = list.iter().map(|r| (r.kind.as_str(), r.name.as_str(), r.sub)).collect();
    names.sort();
    assert_eq!(
        names,
        [
            ("artifact", "a", 2),
            ("artifact", "b", 0),
            ("artifact-manager", "a", 0),
            ("artifact-manager", "a", 0),
            ("coverage", "a", 0)
        ]
    );
    assert!(list.is_sorted_by_key(|r| r.created));
    let gone = results::RunResult { run: RunId::new(), ..artifact(&s, "z", "build", 0) };
    assert!(matches!(add(gone).await, Err(results::ResultError::NoRun)));
    let first = list[0].clone();
    let one = first.id.clone();
    assert_eq!(w.store.read(move |tx| results::get(tx, &one)).await.unwrap(), Some(first));
    assert_eq!(w.store.read(results::blobs).await.unwrap(), ["blob"]);
    // Two uploads of one name at once: one is in.
    let (a, b) = tokio::join!(add(artifact(&s, "race", "build", 0)), add(artifact(&s, "race", "build", 0)));
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let loser = [a, b].into_iter().find_map(Result::err).unwrap();
    assert!(
        matches!(loser, results::ResultError::Repeated(..) | results::ResultError::Db(Error::Commit(_))),
        "{loser}"
    );
}
