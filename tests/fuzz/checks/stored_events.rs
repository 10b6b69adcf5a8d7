//! Any bytes as a batch of stored events: they decode or they do not, and what decodes is the same when it is written and read again.

use omniroute::{
    engine::{
        event::Event,
        ids::{Millis, RequestKey},
    },
    wire::stored,
};

/// The check.
pub fn check(bytes: &[u8]) {
    let Ok(batch) = stored::decode(bytes) else { return };
    comes_back(batch.at, batch.events.iter().map(|(key, event)| (*key, event)));
}

/// What was written is read.
pub fn comes_back<'a>(at: Millis, events: impl Iterator<Item = (Option<RequestKey>, &'a Event)> + Clone) {
    let read = stored::decode(&stored::encode(at, events.clone())).expect("it was written just now");
    assert_eq!(read.at, at);
    assert!(read.events.into_iter().eq(events.map(|(key, event)| (key, event.clone()))));
}
