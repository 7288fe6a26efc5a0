//! The `Range` header of a request (RFC 9110, 14.1.2).

use std::ops::Range;

/// The bytes that a header asks for of something of `length` bytes; `None` = there are none of them, or it is no such
/// header. Of several ranges none is served.
pub fn of(text: &str, length: u64) -> Option<Range<u64>> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (from, to) {
        ("", last) => length.saturating_sub(number(last)?)..length,
        (from, "") => number(from)?..length,
        (from, to) => number(from)?..number(to)?.saturating_add(1).min(length),
    };
    (range.start < range.end).then_some(range)
}

/// A number of digits only; one that is too large for us is as good as the largest.
fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn ranges() {
        assert_eq!(of("bytes=0-3", 10), Some(0..4));
        assert_eq!(of("bytes=5-", 10), Some(5..10));
        assert_eq!(of("bytes=-2", 10), Some(8..10));
        assert_eq!(of("bytes=-99", 10), Some(0..10));
        assert_eq!(of("bytes=9-99", 10), Some(9..10));
        // "All of it, however long": the largest number there is, and a larger one.
        assert_eq!(of("bytes=4-18446744073709551615", 10), Some(4..10));
        assert_eq!(of("bytes=4-99999999999999999999999", 10), Some(4..10));
        for nothing in
            ["bytes=10-", "bytes=5-4", "bytes=-0", "lines=1-2", "bytes=+1-3", "bytes=-", "bytes=0-1,3-4", ""]
        {
            assert_eq!(of(nothing, 10), None, "{nothing}");
        }
        assert_eq!(of("bytes=0-", 0), None);
    }
}
