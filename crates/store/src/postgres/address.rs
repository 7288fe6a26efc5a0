//! `postgres://user:password@host:port/name?sslmode=…`: what the driver understands, and what it does not.

use super::tls::{Connector, Proof};
use std::{path::PathBuf, time::Duration};
use tokio_postgres::{Config, config::SslMode};

/// How long the database may be silent, unless somebody says otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Longest time until a connection is there.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);
/// What the driver takes for an idle time after which it asks whether the other side lives, if nobody says one.
const DRIVERS_IDLE: Duration = Duration::from_secs(2 * 3600);

/// Where the database is, and how to speak with it.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(super) config: Config,
    pub(super) tls: Connector,
    /// A connection that has not answered for so long is given up.
    pub(super) patience: Duration,
}

impl Address {
    /// Reads an address. `sslmode` and `sslrootcert` mean what they mean to libpq, but for `verify-…` without
    /// `sslrootcert`, where the authorities of the machine count.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut rest) = ("prefer".to_string(), None, Vec::new());
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("sslmode", value) => mode = decoded(value)?,
                ("sslrootcert", value) => roots = Some(PathBuf::from(decoded(value)?)),
                _ => rest.push(pair),
            }
        }
        // A file of authorities and no wish to look at it: libpq looks at it nevertheless.
        let (ssl, proof) = match (mode.as_str(), &roots) {
            ("disable", _) => (SslMode::Disable, Proof::None),
            ("allow" | "prefer", _) => (SslMode::Prefer, Proof::None),
            ("require", None) => (SslMode::Require, Proof::None),
            ("require" | "verify-ca", _) => (SslMode::Require, Proof::Authority),
            ("verify-full", _) => (SslMode::Require, Proof::Host),
            (other, _) => {
                return Err(format!(
                    "sslmode '{other}' is none of disable, allow, prefer, require, verify-ca, verify-full"
                ));
            }
        };
        let plain = if rest.is_empty() { base.to_string() } else { format!("{base}?{}", rest.join("&")) };
        let mut config: Config = plain.parse().map_err(|e: tokio_postgres::Error| {
            // The driver's own text leaves out the cause.
            std::error::Error::source(&e).map_or_else(|| e.to_string(), |s| s.to_string())
        })?;
        config.ssl_mode(ssl);
        Ok(Self { config, tls: Connector::new(proof, roots.as_deref())?, patience: PATIENCE }
            .patient(PATIENCE))
    }

    /// With another patience. What the address itself says of the connection's times stays.
    pub(crate) fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience.max(Duration::from_secs(1));
        if self.config.get_keepalives_idle() == DRIVERS_IDLE {
            self.config.keepalives_idle(self.patience / 3);
        }
        if self.config.get_keepalives_interval().is_none() {
            self.config.keepalives_interval((self.patience / 6).max(Duration::from_secs(1)));
        }
        if self.config.get_keepalives_retries().is_none() {
            self.config.keepalives_retries(3);
        }
        self
    }

    /// How long it may take until a connection is ready, with the greetings of TLS and PostgreSQL.
    pub(super) fn connect_limit(&self) -> Duration {
        let limit = self.patience.min(LONGEST_CONNECT);
        self.config.get_connect_timeout().map_or(limit, |given| *given)
    }

    /// What each connection asks of the database: it gives up a statement before we do, and the transaction of
    /// somebody who has gone away without a word, whose locks would hold up every other server.
    pub(super) fn session(&self) -> String {
        let ms = |d: Duration| d.as_millis();
        let s = |d: Duration| d.as_secs().max(1);
        format!(
            "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
             SET tcp_user_timeout = {}; SET tcp_keepalives_idle = {}; SET tcp_keepalives_interval = {}; \
             SET tcp_keepalives_count = 3; ",
            ms(self.patience * 4 / 5),
            ms(self.patience / 3),
            ms(self.patience),
            s(self.patience / 3),
            s(self.patience / 6),
        )
    }
}

/// An address as it may be shown: without what may be a password. That stands before the last '@', or is an option.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_string() };
    // An option may hold an '@' too, and then what follows is the next option.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{}", rest.split(['?', '&']).next().unwrap_or_default())
}

/// Percent-encoding undone.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        match (digit(rest.next()), digit(rest.next())) {
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => return Err(format!("'{text}': after '%' two hexadecimal digits must follow")),
        }
    }
    String::from_utf8(bytes).map_err(|_| format!("'{text}' is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for url in [
            "postgres://u:secret@host:1/db?a=b",
            "postgres://host:1/db?password=secret",
            "postgres://x?a=@host:1/db&password=secret",
            "postgres://u:sec?ret@secret@host:1/db",
        ] {
            assert_eq!(shown(url), "postgres://host:1/db");
        }
    }

    #[test]
    fn modes_of_an_address() {
        let mode = |query: &str| {
            let address = Address::parse(&format!("postgres://u:p@localhost:1/db{query}"))?;
            assert_eq!(address.config.get_dbname(), Some("db"));
            Ok::<_, String>(address.config.get_ssl_mode())
        };
        assert_eq!(mode(""), Ok(SslMode::Prefer));
        assert_eq!(mode("?sslmode=disable"), Ok(SslMode::Disable));
        assert_eq!(mode("?application_name=x&sslmode=require"), Ok(SslMode::Require));
        assert!(mode("?sslmode=yes").unwrap_err().contains("verify-full"));
        assert!(
            mode("?sslmode=verify-ca&sslrootcert=/no/such%20file").unwrap_err().contains("/no/such file")
        );
        assert!(mode("?sslmode=%zz").unwrap_err().contains("hexadecimal"));
        assert!(mode("?colour=blue").unwrap_err().contains("colour"));
    }
}
