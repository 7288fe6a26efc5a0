//! The text of a stream of server-sent events, taken apart.

use std::collections::VecDeque;

/// Longest event that is taken, bytes; a stream without line ends is not ours.
pub const LIMIT: usize = 8 << 20;

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

/// Takes the bytes of a stream and makes events of them.
#[derive(Default)]
pub struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    current: SseEvent,
    has_data: bool,
    /// Events that are complete.
    pub ready: VecDeque<SseEvent>,
}

impl Parser {
    /// Takes the next bytes. False if the current event is too long.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
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
