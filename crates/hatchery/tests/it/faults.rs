//! What a hatchery does when something is wrong.

use crate::fakes::{FakeProvider, FakeServer, Hatchery, config, until};
use cds_hatchery::{AgentError, HatcheryConfig, server::ServerError};
use cds_provider::ProviderError;
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn it_waits_for_its_server() {
    let (server, provider) = (FakeServer::new(1), FakeProvider::new());
    server.look().down = true;
    let hatchery = Hatchery::start(&config(1), provider.clone(), server.clone());
    sleep(Duration::from_secs(600)).await;
    assert_eq!(provider.look().spawns, 0);
    server.look().down = false;
    until("a worker", || provider.look().alive().len() == 1).await;
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_forgot_it_is_registered_with_again() {
    let (server, provider) = (FakeServer::new(1), FakeProvider::new());
    let hatchery = Hatchery::start(&config(3), provider.clone(), server.clone());
    until("a worker", || provider.look().alive().len() == 1).await;
    server.change(|s| {
        s.known = None;
        s.wanted = 2;
    });
    until("two workers", || provider.look().alive().len() == 2).await;
    until("it has registered again", || server.look().registrations.len() == 2).await;
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_end_is_told_even_if_the_server_was_away() {
    let (server, provider) = (FakeServer::new(1), FakeProvider::new());
    let hatchery = Hatchery::start(&config(1), provider.clone(), server.clone());
    until("a worker", || provider.look().alive().len() == 1).await;
    let victim = provider.look().alive()[0];
    server.change(|s| s.down = true);
    provider.kill(victim);
    sleep(Duration::from_secs(120)).await;
    assert_eq!(provider.look().instances.len(), 1, "the end is not forgotten before it is told");
    server.change(|s| s.down = false);
    until("the end is told", || server.look().ends.iter().any(|(w, ..)| *w == victim)).await;
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_full_provider_is_offered_less_and_felt_out() {
    let (server, provider) = (FakeServer::new(5), FakeProvider::new());
    provider.look().spawn_faults = (0..4).map(|_| ProviderError::Full("no memory".into())).collect();
    let hatchery = Hatchery::start(
        &HatcheryConfig { spawn_concurrency: 1, ..config(5) },
        provider.clone(),
        server.clone(),
    );
    until("a lower offer", || server.look().registrations.iter().any(|r| r.offer.max_workers == 0)).await;
    until("all five", || provider.look().alive().len() == 5).await;
    until("the full offer", || server.look().registrations.last().is_some_and(|r| r.offer.max_workers == 5))
        .await;
    assert_eq!(server.look().syncs.last().unwrap().last_error, "");
    assert!(server.look().syncs.iter().any(|s| s.last_error.contains("no memory")), "people are told");
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_denied_hatchery_stops_trying_and_keeps_what_it_has() {
    let (server, provider) = (FakeServer::new(1), FakeProvider::new());
    let hatchery = Hatchery::start(&config(5), provider.clone(), server.clone());
    until("a worker", || provider.look().alive().len() == 1).await;
    provider.look().always = Some(ProviderError::Denied("bad credentials".into()));
    server.change(|s| s.wanted = 2);
    until("people are told", || server.look().syncs.iter().any(|s| s.last_error.contains("bad credentials")))
        .await;
    let spawns = provider.look().spawns;
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(provider.counts(), (spawns, 1, 1));
    assert!(server.look().syncs.last().unwrap().refused, "the server knows that it is for good");
    assert_eq!(server.look().registrations.last().unwrap().offer.max_workers, 5, "as it is configured");
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn workers_that_cannot_live_are_not_started_without_end() {
    for end in [("exit status 1".to_string(), false), ("exit status 0".to_string(), true)] {
        let (server, provider) = (FakeServer::new(1), FakeProvider::new());
        provider.look().stillborn = Some(end);
        let hatchery = Hatchery::start(&config(1), provider.clone(), server.clone());
        sleep(Duration::from_secs(600)).await;
        let spawns = provider.look().spawns;
        assert!((10..70).contains(&spawns), "{spawns} starts in ten minutes");
        provider.look().stillborn = None;
        until("a worker", || provider.look().alive().len() == 1).await;
        hatchery.stop().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_makes_no_second_instance_and_uses_its_identity_again() {
    let (server, provider) = (FakeServer::new(1), FakeProvider::new());
    provider.look().spawn_faults.push_back(ProviderError::Transient("timed out".into()));
    let hatchery = Hatchery::start(&config(1), provider.clone(), server.clone());
    until("a worker", || provider.look().alive().len() == 1).await;
    assert_eq!(server.look().workers.len(), 1, "one identity was ordered");
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_planned_without_a_list() {
    let (server, provider) = (FakeServer::new(2), FakeProvider::new());
    provider.look().list_faults = (0..5).map(|_| ProviderError::Transient("away".into())).collect();
    let hatchery = Hatchery::start(&config(2), provider.clone(), server.clone());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(provider.look().spawns, 0);
    until("two workers", || provider.look().alive().len() == 2).await;
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_provider_without_news_is_looked_at() {
    let (server, provider) = (FakeServer::new(1), FakeProvider { has_news: false, ..FakeProvider::new() });
    let hatchery = Hatchery::start(&config(1), provider.clone(), server.clone());
    until("a worker", || provider.look().alive().len() == 1).await;
    let victim = provider.look().alive()[0];
    provider.kill(victim);
    until("the end is told", || server.look().ends.iter().any(|(w, ..)| *w == victim)).await;
    // Someone removes one behind our back.
    until("its successor", || provider.look().alive().len() == 1).await;
    let lost = provider.look().alive()[0];
    sleep(Duration::from_secs(5)).await;
    provider.look().instances.clear();
    until("that is told as well", || server.look().ends.iter().any(|(w, ..)| *w == lost)).await;
    hatchery.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_destruction_that_fails_is_tried_again() {
    let (server, provider) = (FakeServer::new(1), FakeProvider::new());
    let hatchery = Hatchery::start(&config(1), provider.clone(), server.clone());
    until("a worker", || provider.look().alive().len() == 1).await;
    provider.look().destroy_faults.push_back(ProviderError::Transient("away".into()));
    let victim = provider.look().alive()[0];
    server.change(|s| s.destroy = [victim].into());
    until("the end is told", || server.look().ends.iter().any(|(w, ..)| *w == victim)).await;
    // At shutdown one that can never be ended does not hold it for ever.
    provider.look().destroy_faults = (0..100).map(|_| ProviderError::Transient("away".into())).collect();
    until("its successor", || provider.look().alive().len() == 1).await;
    assert_eq!(hatchery.stop().await, Err(AgentError::WorkersLeft(1)));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_is_tried_now_and_then() {
    let (server, provider) = (FakeServer::new(1), FakeProvider::new());
    server.look().faults = (0..5).map(|_| ServerError::Denied("wrong token".into())).collect();
    let hatchery = Hatchery::start(&config(1), provider.clone(), server.clone());
    until("a worker", || provider.look().alive().len() == 1).await;
    hatchery.stop().await.unwrap();
}
