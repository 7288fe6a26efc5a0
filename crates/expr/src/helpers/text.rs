//! Helpers that give texts.

use super::{MAX_TEXT, case, encode, int, text, too_long};
use crate::interpolate::Data;
use rand::seq::SliceRandom;

/// Calls a helper whose arguments are checked.
pub(super) fn call(name: &str, args: &[Data]) -> Result<String, String> {
    let last = text(args, args.len().saturating_sub(1));
    Ok(match name {
        "abbrev" => abbreviate(last, 0, int(args, 0)),
        "abbrevboth" => {
            let (left, right) = (int(args, 0), int(args, 1));
            if left > 0 && right < 7 { last.to_owned() } else { abbreviate(last, left, right) }
        }
        "trunc" => match usize::try_from(int(args, 0)) {
            Ok(length) => cut(last, 0, length.min(last.len())).to_owned(),
            Err(_) => return Err("the length must not be negative".to_owned()),
        },
        "trim" => last.trim().to_owned(),
        "upper" => last.to_uppercase(),
        "lower" => last.to_lowercase(),
        "title" => case::title(last),
        "untitle" => case::untitle(last),
        "swapcase" => case::swap(last),
        "snakecase" => case::snake(last),
        "camelcase" => case::camel(last),
        "initials" => last.split_whitespace().filter_map(|word| word.chars().next()).collect(),
        "nospace" => last.chars().filter(|c| !c.is_whitespace()).collect(),
        "shuffle" => {
            let mut chars: Vec<char> = last.chars().collect();
            chars.shuffle(&mut rand::rng());
            chars.into_iter().collect()
        }
        "substr" => substring(last, int(args, 0), int(args, 1))?,
        "repeat" => {
            let count =
                usize::try_from(int(args, 0)).map_err(|_| "the count must not be negative".to_owned())?;
            bounded(last.len().saturating_mul(count))?;
            last.repeat(count)
        }
        "trimall" | "trimAll" => last.trim_matches(|c| text(args, 0).contains(c)).to_owned(),
        "trimSuffix" => last.strip_suffix(text(args, 0)).unwrap_or(last).to_owned(),
        "trimPrefix" => last.strip_prefix(text(args, 0)).unwrap_or(last).to_owned(),
        "randAlphaNum" => random(int(args, 0), |c| c.is_ascii_alphanumeric())?,
        "randAlpha" => random(int(args, 0), |c| c.is_ascii_alphabetic())?,
        "randASCII" => random(int(args, 0), |c| c.is_ascii_graphic() || c == ' ')?,
        "randNumeric" => random(int(args, 0), |c| c.is_ascii_digit())?,
        "quote" => joined(args, |arg| encode::go_quote(&arg.text())),
        "squote" => joined(args, |arg| format!("'{}'", arg.text())),
        "indent" => indent(int(args, 0), last)?,
        "nindent" => format!("\n{}", indent(int(args, 0), last)?),
        "replace" => replace(last, text(args, 0), text(args, 1))?,
        "toString" => args.first().map(Data::text).unwrap_or_default(),
        "toJSON" => args.first().map(encode::json).unwrap_or_default(),
        "toPrettyJSON" => args.first().map(encode::json).unwrap_or_default(),
        "b64enc" => encode::base64(last),
        "b64dec" => encode::unbase64(last),
        "escape" => last.replace(['_', '/', '.'], "-"),
        "stringQuote" => {
            let quoted = encode::go_quote(last);
            quoted[1..quoted.len() - 1].to_owned()
        }
        "urlencode" | "urlquery" => encode::query(last),
        "dirname" => encode::directory(last),
        "basename" => encode::base_name(last),
        other => return Err(format!("helper `{other}` does not exist")),
    })
}

fn bounded(length: usize) -> Result<(), String> {
    if length > MAX_TEXT { Err(too_long()) } else { Ok(()) }
}

fn joined(args: &[Data], quote: impl Fn(&Data) -> String) -> String {
    args.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// Bytes `from..to`, without a character that is cut in two.
fn cut(text: &str, from: usize, to: usize) -> &str {
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let to = (from..=to).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(from);
    &text[from..to]
}

/// A negative start means "from the beginning", a negative end "to the end".
fn substring(value: &str, start: i64, end: i64) -> Result<String, String> {
    let range = match (usize::try_from(start), usize::try_from(end)) {
        (Err(_), Ok(end)) => 0..end,
        (Err(_), Err(_)) => return Err("start and end must not both be negative".to_owned()),
        (Ok(start), Err(_)) => start..value.len(),
        (Ok(start), Ok(end)) => start..end,
    };
    if range.start > range.end || range.end > value.len() {
        return Err(format!(
            "bytes {}..{} are not within the text of {} bytes",
            range.start,
            range.end,
            value.len()
        ));
    }
    Ok(cut(value, range.start, range.end).to_owned())
}

/// Cuts to `width` characters with `...` at the end, and at the start when `offset` lies beyond 4.
fn abbreviate(value: &str, offset: i64, width: i64) -> String {
    let chars: Vec<char> = value.chars().collect();
    let length = chars.len() as i64;
    if width < 4 || length <= width {
        return value.to_owned();
    }
    let keep = width - 3;
    let offset = offset.min(length).min(length - keep);
    let slice = |from: i64, to: i64| -> String { chars[from as usize..to as usize].iter().collect() };
    if offset <= 4 {
        return slice(0, keep) + "...";
    }
    if offset + keep < length {
        return format!("...{}", abbreviate(&slice(offset, length), 0, keep));
    }
    format!("...{}", slice(length - keep, length))
}

fn indent(spaces: i64, value: &str) -> Result<String, String> {
    let spaces = usize::try_from(spaces).map_err(|_| "the indentation must not be negative".to_owned())?;
    let lines = value.matches('\n').count() + 1;
    bounded(spaces.saturating_mul(lines).saturating_add(value.len()))?;
    let pad = " ".repeat(spaces);
    Ok(format!("{pad}{}", value.replace('\n', &format!("\n{pad}"))))
}

fn replace(value: &str, old: &str, new: &str) -> Result<String, String> {
    let count = value.matches(old).count();
    bounded(count.saturating_mul(new.len()).saturating_add(value.len()))?;
    Ok(value.replace(old, new))
}

fn random(count: i64, keep: impl Fn(char) -> bool) -> Result<String, String> {
    let count = usize::try_from(count).map_err(|_| "the count must not be negative".to_owned())?;
    bounded(count)?;
    let alphabet: Vec<char> = (' '..='~').filter(|c| keep(*c)).collect();
    Ok((0..count).map(|_| alphabet[rand::random_range(0..alphabet.len())]).collect())
}
