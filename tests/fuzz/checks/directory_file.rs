//! Any text as a directory file: it is a directory or the error says why not; the service takes the directory or names what is wrong,
//! and what it took it says again.

use omniroute::{
    cli::directory_file,
    engine::{
        Engine,
        command::{Command, Page, Query},
        directory::{names::Names, spec::ResourceKind},
        event::Event,
        limits,
        query::Answer,
    },
    wire::{
        check::Check,
        mutation::{Mutation, directory_of},
        v1::ApplyDirectoryRequest,
    },
};

/// The check.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match directory_file::parse(text) {
        Ok(directory) => applied(ApplyDirectoryRequest {
            org_id: "fuzz".into(),
            request_id: "1".into(),
            directory: Some(directory),
            dry_run: false,
        }),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn command(call: ApplyDirectoryRequest) -> Option<Command> {
    let mut check = Check::new();
    let command = call.into_command(&Names::default(), &mut check);
    check.is_empty().then_some(command)
}

fn applied(call: ApplyDirectoryRequest) {
    let mut engine = Engine::default();
    let Some(first) = command(call.clone()) else { return };
    if engine.decide(1, None, first).is_err() {
        return;
    }
    engine.take_outbox();
    let mut resources = Vec::new();
    for kind in ResourceKind::ALL {
        let page = Page { after: None, size: limits::PAGE_MAX };
        let Ok(Answer::Resources(some, more)) = engine.query(1, Query::Resources { kind, page }) else {
            unreachable!("it has resources of each kind, or none")
        };
        if more {
            return;
        }
        resources.extend(some);
    }
    let said = ApplyDirectoryRequest { directory: Some(directory_of(resources)), ..call };
    let again = command(said).expect("what it says is well-formed");
    engine.decide(2, None, again).expect("what it says it takes");
    let changes_nothing =
        |it: &Event| matches!(it, Event::DirectoryChanged { changes } if changes.is_empty());
    let events = engine.take_outbox();
    assert!(events.iter().all(|it| changes_nothing(&it.event)), "what it says is what it has: {events:?}");
}
