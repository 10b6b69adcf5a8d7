//! The index of requests that wait: by class, then in the order of service. At rest it costs nothing, however much waits.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{Layout, bits::Bits, eligible::Class};
use crate::engine::{
    directory::registry::Registry,
    ids::{AgentIx, ButtonIx, Millis, QueueIx, RequestId},
    routing::{Routing, Target},
    state::conversation::Request,
};

/// A class, by number.
pub type ClassIx = usize;
/// A class that is open to whoever can serve it, by its number among those. Classes that are for one agent, or wait to be picked, have none:
/// nobody is looked for in the index.
pub type SlotIx = usize;

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
        let Routing { priority, accept_by, .. } = *request.routing;
        let by_deadline = accept_by != 0
            && request.routing.target.queue().is_some_and(|it| registry.queue(it).spec.by_deadline);
        let due = if by_deadline { accept_by } else { Millis::MAX };
        Self { priority, due, requested_at: request.requested_at, request: id }
    }
}

#[derive(Debug)]
struct Line {
    class: Class,
    slot: Option<SlotIx>,
    waiting: BTreeSet<Turn>,
    /// Those of them that stand by their deadline, by their age.
    by_age: BTreeSet<(Millis, RequestId)>,
}

impl Line {
    /// Since when the one waits that waits longest. A line is sorted by priority first, so this jumps from one priority to the next, over
    /// those with a deadline, and never walks the line.
    fn oldest(&self) -> Option<Millis> {
        let from = |priority| Turn { priority, due: Millis::MAX, requested_at: 0, request: RequestId(0) };
        let mut oldest = self.by_age.first().map(|it| it.0);
        let mut next = self.waiting.first();
        while let Some(turn) = next {
            let mut priority = turn.priority;
            if turn.due == Millis::MAX {
                oldest = oldest.into_iter().chain([turn.requested_at]).min();
                priority += 1;
            }
            next = self.waiting.range(from(priority)..).next();
        }
        oldest
    }
}

/// Requests that wait, as they wait.
#[derive(Debug, Default)]
pub struct Demand {
    lines: Vec<Line>,
    numbers: FxHashMap<Class, ClassIx>,
    by_agent: BTreeMap<AgentIx, BTreeSet<ClassIx>>,
    by_queue: BTreeMap<QueueIx, BTreeSet<ClassIx>>,
    /// How many wait for each queue, over all its classes.
    queue_lens: FxHashMap<QueueIx, usize>,
    standing: FxHashMap<RequestId, (ClassIx, Turn)>,
    /// The open classes by their slots.
    open: Vec<ClassIx>,
    /// The first of each open class that anything waits in, in turn.
    heads: BTreeSet<(Turn, SlotIx)>,
    /// Open classes that something waits in.
    waiting: Bits,
    layout: Layout,
}

impl Demand {
    /// Where nothing waits yet.
    pub fn new(layout: Layout) -> Self {
        Self { layout, ..Self::default() }
    }

    /// A class by its number.
    pub fn class(&self, number: ClassIx) -> &Class {
        &self.lines[number].class
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
        let is_open = class.addressed.is_none() && !class.picked;
        let slot = is_open.then_some(self.open.len());
        self.open.extend(slot.map(|_| number));
        self.numbers.insert(class.clone(), number);
        self.lines.push(Line { class, slot, waiting: BTreeSet::new(), by_age: BTreeSet::new() });
        (number, true)
    }

    /// The slot of a class, if it is open.
    pub fn slot(&self, class: ClassIx) -> Option<SlotIx> {
        self.lines[class].slot
    }

    /// The open classes with their slots.
    pub fn open_classes(&self) -> impl Iterator<Item = (SlotIx, &Class)> {
        self.open.iter().map(|&number| self.class(number)).enumerate()
    }

    /// Puts a request in line; in another it stands no longer.
    pub fn enter(&mut self, class: ClassIx, turn: Turn) {
        self.leave(turn.request);
        self.change_line(class, |waiting| waiting.insert(turn));
        if let Some(queue) = self.class(class).target.queue() {
            *self.queue_lens.entry(queue).or_default() += 1;
        }
        if turn.due != Millis::MAX {
            self.lines[class].by_age.insert((turn.requested_at, turn.request));
        }
        self.standing.insert(turn.request, (class, turn));
    }

    /// Takes a request out of its line, if it stands in one, and says where it stood.
    pub fn leave(&mut self, request: RequestId) -> Option<(ClassIx, Turn)> {
        let (class, turn) = self.standing.remove(&request)?;
        self.change_line(class, |waiting| waiting.remove(&turn));
        if let Some(queue) = self.class(class).target.queue() {
            *self.queue_lens.entry(queue).or_default() -= 1;
        }
        if turn.due != Millis::MAX {
            self.lines[class].by_age.remove(&(turn.requested_at, turn.request));
        }
        Some((class, turn))
    }

    /// Changes what waits in a class; its head follows.
    fn change_line(&mut self, class: ClassIx, change: impl FnOnce(&mut BTreeSet<Turn>) -> bool) {
        let line = &mut self.lines[class];
        let Some(slot) = line.slot else {
            change(&mut line.waiting);
            return;
        };
        let former = line.waiting.first().copied();
        change(&mut line.waiting);
        let first = line.waiting.first().copied();
        if former == first {
            return;
        }
        former.into_iter().for_each(|it| _ = self.heads.remove(&(it, slot)));
        match first {
            Some(first) => {
                self.heads.insert((first, slot));
                self.waiting.set(slot);
            }
            None => self.waiting.clear(slot),
        }
    }

    /// The first request in turn, of all open classes in a set, that `admits` lets through; `fits` says whether the class as such does.
    /// The set is asked class by class where few of it wait, and in turn where many do.
    pub fn first_among(
        &self,
        set: &Bits,
        fits: &dyn Fn(&Class) -> bool,
        admits: &dyn Fn(Turn) -> bool,
    ) -> Option<Turn> {
        let mut best: Option<Turn> = None;
        let mut look = |slot: SlotIx| {
            let line = &self.lines[self.open[slot]];
            let is_earlier = |turn: &Turn| best.is_none_or(|it| *turn < it);
            if line.waiting.first().is_some_and(is_earlier) && fits(&line.class) {
                let mut turns = line.waiting.iter().copied().take_while(is_earlier);
                best = turns.find(|it| admits(*it)).or(best);
            }
            best
        };
        let mut shared = set.and(&self.waiting);
        let Layout { compared_first, passed_over_max, .. } = self.layout;
        if shared.by_ref().take(compared_first).map(&mut look).count() < compared_first {
            return best;
        }
        for (turn, slot) in self.heads.iter().take(passed_over_max) {
            if set.has(*slot) && look(*slot).is_some_and(|it| it <= *turn) {
                return best;
            }
        }
        shared.for_each(|slot| _ = look(slot));
        best
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
        self.queue_lens.get(&queue).copied().unwrap_or(0)
    }

    /// Since when the one waits that waits longest for a queue.
    pub fn queue_oldest(&self, queue: QueueIx) -> Option<Millis> {
        self.lines_of(queue).filter_map(Line::oldest).min()
    }

    /// So many classes from this number on, those in which anything waits: how much does, and since when the oldest.
    pub fn lines(&self, from: usize, size: usize) -> impl Iterator<Item = (&Class, usize, Option<Millis>)> {
        let some = self.lines.iter().skip(from).take(size).filter(|it| !it.waiting.is_empty());
        some.map(|it| (&it.class, it.waiting.len(), it.oldest()))
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
