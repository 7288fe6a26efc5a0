//! The grid that list commands print, in the layout of the reference's table library (spec client 1.2).

use super::status_colour;
use indexmap::IndexMap;

/// Cells are wrapped on blanks to this many characters, unless one word is longer.
const WRAP: usize = 30;
/// Longer texts are cut to so many characters: `--format json` has all of them.
const MOST: usize = 1_000;

/// Columns by name of the first row's fields, header centred, numbers to the right.
pub fn grid(rows: &[IndexMap<String, String>], colour: bool) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let names: Vec<&String> = first.keys().collect();
    let headers: Vec<String> = names.iter().map(|n| n.to_uppercase().replace('_', " ")).collect();
    let cells: Vec<Vec<Vec<String>>> = rows
        .iter()
        .map(|row| names.iter().map(|n| wrap(row.get(n.as_str()).map_or("", String::as_str))).collect())
        .collect();
    let widths: Vec<usize> = headers
        .iter()
        .enumerate()
        .map(|(i, h)| {
            let of_cells =
                cells.iter().flat_map(|row| &row[i]).map(|line| line.chars().count()).max().unwrap_or(0);
            of_cells.max(h.chars().count())
        })
        .collect();

    let rule: String = widths.iter().map(|w| format!("+{}", "-".repeat(w + 2))).collect::<String>() + "+\n";
    let mut text = rule.clone();
    for (header, &width) in headers.iter().zip(&widths) {
        text.push_str(&format!("| {header:^width$} "));
    }
    text.push_str("|\n");
    text.push_str(&rule);
    for row in &cells {
        let height = row.iter().map(Vec::len).max().unwrap_or(1);
        for line in 0..height {
            for (cell, &width) in row.iter().zip(&widths) {
                let content = cell.get(line).map_or("", String::as_str);
                text.push_str("| ");
                text.push_str(&pad(content, width, colour));
                text.push(' ');
            }
            text.push_str("|\n");
        }
    }
    text.push_str(&rule);
    text
}

fn pad(content: &str, width: usize, colour: bool) -> String {
    let padded = if is_number(content) { format!("{content:>width$}") } else { format!("{content:<width$}") };
    match status_colour(content).filter(|_| colour) {
        Some(on) => padded.replacen(content, &format!("{on}{content}\x1b[0m"), 1),
        None => padded,
    }
}

/// `-1,234.5`, `12`, `80%`.
fn is_number(text: &str) -> bool {
    let text = text.trim();
    let body = text.strip_prefix('-').unwrap_or(text);
    let (body, percent) = match body.strip_suffix('%') {
        Some(rest) => (rest, true),
        None => (body, false),
    };
    let (whole, fraction) = body.split_once('.').map_or((body, None), |(w, f)| (w, Some(f)));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split(',');
    let head = groups.next().unwrap_or("");
    let mut grouped = false;
    let tail_ok = groups.all(|g| {
        grouped = true;
        g.len() == 3 && digits(g)
    });
    let whole_ok = digits(head) && tail_ok && (!grouped || (head.len() <= 3 && !percent));
    whole_ok && fraction.is_none_or(|f| digits(f) || (percent && f.is_empty()))
}

/// A cell in one line. What jobs gave a name may hold anything: a terminal gets no orders from it.
fn shown(text: &str) -> String {
    let plain = |c: char| match c {
        '\n' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    let mut cell: String = text.chars().take(MOST).map(plain).collect();
    if text.chars().nth(MOST).is_some() {
        cell.push('…');
    }
    cell
}

/// Breaks text into lines of at most [`WRAP`] characters so that the squares of what is left free are least.
fn wrap(text: &str) -> Vec<String> {
    let joined = shown(text);
    let words: Vec<&str> = joined.split(' ').collect();
    let lengths: Vec<usize> = words.iter().map(|w| w.chars().count()).collect();
    let limit = joined.chars().count().min(WRAP).max(lengths.iter().copied().max().unwrap_or(0));

    let n = words.len();
    let mut cost = vec![usize::MAX; n + 1];
    let mut next = vec![n; n];
    cost[n] = 0;
    for i in (0..n).rev() {
        let mut length = 0;
        for j in i..n {
            length += lengths[j] + usize::from(j > i);
            if length > limit {
                break;
            }
            // The last line may be short for nothing.
            let free = if j + 1 == n { 0 } else { limit - length };
            let total = (free * free).saturating_add(cost[j + 1]);
            if j + 1 == n || total < cost[i] {
                cost[i] = total;
                next[i] = j + 1;
            }
        }
    }
    let mut lines = Vec::new();
    let mut i = 0;
    while i < n {
        lines.push(words[i..next[i]].join(" "));
        i = next[i];
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_cell_holds_the_grid_stands() {
        let row = |name: &str| IndexMap::from([("name".to_string(), name.to_string())]);
        let long = "a".repeat(70_000);
        let text = grid(&[row(&long), row("red \x1b[31m\u{9b}2J"), row("short")], false);
        let lines: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert!(lines.iter().all(|n| *n == lines[0]) && lines[0] < 1_100, "{lines:?}");
        assert!(text.contains('…') && !text.contains(['\x1b', '\u{9b}']));
    }
}
