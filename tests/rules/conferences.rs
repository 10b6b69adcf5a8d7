//! CONF: bringing another agent in.

use omniroute::wire::v1::InviteOutcome;
use tonic::Code;

use crate::support::{House, agent, refused, sample, skill, to};

#[tokio::test]
async fn conf_1_and_2_all_with_a_skill_are_asked_and_the_first_to_accept_joins() {
    let house = House::with(sample::directory()).await;
    let mut dee = house.desk("dee").await;
    let chat = house.chat(agent("dee")).await;
    assert_eq!(dee.take().await, chat);
    let (mut ann, mut bob, mut cid) =
        (house.desk("ann").await, house.desk("bob").await, house.desk("cid").await);
    dee.conference(chat, to(skill("french"))).await.expect("she may ask");
    let (to_ann, to_bob, to_cid) = (ann.invite().await, bob.invite().await, cid.invite().await);
    bob.accept(to_bob.invite_id).await.expect("the first acceptance wins");
    refused(ann.accept(to_ann.invite_id).await, Code::FailedPrecondition, "INVITE_RESCINDED");
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Rescinded);
    assert_eq!(cid.invite_ended().await.outcome(), InviteOutcome::Rescinded);
    refused(cid.accept(to_cid.invite_id).await, Code::FailedPrecondition, "INVITE_RESCINDED");
    assert_eq!(house.participants(chat).await, ["dee", "bob"]);
}
