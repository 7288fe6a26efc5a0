//! Lengths of time as people write and read them: `90s`, `15m`, `1h30m`, `2d`.

use std::time::Duration;

/// Units, largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// Longest that is read; a slip of the finger should not be stored as a century.
const LONGEST: Duration = Duration::from_secs(3650 * 86_400);

/// Reads `90s`, `15m`, `1h30m`, `2d`: whole numbers with units, larger units first, each once.
///
/// # Errors
/// What is wrong, and how to write it.
pub fn parse(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is no length of time: write for example 90s, 15m, 1h30m or 2d");
    let mut rest = text.trim();
    if !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("{rest} has no unit: write {rest}s, {rest}m or {rest}h"));
    }
    let (mut total, mut units) = (0u64, UNITS.iter());
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
        let (number, unit) = (&rest[..digits], &rest[digits..digits + letters]);
        let number: u64 = number.parse().map_err(|_| bad())?;
        let (_, ms) = units.find(|(name, _)| *name == unit).ok_or_else(bad)?;
        total = number.checked_mul(*ms).and_then(|n| total.checked_add(n)).ok_or_else(bad)?;
        rest = &rest[digits + letters..];
    }
    let total = Duration::from_millis(total);
    if total > LONGEST { Err(format!("{text} is more than ten years")) } else { Ok(total) }
}

/// The shortest way to write a length of time, to the millisecond; what [`parse`] reads.
pub fn text(time: Duration) -> String {
    let mut left = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, ms) in UNITS {
        // A day and a half is 36h to most people; whole days are days.
        if unit == "d" && !left.is_multiple_of(ms) {
            continue;
        }
        if left >= ms {
            text.push_str(&format!("{}{unit}", left / ms));
            left %= ms;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write() {
        let s = |text: &str| parse(text).map(|d| d.as_secs());
        assert_eq!(s("90s"), Ok(90));
        assert_eq!(s(" 15m "), Ok(900));
        assert_eq!(s("1h30m"), Ok(5400));
        assert_eq!(s("2d"), Ok(172_800));
        assert_eq!(s("0s"), Ok(0));
        for text in [
            "",
            "m",
            "1.5h",
            "-1m",
            "1m1h",
            "1m1m",
            "1 m",
            "1w",
            "1M",
            "1é",
            "99999999999999999999s",
            "9d99999999999999999s",
        ] {
            assert!(parse(text).is_err_and(|e| e.contains("1h30m")), "{text}");
        }
        assert_eq!(parse("30"), Err("30 has no unit: write 30s, 30m or 30h".into()));
        assert!(parse("4000d").is_err_and(|e| e.contains("ten years")));
    }

    #[test]
    fn written_and_read_again() {
        for (ms, want) in [
            (0, "0s"),
            (300, "300ms"),
            (1_500, "1s500ms"),
            (90_000, "1m30s"),
            (86_400_000, "1d"),
            (129_600_000, "36h"),
        ] {
            let time = Duration::from_millis(ms);
            assert_eq!(text(time), want);
            assert_eq!(parse(want), Ok(time));
        }
    }
}
