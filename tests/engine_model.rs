//! The engine beside a naive model of the rules, under random programs. `PROPTEST_CASES` asks for more of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that is wrong about itself stops")]

mod model;

use std::collections::BTreeMap;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{TestCaseError, TestRunner},
};

/// Steps of a program at most, twice the mean: enough for several conversations to begin, meet and end.
const STEPS: usize = 160;

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_engine_does_what_the_rules_say(program in model::strategy::program(STEPS)) {
        if model::driver::run(&program).is_err() {
            return Err(TestCaseError::fail(model::shrink::smallest(&program)));
        }
    }
}

/// Events and refusals that random programs must reach: a driver that never gets anywhere proves nothing.
const REACHED: [&str; 63] = [
    "AgentAtCapacity",
    "AgentEarmarked",
    "AgentNotEligible",
    "AgentNotFound",
    "AlreadyAParticipant",
    "ButtonNotFound",
    "ChannelNotFound",
    "ConferenceButtonSkillsNotTransferable",
    "ConferenceInProgress",
    "ConferenceNotAllowed",
    "ConferenceOpen",
    "ConsoleNotSupported",
    "ConversationCreated",
    "ConversationEnded",
    "ConversationMoved",
    "ConversationNotFound",
    "DirectoryChanged",
    "DirectoryInvalid",
    "EarmarkLifted",
    "FlagLowered",
    "FlagRaised",
    "InviteAccepted",
    "InviteDeclined",
    "InviteExpired",
    "InviteNotFound",
    "InviteRescinded",
    "InviteRevoked",
    "InvitesEnded",
    "InvitesSent",
    "LastAgentMustEnd",
    "MessagePosted",
    "NoWrapUp",
    "NotAParticipant",
    "NotTheKeeper",
    "NotTheRequester",
    "ParticipantLeft",
    "ParticipantsFull",
    "PresenceSet",
    "PresenceStatusNotFound",
    "QueueFull",
    "QueueNotFound",
    "RecordAttached",
    "RecordNotFound",
    "RecordRemoved",
    "RecordsGiven",
    "RequestClosed",
    "RequestEnded",
    "RequestIdReused",
    "RequestNotFound",
    "RequestOpened",
    "ResourceNotFound",
    "RoundStarted",
    "SessionDropped",
    "SessionEnded",
    "SessionFenced",
    "SessionNotOpen",
    "SessionResumed",
    "SessionStarted",
    "SkillNotFound",
    "TransferOpen",
    "WavesEnded",
    "WrapUpEnded",
    "WrapUpExtended",
];

#[test]
fn random_programs_reach_every_event_and_every_refusal() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..150 {
        let program = model::strategy::program(STEPS).new_tree(&mut runner).unwrap().current();
        for (name, times) in model::driver::reached(&program).unwrap().0 {
            *seen.entry(name).or_default() += times;
        }
    }
    for name in REACHED {
        assert!(seen.contains_key(name), "{name} is not reached: {seen:?}");
    }
}
