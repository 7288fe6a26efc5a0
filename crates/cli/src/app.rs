//! What every command has at hand: flags of the whole program, the context, the client, the terminal.

use crate::{
    config::{Choice, Context},
    error::CliError,
};
use cds_client::Client;
use cds_model::Secret;
use std::{
    cell::OnceCell,
    io::{BufRead, IsTerminal, Write},
};

/// Flags of the whole program, and what is made from them when it is first needed.
pub(crate) struct App {
    pub(crate) choice: Choice,
    pub(crate) no_interactive: bool,
    verbose: bool,
    context: OnceCell<Context>,
    client: OnceCell<Client>,
}

/// A variable of the environment; an empty one counts as unset.
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

impl App {
    pub(crate) fn new(choice: Choice, no_interactive: bool, verbose: bool) -> Self {
        Self { choice, no_interactive, verbose, context: OnceCell::new(), client: OnceCell::new() }
    }

    /// The context in use.
    pub(crate) fn context(&self) -> Result<&Context, CliError> {
        if let Some(context) = self.context.get() {
            return Ok(context);
        }
        let context = self.choice.resolve(&env)?;
        Ok(self.context.get_or_init(|| context))
    }

    /// The address in use, for hints.
    pub(crate) fn host(&self) -> String {
        self.context().map(|c| c.host.clone()).unwrap_or_default()
    }

    /// The server; made at the first call, since it costs milliseconds.
    pub(crate) fn client(&self) -> Result<&Client, CliError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let context = self.context()?;
        let token = [&context.session, &context.token].into_iter().find(|t| !t.is_empty()).cloned();
        let client = connect(&context.host, token, context.insecure)?;
        Ok(self.client.get_or_init(|| client))
    }

    pub(crate) fn verbose(&self) -> bool {
        self.verbose || self.context.get().is_some_and(|c| c.verbose)
    }

    /// Whether output may be coloured.
    pub(crate) fn colour(&self) -> bool {
        std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
    }

    /// Prints a line.
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        self.print(format!("{}\n", line.as_ref()));
    }

    /// Prints text as it is.
    pub(crate) fn print(&self, text: impl AsRef<[u8]>) {
        let mut out = std::io::stdout().lock();
        if out.write_all(text.as_ref()).and_then(|()| out.flush()).is_err() {
            // Whoever read this has had enough (`| head`).
            std::process::exit(0);
        }
    }

    /// Prints a line that is no result.
    pub(crate) fn warn(&self, line: impl AsRef<str>) {
        let _ = writeln!(std::io::stderr(), "{}", line.as_ref());
    }

    /// Asks yes or no; yes is the default.
    ///
    /// # Errors
    /// There is nobody to ask.
    pub(crate) fn confirm(&self, question: &str) -> Result<bool, CliError> {
        let answer = self.ask(&format!("{question} [Y/n]"))?;
        Ok(matches!(answer.to_ascii_lowercase().as_str(), "" | "y" | "yes"))
    }

    /// Asks for a line.
    ///
    /// # Errors
    /// There is nobody to ask.
    pub(crate) fn ask(&self, question: &str) -> Result<String, CliError> {
        self.need_terminal(question)?;
        let _ = write!(std::io::stderr(), "{question} ");
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(CliError::Prompt(format!("no answer to: {question}")));
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_string())
    }

    /// Asks for a line that is not shown.
    ///
    /// # Errors
    /// There is nobody to ask.
    pub(crate) fn ask_secret(&self, question: &str) -> Result<String, CliError> {
        self.need_terminal(question)?;
        let echo = |on: &str| {
            let _ = std::process::Command::new("stty").arg(on).status();
        };
        echo("-echo");
        let answer = self.ask(question);
        echo("echo");
        let _ = writeln!(std::io::stderr());
        answer
    }

    fn need_terminal(&self, question: &str) -> Result<(), CliError> {
        if self.no_interactive || !std::io::stdin().is_terminal() {
            return Err(CliError::Prompt(format!("no terminal to ask: {question}")));
        }
        Ok(())
    }
}

/// A client of the API at `host`.
pub(crate) fn connect(host: &str, token: Option<String>, insecure: bool) -> Result<Client, CliError> {
    let token = token.map(Secret::new);
    Ok(if insecure { Client::new_insecure(host, token)? } else { Client::new(host, token)? })
}
