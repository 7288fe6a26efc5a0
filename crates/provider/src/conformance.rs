//! The contract of [`Provider`] as tests. A provider writes a [`Harness`] and says
//! `cds_provider::conformance!(make_harness)`, where `make_harness` is an `async fn() -> impl Harness`.

use crate::{Instance, InstanceId, InstanceState, Provider, SpawnOrder};
use cds_model::WorkerId;
use std::future::Future;

/// What the suite needs beside the provider.
pub trait Harness: Send + Sync {
    /// The provider under test.
    type Provider: Provider;
    /// The provider under test; without instances at first.
    fn provider(&self) -> &Self::Provider;
    /// An order for a fresh worker that lives until it is ended.
    fn order(&self) -> SpawnOrder;
    /// Ends an instance from outside, as a fault would.
    fn kill(&self, id: &InstanceId) -> impl Future<Output = ()> + Send;
    /// Waits a moment (some milliseconds up to a second, as suits the system).
    fn pause(&self) -> impl Future<Output = ()> + Send;
}

async fn find<H: Harness>(h: &H, worker: WorkerId) -> Option<Instance> {
    let all = h.provider().list().await.expect("list");
    let mut mine: Vec<Instance> = all.into_iter().filter(|i| i.worker == worker).collect();
    assert!(mine.len() < 2, "one worker, several instances: {mine:?}");
    mine.pop()
}

async fn ended<H: Harness>(h: &H, worker: WorkerId) -> Instance {
    for _ in 0..500 {
        match find(h, worker).await {
            Some(i) if !i.is_alive() => return i,
            Some(_) => h.pause().await,
            None => panic!("an ended instance must stay listed until it is destroyed"),
        }
    }
    panic!("the instance of {worker:?} was killed and is still listed as alive");
}

/// Asking twice starts one instance, and the list shows it with its worker.
pub async fn spawn_is_idempotent<H: Harness>(h: &H) {
    let order = h.order();
    let first = h.provider().spawn(&order).await.expect("spawn");
    let again = h.provider().spawn(&order).await.expect("spawn again");
    assert_eq!(first, again);
    let instance = find(h, order.worker).await.expect("a spawned instance is listed");
    assert_eq!(instance.id, first);
    assert!(instance.is_alive());
    h.provider().destroy(&first).await.expect("destroy");
}

/// The same, with both calls under way at once.
pub async fn spawn_twice_at_once_is_one<H: Harness>(h: &H) {
    let order = h.order();
    let (one, two) = (h.provider().spawn(&order), h.provider().spawn(&order));
    let one = std::pin::pin!(one);
    let two = std::pin::pin!(two);
    let (one, two) = both(one, two).await;
    let id = one.expect("spawn");
    assert_eq!(id, two.expect("spawn"));
    assert!(find(h, order.worker).await.is_some_and(|i| i.is_alive()));
    h.provider().destroy(&id).await.expect("destroy");
}

/// Destroying twice, or something that never was, is fine; afterwards it is not listed.
pub async fn destroy_is_idempotent<H: Harness>(h: &H) {
    let order = h.order();
    let other = h.order();
    let id = h.provider().spawn(&order).await.expect("spawn");
    let stays = h.provider().spawn(&other).await.expect("spawn");
    h.provider().destroy(&id).await.expect("destroy");
    assert_eq!(find(h, order.worker).await, None);
    h.provider().destroy(&id).await.expect("destroy twice");
    h.provider().destroy(&InstanceId("never-was".into())).await.expect("destroy of nothing");
    assert!(find(h, other.worker).await.is_some_and(|i| i.is_alive()), "the neighbour must live on");
    h.provider().destroy(&stays).await.expect("destroy");
}

/// An instance that died is listed with a reason until it is destroyed.
pub async fn ends_are_listed_until_destroyed<H: Harness>(h: &H) {
    let order = h.order();
    let id = h.provider().spawn(&order).await.expect("spawn");
    h.kill(&id).await;
    let instance = ended(h, order.worker).await;
    let InstanceState::Ended { exit, clean } = &instance.state else { unreachable!("ended() checks it") };
    assert!(!exit.is_empty(), "the reason of an end is told");
    assert!(!clean, "a kill is not a clean end");
    h.pause().await;
    assert_eq!(find(h, order.worker).await.as_ref(), Some(&instance), "listed until destroyed");
    h.provider().destroy(&id).await.expect("acknowledge");
    assert_eq!(find(h, order.worker).await, None);
}

/// News of an end comes without asking, where the provider says that it has news.
pub async fn ends_are_news<H: Harness>(h: &H) {
    if !h.provider().has_news() {
        return;
    }
    let order = h.order();
    let id = h.provider().spawn(&order).await.expect("spawn");
    h.kill(&id).await;
    while find(h, order.worker).await.is_some_and(|i| i.is_alive()) {
        h.provider().changed().await;
    }
    h.provider().destroy(&id).await.expect("acknowledge");
}

/// Polls two futures to their ends; this crate has no runtime to lean on.
async fn both<A, B>(mut a: std::pin::Pin<&mut A>, mut b: std::pin::Pin<&mut B>) -> (A::Output, B::Output)
where
    A: Future,
    B: Future,
{
    use std::task::Poll;
    let (mut x, mut y) = (None, None);
    std::future::poll_fn(|cx| {
        if x.is_none()
            && let Poll::Ready(out) = a.as_mut().poll(cx)
        {
            x = Some(out);
        }
        if y.is_none()
            && let Poll::Ready(out) = b.as_mut().poll(cx)
        {
            y = Some(out);
        }
        match (x.take(), y.take()) {
            (Some(out_x), Some(out_y)) => Poll::Ready((out_x, out_y)),
            (rest_x, rest_y) => {
                (x, y) = (rest_x, rest_y);
                Poll::Pending
            }
        }
    })
    .await
}

/// Makes one `tokio` test of each function of [`crate::conformance`]; the argument is an
/// `async fn() -> impl Harness`.
#[macro_export]
macro_rules! conformance {
    ($make:path) => {
        $crate::conformance!(@each $make;
            spawn_is_idempotent
            spawn_twice_at_once_is_one
            destroy_is_idempotent
            ends_are_listed_until_destroyed
            ends_are_news
        );
    };
    (@each $make:path; $($name:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let harness = $make().await;
            $crate::conformance::$name(&harness).await;
        }
    )*};
}
