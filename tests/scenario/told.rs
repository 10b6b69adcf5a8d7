//! What an agent is told, as a sentence of the language: `invite c1`, `ben join c1`. The sentence that a line expects is made from its
//! form, the one that was told from the notice; the two are compared as they stand.

use std::collections::BTreeMap;

use omniroute::wire::v1::{self, Author, LogEntry, LogEntryKind, RequestKind, open_session_response::Notice};

use super::{
    pattern::{Said, quoted},
    script::Step,
    text::shown,
};
use crate::support::{START_MS, SUE};

/// The names of conversations by their numbers.
pub type Names = BTreeMap<u64, String>;

fn name(names: &Names, id: u64) -> String {
    names.get(&id).cloned().unwrap_or_else(|| format!("<conversation {id}>"))
}

/// A moment of the service, since the beginning of the scenario.
pub fn since_start(at_ms: i64) -> u64 {
    u64::try_from(at_ms).unwrap_or(0).saturating_sub(START_MS)
}

/// The sentences that a line of the form `<agents> sees/see …` expects of each of its agents: one for each that it names in the plural.
/// `named` says whom a slot means.
pub fn expected(step: &Step, named: impl Fn(usize) -> Vec<String>) -> Vec<String> {
    let mut sentences = vec![String::new()];
    let mut slot = 1;
    for element in step.said.form.split(' ').skip(2) {
        let words: Vec<String> = match element {
            "<conversations>" | "<agents>" | "<conversation>" | "<agent>" | "<status>" | "<WORD>" => {
                named(slot)
            }
            "<text>" | "<texts>" => vec![quoted(step.said.texts(slot))],
            "<time>" => vec![shown(step.said.number(slot))],
            word => vec![word.into()],
        };
        slot += usize::from(element.starts_with('<'));
        let joined = step.said.form.contains("older conversations <conversations>");
        let words = if joined { vec![words.join(" and ")] } else { words };
        sentences = words
            .iter()
            .flat_map(|word| sentences.iter().map(move |it| format!("{it} {word}").trim().to_owned()))
            .collect();
    }
    let added: Vec<String> = step.options.iter().map(option).collect();
    sentences.into_iter().map(|it| [&[it], &added[..]].concat().join(", ")).collect()
}

fn option(said: &Said) -> String {
    match said.form {
        "until <time>" => format!("until {}", shown(said.number(0))),
        "because <text>" => format!("because {}", quoted(said.texts(0))),
        _ => said.sentence.join(" "),
    }
}

/// What a notice says. One that the language has no words for yet says itself as it is, and no line expects it.
pub fn sentence(notice: &Notice, names: &Names) -> String {
    match notice {
        Notice::Invited(it) => invite(it, names),
        Notice::InviteEnded(it) => {
            let outcome = short(it.outcome().as_str_name(), "INVITE_OUTCOME_").to_lowercase();
            format!("{} {outcome}", name(names, it.conversation_id))
        }
        Notice::Update(it) => {
            let entry = it.entry.clone().unwrap_or_default();
            update(&entry, &name(names, it.conversation_id))
        }
        Notice::RequestEnded(it) => {
            let why = short(it.why().as_str_name(), "REQUEST_END_");
            format!("the request in {} fail with {why}", name(names, it.conversation_id))
        }
        Notice::InviteDeclined(it) => {
            let of = name(names, it.conversation_id);
            if it.expired {
                format!("{} let {of} expire", it.agent_id)
            } else {
                let because = because(&it.reason);
                format!("{} decline {of}{because}", it.agent_id)
            }
        }
        Notice::Presence(it) => {
            let by = short(it.cause().as_str_name(), "PRESENCE_CAUSE_");
            let stranger = stranger(&it.supervisor_id);
            format!("status {} set by {by}{stranger}", it.presence_status_id)
        }
        Notice::WrapUp(it) => {
            let of = format!("the wrap-up of {}", name(names, it.conversation_id));
            if it.until_ms == 0 {
                format!("the end of {of}")
            } else {
                format!("{of} until {}", shown(since_start(it.until_ms)))
            }
        }
        Notice::RecordsGiven(it) => {
            let titles: Vec<String> = it.records.iter().map(|it| it.title.clone()).collect();
            let of = name(names, it.conversation_id);
            if titles.is_empty() {
                format!("no records of {of}")
            } else {
                format!("records {} of {of}", quoted(&titles))
            }
        }
        Notice::History(it) => history(it, names),
        Notice::Flag(it) => {
            let (flag, of) = (format!("the flag of {}", it.agent_id), name(names, it.conversation_id));
            let stranger = stranger(&it.supervisor_id);
            match (it.raised, &*it.supervisor_id) {
                (true, _) => format!("{flag} up in {of}{}", because(&it.reason)),
                (false, "") => format!("{flag} down in {of}"),
                (false, _) => format!("{flag} down in {of}, by the supervisor{stranger}"),
            }
        }
        other => format!("{other:?}"),
    }
}

/// The supervisor of a scenario is one; another would be a mistake.
fn stranger(supervisor: &str) -> String {
    if supervisor.is_empty() || supervisor == SUE { String::new() } else { format!(" {supervisor}") }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(", because \"{reason}\"") }
}

fn short(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).into()
}

/// An invite as it is shown.
pub fn invite(it: &v1::Invite, names: &Names) -> String {
    let of = name(names, it.conversation_id);
    let by = &it.requested_by_agent_id;
    let what = match it.kind() {
        RequestKind::New | RequestKind::Unspecified => String::new(),
        RequestKind::Conference => format!(" from {by} to join"),
        RequestKind::Transfer => format!(" from {by} to take over"),
    };
    let until = match it.expires_at_ms {
        0 => String::new(),
        at => format!(", until {}", shown(since_start(at))),
    };
    let at_once = if it.auto_accept { ", accepted at once" } else { "" };
    format!("invite {of}{what}{until}{at_once}")
}

fn update(it: &LogEntry, of: &str) -> String {
    let who = author(it);
    let by_supervisor = it.author() == Author::Supervisor;
    match it.kind() {
        LogEntryKind::AgentJoined if by_supervisor => format!("{who} bring {} into {of}", it.agent_id),
        LogEntryKind::AgentLeft if by_supervisor => format!("{who} take {} out of {of}", it.agent_id),
        LogEntryKind::Transferred if by_supervisor => {
            format!("{who} hand {of} from {} to {}", it.agent_id, it.receiver_agent_id)
        }
        LogEntryKind::Message if it.whisper => format!("\"{}\" whispered by {who} in {of}", it.text),
        LogEntryKind::Message => format!("\"{}\" from {who} in {of}", it.text),
        LogEntryKind::AgentJoined => format!("{} join {of}", it.agent_id),
        LogEntryKind::AgentLeft => format!("{} leave {of}", it.agent_id),
        LogEntryKind::Transferred => format!("{} hand {of} to {}", it.agent_id, it.receiver_agent_id),
        LogEntryKind::Ended => format!("{of} ended by {who}"),
        LogEntryKind::Inactivated => format!("{of} made inactive by {who}"),
        LogEntryKind::Resumed => format!("{of} go on with {}", somebody(&it.agent_id)),
        other => format!("{other:?} in {of}"),
    }
}

/// Whom a conversation goes on with.
fn somebody(agent: &str) -> &str {
    if agent.is_empty() { "nobody" } else { agent }
}

fn author(it: &LogEntry) -> String {
    match it.author() {
        Author::Agent => it.agent_id.clone(),
        Author::Customer => "the customer".into(),
        Author::Platform => "the platform".into(),
        Author::Service => "the service".into(),
        Author::Supervisor => format!("the supervisor{}", stranger(&it.supervisor_id)),
        other => format!("{other:?}"),
    }
}

/// An entry of a chat log, as its reader says it.
pub fn entry(it: &LogEntry) -> String {
    let who = author(it);
    let by_supervisor = it.author() == Author::Supervisor;
    match it.kind() {
        LogEntryKind::AgentJoined if by_supervisor => format!("{who} brings {} in", it.agent_id),
        LogEntryKind::AgentLeft if by_supervisor => format!("{who} takes {} out", it.agent_id),
        LogEntryKind::Transferred if by_supervisor => {
            format!("{who} hands over from {} to {}", it.agent_id, it.receiver_agent_id)
        }
        LogEntryKind::Message if it.whisper => format!("{who} whispers \"{}\"", it.text),
        LogEntryKind::Message => format!("{who} writes \"{}\"", it.text),
        LogEntryKind::AgentJoined => format!("{} joins", it.agent_id),
        LogEntryKind::AgentLeft => format!("{} leaves", it.agent_id),
        LogEntryKind::Transferred => format!("{} hands over to {}", it.agent_id, it.receiver_agent_id),
        LogEntryKind::Ended => format!("ended by {who}"),
        LogEntryKind::Inactivated => format!("{who} makes it inactive"),
        LogEntryKind::Resumed => format!("goes on with {}", somebody(&it.agent_id)),
        other => format!("{other:?}"),
    }
}

fn history(it: &v1::History, names: &Names) -> String {
    let of = name(names, it.conversation_id);
    let older: Vec<String> = it.older.iter().map(|it| name(names, it.conversation_id)).collect();
    let hidden = match it.not_viewable_count {
        0 => String::new(),
        count => format!(", {count} hidden"),
    };
    if older.is_empty() {
        format!("no older conversations in {of}{hidden}")
    } else {
        format!("older conversations {} in {of}{hidden}", older.join(" and "))
    }
}
