//! The sample directory that the binary carries: what a first start loads, what the demo plays in, what users copy from.

/// The sample, in the format of `directory_file`.
pub const SAMPLE: &str = include_str!("sample.toml");

/// The org that it is loaded as.
pub const SAMPLE_ORG: &str = "sample";
