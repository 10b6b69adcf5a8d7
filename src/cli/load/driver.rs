//! The driver: begins conversations when it is time, hears what comes of each, and does what its life says next. One task, no locks.
//!
//! ```text
//!   pace ─ due ─► begin ─► door ═► service ═► heard ─► life ─ next ─► door …
//!                                               └────► checks, latencies
//! ```

use std::time::Duration;

use tokio::{task::yield_now, time::MissedTickBehavior};
use tonic::Code;

use super::{
    LoadError,
    checks::Checks,
    door::Door,
    floor::{AgentNumber, Floor, Rng},
    heard::{Answered, Call, Ear, Heard, Invited, LifeId, Token},
    latency::{Nanos, Step},
    life::{Ending, Life, Next, Stage, Staying, Task},
    messages::Messages,
    pace::{Metronome, Pace, nanos},
    plan::{Load, Workload},
    progress::Progress,
    tally::Tally,
};
use crate::{cli::client::CallError, clock::Stopwatch};

/// How often is looked at what no message brings: commands to send again, the end of the time.
const TICK: Duration = Duration::from_millis(10);
/// When no more conversations begin: how long those that still wait for an agent go on waiting.
const HANG_UP_AFTER: Nanos = 1_000_000_000;
/// When no more conversations begin: how long nothing is heard until the rest is given up for lost.
const PATIENCE: Nanos = 15_000_000_000;

/// What is done in a phase.
#[derive(Debug)]
pub(super) enum Work {
    /// Each of these agents gets a conversation that stays.
    Fill(Vec<AgentNumber>),
    /// So many are created that nobody can serve.
    Backlog(usize),
    /// All that stay or wait are ended.
    Empty,
    /// For so long this, of which the last part is measured.
    Timed { workload: Workload, warm_up: Duration, duration: Duration },
}

/// The driver.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) floor: Floor,
    pub(super) checks: Checks,
    messages: Messages,
    door: Door,
    ear: Ear,
    acceptors: usize,
    transfers_max: usize,
    transfers: usize,
    lives: Vec<Life>,
    unused: Vec<u32>,
    staying: Vec<Staying>,
    waiting: Vec<u64>,
    again: Vec<(Nanos, Token)>,
    rng: Rng,
    watch: Stopwatch,
    last_heard: Nanos,
    tally: Tally,
}

/// What a driver works with.
pub(super) struct Parts {
    pub(super) floor: Floor,
    pub(super) messages: Messages,
    pub(super) door: Door,
    pub(super) ear: Ear,
    /// Conversations at once, at most.
    pub(super) slots: usize,
    /// How many accept a race at once.
    pub(super) acceptors: usize,
    /// How many of a mix are handed over at once, at most.
    pub(super) transfers_max: usize,
    pub(super) seed: u64,
}

impl Driver {
    pub(super) fn new(parts: Parts) -> Result<Self, LoadError> {
        let slots = u32::try_from(parts.slots).unwrap_or(u32::MAX);
        Ok(Self {
            floor: parts.floor,
            checks: Checks::default(),
            messages: parts.messages,
            door: parts.door,
            ear: parts.ear,
            acceptors: parts.acceptors,
            transfers_max: parts.transfers_max,
            transfers: 0,
            lives: (0..slots).map(|_| Life::unused()).collect(),
            unused: (0..slots).rev().collect(),
            staying: Vec::new(),
            waiting: Vec::new(),
            again: Vec::new(),
            rng: Rng::new(parts.seed),
            watch: Stopwatch::start(),
            last_heard: 0,
            tally: Tally::new(0..Nanos::MAX)?,
        })
    }

    /// Works until the time is over or the work done, and what was begun has ended.
    pub(super) async fn run(
        &mut self,
        load: Load,
        mut work: Work,
        progress: &mut Progress,
    ) -> Result<Tally, LoadError> {
        let begin = nanos(self.watch);
        let (window, stop) = match &work {
            Work::Fill(_) | Work::Backlog(_) | Work::Empty => (begin..Nanos::MAX, Nanos::MAX),
            Work::Timed { warm_up, duration, .. } => {
                let from = begin.saturating_add(nanos_of(*warm_up));
                let to = from.saturating_add(nanos_of(*duration));
                (from..to, to)
            }
        };
        self.tally = Tally::new(window)?;
        self.last_heard = begin;
        let metronome = Metronome::start(load, self.watch, begin)?;
        let mut pace = Pace::new(load, begin);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let heard_max = self.door.heard_max();
        let mut heard = Vec::with_capacity(heard_max);
        let mut is_begun = false;
        loop {
            is_begun = is_begun || self.begin_due(&mut pace, &mut work, stop)?;
            if is_begun && self.in_flight() == 0 {
                break;
            }
            tokio::select! {
                count = self.ear.recv_many(&mut heard, heard_max) => {
                    if count == 0 {
                        return Err(LoadError::Lost { what: "every stream".into(), why: "all have ended".into() });
                    }
                    for it in heard.drain(..) {
                        self.hear(it)?;
                    }
                    // What came of it is sent before more is heard.
                    yield_now().await;
                }
                () = metronome.beat() => {}
                _ = tick.tick() => {
                    let now = nanos(self.watch);
                    self.send_again(now)?;
                    progress.tell(now.saturating_sub(begin), &self.tally);
                    if is_begun && self.is_lost(now, stop)? {
                        break;
                    }
                }
            }
        }
        // What was due and has not begun has waited so long at least: to leave it out would flatter whoever does not keep up.
        while let Some(due) = pace.due_before(stop) {
            self.tally.not_begun(due, stop);
        }
        self.checks.unfinished(self.in_flight());
        let done = Tally::new(0..Nanos::MAX)?;
        Ok(std::mem::replace(&mut self.tally, done))
    }

    fn in_flight(&self) -> usize {
        self.lives.len() - self.unused.len()
    }

    /// Begins what is due. Whether there is nothing more to begin.
    fn begin_due(&mut self, pace: &mut Pace, work: &mut Work, stop: Nanos) -> Result<bool, LoadError> {
        loop {
            let now = nanos(self.watch);
            let is_over = now >= stop;
            let is_done = match (&*work, pace.load()) {
                (Work::Fill(agents), _) => agents.is_empty(),
                (Work::Backlog(count), _) => *count == 0,
                (Work::Empty, _) => self.staying.is_empty() && self.waiting.is_empty(),
                (Work::Timed { .. }, Load::Clients(_)) => is_over,
                // What was due just before the end is begun still, where there is room.
                (Work::Timed { .. }, Load::Rate { .. }) => false,
            };
            if is_done {
                return Ok(true);
            }
            let Some(due) = pace.due(now.min(stop - 1), self.in_flight()) else { return Ok(is_over) };
            if let Some(task) = self.task(work) {
                if matches!(pace.load(), Load::Rate { .. }) {
                    self.tally.record(due, Step::StartedLate, due, now);
                }
                self.begin(task, due, now)?;
            }
        }
    }

    fn task(&mut self, work: &mut Work) -> Option<Task> {
        match work {
            Work::Fill(agents) => agents.pop().map(Task::Stay),
            Work::Backlog(count) => {
                *count = count.checked_sub(1)?;
                Some(Task::Backlog(*count))
            }
            Work::Empty => self.staying.pop().map(Task::End).or_else(|| self.waiting.pop().map(Task::HangUp)),
            Work::Timed { workload: Workload::Cycle, .. } => {
                Some(Task::Cycle(self.floor.item(&mut self.rng)))
            }
            Work::Timed { workload: Workload::Race, .. } => Some(Task::Race),
            Work::Timed { workload: Workload::Transfer, .. } => {
                Some(Task::Transfer(self.floor.item(&mut self.rng)))
            }
            Work::Timed { workload: Workload::Mix, .. } => Some(match self.rng.below(10) {
                0 => Task::Race,
                1 if self.transfers < self.transfers_max => Task::Transfer(self.floor.item(&mut self.rng)),
                _ => Task::Cycle(self.floor.item(&mut self.rng)),
            }),
        }
    }

    fn begin(&mut self, task: Task, due: Nanos, now: Nanos) -> Result<(), LoadError> {
        // A pace lets no more begin than there are slots.
        let Some(slot) = self.unused.pop() else { return Ok(()) };
        let life = &mut self.lives[slot as usize];
        life.begin(task, due);
        self.transfers += usize::from(matches!(task, Task::Transfer(_)));
        if let Task::End(staying) = task {
            return self.end(slot, staying.into(), now);
        }
        if let Task::HangUp(conversation) = task {
            return self.end(slot, Ending { conversation, by: None, frees: None }, now);
        }
        self.send(slot, Call::Create, 0, now)
    }

    fn send(&mut self, slot: u32, call: Call, which: usize, now: Nanos) -> Result<(), LoadError> {
        let life = &mut self.lives[slot as usize];
        life.unanswered += 1;
        life.ask(which, now);
        let which = u16::try_from(which).unwrap_or(u16::MAX);
        let token = Token { life: LifeId { slot, lap: life.lap }, call, which };
        self.door.send(token, self.messages.command(token, life))
    }

    fn hear(&mut self, heard: Heard) -> Result<(), LoadError> {
        match heard {
            Heard::Answered(it) => self.answered(it),
            Heard::Invited(it) => self.invited(it),
            Heard::Seen(agent) => {
                self.checks.looked_at(&agent);
                Ok(())
            }
            Heard::Resumed => {
                self.tally.sessions_cut += 1;
                Ok(())
            }
            Heard::Lost { what, why } => Err(LoadError::Lost { what, why }),
        }
    }

    fn invited(&mut self, it: Invited) -> Result<(), LoadError> {
        let now = nanos(self.watch);
        self.last_heard = now;
        let slot = it.life.slot;
        let Some(life) = self.lives.get_mut(slot as usize).filter(|life| life.lap == it.life.lap) else {
            return Ok(());
        };
        life.conversation = it.conversation;
        if life.stage == Stage::Creating && life.invites.is_empty() {
            self.tally.record(life.begun, Step::Invited, life.begun, now);
        }
        if life.invited(it.agent, it.invite, self.acceptors) == Next::Wait {
            return Ok(());
        }
        life.accept(now);
        let (first, end) = (life.first, life.invites.len());
        if end - first == 1 {
            self.floor.give(it.agent);
        }
        if it.is_accepted {
            self.settled(slot, first, true, now)?;
            self.close_if_over(slot, now);
            return Ok(());
        }
        (first..end).try_for_each(|which| self.send(slot, Call::Accept, which, now))
    }

    fn answered(&mut self, Answered { token, answer }: Answered) -> Result<(), LoadError> {
        let now = nanos(self.watch);
        self.last_heard = now;
        let slot = token.life.slot;
        let Some(life) = self.lives.get_mut(slot as usize).filter(|it| it.lap == token.life.lap) else {
            return Ok(());
        };
        if let Err(error) = &answer
            && error.code == Code::ResourceExhausted
        {
            let delay = error.retry_after.map_or(0, nanos_of);
            self.tally.overloaded += 1;
            self.tally.record(life.begun, Step::Refused, life.asked[usize::from(token.which)], now);
            self.again.push((now.saturating_add(delay), token));
            return Ok(());
        }
        life.unanswered -= 1;
        let (begun, since) = match token.call {
            Call::Create => (life.begun, life.begun),
            Call::Accept | Call::End => (life.begun, life.sent),
            Call::Transfer => (life.begun, life.transferred),
        };
        self.tally.record(begun, step_of(token.call), since, now);
        match token.call {
            Call::Create => self.created(slot, answer, now)?,
            Call::Accept => self.accepted(slot, token, &answer, now)?,
            Call::Transfer => {
                if let Err(error) = answer {
                    self.refused(slot, &error, now)?;
                }
            }
            Call::End => self.ended(slot, answer.err()),
        }
        self.close_if_over(slot, now);
        Ok(())
    }

    fn created(
        &mut self,
        slot: u32,
        answer: Result<u64, Box<CallError>>,
        now: Nanos,
    ) -> Result<(), LoadError> {
        let life = &mut self.lives[slot as usize];
        match answer {
            Ok(conversation) => {
                life.is_created = true;
                self.checks.created();
                if life.conversation != 0 && life.conversation != conversation {
                    self.checks.misled(life.conversation, conversation);
                }
                life.conversation = conversation;
                if matches!(life.task, Task::Backlog(_)) {
                    life.stage = Stage::Done;
                    self.waiting.push(conversation);
                }
                Ok(())
            }
            Err(error) => self.refused(slot, &error, now),
        }
    }

    fn accepted(
        &mut self,
        slot: u32,
        token: Token,
        answer: &Result<u64, Box<CallError>>,
        now: Nanos,
    ) -> Result<(), LoadError> {
        let life = &mut self.lives[slot as usize];
        match answer {
            Ok(conversation) if *conversation != life.conversation => {
                self.checks.misled(life.conversation, *conversation);
            }
            Ok(_) => {}
            Err(error) => {
                life.no_room += usize::from(error.is("AGENT_AT_CAPACITY"));
                self.tally.refused(error);
            }
        }
        self.settled(slot, token.which.into(), answer.is_ok(), now)
    }

    /// An acceptance has won or lost.
    fn settled(&mut self, slot: u32, which: usize, has_won: bool, now: Nanos) -> Result<(), LoadError> {
        let life = &mut self.lives[slot as usize];
        let giver = life.holder;
        let next = life.accepted(which, has_won);
        if next == Next::Wait {
            return Ok(());
        }
        self.checks.settled(life.conversation, life.won, life.lost, life.no_room);
        if life.task == Task::Race {
            self.tally.record(life.begun, Step::RaceSettled, life.sent, now);
        }
        match (life.task, next) {
            (Task::Transfer(_), Next::End) => {
                self.tally.record(life.begun, Step::HandedOver, life.transferred, now);
                giver.into_iter().for_each(|it| self.floor.take(it));
            }
            (Task::Transfer(_) | Task::Cycle(_) | Task::Stay(_), Next::GiveUp) => {
                life.invites.last().into_iter().for_each(|(agent, _)| self.floor.take(*agent));
            }
            _ => {}
        }
        self.go_on(slot, next, now)
    }

    fn go_on(&mut self, slot: u32, next: Next, now: Nanos) -> Result<(), LoadError> {
        let life = &mut self.lives[slot as usize];
        match next {
            Next::Wait | Next::Accept => Ok(()),
            Next::Transfer => {
                life.transfer(now);
                self.send(slot, Call::Transfer, 0, now)
            }
            Next::End | Next::GiveUp => {
                let ending = life.itself();
                self.end(slot, ending, now)
            }
            Next::Stay => {
                let agent = life.holder.unwrap_or(AgentNumber::MAX);
                self.staying.push(Staying { conversation: life.conversation, agent });
                if matches!(life.task, Task::Stay(_)) {
                    life.stage = Stage::Done;
                    return Ok(());
                }
                let another = self.rng.below(self.staying.len());
                let ending = self.staying.swap_remove(another).into();
                self.end(slot, ending, now)
            }
        }
    }

    fn end(&mut self, slot: u32, ending: Ending, now: Nanos) -> Result<(), LoadError> {
        self.lives[slot as usize].end(ending, now);
        self.send(slot, Call::End, 0, now)
    }

    fn ended(&mut self, slot: u32, refused: Option<Box<CallError>>) {
        let life = &mut self.lives[slot as usize];
        life.stage = Stage::Done;
        match refused {
            None => self.checks.ended(),
            Some(error) => self.tally.refused(&error),
        }
        if let Some(agent) = life.ending.frees {
            self.floor.take(agent);
        }
    }

    /// A command was refused that should not be: it is counted, and the conversation, where there is one, is ended.
    fn refused(&mut self, slot: u32, error: &CallError, now: Nanos) -> Result<(), LoadError> {
        self.tally.refused(error);
        let life = &mut self.lives[slot as usize];
        if life.conversation == 0 {
            life.stage = Stage::Done;
            return Ok(());
        }
        self.go_on(slot, Next::GiveUp, now)
    }

    fn close_if_over(&mut self, slot: u32, now: Nanos) {
        let life = &self.lives[slot as usize];
        if life.is_over() {
            self.tally.record(life.begun, Step::Whole, life.begun, now);
            self.tally.finished(life.task, now);
            self.transfers -= usize::from(matches!(life.task, Task::Transfer(_)));
            self.unused.push(slot);
        }
    }

    /// Sends again what found no room before, when its time has come.
    fn send_again(&mut self, now: Nanos) -> Result<(), LoadError> {
        let due = self.again.extract_if(.., |(at, _)| *at <= now);
        for (_, token) in due {
            let life = &mut self.lives[token.life.slot as usize];
            life.ask(usize::from(token.which), now);
            self.door.send(token, self.messages.command(token, life))?;
        }
        Ok(())
    }

    /// Nothing more is begun: who still waits for an agent hangs up, after a while. Whether the rest is lost.
    fn is_lost(&mut self, now: Nanos, stop: Nanos) -> Result<bool, LoadError> {
        if now > stop.saturating_add(HANG_UP_AFTER) {
            for slot in 0..u32::try_from(self.lives.len()).unwrap_or(u32::MAX) {
                if self.lives[slot as usize].is_waiting() {
                    self.tally.hung_up += 1;
                    let by_the_platform = Ending { by: None, ..self.lives[slot as usize].itself() };
                    self.end(slot, by_the_platform, now)?;
                }
            }
        }
        Ok(now > self.last_heard.saturating_add(PATIENCE))
    }
}

fn step_of(call: Call) -> Step {
    match call {
        Call::Create => Step::Create,
        Call::Accept => Step::Accept,
        Call::Transfer => Step::Transfer,
        Call::End => Step::End,
    }
}

fn nanos_of(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
