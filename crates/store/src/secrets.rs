//! Secrets at rest: AES-256-GCM under a key of each row's own, derived from the master key by HKDF-SHA256.
//! Table, column and row are authenticated, so that a value can't be moved to another place.

use crate::error::{Error, Result};
use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD as B64};
use hkdf::Hkdf;
use sha2::Sha256;
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

const NONCE: usize = 12;

/// The keys secrets are encrypted under. New values take the active key; older keys only decrypt.
#[derive(Clone)]
pub struct MasterKey(Arc<Ring>);

struct Ring {
    active: String,
    keys: BTreeMap<String, [u8; 32]>,
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({} of {})", self.0.active, self.0.keys.len())
    }
}

impl MasterKey {
    /// A ring with one fresh key.
    pub fn generate() -> Self {
        let id = format!("{:08x}", rand::random::<u32>());
        Self(Arc::new(Ring { keys: BTreeMap::from([(id.clone(), rand::random())]), active: id }))
    }

    /// Reads a ring: one `<key id> <base64 of 32 bytes>` a line, the last line is the active key,
    /// lines starting with `#` are comments. `place` is for messages.
    pub fn from_text(place: &str, text: &str) -> Result<Self> {
        let fault = |fault: String| Error::Secret { place: place.to_string(), fault };
        let mut keys = BTreeMap::new();
        let mut active = None;
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, key) = line
                .split_once(char::is_whitespace)
                .ok_or_else(|| fault(format!("line {}: write '<key id> <base64 of 32 bytes>'", n + 1)))?;
            if id.contains(':') {
                return Err(fault(format!("line {}: a key id can't hold ':'", n + 1)));
            }
            let bytes =
                B64.decode(key.trim()).map_err(|e| fault(format!("line {}: not base64: {e}", n + 1)))?;
            let bytes: [u8; 32] = bytes.try_into().map_err(|b: Vec<u8>| {
                fault(format!("line {}: the key has {} bytes instead of 32", n + 1, b.len()))
            })?;
            if keys.insert(id.to_string(), bytes).is_some() {
                return Err(fault(format!("line {}: key id '{id}' is given twice", n + 1)));
            }
            active = Some(id.to_string());
        }
        let active = active.ok_or_else(|| fault("holds no key".into()))?;
        Ok(Self(Arc::new(Ring { active, keys })))
    }

    fn to_text(&self) -> String {
        let mut text = String::from(
            "# Master keys of CDS. Whoever has this file can read every secret; without it all are lost.\n",
        );
        let older = self.0.keys.iter().filter(|(id, _)| **id != self.0.active);
        for (id, key) in older.chain(self.0.keys.get_key_value(&self.0.active)) {
            text.push_str(&format!("{id} {}\n", B64.encode(key)));
        }
        text
    }

    /// Reads the ring from a file, or makes the file (mode 0600) with a fresh key.
    /// A file that everybody may read is refused.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        let place = path.display().to_string();
        let fault = |e: std::io::Error| Error::Secret { place: place.clone(), fault: e.to_string() };
        if !path.exists() {
            let ring = Self::generate();
            let new = ring.write_beside(path).map_err(fault)?;
            // Linking fails if another server was faster; its key counts then. Nobody ever sees half a file.
            let linked = fs::hard_link(&new, path);
            let _ = fs::remove_file(&new);
            match linked {
                Ok(()) => return Ok(ring),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(fault(e)),
            }
        }
        let mode = fs::metadata(path).map_err(fault)?.permissions().mode();
        if mode & 0o007 != 0 {
            let fault = format!("everybody may use it (mode {:o}); chmod 600 it", mode & 0o777);
            return Err(Error::Secret { place, fault });
        }
        Self::from_text(&place, &fs::read_to_string(path).map_err(fault)?)
    }

    /// Adds a fresh key to the file and makes it the active one. Values under older keys stay readable.
    pub fn rotate(path: &Path) -> Result<Self> {
        let fault =
            |e: std::io::Error| Error::Secret { place: path.display().to_string(), fault: e.to_string() };
        let old = Self::load_or_create(path)?;
        let fresh = Self::generate();
        let mut keys = old.0.keys.clone();
        keys.extend(fresh.0.keys.clone());
        let ring = Self(Arc::new(Ring { active: fresh.0.active.clone(), keys }));
        let new = ring.write_beside(path).map_err(fault)?;
        fs::rename(new, path).map_err(fault)?;
        Ok(ring)
    }

    /// Writes the ring to a new private file in the same folder, flushed to disk.
    fn write_beside(&self, path: &Path) -> std::io::Result<PathBuf> {
        let new = path.with_extension(format!("new-{:08x}", rand::random::<u32>()));
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(self.to_text().as_bytes())?;
        file.sync_all()?;
        Ok(new)
    }

    /// Encrypts a value for one column of one row: `v1:<key id>:<base64 of nonce and ciphertext>`.
    pub fn seal(&self, table: &str, column: &str, row: &str, plain: &[u8]) -> Result<String> {
        let fault = |f: &str| Error::Secret { place: format!("{table}.{column} of {row}"), fault: f.into() };
        let id = &self.0.active;
        let cipher = self.cipher(id, table, row).ok_or_else(|| fault("the active key is missing"))?;
        let nonce: [u8; NONCE] = rand::random();
        let aad = aad(table, column, row);
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_| fault("can't be encrypted"))?;
        Ok(format!("v1:{id}:{}", B64.encode([&nonce[..], &sealed].concat())))
    }

    /// Decrypts what [`MasterKey::seal`] made for the same place.
    pub fn open(&self, table: &str, column: &str, row: &str, text: &str) -> Result<Vec<u8>> {
        let fault = |f: String| Error::Secret { place: format!("{table}.{column} of {row}"), fault: f };
        let mut parts = text.splitn(3, ':');
        let (Some("v1"), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(fault("is not in the format v1:<key id>:<data>".into()));
        };
        let cipher = self.cipher(id, table, row).ok_or_else(|| {
            fault(format!("was encrypted under key '{id}', which the key file does not hold"))
        })?;
        let data = B64.decode(data).map_err(|e| fault(format!("is not base64: {e}")))?;
        let (nonce, sealed) =
            data.split_first_chunk::<NONCE>().ok_or_else(|| fault("is too short".into()))?;
        let aad = aad(table, column, row);
        cipher
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map_err(|_| fault("was changed, moved, or encrypted under another master key".into()))
    }

    /// As [`MasterKey::open`], for text.
    pub fn open_text(&self, table: &str, column: &str, row: &str, text: &str) -> Result<String> {
        String::from_utf8(self.open(table, column, row, text)?).map_err(|_| Error::Secret {
            place: format!("{table}.{column} of {row}"),
            fault: "is not UTF-8".into(),
        })
    }

    /// Whether a value is under an older key, and should be written again.
    pub fn is_old(&self, text: &str) -> bool {
        text.split(':').nth(1) != Some(self.0.active.as_str())
    }

    fn cipher(&self, id: &str, table: &str, row: &str) -> Option<Aes256Gcm> {
        let mut key = [0u8; 32];
        let info = aad(id, table, row);
        // 32 bytes are far below what HKDF-SHA256 can give.
        Hkdf::<Sha256>::new(None, self.0.keys.get(id)?).expand(&info, &mut key).ok()?;
        Aes256Gcm::new_from_slice(&key).ok()
    }
}

/// Three texts joined so that no other three give the same bytes.
fn aad(a: &str, b: &str, c: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(a.len() + b.len() + c.len() + 24);
    for part in [a, b, c] {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_only_in_its_place() {
        let key = MasterKey::generate();
        let text = key.seal("variable", "value", "1", b"hunter2").unwrap();
        assert!(text.starts_with("v1:") && !text.contains("hunter2"));
        assert_eq!(key.open("variable", "value", "1", &text).unwrap(), b"hunter2");
        for (t, c, r) in [("key_pair", "value", "1"), ("variable", "name", "1"), ("variable", "value", "2")] {
            assert!(key.open(t, c, r, &text).is_err(), "{t}.{c} {r}");
        }
        assert_ne!(text, key.seal("variable", "value", "1", b"hunter2").unwrap());
        assert!(MasterKey::generate().open("variable", "value", "1", &text).is_err());
        for bad in ["", "v1", "v1:x", "v1:x:y", "v2:a:b", &text[..text.len() - 4]] {
            assert!(key.open("variable", "value", "1", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_older_key_still_opens() {
        let old = MasterKey::generate();
        let text = old.seal("t", "c", "r", b"x").unwrap();
        let ring = format!("{}\nnew {}\n", old.to_text(), B64.encode([7u8; 32]));
        let ring = MasterKey::from_text("keys", &ring).unwrap();
        assert_eq!(ring.open("t", "c", "r", &text).unwrap(), b"x");
        assert!(ring.is_old(&text));
        assert!(!ring.is_old(&ring.seal("t", "c", "r", b"x").unwrap()));
        // The active key stays the active key when the ring is written and read.
        let again = MasterKey::from_text("keys", &ring.to_text()).unwrap();
        assert_eq!(again.0.active, "new");
    }

    #[test]
    fn the_file_is_private_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let key = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = key.seal("t", "c", "r", b"x").unwrap();
        assert_eq!(MasterKey::load_or_create(&path).unwrap().open("t", "c", "r", &text).unwrap(), b"x");
        let rotated = MasterKey::rotate(&path).unwrap();
        assert_eq!(rotated.open("t", "c", "r", &text).unwrap(), b"x");
        assert!(rotated.is_old(&text) && MasterKey::load_or_create(&path).unwrap().is_old(&text));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let fault = MasterKey::load_or_create(&path).unwrap_err().to_string();
        assert!(fault.contains("chmod 600"), "{fault}");
        let faults = [("", "no key"), ("justone", "line 1"), ("a b!", "base64"), ("a AAAA", "3 bytes")];
        for (text, want) in faults {
            let fault = MasterKey::from_text("f", text).unwrap_err().to_string();
            assert!(fault.contains(want), "{fault}");
        }
    }
}
