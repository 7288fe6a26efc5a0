//! Helpers that change the case of letters.

/// Upper-cases the first letter of each word; letters, digits and `_` make words.
pub(super) fn title(text: &str) -> String {
    let mut previous = ' ';
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let separator = match previous {
            p if p.is_alphanumeric() || p == '_' => false,
            p if p.is_ascii() => true,
            p => p.is_whitespace(),
        };
        if separator {
            out.extend(c.to_uppercase())
        } else {
            out.push(c)
        }
        previous = c;
    }
    out
}

/// Lower-cases the first letter of each word; white space parts words.
pub(super) fn untitle(text: &str) -> String {
    let mut start = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if start {
            out.extend(c.to_lowercase())
        } else {
            out.push(c)
        }
        start = c.is_whitespace();
    }
    out
}

/// Upper case to lower case and back.
pub(super) fn swap(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_uppercase() {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
    }
    out
}

fn connector(c: char) -> bool {
    c == '_' || c == '-' || c.is_whitespace()
}

/// `FirstName`, `GO-PATH`, `HTTPServer` become `first_name`, `go_path`, `http_server`.
pub(super) fn snake(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    let mut word_of_digits = false;
    for (index, &c) in chars.iter().enumerate() {
        if connector(c) {
            out.push('_');
            word_of_digits = false;
            continue;
        }
        let previous = index.checked_sub(1).map(|before| chars[before]).filter(|p| !connector(*p));
        let next_lower = chars.get(index + 1).is_some_and(|n| n.is_lowercase());
        let starts_word = match previous {
            None => false,
            Some(p) if c.is_uppercase() => !p.is_uppercase() || next_lower,
            // Digits start a word of their own when lower case follows them: `http_2xx`, but `bld4_floor`.
            Some(p) if c.is_numeric() && !p.is_numeric() => {
                let after = chars[index..].iter().find(|n| !n.is_numeric());
                !word_of_digits && after.is_some_and(|n| n.is_lowercase())
            }
            Some(_) => false,
        };
        if starts_word {
            out.push('_');
        }
        if starts_word || previous.is_none() {
            word_of_digits = c.is_numeric();
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// `some_words`, `GOLANG_IS_GREAT` become `SomeWords`, `GolangIsGreat`; connectors around the text stay.
pub(super) fn camel(text: &str) -> String {
    let start = text.find(|c| !connector(c)).unwrap_or(text.len());
    let end = text.trim_end_matches(connector).len().max(start);
    let mut out = String::from(&text[..start]);
    let (mut new_word, mut after_upper, mut connectors) = (true, false, 0);
    for c in text[start..end].chars() {
        if connector(c) {
            // Of several connectors all but one stay.
            if connectors > 0 {
                out.push(c);
            }
            connectors += 1;
            new_word = true;
            continue;
        }
        connectors = 0;
        if new_word {
            out.extend(c.to_uppercase());
        } else if after_upper {
            out.extend(c.to_lowercase());
        } else {
            out.push(c);
        }
        after_upper = c.is_uppercase();
        new_word = false;
    }
    out + &text[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case() {
        for (input, output) in [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("NoHTTPS", "no_https"),
            ("GO_PATH", "go_path"),
            ("GO-PATH", "go_path"),
            ("GO PATH", "go_path"),
            ("http2xx", "http_2xx"),
            ("HTTP20xOK", "http_20x_ok"),
            ("Duration2m3s", "duration_2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
            ("", ""),
        ] {
            assert_eq!(snake(input), output, "{input}");
        }
    }

    #[test]
    fn camel_case() {
        for (input, output) in [
            ("some_words", "SomeWords"),
            ("someWords", "SomeWords"),
            ("http_server", "HttpServer"),
            ("_complex__case_", "_Complex_Case_"),
            ("some words", "SomeWords"),
            ("GOLANG_IS_GREAT", "GolangIsGreat"),
            ("__", "__"),
        ] {
            assert_eq!(camel(input), output, "{input}");
        }
    }

    #[test]
    fn words() {
        assert_eq!(title("mytitle-bis o'x a_b"), "Mytitle-Bis O'X A_b");
        assert_eq!(untitle("Hello Big WORLD"), "hello big wORLD");
        assert_eq!(swap("Hello é"), "hELLO É");
    }
}
