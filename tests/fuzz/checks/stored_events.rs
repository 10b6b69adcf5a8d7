//! Any bytes as a batch of stored events: they decode or they do not, and what decodes is the same when it is written and read again.

use omniroute::{
    engine::{
        Recorded,
        ids::{Agents, Millis},
        measure::Settled,
    },
    wire::stored,
};

/// The check.
pub fn check(bytes: &[u8]) {
    let Ok(batch) = stored::decode(bytes) else { return };
    let recorded: Vec<Recorded> = batch
        .events
        .iter()
        .cloned()
        .map(|(key, event)| Recorded {
            at: batch.at,
            key,
            event,
            told: Agents::new(),
            log_number: 0,
            invites_to: None,
            measured: Settled::new(),
        })
        .collect();
    comes_back(batch.at, &recorded);
}

/// What was written is read.
pub fn comes_back(at: Millis, events: &[Recorded]) {
    let read = stored::decode(&stored::encode(at, events)).expect("it was written just now");
    assert_eq!(read.at, at);
    assert!(read.events.iter().map(|it| (it.0, &it.1)).eq(events.iter().map(|it| (it.key, &it.event))));
}
