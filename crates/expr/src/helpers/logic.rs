//! Helpers that choose, compare and count.

use super::{int, text};
use crate::interpolate::{Data, Value};
use std::cmp::Ordering;

/// Helpers that give back one of their arguments, with its taint.
pub(super) fn choose(name: &str, args: &[Value]) -> Option<Value> {
    let nil = || Value::from(Data::Nil);
    let (last, before) = match args.split_last() {
        Some((last, before)) => (last, before),
        None if name == "coalesce" => return Some(nil()),
        None if name == "default" => return Some(Data::Text(String::new()).into()),
        None => return None,
    };
    Some(match name {
        // The last text that is not empty: the piped value first, then the arguments from right to left.
        "default" => args
            .iter()
            .rev()
            .find(|arg| matches!(&arg.data, Data::Text(text) if !text.is_empty()))
            .cloned()
            .unwrap_or_else(|| Data::Text(String::new()).into()),
        "coalesce" => args.iter().find(|arg| !arg.data.is_empty()).cloned().unwrap_or_else(nil),
        "ternary" => before.get(usize::from(!last.data.to_bool()))?.clone(),
        "and" => args.iter().find(|arg| arg.data.is_empty()).unwrap_or(last).clone(),
        "or" => args.iter().find(|arg| !arg.data.is_empty()).unwrap_or(last).clone(),
        _ => return None,
    })
}

/// Helpers that give numbers and booleans, and those that print; `None` for all others.
pub(super) fn call(name: &str, args: &[Data]) -> Result<Option<Data>, String> {
    let number = |index: usize| args.get(index).map_or(0, Data::to_int);
    let order = || match (args.first(), args.get(1)) {
        (Some(left), Some(right)) => compare(left, right),
        _ => None,
    };
    Ok(Some(match name {
        "empty" => Data::Bool(args.first().is_none_or(Data::is_empty)),
        "not" => Data::Bool(args.first().is_none_or(Data::is_empty)),
        "eq" => Data::Bool(args[1..].iter().any(|other| compare(&args[0], other) == Some(Ordering::Equal))),
        "ne" => Data::Bool(order() != Some(Ordering::Equal)),
        "lt" => Data::Bool(order() == Some(Ordering::Less)),
        "le" => Data::Bool(matches!(order(), Some(Ordering::Less | Ordering::Equal))),
        "gt" => Data::Bool(order() == Some(Ordering::Greater)),
        "ge" => Data::Bool(matches!(order(), Some(Ordering::Greater | Ordering::Equal))),
        "len" => Data::Int(text(args, 0).len() as i64),
        "add" => Data::Int(args.iter().fold(0, |sum: i64, arg| sum.wrapping_add(arg.to_int()))),
        "mul" => Data::Int(args.iter().fold(1, |product: i64, arg| product.wrapping_mul(arg.to_int()))),
        "sub" => Data::Int(number(0).wrapping_sub(number(1))),
        "div" | "mod" if number(1) == 0 => {
            return Err("division by zero: the piped value is the divisor".to_owned());
        }
        "div" => Data::Int(number(0).wrapping_div(number(1))),
        "mod" => Data::Int(number(0).wrapping_rem(number(1))),
        "plural" => Data::Text(text(args, usize::from(int(args, 2) != 1)).to_owned()),
        "print" => Data::Text(args.iter().map(Data::text).collect()),
        "printf" => Data::Text(printf(text(args, 0), &args[1..])?),
        _ => return Ok(None),
    }))
}

/// Values of different types are neither equal nor ordered.
fn compare(left: &Data, right: &Data) -> Option<Ordering> {
    match (left, right) {
        (Data::Text(a), Data::Text(b)) => Some(a.cmp(b)),
        (Data::Int(a), Data::Int(b)) => Some(a.cmp(b)),
        (Data::Bool(a), Data::Bool(b)) => Some(a.cmp(b)),
        (Data::Nil, Data::Nil) => Some(Ordering::Equal),
        (Data::Float(a), Data::Float(b)) => a.partial_cmp(b),
        _ => None,
    }
}

/// `%s`, `%v`, `%d`, `%q` and `%%`, without widths.
fn printf(format: &str, args: &[Data]) -> Result<String, String> {
    let mut args = args.iter();
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let verb = chars.next().ok_or("the format ends with `%`: write `%%` for a percent sign")?;
        if verb == '%' {
            out.push('%');
            continue;
        }
        let arg = args.next().ok_or_else(|| format!("`%{verb}` has no value: give one per verb"))?;
        match (verb, arg) {
            ('s' | 'v', arg) => out.push_str(&arg.text()),
            ('d', Data::Int(int)) => out.push_str(&int.to_string()),
            ('d', other) => return Err(format!("`%d` wants a whole number, not {}", other.kind())),
            ('q', arg) => out.push_str(&super::encode::go_quote(&arg.text())),
            _ => return Err(format!("`%{verb}` is not supported: use %s, %v, %d or %q")),
        }
    }
    match args.next() {
        Some(_) => Err("more values than verbs in the format".to_owned()),
        None => Ok(out),
    }
}
