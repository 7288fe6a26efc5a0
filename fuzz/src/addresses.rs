//! The address of a PostgreSQL database.

use crate::text;

#[allow(dead_code)]
#[path = "../../crates/store/src/postgres/address.rs"]
mod address;

/// Files of authorities are read elsewhere.
mod tls {
    use std::path::Path;

    #[derive(Clone, Copy, Debug)]
    pub enum Proof {
        None,
        Authority,
        Host,
    }

    #[derive(Clone, Debug)]
    pub struct Connector;

    impl Connector {
        pub fn new(proof: Proof, roots: Option<&Path>) -> Result<Self, String> {
            match (proof, roots) {
                (Proof::None, Some(_)) => Err("authorities nobody looks at".into()),
                _ => Ok(Self),
            }
        }
    }
}

const PASSWORD: &str = "hunter2HUNTER2";

/// An address, as it is and as what follows a password: neither what is shown of it nor a refusal tells that.
pub fn addresses(data: &[u8]) {
    let text = text(data);
    let _ = address::shown(text);
    let _ = address::Address::parse(text);
    // Who calls a host by the password has shown it.
    if text.contains(PASSWORD) {
        return;
    }
    for url in [
        format!("postgres://user:{PASSWORD}@{text}"),
        format!("postgres://host/name?password={PASSWORD}&{text}"),
        format!("postgres://host/name?{text}&password={PASSWORD}"),
    ] {
        let shown = address::shown(&url);
        assert!(!shown.contains(PASSWORD), "{shown} shows the password of {url}");
        match address::Address::parse(&url) {
            Ok(address) => assert!(!address.patient(std::time::Duration::ZERO).session().is_empty()),
            Err(error) => {
                assert!(!error.is_empty());
                assert!(!error.contains(PASSWORD), "{error} tells the password of {url}");
            }
        }
    }
}
