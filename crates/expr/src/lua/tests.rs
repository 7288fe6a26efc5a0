//! What scripts can do, and what they cannot.

use super::*;
use indexmap::IndexMap;
use proptest::prelude::*;
use std::time::Instant;

fn vars() -> IndexMap<String, String> {
    [("cds.manual", "true"), ("git.branch", "master"), ("cds.pip.my-opt", "x"), ("cds.status", "Success")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[track_caller]
fn gives(script: &str, expected: bool) {
    assert_eq!(eval_bool(script, &vars()), Ok(expected), "{script}");
}

#[track_caller]
fn fails(script: &str, part: &str) {
    let error = eval_bool(script, &vars()).expect_err(script).to_string();
    assert!(error.contains(part), "{script}: {error}");
}

#[test]
fn variables() {
    gives("return cds_manual == \"true\" or (cds_status == \"Success\" and git_branch == \"master\")", true);
    gives("return cds_pip_my_opt == 'x' and type(git_branch) == 'string'", true);
    gives("return unset == nil", true);
    gives("return _G['git_branch'] == 'master' and _G.string ~= nil", true);
    gives("return 1, true", true);
}

#[test]
fn only_booleans_count() {
    for (script, kind) in [
        ("return nil", "nil"),
        ("", "nil"),
        ("x = 1", "nil"),
        ("return 1", "number"),
        ("return 'true'", "string"),
        ("return {}", "table"),
        ("return string.find", "function"),
        ("return true, 'x'", "string"),
    ] {
        let error = eval_bool(script, &vars()).unwrap_err();
        assert_eq!(error.to_string(), format!("invalid result of type {kind} expected boolean"), "{script}");
    }
}

#[test]
fn errors_name_the_line() {
    fails("return true\n\nand (", "script:3:");
    fails("local a = nil\nreturn a.b", "script:2:");
    fails("error('boom')", "boom");
    fails("return require('socket')", "module 'socket' not found");
    assert!(eval_bool(&"-".repeat(300 << 10), &vars()).is_err());
}

#[test]
fn libraries() {
    gives(
        "return string.upper('a') == 'A' and ('abc'):sub(2, 2) == 'b' and #table.concat({'a', 'b'}, ',') == 3",
        true,
    );
    gives("return os.time() > 1500000000 and #os.date('%Y') == 4 and os.difftime(2, 1) == 1", true);
    gives("local f, l = string.find('hello', 'l+') return f == 3 and l == 4 and ('a'):rep(3) == 'aaa'", true);
    gives(
        "local ok, e = xpcall(function() error('x') end, function(m) return 'h' .. m end) return not ok and e ~= nil",
        true,
    );
}

#[test]
fn regular_expressions() {
    gives("local re = require 're' return re.match('v1.22', [[^v(\\d+)\\.(\\d+)$]]) == '1'", true);
    gives(
        "local re = require('re') return re.match('abc', 'x') == nil and re.match('abc', 'b.') == 'bc'",
        true,
    );
    gives("local f, l, c = require('re').find('hello', 'l(l)') return f == 3 and l == 4 and c == 'l'", true);
    gives(
        "return require('re').find('a.b', '.', 2, true) == 2 and require('re').find('ab', 'b', -1) == 2",
        true,
    );
    gives(
        "local s, n = require('re').gsub('a1b22', [[(\\d+)]], '<${1}>') return s == 'a<1>b<22>' and n == 2",
        true,
    );
    gives("return require('re').gsub('ab', '.', {a = 'x'}) == 'xb'", true);
    gives("return require('re').gsub('ab', '.', string.upper, 1) == 'Ab'", true);
    gives(
        "local t = {} for k, v in require('re').gmatch('a=1,b=2', '(.)=(.)') do t[k] = v end return t.a == '1' and t.b == '2'",
        true,
    );
    gives("local n = 0 for _ in require('re').gmatch('aé', 'x*') do n = n + 1 end return n == 3", true);
    fails("return require('re').match('a', '(')", "invalid pattern");
}

#[test]
fn json_texts() {
    gives(
        "local v = require('json').decode('{\"a\": [1, {\"b\": null}], \"c\": \"x\"}') return v.a[1] == 1 and v.a[2].b == nil and v.c == 'x'",
        true,
    );
    gives("local v, e = require('json').decode('{') return v == nil and e ~= nil", true);
    gives(
        "local j = require('json') return j.encode({1, 'a', {x = true}}) == '[1,\"a\",{\"x\":true}]' and j.encode({}) == '[]'",
        true,
    );
    gives("local t = {} t.t = t local v, e = require('json').encode(t) return v == nil and e ~= nil", true);
    gives(
        "local t = {} for i = 1, 60 do t = {t, t} end local v, e = require('json').encode(t) return v == nil and e ~= nil",
        true,
    );
    gives("local v, e = require('json').encode({[1e300] = 1}) return v == nil and e ~= nil", true);
}

#[test]
fn nothing_leads_outside() {
    for name in [
        "coroutine",
        "debug",
        "io",
        "open",
        "dofile",
        "loadfile",
        "getfenv",
        "setfenv",
        "print",
        "pcall",
        "loadstring",
        "load",
        "newproxy",
        "collectgarbage",
        "gcinfo",
        "package",
        "os.rename",
        "os.remove",
        "os.exit",
        "os.clock",
        "os.execute",
        "os.getenv",
        "os.setlocale",
        "os.tmpname",
    ] {
        gives(&format!("return {name} == nil"), true);
    }
    fails("string.format = nil return true", "readonly");
    fails("getmetatable('').__index = nil return true", "readonly");
    fails("rawset(string, 'x', 1) return true", "readonly");
    fails("require('re').match = nil return true", "readonly");
    fails("setmetatable(_G, {}) return true", "metatable");
    fails("return getmetatable(_G).__index", "attempt to index");
}

#[test]
fn nothing_leaks_to_the_next_script() {
    gives("leak = 1 _G.other = 2 string_leak = 3 return true", true);
    gives("function tostring() return 'x' end return tostring(1) == 'x'", true);
    gives("return leak == nil and other == nil and string_leak == nil and tostring(1) == '1'", true);
    let empty = IndexMap::<String, String>::new();
    assert_eq!(eval_bool("return git_branch == nil", &empty), Ok(true));
    let odd: IndexMap<String, String> = [("string".to_owned(), "x".to_owned())].into();
    assert_eq!(eval_bool("return string == 'x' and ('a'):upper() == 'A'", &odd), Ok(true));
}

#[test]
fn abuse_ends_with_an_error() {
    for script in [
        "while true do end",
        "local function f() return f() end return f()",
        "local function f() return 1 + f() end return f()",
        "while true do xpcall(function() while true do end end, function() end) end",
        "while true do xpcall(error, function() while true do end end) end",
        "local s = 'x' while true do s = s .. s end",
        "return #string.rep('x', 1e9) > 0",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local t = {} while true do t = {t, ('x'):rep(1000)} end",
        "return string.find(('a'):rep(40000), '.-.-.-.-b') ~= nil",
        "return string.match(('a'):rep(40000), '(.-)(.-)(.-)(.-)b') ~= nil",
        "return string.gsub('a', 'a', function() while true do end end) ~= nil",
        "table.sort({3, 2, 1}, function() while true do end end)",
        "require('re').gsub('a', 'a', function() while true do end end)",
        "local s = ('a'):rep(4e6) return s:find(('a'):rep(2e6) .. 'b', 1, true) ~= nil",
        "local s = ('a'):rep(4e6) while true do s:reverse() end",
        "return require('re').match(('a'):rep(1e6), '(a*)*b') ~= nil",
        "return require('re').match('a', '((a{100}){100}){100}') ~= nil",
        "while true do require('re').match(('ab'):rep(30000), [[((\\w{1,9}){1,9}){1,3}c]]) end",
        "return setmetatable({}, {__index = function(t, k) return t[k] end}).x",
        "error(setmetatable({}, {__tostring = function() while true do end end}))",
        "return ('('):rep(1e5)()",
    ] {
        let begin = Instant::now();
        let error = eval_bool(script, &vars()).expect_err(script);
        assert!(begin.elapsed().as_secs() < 10, "{script} took {:?}", begin.elapsed());
        assert!(!error.to_string().is_empty());
        gives("return git_branch == 'master'", true);
    }
    let begin = Instant::now();
    gives("return string.rep('', 2147483647) == ''", true);
    assert!(begin.elapsed().as_secs() < 2);
    assert!(matches!(eval_bool("while true do end", &vars()), Err(LuaError::Limit(_))));
    assert!(matches!(eval_bool("return string.rep('x', 1e9)", &vars()), Err(LuaError::Limit(_))));
    assert!(eval_bool(&format!("return {}1{}", "(".repeat(50_000), ")".repeat(50_000)), &vars()).is_err());
}

#[test]
fn big_variables_do_not_count() {
    let vars: IndexMap<String, String> = [("payload".to_owned(), "x".repeat(20 << 20))].into();
    assert_eq!(eval_bool("return #payload > 1000 and _G['pay' .. 'load'] == payload", &vars), Ok(true));
}

#[test]
fn strict_scripts() {
    let vars = [
        ("run_days_before".to_owned(), LuaValue::Number(12.0)),
        ("run_status".to_owned(), LuaValue::Text("Success".to_owned())),
        ("git.branch".to_owned(), LuaValue::Text("b".to_owned())),
    ];
    assert_eq!(eval_bool_strict("return run_days_before < 365 and run_status == 'Success'", &vars), Ok(true));
    assert_eq!(
        eval_bool_strict("if git_branch ~= 'b' then return true end return os.time() < 5", &vars),
        Ok(false)
    );
    let error = eval_bool_strict("return git_branch_exist == 'true'", &vars).unwrap_err().to_string();
    assert!(error.contains("variable 'git_branch_exist' is not declared"), "{error}");
}

proptest! {
    #[test]
    fn any_text_ends(script in "(return |if |end |then |function |for |in |do |[a-z_().,'\"={}0-9 \n-]){0,30}") {
        let _ = eval_bool(&script, &vars());
    }
}
