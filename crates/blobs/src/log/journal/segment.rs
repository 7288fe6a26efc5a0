//! A file of the journal: a header, then records.

use super::{
    super::LogError,
    record::{self, HEAD, MARKER, Record},
};
use std::{
    fs::{File, OpenOptions},
    hash::{BuildHasher, Hasher, RandomState},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

const MAGIC: &[u8; 8] = b"CDSJRN1\n";
/// Bytes before the first record.
pub const HEADER: u64 = 32;
/// Read at a time while scanning: more would only take memory.
const WINDOW: usize = 1024 * 1024;

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The segment's number.
    pub segment: u32,
    /// First byte of the record.
    pub at: u32,
    /// Its length, head included.
    pub len: u32,
}

/// An open segment.
pub struct Segment {
    pub number: u32,
    pub path: PathBuf,
    pub file: Arc<File>,
    pub salt: u64,
    /// Where the next record goes.
    pub end: u64,
    /// Known to be on disk up to here.
    pub synced: u64,
    /// Records that are still needed.
    pub live: u64,
    /// The disk failed to take it: nothing in it can be called durable any more.
    pub failed: bool,
}

/// What a scan found.
pub struct Scanned {
    /// End of the last good record.
    pub end: u64,
    /// Bytes before it that belong to no good record.
    pub damaged: u64,
    /// Of the file.
    pub length: u64,
}

fn name(number: u32) -> String {
    format!("{number:08}.seg")
}

/// The number in the name of a segment's file.
pub fn number(file: &str) -> Option<u32> {
    file.strip_suffix(".seg")?.parse().ok()
}

impl Segment {
    /// Makes segment `number` in `dir`.
    pub fn create(dir: &Path, number: u32) -> io::Result<Self> {
        let path = dir.join(name(number));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        // Each hasher of the standard library begins with bits that nobody can foresee.
        let salt = RandomState::new().build_hasher().finish();
        let mut header = Vec::with_capacity(HEADER as usize);
        header.extend(MAGIC);
        header.extend(u64::from(number).to_le_bytes());
        header.extend(salt.to_le_bytes());
        header.extend(record::check(0, &header).to_le_bytes());
        if let Err(e) = file.write_all_at(&header, 0) {
            let _ = std::fs::remove_file(&path);
            return Err(e);
        }
        Ok(Self { number, path, file: Arc::new(file), salt, end: HEADER, synced: 0, live: 0, failed: false })
    }

    /// Opens segment `number` in `dir`; `None` if its header is not one.
    pub fn open(dir: &Path, number: u32) -> io::Result<Option<Self>> {
        let path = dir.join(name(number));
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut header = [0; HEADER as usize];
        match file.read_exact_at(&mut header, 0) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(e),
        }
        let word = |i: usize| header[i..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
        let good = header.starts_with(MAGIC)
            && word(8) == u64::from(number)
            && word(24) == record::check(0, &header[..24]);
        let (file, salt) = (Arc::new(file), word(16));
        Ok(good.then_some(Self { number, path, file, salt, end: HEADER, synced: 0, live: 0, failed: false }))
    }
}

/// Shows every good record of segment `number` to `take`, in order. A damaged one is stepped over.
pub fn scan(
    file: &File,
    number: u32,
    salt: u64,
    mut take: impl FnMut(Place, Record<'_>),
) -> io::Result<Scanned> {
    let length = file.metadata()?.len();
    let mut window = Window { file, length, bytes: Vec::new(), base: 0 };
    let mut found = Scanned { end: HEADER, damaged: 0, length };
    let mut at = HEADER;
    while at < length {
        match record_at(&mut window, at, salt)? {
            Some(len) => {
                let body = &window.get(at, len)?[HEAD..];
                if let Some(record) = Record::decode(body) {
                    // Segments end far below 4 GiB; see `Journal::write`.
                    take(Place { segment: number, at: at as u32, len: len as u32 }, record);
                }
                found.damaged += at - found.end;
                at += len as u64;
                found.end = at;
            }
            None => at = window.find(&MARKER, at + 1)?,
        }
    }
    Ok(found)
}

/// Length of the record at `at`, if there is a good one.
fn record_at(window: &mut Window<'_>, at: u64, salt: u64) -> io::Result<Option<usize>> {
    let Some((len, body)) = record::head(window.get(at, HEAD)?, at, salt) else { return Ok(None) };
    let bytes = window.get(at, HEAD + len)?;
    Ok((bytes.len() == HEAD + len && body.fits(&bytes[HEAD..])).then_some(HEAD + len))
}

/// Reads the record at `place`, which was good when the segment was opened or written.
pub fn read(file: &File, salt: u64, place: Place) -> Result<Vec<u8>, LogError> {
    let mut bytes = vec![0; place.len as usize];
    file.read_exact_at(&mut bytes, place.at.into()).map_err(LogError::io("read the journal of logs"))?;
    let good = record::head(&bytes, place.at.into(), salt)
        .is_some_and(|(len, body)| bytes.len() == HEAD + len && body.fits(&bytes[HEAD..]));
    if !good {
        return Err(LogError::Damaged {
            file: format!("journal/{}", name(place.segment)),
            why: format!("the record at {} does not fit its check value", place.at),
        });
    }
    bytes.drain(..HEAD);
    Ok(bytes)
}

/// A part of a file in memory, which moves forward.
struct Window<'a> {
    file: &'a File,
    length: u64,
    bytes: Vec<u8>,
    base: u64,
}

impl Window<'_> {
    /// `n` bytes from `at` on; fewer at the end of the file.
    fn get(&mut self, at: u64, n: usize) -> io::Result<&[u8]> {
        let left = usize::try_from(self.length.saturating_sub(at)).unwrap_or(usize::MAX);
        let n = n.min(left);
        if at < self.base || at + n as u64 > self.base + self.bytes.len() as u64 {
            self.bytes.resize(n.max(WINDOW).min(left), 0);
            self.file.read_exact_at(&mut self.bytes, at)?;
            self.base = at;
        }
        let from = (at - self.base) as usize;
        Ok(&self.bytes[from..from + n])
    }

    /// Where `what` stands next from `at` on; the length of the file if nowhere.
    fn find(&mut self, what: &[u8], mut at: u64) -> io::Result<u64> {
        while at + (what.len() as u64) <= self.length {
            let bytes = self.get(at, WINDOW / 2)?;
            if let Some(i) = bytes.windows(what.len()).position(|w| w == what) {
                return Ok(at + i as u64);
            }
            at += (bytes.len() - what.len() + 1) as u64;
        }
        Ok(self.length)
    }
}
