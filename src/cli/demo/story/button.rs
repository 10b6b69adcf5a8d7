//! A conversation that comes by a button: it can be conferenced, at the older console too, but its conference cannot be transferred.

use super::{DemoError, Stage, by_button, check_refused, to_agent, to_skill};
use crate::wire::v1::{LogEntryKind, RoutingType};

/// Who serve the button.
const AGENTS: [&str; 2] = ["jonas", "kira"];

/// The refusal, with its reason; then they end it as they should.
pub(super) async fn a_conference_is_not_transferable(stage: &Stage) -> Result<(), DemoError> {
    let narrator = &stage.narrator;
    narrator.act("A conference that came by a button cannot be transferred");
    let conversation = stage.create("chat", "pavel", by_button("after-sales")).await?;
    let found = stage.conversation(conversation).await?;
    narrator.check(
        &found.routing_type(),
        &RoutingType::ButtonSkills,
        "it came in by button skills, for life",
    )?;
    let invited: Vec<String> = found.requests.into_iter().flat_map(|it| it.invited_agent_ids).collect();
    let Some(first) = AGENTS.into_iter().find(|agent| invited == [*agent]) else {
        return narrator.check(
            &invited,
            &vec!["jonas or kira".to_owned()],
            "one with a skill of the button is invited",
        );
    };
    let second = if first == AGENTS[0] { AGENTS[1] } else { AGENTS[0] };
    let (giver, colleague) = (stage.desk(first)?, stage.desk(second)?);
    let invite = giver.invited(conversation).await?;
    giver.accept(&invite).await?;
    giver.does(format_args!("asks {second} to join"));
    giver.request_conference(conversation, to_agent(second)).await?;
    let invite = colleague.invited(conversation).await?;
    colleague.accept(&invite).await?;
    giver.logged(conversation, LogEntryKind::AgentJoined, second).await?;

    giver.does("asks for somebody with the skill technical in this place");
    let answer = giver.request_transfer(conversation, to_skill("technical")).await;
    let reason = "CONFERENCE_BUTTON_SKILLS_NOT_TRANSFERABLE";
    check_refused(narrator, answer, reason, "the transfer is refused, with its reason")?;
    let found = stage.conversation(conversation).await?;
    let count = (found.participants.len(), found.requests.len());
    narrator.check(&count, &(2, 0), "both are still in, nobody was asked")?;

    colleague.does("leaves");
    colleague.leave(conversation).await?;
    giver.logged(conversation, LogEntryKind::AgentLeft, second).await?;
    colleague.wraps_up(conversation).await?;
    giver.does("ends the conversation");
    giver.end(conversation).await?;
    giver.logged(conversation, LogEntryKind::Ended, first).await?;
    giver.wraps_up(conversation).await
}
