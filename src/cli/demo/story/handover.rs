//! One leaves the conference; then dana hands her place in it over.

use super::{
    DemoError, Stage,
    chat::{Chat, holds},
    check_refused, to_skill,
};
use crate::wire::v1::{Conversation, HoldOwner, LogEntryKind};

/// Who won the race has helped and leaves.
pub(super) async fn one_leaves(stage: &Stage, chat: &Chat, winner: &str) -> Result<(), DemoError> {
    let (narrator, conversation) = (&stage.narrator, chat.conversation);
    let desk = stage.desk(winner)?;
    narrator.act("One leaves");
    desk.does("leaves");
    desk.leave(conversation).await?;
    for agent in [winner, "dana", "grace"] {
        stage.desk(agent)?.logged(conversation, LogEntryKind::AgentLeft, winner).await?;
    }
    chat.maria.sees(LogEntryKind::AgentLeft, winner).await?;
    desk.wraps_up(conversation).await?;
    let wrapping_up = holds(stage, winner, HoldOwner::WrapUp).await? > 0;
    narrator.check(&wrapping_up, &true, &format!("{winner}'s wrap-up holds the units now"))?;

    let dana = stage.desk("dana")?;
    dana.does("tries to end the conversation");
    let answer = dana.end(conversation).await;
    let rule = "while others are still in, an agent cannot end it";
    check_refused(narrator, answer, "CONFERENCE_IN_PROGRESS", rule)
}

/// It came by Omni-Channel: its conference can be transferred, in one step.
pub(super) async fn a_conference_is_transferred(stage: &Stage, chat: &Chat) -> Result<(), DemoError> {
    let (narrator, conversation) = (&stage.narrator, chat.conversation);
    let (dana, ines) = (stage.desk("dana")?, stage.desk("ines")?);
    narrator.act("Dana hands her place in the conference over");
    dana.does("asks for somebody with the skill retention in her place");
    dana.request_transfer(conversation, to_skill("retention")).await?;
    let invite = ines.invited(conversation).await?;
    let before = participants(&stage.conversation(conversation).await?);
    narrator.check(
        &before,
        &strings(["dana", "grace"]),
        "until somebody accepts, the giver keeps the conversation",
    )?;
    ines.accept(&invite).await?;
    for agent in ["dana", "grace", "ines"] {
        let entry = stage.desk(agent)?.logged(conversation, LogEntryKind::Transferred, "dana").await?;
        narrator.check(&&*entry.receiver_agent_id, &"ines", &format!("{agent} is told of the hand-over"))?;
    }
    chat.maria.sees(LogEntryKind::Transferred, "dana").await?;
    dana.wraps_up(conversation).await?;
    let after = participants(&stage.conversation(conversation).await?);
    narrator.check(&after, &strings(["grace", "ines"]), "the receiver is in and the giver is out")
}

/// Who is in, by id.
pub(super) fn participants(conversation: &Conversation) -> Vec<String> {
    let mut agents: Vec<String> = conversation.participants.iter().map(|it| it.agent_id.clone()).collect();
    agents.sort();
    agents
}

fn strings<const N: usize>(agents: [&str; N]) -> Vec<String> {
    agents.map(String::from).to_vec()
}
