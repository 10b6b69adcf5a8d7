//! Explaining: why a request goes where it goes, why it waits, why an agent gets nothing. What is said before is what is done then.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "explain/past.rs"]
mod past;
mod support;

use omniroute::wire::v1::{self, Explanation, RoutingModel, Standing, Verdict};
use support::{Desk, House, ORG, agent, button, queue, refused, requirements, sample, skill, to};
use tonic::Code;

async fn routing(house: &House, channel: &str, routing: v1::Routing) -> Explanation {
    let request = v1::ExplainRoutingRequest {
        org_id: ORG.into(),
        channel_id: channel.into(),
        routing: Some(routing),
        page_size: 0,
    };
    let explained = house.supervisor().explain_routing(request).await.expect("it can be explained");
    explained.into_inner().explanation.expect("an explanation")
}

async fn conversation(house: &House, conversation_id: u64) -> Vec<v1::RequestExplanation> {
    let request = v1::ExplainConversationRequest { org_id: ORG.into(), conversation_id, page_size: 0 };
    let explained = house.supervisor().explain_conversation(request).await.expect("it can be explained");
    explained.into_inner().requests
}

async fn explain_agent(house: &House, agent_id: &str) -> v1::ExplainAgentResponse {
    let request = v1::ExplainAgentRequest { org_id: ORG.into(), agent_id: agent_id.into(), page_size: 0 };
    house.supervisor().explain_agent(request).await.expect("it can be explained").into_inner()
}

/// Who stands how, in the order in which it is shown.
fn standings(explanation: &Explanation) -> Vec<(&str, Standing)> {
    explanation.agents.iter().map(|it| (it.agent_id.as_str(), it.standing())).collect()
}

fn of<'a>(explanation: &'a Explanation, agent: &str) -> &'a Verdict {
    explanation.agents.iter().find(|it| it.agent_id == agent).expect("the agent is shown")
}

fn by(model: RoutingModel, target: v1::target::Target) -> v1::Routing {
    v1::Routing { model: model.into(), ..to(target) }
}

async fn all_at_their_desks(house: &House) -> [Desk; 4] {
    [house.desk("ann").await, house.desk("bob").await, house.desk("cid").await, house.desk("dee").await]
}

#[tokio::test]
async fn who_is_chosen_before_is_who_is_invited_then() {
    let house = House::with(sample::directory()).await;
    let mut desks = all_at_their_desks(&house).await;
    let targets =
        [queue("help"), skill("french"), button("web"), requirements(&[("french", 600)]), agent("bob")];
    let models = [
        RoutingModel::LeastActive,
        RoutingModel::MostAvailable,
        RoutingModel::LongestIdle,
        RoutingModel::BestMatch,
    ];
    let mut invited_once = 0;
    for (turn, target) in targets.iter().cycle().take(40).enumerate() {
        house.advance(1_000).await;
        let routing_of = by(models[turn % models.len()], target.clone());
        let explained = routing(&house, "chat", routing_of.clone()).await;
        let chosen: Vec<&str> = explained
            .agents
            .iter()
            .filter(|it| it.standing() == Standing::Chosen)
            .map(|it| it.agent_id.as_str())
            .collect();
        let created = house.create("chat", routing_of).await.expect("it is created");
        let found = house.conversation(created.conversation_id).await;
        let invited: Vec<String> =
            found.requests.iter().flat_map(|it| it.invited_agent_ids.clone()).collect();
        assert_eq!(chosen, invited, "turn {turn}: {explained:?}");
        let decided = past::decisions(&house, created.conversation_id).await;
        let then = decided.iter().filter_map(|it| it.explanation.clone()).collect::<Vec<_>>();
        let was_decided = if chosen.is_empty() { Vec::new() } else { vec![explained.clone()] };
        assert_eq!(then, was_decided, "turn {turn}: the past is explained as it was before");
        assert_eq!(explained.eligible_count > 0, !chosen.is_empty());
        // Some are taken and some of those ended, so that loads, turns and idle times differ.
        if let Some(name) = invited.first() {
            invited_once += 1;
            let desk = desks.iter_mut().find(|it| it.session.agent_id == *name).expect("it has a desk");
            desk.take().await;
            if turn % 3 != 0 {
                desk.end(created.conversation_id).await.expect("it is alone in it");
            }
        } else {
            house.end(created.conversation_id).await.expect("the platform may");
        }
    }
    assert!(invited_once > 20, "the choice was not always nobody: {invited_once}");
}

#[tokio::test]
async fn each_agent_who_is_not_chosen_has_one_reason() {
    let house = House::with(sample::directory()).await;
    let (mut ann, _bob) = (house.desk("ann").await, house.desk("bob").await);
    let _cid = house.desk_at("cid", v1::Console::Lightning, "lunch").await;
    let explained = routing(&house, "chat", to(requirements(&[("french", 800)]))).await;
    assert_eq!(
        standings(&explained),
        [
            ("ann", Standing::Chosen),
            ("bob", Standing::SkillTooLow),
            ("cid", Standing::NotOnline),
            ("dee", Standing::NoSession)
        ]
    );
    assert_eq!(of(&explained, "bob").skill_id, "french");
    assert_eq!((explained.agent_count, explained.eligible_count), (4, 1));
    // Ties: nobody was given work, so the lower id; then whoever was given work longest ago.
    let explained = routing(&house, "chat", to(queue("help"))).await;
    assert_eq!(standings(&explained)[..2], [("ann", Standing::Chosen), ("bob", Standing::LostOnId)]);
    let chat = house.chat(agent("ann")).await;
    ann.take().await;
    let explained = routing(&house, "chat", to(queue("help"))).await;
    assert_eq!(standings(&explained)[..2], [("bob", Standing::Chosen), ("ann", Standing::LostOnModel)]);
    ann.end(chat).await.expect("she is alone in it");
    let explained = routing(&house, "chat", to(queue("help"))).await;
    assert_eq!(standings(&explained)[..2], [("bob", Standing::Chosen), ("ann", Standing::LostOnGiven)]);
    let explained = routing(&house, "chat", to(queue("sales"))).await;
    assert_eq!(of(&explained, "ann").standing(), Standing::NotInQueue);
    let explained = routing(&house, "chat", to(agent("bob"))).await;
    assert_eq!(of(&explained, "ann").standing(), Standing::NotAddressed);
}

#[tokio::test]
async fn what_waits_says_what_would_unblock_it() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let _bob = house.desk_at("bob", v1::Console::Lightning, "chat-only").await;
    let first = house.create("voice", to(skill("french"))).await.expect("it is created").conversation_id;
    let invite = ann.invite().await;
    let explained = conversation(&house, first).await;
    let explanation = explained[0].explanation.clone().expect("an explanation");
    assert_eq!(of(&explanation, "ann").standing(), Standing::Invited);
    ann.accept(invite.invite_id).await.expect("the invite is pending");
    let waits = house.create("voice", to(skill("french"))).await.expect("it is created").conversation_id;
    let explained = conversation(&house, waits).await;
    let explanation = explained[0].explanation.clone().expect("an explanation");
    assert_eq!((explanation.eligible_count, explanation.agent_count), (0, 4));
    assert_eq!(of(&explanation, "ann").standing(), Standing::RoomShort);
    assert_eq!(of(&explanation, "ann").units_short, 3);
    assert_eq!(of(&explanation, "bob").standing(), Standing::ChannelNotTaken);
    let absent = &explanation.obstacles[0];
    assert_eq!((absent.standing(), absent.agent_count), (Standing::NoSession, 2), "the most frequent first");
    // It says three units; with them it goes to her.
    ann.end(first).await.expect("she is alone in it");
    assert_eq!(ann.take().await, waits);
    assert!(conversation(&house, waits).await.is_empty(), "nobody is asked for any more");
}

#[tokio::test]
async fn who_is_preferred_is_chosen_and_what_gives_way_is_explained_as_it_is() {
    let house = House::with(sample::directory()).await;
    let _desks = all_at_their_desks(&house).await;
    let preferred = |agent_id: &str, insist_for_ms| {
        let agent_id = agent_id.into();
        Some(v1::PreferredAgent { agent_id, insist_for_ms, insist_until_available: false })
    };
    // Nobody waits for Cid, and he goes first; with the time to be insisted on, nobody else is addressed.
    for (insist_for_ms, others) in [(0, Standing::LostOnPreferred), (1_000, Standing::NotAddressed)] {
        let routing_of =
            v1::Routing { preferred_agent: preferred("cid", insist_for_ms), ..to(skill("french")) };
        let explained = routing(&house, "chat", routing_of.clone()).await;
        assert_eq!(of(&explained, "cid").standing(), Standing::Chosen);
        assert_eq!(of(&explained, "ann").standing(), others);
        let created = house.create("chat", routing_of).await.expect("it is created");
        assert_eq!(house.invited(created.conversation_id).await, ["cid"]);
    }
    // Dee is insisted on and lacks French; when nobody insists on her any more, the best of the others is chosen.
    let routing_of = v1::Routing { preferred_agent: preferred("dee", 1_000), ..to(skill("french")) };
    let waits = house.create("chat", routing_of).await.expect("it is created").conversation_id;
    let explained = conversation(&house, waits).await.remove(0);
    let explanation = explained.explanation.expect("an explanation");
    assert_eq!((explanation.eligible_count, of(&explanation, "dee").standing()), (0, Standing::SkillMissing));
    assert!(explained.request.and_then(|it| it.next_step).is_some_and(|it| it.ends_insistence));
    house.advance(1_000).await;
    let explanation = conversation(&house, waits).await.remove(0).explanation.expect("an explanation");
    assert_eq!(of(&explanation, "ann").standing(), Standing::Invited);
}

#[tokio::test]
async fn while_one_is_asked_the_others_have_not_lost_on_what_it_holds_by_that() {
    let house = House::with(sample::directory()).await;
    let (mut ann, _bob) = (house.desk("ann").await, house.desk("bob").await);
    house.chat_with(&mut ann).await;
    let chat = house.chat(queue("help")).await;
    let explained = conversation(&house, chat).await;
    let explanation = explained[0].explanation.clone().expect("an explanation");
    assert_eq!(standings(&explanation)[..2], [("bob", Standing::Invited), ("ann", Standing::OtherInvited)]);
    let decided = past::decisions(&house, chat).await;
    let then = decided[0].explanation.clone().expect("an explanation");
    assert_eq!(standings(&then)[..2], [("bob", Standing::Chosen), ("ann", Standing::LostOnModel)]);
}

#[tokio::test]
async fn what_is_for_later_has_chosen_nobody_yet() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let not_before_ms = i64::try_from(support::START_MS).expect("a time") + 1_000;
    let later = v1::Routing { not_before_ms, ..to(queue("help")) };
    assert_eq!(of(&routing(&house, "chat", later.clone()).await, "ann").standing(), Standing::NotYet);
    let chat = house.create("chat", later).await.expect("it is created").conversation_id;
    let explained = conversation(&house, chat).await;
    let explanation = explained[0].explanation.clone().expect("an explanation");
    assert_eq!(of(&explanation, "ann").standing(), Standing::NotYet);
    assert_eq!(explanation.eligible_count, 1);
    house.advance(1_000).await;
    assert_eq!(ann.take().await, chat);
}

#[tokio::test]
async fn an_agent_who_gets_nothing_is_told_why() {
    let house = House::with(sample::directory()).await;
    assert_eq!(explain_agent(&house, "ann").await.absence(), Standing::NoSession);
    let mut ann = house.desk("ann").await;
    let mut chats = Vec::new();
    for _ in 0..3 {
        chats.push(house.chat(agent("ann")).await);
        ann.take().await;
    }
    let (waits, other) = (house.chat(queue("help")).await, house.chat(requirements(&[("billing", 0)])).await);
    let explained = explain_agent(&house, "ann").await;
    assert_eq!(explained.absence(), Standing::Unspecified);
    let waiting: Vec<(u64, Standing)> = explained
        .waiting
        .iter()
        .map(|it| (it.conversation_id, it.verdict.as_ref().expect("a verdict").standing()))
        .collect();
    assert_eq!(waiting, [(waits, Standing::RoomShort), (other, Standing::SkillMissing)]);
    ann.presence("finishing").await.expect("she may");
    assert_eq!(explain_agent(&house, "ann").await.absence(), Standing::NotOnline);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_explained() {
    let house = House::with(sample::directory()).await;
    let mut supervisor = house.supervisor();
    let request = v1::ExplainConversationRequest { org_id: ORG.into(), conversation_id: 9, page_size: 0 };
    refused(supervisor.explain_conversation(request).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
    let request = v1::ExplainAgentRequest { org_id: ORG.into(), agent_id: "zoe".into(), page_size: 0 };
    refused(supervisor.explain_agent(request).await, Code::NotFound, "AGENT_NOT_FOUND");
    let routing = Some(to(queue("nowhere")));
    let request =
        v1::ExplainRoutingRequest { org_id: ORG.into(), channel_id: "chat".into(), routing, page_size: 0 };
    refused(supervisor.explain_routing(request).await, Code::NotFound, "QUEUE_NOT_FOUND");
}
