//! From ids to dense numbers and back, where neither direction can fail.

use super::{UNKNOWN, check::Check};
use crate::engine::{
    directory::{names::Names, spec::ResourceKind},
    ids::{AgentIx, ButtonIx, ChannelIx, Millis, QueueIx, SkillIx, StatusIx},
};

/// A dense number that knows of which kind it is.
pub(super) trait Named: From<u32> + Copy {
    const KIND: ResourceKind;
    fn number(self) -> u32;
}

macro_rules! named {
    ($($index:ident is $kind:ident;)*) => {$(
        impl Named for $index {
            const KIND: ResourceKind = ResourceKind::$kind;

            fn number(self) -> u32 {
                self.0
            }
        }
    )*};
}

named! {
    AgentIx is Agent;
    SkillIx is Skill;
    ChannelIx is Channel;
    StatusIx is PresenceStatus;
    QueueIx is Queue;
    ButtonIx is Button;
}

/// The id behind a number; empty where the table has none, which only a number that came in as `UNKNOWN` can be.
pub(super) fn id_of<T: Named>(names: &Names, index: T) -> String {
    let ids = names.of(T::KIND);
    if (index.number() as usize) < ids.count() { ids.name(index.number()).into() } else { String::new() }
}

/// The id behind a number, empty for none.
pub(super) fn id_or_empty<T: Named>(names: &Names, index: Option<T>) -> String {
    index.map(|it| id_of(names, it)).unwrap_or_default()
}

/// The ids behind a list of numbers.
pub(super) fn ids_of<T: Named>(names: &Names, list: &[T]) -> Vec<String> {
    list.iter().map(|it| id_of(names, *it)).collect()
}

/// The number of an id that must be given. Whether the directory has it is for the engine to say.
pub(super) fn number_of<T: Named>(names: &Names, check: &mut Check, field: &str, id: &str) -> T {
    check.id(field, id);
    names.number(T::KIND, id).unwrap_or_else(|| T::from(UNKNOWN))
}

/// A time as the API writes it. Times are far below the bound.
pub fn time(at: Millis) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// A count as the API writes it. Counts are far below the bound.
pub fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
