//! The latest events of all orgs, in memory for who follows closely: watchers, the logbook, and the sessions that are told of them. They are
//! bounded together, and who keeps most lets go first: one org's flood costs the others nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::views::orgs::{Durable, Org};

/// Bytes of events, as stored, that all orgs keep, about a second of the highest load. Watchers and the logbook read what is older from the
/// journal; a session that reads so slowly is cut, comes back within its lease and sees the state as it stands.
const BYTES_MAX: usize = 32 << 20;

/// How much each org keeps.
#[derive(Debug, Default)]
pub(super) struct Tails {
    by_org: BTreeMap<Arc<str>, (Arc<Org>, usize)>,
    by_bytes: BTreeSet<(usize, Arc<str>)>,
    bytes: usize,
}

impl Tails {
    /// Publishes a batch, and lets go of the oldest ones that are too many with it.
    pub(super) fn publish(&mut self, org: &Arc<Org>, batch: Arc<Durable>) {
        self.resize(org, |bytes| bytes + batch.bytes);
        org.publish(batch);
        while self.bytes > BYTES_MAX && self.shorten() {}
    }

    /// Lets go of a batch. Whether there was one: each org keeps its last.
    fn shorten(&mut self) -> bool {
        let largest = self.by_bytes.iter().rev().map(|(_, id)| &self.by_org[id].0);
        let shortened = largest.map(|org| (org.clone(), org.shorten_tail())).find(|(_, gone)| *gone > 0);
        shortened.inspect(|(org, gone)| self.resize(org, |bytes| bytes - gone)).is_some()
    }

    fn resize(&mut self, org: &Arc<Org>, size: impl FnOnce(usize) -> usize) {
        let (_, bytes) = self.by_org.entry(org.id.clone()).or_insert_with(|| (org.clone(), 0));
        let (before, now) = (*bytes, size(*bytes));
        *bytes = now;
        self.by_bytes.remove(&(before, org.id.clone()));
        self.by_bytes.insert((now, org.id.clone()));
        self.bytes = self.bytes - before + now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{
            directory::names::Names,
            event::Event,
            ids::{AgentIx, Epoch},
        },
        journal::Position,
    };

    const MEGABYTE: usize = 1 << 20;

    fn org(id: &str) -> Arc<Org> {
        Arc::new(Org::new(id.into(), Names::default(), Position(0)))
    }

    fn publish(tails: &mut Tails, org: &Arc<Org>, first: u64, bytes: usize) {
        let event = Event::SessionEnded { agent: AgentIx(0), epoch: Epoch(1) };
        tails.publish(org, Arc::new(Durable { first: Position(first), at: 1, events: vec![event], bytes }));
    }

    fn kept(org: &Org) -> usize {
        let tail = (1..).find_map(|first| org.recent(Position(first), usize::MAX)).unwrap_or_default();
        tail.iter().map(|it| it.bytes).sum()
    }

    #[test]
    fn who_keeps_most_lets_go_first_and_each_keeps_its_last() {
        let (mut tails, quiet, busy) = (Tails::default(), org("quiet"), org("busy"));
        (1..=3).for_each(|at| publish(&mut tails, &quiet, at, MEGABYTE));
        (1..=100).for_each(|at| publish(&mut tails, &busy, at, MEGABYTE));
        assert_eq!((kept(&quiet), kept(&busy)), (3 * MEGABYTE, BYTES_MAX - 3 * MEGABYTE));

        publish(&mut tails, &busy, 101, 2 * BYTES_MAX);
        assert_eq!(
            (kept(&quiet), kept(&busy)),
            (MEGABYTE, 2 * BYTES_MAX),
            "there is nothing else to let go of"
        );
        publish(&mut tails, &busy, 102, MEGABYTE);
        assert_eq!((kept(&quiet), kept(&busy)), (MEGABYTE, MEGABYTE));
        assert_eq!(tails.bytes, 2 * MEGABYTE);
    }
}
