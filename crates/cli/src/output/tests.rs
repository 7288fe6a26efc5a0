//! Goldens of what list and show commands print.

use super::*;

fn applications() -> Vec<Record> {
    (1..=3)
        .map(|n| {
            Record::new()
                .with("repository_fullname", "")
                .with_key("name", format!("ITCLIAPPPRJ-APP{n}"))
                .with("project_key", "ITCLIAPPPRJ")
                .more("last_modified", "never")
        })
        .collect()
}

fn options(fields: &[&str], filter: &str) -> Options {
    Options {
        fields: fields.iter().map(|f| (*f).to_string()).collect(),
        filter: Filter::parse(filter).unwrap(),
        ..Options::default()
    }
}

#[test]
fn table_of_three_columns() {
    assert_eq!(
        list(&applications(), &Options::default()).unwrap(),
        "\
+------------------+-------------+---------------------+
|       NAME       | PROJECT KEY | REPOSITORY FULLNAME |
+------------------+-------------+---------------------+
| ITCLIAPPPRJ-APP1 | ITCLIAPPPRJ |                     |
| ITCLIAPPPRJ-APP2 | ITCLIAPPPRJ |                     |
| ITCLIAPPPRJ-APP3 | ITCLIAPPPRJ |                     |
+------------------+-------------+---------------------+
"
    );
}

#[test]
fn filter_comes_before_fields_and_applies_to_quiet() {
    let mut o = options(&["PROJECT_KEY"], "NAME=.*APP2");
    assert_eq!(
        list(&applications(), &o).unwrap(),
        "\
+-------------+
| PROJECT KEY |
+-------------+
| ITCLIAPPPRJ |
+-------------+
"
    );
    o.quiet = true;
    assert_eq!(list(&applications(), &o).unwrap(), "ITCLIAPPPRJ-APP2\n");
    // Anchored, so a part of the name is not enough; an unknown name filters nothing.
    o.filter = Filter::parse("name=APP2").unwrap();
    assert_eq!(list(&applications(), &o).unwrap(), "");
    o.filter = Filter::parse("nothing=x").unwrap();
    assert_eq!(list(&applications(), &o).unwrap().lines().count(), 3);
    assert_eq!(Filter::parse("name").unwrap_err().to_string(), "Filter should be formatted like name=value");
    assert!(Filter::parse("name=(").is_err());
}

#[test]
fn empty_lists() {
    let mut o = Options::default();
    assert_eq!(list(&[], &o).unwrap(), "nothing to display...");
    o.format = Format::Json;
    assert_eq!(list(&[], &o).unwrap(), "[]");
    o.format = Format::Yaml;
    assert_eq!(list(&[], &o).unwrap(), "[]\n");
}

#[test]
fn numbers_to_the_right_and_long_cells_wrapped() {
    let rows = [
        Record::new().with("num", 7).with("text", "one two three four five six seven eight nine ten"),
        Record::new().with("num", "1,234").with("text", "https://a.very.long/word/that/cannot/be/broken"),
        Record::new().with("num", "n/a").with("text", "80%"),
    ];
    assert_eq!(
        list(&rows, &Options::default()).unwrap(),
        "\
+-------+------------------------------------------------+
|  NUM  |                      TEXT                      |
+-------+------------------------------------------------+
|     7 | one two three four five six                    |
|       | seven eight nine ten                           |
| 1,234 | https://a.very.long/word/that/cannot/be/broken |
| n/a   |                                            80% |
+-------+------------------------------------------------+
"
    );
}

#[test]
fn json_holds_strings_only_and_no_line_end() {
    let row = Record::new().with_key("num", 1).with("ok", false).more("hidden", "x");
    let mut o = Options { format: Format::Json, ..Options::default() };
    assert_eq!(show(&row, &o).unwrap(), r#"{"num":"1","ok":"false"}"#);
    assert_eq!(list(std::slice::from_ref(&row), &o).unwrap(), r#"[{"num":"1","ok":"false"}]"#);
    o.verbose = true;
    assert_eq!(show(&row, &o).unwrap(), r#"{"hidden":"x","num":"1","ok":"false"}"#);
}

#[test]
fn yaml_quotes_what_would_read_as_something_else() {
    let o = Options { format: Format::Yaml, ..Options::default() };
    let row = Record::new()
        .with("a", "plain text")
        .with("b", "true")
        .with("c", "12")
        .with("d", "")
        .with("e", "10 * * * *")
        .with("f", "* * * * *")
        .with("g", "{x: y}")
        .with("h", "key: value")
        .with("i", "one\ntwo")
        .with("j", "one\ntwo\n")
        .with("k", "tab\there")
        .with("l", "2024-01-02 15:04:05.12 +0000 UTC")
        .with("m", "it's")
        .with("n", "1:30")
        .with("o", "-x");
    assert_eq!(
        show(&row, &o).unwrap(),
        "a: plain text\nb: \"true\"\nc: \"12\"\nd: \"\"\ne: 10 * * * *\nf: '* * * * *'\ng: '{x: y}'\nh: 'key: value'\n\
         i: |-\n  one\n  two\nj: |\n  one\n  two\nk: \"tab\\there\"\nl: 2024-01-02 15:04:05.12 +0000 UTC\nm: it's\n\
         \"n\": \"1:30\"\no: -x\n"
    );
    assert_eq!(
        list(&[Record::new().with("b", "x").with("a", "y")], &o).unwrap(),
        "- a: \"y\"\n  b: x\n",
        "keys sorted, dashes at the margin"
    );
}

#[test]
fn plain_aligns_values() {
    let row = Record::new().with("name", "x").with_key("organization", "default");
    let mut o = Options::default();
    assert_eq!(show(&row, &o).unwrap(), "name         x\norganization default\n");
    assert_eq!(show(&Record::new().with("id", 1), &o).unwrap(), "id        1\n");
    o.quiet = true;
    assert_eq!(show(&row, &o).unwrap(), "default\n");
}

#[test]
fn colours_do_not_move_columns() {
    let rows = [Record::new().with("status", "Fail").with("x", 1)];
    let o = Options { colour: true, ..Options::default() };
    let coloured = list(&rows, &o).unwrap();
    assert!(coloured.contains("\x1b[31mFail\x1b[0m"));
    let bare = coloured.replace("\x1b[31m", "").replace("\x1b[0m", "");
    assert_eq!(bare, list(&rows, &Options::default()).unwrap());
}

#[test]
fn instants_as_the_reference_prints_them() {
    assert_eq!(go_time("2024-01-02T15:04:05.120Z"), "2024-01-02 15:04:05.12 +0000 UTC");
    assert_eq!(go_time("2024-01-02T16:04:05.000+01:00"), "2024-01-02 15:04:05 +0000 UTC");
    assert_eq!(go_time(""), "");
}
