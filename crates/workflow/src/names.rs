//! Name patterns (spec 2.1).

/// What a message calls the pattern of names.
pub const PATTERN: &str = "^[a-zA-Z0-9._-]{1,}$";

/// A name of an application, pipeline, workflow, environment, node, key.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// A stage name: the same and blanks.
pub fn is_stage_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c.is_whitespace() || "._-".contains(c))
}

/// A legal name near to `text`, for a hint.
pub fn suggest(text: &str) -> String {
    let fixed: String = text
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' })
        .collect();
    if fixed.is_empty() { "my-name".into() } else { fixed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(is_name("a.B_c-1") && !is_name("") && !is_name("a b") && !is_name("é"));
        assert!(is_stage_name("Build and test") && !is_stage_name("a/b"));
        assert_eq!(suggest("my pipe/line"), "my-pipe-line");
    }
}
