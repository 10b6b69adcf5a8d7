//! How the text of a value is read, one function a kind of value. Where it came from is not known here.

use std::{
    net::SocketAddr,
    ops::{RangeInclusive, RangeToInclusive},
    path::PathBuf,
    time::Duration,
};

use tonic::codegen::http::Uri;
use tracing_subscriber::{EnvFilter, filter::ParseError};

/// A file or a directory.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("a path is missing".into()) } else { Ok(text.into()) }
}

/// A text of its own, without spaces around it.
pub(super) fn text(text: &str) -> Result<String, String> {
    if text.trim() == text { Ok(text.to_owned()) } else { Err(format!("{text:?} has spaces around it")) }
}

/// What may be left out.
pub(super) fn maybe<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

/// An address to listen on.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is no address with a port, like 127.0.0.1:50051"))
}

/// A whole number within bounds.
pub(super) fn count(text: &str, bounds: RangeInclusive<usize>) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|it| bounds.contains(it))
        .ok_or_else(|| format!("{text:?} is no whole number from {} to {}", bounds.start(), bounds.end()))
}

/// On or off.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("{text:?} is neither true nor false"))
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// An object a line.
    Json,
}

impl LogFormat {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is neither text nor json")),
        }
    }
}

/// Which lines are logged.
pub(super) fn filter(text: &str) -> Result<String, String> {
    let wrong = |why: ParseError| {
        format!("{text:?} is no level and no levels by part, as warn,omniroute=debug: {why}")
    };
    EnvFilter::builder().parse(text).map(|_| text.to_owned()).map_err(wrong)
}

/// The address of a service that speaks plain HTTP/2; empty: none.
pub(super) fn url(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let uri: Option<Uri> = text.parse().ok();
    match uri.filter(|it| it.scheme_str() == Some("http") && it.host().is_some()) {
        Some(_) => Ok(Some(text.to_owned())),
        None => Err(format!("{text:?} is no address like http://127.0.0.1:4317")),
    }
}

/// A span of time up to a bound.
pub(super) fn span(text: &str, bound: RangeToInclusive<Duration>) -> Result<Duration, String> {
    let span = milliseconds(text).map(Duration::from_millis).filter(|it| bound.contains(it));
    span.ok_or_else(|| {
        format!("{text:?} is no span of time like 500ms, 30s, 2m or 1h, up to {:?}", bound.end)
    })
}

/// The milliseconds of a span of time as people write it: a whole number and `ms`, `s`, `m` or `h`.
pub fn milliseconds(text: &str) -> Option<u64> {
    let unit_at = text.find(|it: char| !it.is_ascii_digit())?;
    let (count, unit) = text.split_at(unit_at);
    let unit_ms = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_shown_with_what_would_be_right() {
        assert_eq!(
            address("localhost").unwrap_err(),
            "\"localhost\" is no address with a port, like 127.0.0.1:50051"
        );
        assert_eq!(count("0", 1..=256).unwrap_err(), "\"0\" is no whole number from 1 to 256");
        assert_eq!(count("-1", 1..=256).unwrap_err(), "\"-1\" is no whole number from 1 to 256");
        assert_eq!(switch("yes").unwrap_err(), "\"yes\" is neither true nor false");
        assert!(path("").is_err());
        assert_eq!(LogFormat::read("xml").unwrap_err(), "\"xml\" is neither text nor json");
        assert!(filter("warn,omniroute=debug").is_ok());
        assert!(filter("omniroute=loud").unwrap_err().starts_with("\"omniroute=loud\" is no level"));
        assert_eq!(url(""), Ok(None));
        assert_eq!(
            url("127.0.0.1:4317").unwrap_err(),
            "\"127.0.0.1:4317\" is no address like http://127.0.0.1:4317"
        );
        let hour = Duration::from_secs(3_600);
        assert_eq!(span("90m", ..=2 * hour), Ok(hour * 3 / 2));
        assert_eq!(
            span("2h", ..=hour).unwrap_err(),
            "\"2h\" is no span of time like 500ms, 30s, 2m or 1h, up to 3600s"
        );
        assert!(
            ["5", "s", "-1s", "1 day", "99999999999999999999s"].iter().all(|it| milliseconds(it).is_none())
        );
    }
}
