//! Rows by their place, in pages that a copy shares. A copy is made in the time that its pages take to count; whoever then changes a row has
//! a page of its own first. So a snapshot is encoded beside the engine, all of it of one moment, and nobody waits.
//!
//! ```text
//!   place ─► page of 16 rows ─► row
//!                 └─ shared with a copy: copied by the first of the two that changes a row of it
//! ```

use std::{
    fmt,
    ops::{Deref, Index, IndexMut},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeSeq};
use triomphe::{Arc, UniqueArc};

/// Rows of a page: as few as the pointers to them stay few, for the first change after a copy pays for all of them.
const PAGE: usize = 16;

/// Rows by their place. Those that the last page has beyond the last row are empty.
pub struct Rows<T> {
    pages: Vec<Page<[T; PAGE]>>,
    len: usize,
}

/// Whether it is shared stands beside the pointer: who changes a row of one that is not has nothing to look at but the row.
enum Page<P> {
    Own(UniqueArc<P>),
    /// With a copy that may be gone by now.
    Shared(Arc<P>),
}

impl<P> Deref for Page<P> {
    type Target = P;

    fn deref(&self) -> &P {
        match self {
            Self::Own(page) => page,
            Self::Shared(page) => page,
        }
    }
}

impl<P> Page<P> {
    fn share(self) -> Arc<P> {
        match self {
            Self::Own(page) => page.shareable(),
            Self::Shared(page) => page,
        }
    }
}

impl<P: Clone> Page<P> {
    #[inline]
    fn changing(&mut self) -> &mut P {
        if let Self::Shared(page) = self {
            *self = Self::Own(copy(page));
        }
        match self {
            Self::Own(page) => page,
            Self::Shared(_) => unreachable!("it is its own now"),
        }
    }
}

/// Once after a copy of all; by itself, so that it is in nobody's way.
#[cold]
#[inline(never)]
fn copy<P: Clone>(page: &Arc<P>) -> UniqueArc<P> {
    UniqueArc::new(P::clone(page))
}

impl<T: fmt::Debug> fmt::Debug for Rows<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), len: 0 }
    }
}

impl<T> Rows<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A row.
    pub fn get(&self, place: usize) -> Option<&T> {
        if place < self.len { self.on_its_page(place) } else { None }
    }

    /// A row, or an empty one where its page is there and it is not.
    #[inline]
    pub(super) fn on_its_page(&self, place: usize) -> Option<&T> {
        Some(&self.pages.get(place / PAGE)?[place % PAGE])
    }

    /// The same rows, as they are now.
    #[must_use]
    pub fn as_they_are(&mut self) -> Self {
        let shared: Vec<Arc<_>> = std::mem::take(&mut self.pages).into_iter().map(Page::share).collect();
        self.pages = shared.iter().cloned().map(Page::Shared).collect();
        Self { pages: shared.into_iter().map(Page::Shared).collect(), len: self.len }
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.iter()).take(self.len)
    }
}

impl<T: Clone + Default> Rows<T> {
    /// The same as `on_its_page`, to change it.
    #[inline]
    pub(super) fn on_its_page_mut(&mut self, place: usize) -> Option<&mut T> {
        Some(&mut self.pages.get_mut(place / PAGE)?.changing()[place % PAGE])
    }

    /// Adds the next.
    pub fn push(&mut self, row: T) {
        let place = self.len;
        self.grow(place + 1);
        self[place] = row;
    }

    /// Makes them so many, if they are fewer: those that come are empty.
    pub fn grow(&mut self, len: usize) {
        self.len = self.len.max(len);
        self.pages.resize_with(self.len.div_ceil(PAGE), || {
            Page::Own(UniqueArc::new(std::array::from_fn(|_| T::default())))
        });
    }
}

impl<T> Index<usize> for Rows<T> {
    type Output = T;

    fn index(&self, place: usize) -> &T {
        self.on_its_page(place).unwrap_or_else(|| unreachable!("a row is asked for that is there"))
    }
}

impl<T: Clone + Default> IndexMut<usize> for Rows<T> {
    fn index_mut(&mut self, place: usize) -> &mut T {
        self.on_its_page_mut(place).unwrap_or_else(|| unreachable!("a row is asked for that is there"))
    }
}

impl<T: Serialize> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.len))?;
        self.iter().try_for_each(|row| rows.serialize_element(row))?;
        rows.end()
    }
}

impl<'de, T: Clone + Default + Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rows = Self::default();
        Vec::<T>::deserialize(deserializer)?.into_iter().for_each(|row| rows.push(row));
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_stays_as_it_was_and_shares_what_did_not_change() {
        let mut rows = Rows::default();
        (0..100_usize).for_each(|row| rows.push(row));
        let copy = rows.as_they_are();
        rows[40] = 7;
        rows.push(100);
        rows.grow(103);
        assert!(copy.iter().copied().eq(0..100), "a copy is of one moment");
        assert_eq!((copy.get(100), copy.get(96), copy.len()), (None, Some(&96), 100));
        let now = (0..103).map(|row| match row {
            40 => 7,
            101.. => 0,
            _ => row,
        });
        assert!(rows.iter().copied().eq(now));
        let shared = rows
            .pages
            .iter()
            .zip(&copy.pages)
            .map(|(one, other)| std::ptr::eq(&raw const **one, &raw const **other));
        assert_eq!(shared.collect::<Vec<_>>(), [true, true, false, true, true, true, false]);

        let read: Rows<usize> =
            postcard::from_bytes(&postcard::to_stdvec(&rows).expect("it encodes")).expect("it decodes");
        assert!(rows.iter().eq(read.iter()), "and it comes back the same");
    }
}
