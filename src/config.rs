//! What the service is told when it starts: the arguments of `omniroute serve`. The bounds of the engine are not here but in `limits`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{ArgAction, Args, builder::RangedU64ValueParser};

/// Shards at most: each is a thread, and more threads than cores do not decide faster.
const SHARDS_MAX: u64 = 256;

/// How the service runs.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Config {
    /// Where the journal and the snapshots are kept. Made when it is not there.
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// Where gRPC is served. Port 0: any that is free; the log says which.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50051")]
    pub grpc_addr: SocketAddr,
    /// Where the metrics are served, for Prometheus.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9464")]
    pub metrics_addr: SocketAddr,
    /// Threads that decide. Each org is decided by one of them.
    #[arg(long, value_name = "COUNT", default_value_t = 1,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=SHARDS_MAX))]
    pub shards: usize,
    /// Do not load the sample directory as org `sample` on first start.
    #[arg(long = "no-sample", action = ArgAction::SetFalse)]
    pub sample: bool,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }

    fn parsed(line: &[&str]) -> Result<Config, clap::Error> {
        Line::try_parse_from([&["serve"], line].concat()).map(|line| line.config)
    }

    #[test]
    fn without_arguments_it_serves_on_loopback_with_the_sample() {
        let config = parsed(&[]).unwrap();
        assert!(config.grpc_addr.ip().is_loopback() && config.metrics_addr.ip().is_loopback());
        assert_eq!(config.grpc_addr.port(), 50051);
        assert_eq!(config.shards, 1);
        assert!(config.sample);
    }

    #[test]
    fn the_sample_can_be_left_out_and_a_service_without_shards_is_refused() {
        assert!(!parsed(&["--no-sample"]).unwrap().sample);
        assert!(parsed(&["--shards", "0"]).is_err());
        assert_eq!(parsed(&["--shards", "2"]).unwrap().shards, 2);
    }
}
