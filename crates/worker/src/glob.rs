//! Shell-style patterns over files: `*`, `?`, `[a-z]`, `[^a]`, `\x`; no `**` (spec 9.10).

use std::path::{Path, PathBuf};

/// Files that `pattern` matches, in order. Relative patterns begin at `dir`. A pattern without wild cards
/// names one file, which must exist to match.
pub(crate) fn glob(dir: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let absolute = pattern.starts_with('/');
    let mut found = vec![if absolute { PathBuf::from("/") } else { dir.to_path_buf() }];
    for part in pattern.split('/').filter(|p| !p.is_empty()) {
        check(part).map_err(|why| format!("pattern '{pattern}': {why}"))?;
        let wild = part.contains(['*', '?', '[']);
        found = found
            .into_iter()
            .flat_map(|base| match wild {
                true => entries(&base, part),
                false => vec![base.join(unescape(part))],
            })
            .collect();
    }
    found.retain(|path| path.symlink_metadata().is_ok());
    Ok(found)
}

/// A pattern that matches exactly this text.
pub(crate) fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|c| matches!(c, '*' | '?' | '[' | '\\').then_some('\\').into_iter().chain([c]))
        .collect()
}

fn unescape(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}

fn entries(base: &Path, part: &str) -> Vec<PathBuf> {
    let pattern: Vec<char> = part.chars().collect();
    let Ok(entries) = std::fs::read_dir(base) else { return Vec::new() };
    let mut names: Vec<_> = entries
        .filter_map(|e| Some(e.ok()?.file_name()))
        .filter(|name| name.to_str().is_some_and(|n| matches(&pattern, &n.chars().collect::<Vec<_>>())))
        .collect();
    names.sort();
    names.into_iter().map(|name| base.join(name)).collect()
}

/// Whether all brackets are closed and no backslash ends the pattern.
pub(crate) fn check(part: &str) -> Result<(), String> {
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next().ok_or("a backslash stands at its end")?),
            '[' => {
                let mut first = true;
                loop {
                    match chars.next().ok_or("a '[' is not closed")? {
                        '\\' => drop(chars.next().ok_or("a backslash stands at its end")?),
                        '^' if first => continue,
                        ']' if !first => break,
                        _ => {}
                    }
                    first = false;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a checked pattern matches a whole name.
pub(crate) fn matches(pattern: &[char], name: &[char]) -> bool {
    // Where to go on when a `*` has to take one character more.
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() || p < pattern.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(_) if n < name.len() => one(&pattern[p..], name[n]),
            _ => None,
        };
        match (step, star) {
            (Some(length), _) => {
                p += length;
                n += 1;
            }
            (None, Some((sp, sn))) if sn < name.len() => {
                star = Some((sp, sn + 1));
                p = sp + 1;
                n = sn + 1;
            }
            _ => return false,
        }
    }
    true
}

/// Length of the element at the head of a pattern if it matches this character.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '\\' => (pattern.get(1) == Some(&c)).then_some(2),
        '[' => {
            let negated = pattern.get(1) == Some(&'^');
            let mut i = if negated { 2 } else { 1 };
            let start = i;
            let mut hit = false;
            loop {
                let item = |i: &mut usize| {
                    if pattern.get(*i) == Some(&'\\') {
                        *i += 1;
                    }
                    let c = pattern.get(*i).copied();
                    *i += 1;
                    c
                };
                if pattern.get(i) == Some(&']') && i > start {
                    break;
                }
                let low = item(&mut i)?;
                let high = if pattern.get(i) == Some(&'-') && pattern.get(i + 1).is_some_and(|c| *c != ']') {
                    i += 1;
                    item(&mut i)?
                } else {
                    low
                };
                hit |= (low..=high).contains(&c);
            }
            (hit != negated).then_some(i + 1)
        }
        literal => (*literal == c).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let m = |p: &str, n: &str| matches(&p.chars().collect::<Vec<_>>(), &n.chars().collect::<Vec<_>>());
        for (p, n) in [
            ("*.xml", "a.xml"),
            ("a?c", "abc"),
            ("[a-c]x", "bx"),
            ("[^a]x", "bx"),
            ("*a*b", "xaab"),
            ("\\*", "*"),
            ("[\\]]", "]"),
            ("*", ""),
        ] {
            assert!(m(p, n), "{p} {n}");
        }
        for (p, n) in
            [("*.xml", "a.xm"), ("a?c", "ac"), ("[a-c]x", "dx"), ("[^a]x", "ax"), ("\\*", "a"), ("a", "ab")]
        {
            assert!(!m(p, n), "{p} {n}");
        }
        assert!(glob(Path::new("/"), "[a").is_err() && glob(Path::new("/"), "a\\").is_err());
    }

    #[test]
    fn files() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["x/a.txt", "x/b.txt", "y/c.txt", "y/*"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let names = |p: &str| -> Vec<String> {
            let strip = |f: PathBuf| f.strip_prefix(dir.path()).unwrap().to_string_lossy().into_owned();
            glob(dir.path(), p).unwrap().into_iter().map(strip).collect()
        };
        assert_eq!(names("*/*.txt"), ["x/a.txt", "x/b.txt", "y/c.txt"]);
        assert_eq!(names("x/[b-z].txt"), ["x/b.txt"]);
        assert_eq!(names("x/a.txt"), ["x/a.txt"]);
        assert_eq!(names("nope/*"), Vec::<String>::new());
        assert_eq!(names(&format!("{}/y/\\*", dir.path().display())), ["y/*"]);
        assert_eq!(names(&escape("y/*")), ["y/*"]);
    }
}
