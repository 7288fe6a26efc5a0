//! `require 're'`: Go's regular expressions with the functions of Lua's `string` (spec 7.2).

use crate::go_regex;
use mlua::{Error, Function, Lua, MultiValue, Table, Value};
use regex::{Captures, Regex};

/// The longest text, in bytes.
const MAX_TEXT: usize = 64 << 10;
/// The longest result of `gsub`, in bytes.
const MAX_RESULT: usize = 1 << 20;

/// The module: `find`, `match`, `gmatch`, `gsub`, `quote`.
pub(super) fn module(lua: &Lua) -> mlua::Result<Table> {
    let module = lua.create_table()?;
    module.set("find", lua.create_function(find)?)?;
    module.set("match", lua.create_function(first_match)?)?;
    module.set("gmatch", lua.create_function(gmatch)?)?;
    module.set("gsub", lua.create_function(gsub)?)?;
    module.set("quote", lua.create_function(|_, text: String| Ok(regex::escape(&text)))?)?;
    Ok(module)
}

fn compile(text: &str, pattern: &str) -> mlua::Result<Regex> {
    if text.len() > MAX_TEXT {
        return Err(Error::runtime(format!("re: the text is longer than {} KiB", MAX_TEXT >> 10)));
    }
    go_regex::compile(pattern, text.len())
        .map_err(|what| Error::runtime(format!("re: invalid pattern: {what}")))
}

/// The byte offset of a position of Lua: from 1, negative ones count from the end.
fn offset(text: &str, init: Option<i64>) -> usize {
    let length = text.len() as i64;
    let at = match init.unwrap_or(1) {
        at if at > 0 => at.saturating_sub(1),
        0 => 0,
        at => length.saturating_add(at).max(0),
    };
    let at = at.min(length) as usize;
    (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

fn groups(lua: &Lua, found: &Captures<'_>, whole_if_none: bool) -> mlua::Result<Vec<Value>> {
    let first = usize::from(found.len() > 1 || !whole_if_none);
    (first..found.len())
        .map(|index| {
            let text = found.get(index).map_or("", |group| group.as_str());
            lua.create_string(text).map(Value::String)
        })
        .collect()
}

fn find(
    lua: &Lua,
    (text, pattern, init, plain): (String, String, Option<i64>, Option<bool>),
) -> mlua::Result<MultiValue> {
    let pattern = if plain == Some(true) { regex::escape(&pattern) } else { pattern };
    let regex = compile(&text, &pattern)?;
    let Some(found) = regex.captures_at(&text, offset(&text, init)) else {
        return Ok(MultiValue::from_vec(vec![Value::Nil]));
    };
    let whole = found.get_match();
    let mut values = vec![Value::Number((whole.start() + 1) as f64), Value::Number(whole.end() as f64)];
    values.extend(groups(lua, &found, false)?);
    Ok(MultiValue::from_vec(values))
}

fn first_match(lua: &Lua, (text, pattern, init): (String, String, Option<i64>)) -> mlua::Result<MultiValue> {
    let regex = compile(&text, &pattern)?;
    Ok(MultiValue::from_vec(match regex.captures_at(&text, offset(&text, init)) {
        Some(found) => groups(lua, &found, true)?,
        None => vec![Value::Nil],
    }))
}

fn gmatch(lua: &Lua, (text, pattern): (String, String)) -> mlua::Result<Function> {
    let regex = compile(&text, &pattern)?;
    let mut at = Some(0);
    lua.create_function_mut(move |lua, ()| {
        let Some(found) = at.and_then(|at| regex.captures_at(&text, at)) else {
            at = None;
            return Ok(MultiValue::from_vec(vec![Value::Nil]));
        };
        let whole = found.get_match();
        // Step over an empty match by one character.
        at = match (whole.is_empty(), text[whole.end()..].chars().next()) {
            (false, _) => Some(whole.end()),
            (true, Some(c)) => Some(whole.end() + c.len_utf8()),
            (true, None) => None,
        };
        Ok(MultiValue::from_vec(groups(lua, &found, true)?))
    })
}

fn gsub(
    lua: &Lua,
    (text, pattern, replacement, limit): (String, String, Value, Option<i64>),
) -> mlua::Result<(String, f64)> {
    let regex = compile(&text, &pattern)?;
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(0));
    let (mut out, mut at, mut count) = (String::new(), 0, 0);
    for found in regex.captures_iter(&text).take(limit) {
        let whole = found.get_match();
        out.push_str(&text[at..whole.start()]);
        at = whole.end();
        count += 1;
        let arguments = groups(lua, &found, true)?;
        let new = match &replacement {
            Value::Function(function) => function.call(MultiValue::from_vec(arguments))?,
            Value::Table(table) => table.raw_get(arguments.into_iter().next().unwrap_or(Value::Nil))?,
            Value::String(template) => {
                found.expand(&template.to_str()?, &mut out);
                Value::Nil
            }
            Value::Integer(_) | Value::Number(_) => replacement.clone(),
            other => {
                let what = format!(
                    "re.gsub: the replacement must be a text, a table or a function, not {}",
                    other.type_name()
                );
                return Err(Error::runtime(what));
            }
        };
        match new {
            Value::Nil | Value::Boolean(false) if !matches!(replacement, Value::String(_)) => {
                out.push_str(whole.as_str());
            }
            Value::Nil => {}
            Value::String(_) | Value::Number(_) | Value::Integer(_) => out.push_str(&new.to_string()?),
            other => {
                let what = format!("re.gsub: invalid replacement value (a {})", other.type_name());
                return Err(Error::runtime(what));
            }
        }
        if out.len() > MAX_RESULT {
            return Err(Error::runtime(format!(
                "re.gsub: the result is longer than {} KiB",
                MAX_RESULT >> 10
            )));
        }
    }
    out.push_str(&text[at..]);
    Ok((out, f64::from(count)))
}
