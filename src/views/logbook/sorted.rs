//! Sorts many in small steps: what comes is sorted by the run, and the runs are merged as they are taken. So none of it takes long, and who
//! sorts can rest in between.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BinaryHeap, binary_heap::PeekMut},
};

/// Items of a run: they are sorted in about a tenth of a millisecond.
const RUN: usize = if cfg!(test) { 4 } else { 512 };

/// What is being sorted.
#[derive(Debug)]
pub(super) struct Sorted<T> {
    open: Vec<T>,
    /// Each with its least last.
    runs: Vec<Vec<T>>,
}

impl<T: Ord> Sorted<T> {
    pub(super) fn new() -> Self {
        Self { open: Vec::new(), runs: Vec::new() }
    }

    pub(super) fn push(&mut self, item: T) {
        self.open.push(item);
        if self.open.len() == RUN {
            self.close();
        }
    }

    fn close(&mut self) {
        let mut run = std::mem::take(&mut self.open);
        run.sort_unstable_by(|one, other| Ordering::reverse(one.cmp(other)));
        self.runs.push(run);
    }

    /// All of them, the least first.
    pub(super) fn into_ascending(mut self) -> impl Iterator<Item = T> {
        self.close();
        let mut runs = self.runs;
        let first = |(number, run): (usize, &mut Vec<T>)| Some(Reverse((run.pop()?, number)));
        let mut heads: BinaryHeap<_> = runs.iter_mut().enumerate().filter_map(first).collect();
        std::iter::from_fn(move || {
            let mut least = heads.peek_mut()?;
            let Reverse((item, number)) = &mut *least;
            match runs[*number].pop() {
                Some(next) => Some(std::mem::replace(item, next)),
                None => Some(PeekMut::pop(least).0.0),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn what_was_put_in_comes_out_in_order(items in vec(0..50_u8, 0..100)) {
            let mut sorted = Sorted::new();
            items.iter().for_each(|it| sorted.push(*it));
            let mut expected = items;
            expected.sort_unstable();
            prop_assert_eq!(sorted.into_ascending().collect::<Vec<_>>(), expected);
        }
    }
}
