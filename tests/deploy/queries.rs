//! The queries of the dashboards and the alerts, read from the files that are deployed, and what of them names a metric.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// A metric as a query selects it, with the labels that it goes by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selected {
    pub(crate) name: String,
    pub(crate) labels: BTreeSet<String>,
}

/// A file of what is deployed.
pub(crate) fn deployed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path)
}

pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(deployed(path)).expect("it is deployed")
}

/// The dashboards by the names of their files.
pub(crate) fn dashboards() -> BTreeMap<String, Value> {
    let files = fs::read_dir(deployed("grafana")).expect("there are dashboards");
    let paths = files.map(|it| it.expect("it can be read").path());
    paths
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("it can be read");
            (name, serde_json::from_str(&text).expect("a dashboard is JSON"))
        })
        .collect()
}

/// Every panel of a dashboard that shows something.
pub(crate) fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    let all = dashboard["panels"].as_array().expect("a dashboard has panels");
    all.iter().filter(|it| it["type"] != "row")
}

/// The queries of a panel.
pub(crate) fn queries(panel: &Value) -> Vec<&str> {
    let targets = panel["targets"].as_array().expect("a panel has targets");
    targets.iter().map(|it| it["expr"].as_str().expect("a target has a query")).collect()
}

fn is_of_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '_'
}

/// What of a query, or of any text, is a metric of ours or of the process, with the labels in the braces behind it.
pub(crate) fn selected(text: &str) -> Vec<Selected> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_of_name) {
        let word = &rest[start..];
        let end = word.find(|it| !is_of_name(it)).unwrap_or(word.len());
        let (name, after) = word.split_at(end);
        rest = after;
        if name.starts_with("omniroute_") || name.starts_with("process_") {
            let labels = after.strip_prefix('{').and_then(|it| it.split_once('}')).map_or("", |it| it.0);
            let name_of = |it: &str| it.trim().split(['=', '!']).next().map(str::to_owned);
            let labels = labels.split("\",").filter_map(name_of).filter(|it| !it.is_empty()).collect();
            found.push(Selected { name: name.into(), labels });
        }
    }
    found
}

#[test]
fn what_a_query_selects_is_found() {
    let query = "sum by (le) (rate(omniroute_a_seconds_bucket{org=~\"$org\", le!=\"5,6\"}[1m])) / omniroute_b > process_c{}";
    let expected =
        [("omniroute_a_seconds_bucket", &["le", "org"][..]), ("omniroute_b", &[]), ("process_c", &[])];
    let expected = expected.map(|(name, labels)| Selected {
        name: name.into(),
        labels: labels.iter().map(|&it| it.into()).collect(),
    });
    assert_eq!(selected(query), expected);
}
