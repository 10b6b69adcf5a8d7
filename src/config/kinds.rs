//! How the text of a value is read, one function a kind of value. Where it came from is not known here.

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf};

/// A file or a directory.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("a path is missing".into()) } else { Ok(text.into()) }
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
    }
}
