//! Colours of a terminal that a part of a log leaves on (SGR, `ESC [ … m`), so that a reader who begins in the
//! middle shows what a terminal would.

/// What is on; each as the parameters that switch it on.
#[derive(Default)]
struct Style {
    /// Bold, dim, italic, underlined, … reversed, … struck out, by code 1 to 9.
    flags: [bool; 9],
    foreground: String,
    background: String,
}

/// The parameters that bring a fresh terminal into the state that `text` leaves behind; empty = as at the start.
pub fn in_force(text: &[u8]) -> String {
    let mut style = Style::default();
    let mut at = 0;
    while let Some(found) = text[at..].windows(2).position(|w| w == b"\x1b[") {
        let begin = at + found + 2;
        let length =
            text[begin..].iter().take_while(|b| b.is_ascii_digit() || matches!(b, b';' | b':')).count();
        at = begin + length;
        if text.get(at) == Some(&b'm') {
            style.apply(&String::from_utf8_lossy(&text[begin..at]));
        }
    }
    style.parameters()
}

/// The plain codes that say the same as one parameter, which may have parts of its own: `4:3` (a wavy underline),
/// `38:2::1:2:3`.
fn codes_of(parameter: &str) -> Vec<u32> {
    if !parameter.contains(':') {
        return vec![parameter.parse().unwrap_or(0)];
    }
    let parts: Vec<u32> = parameter.split(':').filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [4, 0, ..] => vec![24],
        [4, ..] => vec![4],
        [38 | 48, ..] => parts,
        _ => Vec::new(),
    }
}

impl Style {
    fn apply(&mut self, parameters: &str) {
        let codes: Vec<u32> = parameters.split(';').flat_map(codes_of).collect();
        let mut rest = codes.as_slice();
        while let Some((code, after)) = rest.split_first() {
            rest = after;
            match code {
                0 => *self = Style::default(),
                1..=9 => self.flags[(code - 1) as usize] = true,
                22 => (self.flags[0], self.flags[1]) = (false, false),
                23..=29 => self.flags[(code - 21) as usize] = false,
                30..=37 | 90..=97 => self.foreground = code.to_string(),
                39 => self.foreground.clear(),
                40..=47 | 100..=107 => self.background = code.to_string(),
                49 => self.background.clear(),
                38 | 48 => {
                    let length = match rest.first() {
                        Some(5) => 2,
                        Some(2) => 4,
                        _ => rest.len(),
                    };
                    let (colour, after) = rest.split_at(length.min(rest.len()));
                    rest = after;
                    let words: Vec<String> =
                        std::iter::once(code).chain(colour).map(u32::to_string).collect();
                    let words = words.join(";");
                    if *code == 38 { self.foreground = words } else { self.background = words }
                }
                _ => {}
            }
        }
    }

    fn parameters(self) -> String {
        let flags =
            (1..).zip(self.flags).filter(|(_, on)| *on).map(|(code, _): (u32, bool)| code.to_string());
        let colours = [self.foreground, self.background].into_iter().filter(|c| !c.is_empty());
        flags.chain(colours).collect::<Vec<_>>().join(";")
    }
}

#[cfg(test)]
mod tests {
    use super::in_force;

    #[test]
    fn what_is_left_on() {
        for (text, expected) in [
            ("", ""),
            ("plain", ""),
            ("\x1b[1;31mred and bold\n", "1;31"),
            ("\x1b[31mred\x1b[0m\n", ""),
            ("\x1b[31mred\x1b[m\n", ""),
            ("\x1b[31m\x1b[44m\x1b[39m", "44"),
            ("\x1b[0;32m", "32"),
            ("\x1b[38;5;208;4mx", "4;38;5;208"),
            ("\x1b[48;2;1;2;3m\x1b[1m\x1b[22m", "48;2;1;2;3"),
            ("\x1b[2K\x1b[1Aup", ""),
            ("cut off \x1b[3", ""),
            ("\x1b[38;5m", "38;5"),
            ("\x1b[7;9mreversed and struck", "7;9"),
            ("\x1b[7;9m\x1b[27m", "9"),
            ("\x1b[4:3;1m", "1;4"),
            // In their order: what is reset comes first.
            ("\x1b[31m\x1b[0;4:3m", "4"),
            ("\x1b[4m\x1b[4:0m", ""),
            ("\x1b[38:2::1:2:3m\x1b[48:5:7m", "38;2;1;2;3;48;5;7"),
            ("\x1b[99999999999m\x1b", ""),
        ] {
            assert_eq!(in_force(text.as_bytes()), expected, "{text:?}");
        }
    }
}
