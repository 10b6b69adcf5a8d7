//! A chat comes in and goes to the least active of those who have the skill.

use super::{DemoError, Stage, to_agent, to_level};
use crate::{
    cli::demo::{customer::Customer, sentences::units, stage::level},
    wire::v1::{HoldOwner, LogEntryKind},
};

/// What the chat asks for.
const SKILL: &str = "billing";
const LEVEL: u32 = 500;

/// The chat that the story is about, with its customer.
pub(super) struct Chat {
    pub(super) conversation: u64,
    pub(super) maria: Customer,
    /// What amira has beside it.
    pub(super) message: u64,
}

/// Amira has something in hand, dana nothing, grace has the skill at too low a level: it goes to dana.
pub(super) async fn routed_to_the_least_active(stage: &Stage) -> Result<Chat, DemoError> {
    let narrator = &stage.narrator;
    let (amira, dana) = (stage.desk("amira")?, stage.desk("dana")?);

    narrator.act("A message comes in for amira");
    let message = stage.create("messaging", "tom", to_agent("amira")).await?;
    let invite = amira.invited(message).await?;
    amira.accept(&invite).await?;

    narrator.act("A chat comes in and goes to the least active skilled agent");
    narrator.say(format_args!("Maria's chat asks for {SKILL} at {} or more:", level(LEVEL)));
    let mut eligible = Vec::new();
    for agent in ["amira", "dana", "grace"] {
        let used = stage.desk(agent)?.state().await?.units_used;
        let skills = stage.resource(agent).map_or(&[][..], |it| &it.skills);
        let has = skills.iter().find(|it| it.skill_id == SKILL).map_or(0, |it| it.level_hundredths);
        let verdict = if has >= LEVEL { "eligible" } else { "level too low" };
        narrator.say(format_args!("{agent:>8}   {SKILL} {}, {} in use: {verdict}", level(has), units(used)));
        if has >= LEVEL {
            eligible.push((used, agent));
        }
    }
    let least_active = eligible.iter().min().map(|(_, agent)| *agent);

    let conversation = stage.create("chat", "maria", to_level(SKILL, LEVEL)).await?;
    let invited: Vec<String> = stage
        .conversation(conversation)
        .await?
        .requests
        .into_iter()
        .flat_map(|it| it.invited_agent_ids)
        .collect();
    let least_active: Vec<String> = least_active.into_iter().map(Into::into).collect();
    narrator.check(
        &invited,
        &least_active,
        "the agent with the fewest units in use is invited, and nobody else",
    )?;

    let invite = dana.invited(conversation).await?;
    let held: u32 = holds(stage, "dana", HoldOwner::Invite).await?;
    narrator.check(&held, &invite.weight, "a single invite holds its units while it is pending")?;
    let maria = stage.seat("maria", conversation).await?;
    dana.accept(&invite).await?;
    maria.sees(LogEntryKind::AgentJoined, "dana").await?;
    let held = holds(stage, "dana", HoldOwner::Participation).await?;
    narrator.check(&held, &invite.weight, "accepted, the participation holds them")?;

    maria.writes("My last bill is twice what it was, and the router blinks red.").await?;
    dana.logged(conversation, LogEntryKind::Message, "").await?;
    dana.writes(conversation, "Let me look at the bill. For the router I will ask a colleague in.").await?;
    maria.sees(LogEntryKind::Message, "dana").await?;
    Ok(Chat { conversation, maria, message })
}

/// Units that an agent has taken by owners of this kind.
pub(super) async fn holds(stage: &Stage, agent: &str, owner: HoldOwner) -> Result<u32, DemoError> {
    let holds = stage.desk(agent)?.state().await?.holds;
    Ok(holds.iter().filter(|it| it.owner() == owner).map(|it| it.units).sum())
}
