//! A few lines of a terminal that are drawn again and again in the same place.

use std::io::Write;

/// Draws on standard output, which must be a terminal; remembers how much it has drawn.
#[derive(Debug, Default)]
pub struct Screen {
    drawn: usize,
}

/// Columns and lines of the terminal behind standard output.
fn size() -> (usize, usize) {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(std::io::stdout())
        && size.ws_col > 0
        && size.ws_row > 0
    {
        return (usize::from(size.ws_col), usize::from(size.ws_row));
    }
    (80, 24)
}

impl Screen {
    /// Replaces what was drawn before. Lines are cut to the terminal's width, and to its height from above.
    pub fn draw(&mut self, text: &str) {
        let (columns, rows) = size();
        let lines: Vec<&str> = text.lines().collect();
        // The first line names the run; of the rest the end matters most.
        let room = rows.saturating_sub(1).max(2);
        let skip = lines.len().saturating_sub(room);
        let kept = lines.iter().enumerate().filter(|(i, _)| *i == 0 || *i > skip).map(|(_, l)| l);
        let mut out = String::new();
        if self.drawn > 0 {
            out.push_str(&format!("\x1b[{}A\r", self.drawn));
        }
        out.push_str("\x1b[J");
        self.drawn = 0;
        for line in kept {
            out.push_str(&cut(line, columns));
            out.push('\n');
            self.drawn += 1;
        }
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(out.as_bytes()).and_then(|()| stdout.flush());
    }
}

impl Screen {
    /// Prints lines that stay where what was drawn has been; the next drawing comes below them.
    pub fn above(&mut self, text: &str) {
        let up = if self.drawn > 0 { format!("\x1b[{}A\r", self.drawn) } else { String::new() };
        self.drawn = 0;
        let mut stdout = std::io::stdout().lock();
        let _ = write!(stdout, "{up}\x1b[J{text}").and_then(|()| stdout.flush());
    }
}

/// At most `columns` visible characters; escape sequences have no width.
fn cut(line: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut width = 0;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            out.push(c);
            for c in chars.by_ref() {
                out.push(c);
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
            continue;
        }
        if width == columns {
            out.push_str("\x1b[0m");
            break;
        }
        width += 1;
        out.push(c);
    }
    out
}

/// Text of a log line that is safe to show: no control characters that would move the cursor.
pub fn harmless(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\t' => out.push_str("    "),
            '\x1b' => {
                // A sequence of colours or cursor moves ends with a letter.
                if chars.next_if_eq(&'[').is_some() {
                    while chars.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
                    chars.next();
                }
            }
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_counts_what_is_seen() {
        assert_eq!(cut("\x1b[31mabc\x1b[0mdef", 4), "\x1b[31mabc\x1b[0md\x1b[0m");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn logs_cannot_move_the_cursor() {
        assert_eq!(harmless("a\x1b[2Jb\x1b[31mc\td\x07\r"), "abc    d");
        assert_eq!(harmless("x\x1b"), "x");
    }
}
