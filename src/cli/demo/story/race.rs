//! Dana asks agents to join: all with a skill, who race for it; then one who declines and one who comes.

use std::sync::Arc;

use tokio::{sync::Barrier, task::JoinSet};

use super::{DemoError, Stage, chat::Chat, check_refused, to_agent, to_skill};
use crate::{
    cli::{client::CallError, demo::desk::Desk},
    wire::v1::{AcceptInviteRequest, Invite, InviteOutcome, LogEntryKind, RequestEnd},
};

/// Who has the skill that dana asks for.
const RACERS: [&str; 3] = ["chen", "elif", "femi"];

/// What came back to a racer.
struct Finish {
    agent: &'static str,
    invite: Invite,
    acceptance: AcceptInviteRequest,
    answer: Result<u64, Box<CallError>>,
}

/// All with the skill are invited, all accept at once, one wins. Answers who.
pub(super) async fn all_with_a_skill(stage: &Stage, chat: &Chat) -> Result<&'static str, DemoError> {
    let (narrator, conversation) = (&stage.narrator, chat.conversation);
    let dana = stage.desk("dana")?;
    narrator.act("Dana asks all agents with a skill to join; they race");
    dana.does("asks everyone with the skill technical to join");
    dana.request_conference(conversation, to_skill("technical")).await?;
    let mut invites = Vec::new();
    for agent in RACERS {
        invites.push((agent, stage.desk(agent)?.invited(conversation).await?));
    }
    let open = stage.conversation(conversation).await?.requests;
    let mut asked: Vec<String> = open.into_iter().flat_map(|it| it.invited_agent_ids).collect();
    asked.sort();
    narrator.check(
        &asked,
        &RACERS.map(String::from).to_vec(),
        "everyone who has the skill is invited at once",
    )?;
    let mut held = 0;
    for agent in RACERS {
        held += stage.desk(agent)?.state().await?.units_used;
    }
    narrator.check(&held, &0, "broadcast invites hold no capacity")?;

    narrator.say("All three accept at the same moment, each over a connection of its own.");
    let finishes = race(stage, invites).await?;
    let winners: Vec<&Finish> = finishes.iter().filter(|it| it.answer.is_ok()).collect();
    narrator.check(&winners.len(), &1, "exactly one acceptance won")?;
    let Some(winner) = winners.first() else { return Ok("") };
    narrator.say(format_args!("         ★ {} is in", winner.agent));
    for Finish { agent, invite, answer, .. } in finishes.iter().filter(|it| it.agent != winner.agent) {
        let rule = format!("{agent} lost: the invite was rescinded");
        check_refused(narrator, answer.as_ref().map_err(Clone::clone), "INVITE_RESCINDED", &rule)?;
        stage.desk(agent)?.invite_ended(invite.invite_id, InviteOutcome::Rescinded).await?;
    }
    told_of_joining(stage, chat, &[winner.agent, "dana"], winner.agent).await?;
    let desk = stage.desk(winner.agent)?;
    desk.invite_ended(winner.invite.invite_id, InviteOutcome::Accepted).await?;

    desk.does("repeats the acceptance, as if the answer had been lost");
    let again = desk.send(winner.acceptance.clone()).await?;
    narrator.check(&again, &conversation, "to repeat an acceptance that won is to get the same answer")?;

    desk.writes(conversation, "Hello Maria, please hold the reset button for ten seconds.").await?;
    chat.maria.sees(LogEntryKind::Message, winner.agent).await?;
    dana.logged(conversation, LogEntryKind::Message, winner.agent).await?;
    dana.whispers(conversation, "Thank you! Her line was upgraded last week.").await?;
    desk.logged(conversation, LogEntryKind::Message, "dana").await?;
    Ok(winner.agent)
}

/// Everyone accepts at once. Answers what came back, in the order in which it did.
async fn race(stage: &Stage, invites: Vec<(&'static str, Invite)>) -> Result<Vec<Finish>, DemoError> {
    let start = Arc::new(Barrier::new(invites.len()));
    let mut running = JoinSet::new();
    for (agent, invite) in invites {
        let desk: &Desk = stage.desk(agent)?;
        let acceptance = desk.acceptance(invite.invite_id);
        let (sent, start) = (desk.send(acceptance.clone()), Arc::clone(&start));
        running.spawn(async move {
            start.wait().await;
            let answer = sent.await;
            Finish { agent, invite, acceptance, answer }
        });
    }
    let mut finishes = Vec::new();
    while let Some(Ok(finish)) = running.join_next().await {
        finishes.push(finish);
    }
    Ok(finishes)
}

/// Waits until agents and the customer are told that somebody joined.
async fn told_of_joining(stage: &Stage, chat: &Chat, agents: &[&str], who: &str) -> Result<(), DemoError> {
    for agent in agents {
        stage.desk(agent)?.logged(chat.conversation, LogEntryKind::AgentJoined, who).await?;
    }
    chat.maria.sees(LogEntryKind::AgentJoined, who).await.map(drop)
}

/// Hugo declines, which is between him and dana; grace comes.
pub(super) async fn one_declines_one_joins(stage: &Stage, chat: &Chat) -> Result<(), DemoError> {
    let (narrator, conversation) = (&stage.narrator, chat.conversation);
    let (dana, hugo, grace) = (stage.desk("dana")?, stage.desk("hugo")?, stage.desk("grace")?);
    narrator.act("Dana asks hugo, who declines, and grace, who comes");
    let entries = stage.conversation(conversation).await?.log_entries;
    dana.does("asks hugo to join");
    let request = dana.request_conference(conversation, to_agent("hugo")).await?;
    let invite = hugo.invited(conversation).await?;
    hugo.decline(&invite, "on the phone with a courier").await?;
    let (who, reason) = dana.declined(request).await?;
    narrator.check(
        &(&*who, &*reason),
        &("hugo", "on the phone with a courier"),
        "the requester is told who declined, and why",
    )?;
    let why = dana.request_ended(request).await?;
    narrator.check(&why, &RequestEnd::AllDeclined, "and that the request came to nothing")?;
    let entries_now = stage.conversation(conversation).await?.log_entries;
    narrator.check(&entries_now, &entries, "the chat log says nothing of it")?;

    dana.does("asks grace to join");
    dana.request_conference(conversation, to_agent("grace")).await?;
    let invite = grace.invited(conversation).await?;
    grace.accept(&invite).await?;
    told_of_joining(stage, chat, &["dana", "grace"], "grace").await?;
    let count = stage.conversation(conversation).await?.participants.len();
    narrator.check(&count, &3, "three agents are in the conference")
}
