//! The index of requests that wait: by class, then in the order of service. At rest it costs nothing, however much waits.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{Layout, PASSED, bits::Bits, eligible::Class};
use crate::engine::{
    directory::registry::Registry,
    ids::{AgentIx, ButtonIx, Millis, QueueIx, RequestId},
    routing::{Routing, Target},
    state::{conversation::Request, table::Table},
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
    weight: WeightIx,
    waiting: BTreeSet<Turn>,
    /// Those of them that stand by their deadline, by their age.
    by_age: BTreeSet<(Millis, RequestId)>,
}

impl Line {
    /// Since when the one waits that waits longest. A line is sorted by priority first, so this jumps from one priority to the next, over
    /// those with a deadline, and never walks the line.
    fn oldest(&self) -> Option<Millis> {
        let mut steps = usize::MAX;
        self.oldest_from(0, &mut steps).0
    }

    /// The same of those with a deadline, and of the others from this priority on; after so many steps it stops, and says where to go on.
    fn oldest_from(&self, priority: u32, steps: &mut usize) -> (Option<Millis>, Option<u32>) {
        let from = |priority| Turn { priority, due: Millis::MAX, requested_at: 0, request: RequestId(0) };
        let mut oldest = self.by_age.first().map(|it| it.0);
        let mut next = self.waiting.range(from(priority)..).next();
        while let Some(turn) = next {
            if *steps == 0 {
                return (oldest, Some(turn.priority));
            }
            *steps -= 1;
            let mut priority = turn.priority;
            if turn.due == Millis::MAX {
                oldest = oldest.into_iter().chain([turn.requested_at]).min();
                priority += 1;
            }
            next = self.waiting.range(from(priority)..).next();
        }
        (oldest, None)
    }
}

/// How far a walk over all lines has come: the class, and from which of its priorities on it is still to be looked at, where it has begun.
pub type WalkedTo = (ClassIx, Option<u32>);

/// An open class.
#[derive(Debug, Clone, Copy)]
struct Open {
    class: ClassIx,
    /// The first of its line.
    first: Option<Turn>,
}

/// Open classes that take the same: an agent has room for all of them or for none.
#[derive(Debug)]
struct Weight {
    /// One of them.
    example: ClassIx,
    /// Those that something waits in.
    waiting: Bits,
    /// The first of each of these, in turn.
    heads: BTreeSet<(Turn, SlotIx)>,
}

type WeightIx = usize;

/// Requests that wait, as they wait.
#[derive(Debug, Default)]
pub struct Demand {
    lines: Vec<Line>,
    numbers: FxHashMap<Class, ClassIx>,
    /// Classes that are for one agent and that something waits in.
    by_agent: BTreeMap<AgentIx, BTreeSet<ClassIx>>,
    by_queue: BTreeMap<QueueIx, BTreeSet<ClassIx>>,
    /// How many wait for each queue, over all its classes.
    queue_lens: FxHashMap<QueueIx, usize>,
    standing: Table<RequestId, (ClassIx, Turn)>,
    /// The open classes by their slots.
    open: Vec<Open>,
    weights: Vec<Weight>,
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
        if let Some(queue) = class.target.queue() {
            self.by_queue.entry(queue).or_default().insert(number);
        }
        let is_open = class.addressed.is_none() && !class.picked;
        let slot = is_open.then_some(self.open.len());
        self.open.extend(slot.map(|_| Open { class: number, first: None }));
        let weight = self.weight(&class, number);
        self.numbers.insert(class.clone(), number);
        self.lines.push(Line { class, slot, weight, waiting: BTreeSet::new(), by_age: BTreeSet::new() });
        (number, true)
    }

    /// The classes that take the same as this one, which is among them from now on.
    fn weight(&mut self, class: &Class, number: ClassIx) -> WeightIx {
        let takes = |it: &Class| (it.channel, it.units, it.interruptible, it.capacity);
        let same = |it: &Weight| takes(&self.lines[it.example].class) == takes(class);
        self.weights.iter().position(same).unwrap_or_else(|| {
            self.weights.push(Weight { example: number, waiting: Bits::default(), heads: BTreeSet::new() });
            self.weights.len() - 1
        })
    }

    /// The class of a request that stands in line.
    pub fn class_of(&self, request: RequestId) -> Option<ClassIx> {
        self.standing.get(request).map(|it| it.0)
    }

    /// The slot of a class, if it is open.
    pub fn slot(&self, class: ClassIx) -> Option<SlotIx> {
        self.lines[class].slot
    }

    /// The open classes with their slots.
    pub fn open_classes(&self) -> impl Iterator<Item = (SlotIx, &Class)> {
        self.open.iter().map(|it| self.class(it.class)).enumerate()
    }

    /// Puts a request that stands in no line in one.
    pub fn enter(&mut self, class: ClassIx, turn: Turn) {
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
        let (class, turn) = self.standing.remove(request)?;
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
        change(&mut line.waiting);
        let first = line.waiting.first().copied();
        if let Some(slot) = line.slot {
            self.head_is(slot, self.lines[class].weight, first);
        } else if let Some(agent) = line.class.addressed {
            if first.is_some() {
                self.by_agent.entry(agent).or_default().insert(class);
            } else if let Some(classes) = self.by_agent.get_mut(&agent) {
                classes.remove(&class);
                if classes.is_empty() {
                    self.by_agent.remove(&agent);
                }
            }
        }
    }

    /// Another request may be the first of an open class.
    fn head_is(&mut self, slot: SlotIx, weight: WeightIx, first: Option<Turn>) {
        let former = std::mem::replace(&mut self.open[slot].first, first);
        if former == first {
            return;
        }
        let weight = &mut self.weights[weight];
        former.into_iter().for_each(|it| _ = weight.heads.remove(&(it, slot)));
        match first {
            Some(first) => {
                weight.heads.insert((first, slot));
                weight.waiting.set(slot);
            }
            None => weight.waiting.clear(slot),
        }
    }

    /// The first request in turn, of all open classes in a set, that `admits` lets through; `fits` says whether there is room for what
    /// the class takes.
    pub fn first_among(
        &self,
        set: &Bits,
        fits: &dyn Fn(&Class) -> bool,
        admits: &dyn Fn(Turn) -> bool,
    ) -> Option<Turn> {
        let fitting = self.weights.iter().filter(|it| !it.heads.is_empty() && fits(self.class(it.example)));
        fitting.fold(None, |best, it| self.first_of_weight(it, set, admits, best))
    }

    /// The same among classes that take the same, unless another is earlier. The set is asked class by class where few of it wait, and in
    /// turn where many do.
    fn first_of_weight(
        &self,
        weight: &Weight,
        set: &Bits,
        admits: &dyn Fn(Turn) -> bool,
        mut best: Option<Turn>,
    ) -> Option<Turn> {
        let (mut shared, mut heads) = (set.and(&weight.waiting), weight.heads.iter());
        loop {
            for _ in 0..self.layout.step {
                let Some(slot) = shared.next() else { return best };
                best = self.first_of_class(slot, admits, best);
            }
            for (turn, slot) in heads.by_ref().take(PASSED * self.layout.step) {
                if set.has(*slot) {
                    best = self.first_of_class(*slot, admits, best);
                }
                if best.is_some_and(|it| it <= *turn) {
                    return best;
                }
            }
        }
    }

    /// The same in one open class.
    fn first_of_class(
        &self,
        slot: SlotIx,
        admits: &dyn Fn(Turn) -> bool,
        best: Option<Turn>,
    ) -> Option<Turn> {
        let Open { class, first } = self.open[slot];
        let is_earlier = |turn: &Turn| best.is_none_or(|it| *turn < it);
        let Some(first) = first.filter(is_earlier) else { return best };
        let mut others = self.lines[class].waiting.iter().skip(1).copied().take_while(is_earlier);
        let found = if admits(first) { Some(first) } else { others.find(|it| admits(*it)) };
        found.or(best)
    }

    /// What waits in a class, in turn.
    pub fn line(&self, class: ClassIx) -> impl Iterator<Item = Turn> + '_ {
        self.lines[class].waiting.iter().copied()
    }

    /// Classes that address this agent by name and that something waits in.
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

    /// Walks on over all lines, so many steps, a class or a priority each: how much waits in a class, said once, and since when the
    /// oldest of what was looked at. Where to go on; none: it is through.
    pub fn walk(
        &self,
        (class, mut begun): WalkedTo,
        mut steps: usize,
        mut see: impl FnMut(&Class, usize, Option<Millis>),
    ) -> Option<WalkedTo> {
        for (number, line) in self.lines.iter().enumerate().skip(class) {
            if steps == 0 {
                return Some((number, None));
            }
            steps -= 1;
            if !line.waiting.is_empty() {
                let waiting = if begun.is_none() { line.waiting.len() } else { 0 };
                let (oldest, rest) = line.oldest_from(begun.unwrap_or(0), &mut steps);
                see(&line.class, waiting, oldest);
                if rest.is_some() {
                    return Some((number, rest));
                }
            }
            begun = None;
        }
        None
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
