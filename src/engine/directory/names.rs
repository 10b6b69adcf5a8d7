//! The ids of the directory's resources as dense numbers, and back.
//!
//! A number is given when an id first appears in a `DirectoryChanged` event and is never taken back, not even when the resource is
//! removed: so the same journal gives the same numbers, and old events stay readable. The engine and the edge (`wire`) each keep
//! one copy, brought up by the same events.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::spec::{Change, ResourceKind};

/// Ids of one kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Interner {
    names: Vec<SmolStr>,
    /// Which of them an id is. The ids themselves are not in it: it stays small, and near.
    #[serde(skip)]
    numbers: HashTable<u32>,
}

fn hash(id: &str) -> u64 {
    FxBuildHasher.hash_one(id)
}

impl Interner {
    fn intern(&mut self, id: &str) {
        if self.number(id).is_none() {
            self.names.push(id.into());
            self.index(self.names.len() - 1);
        }
    }

    fn index(&mut self, place: usize) {
        let number = u32::try_from(place).unwrap_or_else(|_| unreachable!("ids of a kind are bounded"));
        let Self { names, numbers } = self;
        numbers.insert_unique(hash(&names[place]), number, |it| hash(&names[*it as usize]));
    }

    fn reindex(&mut self) {
        self.numbers = HashTable::with_capacity(self.names.len());
        (0..self.names.len()).for_each(|place| self.index(place));
    }

    /// The number of an id that was there at any time.
    pub fn number(&self, id: &str) -> Option<u32> {
        self.numbers.find(hash(id), |it| *self.names[*it as usize] == *id).copied()
    }

    /// The id behind a number.
    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// The same, to keep.
    pub fn shared(&self, number: u32) -> SmolStr {
        self.names[number as usize].clone()
    }

    /// How many ids were ever there.
    pub fn count(&self) -> usize {
        self.names.len()
    }
}

/// The ids of all kinds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Names([Interner; 7]);

impl Names {
    /// The ids of one kind.
    pub fn of(&self, kind: ResourceKind) -> &Interner {
        &self.0[kind as usize]
    }

    /// Gives numbers to the ids that appear in these changes, in their order.
    pub fn intern(&mut self, changes: &[Change]) {
        for change in changes {
            if let Change::Create(resource) | Change::Replace(resource) = change {
                self.0[resource.kind() as usize].intern(resource.id());
            }
        }
    }

    /// The number of an id that was there at any time.
    pub fn number<T: From<u32>>(&self, kind: ResourceKind, id: &str) -> Option<T> {
        self.of(kind).number(id).map(T::from)
    }

    /// Rebuilds what a snapshot leaves out.
    pub fn reindex(&mut self) {
        self.0.iter_mut().for_each(Interner::reindex);
    }
}
