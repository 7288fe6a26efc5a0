//! Why a provider could not do something.

/// Four kinds, because a hatchery can do four things about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// May work next time: a lost connection, a busy system.
    #[error("{0}")]
    Transient(String),
    /// No room: offer less until something ends.
    #[error("no room for another worker: {0}")]
    Full(String),
    /// This order can never be met; another may.
    #[error("the order cannot be met: {0}")]
    Invalid(String),
    /// Nothing will work until a person mends it: wrong credentials, missing program.
    #[error("refused: {0}")]
    Denied(String),
}

impl ProviderError {
    /// The kind in one word, for metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            ProviderError::Transient(_) => "transient",
            ProviderError::Full(_) => "full",
            ProviderError::Invalid(_) => "invalid",
            ProviderError::Denied(_) => "denied",
        }
    }
}
