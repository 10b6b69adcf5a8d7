//! The index of requests that wait: by class, then in the order of service. At rest it costs nothing, however much waits.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::eligible::Class;
use crate::engine::{
    directory::registry::Registry,
    ids::{AgentIx, ButtonIx, Millis, QueueIx, RequestId},
    routing::{Routing, Target},
    state::conversation::Request,
};

/// A class, by number.
pub type ClassIx = usize;

/// Who is served first: the lower priority number, then the nearer deadline where the queue goes by it (QUE-4), then the older
/// requested time, then arrival (QUE-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// Lower goes first.
    pub priority: u32,
    /// Nearer goes first; the end of time where it has none, or its queue does not look at it.
    pub due: Millis,
    /// Older goes first.
    pub requested_at: Millis,
    /// Requests are numbered in the order of arrival.
    pub request: RequestId,
}

impl Turn {
    /// The turn of a request.
    pub fn of(registry: &Registry, id: RequestId, request: &Request) -> Self {
        let Routing { priority, accept_by, .. } = request.routing;
        let by_deadline = accept_by != 0
            && request.routing.target.queue().is_some_and(|it| registry.queue(it).spec.by_deadline);
        let due = if by_deadline { accept_by } else { Millis::MAX };
        Self { priority, due, requested_at: request.requested_at, request: id }
    }
}

#[derive(Debug)]
struct Line {
    class: Class,
    waiting: BTreeSet<Turn>,
    /// Those of them that stand by their deadline, by their age.
    by_age: BTreeSet<(Millis, RequestId)>,
}

/// Requests that wait, as they wait.
#[derive(Debug, Default)]
pub struct Demand {
    lines: Vec<Line>,
    numbers: FxHashMap<Class, ClassIx>,
    by_agent: BTreeMap<AgentIx, BTreeSet<ClassIx>>,
    by_queue: BTreeMap<QueueIx, BTreeSet<ClassIx>>,
    standing: FxHashMap<RequestId, (ClassIx, Turn)>,
}

impl Demand {
    /// A class by its number.
    pub fn class(&self, number: ClassIx) -> &Class {
        &self.lines[number].class
    }

    /// All classes with their numbers.
    pub fn classes(&self) -> impl Iterator<Item = (ClassIx, &Class)> {
        self.lines.iter().map(|it| &it.class).enumerate()
    }

    /// How many classes there are.
    pub fn class_count(&self) -> usize {
        self.lines.len()
    }

    /// Classes that nothing waits in, kept for when something does again.
    pub fn empty_classes(&self) -> usize {
        self.lines.iter().filter(|it| it.waiting.is_empty()).count()
    }

    /// The number of a class, and whether it is new.
    pub fn intern(&mut self, class: Class) -> (ClassIx, bool) {
        if let Some(&number) = self.numbers.get(&class) {
            return (number, false);
        }
        let number = self.lines.len();
        if let Some(agent) = class.addressed {
            self.by_agent.entry(agent).or_default().insert(number);
        }
        if let Some(queue) = class.target.queue() {
            self.by_queue.entry(queue).or_default().insert(number);
        }
        self.numbers.insert(class.clone(), number);
        self.lines.push(Line { class, waiting: BTreeSet::new(), by_age: BTreeSet::new() });
        (number, true)
    }

    /// Puts a request in line.
    pub fn enter(&mut self, class: ClassIx, turn: Turn) {
        self.lines[class].waiting.insert(turn);
        if turn.due != Millis::MAX {
            self.lines[class].by_age.insert((turn.requested_at, turn.request));
        }
        self.standing.insert(turn.request, (class, turn));
    }

    /// Takes a request out of its line, if it stands in one, and says of which class it is.
    pub fn leave(&mut self, request: RequestId) -> Option<ClassIx> {
        let (class, turn) = self.standing.remove(&request)?;
        self.lines[class].waiting.remove(&turn);
        if turn.due != Millis::MAX {
            self.lines[class].by_age.remove(&(turn.requested_at, turn.request));
        }
        Some(class)
    }

    /// What waits in a class, in turn.
    pub fn line(&self, class: ClassIx) -> impl Iterator<Item = Turn> + '_ {
        self.lines[class].waiting.iter().copied()
    }

    /// Classes that address this agent by name.
    pub fn addressed_to(&self, agent: AgentIx) -> impl Iterator<Item = ClassIx> + '_ {
        self.by_agent.get(&agent).into_iter().flatten().copied()
    }

    /// What waits in all classes, in turn, the first so many.
    pub fn first(&self, at_most: usize) -> Vec<Turn> {
        first_of(self.lines.iter(), at_most)
    }

    /// How many requests wait for a queue.
    pub fn queue_len(&self, queue: QueueIx) -> usize {
        self.lines_of(queue).map(|it| it.waiting.len()).sum()
    }

    /// Since when the one waits that waits longest for a queue. A line is sorted by priority first, so it jumps from one priority to
    /// the next, over those with a deadline, and never walks a line.
    pub fn queue_oldest(&self, queue: QueueIx) -> Option<Millis> {
        let mut oldest = None;
        let mut see = |at: Millis| oldest = Some(oldest.map_or(at, |it: Millis| it.min(at)));
        for line in self.lines_of(queue) {
            line.by_age.first().into_iter().for_each(|it| see(it.0));
            let from = |priority| Turn { priority, due: Millis::MAX, requested_at: 0, request: RequestId(0) };
            let mut next = line.waiting.first();
            while let Some(turn) = next {
                let mut priority = turn.priority;
                if turn.due == Millis::MAX {
                    see(turn.requested_at);
                    priority += 1;
                }
                next = line.waiting.range(from(priority)..).next();
            }
        }
        oldest
    }

    /// The requests that wait for a queue, in turn, the first so many.
    pub fn queue_first(&self, queue: QueueIx, at_most: usize) -> Vec<Turn> {
        first_of(self.lines_of(queue), at_most)
    }

    /// The requests that wait for a button, in turn, the first so many.
    pub fn button_first(&self, button: ButtonIx, at_most: usize) -> Vec<Turn> {
        first_of(self.lines.iter().filter(|it| it.class.target == Target::Button(button)), at_most)
    }

    fn lines_of(&self, queue: QueueIx) -> impl Iterator<Item = &Line> {
        self.by_queue.get(&queue).into_iter().flatten().map(|&class| &self.lines[class])
    }
}

/// What waits in these lines, in turn, the first so many.
fn first_of<'a>(lines: impl Iterator<Item = &'a Line>, at_most: usize) -> Vec<Turn> {
    let mut turns: Vec<Turn> = lines.flat_map(|it| it.waiting.iter().take(at_most).copied()).collect();
    turns.sort_unstable();
    turns.truncate(at_most);
    turns
}
