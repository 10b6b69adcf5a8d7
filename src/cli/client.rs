//! How the command line calls a service: connects, and turns what comes back from a refused call into sentences for people.

use std::{error::Error as StdError, fmt, time::Duration};

use clap::Args;
use thiserror::Error;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

/// Where a service listens that was started without arguments.
pub const DEFAULT_ADDR: &str = "127.0.0.1:50051";
/// How long a service may take to answer the first packet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which service and which org a client command is about.
#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    /// Where the service listens: `HOST:PORT` or a URL.
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_ADDR)]
    pub addr: String,
    /// The org.
    #[arg(long, value_name = "ID", default_value = super::SAMPLE_ORG)]
    pub org: String,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The address cannot be one.
    #[error("{addr:?} is no address of a service: it is HOST:PORT, for example {DEFAULT_ADDR}")]
    Address {
        /// What was given.
        addr: String,
    },
    /// Nobody listens there.
    #[error(
        "no service answers at {addr} ({cause}).\n  Start one in another terminal with `omniroute serve`, or name \
         another address with --addr."
    )]
    Unreachable {
        /// Where.
        addr: String,
        /// What the system says.
        cause: String,
    },
}

/// Connects to a service.
pub async fn connect(addr: &str) -> Result<Channel, ConnectError> {
    let uri = if addr.contains("://") { addr.to_owned() } else { format!("http://{addr}") };
    let endpoint = Endpoint::from_shared(uri).map_err(|_| ConnectError::Address { addr: addr.to_owned() })?;
    endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .connect()
        .await
        .map_err(|error| ConnectError::Unreachable { addr: addr.to_owned(), cause: innermost(&error) })
}

/// The text at the bottom of a chain of errors: that of a transport says "transport error" at the top.
fn innermost(error: &dyn StdError) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// A place in a message and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where: `directory.agents[3].skills[0].skill_id`.
    pub field: String,
    /// What.
    pub description: String,
}

/// A call that was not carried out, as its details say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// Which call.
    pub call: &'static str,
    /// The gRPC code.
    pub code: Code,
    /// The machine-readable reason from the published list; none where the answer came not from the service's rules.
    pub reason: Option<String>,
    /// What the service says in words.
    pub message: String,
    /// Every field that is wrong.
    pub violations: Vec<Violation>,
    /// When it may be tried again.
    pub retry_after: Option<Duration>,
}

/// Turns the status of a call into its error: `client.call(…).await.map_err(refused("Call"))`.
pub fn refused(call: &'static str) -> impl FnOnce(Status) -> Box<CallError> {
    move |status| Box::new(CallError::new(call, &status))
}

impl CallError {
    fn new(call: &'static str, status: &Status) -> Self {
        let details = status.get_error_details();
        let violations = details.bad_request().map_or(&[][..], |it| &it.field_violations);
        Self {
            call,
            code: status.code(),
            reason: details.error_info().map(|it| it.reason.clone()),
            message: status.message().to_owned(),
            violations: violations
                .iter()
                .map(|it| Violation { field: it.field.clone(), description: it.description.clone() })
                .collect(),
            retry_after: details.retry_info().and_then(|it| it.retry_delay),
        }
    }

    /// Whether it was refused for this reason.
    pub fn is(&self, reason: &str) -> bool {
        self.reason.as_deref() == Some(reason)
    }
}

impl StdError for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "{} was refused with {reason}", self.call)?,
            None => write!(f, "{} failed with {:?}", self.call, self.code)?,
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(delay) = self.retry_after {
            write!(f, " (try again after {} ms)", delay.as_millis())?;
        }
        for it in &self.violations {
            write!(f, "\n  {}: {}", it.field, it.description)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    #[test]
    fn a_refusal_becomes_a_sentence_with_its_reason_and_every_field() {
        let mut details = ErrorDetails::with_error_info("DIRECTORY_INVALID", "omniroute", []);
        details.add_bad_request_violation("agents[0].skills[1].skill_id", "no resource \"x\" in skills");
        details.add_bad_request_violation("queues[2].id", "stands here twice");
        let status = Status::with_error_details(Code::InvalidArgument, "the directory is wrong", details);
        let error = refused("ApplyDirectory")(status);
        assert!(error.is("DIRECTORY_INVALID"));
        assert_eq!(
            error.to_string(),
            "ApplyDirectory was refused with DIRECTORY_INVALID: the directory is wrong\n  \
             agents[0].skills[1].skill_id: no resource \"x\" in skills\n  queues[2].id: stands here twice"
        );
    }

    #[test]
    fn a_status_without_details_says_its_code() {
        let error = refused("GetAgent")(Status::unavailable("connection reset"));
        assert_eq!(error.to_string(), "GetAgent failed with Unavailable: connection reset");
    }

    #[tokio::test]
    async fn where_nothing_listens_the_error_says_what_to_do() {
        // Bound and given back: a port that nobody listens on.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = connect(&free.to_string()).await.unwrap_err().to_string();
        assert!(error.contains("omniroute serve") && error.contains(&free.to_string()), "{error}");
        let error = connect("not an address").await.unwrap_err().to_string();
        assert!(error.contains("HOST:PORT"), "{error}");
    }
}
