//! INV-1 to 4: requests and invites, and the race.

use omniroute::wire::v1::{
    Channel, Console, InviteOutcome, RequestState, Routing, RoutingMode, open_session_response::Notice,
};
use tonic::Code;

use crate::support::{Desk, House, agent, fresh, queue, refused, sample, skill, to};

fn everyone() -> Routing {
    Routing { mode: RoutingMode::Broadcast.into(), ..to(queue("help")) }
}

async fn broadcast(house: &House) -> u64 {
    house.create("chat", everyone()).await.expect("it is created").conversation_id
}

#[tokio::test]
async fn inv_1_a_single_request_asks_the_best_agent_then_the_next() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob, mut cid) =
        (house.desk("ann").await, house.desk("bob").await, house.desk("cid").await);
    let chat = house.chat(queue("help")).await;
    let invite = ann.invite().await.invite_id;
    assert_eq!(house.invited(chat).await, ["ann"]);
    ann.decline(invite).await.expect("it is pending");
    let invite = bob.invite().await.invite_id;
    assert_eq!(house.invited(chat).await, ["bob"]);
    bob.decline(invite).await.expect("it is pending");
    assert_eq!(cid.take().await, chat);
}

#[tokio::test]
async fn inv_1_a_broadcast_asks_everyone_eligible_at_once() {
    let house = House::with(sample::directory()).await;
    let mut desks = [house.desk("ann").await, house.desk("bob").await, house.desk("cid").await];
    let _dee = house.desk_at("dee", Console::Lightning, "lunch").await;
    let chat = broadcast(&house).await;
    for desk in &mut desks {
        assert_eq!(desk.invite().await.conversation_id, chat);
    }
    let request = &house.conversation(chat).await.requests[0];
    assert_eq!(request.invited_agent_ids, ["ann", "bob", "cid"]);
    assert_eq!((request.invited_count, request.state()), (3, RequestState::Inviting));
}

#[tokio::test]
async fn inv_1_a_broadcast_goes_on_until_the_last_has_declined() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = broadcast(&house).await;
    let (to_ann, to_bob) = (ann.invite().await.invite_id, bob.invite().await.invite_id);
    ann.decline(to_ann).await.expect("it is pending");
    assert_eq!(house.invited(chat).await, ["bob"]);
    assert_eq!(bob.accept(to_bob).await.expect("it is pending"), chat);
}

#[tokio::test]
async fn inv_2_an_invite_is_pending_until_it_ends_in_one_way() {
    let chat = Channel { push_timeout_ms: 1_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat(agent("ann")).await;
    let invite = ann.invite().await.invite_id;
    let pending = house.agent("ann").await.invites;
    assert_eq!(pending.iter().map(|it| it.invite_id).collect::<Vec<_>>(), [invite]);
    ann.accept(invite).await.expect("it is pending");
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Accepted);
    house.end(chat).await.expect("the platform may");

    broadcast(&house).await;
    let (to_ann, to_bob) = (ann.invite().await.invite_id, bob.invite().await.invite_id);
    ann.decline(to_ann).await.expect("it is pending");
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Declined);
    bob.accept(to_bob).await.expect("it is pending");

    broadcast(&house).await;
    let to_ann = ann.invite().await.invite_id;
    ann.accept(to_ann).await.expect("it is pending");
    bob.invite_ended().await;
    assert_eq!(bob.invite_ended().await.outcome(), InviteOutcome::Rescinded);

    let chat = house.chat(agent("ann")).await;
    house.end(chat).await.expect("the platform may");
    ann.invite_ended().await;
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Revoked);

    house.chat(agent("ann")).await;
    house.advance(1_000).await;
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Expired);
    assert!(house.agent("ann").await.invites.is_empty());
}

#[tokio::test]
async fn inv_2_a_request_waits_then_invites_then_ends() {
    let house = House::with(sample::directory()).await;
    let chat = house.chat(agent("ann")).await;
    assert_eq!(house.conversation(chat).await.requests[0].state(), RequestState::Waiting);
    let mut ann = house.desk("ann").await;
    assert_eq!(house.conversation(chat).await.requests[0].state(), RequestState::Inviting);
    ann.take().await;
    assert!(house.conversation(chat).await.requests.is_empty());
    let request = ann.conference(chat, to(queue("sales"))).await.expect("she may ask");
    ann.cancel(request).await.expect("it is hers");
    refused(ann.cancel(request).await, Code::FailedPrecondition, "REQUEST_CLOSED");
    assert!(house.conversation(chat).await.requests.is_empty());
}

#[tokio::test]
async fn inv_3_of_simultaneous_acceptances_exactly_one_succeeds() {
    let house = House::with(sample::directory()).await;
    for _ in 0..10 {
        let mut desks = Vec::new();
        for id in ["ann", "bob", "cid", "dee"] {
            desks.push(house.desk(id).await);
        }
        let chat = broadcast(&house).await;
        let mut accepting = tokio::task::JoinSet::new();
        for mut desk in desks {
            let invite = desk.invite().await.invite_id;
            accepting.spawn(async move { (desk.accept(invite).await, desk) });
        }
        let mut winners = Vec::new();
        for (accepted, mut desk) in accepting.join_all().await {
            match accepted {
                Ok(conversation) => {
                    assert_eq!(conversation, chat);
                    winners.push(desk.session.agent_id.clone());
                }
                Err(status) => {
                    refused::<()>(Err(status), Code::FailedPrecondition, "INVITE_RESCINDED");
                    assert_eq!(desk.invite_ended().await.outcome(), InviteOutcome::Rescinded);
                }
            }
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(house.participants(chat).await, winners);
        house.end(chat).await.expect("the platform may");
    }
}

#[tokio::test]
async fn inv_3_the_losers_are_told_before_anything_else_of_the_conversation() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = broadcast(&house).await;
    let (to_ann, to_bob) = (ann.invite().await.invite_id, bob.invite().await.invite_id);
    ann.accept(to_ann).await.expect("the first wins");
    ann.post(chat, "hello", false).await.expect("she is in");
    ann.conference(chat, to(agent("bob"))).await.expect("she may ask");
    let told = bob.told().await;
    let Some(Notice::InviteEnded(ended)) = told.first() else { panic!("{told:?}") };
    assert_eq!((ended.invite_id, ended.outcome()), (to_bob, InviteOutcome::Rescinded));
    assert!(matches!(&told[1..], [Notice::Invited(it)] if it.conversation_id == chat), "{told:?}");
}

#[tokio::test]
async fn inv_3_to_repeat_an_acceptance_that_won_is_to_win_again() {
    let mut house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = broadcast(&house).await;
    let (to_ann, to_bob) = (ann.invite().await.invite_id, bob.invite().await.invite_id);
    let id = fresh();
    assert_eq!(ann.accept_as(to_ann, id.clone()).await.expect("the first wins"), chat);
    assert_eq!(ann.accept_as(to_ann, id.clone()).await.expect("again"), chat);
    // Another call for the same invite is no repeat.
    refused(ann.accept(to_ann).await, Code::FailedPrecondition, "INVITE_ACCEPTED");
    refused(bob.accept(to_bob).await, Code::FailedPrecondition, "INVITE_RESCINDED");
    let epochs = (ann.session.epoch, bob.session.epoch);
    house.restart().await;
    let come_back = async |id: &str, epoch| -> Desk {
        house.open(id, Console::Lightning, "", epoch).await.expect("within the lease")
    };
    let (mut ann, mut bob) = (come_back("ann", epochs.0).await, come_back("bob", epochs.1).await);
    assert_eq!(ann.accept_as(to_ann, id).await.expect("after a restart too"), chat);
    refused(bob.accept(to_bob).await, Code::FailedPrecondition, "INVITE_RESCINDED");
    assert_eq!(house.participants(chat).await, ["ann"]);
}

#[tokio::test]
async fn inv_3_the_race_goes_on_over_a_restart_and_a_reconnect() {
    let mut house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = broadcast(&house).await;
    let (to_ann, to_bob) = (ann.invite().await.invite_id, bob.invite().await.invite_id);
    let epoch = bob.session.epoch;
    house.restart().await;
    let mut bob = house.open("bob", Console::Lightning, "", epoch).await.expect("within the lease");
    assert_eq!(bob.accept(to_bob).await.expect("the first wins"), chat);
    let mut ann = house.open("ann", Console::Lightning, "", ann.session.epoch).await.expect("as well");
    refused(ann.accept(to_ann).await, Code::FailedPrecondition, "INVITE_RESCINDED");
}

#[tokio::test]
async fn inv_4_a_late_acceptance_is_refused_with_what_happened() {
    let chat = Channel { push_timeout_ms: 1_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let late = Code::FailedPrecondition;

    let chat = house.chat(agent("ann")).await;
    let declined = ann.invite().await.invite_id;
    ann.decline(declined).await.expect("it is pending");
    refused(ann.accept(declined).await, late, "INVITE_DECLINED");
    refused(ann.decline(declined).await, late, "INVITE_DECLINED");
    house.end(chat).await.expect("the platform may");

    let chat = house.chat(skill("billing")).await;
    let mut cid = house.desk("cid").await;
    let revoked = cid.invite().await.invite_id;
    house.end(chat).await.expect("the platform may");
    refused(cid.accept(revoked).await, late, "INVITE_REVOKED");
    cid.presence("lunch").await.expect("there is such a status");

    let chat = broadcast(&house).await;
    let (won, rescinded) = (bob.invite_to(chat).await.invite_id, ann.invite_to(chat).await.invite_id);
    bob.accept(won).await.expect("the first wins");
    refused(ann.accept(rescinded).await, late, "INVITE_RESCINDED");
    refused(ann.decline(rescinded).await, late, "INVITE_RESCINDED");
    refused(bob.accept(won).await, late, "INVITE_ACCEPTED");

    let chat = house.chat(agent("ann")).await;
    let expired = ann.invite_to(chat).await.invite_id;
    house.advance(1_000).await;
    refused(ann.accept(expired).await, late, "INVITE_EXPIRED");

    refused(ann.accept(9_999).await, Code::NotFound, "INVITE_NOT_FOUND");
    let chat = house.chat(agent("bob")).await;
    let his = bob.invite().await.invite_id;
    refused(ann.accept(his).await, Code::NotFound, "INVITE_NOT_FOUND");
    assert_eq!(house.invited(chat).await, ["bob"]);
}
