//! What a hatchery does when all is well. The clock is virtual: a second waited is a second, and costs nothing.

use crate::fakes::{FakeProvider, FakeServer, Hatchery, config, until};
use cds_hatchery::HatcheryConfig;
use std::time::Duration;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn what_is_wanted_comes_to_life_and_no_more_than_is_allowed() {
    let (server, provider) = (FakeServer::new(3), FakeProvider::new());
    let hatchery = Hatchery::start(&config(5), provider.clone(), server.clone());
    until("three workers", || provider.look().alive().len() == 3).await;
    sleep(Duration::from_secs(100)).await;
    assert_eq!(provider.look().spawns, 3, "and no more");
    server.change(|s| s.wanted = 20);
    until("five workers", || provider.look().alive().len() == 5).await;
    sleep(Duration::from_secs(100)).await;
    assert_eq!(provider.counts(), (5, 5, 5));
    let offer = server.look().registrations[0].offer.clone();
    assert_eq!((offer.max_workers, offer.os_arch.as_str()), (5, "linux/amd64"));
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_hatchery_is_quiet() {
    let (server, provider) = (FakeServer::new(1), FakeProvider::new());
    let hatchery = Hatchery::start(&config(2), provider.clone(), server.clone());
    sleep(Duration::from_secs(300)).await;
    let syncs = server.look().syncs.len();
    assert!(syncs < 20, "{syncs} calls in five minutes; the server is asked to wait for news");
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn news_travel_at_once_in_both_directions() {
    let (server, provider) = (FakeServer::new(1), FakeProvider::new());
    let hatchery = Hatchery::start(&config(5), provider.clone(), server.clone());
    until("a worker", || provider.look().alive().len() == 1).await;
    sleep(Duration::from_secs(10)).await; // Within a long poll.
    let start = Instant::now();
    let victim = provider.look().alive()[0];
    provider.kill(victim);
    until("the end is known", || server.look().ends.iter().any(|(w, ..)| *w == victim)).await;
    assert!(start.elapsed() < Duration::from_millis(5), "it took {:?}", start.elapsed());
    until("its successor", || provider.look().alive().len() == 1).await;
    assert!(start.elapsed() < Duration::from_millis(10), "it took {:?}", start.elapsed());
    assert_eq!(server.look().ends[0].1, "signal 9");
    until("it is forgotten", || provider.look().instances.len() == 1).await;

    sleep(Duration::from_secs(10)).await;
    let start = Instant::now();
    server.change(|s| s.wanted = 2);
    until("one more", || provider.look().alive().len() == 2).await;
    assert!(start.elapsed() < Duration::from_millis(5), "it took {:?}", start.elapsed());
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_ordered_destruction_is_carried_out_and_told() {
    let (server, provider) = (FakeServer::new(2), FakeProvider::new());
    let hatchery = Hatchery::start(&config(2), provider.clone(), server.clone());
    until("two workers", || provider.look().alive().len() == 2).await;
    let victim = provider.look().alive()[0];
    server.change(|s| {
        s.destroy.insert(victim);
        s.wanted = 1;
    });
    until("it is gone and told", || server.look().ends.iter().any(|(w, ..)| *w == victim)).await;
    assert!(!provider.look().alive().contains(&victim));
    assert!(server.look().ends[0].1.contains("server ordered"), "{}", server.look().ends[0].1);
    assert_eq!(provider.look().alive().len(), 1, "the other lives on");
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stopped_hatchery_takes_its_workers_along_and_says_so() {
    let (server, provider) = (FakeServer::new(4), FakeProvider::new());
    let config = HatcheryConfig { min_idle: 4, ..config(4) };
    let hatchery = Hatchery::start(&config, provider.clone(), server.clone());
    until("four workers", || provider.look().alive().len() == 4).await;
    hatchery.stop().await.unwrap();
    assert_eq!(provider.look().instances.len(), 0);
    assert_eq!(server.look().ends.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_worker_being_started_at_the_stop_does_not_stay() {
    let (server, provider) =
        (FakeServer::new(2), FakeProvider { delay: Duration::from_secs(2), ..FakeProvider::new() });
    let hatchery = Hatchery::start(&config(2), provider.clone(), server.clone());
    until("identities are ordered", || server.look().workers.len() == 2).await;
    sleep(Duration::from_millis(100)).await;
    hatchery.stop().await.unwrap();
    assert_eq!(provider.look().instances.len(), 0);
    assert_eq!(provider.counts(), (2, 0, 2));
}
