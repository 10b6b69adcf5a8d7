//! CONF: bringing another agent in.

use omniroute::wire::v1::{
    Channel, Console, InviteOutcome, LogEntryKind, LogReader, RequestEnd, open_session_response::Notice,
};
use tonic::Code;

use crate::support::{Desk, House, agent, button, queue, refused, sample, skill, to};

const NO: Code = Code::FailedPrecondition;

/// Dee in a chat; Ann and Bob, who speak French, are there too.
async fn dee_in_a_chat() -> (House, [Desk; 3], u64) {
    let house = House::with(sample::directory()).await;
    let (ann, bob, mut dee) = (house.desk("ann").await, house.desk("bob").await, house.desk("dee").await);
    let chat = house.chat_with(&mut dee).await;
    (house, [ann, bob, dee], chat)
}

#[tokio::test]
async fn conf_1_a_participant_asks_one_agent_and_no_other_is_asked() {
    let (house, [mut ann, _bob, mut dee], chat) = dee_in_a_chat().await;
    dee.conference(chat, to(agent("ann"))).await.expect("she may ask");
    let invite = ann.invite().await;
    assert_eq!((&*invite.requested_by_agent_id, &*invite.customer_id), ("dee", "customer-1"));
    assert_eq!(house.invited(chat).await, ["ann"]);
    ann.accept(invite.invite_id).await.expect("it is pending");
    assert_eq!(house.participants(chat).await, ["dee", "ann"]);
}

#[tokio::test]
async fn conf_1_only_a_participant_asks() {
    let (_house, [mut ann, _bob, _dee], chat) = dee_in_a_chat().await;
    refused(ann.conference(chat, to(agent("bob"))).await, NO, "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn conf_1_only_in_an_active_conversation() {
    let (house, [_ann, _bob, mut dee], chat) = dee_in_a_chat().await;
    house.end(chat).await.expect("the platform may");
    refused(dee.conference(chat, to(agent("bob"))).await, NO, "CONVERSATION_ENDED");
    let waiting = house.chat(queue("sales")).await;
    refused(dee.conference(waiting, to(agent("ann"))).await, NO, "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn conf_1_several_requests_may_be_open_at_once() {
    let (house, [mut ann, mut bob, mut dee], chat) = dee_in_a_chat().await;
    dee.conference(chat, to(agent("ann"))).await.expect("she may ask");
    dee.conference(chat, to(agent("bob"))).await.expect("and once more");
    assert_eq!(house.conversation(chat).await.requests.len(), 2);
    assert_eq!((bob.take().await, ann.take().await), (chat, chat));
    assert_eq!(house.participants(chat).await, ["dee", "bob", "ann"]);
}

#[tokio::test]
async fn conf_1_who_is_in_already_cannot_be_asked() {
    let (_house, [mut ann, _bob, mut dee], chat) = dee_in_a_chat().await;
    dee.bring_in(chat, &mut ann).await;
    refused(dee.conference(chat, to(agent("ann"))).await, NO, "ALREADY_A_PARTICIPANT");
    refused(ann.conference(chat, to(agent("ann"))).await, NO, "ALREADY_A_PARTICIPANT");
}

#[tokio::test]
async fn conf_1_who_came_in_by_one_request_has_its_other_invites_to_it_revoked() {
    let (house, [mut ann, _bob, mut dee], chat) = dee_in_a_chat().await;
    dee.conference(chat, to(agent("ann"))).await.expect("she may ask");
    let first = ann.invite().await.invite_id;
    dee.conference(chat, to(skill("french"))).await.expect("she may ask");
    let second = ann.invite().await.invite_id;
    ann.accept(first).await.expect("it is pending");
    refused(ann.accept(second).await, NO, "INVITE_REVOKED");
    assert_eq!(house.invited(chat).await, ["bob"]);
}

#[tokio::test]
async fn conf_2_all_with_the_skill_are_asked_and_the_first_to_accept_joins() {
    let (house, [mut ann, mut bob, mut dee], chat) = dee_in_a_chat().await;
    let mut cid = house.desk("cid").await;
    dee.conference(chat, to(skill("french"))).await.expect("she may ask");
    let (to_ann, to_bob, to_cid) = (ann.invite().await, bob.invite().await, cid.invite().await);
    bob.accept(to_bob.invite_id).await.expect("the first acceptance wins");
    refused(ann.accept(to_ann.invite_id).await, NO, "INVITE_RESCINDED");
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Rescinded);
    assert_eq!(cid.invite_ended().await.outcome(), InviteOutcome::Rescinded);
    refused(cid.accept(to_cid.invite_id).await, NO, "INVITE_RESCINDED");
    assert_eq!(house.participants(chat).await, ["dee", "bob"]);
}

#[tokio::test]
async fn conf_3_who_accepted_writes_at_once_and_everybody_is_told() {
    let (house, [mut ann, _bob, mut dee], chat) = dee_in_a_chat().await;
    dee.conference(chat, to(agent("ann"))).await.expect("she may ask");
    let invite = ann.invite().await.invite_id;
    dee.told().await;
    ann.accept(invite).await.expect("it is pending");
    ann.post(chat, "hello, I am Ann", false).await.expect("she may write");
    let joined = dee.update().await;
    assert_eq!((joined.kind(), &*joined.agent_id, joined.number), (LogEntryKind::AgentJoined, "ann", 2));
    assert_eq!(dee.update().await.text, "hello, I am Ann");
    assert_eq!(ann.update().await.kind(), LogEntryKind::AgentJoined);
    let seen = house.log(chat, LogReader::Customer).await;
    let seen: Vec<_> = seen.iter().map(|it| (it.kind(), &*it.agent_id)).collect();
    let (joined, message) = (LogEntryKind::AgentJoined, LogEntryKind::Message);
    assert_eq!(seen, [(joined, "dee"), (joined, "ann"), (message, "ann")]);
}

#[tokio::test]
async fn conf_4_a_decline_is_told_to_the_requester_outside_the_chat_log() {
    let (house, [mut ann, mut bob, mut dee], chat) = dee_in_a_chat().await;
    dee.bring_in(chat, &mut ann).await;
    ann.told().await;
    dee.conference(chat, to(agent("bob"))).await.expect("she may ask");
    let before = house.log(chat, LogReader::Agent).await;
    let invite = bob.invite().await.invite_id;
    bob.decline(invite).await.expect("it is pending");
    assert_eq!(dee.invite_declined().await.agent_id, "bob");
    assert_eq!(ann.told().await, []);
    assert_eq!(house.log(chat, LogReader::Agent).await, before);
}

#[tokio::test]
async fn conf_4_when_all_have_declined_the_request_has_failed() {
    let (house, [mut ann, mut bob, mut dee], chat) = dee_in_a_chat().await;
    let request = dee.conference(chat, to(skill("french"))).await.expect("she may ask");
    let (to_ann, to_bob) = (ann.invite().await.invite_id, bob.invite().await.invite_id);
    ann.decline(to_ann).await.expect("it is pending");
    assert_eq!(house.conversation(chat).await.requests.len(), 1);
    bob.decline(to_bob).await.expect("it is pending");
    let ended = dee.request_ended().await;
    assert_eq!((ended.routing_request_id, ended.why()), (request, RequestEnd::AllDeclined));
    assert!(house.conversation(chat).await.requests.is_empty());
}

#[tokio::test]
async fn conf_4_when_all_have_declined_or_expired_the_request_has_failed() {
    let chat = Channel { push_timeout_ms: 1_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(Channel { conference_allowed: true, ..chat })).await;
    let (mut ann, mut dee) = (house.desk("ann").await, house.desk("dee").await);
    let _bob = house.desk("bob").await;
    let chat = house.chat_with(&mut dee).await;
    dee.conference(chat, to(skill("french"))).await.expect("she may ask");
    let invite = ann.invite().await.invite_id;
    ann.decline(invite).await.expect("it is pending");
    house.advance(1_000).await;
    assert!(!dee.invite_declined().await.expired);
    let expired = dee.invite_declined().await;
    assert_eq!((&*expired.agent_id, expired.expired), ("bob", true));
    assert_eq!(dee.request_ended().await.why(), RequestEnd::AllExpired);
}

#[tokio::test]
async fn conf_4_when_nobody_is_eligible_the_request_has_failed() {
    for target in [agent("cid"), skill("french")] {
        let house = House::with(sample::directory()).await;
        let mut dee = house.desk("dee").await;
        let chat = house.chat_with(&mut dee).await;
        let request = dee.conference(chat, to(target)).await.expect("she may ask");
        let ended = dee.request_ended().await;
        assert_eq!((ended.routing_request_id, ended.why()), (request, RequestEnd::NoAgentEligible));
        assert!(house.conversation(chat).await.requests.is_empty());
    }
}

#[tokio::test]
async fn conf_4_a_request_to_a_queue_waits_for_somebody_to_come() {
    let (house, [_ann, _bob, mut dee], chat) = dee_in_a_chat().await;
    dee.conference(chat, to(queue("sales"))).await.expect("she may ask");
    assert_eq!(house.invited(chat).await, ["bob"]);
    let house = House::with(sample::directory()).await;
    let mut dee = house.desk("dee").await;
    let chat = house.chat_with(&mut dee).await;
    dee.conference(chat, to(queue("sales"))).await.expect("she may ask");
    assert_eq!(house.waiting("sales").await, [chat]);
    let mut bob = house.desk("bob").await;
    assert_eq!(bob.take().await, chat);
}

#[tokio::test]
async fn conf_5_with_omni_channel_routing_both_consoles_must_be_lightning() {
    let (house, [_ann, _bob, mut dee], chat) = dee_in_a_chat().await;
    let mut cid = house.desk_at("cid", Console::Classic, "available").await;
    refused(dee.conference(chat, to(agent("cid"))).await, NO, "CONSOLE_NOT_SUPPORTED");
    let his = house.chat_with(&mut cid).await;
    refused(cid.conference(his, to(agent("ann"))).await, NO, "CONSOLE_NOT_SUPPORTED");
    // To all with a skill: the older consoles are not asked.
    dee.conference(chat, to(skill("french"))).await.expect("she may ask");
    assert_eq!(house.invited(chat).await, ["ann", "bob"]);
}

#[tokio::test]
async fn conf_5_where_only_older_consoles_could_nobody_is_eligible() {
    let house = House::with(sample::directory()).await;
    let (mut dee, _cid) =
        (house.desk("dee").await, house.desk_at("cid", Console::Classic, "available").await);
    let chat = house.chat_with(&mut dee).await;
    dee.conference(chat, to(skill("french"))).await.expect("she may ask");
    assert_eq!(dee.request_ended().await.why(), RequestEnd::NoAgentEligible);
}

#[tokio::test]
async fn conf_5_with_button_skills_any_console_will_do() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk_at("ann", Console::Classic, "available").await;
    let chat = house.chat(button("web")).await;
    assert_eq!(ann.take().await, chat);
    let mut bob = house.desk_at("bob", Console::Classic, "available").await;
    ann.bring_in(chat, &mut bob).await;
    assert_eq!(house.participants(chat).await, ["ann", "bob"]);
}

#[tokio::test]
async fn conf_6_a_channel_may_forbid_conferences() {
    let chat = Channel { conference_allowed: false, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    refused(ann.conference(chat, to(agent("bob"))).await, NO, "CONFERENCE_NOT_ALLOWED");
    // Another channel does not.
    let case = house.create("case", to(agent("ann"))).await.expect("it is created").conversation_id;
    ann.take().await;
    ann.bring_in(case, &mut bob).await;
}

#[tokio::test]
async fn conf_6_a_channel_says_how_many_participants_at_most_open_requests_counted() {
    let chat = Channel { participants_max: 3, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let _others = (house.desk("cid").await, house.desk("dee").await);
    let chat = house.chat_with(&mut ann).await;
    ann.bring_in(chat, &mut bob).await;
    let open = ann.conference(chat, to(agent("cid"))).await.expect("there is one place");
    refused(bob.conference(chat, to(agent("dee"))).await, NO, "PARTICIPANTS_FULL");
    ann.cancel(open).await.expect("it is hers");
    bob.conference(chat, to(agent("dee"))).await.expect("the place is free again");
}

#[tokio::test]
async fn conf_7_the_requester_leaving_revokes_what_it_asked_and_nothing_else() {
    let (house, [mut ann, mut bob, mut dee], chat) = dee_in_a_chat().await;
    let mut cid = house.desk("cid").await;
    dee.bring_in(chat, &mut ann).await;
    dee.conference(chat, to(agent("bob"))).await.expect("she may ask");
    ann.conference(chat, to(agent("cid"))).await.expect("so may she");
    let (to_bob, to_cid) = (bob.invite().await.invite_id, cid.invite().await.invite_id);
    dee.leave(chat).await.expect("Ann is still in");
    assert_eq!(dee.request_ended().await.why(), RequestEnd::RequesterLeft);
    assert_eq!(bob.invite_ended().await.outcome(), InviteOutcome::Revoked);
    refused(bob.accept(to_bob).await, NO, "INVITE_REVOKED");
    assert_eq!(cid.accept(to_cid).await.expect("it is pending"), chat);
    assert_eq!(house.participants(chat).await, ["ann", "cid"]);
}

#[tokio::test]
async fn conf_7_the_end_of_the_conversation_revokes_what_is_pending() {
    let (house, [_ann, mut bob, mut dee], chat) = dee_in_a_chat().await;
    dee.conference(chat, to(agent("bob"))).await.expect("she may ask");
    let invite = bob.invite().await.invite_id;
    dee.end(chat).await.expect("she is alone in it");
    assert_eq!(dee.request_ended().await.why(), RequestEnd::ConversationEnded);
    let told = bob.told().await;
    assert!(
        matches!(&told[..], [Notice::InviteEnded(it)] if it.outcome() == InviteOutcome::Revoked),
        "{told:?}"
    );
    refused(bob.accept(invite).await, NO, "INVITE_REVOKED");
    assert_eq!(house.agent("bob").await.units_used, 0);
}

#[tokio::test]
async fn conf_7_cancelling_a_request_revokes_it() {
    let (_house, [mut ann, mut bob, mut dee], chat) = dee_in_a_chat().await;
    let request = dee.conference(chat, to(agent("bob"))).await.expect("she may ask");
    let invite = bob.invite().await.invite_id;
    refused(ann.cancel(request).await, NO, "NOT_THE_REQUESTER");
    dee.cancel(request).await.expect("it is hers");
    assert_eq!(dee.request_ended().await.why(), RequestEnd::Cancelled);
    refused(bob.accept(invite).await, NO, "INVITE_REVOKED");
}
