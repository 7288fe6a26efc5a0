//! Tokens inside `{{ … }}`.

use super::InterpolateError;

/// One token of an action.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// `.a.b-c`: the name without its leading point; empty for `.` alone.
    Var(String),
    /// A helper, a keyword, `true`, `false` or `nil`.
    Word(String),
    /// A string between double quotes or back quotes.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// `|`
    Pipe,
    /// `(`
    Open,
    /// `)`
    Close,
}

/// A lexed action.
#[derive(Debug)]
pub(crate) struct Action {
    /// The tokens with the line each stands on.
    pub(crate) tokens: Vec<(Token, u32)>,
    /// Offset of the first byte after `}}`.
    pub(crate) end: usize,
    /// `{{- `: white space before the action goes away.
    pub(crate) trim_left: bool,
    /// ` -}}`: white space after the action goes away.
    pub(crate) trim_right: bool,
}

fn name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-' || c == 'µ'
}

/// Lexes the action whose `{{` stands at `start`; `line` is the line of that place.
pub(crate) fn action(text: &str, start: usize, line: u32) -> Result<Action, InterpolateError> {
    let mut lexer = Lexer { text, at: start + 2, line };
    let after = lexer.rest();
    let trim_left = after.starts_with('-') && after[1..].starts_with(char::is_whitespace);
    if trim_left {
        lexer.at += 1;
    }
    let mut tokens = Vec::new();
    if lexer.skip_comment(trim_left)? {
        // A comment is an action without tokens; only its trim marks matter.
    }
    loop {
        lexer.skip_blanks();
        let line = lexer.line;
        let rest = lexer.rest();
        if rest.starts_with("}}") {
            return Ok(Action { tokens, end: lexer.at + 2, trim_left, trim_right: false });
        }
        if rest.starts_with("-}}") && lexer.text[..lexer.at].ends_with(char::is_whitespace) {
            return Ok(Action { tokens, end: lexer.at + 3, trim_left, trim_right: true });
        }
        let token = lexer.token()?;
        tokens.push((token, line));
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error<T>(&self, what: impl Into<String>) -> Result<T, InterpolateError> {
        Err(InterpolateError::Format { line: self.line, what: what.into() })
    }

    fn skip_blanks(&mut self) {
        while let Some(c) = self.rest().chars().next().filter(|c| c.is_whitespace()) {
            self.line += u32::from(c == '\n');
            self.at += c.len_utf8();
        }
    }

    fn skip_comment(&mut self, trimmed: bool) -> Result<bool, InterpolateError> {
        if trimmed {
            self.skip_blanks();
        }
        if !self.rest().starts_with("/*") {
            return Ok(false);
        }
        let Some(length) = self.rest().find("*/") else {
            return self.error("a comment `{{/*` is not closed: end it with `*/}}`");
        };
        self.line += self.rest()[..length].matches('\n').count() as u32;
        self.at += length + 2;
        if !self.rest().trim_start().trim_start_matches('-').starts_with("}}") {
            return self.error("a comment must be alone between `{{` and `}}`");
        }
        Ok(true)
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn token(&mut self) -> Result<Token, InterpolateError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return self.error(
                "`{{` is not closed by `}}`: close it, or write `{{\"{{\"}}` where two braces are meant as text",
            );
        };
        let single = match first {
            '|' => Some(Token::Pipe),
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            _ => None,
        };
        if let Some(token) = single {
            self.at += 1;
            return Ok(token);
        }
        match first {
            '"' => self.quoted(),
            '`' => match rest[1..].find('`') {
                Some(length) => {
                    let text = &rest[1..1 + length];
                    self.line += text.matches('\n').count() as u32;
                    self.at += length + 2;
                    Ok(Token::Text(text.to_owned()))
                }
                None => self.error("a text that begins with ` has no closing `"),
            },
            '.' => {
                self.at += 1;
                let name = self.take_while(|c| name_char(c) || c == '.');
                Ok(Token::Var(name.to_owned()))
            }
            '0'..='9' | '+' | '-' => self.number(),
            c if c.is_alphabetic() || c == '_' => {
                Ok(Token::Word(self.take_while(|c| c.is_alphanumeric() || c == '_').to_owned()))
            }
            '$' => self.error(
                "template variables (`$x`) are not supported: use the variables of the run, as in `{{.cds.version}}`",
            ),
            c => self.error(format!(
                "unexpected {c:?} between `{{{{` and `}}}}`: put texts in double quotes, \
                 or write `{{{{\"{{{{\"}}}}` where two braces are meant as text"
            )),
        }
    }

    fn number(&mut self) -> Result<Token, InterpolateError> {
        let text = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_'));
        let digits = text.trim_start_matches(['+', '-']);
        let int = match digits.get(..2) {
            Some("0x" | "0X") => i64::from_str_radix(&digits[2..], 16)
                .ok()
                .map(|n| if text.starts_with('-') { n.wrapping_neg() } else { n }),
            _ => text.parse().ok(),
        };
        let plain = digits.starts_with(|c: char| c.is_ascii_digit());
        match (int, text.parse::<f64>()) {
            (Some(int), _) => Ok(Token::Int(int)),
            (None, Ok(float)) if plain && float.is_finite() => Ok(Token::Float(float)),
            _ => self.error(format!("`{text}` is not a number: put texts in double quotes")),
        }
    }

    /// A string in double quotes with the escapes of Go.
    fn quoted(&mut self) -> Result<Token, InterpolateError> {
        let mut out = Vec::new();
        self.at += 1;
        loop {
            let mut chars = self.rest().chars();
            let c = match chars.next() {
                None | Some('\n') => {
                    return self.error("a text that begins with \" has no closing \" on its line");
                }
                Some(c) => c,
            };
            self.at += c.len_utf8();
            match c {
                '"' => break,
                '\\' => self.escape(&mut out)?,
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        // `\xff` may give bytes that are no UTF-8; our texts are UTF-8.
        Ok(Token::Text(String::from_utf8_lossy(&out).into_owned()))
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), InterpolateError> {
        let Some(c) = self.rest().chars().next() else {
            return self.error("a text ends in the middle of an escape sequence");
        };
        self.at += c.len_utf8();
        let mut push = |c: char| out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        match c {
            'a' => push('\x07'),
            'b' => push('\x08'),
            'f' => push('\x0c'),
            'n' => push('\n'),
            'r' => push('\r'),
            't' => push('\t'),
            'v' => push('\x0b'),
            '\\' | '"' => push(c),
            'x' => out.push(self.code(2, 16)? as u8),
            '0'..='7' => {
                self.at -= 1;
                out.push(self.code(3, 8)? as u8);
            }
            'u' | 'U' => match char::from_u32(self.code(if c == 'u' { 4 } else { 8 }, 16)?) {
                Some(c) => push(c),
                None => return self.error("an escape sequence names no character"),
            },
            c => {
                return self
                    .error(format!("unknown escape sequence \\{c} in a text: write \\\\ for a backslash"));
            }
        }
        Ok(())
    }

    fn code(&mut self, digits: usize, radix: u32) -> Result<u32, InterpolateError> {
        let code = self.rest().get(..digits).filter(|text| text.chars().all(|c| c.is_digit(radix)));
        match code.and_then(|text| u32::from_str_radix(text, radix).ok()) {
            Some(code) => {
                self.at += digits;
                Ok(code)
            }
            None => self.error(format!("an escape sequence needs {digits} digits")),
        }
    }
}
