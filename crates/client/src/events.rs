//! Streams of server-sent events.

pub use crate::sse::SseEvent;
use crate::{
    Client, ClientError, Download,
    sse::{LIMIT, Parser},
};
use reqwest::{Method, header};

/// Events as they come.
pub struct SseStream {
    source: Download,
    parser: Parser,
}

impl SseStream {
    /// Reads events from an answer.
    pub fn new(source: Download) -> Self {
        Self { source, parser: Parser::default() }
    }

    /// The next event; `None` when the server has closed the stream. Safe to drop while it waits.
    pub async fn next(&mut self) -> Result<Option<SseEvent>, ClientError> {
        loop {
            if let Some(event) = self.parser.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(piece) = self.source.chunk().await? else { return Ok(None) };
            if !self.parser.feed(&piece) {
                return Err(ClientError::Decode {
                    url: "the event stream".into(),
                    why: format!("an event is longer than {LIMIT} bytes"),
                });
            }
        }
    }
}

/// Which events to hear of; empty = all that the caller may.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Only of this project.
    pub project: Option<String>,
    /// Only of this workflow.
    pub workflow: Option<String>,
    /// Only of this run.
    pub number: Option<i64>,
    /// Last event seen; later ones are sent at once.
    pub after: Option<String>,
}

impl Client {
    /// What happens, as it happens; data are [`cds_api::runs::Event`].
    pub async fn events(&self, query: &EventQuery) -> Result<SseStream, ClientError> {
        let mut call = self
            .call(Method::GET, "/v1/events")
            .query_opt("project", query.project.as_deref())
            .query_opt("workflow", query.workflow.as_deref())
            .query_opt("number", query.number)
            .timeout(None);
        if let Some(after) = &query.after {
            call = call.header(header::HeaderName::from_static("last-event-id"), after);
        }
        Ok(SseStream::new(call.send_download().await?))
    }
}
