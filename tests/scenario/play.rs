//! Plays a scenario: a service of its own, a clock that the scenario moves second by second, and every line in its order. What agents are
//! told is compared when the service has stopped, for then all of it has been read.

use std::collections::BTreeMap;

use omniroute::wire::v1::{self, Standing};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{
    centre::Centre,
    script::{Prefix, Script, Step},
    session::Session,
    told::{self, Names},
    verbs::Verb,
};
use crate::support::{House, ORG, reason, violations};

/// How far the clock goes at a time, in milliseconds, as long as nothing else is due: what is due happens at its second.
const TICK: u64 = 1_000;

/// What a scenario has come to.
pub struct Play {
    pub house: House,
    /// The directory that stands.
    pub centre: Centre,
    /// The directory that is to be tried or applied.
    pub wanted: Option<Centre>,
    pub now: u64,
    pub sessions: Vec<Session>,
    /// Conversations by their names.
    pub ids: BTreeMap<String, u64>,
    /// The names of conversations by their numbers.
    pub names: Names,
    /// The latest request of an agent in a conversation.
    pub requests: BTreeMap<(String, u64), u64>,
    /// The request of a conversation that the platform picks for.
    pub picked: BTreeMap<u64, u64>,
    /// The request_id and the answer of each call, by what was said.
    pub calls: BTreeMap<String, (String, String)>,
    /// Who won the latest race, and who lost it.
    pub racers: (Vec<String>, Vec<String>),
}

/// Plays a scenario. An error begins with the number of its line.
pub async fn play(script: &Script) -> Result<(), String> {
    let centre = Centre::new(script)?;
    let house = House::empty().await;
    house.apply(centre.0.clone()).await.map_err(|why| format!("1: the directory: {}", said(&why)))?;
    let mut play = Play {
        house,
        centre,
        wanted: None,
        now: 0,
        sessions: Vec::new(),
        ids: BTreeMap::new(),
        names: Names::new(),
        requests: BTreeMap::new(),
        picked: BTreeMap::new(),
        calls: BTreeMap::new(),
        racers: (Vec::new(), Vec::new()),
    };
    let mut last_line = 0;
    let mut failure = None;
    for step in &script.steps {
        last_line = step.line;
        if let Err(why) = play.step(step).await {
            failure = Some((step.line, why));
            break;
        }
    }
    play.end_all().await;
    // After a failure nobody knows what the lines below would have expected.
    let unexpected_at = failure.is_none().then_some(last_line);
    let differences = play.sessions.iter().filter_map(|it| it.difference(&play.names, unexpected_at));
    let first = differences.chain(failure).min_by_key(|it| it.0);
    first.map_or(Ok(()), |(line, why)| Err(format!("{line}: {why}")))
}

/// What a refusal says, for people.
pub fn said(status: &Status) -> String {
    let fields = violations(status);
    let at = if fields.is_empty() { String::new() } else { format!(" at {}", fields.join(" and ")) };
    format!("{}{at} ({:?}: {})", reason(status), status.code(), status.message())
}

impl Play {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        if step.at > self.now {
            self.nobody_waits_in_vain().await?;
        }
        self.pass_time(step.at).await;
        if matches!(step.prefix, Prefix::Now | Prefix::With) {
            return self.change(step).await;
        }
        match step.verb {
            Verb::See => {
                let sentences = told::expected(step, |slot| self.agents(step, slot));
                for agent in self.agents(step, 0) {
                    for sentence in &sentences {
                        self.expect(step.line, &agent, sentence.clone())?;
                    }
                    if step.said.form.contains("older conversations") {
                        let names = self.names.clone();
                        self.session(&agent)?.catch_up(&names).await;
                    }
                }
                Ok(())
            }
            Verb::CutOff => {
                for agent in self.agents(step, 0) {
                    let open = self.sessions.iter_mut().find(|it| it.agent == agent && !it.over);
                    let session = open.ok_or(format!("{agent} has no session"))?;
                    session.expect_end(step.line, step.said.name(1));
                }
                Ok(())
            }
            Verb::NeverMind => {
                for agent in self.agents(step, 0) {
                    let of = self.sessions.iter_mut().filter(|it| it.agent == agent);
                    of.for_each(|it| it.never_mind = true);
                }
                Ok(())
            }
            verb if verb < Verb::See => {
                self.act(step).await?;
                self.holds_are_the_units_in_use().await
            }
            _ => self.ask(step).await,
        }
    }

    async fn pass_time(&mut self, at: u64) {
        while self.now < at {
            let step = (at - self.now).min(TICK - self.now % TICK);
            self.house.advance(step).await;
            self.now += step;
        }
    }

    /// Of every line that does something: the sum of holds is the capacity used (CAP-2).
    async fn holds_are_the_units_in_use(&self) -> Result<(), String> {
        let request = v1::ListAgentsRequest { org_id: ORG.into(), page_size: 1_000, ..Default::default() };
        let agents =
            self.house.agents().list_agents(request).await.map_err(|it| said(&it))?.into_inner().agents;
        for it in agents {
            let sum: u32 = it.holds.iter().map(|it| it.units).sum();
            if sum != it.units_used {
                return Err(format!("{} has {} units in use and holds of {sum}", it.agent_id, it.units_used));
            }
        }
        Ok(())
    }

    /// Before the clock moves: nobody waits for whom an eligible agent has room (SEL-3).
    async fn nobody_waits_in_vain(&self) -> Result<(), String> {
        let request =
            v1::ListConversationsRequest { org_id: ORG.into(), page_size: 1_000, ..Default::default() };
        let found = self.house.conversations().list_conversations(request).await.map_err(|it| said(&it))?;
        // What is for later stands in no line, though it is explained as if its time had come.
        let is_due =
            |it: &v1::Routing| it.not_before_ms == 0 || told::since_start(it.not_before_ms) <= self.now;
        let open = |it: &v1::RoutingRequest| it.invited_count == 0 && it.routing.as_ref().is_none_or(is_due);
        let waits = |it: &v1::Conversation| it.requests.iter().any(open);
        for it in found.into_inner().conversations.iter().filter(|it| waits(it)) {
            let conversation_id = it.conversation_id;
            let request =
                v1::ExplainConversationRequest { org_id: ORG.into(), conversation_id, page_size: 1 };
            let found =
                self.house.supervisor().explain_conversation(request).await.map_err(|it| said(&it))?;
            let requests = found.into_inner().requests.into_iter();
            let verdicts = requests.flat_map(|it| it.explanation.unwrap_or_default().agents);
            let chosen: Vec<_> = verdicts.filter(|it| it.standing() == Standing::Chosen).collect();
            if let Some(agent) = chosen.first() {
                let name = self.name(conversation_id);
                return Err(format!("{name} waits, and {} could be given it", agent.agent_id));
            }
        }
        Ok(())
    }

    /// Ends what the scenario has left open. All that was told before is read by then.
    async fn end_all(&mut self) {
        self.house.stop().await;
        for session in &mut self.sessions {
            session.finish().await;
        }
    }

    /// The names of a slot; `winner` and `losers` are those of the latest race.
    pub fn agents(&self, step: &Step, slot: usize) -> Vec<String> {
        let names = step.said.names(slot).iter();
        let of = |it: &String| match &**it {
            "winner" => self.racers.0.clone(),
            "losers" => self.racers.1.clone(),
            _ => vec![it.clone()],
        };
        names.flat_map(of).collect()
    }

    /// The number of a conversation.
    pub fn id(&self, name: &str) -> Result<u64, String> {
        if name == super::pattern::NOWHERE {
            return Ok(u64::MAX);
        }
        self.ids.get(name).copied().ok_or(format!("{name} was never there: it was refused"))
    }

    pub fn ids(&self, step: &Step, slot: usize) -> Result<Vec<u64>, String> {
        step.said.names(slot).iter().map(|it| self.id(it)).collect()
    }

    /// The name of a conversation.
    pub fn name(&self, id: u64) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| format!("<conversation {id}>"))
    }

    /// The session that an agent has open.
    pub fn session(&mut self, agent: &str) -> Result<&mut Session, String> {
        let latest = self.sessions.iter_mut().rfind(|it| it.agent == agent);
        latest.filter(|it| !it.over).ok_or(format!("{agent} has no session"))
    }

    /// Expects an agent to be told this now.
    pub fn expect(&mut self, line: usize, agent: &str, sentence: String) -> Result<(), String> {
        let now = self.now;
        self.session(agent)?.expect(line, now, sentence);
        Ok(())
    }

    /// Expects an agent to be told of what it has just done, in whatever place among what that brings about.
    pub fn expect_echo(&mut self, line: usize, agent: &str, sentence: String) -> Result<(), String> {
        let now = self.now;
        self.session(agent)?.expect_echo(line, now, sentence);
        Ok(())
    }
}

/// Whether a call came to what its line says. What is not said to be refused must have been done.
pub fn judge<T>(step: &Step, answer: Result<T, Status>) -> Result<Option<T>, String> {
    let expected = step.options.iter().find(|it| it.form.starts_with("refused:"));
    match (expected, answer) {
        (None, Ok(answer)) => Ok(Some(answer)),
        (None, Err(status)) => Err(format!("it is refused: {}", said(&status))),
        (Some(it), Ok(_)) => Err(format!("it should be refused with {} and is done", it.name(0))),
        (Some(it), Err(status)) => {
            let wanted = it.name(0);
            if reason(&status) != wanted {
                return Err(format!("it should be refused with {wanted} and is with {}", said(&status)));
            }
            if it.form.contains(" at ") && violations(&status) != it.names(1) {
                let fields = it.names(1).join(" and ");
                return Err(format!("the fields should be {fields}: {}", said(&status)));
            }
            typed(&status).map(|()| None)
        }
    }
}

/// What `reasons.proto` promises of every refusal (API-2): the code that goes with the reason, and when to try again where that helps.
fn typed(status: &Status) -> Result<(), String> {
    let why = reason(status);
    let details = status.get_error_details();
    let (code, has_details) = match &*why {
        "OVERLOADED" | "QUEUE_FULL" => (Code::ResourceExhausted, details.retry_info().is_some()),
        "INVALID_FIELDS" | "DIRECTORY_INVALID" => (Code::InvalidArgument, !violations(status).is_empty()),
        _ if why.ends_with("_NOT_FOUND") => (Code::NotFound, true),
        _ => (Code::FailedPrecondition, true),
    };
    if status.code() == code && has_details {
        Ok(())
    } else {
        Err(format!("a refusal with {why} has the code {code:?} and all that goes with it: {status:?}"))
    }
}
