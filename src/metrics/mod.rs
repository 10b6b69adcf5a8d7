//! What is counted, and under which name. Counted after the journal has it; never inside the engine.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::engine::event::{Event, InviteEnd};

/// Tells the exporter what each metric means.
pub fn describe() {
    describe_counter!("omniroute_commands_total", "Commands answered, by outcome: done or refused.");
    describe_counter!("omniroute_commands_overloaded_total", "Commands refused because a mailbox was full.");
    describe_counter!("omniroute_events_total", "Events that became durable, by kind.");
    describe_counter!("omniroute_invites_ended_total", "Invites that ended without acceptance, by how.");
    describe_counter!(
        "omniroute_sessions_cut_total",
        "Session streams that were cut because their client did not read."
    );
    describe_histogram!(
        "omniroute_journal_commit_seconds",
        metrics::Unit::Seconds,
        "How long a commit of the journal took."
    );
    describe_histogram!("omniroute_journal_commit_events", "Events in a commit of the journal.");
    describe_gauge!("omniroute_mailbox_letters", "Letters that wait in the mailboxes.");
    describe_gauge!("omniroute_sessions", "Session streams that are open, by org.");
    describe_counter!(
        "omniroute_journal_torn_bytes_total",
        "Bytes of an unfinished last commit, cut at the start."
    );
}

/// A commit is durable.
pub fn committed(seconds: f64, events: u64) {
    histogram!("omniroute_journal_commit_seconds").record(seconds);
    #[allow(clippy::cast_precision_loss, reason = "a batch has far fewer than 2^52 events")]
    histogram!("omniroute_journal_commit_events").record(events as f64);
}

/// A command was answered.
pub fn answered(done: bool) {
    counter!("omniroute_commands_total", "outcome" => if done { "done" } else { "refused" }).increment(1);
}

/// A command was refused for lack of room.
pub fn overloaded() {
    counter!("omniroute_commands_overloaded_total").increment(1);
}

/// How many letters wait.
pub fn mailbox(letters: usize) {
    #[allow(clippy::cast_precision_loss, reason = "mailboxes are bounded far below 2^52")]
    gauge!("omniroute_mailbox_letters").set(letters as f64);
}

/// How many session streams of an org are open.
pub fn sessions(org: &str, open: usize) {
    #[allow(clippy::cast_precision_loss, reason = "agents are bounded far below 2^52")]
    gauge!("omniroute_sessions", "org" => org.to_owned()).set(open as f64);
}

/// A session's stream was cut.
pub fn session_cut() {
    counter!("omniroute_sessions_cut_total").increment(1);
}

/// The unfinished last commit was cut at the start.
pub fn torn(bytes: u64) {
    counter!("omniroute_journal_torn_bytes_total").increment(bytes);
}

/// An event became durable.
pub fn event(event: &Event) {
    counter!("omniroute_events_total", "event" => name(event)).increment(1);
    if let Event::InvitesEnded { end, invites, .. } = event {
        let how = match end {
            InviteEnd::Declined => "declined",
            InviteEnd::Expired => "expired",
            InviteEnd::Rescinded => "rescinded",
            InviteEnd::Revoked => "revoked",
        };
        counter!("omniroute_invites_ended_total", "end" => how).increment(invites.len() as u64);
    }
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::DirectoryChanged { .. } => "directory_changed",
        Event::SessionStarted { .. } => "session_started",
        Event::SessionResumed { .. } => "session_resumed",
        Event::SessionDropped { .. } => "session_dropped",
        Event::SessionEnded { .. } => "session_ended",
        Event::PresenceSet { .. } => "presence_set",
        Event::ConversationCreated { .. } => "conversation_created",
        Event::RequestOpened { .. } => "request_opened",
        Event::InvitesSent { .. } => "invites_sent",
        Event::InviteAccepted { .. } => "invite_accepted",
        Event::InvitesEnded { .. } => "invites_ended",
        Event::RequestEnded { .. } => "request_ended",
        Event::RoundStarted { .. } => "round_started",
        Event::WavesEnded { .. } => "waves_ended",
        Event::RequestRelaxed { .. } => "request_relaxed",
        Event::AgentEarmarked { .. } => "agent_earmarked",
        Event::EarmarkLifted { .. } => "earmark_lifted",
        Event::ParticipantLeft { .. } => "participant_left",
        Event::ConversationInactivated { .. } => "conversation_inactivated",
        Event::ConversationResumed { .. } => "conversation_resumed",
        Event::ConversationEnded { .. } => "conversation_ended",
        Event::ConversationMoved { .. } => "conversation_moved",
        Event::FlagRaised { .. } => "flag_raised",
        Event::FlagLowered { .. } => "flag_lowered",
        Event::WrapUpExtended { .. } => "wrap_up_extended",
        Event::WrapUpEnded { .. } => "wrap_up_ended",
        Event::MessagePosted { .. } => "message_posted",
        Event::RecordAttached { .. } => "record_attached",
        Event::RecordRemoved { .. } => "record_removed",
        Event::RecordsGiven { .. } => "records_given",
    }
}
