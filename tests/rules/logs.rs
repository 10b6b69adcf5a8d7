//! LOG: chat logs, whispers, notices, and the customer's own stream.

use omniroute::wire::v1::{
    self, LogEntry, LogEntryKind, LogReader, ReadChatLogRequest, open_session_response::Notice,
};
use tonic::Code;

use crate::support::{Desk, House, ORG, agent, fresh, invalid, refused, sample, to};

const NO: Code = Code::FailedPrecondition;

/// Ann and Bob in a chat.
async fn conference() -> (House, Desk, Desk, u64) {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    ann.bring_in(chat, &mut bob).await;
    (house, ann, bob, chat)
}

/// What an entry says, in a word.
fn said(entry: &LogEntry) -> String {
    match entry.kind() {
        LogEntryKind::Message => entry.text.clone(),
        LogEntryKind::AgentJoined => format!("+{}", entry.agent_id),
        LogEntryKind::AgentLeft => format!("-{}", entry.agent_id),
        LogEntryKind::Transferred => format!("{}>{}", entry.agent_id, entry.receiver_agent_id),
        LogEntryKind::Ended => "end".into(),
        LogEntryKind::Inactivated => "rests".into(),
        LogEntryKind::Resumed => "goes on".into(),
        LogEntryKind::Unspecified => panic!("never sent"),
    }
}

fn numbers(log: &[LogEntry]) -> Vec<u32> {
    log.iter().map(|it| it.number).collect()
}

#[tokio::test]
async fn log_1_customer_and_participants_write_and_nobody_else() {
    let (house, mut ann, mut bob, chat) = conference().await;
    let mut cid = house.desk("cid").await;
    house.customer_says(chat, "hello").await.expect("the customer may");
    ann.post(chat, "hi", false).await.expect("she is in");
    bob.post(chat, "good day", false).await.expect("he is in");
    refused(cid.post(chat, "me too", false).await, NO, "NOT_A_PARTICIPANT");
    let log = house.log(chat, LogReader::Agent).await;
    assert_eq!(log.iter().map(said).collect::<Vec<_>>(), ["+ann", "+bob", "hello", "hi", "good day"]);
    let authors: Vec<_> = log[2..].iter().map(|it| (it.author(), &*it.agent_id)).collect();
    let (customer, agent) = (v1::Author::Customer, v1::Author::Agent);
    assert_eq!(authors, [(customer, ""), (agent, "ann"), (agent, "bob")]);
}

#[tokio::test]
async fn log_1_the_platform_writes_too() {
    let (house, _ann, _bob, chat) = conference().await;
    let actor = v1::actor::Actor::Platform(v1::actor::Platform {});
    let request = v1::PostMessageRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        actor: Some(v1::Actor { actor: Some(actor) }),
        conversation_id: chat,
        text: "this chat is recorded".into(),
        whisper: false,
    };
    house.conversations().post_message(request).await.expect("it may");
    let log = house.log(chat, LogReader::Customer).await;
    assert_eq!(log.last().map(LogEntry::author), Some(v1::Author::Platform));
}

#[tokio::test]
async fn log_1_whispers_are_for_agents() {
    let (house, mut ann, mut bob, chat) = conference().await;
    bob.told().await;
    ann.post(chat, "be kind", true).await.expect("she may");
    let heard = bob.update().await;
    assert_eq!((&*heard.text, heard.whisper), ("be kind", true));
    let log = house.log(chat, LogReader::Agent).await;
    assert_eq!(log.last().map(|it| (said(it), it.whisper)), Some(("be kind".into(), true)));
    let seen = house.log(chat, LogReader::Customer).await;
    assert_eq!(seen.iter().map(said).collect::<Vec<_>>(), ["+ann", "+bob"]);
}

#[tokio::test]
async fn log_1_a_customer_cannot_whisper() {
    let (house, _ann, _bob, chat) = conference().await;
    let actor = v1::actor::Actor::Customer(v1::actor::Customer {});
    let request = v1::PostMessageRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        actor: Some(v1::Actor { actor: Some(actor) }),
        conversation_id: chat,
        text: "psst".into(),
        whisper: true,
    };
    invalid(house.conversations().post_message(request).await, &["whisper"]);
}

#[tokio::test]
async fn log_2_joins_leaves_transfers_and_the_end_are_entries_and_declines_are_not() {
    let (house, mut ann, mut bob, chat) = conference().await;
    let (mut cid, mut dee) = (house.desk("cid").await, house.desk("dee").await);
    ann.told().await;
    bob.told().await;
    ann.conference(chat, to(agent("cid"))).await.expect("she may ask");
    let invite = cid.invite().await.invite_id;
    cid.decline(invite).await.expect("it is pending");
    bob.leave(chat).await.expect("Ann is still in");
    ann.transfer(chat, to(agent("dee"))).await.expect("she may ask");
    dee.take().await;
    dee.end(chat).await.expect("she is alone in it");
    for reader in [LogReader::Agent, LogReader::Customer] {
        let log = house.log(chat, reader).await;
        let all = ["+ann", "+bob", "-bob", "ann>dee", "end"];
        assert_eq!(log.iter().map(said).collect::<Vec<_>>(), all, "{reader:?}");
        assert_eq!(numbers(&log), [1, 2, 3, 4, 5]);
    }
    // The decline is for Ann alone.
    assert_eq!(ann.invite_declined().await.agent_id, "cid");
    let told = bob.told().await;
    assert!(matches!(&told[..], [Notice::Update(_)]), "{told:?}");
}

#[tokio::test]
async fn log_2_the_customer_has_a_stream_of_what_concerns_it_alone() {
    let (house, mut ann, mut bob, chat) = conference().await;
    let mut cid = house.desk("cid").await;
    let mut watch = house.watch_log(chat, LogReader::Customer, 0).await.expect("it is there");
    house.customer_says(chat, "hello").await.expect("the customer may");
    ann.post(chat, "between us", true).await.expect("she may");
    ann.conference(chat, to(agent("cid"))).await.expect("she may ask");
    let invite = cid.invite().await.invite_id;
    cid.decline(invite).await.expect("it is pending");
    bob.post(chat, "again between us", true).await.expect("he may");
    bob.leave(chat).await.expect("Ann is still in");
    ann.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    bob.take().await;
    let first = watch.entry().await.expect("there are some");
    assert_eq!((first.number, said(&first)), (1, "+ann".into()));
    bob.end(chat).await.expect("he is alone in it");
    let rest = watch.until_the_end().await;
    assert_eq!(rest.iter().map(said).collect::<Vec<_>>(), ["+bob", "hello", "-bob", "ann>bob", "end"]);
    assert_eq!(numbers(&rest), [2, 3, 4, 5, 6]);
    assert!(rest.iter().all(|it| !it.whisper));
}

#[tokio::test]
async fn log_3_each_log_is_numbered_without_gaps() {
    let (house, mut ann, _bob, chat) = conference().await;
    // The number that a message is answered with is that in the log of its author.
    assert_eq!(ann.post(chat, "psst", true).await.expect("she may"), 3);
    assert_eq!(house.customer_says(chat, "hello").await.expect("the customer may"), 3);
    assert_eq!(ann.post(chat, "hi", false).await.expect("she may"), 5);
    assert_eq!(numbers(&house.log(chat, LogReader::Agent).await), [1, 2, 3, 4, 5]);
    assert_eq!(numbers(&house.log(chat, LogReader::Customer).await), [1, 2, 3, 4]);
    assert_eq!(house.conversation(chat).await.log_entries, 5);
}

#[tokio::test]
async fn log_3_a_reader_resumes_where_it_stopped() {
    let (mut house, mut ann, _bob, chat) = conference().await;
    for text in ["one", "two", "three"] {
        ann.post(chat, text, false).await.expect("she may");
    }
    let read = async |house: &House, from_number, page_size| {
        let request = ReadChatLogRequest {
            org_id: ORG.into(),
            conversation_id: chat,
            reader: LogReader::Agent.into(),
            from_number,
            page_size,
        };
        house.conversations().read_chat_log(request).await.expect("it can be read").into_inner()
    };
    let first = read(&house, 0, 3).await;
    assert_eq!((numbers(&first.entries), first.next_number), (vec![1, 2, 3], 4));
    house.restart().await;
    let rest = read(&house, first.next_number, 3).await;
    assert_eq!((numbers(&rest.entries), rest.next_number), (vec![4, 5], 6));
    let none = read(&house, 6, 3).await;
    assert_eq!((none.entries.len(), none.next_number), (0, 6));
}

#[tokio::test]
async fn log_3_a_stream_resumes_where_it_stopped() {
    let (house, mut ann, _bob, chat) = conference().await;
    let mut watch = house.watch_log(chat, LogReader::Agent, 2).await.expect("it is there");
    assert_eq!(watch.entry().await.map(|it| said(&it)), Some("+bob".into()));
    drop(watch);
    ann.post(chat, "one", false).await.expect("she may");
    let mut watch = house.watch_log(chat, LogReader::Agent, 3).await.expect("it is there");
    assert_eq!(watch.entry().await.map(|it| said(&it)), Some("one".into()));
    ann.post(chat, "two", false).await.expect("she may");
    assert_eq!(watch.entry().await.map(|it| (it.number, said(&it))), Some((4, "two".into())));
    house.end(chat).await.expect("the platform may");
    let rest = watch.until_the_end().await;
    assert_eq!(rest.iter().map(said).collect::<Vec<_>>(), ["end"]);
    // A log that is at its end is read to its end, from anywhere.
    let watch = house.watch_log(chat, LogReader::Customer, 4).await.expect("it is there");
    assert_eq!(watch.until_the_end().await.iter().map(said).collect::<Vec<_>>(), ["two", "end"]);
    let watch = house.watch_log(chat, LogReader::Customer, 6).await.expect("it is there");
    assert!(watch.until_the_end().await.is_empty());
}

/// The logbook keeps the first entries with the conversation, and the others in rows of what came while it lingered: a page may begin within
/// any of them.
#[tokio::test]
async fn log_3_a_page_may_begin_at_any_entry_for_either_reader() {
    let (house, mut ann, _bob, chat) = conference().await;
    let mut whole: Vec<(String, bool)> = vec![("+ann".into(), false), ("+bob".into(), false)];
    for number in 3..=210_u32 {
        let (text, whisper) =
            (format!("entry {number} \"\\\u{1f600}"), number % 3 == 0 || (80..100).contains(&number));
        assert_eq!(ann.post(chat, &text, whisper).await.expect("she is in"), number);
        whole.push((text, whisper));
        if number % 37 == 0 {
            // A read has what waits written.
            house.log(chat, LogReader::Agent).await;
        }
    }
    for reader in [LogReader::Agent, LogReader::Customer] {
        let seen = whole.iter().filter(|it| reader == LogReader::Agent || !it.1);
        let all: Vec<(u32, String)> = (1..).zip(seen.map(|it| it.0.clone())).collect();
        for from in (0..12).chain((12..=all.len() + 1).step_by(7)).chain([64, 65, 66, all.len()]) {
            let request = ReadChatLogRequest {
                org_id: ORG.into(),
                conversation_id: chat,
                reader: reader.into(),
                from_number: u32::try_from(from).expect("it is small"),
                page_size: 50,
            };
            let page =
                house.conversations().read_chat_log(request).await.expect("the log can be read").into_inner();
            let read: Vec<(u32, String)> = page.entries.iter().map(|it| (it.number, said(it))).collect();
            let first = from.max(1) - 1;
            let expected: Vec<_> = all.iter().skip(first).take(50).cloned().collect();
            assert_eq!(read, expected, "{reader:?} from {from}");
        }
    }
}
