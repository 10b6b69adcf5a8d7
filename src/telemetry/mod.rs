//! What the service says of itself to operators: its log, its metrics, its traces. Set up once a process, by `main`.

mod log;
mod page;
pub mod trace;

pub use log::{LogFormat, Recorder, RecorderError, record};
pub use page::{Exporter, PageError, export_metrics};
