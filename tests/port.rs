//! The port against clients that are slow, silent, greedy or hostile, over real sockets: each is cut or refused at a bound, and whoever
//! behaves is served meanwhile. Time is real here, so the bounds are short; nothing asserts how fast anything is.

#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use omniroute::{server::Bounds, wire::v1};
use support::{House, invalid, queue, sample};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);
/// A bound that is soon reached.
const SOON: Duration = Duration::from_millis(200);
/// What an HTTP/2 client says first, with no settings of its own.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

async fn house(bounds: Bounds) -> House {
    let house = House::bounded(bounds).await;
    house.apply(sample::directory()).await.expect("the sample is right");
    house
}

/// Somebody who speaks for themselves.
async fn stranger(house: &House, says: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(house.addr()).await.expect("the service listens");
    stream.write_all(says).await.expect("it is read");
    stream
}

/// All that is said until the other side closes.
async fn until_closed(mut stream: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    let mut some = [0; 4_096];
    while let Ok(count) = timeout(PATIENCE, stream.read(&mut some)).await.expect("it is cut in time")
        && count > 0
    {
        said.extend_from_slice(&some[..count]);
    }
    said
}

async fn is_served(house: &House) {
    let chat = house.chat(queue("help")).await;
    assert!(house.waiting("help").await.contains(&chat));
}

#[tokio::test]
async fn api_4_a_connection_without_a_call_is_cut_and_one_with_a_call_is_not() {
    let house = house(Bounds { first_call_within: SOON, ..Bounds::default() }).await;
    let request_line = b"POST /omniroute.v1.AgentService/GetAgent HT";
    for says in [&b""[..], &PREFACE[..10], PREFACE, request_line, b"\x16\x03\x01\x02"] {
        until_closed(stranger(&house, says).await).await;
    }
    // The others had several times as long as that, and this one was silent meanwhile.
    is_served(&house).await;
}

#[tokio::test]
async fn api_4_beyond_the_most_connections_the_silent_one_goes_or_the_new_one() {
    let house = house(Bounds { connections_max: 3, ..Bounds::default() }).await;
    let silent = [stranger(&house, b"").await, stranger(&house, b"").await];
    // There is no room, so the longest silent one goes.
    let newcomer = house.connect().await;
    let [first, second] = silent;
    until_closed(first).await;
    let mut agents = v1::agent_service_client::AgentServiceClient::new(newcomer);
    let ann = v1::GetAgentRequest { org_id: support::ORG.into(), agent_id: "ann".into() };
    agents.get_agent(ann.clone()).await.expect("the newcomer is served");
    let other = house.connect().await;
    until_closed(second).await;
    let mut others = v1::agent_service_client::AgentServiceClient::new(other);
    others.get_agent(ann.clone()).await.expect("and the next");
    // All have called, so whoever comes now goes.
    assert_eq!(until_closed(stranger(&house, b"").await).await, b"");
    agents.get_agent(ann).await.expect("those who are in stay in");
    is_served(&house).await;
}

#[tokio::test]
async fn api_4_a_message_that_trickles_is_refused() {
    let house = house(Bounds { message_within: SOON, ..Bounds::default() }).await;
    let says = b"POST /omniroute.v1.ConversationService/CreateConversation HTTP/1.1\r\nhost: here\r\n\
        content-type: application/grpc-web+proto\r\ncontent-length: 100\r\n\r\n\0\0\0\0\x5f";
    let said = until_closed(stranger(&house, says).await).await;
    let said = String::from_utf8_lossy(&said).to_lowercase();
    assert!(said.contains("grpc-status: 3"), "{said}");
    is_served(&house).await;
}

#[tokio::test]
async fn api_4_a_message_larger_than_its_call_takes_is_refused_before_it_is_all_there() {
    let house = house(Bounds::default()).await;
    let skill = v1::Skill { id: "long".into(), name: "x".repeat(1 << 20) };
    let refused = house.put(v1::resource::Resource::Skill(skill)).await;
    assert!(refused.as_ref().is_err_and(|it| it.message().contains("larger")), "{refused:?}");
    let skill = v1::Skill { id: "long".into(), name: "x".repeat(1 << 10) };
    invalid(house.put(v1::resource::Resource::Skill(skill)).await, &["resource.skill.name"]);
    is_served(&house).await;
}

#[tokio::test]
async fn api_4_a_peer_that_answers_no_ping_is_cut() {
    let house = house(Bounds { ping_every: SOON, ..Bounds::default() }).await;
    let said = until_closed(stranger(&house, PREFACE).await).await;
    let is_ping = |frame: &[u8]| frame[..5] == *b"\0\0\x08\x06\0";
    assert!(said.windows(9).any(is_ping), "it is asked before it is cut");
    is_served(&house).await;
}

#[tokio::test]
async fn api_4_who_resets_its_calls_by_the_hundred_is_cut() {
    let house = house(Bounds::default()).await;
    let mut flood = PREFACE.to_vec();
    for stream in (1..2_001_u32).step_by(2) {
        // HEADERS (POST, http, /), and RST_STREAM at once.
        flood.extend_from_slice(b"\0\0\x03\x01\x04");
        flood.extend_from_slice(&stream.to_be_bytes());
        flood.extend_from_slice(b"\x83\x86\x84");
        flood.extend_from_slice(b"\0\0\x04\x03\0");
        flood.extend_from_slice(&stream.to_be_bytes());
        flood.extend_from_slice(&8_u32.to_be_bytes());
    }
    let said = until_closed(stranger(&house, &flood).await).await;
    // GOAWAY with ENHANCE_YOUR_CALM.
    assert!(said.windows(4).any(|it| it == 11_u32.to_be_bytes()), "{said:?}");
    is_served(&house).await;
}

/// A session whose client never reads kept every batch of events that it was told of, and so nearly all that there ever were.
#[tokio::test]
async fn api_4_a_session_that_does_not_read_is_not_kept_for_and_comes_back() {
    let house = house(Bounds::default()).await;
    let mut ann = house.desk("ann").await;
    let (told, untold) = (house.chat_with(&mut ann).await, house.chat(queue("help")).await);
    let text = "x".repeat(30_000);
    for _ in 0..700 {
        house.customer_says(told, &text).await.expect("it is there");
    }
    for _ in 0..600 {
        house.customer_says(untold, &text).await.expect("it is there");
    }
    // What the logbook is at work on is in memory too: it says all of it, and so is past that.
    assert!(!house.log(untold, v1::LogReader::Customer).await.is_empty());
    let (mut read, mut last) = (0, 0);
    let why = loop {
        match timeout(PATIENCE, ann.stream.message()).await.expect("it is cut") {
            Ok(notice) => {
                let position = notice.expect("it is told why it ends").position;
                // A history has none.
                assert!(position >= last || position == 0, "what it reads is in order");
                (read, last) = (read + 1, position.max(last));
            }
            Err(why) => break why,
        }
    };
    assert_eq!(support::reason(&why), "SESSION_NOT_OPEN");
    assert!(read < 700, "{read} notices were kept for it");
    is_served(&house).await;
}
