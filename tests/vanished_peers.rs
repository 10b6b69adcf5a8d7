//! Peers that are no longer there, or take nothing, and never say so (API-4): each is cut within the time that is configured for it, and
//! counted.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

mod real;

use std::{future::pending, net::SocketAddr};

use real::{
    client::{self, ORG},
    figures::{figure, until},
    process::Process,
};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
};
use tonic::transport::Channel;

const HITS: &str = "omniroute_bounds_hit_total";
const SILENT: &[(&str, &str)] = &[("reason", "silent")];
const UNREAD: &[(&str, &str)] = &[("reason", "unread")];

/// A line to an address for one connection, and what breaks it as the loss of a machine does: from then on nothing is read, sent or closed.
async fn line(to: SocketAddr) -> (SocketAddr, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let addr = listener.local_addr().expect("it has an address");
    let (breaks, broken) = oneshot::channel();
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.expect("somebody comes");
        let mut far = TcpStream::connect(to).await.expect("it listens");
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => {}
            _ = broken => pending().await,
        }
    });
    (addr, breaks)
}

#[tokio::test(flavor = "multi_thread")]
async fn api_4_a_machine_that_vanishes_is_cut_and_counted_and_its_session_dropped() {
    let process = Process::start_with(None, &["--ping-interval", "1s"]).await;
    let here = process.connect().await;
    client::apply_directory(&here, 2).await;
    let (addr, breaks) = line(process.addr()).await;
    let there = Channel::from_shared(format!("http://{addr}")).expect("an address");
    let there = there.connect().await.expect("the line is good");
    let (_, stays) = client::session(&here, 0).await;
    let (_, vanishes) = client::session(&there, 1).await;
    until(&process, "omniroute_sessions", &[("org", ORG)], |it| it == 2).await;
    assert_eq!(figure(&process, "omniroute_connections", &[]).await, 2);

    breaks.send(()).expect("the line is there");
    until(&process, HITS, SILENT, |it| it == 1).await;
    until(&process, "omniroute_sessions", &[("org", ORG)], |it| it == 1).await;
    assert_eq!(figure(&process, "omniroute_connections", &[]).await, 1);
    client::marker(&here).await;
    assert_eq!(figure(&process, HITS, SILENT).await, 1, "who says that it is there stays");
    drop((stays, vanishes));
}

#[tokio::test(flavor = "multi_thread")]
async fn api_4_a_peer_that_takes_nothing_is_cut_and_counted() {
    let process = Process::start_with(None, &["--unread-timeout", "1s"]).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 5_000).await;
    // By HTTP/1, where there are no pings. Each answer is some 200 KB, which is more than the sockets hold of all of them.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("it can be small");
    let mut greedy = socket.connect(process.addr()).await.expect("it listens");
    let asks = b"POST /omniroute.v1.DirectoryService/GetDirectory HTTP/1.1\r\nhost: here\r\n\
        content-type: application/grpc-web+proto\r\ncontent-length: 14\r\n\r\n\0\0\0\0\x09\x0a\x07durable";
    greedy.write_all(&asks.repeat(100)).await.expect("it is read");
    until(&process, HITS, UNREAD, |it| it == 1).await;
    until(&process, "omniroute_connections", &[], |it| it == 1).await;
    client::marker(&channel).await;
    drop(greedy);
}
