//! What the metrics of the real binary say.
#![allow(dead_code, unreachable_pub, reason = "each test target uses its part")]

use std::time::Duration;

use super::{
    page::{Page, get},
    process::Process,
};

/// How long a test waits for a figure that must come: less than the defaults of what it configures.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The figures as they are now.
pub async fn figures(process: &Process) -> Page {
    Page::read(&get(process.metrics_addr(), "/metrics").await.1)
}

/// A figure of them that is a count.
pub async fn figure(process: &Process, name: &str, labels: &[(&str, &str)]) -> u64 {
    count(&figures(process).await, name, labels)
}

/// A count on a page; what is not there has not happened.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole")]
pub fn count(page: &Page, name: &str, labels: &[(&str, &str)]) -> u64 {
    page.value(name, labels).unwrap_or_default() as u64
}

/// Waits until a figure is as it must become.
pub async fn until(process: &Process, name: &str, labels: &[(&str, &str)], is_it: impl Fn(u64) -> bool) {
    let mut looks = tokio::time::interval(LOOK_AGAIN);
    let mut last = 0;
    let wait = async {
        loop {
            looks.tick().await;
            last = figure(process, name, labels).await;
            if is_it(last) {
                return;
            }
        }
    };
    let came = tokio::time::timeout(PATIENCE, wait).await;
    assert!(came.is_ok(), "{name} {labels:?} stays {last}");
}
