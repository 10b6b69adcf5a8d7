//! A table by sequence number. Numbers that follow one another share a page, which says in which slot each of their rows lies.
//!
//! ```text
//!   number ─► hash ─► page of 16 numbers ─► slot ─► row
//! ```
//!
//! What is alive was mostly numbered together, so the hash is small, and neighbours are found where the last one was. A page goes with its
//! last row, but for the one where the next row will come: the longest-lived keeps 72 bytes of its own. Whoever walks the table walks in
//! the order of the numbers, so nothing that the engine decides or writes can depend on the order of a hash.

use std::marker::PhantomData;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::rows::Rows;

/// Numbers of a page: their slots are one cache line.
const PAGE: u64 = 16;
/// The slot of a number that has no row.
const NONE: u32 = u32::MAX;

type Page = [u32; 16];
const EMPTY: Page = [NONE; 16];

/// Rows by their number.
#[derive(Debug)]
pub struct Table<K, T> {
    pages: FxHashMap<u64, Page>,
    slots: Rows<Option<T>>,
    free: Vec<u32>,
    /// The page that the last row came into. It may have none.
    latest: u64,
    numbers: PhantomData<K>,
}

impl<K, T> Default for Table<K, T> {
    fn default() -> Self {
        let (pages, slots, free) = (FxHashMap::default(), Rows::default(), Vec::new());
        Self { pages, slots, free, latest: 0, numbers: PhantomData }
    }
}

/// The page of a number, and its place there.
fn page_of(number: u64) -> (u64, usize) {
    (number / PAGE, (number % PAGE) as usize)
}

impl<K: Copy + From<u64> + Into<u64>, T: Clone> Table<K, T> {
    /// Puts a row in. Its number must be new.
    pub fn insert(&mut self, id: K, row: T) {
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(row);
            slot
        } else {
            self.slots.push(Some(row));
            u32::try_from(self.slots.len() - 1)
                .unwrap_or_else(|_| unreachable!("tables are bounded far below 2^32"))
        };
        let (number, place) = page_of(id.into());
        if number != self.latest {
            let former = std::mem::replace(&mut self.latest, number);
            if self.pages.get(&former) == Some(&EMPTY) {
                self.pages.remove(&former);
            }
        }
        let page = self.pages.entry(number).or_insert(EMPTY);
        let former = std::mem::replace(&mut page[place], slot);
        assert!(former == NONE, "a number is given once");
    }

    /// Takes a row out.
    pub fn remove(&mut self, id: K) -> Option<T> {
        let (number, place) = page_of(id.into());
        let page = self.pages.get_mut(&number)?;
        let slot = std::mem::replace(&mut page[place], NONE);
        if number != self.latest && *page == EMPTY {
            self.pages.remove(&number);
        }
        let row = self.slots.on_its_page_mut(slot as usize)?.take();
        self.free.push(slot);
        row
    }

    fn slot(&self, id: K) -> Option<usize> {
        let (page, place) = page_of(id.into());
        Some(self.pages.get(&page)?[place] as usize)
    }

    /// A row.
    pub fn get(&self, id: K) -> Option<&T> {
        self.slots.on_its_page(self.slot(id)?)?.as_ref()
    }

    /// A row, to change it.
    pub fn get_mut(&mut self, id: K) -> Option<&mut T> {
        let slot = self.slot(id)?;
        self.slots.on_its_page_mut(slot)?.as_mut()
    }

    /// A row that must be there.
    pub fn at(&self, id: K) -> &T {
        self.get(id).unwrap_or_else(|| unreachable!("what refers to a row ends before it"))
    }

    /// A row that must be there, to change it.
    pub fn at_mut(&mut self, id: K) -> &mut T {
        self.get_mut(id).unwrap_or_else(|| unreachable!("what refers to a row ends before it"))
    }

    /// The same rows, as they are now.
    #[must_use]
    pub fn as_they_are(&mut self) -> Self {
        let (pages, slots, free) = (self.pages.clone(), self.slots.as_they_are(), self.free.clone());
        Self { pages, slots, free, latest: self.latest, numbers: PhantomData }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All numbers, in order.
    pub fn ids(&self) -> Vec<K> {
        let mut pages: Vec<(u64, &Page)> = self.pages.iter().map(|(number, page)| (*number, page)).collect();
        pages.sort_unstable_by_key(|it| it.0);
        let of_page = |(number, page): (u64, &Page)| {
            let all = (number * PAGE..).zip(*page);
            all.filter(|it| it.1 != NONE).map(|it| K::from(it.0)).collect::<Vec<K>>()
        };
        pages.into_iter().flat_map(of_page).collect()
    }
}

impl<K: Copy + From<u64> + Into<u64> + Serialize, T: Clone + Serialize> Serialize for Table<K, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.ids().into_iter().map(|id| (id, self.at(id))))
    }
}

impl<'de, K: Copy + From<u64> + Into<u64> + Deserialize<'de>, T: Clone + Deserialize<'de>> Deserialize<'de>
    for Table<K, T>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<(K, T)>::deserialize(deserializer)?;
        let mut table = Self::default();
        rows.into_iter().for_each(|(id, row)| table.insert(id, row));
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::RequestId;

    #[test]
    fn rows_are_found_by_their_numbers_and_pages_go_with_the_last() {
        let mut table = Table::default();
        for number in (1..=1_000).rev() {
            table.insert(RequestId(number), number);
        }
        let kept = |number: &u64| number.is_multiple_of(50);
        for number in (1..=1_000).filter(|it| !kept(it)) {
            assert_eq!(table.remove(RequestId(number)), Some(number));
            assert_eq!(table.remove(RequestId(number)), None);
        }
        for number in 0..=1_100 {
            let row = Some(number).filter(|it| (1..=1_000).contains(it) && kept(it));
            assert_eq!(table.get(RequestId(number)).copied(), row);
            assert_eq!(table.get_mut(RequestId(number)).copied(), row);
        }
        let numbers: Vec<u64> = table.ids().into_iter().map(u64::from).collect();
        assert_eq!(numbers, (1..=20).map(|it| it * 50).collect::<Vec<u64>>());
        let sizes = |it: &Table<RequestId, u64>| (it.len(), it.pages.len(), it.slots.len());
        assert_eq!(sizes(&table), (20, 21, 1_000), "the page of the latest row stays, though it has none");
        table.insert(RequestId(1_001), 1_001);
        assert_eq!(sizes(&table), (21, 20, 1_000), "a slot that is free is used again");

        let read: Table<RequestId, u64> =
            postcard::from_bytes(&postcard::to_stdvec(&table).expect("it encodes")).expect("it decodes");
        assert_eq!((read.ids(), read.len()), (table.ids(), 21), "and it comes back the same");
    }
}
