//! How things stand: each line asks over gRPC and compares the whole of what it is about.

use std::collections::BTreeSet;

use omniroute::wire::v1::{self, ConversationState, RoutingType, Standing, event::Event};
use tonic::Status;

use super::{
    acts::routing,
    play::{Play, judge, said},
    script::Step,
    text::shown,
    told,
    verbs::Verb,
};
use crate::support::{ORG, violations};

/// Compares what is with what should be.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should_be: &T) -> Result<(), String> {
    if is == should_be { Ok(()) } else { Err(format!("{what} should be {should_be:?} and is {is:?}")) }
}

fn stripped(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).into()
}

fn failed(status: &Status) -> String {
    format!("it cannot be asked: {}", said(status))
}

impl Play {
    /// Holds the service to what a line says of how things stand.
    pub async fn ask(&mut self, step: &Step) -> Result<(), String> {
        match step.verb {
            Verb::Hold | Verb::Is | Verb::IsFor | Verb::GetsNothing | Verb::Records | Verb::NoRecords => {
                for agent in self.agents(step, 0) {
                    self.ask_of_agent(step, &agent).await?;
                }
                Ok(())
            }
            Verb::HasWaiting | Verb::HasNobodyWaiting => self.waiting(step).await,
            Verb::WouldGo | Verb::WouldWait => self.would(step).await,
            Verb::Log => self.log(step).await,
            Verb::Events => self.events(step).await,
            Verb::ReadOlder => self.read_older(step).await,
            Verb::ExpectedWait => self.expected_wait(step).await,
            Verb::WasOffered => self.was_offered(step).await,
            Verb::Kept => self.kept(step.said.name(1), step.said.name(0)).await,
            Verb::NobodyKept => self.kept(step.said.name(0), "").await,
            Verb::Needs => self.needs(step).await,
            _ => {
                for name in step.said.names(0) {
                    self.ask_of_conversation(step, name).await?;
                }
                Ok(())
            }
        }
    }

    /// An agent as the engine sees it.
    pub async fn agent(&self, agent_id: &str) -> Result<v1::Agent, String> {
        let request = v1::GetAgentRequest { org_id: ORG.into(), agent_id: agent_id.into() };
        let found = self.house.agents().get_agent(request).await.map_err(|it| failed(&it))?;
        found.into_inner().agent.ok_or("an agent".into())
    }

    /// A conversation as it is.
    pub async fn conversation(&self, name: &str) -> Result<v1::Conversation, String> {
        let request = v1::GetConversationRequest { org_id: ORG.into(), conversation_id: self.id(name)? };
        let found = self.house.conversations().get_conversation(request).await.map_err(|it| failed(&it))?;
        found.into_inner().conversation.ok_or("a conversation".into())
    }

    async fn ask_of_conversation(&self, step: &Step, name: &str) -> Result<(), String> {
        let it = self.conversation(name).await?;
        let with: Vec<String> = it.participants.iter().map(|it| it.agent_id.clone()).collect();
        let mut offered: Vec<String> =
            it.requests.iter().flat_map(|it| it.invited_agent_ids.clone()).collect();
        offered.sort_by_key(|it| self.place(it));
        let none = Vec::<String>::new();
        match step.verb {
            Verb::With => same(&format!("{name} is with"), &with, &self.agents(step, 1)),
            Verb::WithNobody => same(&format!("{name} is with"), &with, &none),
            Verb::Wait => {
                same(name, &it.state(), &ConversationState::Waiting)?;
                same(&format!("{name} is offered to"), &offered, &none)
            }
            Verb::Offered => {
                let mut agents = self.agents(step, 1);
                agents.sort_by_key(|it| self.place(it));
                same(&format!("{name} is offered to"), &offered, &agents)
            }
            Verb::OfferedToNobody => same(&format!("{name} is offered to"), &offered, &none),
            Verb::Flagged | Verb::FlaggedByNobody => {
                let up = it.participants.iter().filter(|it| it.flag.is_some());
                let up: Vec<String> = up.map(|it| it.agent_id.clone()).collect();
                let said = if step.verb == Verb::Flagged { self.agents(step, 1) } else { none };
                same(&format!("{name} is flagged by"), &up, &said)
            }
            Verb::Inactive => {
                same(name, &it.state(), &ConversationState::Inactive)?;
                let until = step.option("until <time>").map(|it| shown(it.number(0)));
                let ends = (it.inactive_ends_at_ms != 0).then(|| told::since_start(it.inactive_ends_at_ms));
                same(&format!("until when {name} is inactive"), &ends.map(shown), &until)
            }
            Verb::Over => same(name, &it.state(), &ConversationState::Ended),
            Verb::CameBy => {
                let by = stripped(RoutingType::as_str_name(&it.routing_type()), "ROUTING_TYPE_");
                same(&format!("{name} came by"), &&*by, &step.said.name(1))
            }
            other => Err(format!("{other:?} is not asked of a conversation")),
        }
    }

    /// Where an agent stands in the scenario: whoever is told of several is told in that order.
    fn place(&self, agent: &str) -> usize {
        self.centre.0.agents.iter().position(|it| it.id == agent).unwrap_or(usize::MAX)
    }

    async fn ask_of_agent(&self, step: &Step, agent: &str) -> Result<(), String> {
        match step.verb {
            Verb::Hold => self.holds(step, agent).await,
            Verb::Is => {
                let state = self.agent(agent).await?.routing_state();
                same(agent, &&*stripped(state.as_str_name(), "ROUTING_STATE_"), &step.said.name(1))
            }
            Verb::IsFor => {
                let standing = self.standing(agent, step.said.name(2)).await?;
                same(agent, &&*standing, &step.said.name(1))
            }
            Verb::GetsNothing => {
                let (org_id, agent_id) = (ORG.into(), agent.into());
                let request = v1::ExplainAgentRequest { org_id, agent_id, page_size: 0 };
                let why = self.house.supervisor().explain_agent(request).await.map_err(|it| failed(&it))?;
                let absence = why.into_inner().absence();
                same(agent, &&*stripped(absence.as_str_name(), "STANDING_"), &step.said.name(1))
            }
            _ => {
                let slot = if step.verb == Verb::Records { 2 } else { 1 };
                let conversation_id = self.id(step.said.name(slot))?;
                let request =
                    v1::ListRecordsRequest { org_id: ORG.into(), conversation_id, agent_id: agent.into() };
                let found =
                    self.house.conversations().list_records(request).await.map_err(|it| failed(&it))?;
                let titles: Vec<String> = found.into_inner().records.into_iter().map(|it| it.title).collect();
                let none = Vec::new();
                let expected = if step.verb == Verb::Records { step.said.texts(1) } else { &none };
                same(&format!("{agent} has"), &&*titles, &expected)
            }
        }
    }

    async fn holds(&self, step: &Step, agent: &str) -> Result<(), String> {
        let it = self.agent(agent).await?;
        let expected = (step.said.number(1), step.said.number(2));
        same(&format!("what {agent} holds"), &(it.units_used.into(), it.units.into()), &expected)?;
        if step.options.is_empty() {
            return Ok(());
        }
        let owner = |it: &v1::Hold| {
            stripped(it.owner().as_str_name(), "HOLD_OWNER_").to_lowercase().replace('_', "-")
        };
        let holds = it.holds.iter();
        let mut holds: Vec<String> = holds
            .map(|it| format!("{} by {} {}", it.units, owner(it), self.name(it.conversation_id)))
            .collect();
        let mut said: Vec<String> = step.options.iter().map(|it| it.sentence.join(" ")).collect();
        holds.sort();
        said.sort();
        same(&format!("what {agent} holds"), &holds, &said)
    }

    /// How an agent stands to the one open request of a conversation.
    async fn standing(&self, agent: &str, conversation: &str) -> Result<String, String> {
        let request = v1::ExplainConversationRequest {
            org_id: ORG.into(),
            conversation_id: self.id(conversation)?,
            page_size: 1_000,
        };
        let found = self.house.supervisor().explain_conversation(request).await.map_err(|it| failed(&it))?;
        let [request] = &found.into_inner().requests[..] else {
            return Err(format!("{conversation} has not one open request"));
        };
        let agents = request.explanation.iter().flat_map(|it| &it.agents);
        let verdict =
            agents.clone().find(|it| it.agent_id == agent).ok_or(format!("{agent} is not named"))?;
        Ok(stripped(verdict.standing().as_str_name(), "STANDING_"))
    }

    async fn would(&self, step: &Step) -> Result<(), String> {
        let request = v1::ExplainRoutingRequest {
            org_id: ORG.into(),
            channel_id: step.said.name(0).into(),
            routing: Some(routing(step, step.said.target(1))?),
            page_size: 1_000,
        };
        let found = self.house.supervisor().explain_routing(request).await.map_err(|it| failed(&it))?;
        let explanation = found.into_inner().explanation.unwrap_or_default();
        let chosen = explanation.agents.iter().filter(|it| it.standing() == Standing::Chosen);
        let chosen: Vec<&str> = chosen.map(|it| &*it.agent_id).collect();
        let expected = if step.verb == Verb::WouldGo { vec![step.said.name(2)] } else { Vec::new() };
        same("who would get it", &chosen, &expected)
    }

    async fn waiting(&self, step: &Step) -> Result<(), String> {
        let (is_queue, id) = (step.said.sentence[0] == "queue", step.said.name(0));
        let (queue_id, button_id) =
            if is_queue { (id.into(), String::new()) } else { (String::new(), id.into()) };
        let request = v1::ListWaitingRequest { org_id: ORG.into(), queue_id, button_id, page_size: 1_000 };
        let found = self.house.supervisor().list_waiting(request).await.map_err(|it| failed(&it))?;
        let waiting = found.into_inner().requests.into_iter().map(|it| self.name(it.conversation_id));
        let expected = if step.verb == Verb::HasWaiting { step.said.names(1) } else { &[] };
        same(&format!("what waits in {id}"), &&*waiting.collect::<Vec<_>>(), &expected)?;
        if is_queue {
            let request = v1::GetQueueRequest { org_id: ORG.into(), queue_id: id.into() };
            let found = self.house.supervisor().get_queue(request).await.map_err(|it| failed(&it))?;
            let queue = found.into_inner().queue.unwrap_or_default();
            same("the number of those who wait", &(queue.waiting_count as usize), &expected.len())?;
            if let Some(since) = step.option("oldest since <time>") {
                let oldest = shown(told::since_start(queue.oldest_requested_at_ms));
                same("the oldest", &oldest, &shown(since.number(0)))?;
            }
        }
        Ok(())
    }

    /// A chat log from an entry on, as far as it goes. Its numbers have no gap (LOG-3).
    async fn log(&self, step: &Step) -> Result<(), String> {
        let reader = match &*step.said.sentence[1] {
            "customer" => v1::LogReader::Customer,
            _ => v1::LogReader::Agent,
        };
        let from = step.option("from entry <number>").map_or(1, |it| it.number(0));
        let request = v1::ReadChatLogRequest {
            org_id: ORG.into(),
            conversation_id: self.id(step.said.name(0))?,
            reader: reader.into(),
            from_number: u32::try_from(from).unwrap_or(u32::MAX),
            page_size: 1_000,
        };
        let found = self.house.conversations().read_chat_log(request).await.map_err(|it| failed(&it))?;
        let entries = found.into_inner().entries;
        let numbers: Vec<u64> = entries.iter().map(|it| it.number.into()).collect();
        same("the numbers of the log", &numbers, &(from..).take(entries.len()).collect())?;
        let said = step.options.iter().filter(|it| it.form != "from entry <number>");
        let said: Vec<String> = said.map(|it| it.sentence.join(" ")).collect();
        same("the log", &entries.iter().map(told::entry).collect(), &said)
    }

    /// The events of an org from the first to the latest, of one conversation or of all. An event that passes no filter is none.
    async fn events_of(&self, conversation_ids: Vec<u64>) -> Result<Vec<v1::Event>, Status> {
        let watch = |from_position, conversation_ids| v1::WatchEventsRequest {
            org_id: ORG.into(),
            from_position,
            conversation_ids,
            ..Default::default()
        };
        // A position that is not yet is refused, with the one that comes next.
        let refusal = self.house.events().watch_events(watch(u64::MAX, Vec::new())).await;
        let Err(refusal) = refusal else { return Err(Status::internal("there is no such position")) };
        if violations(&refusal) != ["from_position"] {
            return Err(refusal);
        }
        let digits = refusal.message().chars().rev().skip_while(|it| !it.is_ascii_digit());
        let digits: String = digits.take_while(char::is_ascii_digit).collect();
        let next: u64 = digits.chars().rev().collect::<String>().parse().unwrap_or(0);
        let mut stream = self.house.events().watch_events(watch(1, conversation_ids)).await?.into_inner();
        let mut events = Vec::new();
        while let Some(told) = stream.message().await? {
            events.extend(told.event);
            if told.next_position >= next {
                break;
            }
        }
        Ok(events)
    }

    async fn events(&self, step: &Step) -> Result<(), String> {
        let all = self.events_of(Vec::new()).await.map_err(|it| failed(&it))?;
        let positions: Vec<u64> = all.iter().map(|it| it.position).collect();
        same("the positions of all events", &positions, &(1..).take(all.len()).collect())?;
        let of = self.events_of(vec![self.id(step.said.name(0))?]).await.map_err(|it| failed(&it))?;
        let kind = |it: &Event| format!("{it:?}").split('(').next().unwrap_or_default().to_owned();
        let kinds: Vec<String> = of.iter().filter_map(|it| it.event.as_ref()).map(kind).collect();
        same("the events", &&*kinds, &step.said.names(1))
    }

    async fn expected_wait(&self, step: &Step) -> Result<(), String> {
        let request = v1::GetQueueRequest { org_id: ORG.into(), queue_id: step.said.name(0).into() };
        let found = self.house.supervisor().get_queue(request).await.map_err(|it| failed(&it))?;
        let wait = found.into_inner().queue.and_then(|it| it.expected_wait_ms);
        same("the expected wait", &wait.and_then(|it| u64::try_from(it).ok()), &Some(step.said.number(1)))
    }

    /// To whom a conversation was offered, in its order: of all decisions there were.
    async fn was_offered(&self, step: &Step) -> Result<(), String> {
        let request = v1::ExplainDecisionsRequest {
            org_id: ORG.into(),
            conversation_id: self.id(step.said.name(0))?,
            ..Default::default()
        };
        let found = self.house.supervisor().explain_decisions(request).await.map_err(|it| failed(&it))?;
        let decisions = found.into_inner().decisions.into_iter();
        let offered: Vec<String> = decisions.flat_map(|it| it.invited_agent_ids).collect();
        same("to whom it was offered", &offered, &self.agents(step, 1))
    }

    /// Who is kept for the one open request of a conversation (QUE-5); the empty name: nobody.
    async fn kept(&self, conversation: &str, agent: &str) -> Result<(), String> {
        let requests = self.conversation(conversation).await?.requests;
        let kept: Vec<&str> = requests.iter().map(|it| &*it.earmarked_agent_id).collect();
        same(&format!("who is kept for {conversation}"), &kept, &vec![agent])
    }

    /// The skills that the one open request of a conversation requires now, in any order.
    async fn needs(&self, step: &Step) -> Result<(), String> {
        let name = step.said.name(0);
        let required = |skills: &[v1::SkillRequirement]| -> BTreeSet<String> {
            let level = |it: &v1::SkillRequirement| f64::from(it.level_hundredths) / 100.0;
            skills.iter().map(|it| format!("{} {:.2}", it.skill_id, level(it))).collect()
        };
        let requests = self.conversation(name).await?.requests;
        let [request] = &requests[..] else { return Err(format!("{name} has not one open request")) };
        let (is, said) = (required(&request.required_now), required(step.said.requirements(1)));
        same(&format!("what {name} needs"), &is, &said)
    }

    /// What an agent loads of the customer's older conversations: these with their content, in this order.
    async fn read_older(&self, step: &Step) -> Result<(), String> {
        let agent = step.said.name(0);
        let latest = self.sessions.iter().rfind(|it| it.agent == agent);
        let epoch = latest.ok_or(format!("{agent} has no session"))?.epoch;
        let request = v1::LoadHistoryRequest {
            org_id: ORG.into(),
            session: Some(v1::AgentSession { agent_id: agent.into(), epoch }),
            conversation_id: self.id(step.said.name(2))?,
            ..Default::default()
        };
        let loaded = async {
            let mut stream = self.house.conversations().load_history(request).await?.into_inner();
            let mut loaded = Vec::new();
            while let Some(told) = stream.message().await? {
                if let Some(v1::load_history_response::Part::Page(page)) = told.part
                    && page.last
                {
                    loaded.push(self.name(page.conversation.map_or(0, |it| it.conversation_id)));
                }
            }
            Ok(loaded)
        };
        let Some(loaded) = judge(step, loaded.await)? else { return Ok(()) };
        same(&format!("what {agent} reads"), &&*loaded, &step.said.names(1))
    }
}
