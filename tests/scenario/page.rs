//! Holds `docs/scenarios.md` to the language: its example is played, and its tables are those of the verbs.

use std::{fs, path::Path};

use super::{
    files::check,
    verbs::{DOES, ENTRIES, Form, REFUSED, ROUTING, SEES, STANDS, THERE},
};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenarios.md");
    fs::read_to_string(path).expect("the page is there")
}

/// What may be added, each form once; the groups that many lines have are named, and stand in lists of their own.
fn added(form: &Form) -> String {
    let named = |group: &&[&str]| match *group {
        REFUSED => vec!["*refused*".to_owned()],
        ROUTING => vec!["*routing*".to_owned()],
        ENTRIES => vec!["*entries*".to_owned()],
        _ => group.iter().map(|it| format!("`{it}`")).collect(),
    };
    form.options.iter().flat_map(named).collect::<Vec<_>>().join(", ")
}

/// A table of verbs, as the page has it.
fn table(forms: &[Form]) -> String {
    let row = |it: &Form| format!("| `{}` | {} |\n", it.words, added(it));
    format!("| line | may be added |\n| --- | --- |\n{}", forms.iter().map(row).collect::<Vec<_>>().concat())
}

#[test]
fn the_page_has_the_verbs_and_no_others() {
    let page = page();
    for forms in [THERE, DOES, SEES, STANDS] {
        let table = table(forms);
        assert!(page.contains(&table), "the page should have this table:\n\n{table}");
    }
    for group in [REFUSED, ROUTING, ENTRIES] {
        let list = group.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        assert!(page.contains(&list), "the page should have this list: {list}");
    }
    let rows = page.lines().filter(|it| it.starts_with("| `")).count();
    let verbs: usize = [THERE, DOES, SEES, STANDS].iter().map(|it| it.len()).sum();
    assert_eq!(rows, verbs, "the page has a verb that is none");
}

#[test]
fn the_example_of_the_page_is_right() {
    let page = page();
    let examples: Vec<&str> =
        page.split("```text\n").skip(1).filter_map(|it| it.split("```").next()).collect();
    let scenarios = examples.iter().filter(|it| it.contains("\nrules:"));
    let played: Vec<String> =
        scenarios.map(|it| check(it).unwrap_or_else(|why| panic!("{why}\n{it}"))).collect();
    assert!(!played.is_empty(), "the page has no example");
}
