//! The last agent ends Maria's chat, and the chat log tells it all once more.

use super::{DemoError, Stage, chat::Chat, check_refused};
use crate::{
    cli::demo::sentences,
    wire::v1::{ConversationState, LogEntry, LogEntryKind, LogReader},
};

/// Grace leaves; ines is the last: she cannot leave, she ends it.
pub(super) async fn the_last_agent_ends_it(stage: &Stage, chat: Chat) -> Result<(), DemoError> {
    let (narrator, conversation) = (&stage.narrator, chat.conversation);
    let (grace, ines) = (stage.desk("grace")?, stage.desk("ines")?);
    narrator.act("The last agent ends the conversation");
    grace.does("leaves");
    grace.leave(conversation).await?;
    ines.logged(conversation, LogEntryKind::AgentLeft, "grace").await?;
    grace.wraps_up(conversation).await?;
    chat.maria.sees(LogEntryKind::AgentLeft, "grace").await?;
    ines.does("tries to leave, too");
    let answer = ines.leave(conversation).await;
    check_refused(narrator, answer, "LAST_AGENT_MUST_END", "the last agent cannot leave")?;
    ines.writes(conversation, "All settled, Maria. Have a good day!").await?;
    chat.maria.sees(LogEntryKind::Message, "ines").await?;
    ines.does("ends the conversation");
    ines.end(conversation).await?;
    ines.logged(conversation, LogEntryKind::Ended, "ines").await?;
    ines.wraps_up(conversation).await?;
    chat.maria.sees(LogEntryKind::Ended, "ines").await?;
    chat.maria.stream_ends().await?;
    let found = stage.conversation(conversation).await?.state();
    narrator.check(
        &found,
        &ConversationState::Ended,
        "the conversation is over, and the customer's stream with it",
    )?;

    let amira = stage.desk("amira")?;
    amira.does("ends the message that came first");
    amira.end(chat.message).await?;
    amira.logged(chat.message, LogEntryKind::Ended, "amira").await?;
    amira.wraps_up(chat.message).await?;

    narrator.act("What the chat log of Maria's chat says to agents");
    let agents = stage.chat_log(conversation, LogReader::Agent).await?;
    for entry in &agents {
        narrator.say(format_args!("         {}", sentences::entry(entry)));
    }
    let customers = stage.chat_log(conversation, LogReader::Customer).await?;
    let whispers = |log: &[LogEntry]| log.iter().filter(|it| it.whisper).count();
    narrator.check(
        &(whispers(&agents), whispers(&customers)),
        &(1, 0),
        "agents see the whisper, the customer does not",
    )?;
    let dense = |log: &[LogEntry]| (1..).zip(log).all(|(number, entry)| entry.number == number);
    narrator.check(&(dense(&agents), dense(&customers)), &(true, true), "both logs are numbered without gaps")
}
