//! Drives the engine, the model and a restored twin through a program, and compares after every step.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
};

use omniroute::engine::{
    Engine, Recorded,
    apply::{Touched, apply},
    command::Command,
    dispatch::Layout,
    ids::{Millis, RequestKey},
    rejection::Rejection,
    reply::Reply,
    state::State,
};

use super::{
    compare::{same, same_answer, same_state},
    invariants::{self, Winners},
    program::{Program, Step},
    world::World,
};

/// When programs begin: leases and wrap-ups before it are as good as 0.
const START: Millis = 1_000_000;

/// The three that must agree, and what has happened so far.
struct Run {
    engine: Engine,
    world: World,
    /// Restored from a snapshot of the engine, and fed the same since.
    twin: Option<Engine>,
    /// What snapshots would be taken of, and the bytes that they had to be when they were asked for.
    copies: Vec<(State, Vec<u8>)>,
    /// Fed the events alone.
    replayed: State,
    touched: Touched,
    winners: Winners,
    now: Millis,
    notes: Notes,
}

/// What is written down on the way: to write everything down takes longer than all the rest.
enum Notes {
    Nothing,
    Names(Seen),
    Everything(String),
}

impl Notes {
    fn command(&mut self, now: Millis, key: Option<RequestKey>, command: Option<&Command>) {
        let Self::Everything(trace) = self else { return };
        match command {
            Some(Command::ApplyDirectory { .. }) => writeln!(trace, "{now} {key:?} ApplyDirectory"),
            Some(it) => writeln!(trace, "{now} {key:?} {it:?}"),
            None => writeln!(trace, "{now} time passes"),
        }
        .unwrap();
    }

    fn outcome(&mut self, what: &impl std::fmt::Debug) {
        match self {
            Self::Nothing => {}
            Self::Names(seen) => seen.add(what),
            Self::Everything(trace) => writeln!(trace, "    {what:?}").unwrap(),
        }
    }
}

/// What must be reached beside the names: an agent that cannot take what goes on, silence, the end of what is inactive.
pub(crate) const WAYS: [&str; 3] =
    ["leaving: CouldNotResume", "by: Service, units", "by: Service, participants: [AgentIx"];

/// What a program has reached: events and refusals by name, and how often.
#[derive(Debug, Default)]
pub(crate) struct Seen(pub(crate) BTreeMap<String, usize>);

impl Seen {
    fn add(&mut self, what: &impl std::fmt::Debug) {
        let text = format!("{what:?}");
        let name = text.split([' ', '(']).next().unwrap_or_default();
        *self.0.entry(name.into()).or_default() += 1;
        for way in WAYS.iter().filter(|it| text.contains(**it)) {
            *self.0.entry((*way).into()).or_default() += 1;
        }
    }
}

/// The bytes of a snapshot.
pub(crate) fn bytes(state: &State) -> Vec<u8> {
    postcard::to_stdvec(state).unwrap()
}

fn restored(snapshot: &[u8]) -> Engine {
    Engine::new(postcard::from_bytes(snapshot).unwrap())
}

/// Runs a program; the error is the first difference.
pub(crate) fn run(program: &Program) -> Result<(), String> {
    Run::new(Notes::Nothing, program.layout).through(program)
}

/// What a program reaches.
pub(crate) fn reached(program: &Program) -> Result<Seen, String> {
    let mut run = Run::new(Notes::Names(Seen::default()), program.layout);
    run.through(program)?;
    if let Notes::Names(seen) = run.notes { Ok(seen) } else { Ok(Seen::default()) }
}

/// All that happens up to the first difference, and the difference.
pub(crate) fn trace(program: &Program) -> String {
    let mut run = Run::new(Notes::Everything(String::new()), program.layout);
    let why = run.through(program).err().unwrap_or_else(|| "no difference".into());
    if let Notes::Everything(trace) = run.notes { format!("{trace}\n{why}") } else { why }
}

impl Run {
    fn new(notes: Notes, layout: Layout) -> Self {
        Self {
            engine: Engine::with_layout(State::default(), layout),
            world: World::default(),
            twin: None,
            copies: Vec::new(),
            replayed: State::default(),
            touched: Touched::default(),
            winners: Winners::default(),
            now: START,
            notes,
        }
    }

    fn through(&mut self, program: &Program) -> Result<(), String> {
        self.step(None, Some(Command::ApplyDirectory { wanted: program.directory.clone() }))?;
        self.agree()?;
        for step in &program.steps {
            let command = step.command(&self.world);
            self.step(Some(step), command)?;
            self.agree()?;
        }
        self.snapshots_agree()
    }

    fn step(&mut self, step: Option<&Step>, command: Option<Command>) -> Result<(), String> {
        self.now += step.map_or(0, |it| it.after);
        let key = step.and_then(|it| it.key).map(|it| RequestKey(u128::from(it)));
        self.notes.command(self.now, key, command.as_ref());
        if step.is_some_and(|it| it.snapshot) {
            let snapshot = bytes(self.engine.state());
            self.twin = Some(restored(&snapshot));
            self.copies.push((self.engine.state_as_it_is(), snapshot));
        }
        // What the engine asserts is a difference like any other, to be told with the trace that led to it.
        let drive_it = || drive(&mut self.engine, self.now, key, command.clone());
        let answer = catch_unwind(AssertUnwindSafe(drive_it)).map_err(|_| "the engine panicked")?;
        let outbox = self.engine.take_outbox();
        outbox.iter().for_each(|it| self.notes.outcome(&it.event));
        if let Some(Err(why)) = &answer {
            self.notes.outcome(why);
        }
        let modelled = command.clone().map(|it| self.world.decide(self.now, key, it));
        if modelled.is_none() {
            self.world.advance(self.now);
        }
        let said = std::mem::take(&mut self.world.said);
        same(|| "the events".into(), &outbox.iter().map(|it| it.event.clone()).collect(), &said)?;
        if let (Some(engine), Some(model)) = (&answer, &modelled) {
            same_answer(engine, model)?;
        }
        if let Some(twin) = &mut self.twin {
            let twins = drive(twin, self.now, key, command);
            same(|| "the answer after a snapshot".into(), &twins, &answer)?;
            let twins = twin.take_outbox();
            same(|| "the events after a snapshot".into(), &twins, &outbox)?;
        }
        self.follow(&outbox)
    }

    /// What the events alone say.
    fn follow(&mut self, outbox: &[Recorded]) -> Result<(), String> {
        for it in outbox {
            self.winners.see(&it.event)?;
            apply(&mut self.replayed, it.at, it.key, &it.event, &mut self.touched);
            let mut told = it.told.to_vec();
            told.sort_unstable();
            if told.windows(2).any(|it| it[0] == it[1]) {
                return Err(format!("somebody is told twice: {:?}", it.event));
            }
        }
        self.touched = Touched::default();
        Ok(())
    }

    fn agree(&self) -> Result<(), String> {
        same_state(&self.engine, &self.world)?;
        invariants::hold(&self.engine)?;
        if let Some((request, to_do)) = self.world.to_do() {
            return Err(format!("the model is not at rest: {request:?} {to_do:?}"));
        }
        if let Some(twin) = &self.twin {
            same(|| "when to wake after a snapshot".into(), &twin.next_wake(), &self.engine.next_wake())?;
        }
        Ok(())
    }

    /// Same events, same state, byte for byte.
    fn snapshots_agree(&self) -> Result<(), String> {
        let live = bytes(self.engine.state());
        same(|| "the bytes after replay".into(), &bytes(&self.replayed), &live)?;
        same(|| "the bytes of a snapshot of a snapshot".into(), &bytes(restored(&live).state()), &live)?;
        for (copy, expected) in &self.copies {
            same(|| "the bytes of a copy that is older".into(), &bytes(copy), expected)?;
        }
        self.twin
            .as_ref()
            .map_or(Ok(()), |twin| same(|| "the bytes of the twin".into(), &bytes(twin.state()), &live))
    }
}

fn drive(
    engine: &mut Engine,
    now: Millis,
    key: Option<RequestKey>,
    command: Option<Command>,
) -> Option<Result<Reply, Rejection>> {
    if let Some(command) = command {
        Some(engine.decide(now, key, command))
    } else {
        engine.advance(now);
        None
    }
}
