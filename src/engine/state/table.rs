//! A table by sequence number: a hash from number to slot, and the slots in one vector.
//!
//! Growing moves the small hash, never the rows. Whoever walks it walks in the order of the numbers, so nothing that the engine
//! decides or writes can depend on the order of a hash.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Rows by their number.
#[derive(Debug, Clone)]
pub struct Table<K, T> {
    places: FxHashMap<K, u32>,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<K, T> Default for Table<K, T> {
    fn default() -> Self {
        Self { places: FxHashMap::default(), slots: Vec::new(), free: Vec::new() }
    }
}

impl<K: Copy + Ord + std::hash::Hash, T> Table<K, T> {
    /// Puts a row in. Its number must be new.
    pub fn insert(&mut self, id: K, row: T) {
        let place = if let Some(place) = self.free.pop() {
            self.slots[place as usize] = Some(row);
            place
        } else {
            self.slots.push(Some(row));
            u32::try_from(self.slots.len() - 1)
                .unwrap_or_else(|_| unreachable!("tables are bounded far below 2^32"))
        };
        let former = self.places.insert(id, place);
        assert!(former.is_none(), "a number is given once");
    }

    /// Takes a row out.
    pub fn remove(&mut self, id: K) -> Option<T> {
        let place = self.places.remove(&id)?;
        self.free.push(place);
        self.slots[place as usize].take()
    }

    /// A row.
    pub fn get(&self, id: K) -> Option<&T> {
        self.slots[*self.places.get(&id)? as usize].as_ref()
    }

    /// A row, to change it.
    pub fn get_mut(&mut self, id: K) -> Option<&mut T> {
        self.slots[*self.places.get(&id)? as usize].as_mut()
    }

    /// A row that must be there.
    pub fn at(&self, id: K) -> &T {
        self.get(id).unwrap_or_else(|| unreachable!("what refers to a row ends before it"))
    }

    /// A row that must be there, to change it.
    pub fn at_mut(&mut self, id: K) -> &mut T {
        self.get_mut(id).unwrap_or_else(|| unreachable!("what refers to a row ends before it"))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// All numbers, in order.
    pub fn ids(&self) -> Vec<K> {
        let mut ids: Vec<K> = self.places.keys().copied().collect();
        ids.sort_unstable();
        ids
    }
}

impl<K: Copy + Ord + std::hash::Hash + Serialize, T: Serialize> Serialize for Table<K, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.ids().into_iter().map(|id| (id, self.at(id))))
    }
}

impl<'de, K: Copy + Ord + std::hash::Hash + Deserialize<'de>, T: Deserialize<'de>> Deserialize<'de>
    for Table<K, T>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<(K, T)>::deserialize(deserializer)?;
        let mut table = Self::default();
        rows.into_iter().for_each(|(id, row)| table.insert(id, row));
        Ok(table)
    }
}
