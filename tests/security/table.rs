//! The table of rights: complete, as the page shows it, and what really holds, call by call.

use std::{collections::BTreeSet, str::FromStr};

use omniroute::{
    access::caller::Role,
    api::{Answers, OPEN, ROWS, Right, Row},
    wire::{DESCRIPTORS, v1},
};
use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::{Code, Status, client::Grpc, codegen::http::uri::PathAndQuery};

use crate::{
    guarded::{Guarded, Line},
    messages::{Voice, message},
    support::{ORG, raw::Raw, reason},
};

const OTHER: &str = "globex";

/// Makes a call by its name and says how it went: its status, or its first answer.
pub async fn call(line: &Line, call: &str, message: Vec<u8>) -> Result<Vec<u8>, Status> {
    let mut client = Grpc::new(line.clone());
    client.ready().await.expect("the connection is there");
    let path = PathAndQuery::from_str(&format!("/{call}")).expect("a path");
    let outgoing = tonic::Request::new(tokio_stream::once(message));
    let mut answers = client.streaming(outgoing, path, Raw).await?.into_inner();
    Ok(answers.message().await?.unwrap_or_default())
}

/// How a command on the wide door went.
fn of_pipeline(answered: Result<Vec<u8>, Status>) -> Result<Vec<u8>, Status> {
    let bytes = answered?;
    match v1::SubmitResponse::decode(&*bytes).expect("an answer").answer {
        Some(v1::submit_response::Answer::Refusal(it)) => Err(it.into()),
        _ => Ok(bytes),
    }
}

async fn attempt(line: &Line, row: &Row, org: &str, voice: Voice<'_>) -> Result<Vec<u8>, Status> {
    let answered = call(line, row.call, message(row.call, org, voice)).await;
    if row.call.ends_with("/Submit") { of_pipeline(answered) } else { answered }
}

#[track_caller]
fn is_denied(answered: Result<Vec<u8>, Status>, what: &str) {
    let Err(status) = answered else { panic!("{what} was carried out") };
    assert_eq!((status.code(), &*reason(&status)), (Code::PermissionDenied, "PERMISSION_DENIED"), "{what}");
}

#[track_caller]
fn is_let_in(answered: Result<Vec<u8>, Status>, what: &str) {
    if let Err(status) = answered {
        let code = status.code();
        assert!(!matches!(code, Code::PermissionDenied | Code::Unauthenticated), "{what}: {status:?}");
    }
}

#[test]
fn every_call_of_the_proto_stands_in_the_table_and_no_other() {
    let ours = FileDescriptorSet::decode(DESCRIPTORS).expect("descriptors");
    let services = ours.file.iter().flat_map(|file| file.service.iter().map(move |it| (file.package(), it)));
    let mut calls: BTreeSet<(String, bool)> = services
        .flat_map(|(package, service)| {
            let calls = service.method.iter();
            calls
                .map(move |it| (format!("{package}.{}/{}", service.name(), it.name()), it.server_streaming()))
        })
        .collect();
    assert!(calls.len() > 40, "{} calls", calls.len());
    calls.insert(("grpc.reflection.v1.ServerReflection/ServerReflectionInfo".into(), true));
    let rows = ROWS.iter().map(|it| (it.call.to_owned(), it.answers == Answers::Streams));
    assert_eq!(rows.collect::<BTreeSet<_>>(), calls);

    let health = FileDescriptorSet::decode(tonic_health::pb::FILE_DESCRIPTOR_SET).expect("descriptors");
    let health = health.file.iter().flat_map(|it| &it.service).flat_map(|it| &it.method);
    let health: BTreeSet<String> = health.map(|it| format!("grpc.health.v1.Health/{}", it.name())).collect();
    assert!(OPEN.iter().all(|it| it.starts_with("grpc.health.v1.Health/")), "health alone is open: {OPEN:?}");
    assert!(health.iter().all(|it| OPEN.contains(&&**it)), "all of health is open: {health:?}");
}

#[test]
fn a_role_changes_nothing_that_only_reads() {
    let writes = |row: &&Row| row.right(Role::ReadOnly) == Right::No;
    let denied: Vec<&str> = ROWS.iter().filter(writes).map(|it| it.call).collect();
    for word in ["Open", "Set", "Accept", "Decline", "Raise", "Lower", "Create", "Request", "Pick", "Invite"]
    {
        assert!(denied.iter().any(|it| it.contains(&format!("/{word}"))), "{word}");
        let has_right = |it: &Row| it.call.contains(&format!("/{word}")) && !denied.contains(&it.call);
        assert!(!ROWS.iter().any(has_right), "{word}");
    }
}

#[test]
fn the_page_shows_the_table_as_it_is() {
    let word = |right: Right| match right {
        Right::No => "no",
        Right::Own => "as itself",
        Right::Yes => "yes",
    };
    let expected: Vec<String> = ROWS
        .iter()
        .map(|row| {
            let name = row.call.strip_prefix("omniroute.v1.").unwrap_or(row.call);
            format!("| `{name}` | {} |", row.rights.map(word).join(" | "))
        })
        .collect();
    let page = include_str!("../../docs/security.md");
    let shown: Vec<&str> = page
        .lines()
        .skip_while(|it| !it.starts_with("| call "))
        .skip(2)
        .take_while(|it| it.starts_with('|'))
        .collect();
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn every_role_may_do_what_the_table_says_and_no_more() {
    let guarded = Guarded::new().await;
    guarded.apply(OTHER).await;
    for role in Role::ALL {
        let (name, itself, another) = match role {
            Role::Supervisor => ("sue", Voice::Supervisor("sue"), Some(Voice::Supervisor("sam"))),
            Role::Agent => ("ann", Voice::Agent("ann"), Some(Voice::Agent("bob"))),
            Role::Platform | Role::ReadOnly => ("", Voice::Agent("ann"), None),
        };
        let line = guarded.line(ORG, role.name(), name);
        for row in ROWS {
            let what = |how: &str| format!("{} by {} {how}", row.call, role.name());
            let answered = attempt(&line, row, ORG, itself).await;
            match row.right(role) {
                Right::No => {
                    is_denied(answered, &what("in its own org"));
                    continue;
                }
                Right::Own | Right::Yes => is_let_in(answered, &what("in its own org")),
            }
            if row.call.starts_with("grpc.") {
                continue;
            }
            // It is the same whether the other org is there or not.
            for org in [OTHER, "nowhere", ""] {
                is_denied(attempt(&line, row, org, itself).await, &what(&format!("in the org {org:?}")));
            }
            // Where nobody is named there is nobody to be taken for.
            let speaks = message(row.call, ORG, itself).len() != message(row.call, ORG, Voice::Nobody).len()
                || row.call.contains("SupervisorService/")
                || row.call.ends_with("/OpenSession")
                || row.call.ends_with("/GetAgent")
                || row.call.ends_with("/ListRecords");
            if let (Right::Own, Some(another), true) = (row.right(role), another, speaks)
                && !row.call.ends_with("/ListWaiting")
            {
                is_denied(attempt(&line, row, ORG, another).await, &what("in the name of another"));
            }
        }
    }
}

#[tokio::test]
async fn nobody_but_the_platform_speaks_for_others() {
    let guarded = Guarded::new().await;
    let speaking = ["EndConversation", "PostMessage", "LowerFlag", "Submit"];
    let rows = || ROWS.iter().filter(|row| speaking.iter().any(|it| row.call.ends_with(it)));
    assert_eq!(rows().count(), speaking.len());
    let voices =
        [Voice::Agent("ann"), Voice::Supervisor("sue"), Voice::Platform, Voice::Customer, Voice::Nobody];
    for (role, name, own) in
        [("supervisor", "sue", Voice::Supervisor("sue")), ("agent", "ann", Voice::Agent("ann"))]
    {
        let line = guarded.line(ORG, role, name);
        for row in rows() {
            for voice in voices.into_iter().filter(|it| *it != own) {
                let what = format!("{} by {role} as {voice:?}", row.call);
                is_denied(attempt(&line, row, ORG, voice).await, &what);
            }
        }
    }
    for row in rows() {
        for voice in voices {
            let what = format!("{} by the platform as {voice:?}", row.call);
            is_let_in(attempt(&guarded.platform(), row, ORG, voice).await, &what);
        }
    }
}

#[tokio::test]
async fn without_a_token_health_answers_and_nothing_else() {
    let guarded = Guarded::new().await;
    let nobody = guarded.with("");
    for row in ROWS {
        let status = attempt(&nobody, row, ORG, Voice::Agent("ann")).await.expect_err(row.call);
        assert_eq!(
            (status.code(), &*reason(&status)),
            (Code::Unauthenticated, "TOKEN_INVALID"),
            "{}",
            row.call
        );
    }
    for health in ["grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch"] {
        call(&nobody, health, Vec::new()).await.expect("whoever asks is told whether it serves");
    }
}

#[tokio::test]
async fn a_call_that_is_not_in_the_table_is_denied_to_everybody() {
    let guarded = Guarded::new().await;
    for role in Role::ALL {
        let line = guarded.line(ORG, role.name(), "ann");
        for unknown in
            ["omniroute.v1.AgentService/Obey", "omniroute.v1.AdminService/Stop", "grpc.health.v1.Health"]
        {
            is_denied(call(&line, unknown, Vec::new()).await, unknown);
        }
    }
}
