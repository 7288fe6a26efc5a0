//! Pipelines: `value | helper arg | helper`.

use super::InterpolateError;
use super::lex::Token;

/// How deep parentheses may be nested.
const MAX_DEPTH: u32 = 50;

/// What stands in a command.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// A variable by its full name.
    Var(String),
    /// A constant text.
    Text(String),
    /// A constant whole number.
    Int(i64),
    /// A constant number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// `nil`
    Nil,
    /// A helper.
    Helper(String),
    /// A pipeline in parentheses.
    Group(Pipeline),
}

/// One command of a pipeline: a value alone, or a helper and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    /// The first operand.
    pub(crate) head: Operand,
    /// The operands after it.
    pub(crate) args: Vec<Operand>,
    /// Line of the command in the text, from 1.
    pub(crate) line: u32,
}

/// Commands from left to right; each gives its value to the next as last argument.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pipeline(pub(crate) Vec<Command>);

/// Parses the tokens of an action; `line` is where the action begins.
pub(crate) fn pipeline(tokens: &[(Token, u32)], line: u32) -> Result<Pipeline, InterpolateError> {
    let mut parser = Parser { tokens, at: 0, line };
    let pipeline = parser.pipeline(0)?;
    match parser.peek() {
        None => Ok(pipeline),
        Some(_) => parser.error("unexpected `)`: it closes nothing"),
    }
}

struct Parser<'a> {
    tokens: &'a [(Token, u32)],
    at: usize,
    line: u32,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Option<&'a Token> {
        let (token, line) = self.tokens.get(self.at)?;
        self.line = *line;
        Some(token)
    }

    fn error<T>(&self, what: impl Into<String>) -> Result<T, InterpolateError> {
        Err(InterpolateError::Format { line: self.line, what: what.into() })
    }

    fn pipeline(&mut self, depth: u32) -> Result<Pipeline, InterpolateError> {
        if depth > MAX_DEPTH {
            return self.error(format!("parentheses are nested deeper than {MAX_DEPTH}"));
        }
        let mut commands = vec![self.command(depth)?];
        while matches!(self.peek(), Some(Token::Pipe)) {
            self.at += 1;
            let command = self.command(depth)?;
            if !matches!(command.head, Operand::Helper(_)) {
                return self.error("after `|` comes the name of a helper, as in `{{.a.b | upper}}`");
            }
            commands.push(command);
        }
        Ok(Pipeline(commands))
    }

    fn command(&mut self, depth: u32) -> Result<Command, InterpolateError> {
        let Some(head) = self.operand(depth)? else {
            return self.error(
                "a value is missing: write a variable as in `{{.a.b}}`, \
                 or `{{\"{{\"}}` where two braces are meant as text",
            );
        };
        let line = self.line;
        let mut args = Vec::new();
        while let Some(arg) = self.operand(depth)? {
            args.push(arg);
        }
        if !args.is_empty() && !matches!(head, Operand::Helper(_)) {
            return self.error("only a helper can have arguments: separate a value from a helper by `|`");
        }
        Ok(Command { head, args, line })
    }

    fn operand(&mut self, depth: u32) -> Result<Option<Operand>, InterpolateError> {
        let operand = match self.peek() {
            None | Some(Token::Pipe | Token::Close) => return Ok(None),
            Some(Token::Var(name)) => Operand::Var(name.clone()),
            Some(Token::Text(text)) => Operand::Text(text.clone()),
            Some(Token::Int(int)) => Operand::Int(*int),
            Some(Token::Float(float)) => Operand::Float(*float),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Operand::Bool(true),
                "false" => Operand::Bool(false),
                "nil" => Operand::Nil,
                "if" | "else" | "end" | "range" | "with" | "define" | "block" | "template" | "break"
                | "continue" => {
                    return self.error(format!(
                        "`{word}` is not supported here: interpolation knows values, helpers and \
                         `{{{{if}}}} {{{{else}}}} {{{{end}}}}`"
                    ));
                }
                _ => Operand::Helper(word.clone()),
            },
            Some(Token::Open) => {
                self.at += 1;
                let inner = self.pipeline(depth + 1)?;
                if !matches!(self.peek(), Some(Token::Close)) {
                    return self.error("`(` is not closed by `)`");
                }
                Operand::Group(inner)
            }
        };
        self.at += 1;
        Ok(Some(operand))
    }
}
