//! Tar archives of caches: packing, and unpacking what may come from anywhere.
//!
//! Invariant: whatever an archive says, nothing outside the target directory is made, changed or removed, memory
//! stays small, and the disk is not filled.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Component, Path, PathBuf},
    rc::Rc,
};

/// Most bytes of what stands before a member (its header, long names, attributes); they are kept in memory.
const HEADERS: u64 = 1 << 20;
/// Longest path of a member, bytes; the system takes no longer ones.
const NAME: usize = 4095;
/// What a member leaves free on the disk, bytes.
const SPARE: u64 = 64 << 20;

/// Name of a path in the archive: relative to `directory`, or the absolute path without its slash.
fn member(directory: &Path, path: &Path) -> PathBuf {
    let clean: PathBuf = normal(path);
    let relative = clean.strip_prefix(normal(directory)).unwrap_or(&clean);
    relative.strip_prefix("/").unwrap_or(relative).to_path_buf()
}

/// Without `.` and `..`, by the text alone.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}

/// Packs files and directories; links stay links, with relative targets.
pub(crate) fn pack(directory: &Path, paths: &[PathBuf], out: &mut impl Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(out);
    archive.follow_symlinks(false);
    let mut stack: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = stack.pop() {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("'{}': {e}", path.display()));
        let meta = path.symlink_metadata().map_err(named)?;
        let name = member(directory, &path);
        if meta.is_symlink() {
            let target = fs::read_link(&path).map_err(named)?;
            let target = if target.is_absolute() { relative(&path, &target) } else { target };
            let mut header = tar::Header::new_gnu();
            header.set_metadata(&meta);
            header.set_size(0);
            archive.append_link(&mut header, &name, target).map_err(named)?;
        } else if meta.is_dir() {
            if name.as_os_str().is_empty() {
                // The directory itself: only what is in it.
            } else {
                archive.append_dir(&name, &path).map_err(named)?;
            }
            let mut entries: Vec<PathBuf> = fs::read_dir(&path)
                .map_err(named)?
                .map(|e| e.map(|e| e.path()))
                .collect::<io::Result<_>>()?;
            entries.sort();
            stack.extend(entries.into_iter().rev());
        } else if meta.is_file() {
            archive.append_path_with_name(&path, &name).map_err(named)?;
        }
        // Sockets, pipes and devices mean nothing elsewhere.
    }
    archive.finish()
}

/// An absolute target as seen from the directory of the link.
fn relative(link: &Path, target: &Path) -> PathBuf {
    let (from, to) = (normal(link.parent().unwrap_or(link)), normal(target));
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().count() - common;
    let mut out: PathBuf = std::iter::repeat_n("..", up).collect();
    out.extend(to.components().skip(common));
    if out.as_os_str().is_empty() { ".".into() } else { out }
}

/// Lets through so many bytes as are left, then fails.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        match self.left.get().checked_sub(n as u64) {
            Some(left) => self.left.set(left),
            None => {
                return Err(io::Error::other(format!("names and attributes take more than {HEADERS} bytes")));
            }
        }
        Ok(n)
    }
}

/// Unpacks an archive; nothing may leave the target directory.
pub(crate) fn unpack(reader: impl Read, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    let root = target.canonicalize()?;
    let left = Rc::new(Cell::new(0));
    let mut archive = tar::Archive::new(Metered { inner: reader, left: left.clone() });
    archive.set_preserve_permissions(true);
    // No member runs with the rights of its owner.
    archive.set_mask(0o7000);
    archive.set_overwrite(true);
    // Modes of directories come last: one that may not be written to must be filled first.
    let mut directories = BTreeMap::new();
    let mut entries = archive.entries()?;
    loop {
        left.set(HEADERS);
        let Some(entry) = entries.next() else { break };
        let mut entry = entry?;
        left.set(u64::MAX);
        let path = entry.path()?.into_owned();
        let length = path.as_os_str().len();
        if length > NAME {
            return Err(io::Error::other(format!(
                "a member has a name of {length} bytes; at most {NAME} are possible"
            )));
        }
        let named = |e: io::Error| io::Error::new(e.kind(), format!("member '{}': {e}", path.display()));
        let outside = || io::Error::other(format!("member '{}' would leave the directory", path.display()));
        if path.is_absolute() || path.components().any(|c| c == Component::ParentDir) {
            return Err(outside());
        }
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            make_dir(&root, &path).map_err(named)?.then_some(()).ok_or_else(outside)?;
            directories.insert(path, entry.header().mode()? & 0o777);
        } else if kind.is_file()
            || kind.is_gnu_sparse()
            || kind.is_contiguous()
            || kind.is_hard_link()
            || kind.is_symlink()
        {
            // What a header promises may be far more than the archive holds.
            let free = free(&root)?;
            if entry.size() > 0 && entry.size().saturating_add(SPARE) > free {
                let what = format!("it has {} bytes, and the disk has {free} free", entry.size());
                return Err(named(io::Error::other(what)));
            }
            entry.unpack_in(&root)?.then_some(()).ok_or_else(outside)?;
        }
        // Sockets, pipes and devices are never packed, so they are not made either. What is left of the member must
        // not count as names of the next one.
        io::copy(&mut entry, &mut io::sink())?;
    }
    for (path, mode) in directories.into_iter().rev() {
        let path = root.join(path);
        // A later member may have put a link in its place or above it.
        let inside = path
            .parent()
            .is_none_or(|p| p.canonicalize().is_ok_and(|p| p.starts_with(&root) || path == root));
        if inside && path.symlink_metadata().is_ok_and(|m| m.is_dir()) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}

/// Makes a directory and those above it below `root`; false if a link on the way leads outside.
fn make_dir(root: &Path, path: &Path) -> io::Result<bool> {
    let mut at = root.to_path_buf();
    for part in path.components() {
        let Component::Normal(name) = part else { continue };
        at.push(name);
        match at.symlink_metadata() {
            Ok(meta) if meta.is_symlink() => {
                at = at.canonicalize()?;
                if !at.starts_with(root) {
                    return Ok(false);
                }
            }
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => fs::create_dir(&at)?,
            Err(e) => return Err(e),
        }
    }
    if !at.is_dir() {
        return Err(io::Error::other("something that is no directory is in its way"));
    }
    Ok(true)
}

/// Bytes that may still be written to the disk of `path`.
fn free(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn there_and_back() {
        let from = tempfile::tempdir().unwrap();
        let dir = from.path();
        fs::create_dir_all(dir.join("a/b")).unwrap();
        fs::write(dir.join("a/b/f"), "text").unwrap();
        symlink(dir.join("a/b/f"), dir.join("a/link")).unwrap();
        symlink("nowhere", dir.join("dangling")).unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("o"), "out").unwrap();
        let mut archive = Vec::new();
        pack(dir, &[dir.join("a"), dir.join("dangling"), outside.path().join("o")], &mut archive).unwrap();
        let to = tempfile::tempdir().unwrap();
        unpack(archive.as_slice(), to.path()).unwrap();
        let to = to.path();
        assert_eq!(fs::read_to_string(to.join("a/b/f")).unwrap(), "text");
        assert_eq!(fs::read_link(to.join("a/link")).unwrap(), Path::new("b/f"));
        assert_eq!(fs::read_link(to.join("dangling")).unwrap(), Path::new("nowhere"));
        let absolute = outside.path().strip_prefix("/").unwrap().join("o");
        assert_eq!(fs::read_to_string(to.join(absolute)).unwrap(), "out");
        assert!(pack(dir, &[dir.join("missing")], &mut Vec::new()).is_err());
    }

    #[test]
    fn nothing_leaves_the_directory() {
        let evil = |name: &str| {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(1);
            header.set_mode(0o644);
            header.set_cksum();
            let mut archive = tar::Builder::new(Vec::new());
            archive.append(&header, &b"x"[..]).unwrap();
            archive.into_inner().unwrap()
        };
        let to = tempfile::tempdir().unwrap();
        let inner = to.path().join("in");
        for name in ["../evil", "/tmp/evil-of-the-cds-worker", "a/../../evil"] {
            assert!(unpack(evil(name).as_slice(), &inner).is_err(), "{name}");
        }
        // Through a link that an earlier member made.
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, "l", "..").unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        header.set_mode(0o644);
        archive.append_data(&mut header, "l/evil", &b"x"[..]).unwrap();
        assert!(unpack(archive.into_inner().unwrap().as_slice(), &inner).is_err());
        assert!(!to.path().join("evil").exists());
    }

    /// A member as hostile as wanted: nothing is checked when it is written.
    fn member_raw(
        archive: &mut Vec<u8>,
        name: &[u8],
        kind: tar::EntryType,
        mode: u32,
        link: &[u8],
        data: &[u8],
    ) {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(data.len() as u64);
        if let Some(gnu) = header.as_gnu_mut() {
            gnu.name[..name.len()].copy_from_slice(name);
            gnu.linkname[..link.len()].copy_from_slice(link);
        }
        header.set_cksum();
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(data);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }

    /// Everything below a directory: names, kinds, modes, contents.
    fn look(dir: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut stack = vec![dir.to_path_buf()];
        while let Some(path) = stack.pop() {
            let meta = path.symlink_metadata().unwrap();
            let content = if meta.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            let mode = meta.permissions().mode();
            found.push(format!("{} {mode:o} {}", path.display(), String::from_utf8_lossy(&content)));
            if meta.is_dir() {
                stack.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn no_member_reaches_what_is_outside() {
        use tar::EntryType as T;
        let world = tempfile::tempdir().unwrap();
        let (victim, inner) = (world.path().join("victim"), world.path().join("in"));
        fs::create_dir(&victim).unwrap();
        fs::write(victim.join("f"), "kept").unwrap();
        fs::set_permissions(&victim, fs::Permissions::from_mode(0o750)).unwrap();
        let before = look(&victim);
        let up: &[u8] = b"../victim";
        type Member<'a> = (&'a [u8], T, u32, &'a [u8], &'a [u8]);
        let attacks: Vec<Vec<Member<'_>>> = vec![
            // A directory below a link, and the mode of a link's target.
            vec![(b"l", T::Symlink, 0o777, up, b""), (b"l/made/by", T::Directory, 0o755, b"", b"")],
            vec![(b"l", T::Symlink, 0o777, up, b""), (b"l", T::Directory, 0o777, b"", b"")],
            vec![
                (b"l", T::Directory, 0o777, b"", b""),
                (b"x", T::Symlink, 0o777, up, b""),
                (b"x/", T::Directory, 0o777, b"", b""),
            ],
            vec![(b"a", T::Symlink, 0o777, b"..", b""), (b"a/victim", T::Directory, 0o777, b"", b"")],
            // A link to a file, then the file; a hard link to it.
            vec![(b"l", T::Symlink, 0o777, b"../victim/f", b""), (b"l", T::Regular, 0o644, b"", b"new")],
            vec![(b"l", T::Symlink, 0o777, up, b""), (b"l/f", T::Regular, 0o644, b"", b"new")],
            vec![(b"h", T::Link, 0o644, b"../victim/f", b""), (b"h", T::Regular, 0o600, b"", b"new")],
            vec![
                (b"l", T::Symlink, 0o777, b"../victim/f", b""),
                (b"h", T::Link, 0o644, b"l", b""),
                (b"h", T::Regular, 0o600, b"", b"new"),
            ],
            vec![
                (b"l", T::Symlink, 0o777, up, b""),
                (b"h", T::Link, 0o644, b"l/f", b""),
                (b"h", T::Regular, 0o600, b"", b"new"),
            ],
            // A chain of links that each look harmless.
            vec![
                (b"d", T::Directory, 0o755, b"", b""),
                (b"d/a", T::Symlink, 0o777, b"..", b""),
                (b"d/a/b", T::Symlink, 0o777, b"..", b""),
                (b"b/victim/f", T::Regular, 0o644, b"", b"new"),
            ],
            // Names that are no names.
            vec![(b"../victim/f", T::Regular, 0o644, b"", b"new")],
            vec![(b"./../victim/f", T::Regular, 0o644, b"", b"new")],
            vec![(b"a/../../victim/f", T::Directory, 0o755, b"", b"")],
            vec![(b"//tmp/../victim", T::Directory, 0o777, b"", b"")],
        ];
        for (n, attack) in attacks.iter().enumerate() {
            let mut archive = Vec::new();
            for (name, kind, mode, link, data) in attack {
                member_raw(&mut archive, name, *kind, *mode, link, data);
            }
            archive.resize(archive.len() + 1024, 0);
            let _ = fs::remove_dir_all(&inner);
            let _ = unpack(archive.as_slice(), &inner);
            assert_eq!(look(&victim), before, "attack {n}");
            let names: Vec<_> = fs::read_dir(world.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert!(names.iter().all(|n| n == "victim" || n == "in"), "attack {n}: {names:?}");
        }
    }

    #[test]
    fn odd_members_do_no_harm() {
        use tar::EntryType as T;
        let world = tempfile::tempdir().unwrap();
        let inner = world.path().join("in");
        let mut archive = Vec::new();
        member_raw(&mut archive, b"setuid", T::Regular, 0o6755, b"", b"x");
        member_raw(&mut archive, b"dir", T::Directory, 0o7777, b"", b"");
        member_raw(&mut archive, b"dev", T::Block, 0o666, b"", b"");
        member_raw(&mut archive, b"chr", T::Char, 0o666, b"", b"");
        member_raw(&mut archive, b"pipe", T::Fifo, 0o666, b"", b"");
        member_raw(&mut archive, b"nul\0/../../evil", T::Regular, 0o644, b"", b"x");
        member_raw(&mut archive, b"Name", T::Regular, 0o644, b"", b"upper");
        member_raw(&mut archive, b"name", T::Regular, 0o644, b"", b"lower");
        member_raw(&mut archive, b"name", T::Regular, 0o644, b"", b"again");
        archive.resize(archive.len() + 1024, 0);
        unpack(archive.as_slice(), &inner).unwrap();
        let mode = |name: &str| fs::symlink_metadata(inner.join(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("setuid"), mode("dir")), (0o755, 0o777));
        for name in ["dev", "chr", "pipe"] {
            assert!(!inner.join(name).exists(), "{name}");
        }
        assert_eq!(fs::read(inner.join("Name")).unwrap(), b"upper");
        assert_eq!(fs::read(inner.join("name")).unwrap(), b"again");
        assert!(inner.join("nul").exists() && !world.path().join("evil").exists());
    }

    #[test]
    fn bombs_are_refused() {
        use tar::EntryType as T;
        let inner = tempfile::tempdir().unwrap();
        let fails = |archive: &[u8], why: &str| {
            let error = unpack(archive, inner.path()).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        // A name of 64 KiB is more than the system takes; one of gigabytes must not be read at all.
        let mut archive = Vec::new();
        member_raw(&mut archive, b"././@LongLink", T::GNULongName, 0, b"", &[b'n'; 65_536]);
        member_raw(&mut archive, b"x", T::Regular, 0o644, b"", b"x");
        fails(&archive, "a name of 65536 bytes");
        for kind in [T::GNULongName, T::GNULongLink, T::XHeader] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(8 << 30);
            header.set_cksum();
            let endless = io::repeat(b'n').take(8 << 30);
            let error = unpack(header.as_bytes().chain(endless), inner.path()).unwrap_err().to_string();
            assert!(error.contains("names and attributes"), "{error}");
        }
        // A sparse file: half a kilobyte that becomes an exabyte.
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(T::GNUSparse);
        header.set_path("sparse").unwrap();
        header.set_size(0);
        header.set_mode(0o644);
        if let Some(gnu) = header.as_gnu_mut() {
            let size = *b"\x80\0\0\0\x10\0\0\0\0\0\0\0";
            gnu.realsize.copy_from_slice(&size);
            gnu.sparse[0].offset.copy_from_slice(&size);
            gnu.sparse[0].numbytes.copy_from_slice(b"00000000000\0");
        }
        header.set_cksum();
        let mut archive = header.as_bytes().to_vec();
        archive.resize(archive.len() + 1024, 0);
        fails(&archive, "the disk has");
        assert!(!inner.path().join("sparse").exists());
        // An archive that breaks off.
        let mut archive = Vec::new();
        member_raw(&mut archive, b"x", T::Regular, 0o644, b"", &[b'x'; 4096]);
        archive.truncate(1024);
        assert!(unpack(archive.as_slice(), inner.path()).is_err());
    }

    #[test]
    fn many_members() {
        let inner = tempfile::tempdir().unwrap();
        let mut archive = Vec::new();
        for i in 0..20_000 {
            member_raw(
                &mut archive,
                format!("d/{}/", i % 7).as_bytes(),
                tar::EntryType::Directory,
                0o755,
                b"",
                b"",
            );
            member_raw(
                &mut archive,
                format!("d/{}/{i}", i % 7).as_bytes(),
                tar::EntryType::Regular,
                0o644,
                b"",
                b"",
            );
        }
        archive.resize(archive.len() + 1024, 0);
        unpack(archive.as_slice(), inner.path()).unwrap();
        assert_eq!(fs::read_dir(inner.path().join("d/3")).unwrap().count(), 20_000 / 7);
    }
}
