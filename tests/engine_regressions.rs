//! Bugs of the engine that the model found, each with its story. What they have in common: something changed who could take a
//! request, and nobody looked at the request again; or time passed, and something that had stood still did not stand still.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that is wrong about itself stops")]

#[path = "regressions/desk.rs"]
mod desk;

use desk::{ANN, BEN, CAT, CHATS, Desk, OTHER, RED, SKILL, ask, broadcast, chat, fitting, sales};
use omniroute::engine::{
    command::Command,
    directory::spec::{Channel, Reinvite},
    event::{Console, Event, InviteEnd, RequestEnd},
    ids::{AgentIx, Epoch, InviteId},
    limits,
    reply::Reply,
    routing::{Capacity, RoutingAsk, Target},
    state::agent::HoldOwner,
};

fn ended_why(desk: &Desk) -> Vec<RequestEnd> {
    let why = |it: &Event| if let Event::RequestEnded { why, .. } = it { Some(*why) } else { None };
    desk.events.iter().filter_map(why).collect()
}

/// A broken stream made its agent "come online" again when it came back, and so the one that had been free the shortest, although
/// PRES-2 promises that a drop loses nothing.
#[test]
fn who_comes_back_to_its_session_keeps_its_place() {
    let mut desk = Desk::new(chat(), 1, 1);
    desk.log_in(&[BEN]);
    desk.waits(10);
    desk.log_in(&[ANN]);
    desk.waits(10);
    let session = desk.session(BEN);
    desk.done(Command::DropSession { session });
    desk.waits(limits::LEASE_MS - 1);
    let (console, resume) = (Console::Lightning, Some(Epoch(1)));
    desk.done(Command::OpenSession { agent: BEN, console, resume, status: None });
    desk.chat_to(sales());
    assert_eq!((desk.invites(BEN).len(), desk.invites(ANN).len()), (1, 0));
}

/// The same for an agent that was NOT_RESPONDING: an invite that was not accepted does not set back since when it is free (SEL-2).
#[test]
fn an_expired_invite_does_not_set_the_longest_idle_back() {
    let mut desk = Desk::new(Channel { push_timeout_ms: 100, ..chat() }, 1, 1);
    desk.log_in(&[BEN]);
    desk.waits(10);
    desk.log_in(&[ANN]);
    let conversation = desk.chat_to(Target::Agent(BEN));
    desk.waits(100);
    desk.done(Command::EndConversation { actor: omniroute::engine::command::Actor::Platform, conversation });
    desk.sets(BEN, CHATS);
    desk.chat_to(sales());
    assert_eq!((desk.invites(BEN).len(), desk.invites(ANN).len()), (1, 0));
}

/// The engine was called late, and settled after each timer. The first timer said that Ann may be asked again and she was, by an
/// engine that knew only with the second that she had let an invite expire long before.
#[test]
fn nobody_is_invited_who_is_not_responding_by_now() {
    let rules = Channel { push_timeout_ms: 5_000, reinvite: Reinvite::After(700), ..chat() };
    let mut desk = Desk::new(rules, 2, 2);
    desk.log_in(&[ANN]);
    desk.chat_to(sales());
    desk.chat_to(sales());
    desk.declines(ANN);
    desk.waits(20_000);
    assert!(
        matches!(&desk.events[..], [Event::InvitesEnded { end: InviteEnd::Expired, .. }]),
        "{:?}",
        desk.events
    );
}

/// The only agent let an invite expire. When it came back, everyone who could take the request had declined, which calls for a new
/// round (INV-6); but the request was not looked at, and its customer waited for ever.
#[test]
fn who_comes_back_is_asked_again_once_everyone_has_declined() {
    let mut desk = Desk::new(Channel { push_timeout_ms: 100, ..chat() }, 1, 1);
    desk.log_in(&[ANN]);
    desk.chat_to(sales());
    desk.waits(100);
    desk.sets(ANN, CHATS);
    assert_eq!(desk.invites(ANN).len(), 1, "{:?}", desk.events);
}

/// What fails or starts over was decided after everything else, so a younger request took the agent that came back (QUE-1).
#[test]
fn a_new_round_keeps_its_turn() {
    let mut desk = Desk::new(Channel { push_timeout_ms: 100, ..chat() }, 1, 1);
    desk.log_in(&[ANN]);
    let older = desk.chat_to(sales());
    desk.waits(100);
    desk.chat_to(sales());
    desk.sets(ANN, CHATS);
    let invited = desk.events.iter().find_map(|it| {
        if let Event::InvitesSent { conversation, .. } = it { Some(*conversation) } else { None }
    });
    assert_eq!(invited, Some(older));
}

/// A conference request waited for a busy colleague. The colleague turned to other work: an agent that changes its status has
/// "gained", and only one that goes off was thought to take hope away. The requester was never told (CONF-4).
#[test]
fn a_colleague_that_turns_to_other_work_fails_the_conference() {
    let mut desk = Desk::new(chat(), 1, 1);
    desk.log_in(&[BEN]);
    desk.chat_to(sales());
    desk.accepts(BEN).unwrap();
    desk.log_in(&[ANN]);
    let conversation = desk.chat_to(sales());
    desk.accepts(ANN).unwrap();
    desk.conference(ANN, conversation, fitting(Target::Agent(BEN)));
    assert_eq!(ended_why(&desk), []);
    desk.sets(BEN, OTHER);
    assert_eq!(ended_why(&desk), [RequestEnd::NoAgentEligible]);
}

/// The same by way of the room: the busy colleague joined by another request of the conversation. Now nobody was left whom the
/// first could ask, and nobody looked.
#[test]
fn a_colleague_that_joins_from_beside_fails_what_waits_for_it() {
    let mut desk = Desk::new(chat(), 1, 1);
    desk.log_in(&[ANN]);
    let conversation = desk.chat_to(sales());
    desk.accepts(ANN).unwrap();
    desk.log_in(&[BEN]);
    desk.chat_to(sales());
    desk.accepts(BEN).unwrap();
    desk.conference(ANN, conversation, fitting(SKILL));
    assert_eq!(ended_why(&desk), []);
    desk.conference(ANN, conversation, ask(Target::Agent(BEN)));
    desk.accepts(BEN).unwrap();
    assert_eq!(ended_why(&desk), [RequestEnd::NoAgentEligible]);
}

/// NOT_RESPONDING lasts until the agent acts (INV-5). It declined another invite, which is to act, and got no work all the same.
#[test]
fn who_declines_is_responding() {
    let mut desk = Desk::new(Channel { push_timeout_ms: 100, ..chat() }, 2, 2);
    desk.log_in(&[ANN]);
    desk.chat_to(Target::Agent(ANN));
    desk.waits(50);
    desk.chat_to(Target::Agent(ANN));
    desk.waits(50);
    assert!(desk.engine.state().agent(ANN).not_responding);
    desk.declines(ANN);
    assert!(!desk.engine.state().agent(ANN).not_responding);
    desk.log_in(&[BEN]);
    let session = desk.session(BEN);
    desk.done(Command::DropSession { session });
    desk.chat_to(sales());
    assert!(!desk.invites(ANN).is_empty());
}

/// A new round forgot who had declined, but not the timers by which they were to be asked again: a live engine woke for nothing,
/// one restored from a snapshot did not.
#[test]
fn a_new_round_takes_its_timers_back() {
    let mut desk = Desk::new(Channel { reinvite: Reinvite::After(1_000), ..chat() }, 1, 1);
    desk.log_in(&[ANN]);
    desk.chat_to(RED);
    desk.declines(ANN);
    assert!(desk.events.iter().any(|it| matches!(it, Event::RoundStarted { .. })));
    assert_eq!(desk.engine.next_wake(), None);
}

/// A broadcast acceptance was checked against the channel's weight of today, and then held the weight that was sent.
#[test]
fn an_acceptance_needs_room_for_what_it_will_hold() {
    let mut desk = Desk::new(Channel { weight: 2, ..chat() }, 2, 2);
    desk.log_in(&[ANN, BEN]);
    desk.chat_by(broadcast(sales()));
    desk.puts_chat(Channel { weight: 1, ..chat() });
    desk.chat_to(Target::Agent(ANN));
    let (session, invite) = (desk.session(ANN), InviteId(1));
    let answer = desk.tries(Command::AcceptInvite { session, invite });
    assert!(answer.is_err(), "two units into the one that is free");
    desk.puts_chat(Channel { weight: 3, ..chat() });
    desk.accepts(BEN).unwrap();
    assert_eq!(desk.engine.state().agent(BEN).load().total, 2);
}

/// An agent above its units still got interruptible work when its profile has more interruptible units (CAP-4: no routed work).
#[test]
fn an_agent_above_its_capacity_gets_no_interruptible_work_either() {
    let mut desk = Desk::new(chat(), 1, 9);
    desk.log_in(&[ANN]);
    let exceed = RoutingAsk { capacity: Some(Capacity::Exceed), ..ask(sales()) };
    for _ in 0..2 {
        desk.chat_by(exceed.clone());
        desk.accepts(ANN).unwrap();
    }
    desk.puts_chat(Channel { interruptible: true, ..chat() });
    desk.chat_to(sales());
    assert_eq!(desk.invites(ANN), []);
}

/// Invited to a conference in LIGHTNING, logged in again in CLASSIC, accepted there: CONF-5 forbids it. The invite is revoked.
#[test]
fn a_conference_invite_does_not_follow_into_an_older_console() {
    let mut desk = Desk::new(chat(), 1, 1);
    desk.log_in(&[ANN]);
    let conversation = desk.chat_to(sales());
    desk.accepts(ANN).unwrap();
    desk.log_in(&[BEN]);
    desk.conference(ANN, conversation, ask(SKILL));
    assert_eq!(desk.invites(BEN).len(), 1);
    desk.opens(BEN, Console::Classic, None);
    assert_eq!(desk.invites(BEN), []);
    assert_eq!(ended_why(&desk), [RequestEnd::NoAgentEligible]);
}

/// Called late, the engine ended all wrap-ups that an agent had in a conversation with the first of them, before others' that were
/// due earlier.
#[test]
fn wrap_ups_end_in_the_order_in_which_they_are_due() {
    let mut desk = Desk::new(Channel { wrap_up_ms: 1_000, auto_accept: true, ..chat() }, 9, 9);
    desk.log_in(&[ANN, BEN]);
    let conversation = desk.chat_to(Target::Agent(ANN));
    for (giver, receiver) in [(ANN, BEN), (BEN, ANN), (ANN, BEN)] {
        desk.waits(10);
        desk.transfer(giver, conversation, ask(Target::Agent(receiver)));
    }
    desk.waits(5_000);
    let whose = |it: &Event| if let Event::WrapUpEnded { agent, .. } = it { Some(*agent) } else { None };
    let ended: Vec<AgentIx> = desk.events.iter().filter_map(whose).collect();
    assert_eq!(ended, [ANN, BEN, ANN]);
}

/// Ann left a conference, was asked back and left again, all in one millisecond. Two wrap-ups shared one timer; when she completed
/// the first, the timer was taken back, and the second held her capacity for ever.
#[test]
fn of_two_wrap_ups_that_end_together_each_ends() {
    let mut desk = Desk::new(Channel { wrap_up_ms: 1_000, auto_accept: true, ..chat() }, 9, 9);
    desk.log_in(&[ANN, BEN]);
    let conversation = desk.chat_to(Target::Agent(BEN));
    for _ in 0..2 {
        desk.conference(BEN, conversation, ask(Target::Agent(ANN)));
        desk.leaves(ANN, conversation);
    }
    let session = desk.session(ANN);
    desk.done(Command::CompleteWrapUp { session, conversation });
    assert_eq!(desk.engine.state().agent(ANN).holds().len(), 1);
    assert_eq!(desk.engine.next_wake(), Some(desk.now + 1_000));
    desk.waits(1_000);
    assert_eq!(desk.engine.state().agent(ANN).holds(), []);
}

/// The same by way of an extension of one of the two.
#[test]
fn a_wrap_up_is_not_forgotten_when_its_twin_is_extended() {
    let mut desk = Desk::new(Channel { wrap_up_ms: 1_000, auto_accept: true, ..chat() }, 9, 9);
    desk.log_in(&[ANN, BEN]);
    let conversation = desk.chat_to(Target::Agent(BEN));
    for _ in 0..2 {
        desk.conference(BEN, conversation, ask(Target::Agent(ANN)));
        desk.leaves(ANN, conversation);
    }
    let (session, extend_by, now) = (desk.session(ANN), 500, desk.now);
    let reply = desk.done(Command::ExtendWrapUp { session, conversation, extend_by });
    assert_eq!(reply, Reply::WrapUpExtended { until: now + 1_500 });
    desk.waits(1_000);
    let owners: Vec<HoldOwner> = desk.engine.state().agent(ANN).holds().iter().map(|it| it.owner).collect();
    assert_eq!(owners, [HoldOwner::WrapUp(now + 1_500)]);
}

/// Not a bug, but a spot that a label's arithmetic makes delicate: ids that come in descending order use up the room between
/// labels, all agents are labelled anew, and whoever is best stays best (SEL-2: the lower id).
#[test]
fn ids_in_descending_order_stay_in_order() {
    let mut desk = Desk::new(chat(), 1, 1);
    desk.log_in(&[CAT]);
    for number in (0..80_u32).rev() {
        let resource =
            omniroute::engine::directory::spec::Resource::Agent(omniroute::engine::directory::spec::Agent {
                id: format!("a{number:02}").into(),
                name: "".into(),
                profile: "profile".into(),
                skills: vec![("skill".into(), 500)],
                queues: Vec::new(),
                record_types: Vec::new(),
                access_scopes: Vec::new(),
            });
        desk.done(Command::PutResource { resource: Box::new(resource) });
        desk.log_in(&[AgentIx(3 + 79 - number)]);
    }
    for number in 0..80 {
        desk.chat_to(SKILL);
        assert_eq!(desk.invites(AgentIx(3 + 79 - number)).len(), 1, "a{number:02} is next");
    }
    desk.chat_to(SKILL);
    assert_eq!(desk.invites(CAT).len(), 1);
}
