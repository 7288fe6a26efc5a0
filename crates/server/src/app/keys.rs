//! Key pairs of projects, applications and environments (spec 3.11).

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rand::Rng;

/// A fresh key pair.
pub struct Generated {
    /// `ssh` or `pgp`.
    pub kind: &'static str,
    /// Public part: an `authorized_keys` line, or armored OpenPGP.
    pub public: String,
    /// Private part: PEM, or armored OpenPGP.
    pub private: String,
    /// Short id of a pgp key, else empty.
    pub id: String,
}

/// Generates a key of a type: `ssh` (or `ssh-ed25519`), `ssh-rsa`, `pgp`. Takes up to a second or two: call it
/// where blocking is allowed.
///
/// # Errors
/// The type is unknown, or a pgp key is asked for where `gpg` is not installed.
pub fn generate(kind: &str, name: &str, project: &str) -> Result<Generated, String> {
    match kind {
        "ssh" | "ssh-ed25519" | "ed25519" => ed25519(name),
        "ssh-rsa" | "rsa" => rsa(name),
        "pgp" => pgp(name, project),
        other => Err(format!("Unknown key type '{other}': use ssh, ssh-rsa or pgp")),
    }
}

fn ssh_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        // Base64 is ASCII, so any cut is a character border.
        out.push_str(std::str::from_utf8(line).unwrap_or_default());
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

fn ed25519(name: &str) -> Result<Generated, String> {
    let mut seed = [0u8; 32];
    rand::rng().fill_bytes(&mut seed);
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|e| e.to_string())?;
    let public = pair.public_key().as_ref().to_vec();
    let mut blob = Vec::new();
    ssh_string(&mut blob, b"ssh-ed25519");
    ssh_string(&mut blob, &public);
    // OpenSSH's own container, unencrypted (PROTOCOL.key): cipher, kdf, kdf options, key count, public, private.
    let comment = format!("{name}@cds");
    let mut private = Vec::new();
    let check = rand::rng().next_u32().to_be_bytes();
    private.extend_from_slice(&check);
    private.extend_from_slice(&check);
    ssh_string(&mut private, b"ssh-ed25519");
    ssh_string(&mut private, &public);
    ssh_string(&mut private, &[&seed[..], &public[..]].concat());
    ssh_string(&mut private, comment.as_bytes());
    let mut pad = 1u8;
    while private.len() % 8 != 0 {
        private.push(pad);
        pad += 1;
    }
    let mut file = b"openssh-key-v1\0".to_vec();
    ssh_string(&mut file, b"none");
    ssh_string(&mut file, b"none");
    ssh_string(&mut file, b"");
    file.extend_from_slice(&1u32.to_be_bytes());
    ssh_string(&mut file, &blob);
    ssh_string(&mut file, &private);
    Ok(Generated {
        kind: "ssh",
        public: format!("ssh-ed25519 {} {comment}", STANDARD.encode(&blob)),
        private: pem("OPENSSH PRIVATE KEY", &file),
        id: String::new(),
    })
}

fn rsa(name: &str) -> Result<Generated, String> {
    let pair = KeyPair::generate(KeySize::Rsa4096).map_err(|e| e.to_string())?;
    let pkcs8 = AsDer::<Pkcs8V1Der>::as_der(&pair).map_err(|e| e.to_string())?;
    let pkcs1 = pkcs8_inner(pkcs8.as_ref()).ok_or("the generated key has an unexpected form")?;
    let public = rsa_public(pkcs1).ok_or("the generated key has an unexpected form")?;
    Ok(Generated {
        kind: "ssh",
        public: format!("{public} {name}@cds"),
        private: pem("RSA PRIVATE KEY", pkcs1),
        id: String::new(),
    })
}

/// One DER element: its tag, its content, what follows it.
fn der(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (first as usize, rest)
    } else {
        let count = (first & 0x7f) as usize;
        let (digits, rest) = rest.split_at_checked(count)?;
        (digits.iter().fold(0usize, |n, b| (n << 8) | *b as usize), rest)
    };
    let (content, after) = rest.split_at_checked(len)?;
    Some((tag, content, after))
}

/// The PKCS#1 key inside a PKCS#8 document (RFC 5208): version, algorithm, OCTET STRING.
fn pkcs8_inner(doc: &[u8]) -> Option<&[u8]> {
    let (_, body, _) = der(doc)?;
    let (_, _, rest) = der(body)?;
    let (_, _, rest) = der(rest)?;
    let (tag, key, _) = der(rest)?;
    (tag == 4).then_some(key)
}

/// Modulus and public exponent of a PKCS#1 private key, as DER integers (a leading zero is kept, as ssh wants it).
fn rsa_numbers(pkcs1: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, body, _) = der(pkcs1)?;
    let (_, _, rest) = der(body)?;
    let (_, n, rest) = der(rest)?;
    let (_, e, _) = der(rest)?;
    Some((n, e))
}

/// `ssh-rsa AAAA…` of a PKCS#1 private key.
pub(super) fn rsa_public(pkcs1: &[u8]) -> Option<String> {
    let (n, e) = rsa_numbers(pkcs1)?;
    let mut blob = Vec::new();
    ssh_string(&mut blob, b"ssh-rsa");
    ssh_string(&mut blob, e);
    ssh_string(&mut blob, n);
    Some(format!("ssh-rsa {}", STANDARD.encode(&blob)))
}

fn pgp(name: &str, project: &str) -> Result<Generated, String> {
    in_gpg_home(|gpg| {
        let uid = format!("{name} ({name} generated by CDS) <noreply+cds-{project}-{name}@localhost.local>");
        gpg(&["--quick-generate-key", &uid, "rsa3072", "default", "never"])?;
        let private = String::from_utf8_lossy(&gpg(&["--armor", "--export-secret-keys"])?).into_owned();
        pgp_of(gpg, private)
    })
}

/// The key pair of an armored OpenPGP private key.
pub(super) fn import_pgp(private: &str) -> Result<Generated, String> {
    if !private.contains("-----BEGIN PGP PRIVATE KEY BLOCK-----") {
        return Err("the private key must be an armored 'BEGIN PGP PRIVATE KEY BLOCK'".into());
    }
    let file = std::env::temp_dir().join(format!("cds-gpg-{}.asc", uuid::Uuid::now_v7()));
    let result = private_file(&file, private.as_bytes()).map_err(|e| e.to_string()).and_then(|()| {
        in_gpg_home(|gpg| {
            gpg(&["--import", &file.to_string_lossy()])?;
            pgp_of(gpg, private.to_string())
        })
    });
    let _ = std::fs::remove_file(&file);
    result
}

/// Writes a file that nobody else may read.
fn private_file(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

fn pgp_of(gpg: Gpg<'_>, private: String) -> Result<Generated, String> {
    let public = String::from_utf8_lossy(&gpg(&["--armor", "--export"])?).into_owned();
    let long = super::gpg::key_id(&public)?;
    Ok(Generated { kind: "pgp", public, private, id: long[long.len() - 8..].to_string() })
}

/// Runs `gpg` with arguments; what it wrote.
type Gpg<'a> = &'a dyn Fn(&[&str]) -> Result<Vec<u8>, String>;

/// OpenPGP keys are handled by `gpg` in a home of its own that is removed afterwards.
fn in_gpg_home(work: impl FnOnce(Gpg<'_>) -> Result<Generated, String>) -> Result<Generated, String> {
    use std::process::{Command, Stdio};
    let home = super::gpg_home::fresh();
    std::fs::create_dir_all(&home).map_err(|e| e.to_string())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).map_err(|e| e.to_string())?;
    }
    let result = {
        let gpg = |args: &[&str]| -> Result<Vec<u8>, String> {
            let out = Command::new("gpg")
                .arg("--homedir")
                .arg(&home)
                .args(["--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""])
                .args(args)
                .stdin(Stdio::null())
                .output()
                .map_err(|e| format!("a pgp key needs the program 'gpg' on the server: {e}"))?;
            if !out.status.success() {
                return Err(format!("gpg failed: {}", String::from_utf8_lossy(&out.stderr).trim()));
            }
            Ok(out.stdout)
        };
        work(&gpg)
    };
    super::gpg_home::remove(&home);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// What ssh-keygen derives from the private part must be the public part.
    fn agrees(kind: &str, begins: &str) {
        let key = generate(kind, "proj-ssh-shop", "SHOP").unwrap();
        assert!(key.private.starts_with(begins), "{}", &key.private[..40]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, &key.private).unwrap();
        std::os::unix::fs::PermissionsExt::set_mode(
            &mut std::fs::metadata(&path).unwrap().permissions(),
            0o600,
        );
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let out = Command::new("ssh-keygen").arg("-y").arg("-f").arg(&path).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let derived = String::from_utf8(out.stdout).unwrap();
        let body = |s: &str| s.split(' ').nth(1).unwrap_or_default().trim().to_string();
        assert_eq!(body(&derived), body(&key.public));
    }

    #[test]
    fn ed25519_is_read_by_openssh() {
        agrees("ssh", "-----BEGIN OPENSSH PRIVATE KEY-----");
    }

    #[test]
    fn rsa_is_pkcs1_and_read_by_openssh() {
        agrees("ssh-rsa", "-----BEGIN RSA PRIVATE KEY-----");
    }

    #[test]
    fn an_unknown_type_says_which_there_are() {
        assert!(generate("dsa", "x", "P").err().unwrap().contains("ssh-rsa"));
    }
}
