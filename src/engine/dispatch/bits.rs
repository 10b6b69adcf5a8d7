//! Sets of small numbers, one bit each: who could serve a class, who has which room, which classes wait. The intersection of two is a
//! few words an operation, however many agents differ.

/// A set of small numbers.
#[derive(Debug, Clone, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// Puts a number in.
    pub fn set(&mut self, number: usize) {
        if self.0.len() <= number / 64 {
            self.0.resize(number / 64 + 1, 0);
        }
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Takes a number out.
    pub fn clear(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    /// All numbers below one.
    pub fn up_to(end: usize) -> Self {
        let mut words = vec![u64::MAX; end / 64];
        words.push((1 << (end % 64)) - 1);
        Self(words)
    }

    /// Takes out what is not in another.
    pub fn meet(&mut self, other: &Self) {
        self.0.truncate(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    /// Puts in what is in another.
    pub fn join(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    /// The bits of 64 numbers, the lowest first.
    pub fn word(&self, place: usize) -> u64 {
        self.0.get(place).copied().unwrap_or(0)
    }

    /// Whether a number is in.
    pub fn has(&self, number: usize) -> bool {
        self.word(number / 64) >> (number % 64) & 1 == 1
    }

    /// The numbers in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(place, word)| ones(place, *word))
    }

    /// The numbers that are in both, in order.
    pub fn and<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        let words = self.0.iter().zip(&other.0).map(|(one, other)| one & other).enumerate();
        words.filter(|(_, word)| *word != 0).flat_map(|(place, word)| ones(place, word))
    }
}

/// The numbers that a word at a place stands for.
fn ones(place: usize, mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as usize;
        (word != 0).then(|| {
            word &= word - 1;
            place * 64 + bit
        })
    })
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn a_set_has_what_was_put_in_and_not_taken_out() {
        let (mut some, mut others) = (Bits::default(), Bits::default());
        for number in [0, 1, 63, 64, 200] {
            some.set(number);
        }
        for number in [1, 64, 65] {
            others.set(number);
        }
        some.clear(1);
        some.clear(9_999);
        assert_eq!(some.iter().collect::<Vec<_>>(), [0, 63, 64, 200]);
        assert_eq!(some.and(&others).collect::<Vec<_>>(), [64]);
        assert_eq!(others.and(&some).collect::<Vec<_>>(), [64]);
        assert_eq!((some.has(200), some.has(1), some.has(100_000)), (true, false, false));
        assert_eq!(Bits::up_to(130).iter().collect::<Vec<_>>(), (0..130).collect::<Vec<_>>());
        let (mut both, mut either) = (some.clone(), others.clone());
        both.meet(&others);
        either.join(&some);
        assert_eq!(both.iter().collect::<Vec<_>>(), [64]);
        assert_eq!(either.iter().collect::<Vec<_>>(), [0, 1, 63, 64, 65, 200]);
    }
}
