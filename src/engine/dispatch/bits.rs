//! Sets of small numbers, one bit each: who could serve a class, who has which room, which classes wait. The intersection of two is a
//! few words an operation, however many agents differ.
//!
//! A second row says which words have any bit: 4,096 numbers are looked at in one step, and of those only the words that matter. So a set of
//! few among many is gone through in about its own length, and what the other of the two does not have is not fetched from memory.

use smallvec::SmallVec;

/// A set of small numbers.
#[derive(Debug, Clone, Default)]
pub struct Bits {
    words: Vec<u64>,
    /// Which words are not 0.
    filled: SmallVec<[u64; 2]>,
}

impl Bits {
    /// Puts a number in.
    pub fn set(&mut self, number: usize) {
        let (word, bit) = (number / 64, number % 64);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
            self.filled.resize(word / 64 + 1, 0);
        }
        self.words[word] |= 1 << bit;
        self.filled[word / 64] |= 1 << (word % 64);
    }

    /// Takes a number out.
    pub fn clear(&mut self, number: usize) {
        let place = number / 64;
        if let Some(word) = self.words.get_mut(place) {
            *word &= !(1 << (number % 64));
            if *word == 0 {
                self.filled[place / 64] &= !(1 << (place % 64));
            }
        }
    }

    /// All numbers below one.
    pub fn up_to(end: usize) -> Self {
        let mut words = vec![u64::MAX; end / 64];
        words.push((1 << (end % 64)) - 1);
        Self::of(words)
    }

    fn of(words: Vec<u64>) -> Self {
        let is_filled =
            |words: &[u64]| words.iter().rev().fold(0, |bits, it| bits << 1 | u64::from(*it != 0));
        Self { filled: words.chunks(64).map(is_filled).collect(), words }
    }

    /// Takes out what is not in another.
    pub fn meet(&mut self, other: &Self) {
        let mut words = std::mem::take(&mut self.words);
        words.truncate(other.words.len());
        words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
        *self = Self::of(words);
    }

    /// Puts in what is in another.
    pub fn join(&mut self, other: &Self) {
        let mut words = std::mem::take(&mut self.words);
        words.resize(words.len().max(other.words.len()), 0);
        words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
        *self = Self::of(words);
    }

    /// The bits of 64 numbers, the lowest first.
    pub fn word(&self, place: usize) -> u64 {
        self.words.get(place).copied().unwrap_or(0)
    }

    /// Whether a number is in.
    pub fn has(&self, number: usize) -> bool {
        self.word(number / 64) >> (number % 64) & 1 == 1
    }

    /// The numbers in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.and(self)
    }

    /// The numbers that are in both, in order.
    pub fn and<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        Both { one: self, other, next_row: 0, row: Word::default(), word: Word::default() }
    }
}

/// The bits of 64 numbers, from this one on, that are still to be gone through.
#[derive(Default)]
struct Word {
    first: usize,
    bits: u64,
}

impl Word {
    fn pop(&mut self) -> usize {
        let lowest = self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        self.first + lowest
    }
}

/// Goes through the numbers that are in both of two sets.
struct Both<'a> {
    one: &'a Bits,
    other: &'a Bits,
    next_row: usize,
    /// Places of words that are not 0 in either.
    row: Word,
    word: Word,
}

impl Iterator for Both<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.word.bits == 0 {
            while self.row.bits == 0 {
                let (one, other) =
                    (self.one.filled.get(self.next_row)?, self.other.filled.get(self.next_row)?);
                self.row = Word { first: self.next_row * 64, bits: one & other };
                self.next_row += 1;
            }
            let place = self.row.pop();
            self.word = Word { first: place * 64, bits: self.one.words[place] & self.other.words[place] };
        }
        Some(self.word.pop())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::btree_set, prelude::*};

    use super::Bits;

    fn bits(numbers: &BTreeSet<usize>) -> Bits {
        let mut bits = Bits::default();
        numbers.iter().for_each(|it| bits.set(*it));
        bits
    }

    /// Some numbers lie near each other, so that words and rows of words are shared, and become empty.
    fn numbers() -> impl Strategy<Value = BTreeSet<usize>> {
        btree_set(prop_oneof![0..70_usize, 4_090..4_100_usize, 0..20_000_usize], 0..40)
    }

    proptest! {
        #[test]
        fn a_set_has_what_was_put_in_and_not_taken_out(put in numbers(), taken in numbers(), others in numbers()) {
            let mut some = bits(&put);
            taken.iter().for_each(|it| some.clear(*it));
            let kept: BTreeSet<usize> = &put - &taken;
            prop_assert!(some.iter().eq(kept.iter().copied()));
            prop_assert!(put.iter().chain(&others).all(|it| some.has(*it) == kept.contains(it)));

            let other = bits(&others);
            let (mut both, mut either) = (some.clone(), some.clone());
            both.meet(&other);
            either.join(&other);
            let shared: Vec<usize> = (&kept & &others).into_iter().collect();
            prop_assert!(some.and(&other).eq(shared.iter().copied()));
            prop_assert!(other.and(&some).eq(shared.iter().copied()));
            prop_assert!(both.iter().eq(shared.iter().copied()));
            prop_assert!(either.iter().eq((&kept | &others).iter().copied()));
            // Both go on as if their numbers had been put in one by one.
            for set in [&mut both, &mut either] {
                set.set(77);
                prop_assert!(set.and(&bits(&[77].into())).eq([77]));
            }
        }

        #[test]
        fn all_below_a_number_are_in(end in 0..10_000_usize) {
            prop_assert!(Bits::up_to(end).iter().eq(0..end));
        }
    }
}
