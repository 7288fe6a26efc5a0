//! People, projects, definitions, secrets, fleet: each noun once through its life.

use crate::support::*;
use cds_model::*;
use cds_store::{
    caches, entities, gpg_keys, groups, hatcheries, idempotency, keys, projects, secret_tokens, tokens,
    users, variables, workers, workflows,
};
use cds_workflow::def;

suite!(
    accounts,
    tokens_are_hashed_and_expire,
    one_use_tokens,
    groups_and_levels,
    secrets_are_not_in_the_database,
    tokens_for_files_are_stable,
    definitions,
    workflows_and_their_levels,
    the_fleet,
    caches_replace_each_other,
    old_keys_of_requests_go,
);

async fn accounts(w: World) {
    let (mut alice, bob) = (user("alice"), user("bob"));
    let both = (alice.clone(), bob.clone());
    w.store
        .write(move |tx| users::insert(tx, &both.0).and_then(|()| users::insert(tx, &both.1)))
        .await
        .unwrap();
    let twin = users::User { id: UserId::new(), email: "other@example.org".into(), ..alice.clone() };
    assert!(w.store.write(move |tx| users::insert(tx, &twin)).await.unwrap_err().is_unique());
    alice.verified = true;
    alice.ring = "ADMIN".into();
    let changed = alice.clone();
    assert!(w.store.write(move |tx| users::update(tx, &changed)).await.unwrap());
    let id = alice.id;
    let seen = w
        .store
        .read(move |tx| {
            Ok((users::get(tx, id)?, users::by_name(tx, "alice")?, users::by_email(tx, "alice@example.org")?))
        })
        .await
        .unwrap();
    assert_eq!(seen, (Some(alice.clone()), Some(alice.clone()), Some(alice.clone())));
    assert_eq!(w.store.read(users::count_verified).await.unwrap(), 1);
    assert!(!format!("{alice:?}").contains("argon2"));

    let key = gpg_keys::GpgKey { user: id, key_id: "AB".into(), public_key: "-----".into(), created: NOW };
    let same = key.clone();
    w.store.write(move |tx| gpg_keys::insert(tx, &same)).await.unwrap();
    let same = key.clone();
    assert!(w.store.write(move |tx| gpg_keys::insert(tx, &same)).await.unwrap_err().is_unique());
    assert_eq!(w.store.read(move |tx| gpg_keys::list(tx, id)).await.unwrap(), std::slice::from_ref(&key));
    assert_eq!(w.store.read(|tx| gpg_keys::by_key_id(tx, "AB")).await.unwrap(), [key]);

    assert_eq!(w.store.write(|tx| users::prune_unverified(tx, Timestamp(NOW.ms() + 1))).await.unwrap(), 1);
    assert_eq!(w.store.read(users::list).await.unwrap(), [alice]);
    assert!(w.store.write(move |tx| users::delete(tx, id)).await.unwrap());
    assert!(
        w.store.read(|tx| gpg_keys::by_key_id(tx, "AB")).await.unwrap().is_empty(),
        "keys go with their owner"
    );
}

fn token(owner: &str, kind: &str) -> tokens::Token {
    tokens::Token {
        id: TokenId::new(),
        kind: kind.into(),
        owner: owner.into(),
        name: "laptop".into(),
        description: String::new(),
        scopes: vec!["run".into()],
        created: NOW,
        expires: Timestamp(NOW.ms() + 1000),
        last_used: None,
    }
}

async fn tokens_are_hashed_and_expire(w: World) {
    let t = token("u1", "api");
    let new = t.clone();
    w.store.write(move |tx| tokens::insert(tx, &new, "s3cret")).await.unwrap();
    let at = |ms: i64| {
        let store = w.store.clone();
        async move {
            store.read(move |tx| tokens::by_secret(tx, "s3cret", Timestamp(NOW.ms() + ms))).await.unwrap()
        }
    };
    assert_eq!(at(0).await, Some(t.clone()));
    assert_eq!(at(1000).await, None, "expired");
    assert_eq!(w.store.read(|tx| tokens::by_secret(tx, "other", NOW)).await.unwrap(), None);
    let id = t.id;
    w.store.write(move |tx| tokens::used(tx, id, NOW)).await.unwrap();
    assert_eq!(at(0).await.unwrap().last_used, Some(NOW));
    assert_eq!(w.store.read(|tx| tokens::of_owner(tx, "u1")).await.unwrap().len(), 1);
    assert_eq!(w.store.write(|tx| tokens::prune(tx, Timestamp(NOW.ms() + 1000))).await.unwrap(), 1);
    assert_eq!(w.store.read(move |tx| tokens::get(tx, id)).await.unwrap(), None);
}

async fn one_use_tokens(w: World) {
    let t = token("w1", "bootstrap");
    w.store.write(move |tx| tokens::insert(tx, &t, "once")).await.unwrap();
    let wrong = w.store.write(|tx| tokens::take(tx, "once", "verify", NOW)).await.unwrap();
    assert_eq!(wrong, None);
    let take = || w.store.write(|tx| tokens::take(tx, "once", "bootstrap", NOW));
    let (a, b, c) = tokio::join!(take(), take(), take());
    let got = [a, b, c].into_iter().filter(|r| r.as_ref().unwrap().is_some()).count();
    assert_eq!(got, 1);
}

async fn groups_and_levels(w: World) {
    let (p, q, alice) = (project("SHOP"), project("LAB"), user("alice"));
    let (dev, ops) = (group("dev"), group("ops"));
    let (pid, uid, did, oid) = (p.id, alice.id, dev.id, ops.id);
    let shown = p.clone();
    w.store
        .write(move |tx| {
            users::insert(tx, &alice)?;
            for g in [&dev, &ops] {
                groups::insert(tx, g)?;
            }
            projects::insert(tx, &p)?;
            projects::insert(tx, &q)?;
            groups::put_member(tx, did, uid, false)?;
            groups::put_member(tx, oid, uid, true)?;
            projects::put_group(tx, pid, did, 4)?;
            projects::put_group(tx, pid, oid, 7)?;
            projects::put_group(tx, pid, did, 5)
        })
        .await
        .unwrap();
    let (mine, level, none, grants, members, of, used) = w
        .store
        .read(move |tx| {
            Ok((
                projects::of_user(tx, uid)?,
                projects::level(tx, pid, uid)?,
                projects::level(tx, pid, UserId::new())?,
                projects::groups(tx, pid)?,
                groups::members(tx, oid)?,
                groups::of_user(tx, uid)?,
                groups::used_by(tx, oid)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((mine, level, none), (vec![(shown, 7)], 7, 0));
    let grants: Vec<_> = grants.iter().map(|g| (g.name.as_str(), g.level)).collect();
    assert_eq!(grants, [("dev", 5), ("ops", 7)]);
    assert_eq!((members[0].username.as_str(), members[0].admin), ("alice", true));
    assert_eq!(
        of.iter().map(|(g, admin)| (g.name.as_str(), *admin)).collect::<Vec<_>>(),
        [("dev", false), ("ops", true)]
    );
    assert_eq!(used, ["SHOP"]);
    assert!(w.store.write(move |tx| groups::delete(tx, oid)).await.unwrap());
    assert_eq!(w.store.read(move |tx| projects::level(tx, pid, uid)).await.unwrap(), 5);
    assert!(w.store.write(move |tx| groups::delete_member(tx, did, uid)).await.unwrap());
    assert!(w.store.write(move |tx| projects::delete_group(tx, pid, did)).await.unwrap());
    assert!(w.store.read(move |tx| projects::of_user(tx, uid)).await.unwrap().is_empty());
}

async fn secrets_are_not_in_the_database(w: World) {
    const SECRET: &str = "hunter2-in-clear";
    let p = project("SHOP");
    let (pid, owner) = (p.id, p.id.to_string());
    let var = variables::Variable {
        owner: owner.clone(),
        name: "password".into(),
        kind: "password".into(),
        value: SECRET.into(),
        secret: true,
    };
    let key = keys::KeyPair {
        owner: owner.clone(),
        name: "proj-ssh".into(),
        kind: "ssh".into(),
        public: "ssh-ed25519 AAAA".into(),
        private: SECRET.into(),
        key_id: String::new(),
        disabled: false,
        created: NOW,
    };
    let (v, k) = (var.clone(), key.clone());
    let token = w
        .store
        .write(move |tx| {
            projects::insert(tx, &p)?;
            variables::insert(tx, pid, &v)?;
            keys::insert(tx, pid, &k)?;
            secret_tokens::put(tx, pid, "token", SECRET, NOW)
        })
        .await
        .unwrap();
    let (o, t) = (owner.clone(), token.clone());
    let read = w
        .store
        .read(move |tx| {
            let value = secret_tokens::value(tx, pid, &t)?;
            Ok((variables::get(tx, &o, "password")?, keys::get(tx, &o, "proj-ssh")?, value))
        })
        .await
        .unwrap();
    assert_eq!(read, (Some(var.clone()), Some(key), Some(SECRET.to_string())));
    if let Some(path) = w.url.strip_prefix("sqlite:") {
        for file in [path.to_string(), format!("{path}-wal")] {
            let bytes = std::fs::read(file).unwrap_or_default();
            assert!(!bytes.windows(SECRET.len()).any(|b| b == SECRET.as_bytes()), "clear text in the file");
        }
    }
    // Another master key reads nothing.
    let foreign = cds_store::Store::open(&w.url, cds_store::MasterKey::generate()).unwrap();
    let o = owner.clone();
    let fault = foreign.read(move |tx| variables::list(tx, &o)).await.unwrap_err().to_string();
    assert!(fault.contains("does not hold"), "{fault}");

    // Renamed, and no secret any more.
    let open = variables::Variable { name: "user".into(), value: "alice".into(), secret: false, ..var };
    let (v, o) = (open.clone(), owner.clone());
    assert!(w.store.write(move |tx| variables::update(tx, "password", &v)).await.unwrap());
    let (v, o2) = (open.clone(), o.clone());
    w.store.write(move |tx| variables::put(tx, pid, &v)).await.unwrap();
    assert_eq!(w.store.read(move |tx| variables::list(tx, &o)).await.unwrap(), [open]);
    assert_eq!(w.store.read(move |tx| variables::of_project(tx, pid)).await.unwrap().len(), 1);
    let o = o2.clone();
    assert!(w.store.write(move |tx| keys::set_disabled(tx, &o, "proj-ssh", true)).await.unwrap());
    let o = o2.clone();
    assert!(w.store.read(move |tx| keys::list(tx, &o)).await.unwrap()[0].disabled);
    assert!(w.store.write(move |tx| projects::delete(tx, pid)).await.unwrap());
    assert!(w.store.read(move |tx| keys::list(tx, &o2)).await.unwrap().is_empty());
}

async fn tokens_for_files_are_stable(w: World) {
    let (p, q) = (project("SHOP"), project("LAB"));
    let (pid, qid) = (p.id, q.id);
    w.store.write(move |tx| projects::insert(tx, &p).and_then(|()| projects::insert(tx, &q))).await.unwrap();
    let put = async |value: &'static str| {
        w.store.write(move |tx| secret_tokens::put(tx, pid, "db", value, NOW)).await.unwrap()
    };
    let first = put("one").await;
    assert!(first.len() == 32 && first.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    assert_eq!(put("two").await, first, "the same name keeps its token");
    let value = async |project, token: &str| {
        let token = token.to_string();
        w.store.read(move |tx| secret_tokens::value(tx, project, &token)).await.unwrap()
    };
    assert_eq!(value(pid, &first).await.as_deref(), Some("two"));
    assert_eq!(value(qid, &first).await, None, "worth nothing in another project");
    assert_eq!(
        w.store.read(move |tx| secret_tokens::list(tx, pid)).await.unwrap(),
        [("db".to_string(), first)]
    );
    assert!(w.store.write(move |tx| secret_tokens::delete(tx, pid, "db")).await.unwrap());
}

async fn definitions(w: World) {
    let p = project("SHOP");
    let pid = p.id;
    let entity = |name: &str| entities::Entity {
        id: EntityId::new(),
        name: name.into(),
        def: def::Pipeline { name: name.into(), ..Default::default() },
        from_repository: String::new(),
        created: NOW,
        last_modified: NOW,
    };
    let (mut a, b) = (entity("a"), entity("b"));
    let both = (a.clone(), b.clone());
    w.store
        .write(move |tx| {
            projects::insert(tx, &p)?;
            entities::insert(tx, pid, entities::Kind::Pipeline, &both.0)?;
            entities::insert(tx, pid, entities::Kind::Pipeline, &both.1)
        })
        .await
        .unwrap();
    let twin = entities::Entity { id: EntityId::new(), ..a.clone() };
    let again = w.store.write(move |tx| entities::insert(tx, pid, entities::Kind::Pipeline, &twin)).await;
    assert!(again.unwrap_err().is_unique());
    a.def.description = "new".into();
    a.last_modified = Timestamp(NOW.ms() + 5);
    let new = a.clone();
    assert!(w.store.write(move |tx| entities::update(tx, &new)).await.unwrap());
    let (got, none) = w
        .store
        .read(move |tx| {
            let got = entities::get::<def::Pipeline>(tx, pid, entities::Kind::Pipeline, "a")?;
            Ok((got, entities::get::<def::Application>(tx, pid, entities::Kind::Application, "a")?))
        })
        .await
        .unwrap();
    assert_eq!((got, none), (Some(a.clone()), None));
    let id = a.id;
    assert!(w.store.write(move |tx| entities::delete(tx, id)).await.unwrap());
    let left = w
        .store
        .read(move |tx| entities::list::<def::Pipeline>(tx, pid, entities::Kind::Pipeline))
        .await
        .unwrap();
    assert_eq!(left, [b]);
}

async fn workflows_and_their_levels(w: World) {
    let s = Stored::new(&w.store).await;
    let (pid, wid) = (s.project, s.workflow);
    let group =
        groups::Group { id: GroupId::new(), name: "dev".into(), organization: String::new(), created: NOW };
    let gid = group.id;
    let mut flow = w.store.read(move |tx| workflows::get(tx, pid, "build")).await.unwrap().unwrap();
    assert_eq!((flow.id, flow.last_number), (wid, 1));
    flow.name = "release".into();
    flow.def.description = "new".into();
    let new = flow.clone();
    w.store
        .write(move |tx| {
            groups::insert(tx, &group)?;
            workflows::put_group(tx, wid, gid, 5)?;
            assert!(workflows::update(tx, &new)?);
            assert!(workflows::set_number(tx, wid, 41)?);
            assert!(!workflows::set_number(tx, wid, 7)?, "numbers never go back");
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(w.store.reserve_number(wid).await.unwrap(), 42);
    // The counter of a database that was mended by hand: no number is given twice.
    w.store.write(move |tx| cds_store::testing::set_back(tx, wid)).await.unwrap();
    assert_eq!(w.store.reserve_number(wid).await.unwrap(), s.run.number + 1);
    assert_eq!(w.store.reserve_number(wid).await.unwrap(), s.run.number + 2);
    flow.last_number = s.run.number + 2;
    let (got, all, names, grants) = w
        .store
        .read(move |tx| {
            let grants = workflows::groups(tx, wid)?;
            Ok((workflows::by_id(tx, wid)?, workflows::all(tx)?, workflows::names(tx, pid)?, grants))
        })
        .await
        .unwrap();
    assert_eq!((got.as_ref(), all.len(), names), (Some(&flow), 1, vec!["release".to_string()]));
    assert_eq!((grants[0].name.as_str(), grants[0].level), ("dev", 5));
    assert!(w.store.write(move |tx| workflows::delete_group(tx, wid, gid)).await.unwrap());
    w.store.write(move |tx| workflows::delete(tx, wid)).await.unwrap();
    assert!(w.store.read(move |tx| workflows::list(tx, pid)).await.unwrap().is_empty());
    assert!(matches!(cds_store::runs::load(&w.store, s.run.id).await, Err(cds_store::LoadError::NotFound)));
}

async fn the_fleet(w: World) {
    let hatchery = |name: &str| hatcheries::Hatchery {
        id: HatcheryId::new(),
        name: name.into(),
        model_type: "local".into(),
        version: "1".into(),
        offer: "{}".into(),
        token: "t".into(),
        last_error: String::new(),
        lastbeat: NOW,
    };
    let first = hatchery("h");
    let id = first.id;
    w.store.write(move |tx| hatcheries::put(tx, &first)).await.unwrap();
    let back = hatcheries::Hatchery { version: "2".into(), ..hatchery("h") };
    assert_eq!(w.store.write(move |tx| hatcheries::put(tx, &back)).await.unwrap(), id, "it has come back");
    assert!(w.store.write(move |tx| hatcheries::beat(tx, id, NOW, "no room")).await.unwrap());
    assert!(!w.store.write(|tx| hatcheries::beat(tx, HatcheryId::new(), NOW, "")).await.unwrap());
    let got = w.store.read(move |tx| hatcheries::get(tx, id)).await.unwrap().unwrap();
    assert_eq!((got.version.as_str(), got.last_error.as_str()), ("2", "no room"));

    let worker = workers::Worker {
        id: WorkerId::new(),
        name: "w".into(),
        hatchery: id,
        status: "Pending".into(),
        os: "linux".into(),
        arch: "amd64".into(),
        version: "1".into(),
        info: "{}".into(),
        job: None,
        jobs_done: 0,
        created: NOW,
        lastbeat: None,
    };
    let (wid, new) = (worker.id, worker.clone());
    let got = w
        .store
        .write(move |tx| {
            workers::insert(tx, &new)?;
            assert!(workers::disable(tx, wid)?);
            workers::get(tx, wid)
        })
        .await
        .unwrap();
    let disabled = workers::Worker { status: "Disabled".into(), ..worker };
    assert_eq!(got.as_ref(), Some(&disabled));
    assert_eq!(
        w.store.read(move |tx| workers::of_hatchery(tx, id)).await.unwrap(),
        std::slice::from_ref(&disabled)
    );
    let later = Timestamp(NOW.ms() + 1);
    assert_eq!(w.store.write(move |tx| hatcheries::prune(tx, later)).await.unwrap(), 0, "it has a worker");
    assert_eq!(w.store.write(move |tx| workers::prune(tx, later)).await.unwrap(), 1);
    assert!(w.store.read(workers::list).await.unwrap().is_empty());
    assert_eq!(w.store.write(move |tx| hatcheries::prune(tx, later)).await.unwrap(), 1);
    assert!(w.store.read(hatcheries::list).await.unwrap().is_empty());
}

async fn caches_replace_each_other(w: World) {
    let p = project("SHOP");
    let pid = p.id;
    w.store.write(move |tx| projects::insert(tx, &p)).await.unwrap();
    let put = async |blob: &str| {
        let c = caches::Cache {
            project: pid,
            tag: "deps".into(),
            blob: blob.into(),
            size: 3,
            created: NOW,
            last_used: NOW,
        };
        w.store.write(move |tx| caches::put(tx, &c)).await.unwrap()
    };
    assert_eq!(put("one").await, None);
    assert_eq!(put("two").await.as_deref(), Some("one"));
    let later = Timestamp(NOW.ms() + 10);
    w.store.write(move |tx| caches::used(tx, pid, "deps", later)).await.unwrap();
    let got = w.store.read(move |tx| caches::get(tx, pid, "deps")).await.unwrap().unwrap();
    assert_eq!((got.blob.as_str(), got.last_used), ("two", later));
    assert!(w.store.write(move |tx| caches::prune(tx, later)).await.unwrap().is_empty());
    assert_eq!(w.store.read(move |tx| caches::list(tx, pid)).await.unwrap().len(), 1);
    assert_eq!(w.store.write(|tx| caches::prune(tx, Timestamp(i64::MAX))).await.unwrap(), ["two"]);
    assert_eq!(w.store.write(move |tx| caches::delete(tx, pid, "deps")).await.unwrap(), None);
}

async fn old_keys_of_requests_go(w: World) {
    let s = Stored::new(&w.store).await;
    let mut cx = context(s.project, s.workflow, 0, &s.hash);
    let once = |digest: &str| idempotency::Once { key: "k".into(), digest: digest.into() };
    cx.once = Some(once("d"));
    let run = run(2, 1);
    w.store.commit(cds_store::RunCommit::from_transition(None, &run, &[], cx).unwrap()).await.unwrap();
    let workflow = s.workflow;
    let get = async |digest: &str| {
        let once = once(digest);
        w.store.read(move |tx| idempotency::get(tx, workflow, &once)).await.unwrap()
    };
    assert_eq!(get("d").await, Some(idempotency::Earlier::Same(run.id)));
    assert_eq!(get("e").await, Some(idempotency::Earlier::Other));
    assert_eq!(w.store.write(|tx| idempotency::prune(tx, Timestamp(NOW.ms() + 1))).await.unwrap(), 1);
    assert_eq!(get("d").await, None);
}
