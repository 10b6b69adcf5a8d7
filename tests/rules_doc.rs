//! Holds `docs/rules.md` to the tests: what it names exists, what works is tested, and no test of a rule is left out.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fs, path::Path};

/// A row of the table.
struct Row {
    rule: String,
    state: String,
    tests: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of the document whose first cell is a rule: `DIR-1`.
fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("docs/rules.md")).expect("the document is there");
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
        let [rule, _, state, tests, ..] = cells[..] else { return None };
        let (letters, number) = rule.split_once('-')?;
        let is_rule =
            letters.bytes().all(|it| it.is_ascii_uppercase()) && number.parse::<u8>().is_ok_and(|it| it > 0);
        let tests = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        is_rule.then(|| Row { rule: rule.into(), state: state.into(), tests })
    };
    text.lines().filter_map(row).collect()
}

/// The names of the tests in the files under a folder.
fn tests_under(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            tests_under(&path, names);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).expect("it can be read");
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
                if let Some((name, _)) = function.and_then(|it| it.split_once('(')) {
                    if is_test {
                        names.insert(name.to_owned());
                    }
                    is_test = false;
                }
            }
        }
    }
}

/// Whether a test's name begins with a rule: `xfer_2_a_conference…` with `XFER-2`.
fn begins_with(name: &str, rule: &str) -> bool {
    name.starts_with(&format!("{}_", rule.to_lowercase().replace('-', "_")))
}

#[test]
fn every_test_that_is_named_exists() {
    let mut there = BTreeSet::new();
    tests_under(&root().join("tests"), &mut there);
    for row in rows() {
        for name in &row.tests {
            assert!(there.contains(name), "{} names {name}, which is no test", row.rule);
        }
    }
}

#[test]
fn every_rule_has_a_state_and_what_works_has_a_test_of_its_own() {
    let rows = rows();
    assert!(rows.len() > 60, "{} rows were read", rows.len());
    for row in &rows {
        let state = row.state.split(':').next().unwrap_or_default();
        assert!(["works", "partly", "not yet"].contains(&state), "{}: {:?} is no state", row.rule, row.state);
        let says_what = row.state != "partly" && row.state != "partly:";
        assert!(says_what, "{}: what is missing?", row.rule);
        let has_test = row.tests.iter().any(|it| begins_with(it, &row.rule));
        assert!(state != "works" || has_test, "{} works, and no test says so", row.rule);
        assert!(state != "not yet" || row.tests.is_empty(), "{} is not yet, and has tests", row.rule);
    }
    let distinct: BTreeSet<&str> = rows.iter().map(|it| &*it.rule).collect();
    assert_eq!(distinct.len(), rows.len(), "a rule stands in the document twice");
}

#[test]
fn every_test_of_a_rule_stands_in_its_row() {
    let (mut names, rows) = (BTreeSet::new(), rows());
    tests_under(&root().join("tests/rules"), &mut names);
    assert!(names.len() > 100, "{} tests were found", names.len());
    for name in &names {
        let row = rows.iter().find(|it| begins_with(name, &it.rule));
        let row = row.unwrap_or_else(|| panic!("{name} begins with no rule"));
        assert!(row.tests.contains(name), "{name} is not in the row of {}", row.rule);
    }
}
