//! How the command line calls a service: how it connects is `dial`; here what comes back from a refused call becomes sentences for people.

use std::{error::Error as StdError, fmt, time::Duration};

use clap::Args;
use tonic::{Code, Status};
use tonic_types::StatusExt;

pub use super::dial::{ConnectError, Dial, Line};

/// Which service and which org a client command is about.
#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    /// Which service.
    #[command(flatten)]
    pub dial: Dial,
    /// The org.
    #[arg(long, value_name = "ID", default_value = super::SAMPLE_ORG)]
    pub org: String,
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
}
