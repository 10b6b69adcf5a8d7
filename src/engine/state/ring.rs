//! The latest of what is numbered densely. A number says where its row is, and growing moves no more than a block: the millionth row is
//! added as fast as the first.

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use triomphe::Arc;

/// Rows of a block.
const BLOCK: usize = 4_096;

/// Rows by number, the latest of them.
#[derive(Debug, Clone)]
pub struct Ring<T> {
    /// The number of the oldest row.
    first: u64,
    len: usize,
    /// Rows before the oldest in the first block, which are forgotten.
    skip: usize,
    /// A copy shares them, until one of the two changes a row.
    blocks: VecDeque<Arc<Vec<T>>>,
}

impl<T: Clone> Default for Ring<T> {
    fn default() -> Self {
        Self::from_first(0)
    }
}

impl<T: Clone> Ring<T> {
    /// None yet; the next has this number.
    pub fn from_first(first: u64) -> Self {
        Self { first, len: 0, skip: 0, blocks: VecDeque::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of the oldest, or of the next where there is none.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number of the next.
    pub fn next(&self) -> u64 {
        self.first + self.len as u64
    }

    /// Adds the next.
    pub fn push(&mut self, row: T) {
        match self.blocks.back_mut() {
            Some(block) if block.len() < BLOCK => Arc::make_mut(block).push(row),
            _ => self.blocks.push_back(Arc::new(vec![row])),
        }
        self.len += 1;
    }

    /// Forgets the oldest.
    pub fn forget(&mut self) {
        if self.is_empty() {
            return;
        }
        (self.first, self.len, self.skip) = (self.first + 1, self.len - 1, self.skip + 1);
        if self.skip == BLOCK {
            self.blocks.pop_front();
            self.skip = 0;
        }
    }

    fn place(&self, number: u64) -> Option<(usize, usize)> {
        let place = self.skip + usize::try_from(number.checked_sub(self.first)?).ok()?;
        Some((place / BLOCK, place % BLOCK))
    }

    /// The row of a number.
    pub fn get(&self, number: u64) -> Option<&T> {
        let (block, place) = self.place(number)?;
        self.blocks.get(block)?.get(place)
    }

    /// The row of a number, to change it.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let (block, place) = self.place(number)?;
        Arc::make_mut(self.blocks.get_mut(block)?).get_mut(place)
    }

    /// All with their numbers, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        (self.first..).zip(self.blocks.iter().flat_map(|block| block.iter()).skip(self.skip))
    }
}

impl<T: Clone + Serialize> Serialize for Ring<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<&T> = self.iter().map(|(_, row)| row).collect();
        (self.first, rows).serialize(serializer)
    }
}

impl<'de, T: Clone + Deserialize<'de>> Deserialize<'de> for Ring<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, rows) = <(u64, Vec<T>)>::deserialize(deserializer)?;
        let mut ring = Self::from_first(first);
        rows.into_iter().for_each(|row| ring.push(row));
        Ok(ring)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_number_while_older_ones_are_forgotten() {
        let mut ring = Ring::default();
        for number in 0..10_000_u64 {
            assert_eq!(ring.next(), number);
            ring.push(number);
            if ring.len() > 5_000 {
                ring.forget();
            }
            let kept = ring.first()..ring.next();
            assert_eq!(ring.get(number), Some(&number));
            assert_eq!(ring.get(kept.start), Some(&kept.start));
            assert_eq!(kept.start.checked_sub(1).and_then(|it| ring.get(it)), None);
            assert_eq!(ring.get(kept.end), None);
        }
        assert!(ring.iter().all(|(number, row)| number == *row));
        assert_eq!((ring.first(), ring.len(), ring.iter().count()), (5_000, 5_000, 5_000));
        assert!(ring.blocks.len() <= 3, "what is forgotten is let go");

        let read: Ring<u64> =
            postcard::from_bytes(&postcard::to_stdvec(&ring).expect("it encodes")).expect("it decodes");
        assert!(ring.iter().eq(read.iter()), "and it comes back the same");
    }
}
