//! What went wrong, the exit status it gives, and what to do about it (spec client 1.1).

use cds_client::ClientError;
use cds_model::Status;

/// Exit status of wrong usage and of questions that nobody can answer.
const MISUSE: u8 = 1;
/// Exit status of everything else.
const FAILED: u8 = 50;

/// Why a command did not do what it should.
#[derive(Debug)]
pub enum CliError {
    /// The command line is wrong; the command's help is shown first.
    Usage(String),
    /// A question had to be asked and there is no terminal to ask it on.
    Prompt(String),
    /// The server refused or could not be reached; `doing` says what was tried, may be empty.
    Api {
        /// E.g. `cannot add group G on project PK`.
        doing: String,
        /// The refusal.
        source: ClientError,
    },
    /// Anything else.
    Failed(String),
    /// A run that was waited for ended like this.
    RunEnded(Status),
}

impl CliError {
    /// An error with a text of its own.
    pub fn failed(text: impl Into<String>) -> Self {
        CliError::Failed(text.into())
    }
    /// A value that its validator refuses.
    pub fn invalid(name: &str) -> Self {
        CliError::Usage(format!("{name} is invalid"))
    }
    /// Puts what was tried in front of a refusal.
    #[must_use]
    pub fn doing(self, what: &str) -> Self {
        match self {
            CliError::Api { doing, source } if doing.is_empty() => {
                CliError::Api { doing: what.into(), source }
            }
            CliError::Failed(text) => CliError::Failed(format!("{what}: {text}")),
            other => other,
        }
    }
    /// Whether the server says that the object does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, CliError::Api { source, .. } if source.status().is_some_and(|s| s.as_u16() == 404) && ours(source))
    }
    /// Status the process ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            CliError::Usage(_) | CliError::Prompt(_) | CliError::RunEnded(_) => MISUSE,
            CliError::Api { .. } | CliError::Failed(_) => FAILED,
        }
    }
    /// What to try, if the mistake is a common one. `host` is the address in use.
    pub fn hint(&self, host: &str) -> Option<String> {
        let CliError::Api { source, doing } = self else { return None };
        match source {
            // Whoever is signing in knows how to.
            ClientError::Api(f) if f.status.as_u16() == 401 && doing.starts_with("cannot sign in") => None,
            ClientError::Api(f) if f.status.as_u16() == 401 => {
                Some(format!("not signed in, or no longer: `cdsctl login --api-url {host} --username NAME`"))
            }
            ClientError::Api(f) if f.code.starts_with("http_") => Some(format!(
                "{host} does not answer like a CDS API: check the address (`cdsctl context list`)"
            )),
            ClientError::Decode { .. } => {
                Some(format!("{host} does not answer like a CDS API of this version (`cdsctl version`)"))
            }
            ClientError::Connection { .. } | ClientError::Timeout { .. } => Some(format!(
                "is a CDS server running at {host}? `cdsctl context list` shows the known addresses"
            )),
            _ => None,
        }
    }
}

/// Refusals of our servers carry a code of ours.
fn ours(error: &ClientError) -> bool {
    error.api().is_some_and(|f| !f.code.starts_with("http_"))
}

impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CliError::Usage(text) | CliError::Prompt(text) | CliError::Failed(text) => f.write_str(text),
            CliError::RunEnded(status) => write!(f, "the run ended with status {status}"),
            CliError::Api { doing, source } => {
                if !doing.is_empty() {
                    write!(f, "{doing}: ")?;
                }
                match source {
                    ClientError::Api(failure) => {
                        write!(f, "API Error: {}", failure.message)?;
                        if !failure.request_id.is_empty() {
                            write!(f, " (request_id: {})", failure.request_id)?;
                        }
                        for line in &failure.details {
                            write!(f, "\n  {line}")?;
                        }
                        Ok(())
                    }
                    other => write!(f, "Transport Error: {other}"),
                }
            }
        }
    }
}

impl std::error::Error for CliError {}

impl From<ClientError> for CliError {
    fn from(source: ClientError) -> Self {
        CliError::Api { doing: String::new(), source }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        CliError::Failed(error.to_string())
    }
}
