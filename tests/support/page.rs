//! A page in Prometheus' text format, read: its samples, and what it says of each metric.
#![allow(dead_code, unreachable_pub, reason = "each test target uses its part")]

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Labels by their name.
pub type Labels = BTreeMap<String, String>;

/// What a page says.
#[derive(Debug, Default)]
pub struct Page {
    /// The type of each metric.
    pub types: BTreeMap<String, String>,
    /// The help of each metric.
    pub helps: BTreeMap<String, String>,
    /// The value of each series; a histogram has several for each of its own.
    pub samples: BTreeMap<(String, Labels), f64>,
}

/// What an HTTP server answers to `GET path`: the head and the body.
pub async fn get(addr: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(addr).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_owned(), body.to_owned())
}

impl Page {
    /// Reads a page.
    pub fn read(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines().filter(|it| !it.is_empty()) {
            let said = line.strip_prefix("# ").and_then(|it| it.split_once(' '));
            match said.and_then(|(what, rest)| Some((what, rest.split_once(' ')?))) {
                Some(("TYPE", (name, kind))) => {
                    let twice = page.types.insert(name.into(), kind.into());
                    assert_eq!(twice, None, "{name} is typed once");
                }
                Some(("HELP", (name, help))) => drop(page.helps.insert(name.into(), help.into())),
                _ => {
                    let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
                    let value = value.parse().expect("a number");
                    let twice = page.samples.insert(series_of(series), value);
                    assert_eq!(twice, None, "{series} is there once");
                }
            }
        }
        page
    }

    /// The value of a series; none: it is not there.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// The names of the labels of a metric's series, `le` aside.
    pub fn labels(&self, metric: &str) -> BTreeSet<Vec<String>> {
        let is_of = |name: &str| {
            let rest = name.strip_prefix(metric);
            rest.is_some_and(|it| it.is_empty() || self.types[metric] == "histogram" && is_part(it))
        };
        let all = self.samples.keys().filter(|it| is_of(&it.0));
        all.map(|(_, labels)| labels.keys().filter(|it| *it != "le").cloned().collect()).collect()
    }
}

fn is_part(suffix: &str) -> bool {
    ["_bucket", "_sum", "_count"].contains(&suffix)
}

fn series_of(text: &str) -> (String, Labels) {
    let Some((name, labels)) = text.strip_suffix('}').and_then(|it| it.split_once('{')) else {
        return (text.to_owned(), Labels::new());
    };
    let label = |it: &str| {
        let (name, value) = it.split_once('=').expect("a label has a value");
        (name.to_owned(), value.trim_matches('"').to_owned())
    };
    (name.to_owned(), labels.split(',').map(label).collect())
}
