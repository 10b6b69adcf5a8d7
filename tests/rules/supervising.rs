//! SUPV-1 and PRES-4: what a supervisor sees and does.

use omniroute::wire::v1::{
    self, Author, Channel, Console, InviteOutcome, LogEntry, LogEntryKind, LogReader,
    MoveConversationRequest, Overflow, PresenceCause, Queue, QueueTarget, RequestEnd, RequestKind,
    RequestState, Routing, RoutingMode, RoutingState, RoutingType, SkillRequirement, WatchEventsRequest,
    event::Event as Kind, open_session_response::Notice, overflow::Target as Of,
};
use tonic::Code;

use crate::support::{
    Desk, House, ORG, START_MS, SUE, agent, button, invalid, queue, refused, sample, skill, sue, to,
};

const NO: Code = Code::FailedPrecondition;

/// The next entry of a kind that an agent is told of.
async fn update_of(desk: &mut Desk, kind: LogEntryKind) -> LogEntry {
    loop {
        let entry = desk.update().await;
        if entry.kind() == kind {
            return entry;
        }
    }
}

async fn at_lunch(house: &House, agent: &str) -> Desk {
    house.desk_at(agent, Console::Lightning, "lunch").await
}

async fn ann_bob_and_cid() -> (House, Desk, Desk, Desk) {
    let house = House::with(sample::directory()).await;
    let (ann, bob) = (house.desk("ann").await, house.desk("bob").await);
    let cid = house.desk("cid").await;
    (house, ann, bob, cid)
}

#[tokio::test]
async fn pres_4_a_supervisor_sets_a_presence_and_the_agent_is_told_who() {
    for (status, state) in [
        ("lunch", RoutingState::Offline),
        ("gone", RoutingState::Offline),
        ("finishing", RoutingState::Draining),
    ] {
        let (house, mut ann, mut bob, _cid) = ann_bob_and_cid().await;
        let chat = house.chat(queue("help")).await;
        ann.invite_to(chat).await;
        let mut watch = house.watch(0).await;
        house.set_presence_of("ann", status).await.expect("she has a session");
        let told = ann.presence_changed().await;
        assert_eq!((&*told.presence_status_id, told.cause()), (status, PresenceCause::Supervisor));
        assert_eq!(told.supervisor_id, SUE);
        // What no longer fits is revoked and routed on at once.
        assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Revoked);
        assert_eq!(bob.take().await, chat);
        assert_eq!(house.agent("ann").await.routing_state(), state);
        let set = watch.until(|it| matches!(it, Kind::PresenceSet(_))).await;
        let Some(Kind::PresenceSet(set)) = set.event else { panic!("{set:?}") };
        assert_eq!(
            (&*set.agent_id, set.cause(), &*set.supervisor_id),
            ("ann", PresenceCause::Supervisor, SUE)
        );
    }
}

#[tokio::test]
async fn pres_4_who_did_not_answer_is_there_again() {
    let chat = Channel { push_timeout_ms: 1_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let _ann = house.desk("ann").await;
    house.chat(agent("ann")).await;
    house.advance(1_000).await;
    assert_eq!(house.agent("ann").await.routing_state(), RoutingState::NotResponding);
    house.set_presence_of("ann", "available").await.expect("she has a session");
    assert_eq!(house.agent("ann").await.routing_state(), RoutingState::Engaged, "it is sent again");
}

#[tokio::test]
async fn pres_4_a_dropped_session_has_it_when_it_is_back() {
    let mut house = House::with(sample::directory()).await;
    refused(house.set_presence_of("ann", "lunch").await, NO, "SESSION_NOT_OPEN");
    refused(house.set_presence_of("nobody", "none").await, Code::NotFound, "AGENT_NOT_FOUND");
    refused(house.set_presence_of("ann", "none").await, Code::NotFound, "PRESENCE_STATUS_NOT_FOUND");
    let ann = house.desk("ann").await;
    let epoch = ann.session.epoch;
    house.break_off(ann).await;
    house.set_presence_of("ann", "lunch").await.expect("her lease runs");
    house.restart().await;
    let ann = house.open("ann", Console::Lightning, "", epoch).await.expect("her lease runs");
    assert_eq!(ann.opened.agent.expect("an agent").presence_status_id, "lunch");
}

#[tokio::test]
async fn supv_1_what_waits_is_put_in_an_agents_hands() {
    let house = House::with(sample::directory()).await;
    // Dee does not serve `sales`, is at lunch, and has all she may have.
    let mut dee = house.desk("dee").await;
    for _ in 0..3 {
        house.chat_with(&mut dee).await;
    }
    dee.presence("lunch").await.expect("she may");
    dee.presence_changed().await;
    let chat = house.chat(queue("sales")).await;
    let mut watch = house.watch(0).await;
    house.assign(chat, "dee").await.expect("her stream is open");
    assert_eq!(house.participants(chat).await, ["dee"]);
    assert!(house.waiting("sales").await.is_empty());
    assert_eq!(house.agent("dee").await.units_used, 4);
    // Her console is told as where it accepts by itself; and by whom.
    let Notice::Invited(invite) = dee.notice().await else { panic!("an invite") };
    assert!(invite.auto_accept && invite.expires_at_ms == 0);
    assert_eq!(dee.invite_ended().await.outcome(), InviteOutcome::Accepted);
    let joined = dee.update().await;
    assert_eq!((joined.kind(), joined.author()), (LogEntryKind::AgentJoined, Author::Supervisor));
    assert_eq!((&*joined.agent_id, &*joined.supervisor_id), ("dee", SUE));
    let accepted = watch.until(|it| matches!(it, Kind::InviteAccepted(_))).await;
    let Some(Kind::InviteAccepted(accepted)) = accepted.event else { panic!("{accepted:?}") };
    assert_eq!((accepted.kind(), &*accepted.supervisor_id), (RequestKind::New, SUE));
}

#[tokio::test]
async fn supv_1_who_was_invited_to_what_is_assigned_is_told_that_it_was_withdrawn() {
    let (house, mut ann, mut bob, mut cid) = ann_bob_and_cid().await;
    let everyone = Routing { mode: RoutingMode::Broadcast.into(), ..to(skill("french")) };
    let chat = house.create("chat", everyone).await.expect("it is created").conversation_id;
    let (at_ann, at_cid) = (ann.invite_to(chat).await, cid.invite_to(chat).await);
    // Bob has an invite of his own, and is in by it.
    let at_bob = bob.invite_to(chat).await;
    house.assign(chat, "bob").await.expect("his stream is open");
    let ended = bob.invite_ended().await;
    assert_eq!((ended.invite_id, ended.outcome()), (at_bob.invite_id, InviteOutcome::Accepted));
    for (desk, invite) in [(&mut ann, at_ann), (&mut cid, at_cid)] {
        assert_eq!(desk.invite_ended().await.outcome(), InviteOutcome::Revoked);
        refused(desk.accept(invite.invite_id).await, NO, "INVITE_REVOKED");
    }
    assert_eq!(house.participants(chat).await, ["bob"]);
}

#[tokio::test]
async fn supv_1_what_an_agent_has_is_handed_over_in_one_step() {
    let chat = Channel { wrap_up_ms: 5_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let mut cid = house.desk("cid").await;
    let chat = house.chat_with(&mut ann).await;
    ann.attach(chat, ("order", "o-1", "Twelve glasses")).await.expect("she keeps it");
    // What she had asked for ends with her part, an open transfer to the very same agent too.
    ann.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    ann.conference(chat, to(agent("cid"))).await.expect("she may ask");
    let (own, at_cid) = (bob.invite_to(chat).await, cid.invite_to(chat).await);
    house.assign(chat, "bob").await.expect("his stream is open");
    assert_eq!(house.participants(chat).await, ["bob"]);
    assert!(house.conversation(chat).await.requests.is_empty());
    let handed = update_of(&mut ann, LogEntryKind::Transferred).await;
    assert_eq!((handed.author(), &*handed.supervisor_id), (Author::Supervisor, SUE));
    assert_eq!((&*handed.agent_id, &*handed.receiver_agent_id), ("ann", "bob"));
    assert!(ann.wrap_up().await.until_ms > 0);
    assert_eq!(ann.request_ended().await.why(), RequestEnd::RequesterLeft);
    refused(bob.accept(own.invite_id).await, NO, "INVITE_REVOKED");
    refused(cid.accept(at_cid.invite_id).await, NO, "INVITE_REVOKED");
    assert_eq!(bob.records(chat).await, ["Twelve glasses"]);
}

#[tokio::test]
async fn supv_1_of_a_conference_it_is_the_keepers_place() {
    let (house, mut ann, mut bob, _cid) = ann_bob_and_cid().await;
    let mut dee = house.desk_at("dee", Console::Classic, "available").await;
    let chat = house.chat_with(&mut ann).await;
    ann.bring_in(chat, &mut bob).await;
    house.assign(chat, "dee").await.expect("an older console may receive");
    assert_eq!(house.participants(chat).await, ["dee", "bob"]);
    dee.attach(chat, ("order", "o-1", "Twelve glasses")).await.expect("she keeps it now");
    refused(house.assign(chat, "bob").await, NO, "ALREADY_A_PARTICIPANT");
}

#[tokio::test]
async fn supv_1_a_conference_by_button_skills_stays_in_the_hands_that_have_it() {
    let house = House::with(sample::directory()).await;
    let (mut ann, _bob) = (at_lunch(&house, "ann").await, at_lunch(&house, "bob").await);
    let chat = house.chat(button("web")).await;
    house.assign(chat, "bob").await.expect("nobody has it");
    house.assign(chat, "ann").await.expect("one agent has it");
    let mut cid = house.desk("cid").await;
    ann.bring_in(chat, &mut cid).await;
    let reason = "CONFERENCE_BUTTON_SKILLS_NOT_TRANSFERABLE";
    refused(house.assign(chat, "bob").await, NO, reason);
    // ALREADY_A_PARTICIPANT (62) before it (64).
    refused(house.assign(chat, "cid").await, NO, "ALREADY_A_PARTICIPANT");
    assert_eq!(house.participants(chat).await, ["ann", "cid"]);
}

#[tokio::test]
async fn supv_1_an_assignment_needs_an_agent_with_an_open_stream() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    refused(house.assign(chat, "nobody").await, Code::NotFound, "AGENT_NOT_FOUND");
    refused(house.assign(9_999, "bob").await, NO, "SESSION_NOT_OPEN");
    let bob = house.desk("bob").await;
    refused(house.assign(9_999, "bob").await, Code::NotFound, "CONVERSATION_NOT_FOUND");
    house.break_off(bob).await;
    refused(house.assign(chat, "bob").await, NO, "AGENT_NOT_ELIGIBLE");
    let ended = house.chat_with(&mut ann).await;
    house.end(ended).await.expect("it is live");
    refused(house.assign(ended, "ann").await, NO, "CONVERSATION_ENDED");
    assert_eq!(house.participants(chat).await, ["ann"]);
}

#[tokio::test]
async fn supv_1_an_assignment_is_no_act_of_the_agent() {
    let chat = Channel { push_timeout_ms: 1_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let _ann = house.desk("ann").await;
    let chat = house.chat(agent("ann")).await;
    house.advance(1_000).await;
    house.assign(chat, "ann").await.expect("her stream is open");
    let ann = house.agent("ann").await;
    assert_eq!((ann.routing_state(), ann.units_used), (RoutingState::NotResponding, 1));
}

#[tokio::test]
async fn supv_1_what_waits_is_moved_with_its_age_and_its_deadline() {
    let house = House::with(sample::directory()).await;
    let deadline = 1_700_000_999_000;
    let chat = house.create("chat", Routing { accept_by_ms: deadline, ..to(queue("help")) }).await;
    let chat = chat.expect("it is created").conversation_id;
    house.advance(5_000).await;
    let later = house.chat(queue("sales")).await;
    let mut watch = house.watch(0).await;
    let request = house.move_to(chat, "sales").await.expect("there is room");
    // It is older than what was there before it.
    assert_eq!(house.waiting("sales").await, [chat, later]);
    assert!(house.waiting("help").await.is_empty());
    let found = house.conversation(chat).await;
    let [open] = &found.requests[..] else { panic!("{found:?}") };
    assert_eq!((open.routing_request_id, open.kind()), (request, RequestKind::New));
    assert_eq!(open.requested_at_ms, found.created_at_ms);
    assert_eq!(open.routing.as_ref().map(|it| it.accept_by_ms), Some(deadline));
    let moved = watch.until(|it| matches!(it, Kind::ConversationMoved(_))).await;
    let Some(Kind::ConversationMoved(moved)) = moved.event else { panic!("{moved:?}") };
    assert_eq!((moved.conversation_id, &*moved.supervisor_id), (chat, SUE));
    let ended = watch.until(|it| matches!(it, Kind::RequestEnded(_))).await;
    assert!(matches!(ended.event, Some(Kind::RequestEnded(it)) if it.why() == RequestEnd::Moved));
}

#[tokio::test]
async fn supv_1_what_is_moved_is_not_routed_before_its_time() {
    let house = House::with(sample::directory()).await;
    let _bob = house.desk("bob").await;
    let at = i64::try_from(START_MS).expect("a time") + 5_000;
    let chat = house.create("chat", Routing { not_before_ms: at, ..to(queue("help")) }).await;
    let chat = chat.expect("it is created").conversation_id;
    house.move_to(chat, "sales").await.expect("there is room");
    assert!(house.waiting("sales").await.is_empty() && house.invited(chat).await.is_empty());
    house.advance(5_000).await;
    assert_eq!(house.invited(chat).await, ["bob"]);
}

#[tokio::test]
async fn supv_1_a_move_may_name_skills_and_a_priority() {
    let house = House::with(sample::directory()).await;
    let (first, second) = (house.chat(queue("help")).await, house.chat(queue("help")).await);
    let french = SkillRequirement { skill_id: "french".into(), level_hundredths: 800 };
    let target = QueueTarget { queue_id: "help".into(), skills: vec![french] };
    let moved = MoveConversationRequest {
        conversation_id: second,
        queue: Some(target),
        priority: Some(3),
        ..Default::default()
    };
    house.move_as(moved).await.expect("it waits there");
    assert_eq!(house.waiting("help").await, [second, first]);
    let _bob = house.desk("bob").await;
    assert_eq!(house.invited(first).await, ["bob"]);
    assert_eq!(house.conversation(second).await.requests[0].state(), RequestState::Waiting);
    let mut ann = house.desk("ann").await;
    assert_eq!(ann.take().await, second);
}

#[tokio::test]
async fn supv_1_a_move_withdraws_invites_and_takes_it_from_its_agent() {
    let chat = Channel { wrap_up_ms: 5_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let invited = house.chat(agent("ann")).await;
    ann.invite_to(invited).await;
    house.move_to(invited, "sales").await.expect("there is room");
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Revoked);
    bob.take_only(invited).await;
    // From the one who has it.
    house.advance(7_000).await;
    let chat = house.chat_with(&mut ann).await;
    ann.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    bob.invite_to(chat).await;
    house.advance(3_000).await;
    house.move_to(chat, "sales").await.expect("there is room");
    let left = update_of(&mut ann, LogEntryKind::AgentLeft).await;
    assert_eq!((&*left.agent_id, left.author(), &*left.supervisor_id), ("ann", Author::Supervisor, SUE));
    assert!(ann.wrap_up().await.until_ms > 0);
    assert_eq!(ann.request_ended().await.why(), RequestEnd::RequesterLeft);
    bob.take_only(chat).await;
    assert_eq!(house.participants(chat).await, ["bob"]);
    assert_eq!(house.agent("ann").await.holds[0].units, 1, "her wrap-up");
}

#[tokio::test]
async fn supv_1_a_conference_is_not_moved() {
    let (house, mut ann, mut bob, _cid) = ann_bob_and_cid().await;
    let chat = house.chat_with(&mut ann).await;
    ann.bring_in(chat, &mut bob).await;
    refused(house.move_to(chat, "sales").await, NO, "CONFERENCE_IN_PROGRESS");
    refused(house.move_to(9_999, "none").await, Code::NotFound, "QUEUE_NOT_FOUND");
    refused(house.move_to(9_999, "sales").await, Code::NotFound, "CONVERSATION_NOT_FOUND");
    house.end(chat).await.expect("it is live");
    refused(house.move_to(chat, "sales").await, NO, "CONVERSATION_ENDED");
}

#[tokio::test]
async fn supv_1_a_full_queue_takes_no_move_but_one_within_it() {
    let full = Queue { waiting_max: Some(1), ..sample::queue("") };
    let house = House::with(sample::with_queue(full)).await;
    let (there, elsewhere) = (house.chat(queue("help")).await, house.chat(queue("sales")).await);
    refused(house.move_to(elsewhere, "help").await, Code::ResourceExhausted, "QUEUE_FULL");
    assert_eq!(house.waiting("sales").await, [elsewhere], "it is where it was");
    house.move_to(there, "help").await.expect("it is there already");
    // QUEUE_FULL (68) before CONFERENCE_IN_PROGRESS (71).
    let (mut bob, mut dee) = (at_lunch(&house, "bob").await, at_lunch(&house, "dee").await);
    house.assign(elsewhere, "bob").await.expect("his stream is open");
    dee.presence("available").await.expect("she may");
    dee.take_only(there).await;
    bob.bring_in(elsewhere, &mut dee).await;
    dee.presence("lunch").await.expect("she may");
    let waiting = house.chat(queue("help")).await;
    refused(house.move_to(elsewhere, "help").await, Code::ResourceExhausted, "QUEUE_FULL");
    house.end(waiting).await.expect("it is live");
    refused(house.move_to(elsewhere, "help").await, NO, "CONFERENCE_IN_PROGRESS");
}

#[tokio::test]
async fn supv_1_from_a_full_queue_a_move_overflows() {
    let overflow = Some(Overflow { target: Some(Of::ButtonId("web".into())) });
    let full = Queue { waiting_max: Some(1), overflow, ..sample::queue("") };
    let house = House::with(sample::with_queue(full)).await;
    let (_there, elsewhere) = (house.chat(queue("help")).await, house.chat(queue("sales")).await);
    let mut watch = house.watch(0).await;
    house.move_to(elsewhere, "help").await.expect("it overflows");
    let moved = watch.until(|it| matches!(it, Kind::ConversationMoved(_))).await;
    let Some(Kind::ConversationMoved(moved)) = moved.event else { panic!("{moved:?}") };
    assert_eq!(moved.overflowed_from_queue_id, "help");
    let found = house.conversation(elsewhere).await;
    // How it came in is for life.
    assert_eq!(found.routing_type(), RoutingType::OmniChannel);
    house.desk("dee").await.take_only(elsewhere).await;
}

#[tokio::test]
async fn supv_1_what_was_moved_is_queued_again_where_it_was_moved_to() {
    let lost = v1::OnSessionLoss::Requeue.into();
    let chat = Channel { on_session_loss: lost, ..sample::channel("") };
    let mut house = House::with(sample::with_chat(chat)).await;
    let chat = house.chat(queue("help")).await;
    house.move_to(chat, "sales").await.expect("there is room");
    house.restart().await;
    let mut bob = house.desk("bob").await;
    bob.take_only(chat).await;
    house.break_off(bob).await;
    house.advance(30_000).await;
    assert_eq!(house.waiting("sales").await, [chat]);
    assert!(house.waiting("help").await.is_empty());
}

#[tokio::test]
async fn supv_1_a_supervisor_watches_one_conversation_and_whispers() {
    let (house, mut ann, mut bob, _cid) = ann_bob_and_cid().await;
    let (chat, other) = (house.chat_with(&mut ann).await, house.chat_with(&mut bob).await);
    ann.told().await;
    let request = WatchEventsRequest { conversation_ids: vec![chat], ..Default::default() };
    let mut watch = house.watch_as(request).await.expect("the org is there");
    house.customer_says(other, "not this one").await.expect("it is live");
    house.customer_says(chat, "it does not work").await.expect("it is live");
    let seen = watch.event().await;
    assert!(matches!(seen.event, Some(Kind::MessagePosted(it)) if it.text == "it does not work"));
    let number = house.sue_says(chat, "ask for the serial number", true).await.expect("she may");
    let whispered = watch.event().await;
    let Some(Kind::MessagePosted(whispered)) = whispered.event else { panic!("{whispered:?}") };
    assert!(whispered.whisper);
    assert_eq!((whispered.author(), &*whispered.supervisor_id), (Author::Supervisor, SUE));
    house.sue_says(chat, "I am Sue", false).await.expect("she may");
    assert_eq!(ann.update().await.text, "it does not work");
    let told = ann.update().await;
    assert_eq!((told.number, told.whisper, &*told.supervisor_id), (number, true, SUE));
    // The whole log for her and the agents, for the customer what is for it.
    let said = |log: Vec<LogEntry>| {
        let all = log.into_iter().filter(|it| it.kind() == LogEntryKind::Message);
        all.map(|it| (it.text.clone(), it.author(), it.supervisor_id)).collect::<Vec<_>>()
    };
    let customers = ("it does not work".to_owned(), Author::Customer, String::new());
    let whisper = ("ask for the serial number".to_owned(), Author::Supervisor, SUE.to_owned());
    let message = ("I am Sue".to_owned(), Author::Supervisor, SUE.to_owned());
    let log = said(house.log(chat, LogReader::Agent).await);
    assert_eq!(log, [customers.clone(), whisper, message.clone()]);
    assert_eq!(said(house.log(chat, LogReader::Customer).await), [customers, message]);
}

#[tokio::test]
async fn supv_1_a_supervisor_ends_a_conference_too() {
    let (house, mut ann, mut bob, _cid) = ann_bob_and_cid().await;
    let chat = house.chat_with(&mut ann).await;
    ann.bring_in(chat, &mut bob).await;
    let mut watch = house.watch(0).await;
    house.sue_ends(chat).await.expect("she may");
    let ended = watch.until(|it| matches!(it, Kind::ConversationEnded(_))).await;
    let Some(Kind::ConversationEnded(ended)) = ended.event else { panic!("{ended:?}") };
    assert_eq!((ended.by(), &*ended.supervisor_id), (Author::Supervisor, SUE));
    let last = house.log(chat, LogReader::Agent).await.pop().expect("an entry");
    assert_eq!(
        (last.kind(), last.author(), &*last.supervisor_id),
        (LogEntryKind::Ended, Author::Supervisor, SUE)
    );
    refused(house.sue_says(chat, "too late", false).await, NO, "CONVERSATION_ENDED");
}

#[tokio::test]
async fn supv_1_a_repeat_changes_nothing() {
    let (house, mut ann, _bob, _cid) = ann_bob_and_cid().await;
    let chat = house.chat_with(&mut ann).await;
    let request = MoveConversationRequest {
        org_id: ORG.into(),
        request_id: "move".into(),
        supervisor_id: SUE.into(),
        conversation_id: chat,
        queue: Some(QueueTarget { queue_id: "sales".into(), skills: Vec::new() }),
        priority: None,
    };
    let first = house.supervisor().move_conversation(request.clone()).await.expect("it moves");
    let invited = house.invited(chat).await;
    let again = house.supervisor().move_conversation(request).await.expect("it has moved");
    assert_eq!(first.into_inner(), again.into_inner());
    assert_eq!((invited, house.log(chat, LogReader::Agent).await.len()), (vec!["bob".into()], 2));
}

#[tokio::test]
async fn supv_1_a_supervisors_name_has_its_bounds() {
    let house = House::with(sample::directory()).await;
    let mut actor = sue();
    let request = |actor| v1::EndConversationRequest {
        org_id: ORG.into(),
        request_id: "end".into(),
        actor: Some(actor),
        conversation_id: 1,
    };
    let named = |name: String| {
        let supervisor = v1::actor::Supervisor { supervisor_id: name };
        Some(v1::actor::Actor::Supervisor(supervisor))
    };
    for wrong in [String::new(), "x".repeat(129)] {
        actor.actor = named(wrong);
        let answer = house.conversations().end_conversation(request(actor.clone())).await;
        invalid(answer, &["actor.supervisor.supervisor_id"]);
    }
    actor.actor = named("x".repeat(128));
    let answer = house.conversations().end_conversation(request(actor)).await;
    refused(answer, Code::NotFound, "CONVERSATION_NOT_FOUND");
}
