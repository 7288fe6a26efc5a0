//! The version that the tags of a repository give (spec 9.8).

/// `cds.semver` from what `git describe --tags` says (spec 9.8); `None` = it is not a semantic version.
pub(super) fn semver_of(describe: Option<&str>, number: &str) -> Option<String> {
    let Some(describe) = describe else { return Some(format!("0.0.1+cds.{number}")) };
    let (v, text) = match describe.strip_prefix('v') {
        Some(rest) => ("v", rest),
        None => ("", describe),
    };
    let (core, pre) = match text.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (text.split('+').next()?, None),
    };
    let mut parts: Vec<u64> = core.split('.').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    if parts.is_empty() || parts.len() > 3 {
        return None;
    }
    parts.resize(3, 0);
    let core = format!("{v}{}.{}.{}", parts[0], parts[1], parts[2]);
    let pre = pre.map(|p| p.split('+').next().unwrap_or(p)).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !pre.chars().all(plain) {
        return None;
    }
    Some(match pre.split('-').collect::<Vec<_>>().as_slice() {
        [""] => format!("{core}+cds.{number}"),
        [count, hash] if hash.starts_with('g') && count.chars().all(|c| c.is_ascii_digit()) => {
            format!("{core}-{count}+sha.{hash}.cds.{number}")
        }
        [one] if !one.contains('.') => format!("{core}-{one}+cds.{number}"),
        [one, hash] if !one.contains('.') => format!("{core}-{one}+sha.{hash}.cds.{number}"),
        // Several dotted parts, or three and more: as if the tag had none, as in the reference.
        _ => format!("{core}+cds.{number}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_the_spec() {
        let check = |describe: &str, expected: &str| {
            assert_eq!(semver_of(Some(describe), "7").as_deref(), Some(expected).filter(|e| !e.is_empty()));
        };
        assert_eq!(semver_of(None, "7").as_deref(), Some("0.0.1+cds.7"));
        check("1.2.3", "1.2.3+cds.7");
        check("v1.2.3", "v1.2.3+cds.7");
        check("1.2.3-4-gabc", "1.2.3-4+sha.gabc.cds.7");
        check("1.2.3-rc", "1.2.3-rc+cds.7");
        check("1.2.3-rc.1", "1.2.3+cds.7");
        check("1.2.3-rc-4-gabc", "1.2.3+cds.7");
        check("1.2", "1.2.0+cds.7");
        check("release", "");
        check("1.2.3.4", "");
    }
}
