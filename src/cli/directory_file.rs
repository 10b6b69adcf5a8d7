//! The directory file: an org's directory as people write it, in TOML. `sample.toml` shows every key.
//!
//! A key that is not known, a word that is not one of those that may stand there, a level of 11: each is refused here with its line.
//! What only the whole can show (an id that nobody has, one that stands there twice) the service refuses, with its path.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::file_values::{Kind, Level, Model, OnSessionLoss, Reinvite, Span};
use crate::wire::v1;

/// What is wrong with a directory file, and on which line. Its text shows the line.
#[derive(Debug, Error)]
#[error("{text}")]
pub struct DirectoryFileError {
    text: String,
}

impl From<toml::de::Error> for DirectoryFileError {
    fn from(error: toml::de::Error) -> Self {
        Self { text: error.to_string().trim_end().to_owned() }
    }
}

/// Reads a directory from the text of a file.
pub fn parse(text: &str) -> Result<v1::Directory, DirectoryFileError> {
    let file: File = toml::from_str(text)?;
    Ok(file.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    skills: Vec<Skill>,
    #[serde(default)]
    channels: Vec<Channel>,
    #[serde(default)]
    presence_statuses: Vec<PresenceStatus>,
    #[serde(default)]
    capacity_profiles: Vec<CapacityProfile>,
    #[serde(default)]
    queues: Vec<Queue>,
    #[serde(default)]
    buttons: Vec<Button>,
    #[serde(default)]
    agents: Vec<Agent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skill {
    id: String,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Channel {
    id: String,
    name: Option<String>,
    weight: u32,
    #[serde(default)]
    interruptible: bool,
    #[serde(default)]
    push_timeout: Span,
    #[serde(default)]
    wrap_up: Span,
    #[serde(default)]
    auto_accept: bool,
    #[serde(default)]
    conference_allowed: bool,
    #[serde(default)]
    participants_max: u32,
    on_session_loss: Option<OnSessionLoss>,
    reinvite: Option<Reinvite>,
    #[serde(default)]
    decline_presence_status: String,
    #[serde(default)]
    expiry_presence_status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresenceStatus {
    id: String,
    name: Option<String>,
    kind: Kind,
    #[serde(default)]
    channels: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityProfile {
    id: String,
    name: Option<String>,
    units: u32,
    interruptible_units: Option<u32>,
    #[serde(default)]
    channel_maxima: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Queue {
    id: String,
    name: Option<String>,
    model: Option<Model>,
    priority: Option<u32>,
    weight: Option<u32>,
    waiting_max: Option<u32>,
    overflow: Option<Overflow>,
    #[serde(default)]
    by_deadline: bool,
    #[serde(default)]
    earmark_after: Span,
}

/// `overflow = { queue = "night" }`
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Overflow {
    Queue(String),
    Skill(String),
    Button(String),
    Agent(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Button {
    id: String,
    name: Option<String>,
    skills: Vec<String>,
    #[serde(default)]
    all_skills: bool,
    model: Option<Model>,
    reroutes_max: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Agent {
    id: String,
    name: Option<String>,
    capacity_profile: String,
    #[serde(default)]
    skills: BTreeMap<String, Level>,
    #[serde(default)]
    queues: Vec<String>,
    /// The types of records that it may see; none: all.
    #[serde(default)]
    record_types: Vec<String>,
    /// The older conversations that it may see beside those it was in.
    #[serde(default)]
    access_scopes: Vec<String>,
}

/// The name of what has none: its id.
fn named(id: &str, name: Option<String>) -> String {
    name.unwrap_or_else(|| id.to_owned())
}

fn model(model: Option<Model>) -> i32 {
    model.map_or(v1::RoutingModel::Unspecified, Into::into).into()
}

fn all<From, To: std::convert::From<From>>(list: Vec<From>) -> Vec<To> {
    list.into_iter().map(Into::into).collect()
}

impl From<File> for v1::Directory {
    fn from(it: File) -> Self {
        Self {
            skills: all(it.skills),
            channels: all(it.channels),
            presence_statuses: all(it.presence_statuses),
            capacity_profiles: all(it.capacity_profiles),
            queues: all(it.queues),
            buttons: all(it.buttons),
            agents: all(it.agents),
        }
    }
}

impl From<Skill> for v1::Skill {
    fn from(it: Skill) -> Self {
        Self { name: named(&it.id, it.name), id: it.id }
    }
}

impl From<Channel> for v1::Channel {
    fn from(it: Channel) -> Self {
        let (reinvite, reinvite_after_ms) = match it.reinvite {
            None => (v1::Reinvite::Unspecified, 0),
            Some(Reinvite::Never) => (v1::Reinvite::Never, 0),
            Some(Reinvite::OnceEveryoneHas) => (v1::Reinvite::OnceEveryoneHas, 0),
            Some(Reinvite::After(Span(ms))) => (v1::Reinvite::After, ms),
        };
        Self {
            name: named(&it.id, it.name),
            id: it.id,
            weight: it.weight,
            interruptible: it.interruptible,
            push_timeout_ms: it.push_timeout.0,
            wrap_up_ms: it.wrap_up.0,
            auto_accept: it.auto_accept,
            conference_allowed: it.conference_allowed,
            participants_max: it.participants_max,
            on_session_loss: it.on_session_loss.map_or(v1::OnSessionLoss::Unspecified, Into::into).into(),
            reinvite: reinvite.into(),
            reinvite_after_ms,
            decline_presence_status_id: it.decline_presence_status,
            expiry_presence_status_id: it.expiry_presence_status,
        }
    }
}

impl From<PresenceStatus> for v1::PresenceStatus {
    fn from(it: PresenceStatus) -> Self {
        Self {
            name: named(&it.id, it.name),
            id: it.id,
            kind: v1::PresenceKind::from(it.kind).into(),
            channel_ids: it.channels,
        }
    }
}

impl From<CapacityProfile> for v1::CapacityProfile {
    fn from(it: CapacityProfile) -> Self {
        let maximum = |(channel_id, conversations)| v1::ChannelMaximum { channel_id, conversations };
        Self {
            name: named(&it.id, it.name),
            id: it.id,
            units: it.units,
            interruptible_units: it.interruptible_units,
            channel_maxima: it.channel_maxima.into_iter().map(maximum).collect(),
        }
    }
}

impl From<Queue> for v1::Queue {
    fn from(it: Queue) -> Self {
        Self {
            name: named(&it.id, it.name),
            id: it.id,
            model: model(it.model),
            priority: it.priority,
            weight: it.weight,
            waiting_max: it.waiting_max,
            overflow: it.overflow.map(|it| v1::Overflow { target: Some(it.into()) }),
            by_deadline: it.by_deadline,
            earmark_after_ms: it.earmark_after.0,
        }
    }
}

impl From<Overflow> for v1::overflow::Target {
    fn from(it: Overflow) -> Self {
        match it {
            Overflow::Queue(id) => Self::QueueId(id),
            Overflow::Skill(id) => Self::SkillId(id),
            Overflow::Button(id) => Self::ButtonId(id),
            Overflow::Agent(id) => Self::AgentId(id),
        }
    }
}

impl From<Button> for v1::Button {
    fn from(it: Button) -> Self {
        Self {
            name: named(&it.id, it.name),
            id: it.id,
            skill_ids: it.skills,
            all_skills: it.all_skills,
            model: model(it.model),
            reroutes_max: it.reroutes_max,
        }
    }
}

impl From<Agent> for v1::AgentResource {
    fn from(it: Agent) -> Self {
        let skill = |(skill_id, Level(level_hundredths))| v1::AgentSkill { skill_id, level_hundredths };
        Self {
            name: named(&it.id, it.name),
            id: it.id,
            capacity_profile_id: it.capacity_profile,
            skills: it.skills.into_iter().map(skill).collect(),
            queue_ids: it.queues,
            record_types: it.record_types,
            access_scopes: it.access_scopes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::SAMPLE;

    #[test]
    fn the_sample_is_a_contact_centre() {
        let sample = parse(SAMPLE).unwrap();
        assert_eq!(sample.agents.len(), 12);
        assert!(sample.skills.len() >= 5 && sample.channels.len() >= 4 && sample.queues.len() >= 3);
        assert!(!sample.buttons.is_empty() && !sample.capacity_profiles.is_empty());
        let kinds: Vec<_> = sample.presence_statuses.iter().map(v1::PresenceStatus::kind).collect();
        for kind in [
            v1::PresenceKind::Online,
            v1::PresenceKind::Away,
            v1::PresenceKind::Offline,
            v1::PresenceKind::Draining,
        ] {
            assert!(kinds.contains(&kind), "no status is {kind:?}");
        }
    }

    #[test]
    fn levels_spans_and_words_become_what_the_api_says() {
        let directory = parse(
            r#"
            skills = [{ id = "german" }]
            capacity_profiles = [{ id = "desk", units = 10, channel_maxima = { voice = 1 } }]
            queues = [{ id = "q", model = "best_match", priority = 5 }]
            buttons = [{ id = "b", skills = ["german"], all_skills = true, reroutes_max = 0 }]
            presence_statuses = [{ id = "last-ones", kind = "draining" }]
            [[channels]]
            id = "chat"
            weight = 2
            push_timeout = "2m"
            wrap_up = 750
            on_session_loss = "requeue"
            reinvite = "10s"
            [[agents]]
            id = "ada"
            name = "Ada"
            capacity_profile = "desk"
            skills = { german = 7.55 }
            queues = ["q"]
            "#,
        )
        .unwrap();
        let channel = &directory.channels[0];
        assert_eq!((channel.push_timeout_ms, channel.wrap_up_ms), (120_000, 750));
        assert_eq!(channel.on_session_loss(), v1::OnSessionLoss::Requeue);
        assert_eq!((channel.reinvite(), channel.reinvite_after_ms), (v1::Reinvite::After, 10_000));
        assert_eq!(directory.agents[0].skills[0].level_hundredths, 755);
        assert_eq!(directory.queues[0].model(), v1::RoutingModel::BestMatch);
        assert_eq!(directory.skills[0].name, "german", "what has no name is called by its id");
        assert_eq!(directory.capacity_profiles[0].channel_maxima[0].conversations, 1);
        assert_eq!(directory.presence_statuses[0].kind(), v1::PresenceKind::Draining);
        assert_eq!(directory.buttons[0].reroutes_max, Some(0));
    }

    /// A file that is right but for its third line, and what the error has to say beside where.
    #[test]
    fn each_mistake_is_named_with_its_line() {
        let channel = "[[channels]]\nid = \"chat\"\n";
        let agent = "[[agents]]\nid = \"ada\"\n";
        for (head, line, rest, says) in [
            (channel, "wieght = 1", "weight = 1", "unknown field `wieght`"),
            (channel, "weight = -1", "", "-1"),
            (channel, "weight = \"one\"", "", "invalid type"),
            (channel, "push_timeout = \"30 parsecs\"", "weight = 1", "a span of time"),
            (channel, "wrap_up = -5", "weight = 1", "a span of time"),
            (channel, "reinvite = \"sometimes\"", "weight = 1", "once_everyone_has"),
            (channel, "on_session_loss = \"drop\"", "weight = 1", "`keep` or `requeue`"),
            (agent, "skills = { german = 11 }", "capacity_profile = \"desk\"", "a level from 0 to 10"),
            (agent, "skills = { german = 7.555 }", "capacity_profile = \"desk\"", "at most two decimals"),
            (agent, "skills = { german = nan }", "capacity_profile = \"desk\"", "a level from 0 to 10"),
            (agent, "skills = { a = 1, a = 2 }", "capacity_profile = \"desk\"", "duplicate"),
            ("[[queues]]\nid = \"q\"\n", "model = \"best\"", "", "`best_match`"),
            ("[[presence_statuses]]\nid = \"p\"\n", "kind = \"here\"", "", "`online`"),
            ("[[skills]]\nid = \"s\"\n", "name = ", "", "string"),
        ] {
            let error = parse(&format!("{head}{line}\n{rest}\n")).unwrap_err().to_string();
            assert!(error.contains("line 3"), "{line}: {error}");
            assert!(error.contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = parse("[[agents]]\nid = \"ada\"\n").unwrap_err().to_string();
        assert!(error.contains("capacity_profile") && error.contains("line 1"), "{error}");
        let error = parse("[[skill]]\nid = \"german\"\n").unwrap_err().to_string();
        assert!(error.contains("unknown field `skill`") && error.contains("`skills`"), "{error}");
    }
}
