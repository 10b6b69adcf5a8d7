//! What `grpc.health.v1` says, so that starting, serving and draining are told apart by whoever probes: a load balancer, Kubernetes,
//! `omniroute health`. Decides nothing; `entrance` says which phase it is.
//!
//! ```text
//!   service asked for                      starting       serving    draining
//!   "", "ready", each of omniroute.v1      NOT_SERVING    SERVING    NOT_SERVING
//!   "started"                              NOT_SERVING    SERVING    SERVING
//!   "live"                                 SERVING        SERVING    SERVING
//! ```

use std::fmt;

use tonic_health::{
    ServingStatus,
    pb::health_server::{Health as Service, HealthServer},
    server::HealthReporter,
};

use crate::api;

/// The name that says whether new work is taken.
pub const READY: &str = "ready";
/// The name that says whether what was durable has been recovered.
pub const STARTED: &str = "started";
/// The name that says that the process lives.
pub const LIVE: &str = "live";

/// Where the service stands between its start and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It recovers what is durable.
    Starting,
    /// It takes every call.
    Serving,
    /// It takes no new conversations, and lets what exists go on for a while.
    Draining,
}

impl Phase {
    /// The phase that these answers stand for: whether it is ready, and whether it has started.
    pub fn of(ready: bool, started: bool) -> Self {
        match (ready, started) {
            (true, _) => Self::Serving,
            (false, true) => Self::Draining,
            (false, false) => Self::Starting,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Draining => "draining",
        })
    }
}

/// The statuses by name.
#[derive(Debug, Clone)]
pub(super) struct Health(HealthReporter);

impl Health {
    /// Health in the phase STARTING, and the service that answers for it.
    pub(super) async fn starting() -> (Self, HealthServer<impl Service>) {
        let (reporter, service) = tonic_health::server::health_reporter();
        let health = Self(reporter);
        health.say(Phase::Starting).await;
        (health, service)
    }

    /// Says which phase it is, to those who ask and to those who watch.
    pub(super) async fn say(&self, phase: Phase) {
        let (ready, started) = match phase {
            Phase::Starting => (ServingStatus::NotServing, ServingStatus::NotServing),
            Phase::Serving => (ServingStatus::Serving, ServingStatus::Serving),
            Phase::Draining => (ServingStatus::NotServing, ServingStatus::Serving),
        };
        self.0.set_service_status(LIVE, ServingStatus::Serving).await;
        self.0.set_service_status(STARTED, started).await;
        for name in ["", READY].into_iter().chain(api::SERVICES) {
            self.0.set_service_status(name, ready).await;
        }
    }
}
