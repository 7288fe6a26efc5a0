//! The rows of spec 8.5 and 8.6, and texts no one should write.

use super::*;
use proptest::prelude::*;

fn vars(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn sample() -> IndexMap<String, String> {
    vars(&[
        ("v", "Hello"),
        ("a.b", "1"),
        ("a.b.c", "2"),
        ("my-var", "dash"),
        ("n", "5"),
        ("path", "x/y/z"),
        ("e", ""),
    ])
}

#[track_caller]
fn gives(text: &str, expected: &str) {
    assert_eq!(interpolate(text, &sample()).as_deref(), Ok(expected), "{text}");
}

#[track_caller]
fn fails(text: &str, part: &str) {
    let message = interpolate(text, &sample()).expect_err(text).to_string();
    assert!(message.contains(part), "{text}: {message}");
}

#[test]
fn table_of_the_spec() {
    gives("{{.v}}", "Hello");
    gives("{{ .v }}", "Hello");
    for unchanged in [
        "{{.nope}}",
        "{{.nope | upper}}",
        "{{.v | nohelper}}",
        "{{.nope|default \"x\"}}",
        "{{.v|default \"x\"}}",
        "echo '{{\"conf\"|uvault}}'",
        "{{.a}}",
    ] {
        gives(unchanged, unchanged);
    }
    gives("{{.v|upper}}", "HELLO");
    gives("{{.path | replace \"/\" \"-\"}}", "x-y-z");
    gives("{{.nope | default \"x\"}}", "x");
    gives("{{.nope | default .v \"x\"}}", "x");
    gives("{{.nope | default \"x\" .v}}", "Hello");
    gives("{{.v | default \"x\"}}", "Hello");
    gives("{{.a.b}}.{{.a.b.c}}", "1.2");
    gives("{{\"{{.v}}\"}}", "{{.v}}");
    gives("${{.v}}", "$Hello");
    fails("{{.v", "not closed");
    fails("{{.nope | replace \"/\" \"-\"}}", "unknown variable");
    gives("{{(.nope)}}", "<no value>");
}

#[test]
fn names_with_dashes() {
    gives("{{.my-var}} {{ .my-var | upper }} {{.my-var|upper}}", "dash DASH DASH");
    gives("{{.foo-var}}", "{{.foo-var}}");
    gives("{{.x | default .my-var \"\"}}", "dash");
}

#[test]
fn defaults() {
    gives("aa:{{.cds.app.foo | default \"\"}}end", "aa:end");
    gives("{{.x | default .y | default .v | upper}}", "HELLO");
    gives("{{.e | default \"was empty\"}}", "was empty");
    gives("name: \"c-{{ .name | default \"0.0.1-dirty\" }}\"", "name: \"c-0.0.1-dirty\"");
    gives("{{.v.deeper | default \"x\"}}", "x");
    gives("{{.nope | ternary \"yes\" \"no\"}} {{ \"1\" | ternary .v \"no\"}}", "no Hello");
}

#[test]
fn templates_of_other_programs_stay() {
    for text in [
        "docker inspect -f '{{.State.Running}}' x",
        "docker ps --format '{{json .}}'",
        "go list -f '{{range .Imports}}{{.}} {{end}}' ./...",
        "docker inspect -f '{{if .State.Running}}up{{else}}down{{end}}' x",
        "docker inspect -f '{{if eq .State.Status \"a/b\"}}up{{end}}' x",
        "{{range .X}}{{if .Y}}{{.Z}}{{else}}-{{end}}{{end}}",
        "${{ github.ref }} {{ jinja }} {{end}} {{- .v -}}",
    ] {
        gives(text, text);
    }
    gives("{{if .Foreign}}{{.v}}{{end}}", "{{if .Foreign}}Hello{{end}}");
}

#[test]
fn own_blocks() {
    gives("{{if .v}}yes{{else}}no{{end}}.", "yes.");
    gives("{{if .e}}yes{{else}}no{{end}}.", "no.");
    gives("{{if eq .v \"Hello\"}}a{{else if eq .n \"5\"}}b{{else}}c{{end}}", "a");
    gives("{{if ne .v \"Hello\"}}a{{else if eq .n \"5\"}}b{{else}}c{{end}}", "b");
    gives("{{if and (eq .v \"Hello\") (not .e)}}in {{if .e}}x{{else}}deep{{end}}{{end}}", "in deep");
    gives("{{if .e}}{{if .v}}a{{else}}b{{end}}{{.v}}{{.nope}}{{end}}|", "|");
    gives("a\n{{- if .v }}\nb\n{{- end }}\nc", "a\nb\nc");
    gives("{{if .unset | default \"\"}}a{{else}}b{{end}}", "b");
    fails("x\n{{if .v}}yes", "line 2");
    fails("{{if .v}}a{{else}}b{{else}}c{{end}}", "second");
}

#[test]
fn errors_name_line_and_mend() {
    fails("a\nb {{range $k, $v := .x}}{{end}}", "line 2");
    fails("a\n\n{{$x := 1}}", "line 3: template variables");
    fails("{{}}", "a value is missing");
    fails("{{ 'x' }}", "double quotes");
    fails("{{(.v}}", "not closed by `)`");
    fails("{{.v | \"x/y\"}}", "after `|`");
    fails("{{.v | trunc}}", "missing params (expected: int, string)");
    fails("{{.v | default | trunc}}", "missing params (expected: int, string)");
    fails("{{.v | repeat (99999999999)}}", "longer than");
    fails("{{ 5 | upper }}", "param 1 must be a text, not a whole number");
    fails("{{div 1 0}}", "division by zero");
    fails("{{.v | nope | default \"/\"}}", "`nope` does not exist");
}

#[test]
fn literals_and_trims() {
    gives(r#"{{"a\tb\u00e9\x41\101\""}}"#, "a\tb\u{e9}AA\"");
    gives("{{`raw \\t`}} {{(1.5)}} {{(-3)}} {{(0x1F)}} {{-3}}", "raw \\t 1.5 -3 31 {{-3}}");
    gives("a {{/* nothing */}} b {{- /* trims */ -}} c", "a  bc");
    gives("  {{- `x` -}}  ", "x");
    gives("{{printf \"%s/%d%%\" .v (add .n 1)}}", "Hello/6%");
}

#[test]
fn helpers_of_the_spec() {
    for (text, expected) in [
        ("{{ \"1234567890\" | abbrev 8 }}", "12345..."),
        ("{{ \"1234567890\" | abbrev 3 }}", "1234567890"),
        ("{{ \"abcdefghijklmnop\" | abbrevboth 5 10 }}", "...fghi..."),
        ("{{ \"abcdefghijklmnop\" | abbrevboth 5 6 }}", "abcdefghijklmnop"),
        ("{{ .v | trunc 2 }}", "He"),
        ("{{ .v | trunc 20 }}", "Hello"),
        ("{{ \"  a  \" | trim }}", "a"),
        ("{{ .v | swapcase }}", "hELLO"),
        ("{{ .v | untitle }}", "hello"),
        ("{{ .v | substr 1 3 }}", "el"),
        ("{{ .v | substr -1 3 }}", "{{ .v | substr -1 3 }}"),
        ("{{ (.v | substr -1 3) }}", "Hel"),
        ("{{ (.v | substr 1 -1) }}", "ello"),
        ("{{ .v | repeat 2 }}", "HelloHello"),
        ("{{ .v | trimAll \"Ho\" }}", "ell"),
        ("{{ .v | trimall \"Ho\" }}", "ell"),
        ("{{ .v | trimSuffix \"lo\" }}", "Hel"),
        ("{{ .v | trimPrefix \"He\" }}", "llo"),
        ("{{ \" a b \" | nospace }}", "ab"),
        ("{{ \"First Try\" | initials }}", "FT"),
        ("{{ \"FirstName\" | snakecase }}", "first_name"),
        ("{{ \"http_server\" | camelcase }}", "HttpServer"),
        ("{{ quote .v 3 }}", "\"Hello\" \"3\""),
        ("{{ squote .v .n }}", "'Hello' '5'"),
        ("{{ (\"a\\nb\" | indent 2) }}", "  a\n  b"),
        ("{{ .v | nindent 1 }}", "\n Hello"),
        ("{{ 1 | plural \"one\" \"many\" }} {{ 2 | plural \"one\" \"many\" }}", "one many"),
        ("{{ 3 | toString | upper }}", "3"),
        ("{{ coalesce .e .v }} {{ empty .e }}", "Hello true"),
        ("{{ .v | toJSON }} {{ 3 | toPrettyJSON }}", "\"Hello\" 3"),
        ("{{ .v | b64enc }} {{ .v | b64enc | b64dec }}", "SGVsbG8= Hello"),
        ("{{ (\"a/b.c_d\" | escape) }}", "a-b-c-d"),
        ("{{ (\"say \\\"x\\\"\" | stringQuote) }}", "say \\\"x\\\""),
        ("{{ .n | add 3 }} {{ add 2 2 }} {{ .n | mul 2 2 }}", "8 4 20"),
        ("{{ .n | sub 10 }} {{ .n | div 10 }} {{ .n | mod 12 }}", "5 2 2"),
        ("{{ \"a b&c\" | urlencode }}", "a+b%26c"),
        ("{{ .path | dirname }} {{ .path | basename }}", "x/y z"),
    ] {
        gives(text, expected);
    }
    let random = interpolate(
        "{{ randAlphaNum 8 }} {{ randAlpha 4 }} {{ randNumeric 5 }} {{ randASCII 3 }}",
        &sample(),
    );
    assert_eq!(random.map(|text| text.len()), Ok(8 + 1 + 4 + 1 + 5 + 1 + 3));
    let shuffled = interpolate("{{ .v | shuffle }}", &sample()).unwrap();
    let sorted = |text: &str| {
        let mut chars: Vec<char> = text.chars().collect();
        chars.sort_unstable();
        chars
    };
    assert_eq!(sorted(&shuffled), sorted("Hello"));
}

proptest! {
    #[test]
    fn never_panics(text in "(\\{\\{|\\}\\}|[-.|\"`()$ \n\\\\a-z0-9é]|\\.v|if |end|else|default |substr |abbrev |replace ){0,40}") {
        let _ = interpolate(&text, &sample());
    }

    #[test]
    fn never_panics_on_any_text(text in "\\{\\{.*") {
        let _ = interpolate(&text, &sample());
    }

    #[test]
    fn numbers_never_panic(a in any::<i64>(), b in any::<i64>(), helper in "substr|abbrevboth|sub|div|mod|mul") {
        let _ = interpolate(&format!("{{{{ (.v | {helper} {a} {b}) }}}}{{{{ {helper} {a} {b} }}}}"), &sample());
        let _ = interpolate(&format!("{{{{ ({helper} {a} {b}) }}}}"), &sample());
    }

    #[test]
    fn no_braces_no_change(text in "[^{]*") {
        prop_assert_eq!(interpolate(&text, &sample()), Ok(text));
    }

    #[test]
    fn values_are_not_read_again(value in ".*") {
        let vars = vars(&[("v", &value)]);
        prop_assert_eq!(interpolate("<{{.v}}>", &vars), Ok(format!("<{value}>")));
    }
}
