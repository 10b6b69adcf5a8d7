//! A turn of the writer that is cut off after any row is brought to its end by the next, whatever batches that one reads.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
};

use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;
use crate::{
    engine::{
        event::{Author, Event, RequestKind},
        ids::Agents,
    },
    views::orgs::Durable,
    wire::samples::{self, ANNA, BERT},
};

const CUSTOMERS: [&str; 3] = ["carla", "dora", "emil"];

/// What happens in one of a few conversations. Where there is none it begins; where it has ended, the next one.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Joins(bool),
    Writes(usize, bool),
    Ends,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => any::<bool>().prop_map(Deed::Joins),
        4 => (0..300_usize, any::<bool>()).prop_map(|(bytes, whisper)| Deed::Writes(bytes, whisper)),
        3 => Just(Deed::Ends),
    ]
}

fn events(deeds: &[(usize, Deed)]) -> Vec<Event> {
    let samples = samples::events();
    let sample = |pick: fn(&Event) -> bool| samples.iter().find(|it| pick(it)).expect("there is one").clone();
    let Event::ConversationCreated { channel, routing, routing_type, request, .. } =
        sample(|it| matches!(it, Event::ConversationCreated { .. }))
    else {
        unreachable!()
    };
    let Event::InviteAccepted { invite, .. } = sample(|it| matches!(it, Event::InviteAccepted { .. })) else {
        unreachable!()
    };
    let (mut events, mut count, mut live) = (Vec::new(), 0, [None; 6]);
    for (place, deed) in deeds {
        let place = place % live.len();
        let Some(conversation) = live[place] else {
            count += 1;
            live[place] = Some(ConversationId(count));
            events.push(Event::ConversationCreated {
                conversation: ConversationId(count),
                channel,
                customer: CUSTOMERS[place % CUSTOMERS.len()].into(),
                routing_type,
                request,
                routing: routing.clone(),
                overflowed_from: None,
                access_scope: "hr".into(),
            });
            continue;
        };
        let agent = |is_anna| if is_anna { ANNA } else { BERT };
        events.push(match *deed {
            Deed::Joins(is_anna) => Event::InviteAccepted {
                invite,
                request,
                conversation,
                kind: RequestKind::Conference,
                agent: agent(is_anna),
                giver: None,
                wrap_up_until: 0,
                supervisor: None,
            },
            Deed::Writes(bytes, whisper) => Event::MessagePosted {
                conversation,
                number: 0,
                customer_number: u32::from(!whisper),
                author: Author::Agent(ANNA),
                text: "x".repeat(bytes).into(),
            },
            Deed::Ends => {
                live[place] = None;
                let (by, participants) = (Author::Customer, Agents::new());
                Event::ConversationEnded { conversation, by, participants, wrap_up_until: 0 }
            }
        });
    }
    events
}

/// All that can be read of it.
#[derive(Debug, PartialEq)]
struct Said {
    position: Position,
    conversations: Vec<(Record, Option<Sight>)>,
    /// Of each, as the agents read it and as its customer does.
    logs: Vec<[Vec<Line>; 2]>,
    older: Vec<Vec<Older>>,
}

fn said(store: &Store) -> Said {
    let conversation = |id| {
        let sight = store.sight("acme", id, "anna").expect("it is read");
        store.conversation("acme", id).expect("it is read").map(|it| (it, sight))
    };
    let conversations: Vec<_> = (1..).map_while(|id| conversation(ConversationId(id))).collect();
    let log = |id| {
        let read =
            |reader| store.entries("acme", ConversationId(id), reader, 1, 1_000).expect("they are read");
        [Reader::Agent, Reader::Customer].map(read)
    };
    let older = |customer| store.older("acme", customer, ConversationId(1_000), "anna", 1_000);
    Said {
        position: store.position("acme").expect("it is read"),
        logs: (1..=conversations.len() as u64).map(log).collect(),
        conversations,
        older: CUSTOMERS.iter().map(|it| older(it).expect("they are read")).collect(),
    }
}

/// Writes what there is after what has been written, cut into batches, and stops after so many rows.
fn write(path: &Path, org: &Org, events: &[Event], cuts: &[Index], mut rows: usize) {
    let mut store = Store::open_to_write(path).expect("the logbook opens");
    let after = store.position("acme").expect("it is read");
    let rest = &events[usize::try_from(after.0).expect("a few")..];
    let mut cuts: Vec<usize> = cuts.iter().map(|it| it.index(rest.len() + 1)).collect();
    cuts.extend([0, rest.len()]);
    cuts.sort_unstable();
    let batches: Vec<_> = cuts
        .windows(2)
        .filter(|it| it[0] < it[1])
        .map(|it| {
            let first = Position(after.0 + it[0] as u64 + 1);
            Arc::new(Durable { first, at: 7, events: rest[it[0]..it[1]].to_vec(), bytes: 1 })
        })
        .collect();
    // The first of them alone, so that what was begun is not what the next turn takes in.
    let turn = if rows.is_multiple_of(2) { &batches[..] } else { &batches[..batches.len().min(1)] };
    let Some(last) = turn.last().map(|it| Position(it.next().0 - 1)) else { return };
    let cut = || rows = rows.checked_sub(1).unwrap_or_else(|| resume_unwind(Box::new(CutOff)));
    // What it had not committed is lost, as when the process is killed.
    let turn = catch_unwind(AssertUnwindSafe(|| store.write(org, after, turn, last, cut)));
    match turn {
        Ok(written) => drop(written.expect("it is written")),
        Err(why) => assert!(why.is::<CutOff>(), "it failed by itself"),
    }
}

struct CutOff;

proptest! {
    #[test]
    fn a_turn_that_is_cut_off_is_brought_to_its_end(
        deeds in vec((0..6_usize, deed()), 1..120),
        turns in vec((vec(any::<Index>(), 0..4), 0..40_usize), 0..6),
    ) {
        let events = events(&deeds);
        let org = Org::new("acme".into(), samples::names(), Position(events.len() as u64));
        let directory = tempfile::tempdir().expect("a directory");
        let (once, often) = (directory.path().join("once.db"), directory.path().join("often.db"));
        for path in [&once, &often] {
            Store::open_or_new(path).expect("a new logbook");
        }
        write(&once, &org, &events, &[], usize::MAX - 1);
        for (cuts, rows) in &turns {
            write(&often, &org, &events, cuts, *rows);
        }
        write(&often, &org, &events, &[], usize::MAX - 1);
        let (once, often) = (Store::open(&once).expect("it opens"), Store::open(&often).expect("it opens"));
        prop_assert_eq!(said(&often), said(&once));
        prop_assert_eq!(said(&once).position, Position(events.len() as u64));
    }
}
