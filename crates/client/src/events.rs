//! Streams of server-sent events.

use crate::{Client, ClientError, Download};
use reqwest::{Method, header};
use std::collections::VecDeque;

/// Longest event that is taken, bytes; a stream without line ends is not ours.
const LIMIT: usize = 8 << 20;

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// Where to resume; empty if the event carries none.
    pub id: String,
    /// Type; `message` if none was named.
    pub event: String,
    /// Lines of data, joined by line ends.
    pub data: String,
}

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

#[derive(Default)]
struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    current: SseEvent,
    has_data: bool,
    ready: VecDeque<SseEvent>,
}

impl Parser {
    /// False if the current event is too long.
    fn feed(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            let after_cr = std::mem::take(&mut self.after_cr);
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.take_line(&String::from_utf8_lossy(&line));
                }
                _ => self.line.push(byte),
            }
        }
        self.line.len() + self.current.data.len() <= LIMIT
    }

    fn take_line(&mut self, line: &str) {
        if line.is_empty() {
            let mut event = std::mem::take(&mut self.current);
            if std::mem::take(&mut self.has_data) || !event.event.is_empty() {
                if event.event.is_empty() {
                    event.event.push_str("message");
                }
                self.ready.push_back(event);
            }
            return;
        }
        // A line that begins with a colon is a comment: it keeps the connection alive.
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => self.current.id = value.to_string(),
            "event" => self.current.event = value.to_string(),
            "data" => {
                if self.has_data {
                    self.current.data.push('\n');
                }
                self.has_data = true;
                self.current.data.push_str(value);
            }
            _ => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pieces: &[&str]) -> Vec<SseEvent> {
        let mut parser = Parser::default();
        for piece in pieces {
            assert!(parser.feed(piece.as_bytes()));
        }
        parser.ready.into()
    }

    #[test]
    fn events_whatever_the_pieces() {
        let text = ": hello\r\n\r\nid: 7\nevent: bytes\ndata: {\"a\":\ndata: 1}\n\ndata:x\r\n\r\nevent: end\n\nid: 9\n\n";
        let whole = parse(&[text]);
        let event = |id: &str, event: &str, data: &str| SseEvent {
            id: id.into(),
            event: event.into(),
            data: data.into(),
        };
        assert_eq!(
            whole,
            [event("7", "bytes", "{\"a\":\n1}"), event("", "message", "x"), event("", "end", "")]
        );
        let singles: Vec<String> = text.chars().map(String::from).collect();
        assert_eq!(parse(&singles.iter().map(String::as_str).collect::<Vec<_>>()), whole);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = Parser::default();
        assert!(!parser.feed(&vec![b'x'; LIMIT + 1]));
    }
}
