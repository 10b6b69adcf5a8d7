//! The race (INV-3): a thousand agents invited at once, all accepting at the same moment over many connections. Exactly one wins.
#![allow(clippy::expect_used, missing_docs, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use omniroute::wire::v1::{self, AgentSession, Console, agent_service_client::AgentServiceClient};
use support::{House, ORG, agent, fresh, reason, sample, skill, to};
use tokio::sync::Barrier;
use tonic::{Status, transport::Channel};

const RACERS: usize = 1_000;
const CONNECTIONS: usize = 25;
const ROUNDS: usize = 4;

fn racer(number: usize) -> String {
    format!("racer-{number:04}")
}

fn directory() -> v1::Directory {
    let mut directory = sample::directory();
    directory.skills.push(sample::skill("racing"));
    directory.agents.extend((0..RACERS).map(|it| sample::agent(&racer(it), &[("racing", 500)], &[])));
    directory
}

async fn accept(
    mut client: AgentServiceClient<Channel>,
    session: AgentSession,
    invite_id: u64,
    request_id: String,
) -> Result<u64, Status> {
    let request =
        v1::AcceptInviteRequest { org_id: ORG.into(), request_id, session: Some(session), invite_id };
    Ok(client.accept_invite(request).await?.into_inner().conversation_id)
}

async fn connections(house: &House) -> Vec<Channel> {
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(house.connect().await);
    }
    channels
}

/// All agents of the org, page by page.
async fn all_agents(house: &House) -> Vec<v1::Agent> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request =
            v1::ListAgentsRequest { org_id: ORG.into(), page_size: 500, page_token, ..Default::default() };
        let page = house.agents().list_agents(request).await.expect("agents are listed").into_inner();
        all.extend(page.agents);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn inv_3_of_a_thousand_simultaneous_acceptances_exactly_one_wins() {
    let mut house = House::with(directory()).await;
    let mut dee = house.desk("dee").await;
    let chat = house.chat(agent("dee")).await;
    dee.take().await;
    let mut desks = Vec::new();
    for number in 0..RACERS {
        desks.push(house.desk_at(&racer(number), Console::Lightning, "available").await);
    }
    let channels = connections(&house).await;
    for round in 0..ROUNDS {
        dee.conference(chat, to(skill("racing"))).await.expect("she may ask");
        let start = Arc::new(Barrier::new(RACERS));
        let mut racing = Vec::new();
        for (number, desk) in desks.iter_mut().enumerate() {
            let invite = desk.invite().await;
            let client = AgentServiceClient::new(channels[number % CONNECTIONS].clone());
            let (start, session, request_id) = (start.clone(), desk.session.clone(), fresh());
            let repeat = (client.clone(), session.clone(), invite.invite_id, request_id.clone());
            racing.push((
                repeat,
                tokio::spawn(async move {
                    start.wait().await;
                    accept(client, session, invite.invite_id, request_id).await
                }),
            ));
        }
        let mut winners = Vec::new();
        for (number, (repeat, racing)) in racing.into_iter().enumerate() {
            match racing.await.expect("no racer panics") {
                Ok(conversation) => winners.push((number, repeat, conversation)),
                Err(status) => assert_eq!(reason(&status), "INVITE_RESCINDED", "{status:?}"),
            }
        }
        assert_eq!(winners.len(), 1, "in round {round} exactly one wins");
        let (number, (client, session, invite, request_id), conversation) = winners.remove(0);
        assert_eq!(conversation, chat);
        assert_eq!(house.participants(chat).await, ["dee".to_owned(), racer(number)]);
        for it in all_agents(&house).await {
            let expected = u32::from(it.agent_id == "dee" || it.agent_id == racer(number));
            assert_eq!(it.units_used, expected, "no hold is left at {}", it.agent_id);
            assert!(it.invites.is_empty(), "no invite is left at {}", it.agent_id);
        }
        // To repeat an acceptance that won is to get the same answer again.
        assert_eq!(accept(client, session, invite, request_id).await.expect("the first answer"), chat);
        desks[number].leave(chat).await.expect("the winner may leave");
        for desk in &mut desks {
            // The winner's acceptance and the losers' rescission are told to each, once.
            let ended = desk.invite_ended().await;
            let won = desk.session.agent_id == racer(number);
            let expected = if won { v1::InviteOutcome::Accepted } else { v1::InviteOutcome::Rescinded };
            assert_eq!(ended.outcome(), expected);
        }
    }
    house.restart().await;
    assert_eq!(house.participants(chat).await, ["dee"]);
}
