//! What is done in a scenario: each line becomes calls over gRPC, and what who does it is told of it at once is expected with it.

use omniroute::wire::v1::{
    self, AgentSession, Console, OpenSessionRequest, RequestKind, RoutingMode, actor::Actor,
};
use tokio::task::JoinSet;
use tonic::Status;

use super::{
    calls::{Call, Caller},
    centre::{self, Centre},
    pattern::Said,
    play::{Play, judge, said},
    script::{Prefix, Step},
    session::Session,
    verbs::Verb,
};
use crate::support::{ORG, START_MS, SUE, fresh, reason, to};

impl Play {
    /// Does what a line says.
    pub async fn act(&mut self, step: &Step) -> Result<(), String> {
        match step.verb {
            Verb::ComeOnline | Verb::ComeBack => {
                for agent in self.agents(step, 0) {
                    self.open(step, &agent).await?;
                }
            }
            Verb::LoseConnection => {
                for agent in self.agents(step, 0) {
                    self.lose(&agent).await?;
                }
            }
            Verb::Bring => self.bring(step).await?,
            Verb::Race => self.race(step).await?,
            Verb::Ask | Verb::Transfer => self.request(step).await?,
            Verb::EndFor => {
                for conversation in self.ids(step, 0)? {
                    self.call(step, Call::End(outsider(step), conversation)).await?;
                }
            }
            Verb::WriteFor | Verb::WhisperFor => {
                let (conversation, text) = (self.id(step.said.name(1))?, step.said.texts(0)[0].clone());
                let whisper = step.verb == Verb::WhisperFor;
                self.call(step, Call::Post { actor: outsider(step), conversation, text, whisper }).await?;
            }
            Verb::Invite => {
                let (agent, conversation) = (step.said.name(0).into(), step.said.name(1));
                let request = self.open_request(conversation).await?;
                self.call(step, Call::Invite(request, agent)).await?;
            }
            Verb::SetPresence => {
                for agent in self.agents(step, 0) {
                    self.call(step, Call::SetPresence(agent, step.said.name(1).into())).await?;
                }
            }
            Verb::Assign => {
                let call = Call::Assign(self.id(step.said.name(0))?, step.said.name(1).into());
                self.call(step, call).await?;
            }
            Verb::Move => {
                let priority = step.option("priority <number>").map(|it| small(it.number(0)));
                let call = Call::Move(self.id(step.said.name(0))?, step.said.name(1).into(), priority);
                self.call(step, call).await?;
            }
            Verb::LowerFlagOf => {
                let (agent, id) = (step.said.name(0).to_owned(), self.id(step.said.name(1))?);
                self.call(step, Call::LowerFlag(outsider(step), id, agent)).await?;
            }
            Verb::Restart => {
                self.house.restart().await;
                for session in self.sessions.iter_mut().filter(|it| !it.over) {
                    session.finish().await;
                    session.over = true;
                }
            }
            Verb::Delete => {
                let (kind, id) = (step.said.name(0), step.said.name(1));
                let call = Call::Delete(centre::resource_kind(kind)?, id.into());
                if self.call(step, call).await?.is_some() {
                    self.centre.remove(kind, id)?;
                }
            }
            Verb::Without => {
                let mut wanted = self.wanted.take().unwrap_or_else(|| self.centre.clone());
                wanted.remove(step.said.name(0), step.said.name(1))?;
                self.wanted = Some(wanted);
            }
            Verb::Try | Verb::Apply => self.apply(step).await?,
            _ => {
                for agent in self.agents(step, 0) {
                    self.act_as(step, &agent).await?;
                }
            }
        }
        Ok(())
    }

    /// Makes the call of a line, and holds it to what the line says; an answer: it was done, and now.
    async fn call(&mut self, step: &Step, call: Call) -> Result<Option<String>, String> {
        let key = format!("{} {call:?}", step.call());
        let known = self.calls.get(&key).cloned();
        let request_id = match (step.prefix, &known) {
            (Prefix::Again, Some((request_id, _))) => request_id.clone(),
            (Prefix::Again, None) => return Err("nothing of the kind was done before".into()),
            _ => fresh(),
        };
        let answer = Caller::new(&self.house).call(request_id.clone(), call).await;
        let Some(answer) = judge(step, answer)? else { return Ok(None) };
        if step.prefix == Prefix::Again {
            let (_, first) = known.unwrap_or_default();
            return if first == answer {
                Ok(None)
            } else {
                Err(format!("the first answer was {first}, and now it is {answer}"))
            };
        }
        self.calls.insert(key, (request_id, answer.clone()));
        Ok(Some(answer))
    }

    /// The session that an agent acts from.
    fn acting(&self, step: &Step, agent: &str) -> Result<AgentSession, String> {
        let mut of = self.sessions.iter().rev().filter(|it| it.agent == agent);
        let session = if step.has("from the former session") { of.nth(1) } else { of.next() };
        let session = session.ok_or(format!("{agent} had no such session"))?;
        Ok(AgentSession { agent_id: agent.into(), epoch: session.epoch })
    }

    async fn open(&mut self, step: &Step, agent: &str) -> Result<(), String> {
        let console = step.option("console <WORD>").map_or("LIGHTNING", |it| it.name(0));
        let console = Console::from_str_name(&format!("CONSOLE_{console}"))
            .ok_or(format!("`{console}` is no console"))?;
        let comes_back = step.verb == Verb::ComeBack;
        let latest = self.sessions.iter().rfind(|it| it.agent == agent).map(|it| it.epoch);
        let resume_epoch = if comes_back { latest.ok_or(format!("{agent} was never there"))? } else { 0 };
        let status = step.option("status <status>").map_or("online", |it| it.name(0));
        let request = OpenSessionRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            agent_id: agent.into(),
            console: console.into(),
            resume_epoch,
            presence_status_id: if comes_back { String::new() } else { status.into() },
            without_history: !step.has("shown older conversations"),
        };
        let now = self.now;
        let opened = async {
            let stream = self.house.agents().open_session(request).await?.into_inner();
            Session::read(agent, now, stream).await
        };
        if let Some(session) = judge(step, opened.await)? {
            self.sessions.push(session);
        }
        Ok(())
    }

    /// Breaks the stream of an agent's session, once it has read what was told before, and waits until the service has seen it.
    async fn lose(&mut self, agent: &str) -> Result<(), String> {
        let mut watch = self.house.watch(0).await;
        let names = self.names.clone();
        let session = self.session(agent)?;
        session.catch_up(&names).await;
        session.hang_up().await;
        let epoch = session.epoch;
        let dropped = |it: &v1::event::Event| matches!(it, v1::event::Event::SessionDropped(it) if it.agent_id == agent && it.epoch == epoch);
        watch.until(dropped).await;
        Ok(())
    }

    async fn bring(&mut self, step: &Step) -> Result<(), String> {
        for name in step.said.names(1) {
            let word = step.option("customer <word>").map(|it| it.name(0).to_owned());
            let text = step.option("customer <text>").map(|it| it.texts(0)[0].clone());
            let call = Call::Bring {
                channel: step.said.name(0).into(),
                customer: word.or(text).unwrap_or_else(|| format!("customer of {name}")),
                scope: step.option("scope <word>").map_or_else(String::new, |it| it.name(0).into()),
                routing: routing(step, step.said.target(2))?,
            };
            if let Some(answer) = self.call(step, call).await? {
                let id = answer.parse().map_err(|_| format!("{answer} is no number"))?;
                self.ids.insert(name.clone(), id);
                self.names.insert(id, name.clone());
            }
        }
        Ok(())
    }

    async fn request(&mut self, step: &Step) -> Result<(), String> {
        let agent = step.said.name(0);
        let (target, conversation) = match step.verb {
            Verb::Ask => (step.said.target(1), step.said.name(2)),
            _ => (step.said.target(2), step.said.name(1)),
        };
        let conversation = self.id(conversation)?;
        let (session, routing) = (self.acting(step, agent)?, routing(step, target)?);
        let call = match step.verb {
            Verb::Ask => Call::Ask(session, conversation, routing),
            _ => Call::Transfer(session, conversation, routing),
        };
        if let Some(answer) = self.call(step, call).await? {
            let request = answer.parse().map_err(|_| format!("{answer} is no number"))?;
            self.requests.insert((agent.into(), conversation), request);
        }
        Ok(())
    }

    /// The latest request of a conversation: the one that is open, else the one that was when the platform last picked for it.
    async fn open_request(&mut self, conversation: &str) -> Result<u64, String> {
        let id = self.id(conversation)?;
        if let Some(open) = self.conversation(conversation).await?.requests.last() {
            self.picked.insert(id, open.routing_request_id);
        }
        self.picked.get(&id).copied().ok_or(format!("nobody was picked for {conversation} while it was open"))
    }

    /// What one agent does, in each conversation that is named.
    async fn act_as(&mut self, step: &Step, agent: &str) -> Result<(), String> {
        let session = self.acting(step, agent)?;
        if step.verb == Verb::Go {
            let status = step.said.name(1);
            if self.call(step, Call::Go(session, status.into())).await?.is_some() {
                self.expect_echo(step.line, agent, format!("status {status} set by AGENT"))?;
            }
            return Ok(());
        }
        let slot = match step.verb {
            Verb::Write | Verb::Whisper => 2,
            Verb::Attach => 4,
            Verb::Remove => 3,
            _ => 1,
        };
        for name in step.said.names(slot).to_vec() {
            self.act_in(step, agent, session.clone(), &name).await?;
        }
        Ok(())
    }

    async fn act_in(
        &mut self,
        step: &Step,
        agent: &str,
        session: AgentSession,
        name: &str,
    ) -> Result<(), String> {
        let id = self.id(name)?;
        let actor = Actor::Agent(session.clone());
        let text = |slot: usize| step.said.texts(slot)[0].clone();
        let record = |title: String| v1::Record {
            record_type: step.said.name(1).into(),
            record_id: step.said.name(2).into(),
            title,
        };
        let mut echo = Vec::new();
        let call = match step.verb {
            Verb::Accept => {
                let invite = self.invite(agent, id).await?;
                echo = accepted(&invite, agent, name);
                Call::Accept(session, invite.invite_id)
            }
            Verb::Decline => {
                let invite = self.invite(agent, id).await?;
                echo.push(format!("{name} declined"));
                let because =
                    step.option("because <text>").map_or_else(String::new, |it| it.texts(0)[0].clone());
                Call::Decline(session, invite.invite_id, because)
            }
            Verb::Cancel => {
                let request = self.requests.get(&(agent.into(), id));
                let request = *request.ok_or(format!("{agent} has asked for nobody in {name}"))?;
                echo.push(format!("the request in {name} fail with CANCELLED"));
                Call::Cancel(session, request)
            }
            Verb::Pick => Call::Pick(session, id),
            Verb::Leave => {
                echo.push(format!("{agent} leave {name}"));
                Call::Leave(session, id)
            }
            Verb::End => {
                echo.push(format!("{name} ended by {agent}"));
                Call::End(actor, id)
            }
            Verb::Inactivate => {
                echo.push(format!("{name} made inactive by {agent}"));
                Call::Inactivate(session, id)
            }
            Verb::Write => {
                echo.push(format!("\"{}\" from {agent} in {name}", text(1)));
                Call::Post { actor, conversation: id, text: text(1), whisper: false }
            }
            Verb::Whisper => {
                echo.push(format!("\"{}\" whispered by {agent} in {name}", text(1)));
                Call::Post { actor, conversation: id, text: text(1), whisper: true }
            }
            Verb::RaiseFlag => {
                let why = step.option("because <text>").map(|it| it.texts(0)[0].clone());
                let because = why.as_ref().map_or_else(String::new, |it| format!(", because \"{it}\""));
                echo.push(format!("the flag of {agent} up in {name}{because}"));
                Call::RaiseFlag(session, id, why.unwrap_or_default())
            }
            Verb::LowerFlag => {
                echo.push(format!("the flag of {agent} down in {name}"));
                Call::LowerFlag(actor, id, String::new())
            }
            Verb::CompleteWrapUp => {
                echo.push(format!("the end of the wrap-up of {name}"));
                Call::CompleteWrapUp(session, id)
            }
            Verb::ExtendWrapUp => Call::ExtendWrapUp(session, id, span(step.said.number(2))),
            Verb::Attach => Call::Attach(session, id, record(text(3))),
            Verb::Remove => Call::Remove(session, id, record(String::new())),
            other => return Err(format!("{other:?} is not done in a conversation")),
        };
        if self.call(step, call).await?.is_some() {
            for sentence in echo {
                self.expect_echo(step.line, agent, sentence)?;
            }
        }
        Ok(())
    }

    /// The invite of an agent to a conversation: the pending one, else the latest that it was shown.
    async fn invite(&mut self, agent: &str, conversation: u64) -> Result<v1::Invite, String> {
        let found = self.agent(agent).await?.invites;
        if let Some(pending) = found.into_iter().find(|it| it.conversation_id == conversation) {
            return Ok(pending);
        }
        let is_it = |it: &v1::Invite| it.conversation_id == conversation;
        let of = || self.sessions.iter().rev().filter(|it| it.agent == agent);
        if !of().any(|it| it.invites().iter().any(is_it))
            && let Some(latest) = of().next()
        {
            latest.wait_until(|it| it.invites().iter().any(is_it)).await;
        }
        let mut shown = of().flat_map(|it| it.invites().into_iter().rev());
        shown.find(is_it).ok_or(format!("{agent} was never invited to {}", self.name(conversation)))
    }

    /// All accept at the same moment, each over a connection of its own. One wins, the others are refused.
    async fn race(&mut self, step: &Step) -> Result<(), String> {
        let (name, id) = (step.said.name(1).to_owned(), self.id(step.said.name(1))?);
        let mut race = JoinSet::new();
        let mut invites = Vec::new();
        for agent in self.agents(step, 0) {
            let invite = self.invite(&agent, id).await?;
            let (session, invite_id) = (self.acting(step, &agent)?, invite.invite_id);
            let mut caller = Caller::new(&self.house);
            invites.push((agent.clone(), invite));
            race.spawn(async move { (agent, caller.call(fresh(), Call::Accept(session, invite_id)).await) });
        }
        self.racers = (Vec::new(), Vec::new());
        while let Some(done) = race.join_next().await {
            let (agent, answer) = done.map_err(|it| it.to_string())?;
            match answer {
                Ok(_) => self.racers.0.push(agent),
                Err(status) if reason(&status) == "INVITE_RESCINDED" => self.racers.1.push(agent),
                Err(status) => return Err(format!("{agent} is refused: {}", said(&status))),
            }
        }
        let [winner] = &self.racers.0[..] else {
            return Err(format!("there should be one winner, and there are {:?}", self.racers.0));
        };
        let winner = winner.clone();
        let invite = invites.into_iter().find(|it| it.0 == winner).expect("it was invited").1;
        for sentence in accepted(&invite, &winner, &name) {
            self.expect_echo(step.line, &winner, sentence)?;
        }
        Ok(())
    }

    /// A change of the directory: of one resource now, or of the whole that is tried or applied next.
    pub async fn change(&mut self, step: &Step) -> Result<(), String> {
        if step.prefix == Prefix::With {
            let mut wanted = self.wanted.take().unwrap_or_else(|| self.centre.clone());
            wanted.resources(step)?.into_iter().for_each(|it| wanted.put(it));
            self.wanted = Some(wanted);
            return Ok(());
        }
        for resource in self.centre.resources(step)? {
            let is_profile = matches!(resource, v1::resource::Resource::CapacityProfile(_));
            let caller = &mut Caller::new(&self.house);
            let answer = caller.call(fresh(), Call::Put(resource.clone())).await;
            let done =
                if is_profile { answer.map(Some).map_err(|it| said(&it))? } else { judge(step, answer)? };
            if done.is_some() {
                self.centre.put(resource);
            }
        }
        Ok(())
    }

    async fn apply(&mut self, step: &Step) -> Result<(), String> {
        let wanted: Centre = self.wanted.clone().ok_or("nothing is to be changed")?;
        let request = v1::ApplyDirectoryRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            directory: Some(wanted.0.clone()),
            dry_run: step.verb == Verb::Try,
        };
        let answer: Result<_, Status> = self.house.directory().apply_directory(request).await;
        let Some(answer) = judge(step, answer)? else { return Ok(()) };
        let answer = answer.into_inner();
        let count = |form: &str| step.option(form).map_or(0, |it| it.number(0));
        let expected = (count("creates <number>"), count("changes <number>"), count("removes <number>"));
        let found = (answer.created_count, answer.changed_count, answer.removed_count);
        if expected != (found.0.into(), found.1.into(), found.2.into()) {
            return Err(format!("it creates {}, changes {}, removes {}", found.0, found.1, found.2));
        }
        let warned: Vec<String> = answer.warnings.into_iter().map(|it| it.path).collect();
        let warns = step.option("warns at <words>").map_or_else(Vec::new, |it| it.names(0).to_vec());
        if warned != warns {
            return Err(format!("it warns at {}", warned.join(" and ")));
        }
        if step.verb == Verb::Apply {
            self.centre = wanted;
            self.wanted = None;
        }
        Ok(())
    }
}

fn span(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Who acts where a line says `the customer`, `the platform` or `the supervisor`.
fn outsider(step: &Step) -> Actor {
    match &*step.said.sentence[1] {
        "customer" => Actor::Customer(v1::actor::Customer {}),
        "supervisor" => Actor::Supervisor(v1::actor::Supervisor { supervisor_id: SUE.into() }),
        _ => Actor::Platform(v1::actor::Platform {}),
    }
}

/// What who accepts is told of it.
fn accepted(invite: &v1::Invite, agent: &str, name: &str) -> Vec<String> {
    let comes_in = match invite.kind() {
        RequestKind::Transfer => format!("{} hand {name} to {agent}", invite.requested_by_agent_id),
        _ => format!("{agent} join {name}"),
    };
    vec![format!("{name} accepted"), comes_in]
}

/// How a line wants its request routed.
pub fn routing(step: &Step, target: v1::target::Target) -> Result<v1::Routing, String> {
    let mut routing = to(target);
    let moment = |ms: u64| i64::try_from(START_MS + ms).unwrap_or(i64::MAX);
    for said in &step.options {
        match said.form {
            "mode <WORD>" => {
                let mode = RoutingMode::from_str_name(&format!("ROUTING_MODE_{}", said.name(0)));
                routing.mode = mode.ok_or(format!("`{}` is no mode", said.name(0)))?.into();
            }
            "model <WORD>" => routing.model = centre::model(said.name(0))?,
            "priority <number>" => routing.priority = Some(small(said.number(0))),
            "over capacity" => routing.over_capacity = Some(true),
            "within capacity" => routing.over_capacity = Some(false),
            "not before <time>" => routing.not_before_ms = moment(said.number(0)),
            "accept by <time>" => routing.accept_by_ms = moment(said.number(0)),
            "waves of <number> every <time>" => {
                routing.mode = RoutingMode::Waves.into();
                routing.wave_size = small(said.number(0));
                routing.wave_interval_ms = span(said.number(1));
            }
            "steps start over" => routing.steps_start_over = true,
            form if form.starts_with("after ") => routing.steps.push(relaxation(said)),
            form if form.starts_with("preferably ") => {
                routing.preferred_agent = Some(v1::PreferredAgent {
                    agent_id: said.name(0).into(),
                    insist_for_ms: if form.ends_with("<time>") { span(said.number(1)) } else { 0 },
                    insist_until_available: form.ends_with("until available"),
                });
            }
            _ => {}
        }
    }
    Ok(routing)
}

/// A step in which requirements give way.
fn relaxation(said: &Said) -> v1::RelaxationStep {
    let mut step = v1::RelaxationStep { after_ms: span(said.number(0)), ..Default::default() };
    let (drops, sinks) = (said.form.contains("drop"), said.form.contains("sink"));
    if drops {
        step.drop_additional = small(said.number(1));
    }
    if sinks {
        step.lower_levels_by_hundredths = small(said.number(if drops { 2 } else { 1 }));
    }
    step
}
