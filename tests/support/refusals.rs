//! What a refusal says.

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The machine-readable reason of a refusal.
pub fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map_or_else(String::new, |it| it.reason.clone())
}

/// The paths of the fields that a call was refused for.
pub fn violations(status: &Status) -> Vec<String> {
    let named =
        |it: &tonic_types::BadRequest| it.field_violations.iter().map(|it| it.field.clone()).collect();
    status.get_error_details().bad_request().map(named).unwrap_or_default()
}

/// Asserts that a call was refused for these fields, all of them and no other.
#[track_caller]
pub fn invalid<T: std::fmt::Debug>(result: Result<T, Status>, expected: &[&str]) {
    let status = result.expect_err("the fields are wrong");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(violations(&status), expected, "{status:?}");
}

/// Asserts that a call was refused for a reason, with the code that goes with it.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, Status>, code: Code, expected: &str) {
    let status = result.expect_err("the rule says no");
    assert_eq!((status.code(), reason(&status).as_str()), (code, expected), "{status:?}");
}
