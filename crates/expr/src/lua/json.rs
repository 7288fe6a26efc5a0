//! `require 'json'`: `decode` and `encode`; both give `nil` and a message when they fail (spec 7.2).

use mlua::{Lua, Table, Value};
use serde_json::Value as Json;

/// The longest text, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// How many values one text may hold.
const MAX_VALUES: usize = 100_000;
/// How deep values may be nested.
const MAX_DEPTH: usize = 64;

/// The module.
pub(super) fn module(lua: &Lua) -> mlua::Result<Table> {
    let module = lua.create_table()?;
    module.set("decode", lua.create_function(decode)?)?;
    module.set("encode", lua.create_function(encode)?)?;
    Ok(module)
}

fn decode(lua: &Lua, text: String) -> mlua::Result<(Value, Option<String>)> {
    if text.len() > MAX_TEXT {
        return Ok((Value::Nil, Some(format!("json: the text is longer than {} KiB", MAX_TEXT >> 10))));
    }
    match serde_json::from_str::<Json>(&text) {
        Ok(json) => Ok((to_lua(lua, &json)?, None)),
        Err(error) => Ok((Value::Nil, Some(format!("json: {error}")))),
    }
}

fn to_lua(lua: &Lua, json: &Json) -> mlua::Result<Value> {
    Ok(match json {
        Json::Null => Value::Nil,
        Json::Bool(bool) => Value::Boolean(*bool),
        Json::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Value::String(lua.create_string(text)?),
        Json::Array(items) => {
            let table = lua.create_table()?;
            for (index, item) in items.iter().enumerate() {
                table.raw_set(index + 1, to_lua(lua, item)?)?;
            }
            Value::Table(table)
        }
        Json::Object(entries) => {
            let table = lua.create_table()?;
            for (name, value) in entries {
                table.raw_set(name.as_str(), to_lua(lua, value)?)?;
            }
            Value::Table(table)
        }
    })
}

fn encode(_: &Lua, value: Value) -> mlua::Result<(Option<String>, Option<String>)> {
    let mut values = 0;
    let text = to_json(&value, 0, &mut values).map(|json| json.to_string());
    Ok(match text {
        Ok(text) if text.len() <= MAX_TEXT => (Some(text), None),
        Ok(_) => (None, Some(format!("json: the text is longer than {} KiB", MAX_TEXT >> 10))),
        Err(what) => (None, Some(format!("json: {what}"))),
    })
}

fn to_json(value: &Value, depth: usize, values: &mut usize) -> Result<Json, String> {
    *values += 1;
    if *values > MAX_VALUES {
        return Err(format!("more than {MAX_VALUES} values"));
    }
    if depth > MAX_DEPTH {
        return Err(format!("nested deeper than {MAX_DEPTH}, or a table that holds itself"));
    }
    let utf8 =
        |text: &mlua::LuaString| text.to_str().map(|text| text.to_owned()).map_err(|error| error.to_string());
    Ok(match value {
        Value::Nil => Json::Null,
        Value::Boolean(bool) => (*bool).into(),
        Value::Integer(int) => (*int).into(),
        // Whole numbers without a fraction, as every reader expects.
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => (*number as i64).into(),
        Value::Number(number) => Json::from(*number),
        Value::String(text) => utf8(text)?.into(),
        Value::Table(table) => {
            let length = table.raw_len();
            let (mut list, mut map) = (vec![Json::Null; length.min(MAX_VALUES)], serde_json::Map::new());
            for pair in table.pairs::<Value, Value>() {
                let (key, item) = pair.map_err(|error| error.to_string())?;
                let item = to_json(&item, depth + 1, values)?;
                let index = match &key {
                    Value::Integer(index) => usize::try_from(*index).unwrap_or(0),
                    Value::Number(index) if index.fract() == 0.0 => *index as usize,
                    Value::String(name) => {
                        map.insert(utf8(name)?, item);
                        continue;
                    }
                    _ => 0,
                };
                match index.checked_sub(1).and_then(|index| list.get_mut(index)) {
                    Some(place) => *place = item,
                    None => return Err("keys must be texts, or numbers from 1 without gaps".to_owned()),
                }
            }
            match (list.is_empty(), map.is_empty()) {
                (_, true) => Json::Array(list),
                (true, false) => Json::Object(map),
                (false, false) => return Err("a table mixes numbered and named values".to_owned()),
            }
        }
        other => return Err(format!("a {} has no JSON form", other.type_name())),
    })
}
