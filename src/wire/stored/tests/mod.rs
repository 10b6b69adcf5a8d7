//! Round trips over every event, damage, and bytes of earlier releases.

mod any_event;
mod any_resource;

use proptest::{collection::vec, option, prelude::*};
use prost::Message as _;

use super::{super::samples, *};
use crate::engine::{
    directory::spec::{Change, Channel, Inactivity, Resource},
    event::{Leaving, PresenceCause, RequestEnd},
    ids::ConversationId,
};
use any_event::event;

/// A batch of `samples::events()`, as the first release wrote it. It must decode for ever; it is never written anew.
const FIRST_RELEASE: &str = "\
    0880d095ffbc3112b203090000000000000000110700000000000000a2019c030a120a100a05636172647312054361726473\
    1a000a0b0a090a056c6f616e731a000a2f0a2d0a0463686174120443686174221f0802100118a09c01208827280130013808\
    40024a0410e0d4035204617761790a180a160a04617761791204417761792a0808021204636861740a260a240a087374616e\
    6461726412085374616e64617264320e080a10041a080a046368617410030a180a160a0566726f6e74120546726f6e743a06\
    0804100718030a1d0a1b0a0468656c70120448656c70420d0a0563617264731001180220020a390a370a04616e6e61120441\
    4e4e414a290a087374616e64617264120a0a05636172647310d505120a0a056c6f616e7310e8071a0566726f6e740a390a37\
    0a04626572741204424552544a290a087374616e64617264120a0a05636172647310d505120a0a056c6f616e7310e8071a05\
    66726f6e740a390a370a04636c656f1204434c454f4a290a087374616e64617264120a0a05636172647310d505120a0a056c\
    6f616e7310e8071a0566726f6e740a10120e0a05636172647312034e65771a000a0a1a080806120468656c70120782010410\
    03180212170900000000200000001107000000000000008a01021003120c920109100318b0ba97ffbc311217090000000040\
    0000001107000000000000009a01021003120672040801180312470900000000600000001107000000000000001a3308ac02\
    1a1263c3a4736172406578616d706c652e6f7267200128ad023215220b12090a0200011203f403003002380340644801121f\
    4a1d08ad0210ac02180220002a0a100130023803406448013081d095ffbc3112300900000000800000001107000000000000\
    00221c08ad0210ac0218022084072a02020130a0ec96ffbc3138024001480112182a1608850710ad0218ac02200328013000\
    3888f795ffbc31122a0900000000a0000000110700000000000000421608ad0210ac021801220284072a010232056c756e63\
    68120e520c08ad0210ac02180220002803121c0900000000c00000001107000000000000006a0808ad0210ac021802120e5a\
    0c08ac02180220f0fe95ffbc3112250900000000e0000000110700000000000000321108ac02120208011a010120d88696ff\
    bc31120e7a0c08ac02100118c08e96ffbc3112190900000000000100001107000000000000003a0508ac0210011215621308\
    ac021004220208002a087073737420e29c93";

/// The events about records, as they were first written. Like the first release's, these bytes decode for ever.
const FIRST_RECORDS: &str = "\
    0880d095ffbc311224f2012108ac021a1c0a056f7264657212036f2d371a0e5a77c3b66c6620476cc3a47365721212fa010f\
    08ac021a056f7264657222036f2d37122682022308ac0210011a1c0a056f7264657212036f2d371a0e5a77c3b66c6620476c\
    c3a4736572";

/// A conversation with an access scope, as it was first written.
const FIRST_ACCESS_SCOPE: &str = "\
    0880d095ffbc3112221a2008ac021a0463757374200128ad0232081001300138014064a2010573616c6573";

/// What supervisors did, and flags, as they were first written.
const FIRST_SUPERVISORS: &str = "\
    0880d095ffbc31120c720a080118329203037375651221221f08ad0210ac0218022084072a02020130a0ec96ffbc31380240\
    014801900301121e2a1c08850710ad0218ac022003280130003888f795ffbc31920303737565120e520c08ad0210ac021802\
    2000283212145a1208ac02183220f0fe95ffbc319203037375651223b2042008ac02120373756518ad02220a220030023803\
    406448012882d095ffbc3130001211ba040e08ac021a0968652073686f757473120ec2040b08ac021a06920303737565";
/// Inactivity, of a channel and of a conversation, as it was first written.
const FIRST_INACTIVITY: &str = "\
    0880d095ffbc311242a2013f0a3d123b0a0463686174120443686174222d0802100118a09c0120882728013001380840024a\
    0410e0d403520461776179c2020b080110c0ee6d1880b8992912095a0708ac02100118281215e2031208ac0210011a020801\
    200128a89696ffbc31120aea030708ac02100118021206ea030308ac02";
/// A request whose requirements give way, and the event that they did, as they were first written.
const FIRST_RELAXATION: &str = "\
    0880d095ffbc3112494a4708ad0210ac02180220002a3410013002380340644801f201090a0201001203f40300fa010508e8\
    071001fa010808d00f100118ac0282020508021088278802013081d095ffbc31120d92030a08ad0210ac0218022001";

fn pairs(events: &[(Option<RequestKey>, Event)]) -> impl Iterator<Item = (Option<RequestKey>, &Event)> {
    events.iter().map(|(key, event)| (*key, event))
}

fn samples_with_keys() -> Vec<(Option<RequestKey>, Event)> {
    let key = |place: u128| place.is_multiple_of(2).then_some(RequestKey(place << 100 | 7));
    (0..).map(key).zip(samples::events()).collect()
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        at in any::<u64>(),
        events in vec((option::of(any::<u128>().prop_map(RequestKey)), event()), 0..12),
    ) {
        let payload = encode(at, pairs(&events));
        let generated = stored_v1::Batch::decode(&*payload).expect("it is a message");
        prop_assert_eq!(&generated.encode_to_vec(), &payload, "the generated code writes the same");
        prop_assert_eq!(decode(&payload).expect("what was encoded decodes"), StoredBatch { at, events });
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(batch) = decode(&bytes) {
            let again = encode(batch.at, pairs(&batch.events));
            prop_assert_eq!(decode(&again).expect("what was decoded can be written"), batch);
        }
    }

    #[test]
    fn a_damaged_batch_is_read_or_refused(place in any::<prop::sample::Index>(), bits in 1_u8.., cut in any::<bool>()) {
        let mut payload = encode(9, pairs(&samples_with_keys()));
        let place = place.index(payload.len());
        if cut { payload.truncate(place) } else { payload[place] ^= bits }
        let (ours, generated) = (decode(&payload), stored_v1::Batch::decode(&*payload));
        prop_assert!(generated.is_ok() || ours.is_err(), "what is no message is refused");
        prop_assert!(generated.is_err() || !matches!(ours, Err(StoredError::Malformed(_))), "and nothing else as such");
        if let Ok(batch) = decode(&payload) {
            let again = encode(batch.at, pairs(&batch.events));
            prop_assert_eq!(decode(&again).expect("what was decoded can be written"), batch);
        }
    }
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect()
}

#[test]
fn what_the_first_release_wrote_is_read_for_ever() {
    let batch = decode(&from_hex(FIRST_RELEASE)).expect("it decodes");
    let mut events = samples_with_keys();
    events.truncate(18);
    assert_eq!(batch, StoredBatch { at: 1_700_000_000_000, events });
}

#[test]
fn events_about_records_are_read_for_ever() {
    let batch = decode(&from_hex(FIRST_RECORDS)).expect("it decodes");
    let events: Vec<_> = samples::events().drain(18..21).map(|it| (None, it)).collect();
    assert_eq!(encode(batch.at, pairs(&events)), from_hex(FIRST_RECORDS));
    assert_eq!(batch, StoredBatch { at: 1_700_000_000_000, events });
}

/// The events about supervisors and flags, and others by the hand of a supervisor.
fn by_supervisors() -> Vec<(Option<RequestKey>, Event)> {
    let who = || Box::<str>::from("sue");
    let mut events = Vec::new();
    for mut event in samples::events() {
        let is_one = if let Event::PresenceSet { cause, .. } = &mut event {
            *cause = PresenceCause::Supervisor(who());
            true
        } else if let Event::InviteAccepted { supervisor, .. } = &mut event {
            *supervisor = Some(who());
            true
        } else if let Event::ParticipantLeft { leaving, .. } = &mut event {
            *leaving = Leaving::Moved(who());
            true
        } else if let Event::RequestEnded { why, .. } = &mut event {
            *why = RequestEnd::Moved;
            true
        } else if let Event::InvitesSent { at_once, .. } = &mut event {
            *at_once = true;
            true
        } else {
            matches!(
                event,
                Event::ConversationMoved { .. } | Event::FlagRaised { .. } | Event::FlagLowered { .. }
            )
        };
        if is_one {
            events.push(event);
        }
    }
    events.into_iter().map(|it| (None, it)).collect()
}

#[test]
fn what_supervisors_did_is_read_for_ever() {
    let batch = decode(&from_hex(FIRST_SUPERVISORS)).expect("it decodes");
    assert_eq!(encode(batch.at, pairs(&by_supervisors())), from_hex(FIRST_SUPERVISORS));
    assert_eq!(batch, StoredBatch { at: 1_700_000_000_000, events: by_supervisors() });
}

#[test]
fn inactivity_is_read_for_ever() {
    let channel = samples::resources()
        .into_iter()
        .find_map(|it| if let Resource::Channel(channel) = it { Some(channel) } else { None });
    let inactivity = Some(Inactivity { weight: 1, after_ms: 1_800_000, ends_after_ms: 86_400_000 });
    let channel = Resource::Channel(Channel { inactivity, ..channel.expect("there is one") });
    let left = Event::ParticipantLeft {
        conversation: ConversationId(300),
        agent: samples::BERT,
        leaving: Leaving::CouldNotResume,
        wrap_up_until: 0,
    };
    let mut events = vec![Event::DirectoryChanged { changes: vec![Change::Replace(channel)] }, left];
    events.extend(samples::events().into_iter().filter(|it| {
        matches!(it, Event::ConversationInactivated { .. } | Event::ConversationResumed { .. })
    }));
    events.push(Event::ConversationResumed { conversation: ConversationId(300), agent: None, units: 0 });
    let events: Vec<_> = events.into_iter().map(|it| (None, it)).collect();
    let written = encode(1_700_000_000_000, pairs(&events));
    assert_eq!(written, from_hex(FIRST_INACTIVITY));
    let batch = decode(&from_hex(FIRST_INACTIVITY)).expect("it decodes");
    assert_eq!(batch, StoredBatch { at: 1_700_000_000_000, events });
}

#[test]
fn access_scopes_are_read_for_ever() {
    let batch = decode(&from_hex(FIRST_ACCESS_SCOPE)).expect("it decodes");
    assert_eq!(encode(batch.at, pairs(&batch.events)), from_hex(FIRST_ACCESS_SCOPE));
    let [(None, Event::ConversationCreated { conversation, access_scope, .. })] = &batch.events[..] else {
        panic!("{batch:?}")
    };
    assert_eq!((conversation.0, &**access_scope), (300, "sales"));
}

#[test]
fn what_gives_way_is_read_for_ever() {
    let batch = decode(&from_hex(FIRST_RELAXATION)).expect("it decodes");
    assert_eq!(encode(batch.at, pairs(&batch.events)), from_hex(FIRST_RELAXATION));
    let [(None, Event::RequestOpened { routing, .. }), (None, Event::RequestRelaxed { relaxed, .. })] =
        &batch.events[..]
    else {
        panic!("{batch:?}")
    };
    assert_eq!(routing.relaxation, samples::relaxation());
    assert_eq!((relaxed.steps, relaxed.insists), (2, true));
}

#[test]
fn the_samples_have_every_event() {
    let discriminants: std::collections::HashSet<_> =
        samples::events().iter().map(std::mem::discriminant).collect();
    let (_, body) =
        include_str!("../../../engine/event.rs").split_once("pub enum Event {").expect("the enum");
    let variants = body.lines().filter(|line| line.starts_with("    ") && line.ends_with(" {")).count();
    assert_eq!((discriminants.len(), samples::events().len()), (variants, variants));
}

#[test]
fn what_this_release_does_not_know_is_refused_by_name() {
    let batch = |event| {
        let entries = vec![stored_v1::Entry { key_high: None, key_low: None, event }];
        decode(&stored_v1::Batch { at_ms: 1, entries }.encode_to_vec())
    };
    assert!(matches!(batch(None), Err(StoredError::Missing("an event"))));
    let started = |console| {
        let started = stored_v1::SessionStarted { agent: 1, epoch: 1, console };
        batch(Some(stored_v1::entry::Event::SessionStarted(started)))
    };
    assert!(matches!(started(99), Err(StoredError::UnknownChoice { choice: "a console", number: 99 })));
    assert!(matches!(started(0), Err(StoredError::UnknownChoice { number: 0, .. })));
    let ended =
        stored_v1::InvitesEnded { end: 1, invites: vec![1, 2], agents: vec![1], ..Default::default() };
    let ended = batch(Some(stored_v1::entry::Event::InvitesEnded(ended)));
    assert!(matches!(ended, Err(StoredError::Impossible(_))));
    assert!(matches!(decode(&[0xff]), Err(StoredError::Malformed(_))));
}

#[test]
fn a_usual_batch_is_small() {
    let sent = samples::events().into_iter().find(|it| matches!(it, Event::InvitesSent { .. }));
    let payload = encode(1_700_000_000_000, pairs(&[(None, sent.expect("there is one"))]));
    assert!(payload.len() <= 48, "{} bytes", payload.len());
}
