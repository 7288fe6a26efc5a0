//! Streams of events, as clients read them.

use crate::choose;

#[path = "../../crates/client/src/sse.rs"]
mod sse;

/// The first byte says how the rest is cut; the cuts must make no difference.
pub fn events(data: &[u8]) {
    let (size, stream) = choose(data, 31);
    let mut whole = sse::Parser::default();
    assert!(whole.feed(stream), "{} bytes are too many", stream.len());
    let mut cut = sse::Parser::default();
    for piece in stream.chunks(size + 1) {
        assert!(cut.feed(piece));
    }
    assert_eq!(whole.ready, cut.ready);
    for event in &whole.ready {
        assert!(!event.event.is_empty(), "{event:?} has no type");
        assert!(!event.event.contains(['\n', '\r']) && !event.id.contains(['\n', '\r']), "{event:?}");
        // What was read can be sent on, and is then read as the same.
        let mut text = format!("id: {}\nevent: {}\n", event.id, event.event);
        event.data.split('\n').for_each(|line| text.push_str(&format!("data: {line}\n")));
        let mut again = sse::Parser::default();
        assert!(again.feed(format!("{text}\n").as_bytes()));
        assert_eq!(again.ready.pop_front().as_ref(), Some(event));
    }
}
