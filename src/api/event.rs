//! EventService.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, async_trait};

use super::{
    Front,
    front::{Visit, blocking},
};
use crate::{
    engine::ids::AgentIx,
    journal::Position,
    views::orgs::{Durable, Org},
    wire::{
        check::Check,
        event,
        v1::{WatchEventsRequest, WatchEventsResponse, event_service_server::EventService},
    },
};

/// Events that wait for a slow watcher. Beyond it nothing more is read for it; it goes on where it stopped.
const EVENTS_WAITING_MAX: usize = 256;
/// Bytes of events, as stored, that are read for a watcher at once, about. A slow one keeps them in memory.
const READ_BYTES: usize = 32 << 10;

/// The service.
#[derive(Debug)]
pub(super) struct Events(pub Arc<Front>);

struct Filter {
    conversations: Vec<u64>,
    agents: Vec<AgentIx>,
}

type Watcher = mpsc::Sender<Result<WatchEventsResponse, Status>>;

#[async_trait]
impl EventService for Events {
    type WatchEventsStream = ReceiverStream<Result<WatchEventsResponse, Status>>;

    async fn watch_events(
        &self,
        request: Request<WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let (visit, call) = self.0.admit(request).await?;
        let mut check = Check::new();
        let (conversations, agents) = visit.to.with_names(|names| event::filters(&call, names, &mut check));
        if !check.is_empty() {
            return Err(check.into_status());
        }
        let org = visit.org()?;
        let last = org.durable_now();
        let next = if call.from_position == 0 { last.0 + 1 } else { call.from_position };
        if next > last.0 + 1 {
            check.say("from_position", format!("the next event will be at {}", last.0 + 1));
            return Err(check.into_status());
        }
        let filter = Filter { conversations, agents };
        let (watcher, receiver) = mpsc::channel(EVENTS_WAITING_MAX);
        tokio::spawn(async move {
            visit.stream(&watcher, watch(&visit, &org, Position(next), &filter, &watcher)).await;
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

async fn watch(visit: &Visit, org: &Arc<Org>, mut next: Position, filter: &Filter, watcher: &Watcher) {
    let mut durable = org.durable();
    loop {
        durable.mark_unchanged();
        let (feed, from) = (visit.feed().clone(), org.clone());
        let recent = org.recent(next, READ_BYTES).filter(|it| !it.is_empty());
        let batches = match recent {
            Some(recent) => Ok(recent),
            None => blocking(move || feed.read(&from, next, READ_BYTES)).await,
        };
        let sent = match batches {
            Err(status) => {
                // Whoever no longer reads needs no reason.
                return watcher.send(Err(status)).await.unwrap_or(());
            }
            Ok(batches) if batches.is_empty() => {
                if durable.changed().await.is_err() {
                    return;
                }
                continue;
            }
            Ok(batches) => send(org, &batches, &mut next, filter, watcher).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Sends what passes the filter, and after each batch how far it was looked at. An error: nobody reads any more.
async fn send(
    org: &Org,
    batches: &[Arc<Durable>],
    next: &mut Position,
    filter: &Filter,
    watcher: &Watcher,
) -> Result<(), ()> {
    for batch in batches {
        let mut told = false;
        for (it, position) in batch.events.iter().zip(batch.first.0..) {
            told = false;
            if position >= next.0 && event::concerns(it, &filter.conversations, &filter.agents) {
                let shown = event::event(position, batch.at, it, &org.names());
                let response = WatchEventsResponse { event: Some(shown), next_position: position + 1 };
                watcher.send(Ok(response)).await.map_err(|_| ())?;
                told = true;
            }
        }
        *next = batch.next().max(*next);
        if !told {
            let response = WatchEventsResponse { event: None, next_position: next.0 };
            watcher.send(Ok(response)).await.map_err(|_| ())?;
        }
    }
    Ok(())
}
