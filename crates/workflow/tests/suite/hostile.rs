//! Whatever the text, reading it ends, with findings and without a panic.

use cds_workflow::parse::parse_file;
use proptest::prelude::*;

const NAMES: &[&str] = &["w.yml", "p.pip.yml", "a.app.yml", "e.env.yml", "w.json"];
const PIECES: &[&str] = &[
    "name",
    "version",
    "v1.0",
    "v2.0",
    "workflow",
    "pipeline",
    "depends_on",
    "when",
    "hooks",
    "stages",
    "jobs",
    "job",
    "steps",
    "script",
    "requirements",
    "model",
    "service",
    "value",
    "type",
    "conditions",
    "check",
    "payload",
    "&a",
    "*a",
    "<<",
    ": ",
    ":",
    "\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "'",
    "\"",
    "|",
    ">",
    "#",
    "!!str ",
    "---\n",
    "...\n",
    "~",
    "true",
    "\t",
    "{{.x}}",
    "é",
    "\u{0}",
    "\u{85}",
    "%YAML 1.2\n",
    "? ",
    "1e9",
    "0x",
    "gitClone",
    "options",
    "notifications",
    "settings",
    "a",
    "b",
    "c",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1200))]

    #[test]
    fn any_text(text in any::<String>(), which in 0..NAMES.len()) {
        let (found, list) = parse_file(NAMES[which], &text);
        prop_assert_eq!(found.is_none(), cds_workflow::has_errors(&list));
    }

    #[test]
    fn text_that_looks_like_a_file(parts in prop::collection::vec(0..PIECES.len(), 0..60), which in 0..NAMES.len()) {
        let text: String = parts.iter().map(|i| PIECES[*i]).collect();
        let (found, list) = parse_file(NAMES[which], &text);
        prop_assert_eq!(found.is_none(), cds_workflow::has_errors(&list));
        cds_workflow::lint::lint(&[(NAMES[which].to_owned(), text)], true);
    }

    #[test]
    fn files_with_one_wound(at in any::<prop::sample::Index>(), piece in 0..PIECES.len(), cut in 0usize..6) {
        let files = [
            ("w.yml", include_str!("golden/release-train.yml")),
            ("p.pip.yml", include_str!("golden/build.pip.yml")),
            ("a.app.yml", include_str!("golden/shop.app.yml")),
            ("n.yml", include_str!("golden/nightly.yml")),
        ];
        for (name, text) in files {
            let i = at.index(text.len());
            let end = (i + cut).min(text.len());
            let wounded = format!("{}{}{}", &text[..i], PIECES[piece], &text[end..]);
            let (found, list) = parse_file(name, &wounded);
            prop_assert_eq!(found.is_none(), cds_workflow::has_errors(&list));
        }
    }
}

#[test]
fn large_and_deep_texts_end_quickly() {
    let mut many = String::from("name: w\nworkflow:\n  n0: {pipeline: p}\n");
    for i in 1..3000 {
        many.push_str(&format!("  n{i}: {{pipeline: p, depends_on: [n{}]}}\n", i - 1));
    }
    assert!(parse_file("w.yml", &many).0.is_some());
    for text in [
        "[".repeat(100_000),
        "- ".repeat(20_000),
        "a: ".repeat(20_000),
        "{a: ".repeat(50_000),
        "? ".repeat(20_000),
    ] {
        assert!(parse_file("w.yml", &text).0.is_none());
    }
}
