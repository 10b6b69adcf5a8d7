//! What the service is told when it starts. Every key stands once, in `keys!` below; flags, environment variables, the file,
//! `omniroute config` and the checks all follow from its line. The bounds of the engine are not here but in `limits`.
//!
//! ```text
//!   default  <  file (TOML, --config FILE)  <  environment (OMNIROUTE_…)  <  flags
//!   data_dir    data_dir = "…"                 OMNIROUTE_DATA_DIR=…          --data-dir …
//! ```
//!
//! No key holds a secret: what is secret stands in a file, and the key names the file. So a configuration can be shown whole.

mod flags;
mod kinds;
mod layers;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

pub use flags::Flags;
pub use kinds::{LogFormat, milliseconds};
pub use layers::{ConfigError, Given, Layers, Mistake, Origin, Settings};

/// Shards at most: each is a thread, and more threads than cores do not decide faster.
const SHARDS_MAX: usize = 256;
/// The thinnest sample of traces.
const ONE_IN_MAX: usize = 1_000_000;
/// The longest drain: whoever wants longer wants no stop.
const DRAIN_MAX: Duration = Duration::from_secs(3_600);
/// Connections at most: each is a file and some kilobytes.
const CONNECTIONS_MAX: usize = 1_000_000;
/// The longest that a peer is waited for: beyond an hour no peer is meant.
const PEER_MAX: Duration = Duration::from_secs(3_600);

/// The value name of a key that is on or off.
const SWITCH: &str = "BOOL";

/// One key: what help, the environment and the file say of it.
#[derive(Debug)]
pub struct Key {
    /// Its name in the file: words joined by `_`.
    pub name: &'static str,
    /// What it says, for people.
    pub help: &'static str,
    /// What stands for its value in the help.
    pub value_name: &'static str,
    /// Its value where no layer gives one. Empty: none.
    pub default: &'static str,
}

impl Key {
    /// The environment variable that gives it.
    pub fn variable(&self) -> String {
        format!("{}{}", layers::VARIABLES, self.name.to_uppercase())
    }

    /// The flag that gives it, without the dashes before it.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Whether it is on or off.
    pub fn is_switch(&self) -> bool {
        self.value_name == SWITCH
    }
}

/// Makes [`Config`], [`KEYS`] and the reading of every key from lines of `name: Type = default, VALUE NAME, parser`.
macro_rules! keys {
    ($($(#[doc = $help:literal])+ $name:ident: $kind:ty = $default:expr, $value_name:expr, $parse:expr;)+) => {
        /// How the service runs.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Config {
            $($(#[doc = $help])+ pub $name: $kind,)+
        }

        /// Every key, in the order in which they are shown.
        pub const KEYS: &[Key] = &[
            $(Key {
                name: stringify!($name),
                help: concat!($($help),+),
                value_name: $value_name,
                default: $default,
            },)+
        ];

        impl Config {
            /// Reads every key from its text. None where one of them is wrong; `wrong` is told which, and why.
            fn read(text_of: impl Fn(&str) -> String, mut wrong: impl FnMut(&str, String)) -> Option<Self> {
                $(let $name: Option<$kind> = $parse(&text_of(stringify!($name)))
                    .map_err(|why| wrong(stringify!($name), why))
                    .ok();)+
                Some(Self { $($name: $name?,)+ })
            }
        }
    };
}

keys! {
    /// Where the journal, the snapshots and the read models are kept. Made when it is not there.
    data_dir: PathBuf = "data", "DIR", kinds::path;
    /// Where gRPC is served. Port 0: any that is free; the first lines printed say which.
    grpc_addr: SocketAddr = "127.0.0.1:50051", "ADDR", kinds::address;
    /// Where the metrics are served, for Prometheus.
    metrics_addr: SocketAddr = "127.0.0.1:9464", "ADDR", kinds::address;
    /// The certificate of TLS and those between it and its authority, PEM. Not set: no TLS.
    tls_cert: Option<PathBuf> = "", "FILE", |text: &str| kinds::maybe(text, kinds::path);
    /// The private key of that certificate, PEM.
    tls_key: Option<PathBuf> = "", "FILE", |text: &str| kinds::maybe(text, kinds::path);
    /// The authorities of clients' certificates, PEM. Not set: clients need none.
    tls_client_ca: Option<PathBuf> = "", "FILE", |text: &str| kinds::maybe(text, kinds::path);
    /// The public keys of tokens, a JWKS file. Not set: no call needs a token, and any call may do anything.
    jwks: Option<PathBuf> = "", "FILE", |text: &str| kinds::maybe(text, kinds::path);
    /// Who must have issued a token (its claim iss). Not set: anybody who has a key of the JWKS file.
    token_issuer: Option<String> = "", "TEXT", |text: &str| kinds::maybe(text, kinds::text);
    /// Whom a token must be for (its claim aud). Not set: that is not looked at.
    token_audience: Option<String> = "", "TEXT", |text: &str| kinds::maybe(text, kinds::text);
    /// Listen beyond loopback also without TLS or without tokens.
    insecure: bool = "false", SWITCH, kinds::switch;
    /// Serve metrics beyond loopback: they need neither TLS nor a token.
    insecure_metrics: bool = "false", SWITCH, kinds::switch;
    /// Threads that decide. Each org is decided by one of them.
    shards: usize = "1", "COUNT", |text: &str| kinds::count(text, 1..=SHARDS_MAX);
    /// Load the sample directory as org `sample` on first start.
    sample: bool = "true", SWITCH, kinds::switch;
    /// How long a stop waits at most for agents who are logged in: no new conversations, but acceptances, messages and ends.
    drain_timeout: Duration = "5s", "SPAN", |text: &str| kinds::span(text, ..=DRAIN_MAX);
    /// Connections at once. Beyond it the one that is open for longest without a call goes, or the new one.
    connections_max: usize = "10000", "COUNT", |text: &str| kinds::count(text, 1..=CONNECTIONS_MAX);
    /// How long a connection may be open before its first call, the handshake of TLS included.
    first_call_timeout: Duration = "60s", "SPAN", |text: &str| kinds::span(text, ..=PEER_MAX);
    /// How long a call's message may take to arrive.
    message_timeout: Duration = "60s", "SPAN", |text: &str| kinds::span(text, ..=PEER_MAX);
    /// How often a peer by HTTP/2 is asked whether it is there; it has as long to say so.
    ping_interval: Duration = "20s", "SPAN", |text: &str| kinds::span(text, ..=PEER_MAX);
    /// How long what was sent may stay unread before the connection is cut.
    unread_timeout: Duration = "60s", "SPAN", |text: &str| kinds::span(text, ..=PEER_MAX);
    /// What is logged to the standard error: a level (error, warn, info, debug), or levels by part, as `warn,omniroute=debug`.
    log_filter: String = "info", "FILTER", kinds::filter;
    /// How it is logged: `text` for people, `json` for collectors.
    log_format: LogFormat = "text", "FORMAT", LogFormat::read;
    /// Where traces are sent by OTLP over gRPC, as `http://127.0.0.1:4317`. Empty: nowhere, and none are made.
    otlp_endpoint: Option<String> = "", "URL", kinds::url;
    /// Of the calls whose caller has not decided it, one in so many is traced.
    otlp_one_in: usize = "1", "COUNT", |text: &str| kinds::count(text, 1..=ONE_IN_MAX);
}

impl Config {
    /// Whether others than this machine can make calls without TLS or without a token.
    pub fn is_unguarded(&self) -> bool {
        let is_guarded = self.tls_cert.is_some() && self.tls_key.is_some() && self.jwks.is_some();
        is_exposed(self.grpc_addr) && !is_guarded
    }

    /// What is wrong between keys that are each right: the key to name, and why.
    fn conflicts(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.grpc_addr == self.metrics_addr && self.grpc_addr.port() != 0 {
            found
                .push(("metrics_addr", format!("{} is where gRPC is served (grpc_addr)", self.metrics_addr)));
        }
        let has_tls = self.tls_cert.is_some() && self.tls_key.is_some();
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            found.push(("tls_cert", "goes with tls_key: set both or neither".into()));
        }
        if self.tls_client_ca.is_some() && !has_tls {
            found.push(("tls_client_ca", "is for TLS: set tls_cert and tls_key too".into()));
        }
        if self.is_unguarded() && !self.insecure {
            found.push((
                "grpc_addr",
                format!(
                    "{} can be reached from elsewhere: set tls_cert, tls_key and jwks, or say --insecure",
                    self.grpc_addr
                ),
            ));
        }
        if is_exposed(self.metrics_addr) && !self.insecure && !self.insecure_metrics {
            found.push((
                "metrics_addr",
                format!("{} can be reached from elsewhere: say --insecure-metrics", self.metrics_addr),
            ));
        }
        for (key, is_set) in
            [("token_issuer", self.token_issuer.is_some()), ("token_audience", self.token_audience.is_some())]
        {
            if is_set && self.jwks.is_none() {
                found
                    .push((key, "says what tokens must be like, and no call needs one: set jwks too".into()));
            }
        }
        found
    }
}

/// Whether others than this machine can reach an address.
fn is_exposed(addr: SocketAddr) -> bool {
    !addr.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default(name: &str) -> String {
        KEYS.iter().find(|it| it.name == name).unwrap().default.to_owned()
    }

    #[test]
    fn every_default_is_right() {
        let mut mistakes = Vec::new();
        let config = Config::read(default, |key, why| mistakes.push(format!("{key}: {why}")));
        assert_eq!(mistakes, [""; 0]);
        assert!(config.unwrap().conflicts().is_empty());
    }

    #[test]
    fn without_a_word_it_serves_on_loopback_with_the_sample() {
        let config = Config::read(default, |key, why| panic!("{key}: {why}")).unwrap();
        assert!(config.grpc_addr.ip().is_loopback() && config.metrics_addr.ip().is_loopback());
        assert_eq!((config.grpc_addr.port(), config.shards, config.sample), (50051, 1, true));
    }

    #[test]
    fn every_key_is_written_like_the_others_and_says_what_it_is() {
        for key in KEYS {
            assert!(key.name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_'), "{}", key.name);
            assert!(key.help.trim().ends_with('.'), "{}: {}", key.name, key.help);
        }
    }
}
