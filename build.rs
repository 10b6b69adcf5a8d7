//! Compiles `proto/` with a protobuf compiler written in Rust, so that a build needs nothing but cargo.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const PROTO_FILES: [&str; 9] = [
    "omniroute/v1/reasons.proto",
    "omniroute/v1/types.proto",
    "omniroute/v1/directory_service.proto",
    "omniroute/v1/agent_service.proto",
    "omniroute/v1/conversation_service.proto",
    "omniroute/v1/supervisor_service.proto",
    "omniroute/v1/event_service.proto",
    "omniroute/v1/pipeline_service.proto",
    "omniroute/journal/v1/journal.proto",
];

/// What is large and seldom, or larger than most that stands in its place: a message of a stream is moved several times on its way, and each time
/// as the largest of its kind.
const BOXED: [&str; 7] = [
    "omniroute.v1.SubmitRequest.command.attach_record",
    "omniroute.v1.SubmitRequest.command.create_conversation",
    "omniroute.v1.SubmitRequest.command.move_conversation",
    "omniroute.v1.SubmitRequest.command.remove_record",
    "omniroute.v1.SubmitRequest.command.request_conference",
    "omniroute.v1.SubmitRequest.command.request_transfer",
    "omniroute.v1.OpenSessionResponse.notice.opened",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(PROTO_FILES, ["proto"])?;
    // What gRPC reflection serves.
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    let config = BOXED.iter().fold(tonic_prost_build::configure(), tonic_prost_build::Builder::boxed);
    config.compile_fds(descriptors)?;
    Ok(())
}
