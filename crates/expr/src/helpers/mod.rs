//! Helper functions of expressions (spec 8.6). The piped value is the last argument.

mod case;
mod encode;
mod logic;
mod text;

use crate::interpolate::{Data, Value};

/// The longest text a helper may make, in bytes.
const MAX_TEXT: usize = 16 << 20;

/// What a helper takes as one argument.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Int,
    Any,
}

/// Arguments of a helper; `rest`: any number of further arguments of any kind.
struct Signature {
    name: &'static str,
    params: &'static [Kind],
    rest: bool,
}

const fn fixed(name: &'static str, params: &'static [Kind]) -> Signature {
    Signature { name, params, rest: false }
}

const fn open(name: &'static str, params: &'static [Kind]) -> Signature {
    Signature { name, params, rest: true }
}

use Kind::{Any, Int, Text};

/// The helpers of spec 8.6.
const HELPERS: &[Signature] = &[
    fixed("abbrev", &[Int, Text]),
    fixed("abbrevboth", &[Int, Int, Text]),
    fixed("trunc", &[Int, Text]),
    fixed("trim", &[Text]),
    fixed("upper", &[Text]),
    fixed("lower", &[Text]),
    fixed("title", &[Text]),
    fixed("untitle", &[Text]),
    fixed("swapcase", &[Text]),
    fixed("substr", &[Int, Int, Text]),
    fixed("repeat", &[Int, Text]),
    fixed("trimall", &[Text, Text]),
    fixed("trimAll", &[Text, Text]),
    fixed("trimSuffix", &[Text, Text]),
    fixed("trimPrefix", &[Text, Text]),
    fixed("nospace", &[Text]),
    fixed("initials", &[Text]),
    fixed("shuffle", &[Text]),
    fixed("snakecase", &[Text]),
    fixed("camelcase", &[Text]),
    fixed("randAlphaNum", &[Int]),
    fixed("randAlpha", &[Int]),
    fixed("randASCII", &[Int]),
    fixed("randNumeric", &[Int]),
    open("quote", &[]),
    open("squote", &[]),
    fixed("indent", &[Int, Text]),
    fixed("nindent", &[Int, Text]),
    fixed("replace", &[Text, Text, Text]),
    fixed("plural", &[Text, Text, Int]),
    fixed("toString", &[Any]),
    open("default", &[]),
    open("coalesce", &[]),
    fixed("empty", &[Any]),
    fixed("toJSON", &[Any]),
    fixed("toPrettyJSON", &[Any]),
    fixed("b64enc", &[Text]),
    fixed("b64dec", &[Text]),
    fixed("escape", &[Text]),
    fixed("stringQuote", &[Text]),
    open("add", &[]),
    open("mul", &[Any]),
    fixed("sub", &[Any, Any]),
    fixed("div", &[Any, Any]),
    fixed("mod", &[Any, Any]),
    fixed("ternary", &[Any, Any, Any]),
    fixed("urlencode", &[Text]),
    fixed("dirname", &[Text]),
    fixed("basename", &[Text]),
];

/// Functions of the template engine itself. They are no helpers: an expression of plain characters that uses one
/// stays in the text (spec 8.5, step 3).
const BUILTINS: &[Signature] = &[
    open("eq", &[Any, Any]),
    fixed("ne", &[Any, Any]),
    fixed("lt", &[Any, Any]),
    fixed("le", &[Any, Any]),
    fixed("gt", &[Any, Any]),
    fixed("ge", &[Any, Any]),
    open("and", &[Any]),
    open("or", &[Any]),
    fixed("not", &[Any]),
    fixed("len", &[Text]),
    open("print", &[]),
    open("printf", &[Text]),
    fixed("urlquery", &[Text]),
];

fn find(list: &'static [Signature], name: &str) -> Option<&'static Signature> {
    list.iter().find(|signature| signature.name == name)
}

/// Whether `name` is a helper of spec 8.6.
pub(crate) fn is_helper(name: &str) -> bool {
    find(HELPERS, name).is_some()
}

/// Whether `name` is a function of the template engine itself.
pub(crate) fn is_builtin(name: &str) -> bool {
    find(BUILTINS, name).is_some()
}

/// Calls a helper. The result is tainted when an argument is; helpers that choose give the taint of their choice.
pub(crate) fn call(name: &str, args: Vec<Value>) -> Result<Value, String> {
    let signature =
        find(HELPERS, name).or_else(|| find(BUILTINS, name)).ok_or_else(|| "no such helper".to_owned())?;
    check(signature, &args)?;
    if let Some(chosen) = logic::choose(name, &args) {
        return Ok(chosen);
    }
    let taint = args.iter().find_map(|arg| arg.taint.clone());
    let args: Vec<Data> = args.into_iter().map(|arg| arg.data).collect();
    let data = match logic::call(name, &args)? {
        Some(data) => data,
        None => Data::Text(text::call(name, &args)?),
    };
    match &data {
        Data::Text(text) if text.len() > MAX_TEXT => Err(too_long()),
        _ => Ok(Value { data, taint }),
    }
}

fn too_long() -> String {
    format!("the result is longer than {} MiB", MAX_TEXT >> 20)
}

fn check(signature: &Signature, args: &[Value]) -> Result<(), String> {
    let params = signature.params;
    if args.len() < params.len() {
        let names: Vec<&str> = params
            .iter()
            .map(|kind| match kind {
                Text => "string",
                Int => "int",
                Any => "any",
            })
            .collect();
        return Err(format!("missing params (expected: {})", names.join(", ")));
    }
    if args.len() > params.len() && !signature.rest {
        return Err(format!("too many params: {} expected, {} given", params.len(), args.len()));
    }
    for (index, (kind, arg)) in params.iter().zip(args).enumerate() {
        let wanted = match (kind, &arg.data) {
            (Any, _) | (Text, Data::Text(_)) | (Int, Data::Int(_)) => continue,
            (Text, _) => "a text",
            (Int, _) => "a whole number",
        };
        let hint = match &arg.data {
            Data::Nil => ": give it a value with `default` before",
            _ => "",
        };
        return Err(format!("param {} must be {wanted}, not {}{hint}", index + 1, arg.data.kind()));
    }
    Ok(())
}

/// The text of an argument that [`check`] has seen to be one.
fn text(args: &[Data], index: usize) -> &str {
    match args.get(index) {
        Some(Data::Text(text)) => text,
        _ => "",
    }
}

/// The number of an argument that [`check`] has seen to be one.
fn int(args: &[Data], index: usize) -> i64 {
    match args.get(index) {
        Some(Data::Int(int)) => *int,
        _ => 0,
    }
}
