use super::*;
use cds_provider::{InstanceState, ProviderError};
use proptest::prelude::*;
use uuid::Uuid;

const START: Timestamp = Timestamp(1_000_000_000);

fn limits(max_workers: u32) -> Limits {
    Limits { max_workers, min_idle: 0, spawn_concurrency: 100, start_timeout: Duration::from_secs(60) }
}

fn seen(n: u32, alive: bool) -> Seen {
    let state = match alive {
        true => InstanceState::Alive,
        false => InstanceState::Ended { exit: "signal 9".into(), clean: false },
    };
    let worker = WorkerId(Uuid::from_u128(n.into()));
    let instance = Instance { id: InstanceId(format!("i{n}")), worker, state };
    Seen { instance, first_seen: START, reported: false, going: false }
}

fn orders(wanted: u32, states: &[(u32, WorkerState)]) -> Orders {
    Orders {
        wanted,
        destroy: BTreeSet::new(),
        workers: states.iter().map(|(n, s)| (WorkerId(Uuid::from_u128((*n).into())), *s)).collect(),
        received: START,
    }
}

fn check(instances: &[Seen], spawning: u32, orders: &Orders, limits: &Limits) -> Vec<Action> {
    let backoff = Backoff::default();
    plan(View { instances, spawning, orders: Some(orders), limits, backoff: &backoff, now: START })
}

#[test]
fn wanted_workers_are_spawned_once() {
    assert_eq!(check(&[], 0, &orders(3, &[]), &limits(10)), [Action::Spawn(3)]);
    assert_eq!(check(&[], 2, &orders(3, &[]), &limits(10)), [Action::Spawn(1)]);
    // One that the server does not know yet counts; a busy one does not.
    assert_eq!(check(&[seen(1, true)], 2, &orders(3, &[]), &limits(10)), []);
    let busy = orders(3, &[(1, WorkerState::Busy)]);
    assert_eq!(check(&[seen(1, true)], 2, &busy, &limits(10)), [Action::Spawn(1)]);
    assert_eq!(check(&[seen(1, true)], 2, &busy, &limits(3)), [], "no room");
}

#[test]
fn warm_workers_are_kept_ready() {
    let warm = Limits { min_idle: 2, ..limits(10) };
    assert_eq!(check(&[], 0, &orders(0, &[]), &warm), [Action::Spawn(2)]);
    let both = orders(0, &[(1, WorkerState::Idle), (2, WorkerState::Busy)]);
    assert_eq!(check(&[seen(1, true), seen(2, true)], 0, &both, &warm), [Action::Spawn(1)]);
    assert_eq!(check(&[], 0, &orders(1, &[]), &warm), [Action::Spawn(2)], "warm ones serve what is wanted");
}

#[test]
fn nothing_is_done_before_the_server_has_spoken() {
    let (backoff, limits) = (Backoff::default(), Limits { min_idle: 3, ..limits(3) });
    let instances = [seen(1, true), seen(2, false)];
    let view = View {
        instances: &instances,
        spawning: 0,
        orders: None,
        limits: &limits,
        backoff: &backoff,
        now: START,
    };
    assert_eq!(plan(view), []);
}

#[test]
fn an_end_is_forgotten_only_when_it_is_known() {
    let none = orders(0, &[]);
    assert_eq!(check(&[seen(1, false)], 0, &none, &limits(1)), []);
    let reported = Seen { reported: true, ..seen(1, false) };
    assert_eq!(
        check(std::slice::from_ref(&reported), 0, &none, &limits(1)),
        [Action::Forget(InstanceId("i1".into()))]
    );
    assert_eq!(check(&[Seen { going: true, ..reported }], 0, &none, &limits(1)), []);
}

#[test]
fn workers_that_must_go_go_once_and_are_replaced_when_gone() {
    let mut o = orders(1, &[(1, WorkerState::Busy)]);
    o.destroy.insert(WorkerId(Uuid::from_u128(1)));
    let destroy = Action::Destroy(InstanceId("i1".into()), Why::Ordered);
    assert_eq!(check(&[seen(1, true)], 0, &o, &limits(1)), [destroy]);
    assert_eq!(check(&[Seen { going: true, ..seen(1, true) }], 0, &o, &limits(1)), [], "it still takes room");
    let gone = orders(0, &[(1, WorkerState::Gone)]);
    let destroy = Action::Destroy(InstanceId("i1".into()), Why::GivenUp);
    assert_eq!(check(&[seen(1, true)], 0, &gone, &limits(1)), [destroy]);
}

#[test]
fn a_worker_that_never_registers_is_destroyed_but_not_for_the_servers_silence() {
    let (backoff, limits) = (Backoff::default(), limits(1));
    let instances = [seen(1, true)];
    let now = START + Duration::from_secs(3600);
    let mut o = orders(1, &[(1, WorkerState::Pending)]);
    let actions = |o: &Orders| {
        plan(View {
            instances: &instances,
            spawning: 0,
            orders: Some(o),
            limits: &limits,
            backoff: &backoff,
            now,
        })
    };
    assert_eq!(actions(&o), [], "an hour has passed, but the server has not spoken since");
    o.received = START + Duration::from_secs(60);
    assert_eq!(actions(&o), [Action::Destroy(InstanceId("i1".into()), Why::NeverRegistered)]);
    o.workers.clear();
    assert_eq!(actions(&o), [Action::Destroy(InstanceId("i1".into()), Why::NeverRegistered)]);
}

#[test]
fn failures_hold_spawns_back() {
    let (limits, o) = (limits(5), orders(9, &[]));
    let spawn = |backoff: &Backoff, now| {
        let instances = [seen(1, true), seen(2, true)];
        plan(View { instances: &instances, spawning: 0, orders: Some(&o), limits: &limits, backoff, now })
    };
    let later = START + Duration::from_secs(60);
    let mut b = Backoff::default();
    b.failed(&ProviderError::Transient("x".into()), 2, START, 0.0);
    assert_eq!((spawn(&b, START), spawn(&b, later)), (vec![], vec![Action::Spawn(3)]));
    b.failed(&ProviderError::Full("x".into()), 2, later, 0.0);
    assert_eq!(
        spawn(&b, later + Duration::from_secs(60)),
        [Action::Spawn(1)],
        "a full provider is felt out by one"
    );
    b.failed(&ProviderError::Denied("x".into()), 2, START, 0.0);
    assert_eq!(spawn(&b, later + Duration::from_secs(86400)), []);
}

#[test]
fn unknown_words_of_the_server_do_no_harm() {
    assert_eq!(WorkerState::from_status("Dancing"), WorkerState::Busy);
    assert_eq!(WorkerState::from_status("Waiting"), WorkerState::Idle);
}

/// What happens to the little world of the property tests between two plans.
#[derive(Clone, Debug)]
enum Step {
    Want(u32),
    /// A started worker registers, an idle one gets a job, a busy one ends its job: the server sees it.
    Progress(usize),
    Kill(usize),
    Report,
    SpawnsDone,
    SpawnFails(u8),
    DestroysDone,
    OrderDestroy(usize),
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u32..12).prop_map(Step::Want),
        any::<usize>().prop_map(Step::Progress),
        any::<usize>().prop_map(Step::Kill),
        Just(Step::Report),
        Just(Step::SpawnsDone),
        (0u8..3).prop_map(Step::SpawnFails),
        Just(Step::DestroysDone),
        any::<usize>().prop_map(Step::OrderDestroy),
        (0u16..5000).prop_map(Step::Pass),
    ]
}

/// Provider, server and loop in one, as far as the plan can tell.
struct World {
    seen: Vec<Seen>,
    spawning: u32,
    next: u32,
    orders: Orders,
    limits: Limits,
    backoff: Backoff,
    now: Timestamp,
    spawned: u32,
}

impl World {
    fn new(max: u32, min_idle: u32, hands: u32) -> Self {
        let limits = Limits { min_idle, spawn_concurrency: hands, ..limits(max) };
        let (orders, backoff) = (orders(0, &[]), Backoff::default());
        Self { seen: vec![], spawning: 0, next: 1, orders, limits, backoff, now: START, spawned: 0 }
    }
    fn alive(&self) -> u32 {
        self.seen.iter().filter(|s| s.instance.is_alive()).count() as u32
    }
    fn supply(&self) -> u32 {
        let serves = |s: &&Seen| {
            let state = self.orders.workers.get(&s.instance.worker);
            s.instance.is_alive() && !s.going && !matches!(state, Some(WorkerState::Busy | WorkerState::Gone))
        };
        self.seen.iter().filter(serves).count() as u32
    }
    fn plan(&mut self) -> Vec<Action> {
        let World { seen, spawning, orders, limits, backoff, now, .. } = self;
        let view =
            View { instances: seen, spawning: *spawning, orders: Some(orders), limits, backoff, now: *now };
        let actions = plan(view);
        for action in &actions {
            match action {
                Action::Spawn(n) => {
                    self.spawning += n;
                    self.spawned += n;
                }
                Action::Destroy(id, _) | Action::Forget(id) => {
                    let seen =
                        self.seen.iter_mut().find(|s| s.instance.id == *id).expect("acts on what exists");
                    assert!(!seen.going, "acts twice on {id}");
                    seen.going = true;
                }
            }
        }
        actions
    }
    fn pick(&self, n: usize) -> Option<usize> {
        (!self.seen.is_empty()).then(|| n % self.seen.len())
    }
    fn take(&mut self, step: &Step) {
        match *step {
            Step::Want(n) => self.orders.wanted = n,
            Step::Progress(n) => {
                if let Some(i) = self.pick(n).filter(|i| self.seen[*i].instance.is_alive()) {
                    let state = self
                        .orders
                        .workers
                        .entry(self.seen[i].instance.worker)
                        .or_insert(WorkerState::Pending);
                    *state = match state {
                        WorkerState::Idle => WorkerState::Busy,
                        _ => WorkerState::Idle,
                    };
                }
            }
            Step::Kill(n) => {
                if let Some(i) = self.pick(n) {
                    self.seen[i].instance.state =
                        InstanceState::Ended { exit: "signal 9".into(), clean: false };
                }
            }
            Step::Report => self.seen.iter_mut().for_each(|s| s.reported = !s.instance.is_alive()),
            Step::SpawnsDone => {
                for _ in 0..std::mem::take(&mut self.spawning) {
                    self.seen.push(Seen { first_seen: self.now, ..seen(self.next, true) });
                    self.next += 1;
                }
            }
            Step::SpawnFails(kind) => {
                if self.spawning > 0 {
                    self.spawning -= 1;
                    let error = match kind {
                        0 => ProviderError::Transient("x".into()),
                        1 => ProviderError::Full("x".into()),
                        _ => ProviderError::Invalid("x".into()),
                    };
                    let alive = self.alive();
                    self.backoff.failed(&error, alive, self.now, 0.0);
                }
            }
            Step::DestroysDone => self.seen.retain(|s| !s.going),
            Step::OrderDestroy(n) => {
                if let Some(i) = self.pick(n) {
                    self.orders.destroy.insert(self.seen[i].instance.worker);
                }
            }
            Step::Pass(ms) => {
                self.now = self.now + Duration::from_millis(ms.into());
                self.orders.received = self.now;
            }
        }
    }
    /// Everything answers, nothing fails, nobody's wishes change: how many passes until nothing is to be done?
    fn settle(&mut self) -> usize {
        // What the server has seen alive registers, so that nothing is destroyed for being late.
        for pass in 0..1000 {
            self.take(&Step::SpawnsDone);
            self.take(&Step::DestroysDone);
            self.take(&Step::Report);
            for s in self.seen.iter().filter(|s| s.instance.is_alive()) {
                let state = self.orders.workers.entry(s.instance.worker).or_insert(WorkerState::Idle);
                if *state == WorkerState::Pending {
                    *state = WorkerState::Idle;
                    self.backoff.succeeded(self.now);
                }
            }
            self.take(&Step::Pass(31_000));
            self.backoff.succeeded(self.now);
            if self.plan().is_empty() {
                return pass;
            }
        }
        panic!("does not come to rest");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn never_above_the_limits_and_comes_to_rest(
        max in 0u32..9, min_idle in 0u32..4, hands in 1u32..4, steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut world = World::new(max, min_idle, hands);
        for step in &steps {
            world.take(step);
            let actions = world.plan();
            prop_assert!(world.alive() + world.spawning <= max, "above capacity after {step:?}");
            prop_assert!(world.spawning <= hands, "too many at a time");
            for action in &actions {
                if let Action::Forget(id) = action {
                    let s = world.seen.iter().find(|s| s.instance.id == *id).unwrap();
                    prop_assert!(s.reported && !s.instance.is_alive(), "forgot what the server does not know");
                }
            }
            // Planning again without anything having happened asks for nothing new.
            prop_assert_eq!(world.plan(), vec![]);
        }
        world.settle();
        // At rest: what is wanted and allowed exists, nothing dead is left, and nothing more happens.
        let target = world.orders.wanted.max(min_idle);
        prop_assert!(world.supply() >= target || world.alive() == max, "wanted {target}, has {}", world.supply());
        prop_assert!(world.seen.iter().all(|s| s.instance.is_alive()));
        let spawned = world.spawned;
        for _ in 0..5 {
            world.take(&Step::Pass(1000));
            prop_assert_eq!(world.plan(), vec![]);
        }
        prop_assert_eq!(world.spawned, spawned);
    }

    #[test]
    fn wishes_that_come_and_go_do_not_make_it_flap(wishes in prop::collection::vec(0u32..5, 1..60)) {
        let mut world = World::new(8, 0, 8);
        for wanted in &wishes {
            world.take(&Step::Want(*wanted));
            for action in world.plan() {
                prop_assert!(matches!(action, Action::Spawn(_)), "{action:?} for a mere wish");
            }
            world.take(&Step::SpawnsDone);
        }
        let most = wishes.iter().copied().max().unwrap_or(0);
        prop_assert_eq!(world.spawned, most, "each worker is spawned once, for the highest wish");
    }
}
