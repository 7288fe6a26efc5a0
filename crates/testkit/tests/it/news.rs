//! What others change is heard by whoever may see it, and by nobody else.

use cds_api::{
    projects::ProjectCreate,
    runs::{Event, RunStart},
};
use cds_client::{Client, EventQuery, SseStream};
use cds_model::Status;
use cds_testkit::{Project, SHORT, TestServer, within};

const WORKFLOW: &str = "{name: main, version: v2.0, workflow: {main: {pipeline: main}}}";
const PIPELINE: &str = "{version: v1.0, name: main, jobs: [{job: job, steps: [{script: [echo]}]}]}";

/// Events up to one that is wanted, with their places.
async fn heard(stream: &mut SseStream, wanted: impl Fn(&Event) -> bool) -> Vec<(String, Event)> {
    let mut all = Vec::new();
    loop {
        let next = within("an event", SHORT, stream.next()).await.expect("a stream that goes on");
        let next = next.expect("an event before the end");
        let event: Event = serde_json::from_str(&next.data).expect("an event");
        let found = wanted(&event);
        all.push((next.id, event));
        if found {
            return all;
        }
    }
}

async fn listen(client: &Client, after: Option<&str>) -> SseStream {
    let query = EventQuery { after: after.map(Into::into), ..EventQuery::default() };
    client.events(&query).await.expect("the stream")
}

#[tokio::test]
async fn changes_of_projects_and_of_the_fleet_are_news() {
    let server = TestServer::start().await;
    let mut news = listen(server.admin(), None).await;
    let project = server.project("NEWS").await;
    project.push(&[("main.pip.yml", PIPELINE), ("main.yml", WORKFLOW)]).await;
    let all = heard(&mut news, |e| e.kind == "project.updated" && e.project_key == "NEWS").await;
    let place: i64 = all.last().expect("an event").0.parse().expect("what is kept has a place");
    project.succeed("main", RunStart::default()).await;
    let fleet = heard(&mut news, |e| e.kind == "fleet.updated").await;
    let (_, event) = fleet.last().expect("an event");
    assert_eq!((event.id, event.project_key.as_str()), (0, ""));

    // Resumed from there, nothing that is kept is missing or comes twice, and the fleet's words are not in the way.
    let mut again = listen(server.admin(), Some(&place.to_string())).await;
    let ended = |e: &Event| e.kind == "run.updated" && e.status.is_some_and(Status::is_final);
    let all = heard(&mut again, ended).await;
    let kept: Vec<i64> = all.iter().map(|(_, e)| e.id).filter(|id| *id != 0).collect();
    assert!(kept[0] > place && kept.windows(2).all(|two| two[0] < two[1]), "{kept:?}");
}

#[tokio::test]
async fn who_may_not_see_a_project_hears_nothing_of_it() {
    let server = TestServer::start().await;
    let stranger = server.sign_up("stranger", None, None).await;
    let mut theirs = listen(&stranger, None).await;
    let project = server.project("NEWS").await;
    project.push(&[("main.pip.yml", PIPELINE), ("main.yml", WORKFLOW)]).await;
    project.succeed("main", RunStart::default()).await;
    let own = ProjectCreate { key: "OWN".into(), name: "own".into(), ..ProjectCreate::default() };
    stranger.project_create(&own).await.expect("a project");
    Project::new(stranger.clone(), "OWN").push(&[("main.pip.yml", PIPELINE), ("main.yml", WORKFLOW)]).await;
    let all = heard(&mut theirs, |e| e.project_key == "OWN").await;
    let foreign: Vec<_> = all.iter().filter(|(_, e)| e.project_key == "NEWS").collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}
