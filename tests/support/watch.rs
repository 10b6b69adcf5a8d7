//! Streams that tests watch: the events of an org, and the chat log of a conversation.

use omniroute::wire::v1::{self, event::Event as Kind};
use tonic::{Status, Streaming};

use super::{Desk, House, ORG, PATIENCE};

/// The events of `ORG`.
pub struct Watch {
    stream: Streaming<v1::WatchEventsResponse>,
    /// Where to go on after a break.
    pub next_position: u64,
}

impl Watch {
    /// The next response, with an event or without.
    pub async fn response(&mut self) -> v1::WatchEventsResponse {
        let told = tokio::time::timeout(PATIENCE, self.stream.message()).await.expect("it must come");
        let told = told.expect("the stream is open").expect("the stream goes on");
        self.next_position = told.next_position;
        told
    }

    /// The next event that passes the filters.
    pub async fn event(&mut self) -> v1::Event {
        loop {
            if let Some(event) = self.response().await.event {
                return event;
            }
        }
    }

    /// The next event of a kind; others before it are passed over.
    pub async fn until(&mut self, is_it: impl Fn(&Kind) -> bool) -> v1::Event {
        loop {
            let event = self.event().await;
            if event.event.as_ref().is_some_and(&is_it) {
                return event;
            }
        }
    }
}

/// The chat log of a conversation.
pub struct LogWatch(Streaming<v1::WatchChatLogResponse>);

impl LogWatch {
    /// The next entry; none: the log is at its end.
    pub async fn entry(&mut self) -> Option<v1::LogEntry> {
        let told = tokio::time::timeout(PATIENCE, self.0.message()).await.expect("it must come");
        told.expect("the stream is open").map(|it| it.entry.expect("it has an entry"))
    }

    /// All entries up to the end of the conversation.
    pub async fn until_the_end(mut self) -> Vec<v1::LogEntry> {
        let mut all = Vec::new();
        while let Some(entry) = self.entry().await {
            all.push(entry);
        }
        all
    }
}

impl House {
    /// Watches the events of `ORG` from a position on; 0: what is new.
    pub async fn watch(&self, from_position: u64) -> Watch {
        let request = v1::WatchEventsRequest { from_position, ..v1::WatchEventsRequest::default() };
        self.watch_as(request).await.expect("the org is there")
    }

    /// Watches the events of `ORG` as a request says.
    pub async fn watch_as(&self, request: v1::WatchEventsRequest) -> Result<Watch, Status> {
        let request = v1::WatchEventsRequest { org_id: ORG.into(), ..request };
        let stream = self.events().watch_events(request).await?.into_inner();
        Ok(Watch { stream, next_position: 0 })
    }

    /// Breaks the stream of a session, and waits until the service has seen it: its lease begins now.
    pub async fn break_off(&self, desk: Desk) {
        let mut watch = self.watch(0).await;
        let session = desk.session.clone();
        drop(desk);
        let dropped = |it: &Kind| matches!(it, Kind::SessionDropped(it) if it.agent_id == session.agent_id && it.epoch == session.epoch);
        watch.until(dropped).await;
    }

    /// Watches a chat log from an entry on.
    pub async fn watch_log(
        &self,
        conversation_id: u64,
        reader: v1::LogReader,
        from_number: u32,
    ) -> Result<LogWatch, Status> {
        let request = v1::WatchChatLogRequest {
            org_id: ORG.into(),
            conversation_id,
            reader: reader.into(),
            from_number,
        };
        Ok(LogWatch(self.conversations().watch_chat_log(request).await?.into_inner()))
    }
}
