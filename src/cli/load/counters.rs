//! The service's own counters, read from its Prometheus endpoint before and after, and what happened to them in between.

use std::{collections::BTreeMap, io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// What begins the names of the service's metrics.
const OURS: &str = "omniroute_";
/// How long the endpoint may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of an answer, at most.
const ANSWER_MAX: u64 = 4 << 20;

/// Counters by their name with its labels.
pub(super) type Counters = BTreeMap<String, f64>;

/// The counters as they are now; none: nobody answers there.
pub(super) async fn read(url: &str) -> Option<Counters> {
    let text = timeout(PATIENCE, get(url)).await.ok()?.ok()?;
    Some(parse(&text))
}

/// What an HTTP endpoint without TLS answers. The exporter's is one; for one page a client library would be a lot.
async fn get(url: &str) -> io::Result<String> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The counters of a page in Prometheus' text format: those that only grow.
fn parse(text: &str) -> Counters {
    let counter = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        let bare = name.split('{').next().unwrap_or(name);
        let grows = ["_total", "_sum", "_count"].iter().any(|it| bare.ends_with(it));
        (name.starts_with(OURS) && grows).then_some((name.to_owned(), value.trim().parse().ok()?))
    };
    text.lines().filter_map(counter).collect()
}

/// By how much each has grown, where it has.
pub(super) fn growth(before: &Counters, after: &Counters) -> Counters {
    let grown = |(name, value): (&String, &f64)| {
        let by = value - before.get(name).copied().unwrap_or(0.0);
        (by > 0.0).then(|| (name.clone(), by))
    };
    after.iter().filter_map(grown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_grows_is_read_and_its_growth_told() {
        let before = parse(
            "HTTP/1.1 200 OK\r\n\r\n# TYPE omniroute_events_total counter\n\
             omniroute_events_total{event=\"invites_sent\"} 3\nomniroute_mailbox_letters 9\nother_total 1\n",
        );
        assert_eq!(before.len(), 1);
        let after = parse(
            "omniroute_events_total{event=\"invites_sent\"} 10\nomniroute_journal_commit_seconds_sum 0.5\n\
             omniroute_sessions_cut_total 0\n",
        );
        let grown = growth(&before, &after);
        assert_eq!(
            grown.into_iter().collect::<Vec<_>>(),
            [
                ("omniroute_events_total{event=\"invites_sent\"}".to_owned(), 7.0),
                ("omniroute_journal_commit_seconds_sum".to_owned(), 0.5)
            ]
        );
    }
}
