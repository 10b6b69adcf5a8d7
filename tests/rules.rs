//! The rules of RULES.md, each driven through the public gRPC API. A test's name begins with the rule that it is about.

mod support;

#[path = "rules/conferences.rs"]
mod conferences;
