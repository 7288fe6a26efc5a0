//! The stream of news.

use crate::{
    App,
    auth::{Caller, Identity},
    http::{
        error::{Error, Result},
        extract::Query,
    },
};
use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use cds_api::runs::Event as News;
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Which news.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct EventsQuery {
    /// Only of this project.
    project: Option<String>,
    /// Only of this workflow (with `project`).
    workflow: Option<String>,
    /// Only of this run (with `project` and `workflow`).
    number: Option<i64>,
    /// Resume after this event; `Last-Event-ID` wins.
    after: Option<i64>,
}

impl EventsQuery {
    fn wants(&self, news: &News) -> bool {
        self.project.as_ref().is_none_or(|p| *p == news.project_key)
            && self.workflow.as_ref().is_none_or(|w| *w == news.workflow_name)
            && self.number.is_none_or(|n| Some(n) == news.number)
    }
}

struct Follower {
    app: App,
    caller: Caller,
    query: EventsQuery,
    receiver: Receiver<Arc<News>>,
    /// Events up to here were sent or are not wanted.
    after: i64,
    backlog: VecDeque<Arc<News>>,
    /// Events may be missing from the receiver: read them from the store first.
    behind: bool,
}

/// Most events read at once when catching up.
const PAGE: i64 = 500;

impl Follower {
    /// What names no project says nothing of any.
    async fn may_hear(&self, news: &News) -> bool {
        match (news.project_key.as_str(), news.workflow_name.as_str()) {
            ("", _) => true,
            (key, "") => self.app.may_see_project(&self.caller, key).await,
            (key, workflow) => self.app.may_read(&self.caller, key, workflow).await,
        }
    }

    async fn next(&mut self) -> Option<Arc<News>> {
        loop {
            if let Some(news) = self.backlog.pop_front() {
                self.after = self.after.max(news.id);
                if self.query.wants(&news) && self.may_hear(&news).await {
                    return Some(news);
                }
                continue;
            }
            if self.behind {
                let after = self.after;
                let rows = self.app.store().read(move |tx| cds_store::events::after(tx, after, PAGE)).await;
                let Ok(rows) =
                    rows.inspect_err(|e| tracing::warn!(error = %e, "a stream of events ends early"))
                else {
                    // Going on without them would hide them for ever; whoever resumes the stream gets them.
                    return None;
                };
                self.behind = rows.len() as i64 == PAGE;
                for row in rows {
                    if let Ok(mut news) = serde_json::from_str::<News>(&row.data) {
                        news.id = row.id;
                        self.backlog.push_back(Arc::new(news));
                    }
                    self.after = self.after.max(row.id);
                }
                continue;
            }
            match self.receiver.recv().await {
                // It was read from the store while catching up.
                Ok(news) if news.id != 0 && news.id <= self.after => {}
                Ok(news) => self.backlog.push_back(news),
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// News of runs as they happen. Each event has an id; a client that reconnects with `Last-Event-ID` misses none
/// and gets none twice.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventsQuery), responses((status = 200, content_type = "text/event-stream", body = News)))]
async fn events(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = std::result::Result<Event, Infallible>>>> {
    let Identity::User(caller) = identity else { return Err(Error::unauthorized("sign in first")) };
    let resumed = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    // Subscribed before the store is looked at, so that nothing falls between the two.
    let receiver = app.events().subscribe();
    let (after, behind) = match resumed.or(query.after) {
        Some(after) => (after, true),
        None => (app.store().read(cds_store::events::last).await.map_err(Error::internal)?, false),
    };
    let closing = app.closing();
    let follower = Follower { app, caller, query, receiver, after, backlog: VecDeque::new(), behind };
    let hello = stream::once(async move { Ok(Event::default().comment("connected").id(after.to_string())) });
    let news = stream::unfold(follower, |mut follower| async move {
        let news = follower.next().await?;
        let data = serde_json::to_string(&*news).unwrap_or_default();
        let event = Event::default().event(&news.kind).data(data);
        // What is not kept must not become the place to resume from.
        let event = if news.id == 0 { event } else { event.id(news.id.to_string()) };
        Some((Ok(event), follower))
    })
    .take_until(async move { closing.cancelled().await });
    Ok(Sse::new(hello.chain(news)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
