//! The "natural" order of mapping keys in canonical output (spec 1.3).

use std::cmp::Ordering;

/// Compares two keys: rune by rune, a non-letter before a letter, runs of digits as numbers, a prefix first.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    for i in 0..a.len().min(b.len()) {
        if a[i] == b[i] {
            continue;
        }
        match (a[i].is_alphabetic(), b[i].is_alphabetic()) {
            (true, true) => return a[i].cmp(&b[i]),
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (false, false) => {}
        }
        // A zero inside a longer number must not be taken for a leading one.
        let inside = (a[i] == '0' || b[i] == '0')
            && a[..i].iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
        let start = i64::from(inside);
        let (an, ai) = run(&a[i..], start);
        let (bn, bi) = run(&b[i..], start);
        return an.cmp(&bn).then(ai.cmp(&bi)).then(a[i].cmp(&b[i]));
    }
    a.len().cmp(&b.len())
}

/// Value and length of the digits at the start.
fn run(chars: &[char], start: i64) -> (i64, usize) {
    let digits = chars.iter().map_while(|c| c.to_digit(10));
    digits.fold((start, 0), |(n, len), d| (n.wrapping_mul(10).wrapping_add(i64::from(d)), len + 1))
}

/// Sorts by key. The order is not transitive (`1-` < `012` < `0A` < `1-`), which library sorts may punish with a
/// panic; inserting by bisection only ever terminates. The plain sort before it makes the result depend on the keys
/// alone, not on the order in which they come.
pub fn sort_natural<T>(mut items: Vec<(String, T)>) -> Vec<(String, T)> {
    items.sort_by(|a, b| a.0.cmp(&b.0));
    let mut sorted: Vec<(String, T)> = Vec::with_capacity(items.len());
    for item in items {
        let place = sorted.partition_point(|s| natural(&s.0, &item.0) != Ordering::Greater);
        sorted.insert(place, item);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples() {
        let keys = ["b", "a10", "a2", "a", "B", "1", "a.b", "_x", "a01", "10", "9", "é"];
        let sorted = sort_natural(keys.iter().map(|k| (k.to_string(), ())).collect());
        let sorted: Vec<&str> = sorted.iter().map(|k| k.0.as_str()).collect();
        assert_eq!(sorted, ["_x", "1", "9", "10", "B", "a", "a.b", "a01", "a2", "a10", "b", "é"]);
    }

    #[test]
    fn the_order_of_arrival_means_nothing() {
        let keys = ["1-", "012", "0A", "A"];
        let sort = |keys: &[&str]| sort_natural(keys.iter().map(|k| (k.to_string(), ())).collect());
        let first = sort(&keys);
        let mut turned = keys;
        for _ in 0..4 {
            turned.rotate_left(1);
            assert_eq!(sort(&turned), first);
        }
    }
}
