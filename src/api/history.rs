//! A customer's older conversations, for an agent that is in the present one (HIST): which there are, and their content. The engine says
//! who may ask and what for; all else is the logbook's.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tonic::Status;

use super::{
    chat_log,
    front::{Visit, blocking},
};
use crate::{
    engine::{
        command::{Acting, Query},
        directory::spec::ResourceKind,
        ids::ConversationId,
        limits,
        query::Answer,
    },
    views::{
        logbook::{Reader, line::Older},
        orgs::Org,
    },
    wire::{
        check::Check,
        names::{count, time},
        v1::{History, HistoryPage, LoadHistoryResponse, OlderConversation, load_history_response::Part},
    },
};

/// Older conversations that are named at once.
const SHOWN_MAX: usize = 100;
/// Entries of a page: with the longest texts about 1.6 MB, which every client takes.
const ENTRIES_MAX: usize = 50;
/// Joins whose history is looked up at one time. The others wait, so that a rush of joins does not keep the logbook from all else.
const LOOKUPS_MAX: usize = 4;

static LOOKUPS: Semaphore = Semaphore::const_new(LOOKUPS_MAX);

/// The older conversations, newest first, and those of them that the agent may see.
pub(super) struct Found {
    older: usize,
    viewable: Vec<Older>,
}

impl Found {
    /// Looks them up for an agent, if it is in the conversation.
    pub(super) async fn look_up(
        visit: &Visit,
        org: &Org,
        session: Acting,
        conversation: ConversationId,
    ) -> Result<Self, Status> {
        let answer = visit.ask(Query::History { session, conversation }, Check::new()).await?;
        let Answer::History { customer, access_scopes } = answer else {
            return Err(Status::internal("a History has no other answer"));
        };
        visit.caught_up(org).await?;
        let _turn = LOOKUPS.acquire().await;
        let agent_id = org.names().of(ResourceKind::Agent).name(session.agent.0).to_owned();
        let (logbook, id) = (visit.logbook().clone(), org.id.clone());
        let read = move || logbook.older(&id, &customer, conversation, &agent_id, limits::HISTORY_MAX);
        let mut viewable = blocking(read).await?;
        let older = viewable.len();
        viewable.retain(|it| it.sight.is_viewable(&access_scopes));
        Ok(Self { older, viewable })
    }

    /// How many there are, and which may be seen; none: there are none at all.
    pub(super) fn shown(&self, conversation: ConversationId) -> Option<History> {
        (self.older > 0).then(|| History {
            conversation_id: conversation.0,
            older: self.viewable.iter().take(SHOWN_MAX).map(placeholder).collect(),
            viewable_count: count(self.viewable.len()),
            not_viewable_count: count(self.older - self.viewable.len()),
        })
    }

    /// Sends the content of so many conversations that came before one; all of them, before 0.
    pub(super) async fn send(
        self,
        visit: Visit,
        org: Arc<Org>,
        (before, at_most): (u64, usize),
        sender: mpsc::Sender<Result<LoadHistoryResponse, Status>>,
    ) {
        let wanted = self.viewable.into_iter().filter(|it| before == 0 || it.id.0 < before).take(at_most);
        for older in wanted {
            let mut from = 1;
            loop {
                let (logbook, id, conversation) = (visit.logbook().clone(), org.id.clone(), older.id);
                let read = move || logbook.entries(&id, conversation, Reader::Agent, from, ENTRIES_MAX);
                let page = blocking(read).await.map(|entries| {
                    from = entries.last().map_or(from, |it| it.number + 1);
                    let last = entries.len() < ENTRIES_MAX || from > older.entries;
                    let entries = entries.into_iter().map(chat_log::entry).collect();
                    HistoryPage { conversation: Some(placeholder(&older)), entries, last }
                });
                let is_last = page.as_ref().map_or(true, |it| it.last);
                let failed = page.is_err();
                let part = page.map(|it| LoadHistoryResponse { part: Some(Part::Page(it)) });
                if sender.send(part).await.is_err() || failed {
                    return;
                }
                if is_last {
                    break;
                }
            }
        }
    }
}

fn placeholder(it: &Older) -> OlderConversation {
    OlderConversation {
        conversation_id: it.id.0,
        channel_id: it.channel.clone(),
        created_at_ms: time(it.created_at),
        ended_at_ms: time(it.ended_at),
        log_entries: it.entries,
    }
}
