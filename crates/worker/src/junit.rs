//! JUnit test reports (spec 11.1): reading, counting, and making them fit.

use cds_api::worker::{TestCase, TestSuite};
use cds_expr::mask::Masker;
use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};
use std::{fs, path::Path};

/// Reports are cut to this many bytes of JSON.
pub(crate) const SIZE_LIMIT: usize = 1 << 20;
/// Larger files are not read.
const FILE_LIMIT: u64 = 256 << 20;
/// Deeper documents are no reports; reading an element costs as much as it is deep.
const MAX_DEPTH: usize = 256;
/// Most cases of a file: each takes far more memory than the few bytes it can have in the file.
const MAX_CASES: usize = 500_000;
/// Stands in front of a text that was cut.
const CUT: &str = "[truncated]\n";

/// Counters of cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub total: usize,
    pub ok: usize,
    /// Failed, or in error.
    pub ko: usize,
    pub skipped: usize,
}

impl Totals {
    /// Counts the cases; what the file itself says of them does not matter.
    pub fn of(suites: &[TestSuite]) -> Self {
        let mut t = Self::default();
        for case in suites.iter().flat_map(|s| &s.cases) {
            t.total += 1;
            match case.status.as_str() {
                "failed" | "error" => t.ko += 1,
                "skipped" => t.skipped += 1,
                _ => t.ok += 1,
            }
        }
        t
    }
}

/// Reads one file. The error says why it holds no reports.
pub(crate) fn read_file(path: &Path) -> Result<Vec<TestSuite>, String> {
    let size = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > FILE_LIMIT {
        return Err(format!("the file has {size} bytes; at most {FILE_LIMIT} are read"));
    }
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    parse(&String::from_utf8_lossy(&bytes))
}

/// The element whose text is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Message,
    Out,
    Err,
}

/// Reads a document whose root is `<testsuites>`, or a `<testsuite>` with a name.
pub(crate) fn parse(text: &str) -> Result<Vec<TestSuite>, String> {
    const NONE: &str = "No JUnit testsuites found in file";
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().check_end_names = true;
    let mut path: Vec<String> = Vec::new();
    let mut suites: Vec<TestSuite> = Vec::new();
    let mut part: Option<Part> = None;
    let mut single = false;
    let mut closed = false;
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(|e| format!("{NONE}: malformed XML: {e}"))?;
        let empty = matches!(event, Event::Empty(_));
        match event {
            Event::Eof if !path.is_empty() || !closed => {
                return Err(format!("{NONE}: malformed XML: it breaks off"));
            }
            Event::Eof => break,
            Event::Start(e) | Event::Empty(e) => {
                if path.len() >= MAX_DEPTH {
                    return Err(format!("{NONE}: elements are nested deeper than {MAX_DEPTH} levels"));
                }
                let name = e.local_name().as_ref().to_string();
                let parents: Vec<&str> = path.iter().map(String::as_str).collect();
                count += usize::from(name == "testcase" || name == "testsuite");
                if count > MAX_CASES {
                    return Err(format!("more than {MAX_CASES} test cases in one file: split it"));
                }
                match (parents.as_slice(), name.as_str()) {
                    ([], "testsuites") => {}
                    ([], "testsuite") => {
                        let suite = suite(&e);
                        if suite.name.is_empty() {
                            return Err(NONE.into());
                        }
                        single = true;
                        suites.push(suite);
                    }
                    ([], _) => return Err(NONE.into()),
                    (["testsuites"], "testsuite") => suites.push(suite(&e)),
                    (["testsuites", "testsuite"] | ["testsuite"], "testcase")
                        if single == (parents.len() == 1) =>
                    {
                        if let Some(suite) = suites.last_mut() {
                            suite.cases.push(case(&e));
                        }
                    }
                    ([.., "testcase"], kind) if parents.len() == if single { 2 } else { 3 } => {
                        part = inside_case(suites.last_mut().and_then(|s| s.cases.last_mut()), kind, &e);
                    }
                    _ => {}
                }
                if empty {
                    part = None;
                    closed |= path.is_empty();
                } else {
                    path.push(name);
                }
            }
            Event::End(_) => {
                path.pop();
                part = None;
                closed |= path.is_empty();
            }
            Event::Text(t) => add(&mut suites, part, &t.xml10_content()),
            Event::CData(t) => add(&mut suites, part, &t.xml10_content()),
            Event::GeneralRef(r) => {
                let character = r.resolve_char_ref().ok().flatten().map(String::from);
                let text =
                    character.or_else(|| resolve_predefined_entity(&r.xml10_content()).map(String::from));
                add(&mut suites, part, &text.unwrap_or_default());
            }
            _ => {}
        }
    }
    for case in suites.iter_mut().flat_map(|s| &mut s.cases) {
        case.message = case.message.trim_end().to_string();
    }
    Ok(suites)
}

fn attribute(e: &BytesStart<'_>, name: &str) -> String {
    // Unchecked: looking for repeated names would take the square of their number.
    let mut all = e.attributes();
    let value = all.with_checks(false).filter_map(Result::ok).find(|a| a.key.local_name().as_ref() == name);
    value
        .and_then(|a| a.normalized_value(quick_xml::XmlVersion::default()).ok().map(|v| v.into_owned()))
        .unwrap_or_default()
}

fn suite(e: &BytesStart<'_>) -> TestSuite {
    TestSuite { name: attribute(e, "name"), time: attribute(e, "time"), cases: Vec::new() }
}

fn case(e: &BytesStart<'_>) -> TestCase {
    TestCase {
        name: attribute(e, "name"),
        classname: attribute(e, "classname"),
        time: attribute(e, "time"),
        status: "ok".into(),
        ..TestCase::default()
    }
}

/// A child of a case; returns where its text belongs. Of several, errors count before failures before skips.
fn inside_case(case: Option<&mut TestCase>, kind: &str, e: &BytesStart<'_>) -> Option<Part> {
    let case = case?;
    let status = match kind {
        "error" => "error",
        "failure" => "failed",
        "skipped" => "skipped",
        "system-out" => return Some(Part::Out),
        "system-err" => return Some(Part::Err),
        _ => return None,
    };
    let rank = |status: &str| ["ok", "skipped", "failed", "error"].iter().position(|s| *s == status);
    if rank(status) > rank(&case.status) {
        case.status = status.into();
    }
    let head = [attribute(e, "type"), attribute(e, "message")];
    let head: Vec<&str> = head.iter().map(String::as_str).filter(|t| !t.is_empty()).collect();
    if !head.is_empty() {
        if !case.message.is_empty() {
            case.message.push('\n');
        }
        case.message.push_str(&head.join(": "));
        case.message.push('\n');
    }
    Some(Part::Message)
}

fn add(suites: &mut [TestSuite], part: Option<Part>, text: &str) {
    let Some(case) = suites.last_mut().and_then(|s| s.cases.last_mut()) else { return };
    match part {
        Some(Part::Message) => case.message.push_str(text),
        Some(Part::Out) => case.system_out.push_str(text),
        Some(Part::Err) => case.system_err.push_str(text),
        None => {}
    }
}

/// Names what has no name.
pub(crate) fn name(suites: &mut [TestSuite]) {
    for (i, suite) in suites.iter_mut().enumerate() {
        if suite.name.is_empty() {
            suite.name = format!("TestSuite.{i}");
        }
        for (j, case) in suite.cases.iter_mut().enumerate() {
            if case.name.is_empty() {
                case.name = format!("TestCase.{j}");
            }
        }
    }
}

/// Lines for the step's log.
pub(crate) fn summary(suites: &[TestSuite]) -> Vec<String> {
    let mut lines = vec![format!("{} Test suite(s)", suites.len())];
    for suite in suites {
        let t = Totals::of(std::slice::from_ref(suite));
        lines.push(format!("testsuite {} has {} testcase(s)", suite.name, t.total));
        for case in suite.cases.iter().filter(|c| c.status == "failed" || c.status == "error") {
            lines.push(format!(
                "testcase {} has {}",
                case.name,
                if case.status == "error" { "an error" } else { "failed" }
            ));
        }
        if t.ko > 0 || t.skipped > 0 {
            lines.push(format!(
                "testsuite {} has {} failing and {} skipped test(s)",
                suite.name, t.ko, t.skipped
            ));
        }
    }
    lines
}

/// Hides secrets (spec 8.9).
pub(crate) fn mask(suites: &mut [TestSuite], masker: &Masker) {
    let hide = |text: &mut String| *text = masker.mask(text);
    for suite in suites {
        hide(&mut suite.name);
        for case in &mut suite.cases {
            for text in [
                &mut case.name,
                &mut case.classname,
                &mut case.message,
                &mut case.system_out,
                &mut case.system_err,
            ] {
                hide(text);
            }
        }
    }
}

/// Cuts long texts proportionally, keeping their ends, until the whole fits into `limit` bytes of JSON.
pub(crate) fn shorten(suites: &mut [TestSuite], limit: usize) {
    for _ in 0..8 {
        let size = serde_json::to_vec(suites).map_or(0, |v| v.len());
        if size <= limit {
            return;
        }
        let texts = |suites: &mut [TestSuite], f: &mut dyn FnMut(&mut String)| {
            for case in suites.iter_mut().flat_map(|s| &mut s.cases) {
                for text in [&mut case.message, &mut case.system_out, &mut case.system_err] {
                    f(text);
                }
            }
        };
        let mut total = 0;
        texts(suites, &mut |t| total += t.len());
        if total == 0 {
            return;
        }
        // Escapes make JSON longer than the texts, so the share is taken of the whole; the next round corrects it.
        let keep = (limit as f64 / size as f64 * 0.95).min(0.95);
        texts(suites, &mut |t| {
            let target = (t.len() as f64 * keep) as usize;
            if t.len() > 64 {
                let mut from = t.len() - target.saturating_sub(CUT.len());
                while !t.is_char_boundary(from) {
                    from += 1;
                }
                *t = format!("{CUT}{}", t[from..].trim_start_matches(CUT));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_report() {
        let text = r#"<?xml version="1.0"?>
            <testsuites><testsuite name="s &amp; t" tests="99" failures="7" time="1.5">
              <properties><property name="a"/></properties>
              <testcase classname="c" name="one" time="0.1"/>
              <testcase><failure message="m &lt;" type="T"><![CDATA[body <x>]]></failure><system-out>a&#65;&gt;</system-out></testcase>
              <testcase name="three"><skipped/><system-err>e</system-err></testcase>
              <testcase name="four"><failure>f</failure><error message="boom"/></testcase>
              <testsuite name="nested"><testcase name="not read"/></testsuite>
            </testsuite><testsuite/></testsuites>"#;
        let mut suites = parse(text).unwrap();
        name(&mut suites);
        assert_eq!(Totals::of(&suites), Totals { total: 4, ok: 1, ko: 2, skipped: 1 });
        assert_eq!((suites[0].name.as_str(), suites[1].name.as_str()), ("s & t", "TestSuite.1"));
        let cases = &suites[0].cases;
        assert_eq!((cases[1].name.as_str(), cases[1].message.as_str()), ("TestCase.1", "T: m <\nbody <x>"));
        assert_eq!((cases[1].system_out.as_str(), cases[2].system_err.as_str()), ("aA>", "e"));
        assert_eq!((cases[3].status.as_str(), cases[3].message.as_str()), ("error", "f\nboom"));
    }

    #[test]
    fn roots() {
        assert_eq!(
            parse(r#"<testsuite name="x"><testcase name="a"/></testsuite>"#).unwrap()[0].cases.len(),
            1
        );
        assert!(parse(r#"<testsuite><testcase/></testsuite>"#).is_err());
        assert!(parse("<html/>").is_err());
        assert!(parse("<testsuites><testsuite>").is_err());
        assert!(parse("<testsuites></testsuite>").is_err());
        assert!(parse("").is_err() && parse("plain").is_err());
        assert_eq!(parse("<testsuites/>"), Ok(vec![]));
    }

    #[test]
    fn long_texts_keep_their_ends() {
        let case =
            |n: usize| TestCase { system_out: format!("{}END", "é\"".repeat(n)), ..TestCase::default() };
        let mut suites =
            vec![TestSuite { cases: vec![case(40_000), case(400), case(1)], ..TestSuite::default() }];
        shorten(&mut suites, 20_000);
        assert!(serde_json::to_vec(&suites).unwrap().len() <= 20_000);
        let out = &suites[0].cases[0].system_out;
        assert!(out.starts_with(CUT) && out.ends_with("END") && out.matches(CUT).count() == 1);
    }

    #[test]
    fn hostile_documents_end_quickly() {
        let open = |n: usize| "<testsuites><testsuite>".to_string() + &"<a>".repeat(n);
        assert!(parse(&(open(3_000_000) + "</a>")).unwrap_err().contains("nested deeper"));
        let attributes: String = (0..200_000).map(|i| format!(" a{i}='x'")).collect();
        let text = format!(
            "<testsuites><testsuite{attributes} name='n'><testcase{attributes}/></testsuite></testsuites>"
        );
        assert_eq!(parse(&text).unwrap()[0].name, "n");
        let cases = "<testcase/>".repeat(MAX_CASES);
        assert!(
            parse(&format!("<testsuites><testsuite>{cases}</testsuite></testsuites>"))
                .unwrap_err()
                .contains("split")
        );
    }

    #[test]
    fn entities_are_not_expanded() {
        let laughs = r#"<!DOCTYPE lolz [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
            <!ENTITY file SYSTEM "file:///etc/passwd">]>"#;
        let text = format!(
            "{laughs}<testsuites><testsuite name='&c;'><testcase name='&file;'><failure>&c;&file;</failure></testcase></testsuite></testsuites>"
        );
        let suites = parse(&text).unwrap();
        let case = &suites[0].cases[0];
        assert!(
            !format!("{suites:?}").contains("haha") && !format!("{suites:?}").contains("root:"),
            "{suites:?}"
        );
        assert_eq!((case.status.as_str(), case.message.as_str()), ("failed", ""));
    }
}
