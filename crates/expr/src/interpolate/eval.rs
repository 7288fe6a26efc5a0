//! Rendering: literal texts, expressions, `{{if}}` blocks.

use super::examine::{self, Plain};
use super::lex::{self, Action, Token};
use super::parse::{self, Operand, Pipeline};
use super::{Data, InterpolateError, Value, Vars};
use crate::helpers;
use std::rc::Rc;

/// The longest output, in bytes: a short text with nested `repeat` or `replace` must not fill the memory.
const MAX_OUTPUT: usize = 64 << 20;

/// What expressions see.
pub(crate) struct Scope<'a> {
    /// The variables.
    pub(crate) vars: &'a dyn Vars,
    /// Whether the value of a variable comes from an event.
    pub(crate) tainted: &'a dyn Fn(&str) -> bool,
}

/// Takes one piece of output, the tainted variable it was made from, and its line in the text.
pub(crate) type Sink<'a> = dyn FnMut(&str, Option<&Rc<str>>, u32) + 'a;

/// Renders a text piece by piece.
pub(crate) fn render(text: &str, scope: &Scope<'_>, out: &mut Sink<'_>) -> Result<(), InterpolateError> {
    Renderer {
        text,
        scope,
        out,
        at: 0,
        line: 1,
        trim_next: false,
        live: true,
        blocks: Vec::new(),
        written: 0,
    }
    .run()
}

/// A block that is open.
enum Block {
    /// A block of somebody else's template: it stays in the text up to its `{{end}}`.
    Foreign,
    /// An `{{if}}` of ours.
    If {
        /// Line of the `{{if}}`.
        line: u32,
        /// Whether a branch was chosen already.
        taken: bool,
        /// Whether the text around the block is written.
        outer_live: bool,
        /// Whether `{{else}}` was seen.
        last: bool,
    },
}

struct Renderer<'a, 's> {
    text: &'a str,
    scope: &'a Scope<'a>,
    out: &'a mut Sink<'s>,
    at: usize,
    line: u32,
    trim_next: bool,
    /// Whether text is written here: not in a branch that is not chosen.
    live: bool,
    blocks: Vec<Block>,
    written: usize,
}

impl<'a> Renderer<'a, '_> {
    fn run(mut self) -> Result<(), InterpolateError> {
        while let Some(offset) = self.text[self.at..].find("{{") {
            let start = self.at + offset;
            let start_line = self.line + newlines(&self.text[self.at..start]);
            self.expression(start, start_line)?;
        }
        self.literal(self.text.len(), false)?;
        match self.blocks.iter().find(|block| matches!(block, Block::If { .. })) {
            Some(Block::If { line, .. }) => Err(InterpolateError::Format {
                line: *line,
                what: "this `{{if}}` is not closed: end it with `{{end}}`".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Handles the expression whose `{{` stands at `start`.
    fn expression(&mut self, start: usize, line: u32) -> Result<(), InterpolateError> {
        let plain = examine::plain(self.text, start);
        match (keyword(&self.text[start + 2..]), self.blocks.last()) {
            ("if", _) => self.open_if(start, line, plain),
            ("range" | "with" | "define" | "block", _) if plain.is_some() => {
                self.blocks.push(Block::Foreign);
                self.foreign(start, line, plain)
            }
            (word @ ("else" | "end"), Some(Block::Foreign)) => {
                if word == "end" {
                    self.blocks.pop();
                }
                self.foreign(start, line, plain)
            }
            ("else", Some(Block::If { .. })) => self.turn(start, line),
            ("end", Some(Block::If { .. })) => {
                let action = self.action(start, line)?;
                if action.tokens.len() != 1 {
                    return format_error(line, "nothing may follow `end`: write `{{end}}`");
                }
                if let Some(Block::If { outer_live, .. }) = self.blocks.pop() {
                    self.live = outer_live;
                }
                Ok(())
            }
            _ => self.value(start, line, plain),
        }
    }

    /// A value: kept as it is when it uses unknown names, else evaluated.
    fn value(&mut self, start: usize, line: u32, plain: Option<Plain<'_>>) -> Result<(), InterpolateError> {
        if let Some(plain) = &plain {
            let names = examine::names(plain.inside);
            if !names.has_default() && !names.known(self.scope.vars) {
                return self.keep(plain.end);
            }
        }
        let action = self.action(start, line)?;
        let comment = action.tokens.is_empty() && self.text[start..action.end].contains("/*");
        if comment || !self.live {
            return Ok(());
        }
        let pipeline = parse::pipeline(&action.tokens, line)?;
        let value = self.scope.pipeline(&pipeline)?;
        self.write(&value.data.print(), value.taint.as_ref(), line)
    }

    fn open_if(&mut self, start: usize, line: u32, plain: Option<Plain<'_>>) -> Result<(), InterpolateError> {
        let lexed = lex::action(self.text, start, line);
        if !lexed.as_ref().is_ok_and(|action| self.ours(action)) {
            self.blocks.push(Block::Foreign);
            return self.foreign(start, line, plain);
        }
        let action = self.action(start, line)?;
        let pipeline = parse::pipeline(&action.tokens[1..], line)?;
        let outer_live = self.live;
        let holds = outer_live && !self.scope.pipeline(&pipeline)?.data.is_empty();
        // Inside a branch that is not chosen no branch is: it counts as taken.
        self.blocks.push(Block::If { line, taken: holds || !outer_live, outer_live, last: false });
        self.live = holds;
        Ok(())
    }

    /// `{{else}}` or `{{else if …}}` of our own block.
    fn turn(&mut self, start: usize, line: u32) -> Result<(), InterpolateError> {
        let action = self.action(start, line)?;
        let condition = match action.tokens.get(1..) {
            None | Some([]) => None,
            Some([(Token::Word(word), _), condition @ ..]) if word == "if" => {
                Some(parse::pipeline(condition, line)?)
            }
            Some(_) => return format_error(line, "after `else` only `if` may follow"),
        };
        let Some(Block::If { line: opened, taken, outer_live, last }) = self.blocks.pop() else {
            return format_error(line, "`{{else}}` without `{{if}}`");
        };
        if last {
            return format_error(line, "a second `{{else}}` in one `{{if}}`");
        }
        let holds = !taken
            && match &condition {
                Some(pipeline) => !self.scope.pipeline(pipeline)?.data.is_empty(),
                None => true,
            };
        let last = condition.is_none();
        self.blocks.push(Block::If { line: opened, taken: taken || holds, outer_live, last });
        self.live = holds;
        Ok(())
    }

    /// Whether an `{{if}}` is ours: it uses variables and all names are known.
    fn ours(&self, action: &Action) -> bool {
        let (mut uses_variable, mut has_default, mut known) = (false, false, true);
        for (token, _) in action.tokens.iter().skip(1) {
            match token {
                Token::Var(name) => {
                    uses_variable = true;
                    known &= self.scope.vars.get(name).is_some();
                }
                Token::Word(word) => {
                    has_default |= matches!(word.as_str(), "default" | "ternary");
                    known &= matches!(word.as_str(), "true" | "false" | "nil")
                        || helpers::is_helper(word)
                        || helpers::is_builtin(word);
                }
                _ => {}
            }
        }
        uses_variable && (known || has_default)
    }

    /// Keeps an expression of somebody else's template.
    fn foreign(&mut self, start: usize, line: u32, plain: Option<Plain<'_>>) -> Result<(), InterpolateError> {
        let end = match plain {
            Some(plain) => plain.end,
            None => lex::action(self.text, start, line)?.end,
        };
        self.keep(end)
    }

    /// Writes everything up to `end` as it is.
    fn keep(&mut self, end: usize) -> Result<(), InterpolateError> {
        self.literal(end, false)
    }

    /// Writes the literal text before an action and steps over the action.
    fn action(&mut self, start: usize, line: u32) -> Result<Action, InterpolateError> {
        let action = lex::action(self.text, start, line)?;
        self.literal(start, action.trim_left)?;
        self.line += newlines(&self.text[start..action.end]);
        self.at = action.end;
        self.trim_next = action.trim_right;
        Ok(action)
    }

    /// Writes the text up to `end` if we are in a chosen branch.
    fn literal(&mut self, end: usize, trim_end: bool) -> Result<(), InterpolateError> {
        let whole = &self.text[self.at..end];
        let mut text = whole;
        if std::mem::take(&mut self.trim_next) {
            text = text.trim_start();
        }
        if trim_end {
            text = text.trim_end();
        }
        let line = self.line;
        self.at = end;
        self.line += newlines(whole);
        if self.live && !text.is_empty() { self.write(text, None, line) } else { Ok(()) }
    }

    fn write(&mut self, text: &str, taint: Option<&Rc<str>>, line: u32) -> Result<(), InterpolateError> {
        self.written += text.len();
        if self.written > MAX_OUTPUT {
            let what = format!("the text becomes longer than {} MiB", MAX_OUTPUT >> 20);
            return Err(InterpolateError::Execute { line, what });
        }
        (self.out)(text, taint, line);
        Ok(())
    }
}

impl Scope<'_> {
    fn pipeline(&self, pipeline: &Pipeline) -> Result<Value, InterpolateError> {
        let mut piped: Option<Value> = None;
        for command in &pipeline.0 {
            let mut args = Vec::with_capacity(command.args.len() + 1);
            for arg in &command.args {
                args.push(self.operand(arg, command.line)?);
            }
            args.extend(piped.take());
            piped = Some(match &command.head {
                Operand::Helper(name) => call(name, args, command.line)?,
                value => self.operand(value, command.line)?,
            });
        }
        Ok(piped.unwrap_or(Value { data: Data::Nil, taint: None }))
    }

    fn operand(&self, operand: &Operand, line: u32) -> Result<Value, InterpolateError> {
        Ok(match operand {
            Operand::Var(name) => match self.vars.get(name) {
                Some(text) => Value {
                    data: Data::Text(text.to_owned()),
                    taint: (self.tainted)(name).then(|| Rc::from(name.as_str())),
                },
                None => Data::Nil.into(),
            },
            Operand::Text(text) => Data::Text(text.clone()).into(),
            Operand::Int(int) => Data::Int(*int).into(),
            Operand::Float(float) => Data::Float(*float).into(),
            Operand::Bool(bool) => Data::Bool(*bool).into(),
            Operand::Nil => Data::Nil.into(),
            Operand::Helper(name) => call(name, Vec::new(), line)?,
            Operand::Group(pipeline) => self.pipeline(pipeline)?,
        })
    }
}

fn call(name: &str, args: Vec<Value>, line: u32) -> Result<Value, InterpolateError> {
    if !helpers::is_helper(name) && !helpers::is_builtin(name) {
        return format_error(line, format!("helper `{name}` does not exist: put texts in double quotes"));
    }
    helpers::call(name, args)
        .map_err(|what| InterpolateError::Execute { line, what: format!("error calling {name}: {what}") })
}

/// The word an action begins with, if it may be a keyword.
fn keyword(inside: &str) -> &str {
    let trimmed = inside.strip_prefix('-').filter(|rest| rest.starts_with(char::is_whitespace));
    let word = trimmed.unwrap_or(inside).trim_start();
    let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
    &word[..end]
}

fn newlines(text: &str) -> u32 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u32
}

fn format_error<T>(line: u32, what: impl Into<String>) -> Result<T, InterpolateError> {
    Err(InterpolateError::Format { line, what: what.into() })
}
