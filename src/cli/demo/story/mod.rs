//! The story, act by act. Each act is a page: what happens, who is told, what must be so.

mod button;
mod chat;
mod finale;
mod handover;
mod race;

use super::{DemoError, narration::Narrator, stage::Stage};
use crate::{
    cli::client::CallError,
    wire::v1::{Requirements, Routing, SkillRequirement, Target, target},
};

/// Tells it.
pub(super) async fn tell(stage: &Stage) -> Result<(), DemoError> {
    let chat = chat::routed_to_the_least_active(stage).await?;
    let winner = race::all_with_a_skill(stage, &chat).await?;
    race::one_declines_one_joins(stage, &chat).await?;
    handover::one_leaves(stage, &chat, winner).await?;
    handover::a_conference_is_transferred(stage, &chat).await?;
    button::a_conference_is_not_transferable(stage).await?;
    finale::the_last_agent_ends_it(stage, chat).await
}

/// To one agent.
fn to_agent(agent: &str) -> Routing {
    to(target::Target::AgentId(agent.into()))
}

/// To all who have a skill.
fn to_skill(skill: &str) -> Routing {
    to(target::Target::SkillId(skill.into()))
}

/// To whoever has a skill at this level or above.
fn to_level(skill: &str, level_hundredths: u32) -> Routing {
    let skill = SkillRequirement { skill_id: skill.into(), level_hundredths, ..Default::default() };
    to(target::Target::Requirements(Requirements { skills: vec![skill] }))
}

/// By a button.
fn by_button(button: &str) -> Routing {
    to(target::Target::ButtonId(button.into()))
}

fn to(target: target::Target) -> Routing {
    Routing { target: Some(Target { target: Some(target) }), ..Routing::default() }
}

/// Checks that a call was refused for this reason, and tells what the service said.
fn check_refused<T>(
    narrator: &Narrator,
    answer: Result<T, Box<CallError>>,
    reason: &str,
    rule: &str,
) -> Result<(), DemoError> {
    let found = match answer {
        Ok(_) => "it was not refused".to_owned(),
        Err(error) => {
            narrator.say(format_args!("         ✗ {error}"));
            error.reason.unwrap_or(error.message)
        }
    };
    narrator.check(&found, &reason.to_owned(), rule)
}
