//! The ids of the directory's resources as dense numbers, and back.
//!
//! A number is given when an id first appears in a `DirectoryChanged` event and is never taken back, not even when the resource is
//! removed: so the same journal gives the same numbers, and old events stay readable. The engine and the edge (`wire`) each keep
//! one copy, brought up by the same events.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::spec::{Change, ResourceKind};

/// Ids of one kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Interner {
    names: Vec<Arc<str>>,
    #[serde(skip)]
    numbers: FxHashMap<Arc<str>, u32>,
}

impl Interner {
    fn intern(&mut self, id: &str) -> u32 {
        if let Some(&number) = self.numbers.get(id) {
            return number;
        }
        let number =
            u32::try_from(self.names.len()).unwrap_or_else(|_| unreachable!("ids of a kind are bounded"));
        let id: Arc<str> = id.into();
        self.names.push(id.clone());
        self.numbers.insert(id, number);
        number
    }

    fn reindex(&mut self) {
        self.numbers = self.names.iter().cloned().zip(0..).collect();
    }

    /// The number of an id that was there at any time.
    pub fn number(&self, id: &str) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// The id behind a number.
    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// The same, to keep: it is there once, whoever keeps it.
    pub fn shared(&self, number: u32) -> Arc<str> {
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
