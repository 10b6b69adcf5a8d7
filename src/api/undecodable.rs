//! Bytes that are no message, and messages beyond their bound, are bad input like any other: INVALID_ARGUMENT with its reason. The
//! library beneath says INTERNAL and OUT_OF_RANGE, which would have a caller look for the fault in the service.

use tonic::{
    Code, Status,
    body::Body,
    codegen::http::{HeaderMap, Response},
};

use crate::wire::status;

/// Gives a response that says so its right code and reason; lets all others through.
pub fn typed(response: Response<Body>) -> Response<Body> {
    match said(response.headers()) {
        Some((Code::Internal | Code::OutOfRange, message)) if message.contains("decode") => {
            status::undecodable().into_http()
        }
        Some(_) | None => response,
    }
}

/// The status of a response that has no body.
fn said(headers: &HeaderMap) -> Option<(Code, String)> {
    let status = Status::from_header_map(headers)?;
    Some((status.code(), status.message().to_owned()))
}
