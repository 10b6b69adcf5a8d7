//! ConversationService.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, async_trait};

use super::{
    Front, chat_log,
    front::{Visit, blocking},
    history::Found,
};
use crate::{
    engine::{chat_log::EntryKind, command::Query, ids::ConversationId, limits, rejection::Rejection},
    views::{
        logbook::{
            Reader,
            line::{Line, Record},
        },
        orgs::Org,
    },
    wire::{
        check::Check,
        mutation::Inquiry,
        mutation::load_history,
        status,
        v1::{
            AttachRecordRequest, AttachRecordResponse, CancelRequestRequest, CancelRequestResponse,
            CompleteWrapUpRequest, CompleteWrapUpResponse, CreateConversationRequest,
            CreateConversationResponse, EndConversationRequest, EndConversationResponse, ExtendWrapUpRequest,
            ExtendWrapUpResponse, GetConversationRequest, GetConversationResponse,
            InactivateConversationRequest, InactivateConversationResponse, InviteAgentRequest,
            InviteAgentResponse, LeaveConversationRequest, LeaveConversationResponse,
            ListConversationsRequest, ListConversationsResponse, ListRecordsRequest, ListRecordsResponse,
            LoadHistoryRequest, LoadHistoryResponse, LogReader, PickConversationRequest,
            PickConversationResponse, PostMessageRequest, PostMessageResponse, ReadChatLogRequest,
            ReadChatLogResponse, RemoveRecordRequest, RemoveRecordResponse, RequestConferenceRequest,
            RequestConferenceResponse, RequestTransferRequest, RequestTransferResponse, WatchChatLogRequest,
            WatchChatLogResponse, conversation_service_server::ConversationService,
            load_history_response::Part,
        },
    },
};

/// Entries of a page where the caller does not say.
const PAGE_DEFAULT: usize = 100;
/// Older conversations whose content is streamed where the caller does not say.
const HISTORY_DEFAULT: usize = 10;
/// Pages of a history that wait for a slow reader.
const PAGES_WAITING_MAX: usize = 4;
/// Entries that wait for a slow reader of a log's stream.
const ENTRIES_WAITING_MAX: usize = 64;

/// The service.
#[derive(Debug)]
pub(super) struct Conversations(pub Arc<Front>);

/// Whose log, of which conversation, from which entry on.
struct Place {
    visit: Visit,
    org: Arc<Org>,
    conversation: ConversationId,
    reader: Reader,
    from: u32,
}

impl Place {
    fn of(visit: Visit, conversation: u64, reader: i32, from: u32, mut check: Check) -> Result<Self, Status> {
        check.org(&visit.to.id);
        check.given("conversation_id", conversation);
        let reader = match LogReader::try_from(reader) {
            Ok(LogReader::Unspecified | LogReader::Agent) => Reader::Agent,
            Ok(LogReader::Customer) => Reader::Customer,
            Err(_) => {
                check.say("reader", "is none of the known readers");
                Reader::Agent
            }
        };
        if !check.is_empty() {
            return Err(check.into_status());
        }
        let org = visit.org()?;
        Ok(Self { visit, org, conversation: ConversationId(conversation), reader, from: from.max(1) })
    }

    async fn entries(&self, at_most: usize) -> Result<Vec<Line>, Status> {
        let (logbook, org) = (self.visit.logbook().clone(), self.org.id.clone());
        let (conversation, reader, from) = (self.conversation, self.reader, self.from);
        blocking(move || logbook.entries(&org, conversation, reader, from, at_most)).await
    }

    /// Refuses what there never was.
    async fn known(&self) -> Result<Record, Status> {
        let (logbook, org, id) = (self.visit.logbook().clone(), self.org.id.clone(), self.conversation);
        let found = blocking(move || logbook.conversation(&org, id)).await?;
        found.ok_or_else(|| status::refusal(&Rejection::ConversationNotFound))
    }
}

#[async_trait]
impl ConversationService for Conversations {
    type WatchChatLogStream = ReceiverStream<Result<WatchChatLogResponse, Status>>;
    type LoadHistoryStream = ReceiverStream<Result<LoadHistoryResponse, Status>>;

    async fn create_conversation(
        &self,
        request: Request<CreateConversationRequest>,
    ) -> Result<Response<CreateConversationResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn get_conversation(
        &self,
        request: Request<GetConversationRequest>,
    ) -> Result<Response<GetConversationResponse>, Status> {
        let (visit, call) = self.0.admit(request).await?;
        let place = Place::of(visit, call.conversation_id, 0, 0, Check::new())?;
        match place.visit.answer(Query::Conversation(place.conversation)).await? {
            Err(Rejection::ConversationEnded) => {
                place.visit.caught_up(&place.org).await?;
                let conversation = Some(chat_log::ended(place.conversation, place.known().await?));
                Ok(Response::new(GetConversationResponse { conversation }))
            }
            Ok(answer) => Ok(Response::new(GetConversationRequest::respond(answer, &place.org.names()))),
            Err(rejection) => Err(status::refusal(&rejection)),
        }
    }

    async fn invite_agent(
        &self,
        request: Request<InviteAgentRequest>,
    ) -> Result<Response<InviteAgentResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn list_conversations(
        &self,
        request: Request<ListConversationsRequest>,
    ) -> Result<Response<ListConversationsResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn request_conference(
        &self,
        request: Request<RequestConferenceRequest>,
    ) -> Result<Response<RequestConferenceResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn request_transfer(
        &self,
        request: Request<RequestTransferRequest>,
    ) -> Result<Response<RequestTransferResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn pick_conversation(
        &self,
        request: Request<PickConversationRequest>,
    ) -> Result<Response<PickConversationResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn cancel_request(
        &self,
        request: Request<CancelRequestRequest>,
    ) -> Result<Response<CancelRequestResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn leave_conversation(
        &self,
        request: Request<LeaveConversationRequest>,
    ) -> Result<Response<LeaveConversationResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn end_conversation(
        &self,
        request: Request<EndConversationRequest>,
    ) -> Result<Response<EndConversationResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn inactivate_conversation(
        &self,
        request: Request<InactivateConversationRequest>,
    ) -> Result<Response<InactivateConversationResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn complete_wrap_up(
        &self,
        request: Request<CompleteWrapUpRequest>,
    ) -> Result<Response<CompleteWrapUpResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn extend_wrap_up(
        &self,
        request: Request<ExtendWrapUpRequest>,
    ) -> Result<Response<ExtendWrapUpResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn post_message(
        &self,
        request: Request<PostMessageRequest>,
    ) -> Result<Response<PostMessageResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn attach_record(
        &self,
        request: Request<AttachRecordRequest>,
    ) -> Result<Response<AttachRecordResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn remove_record(
        &self,
        request: Request<RemoveRecordRequest>,
    ) -> Result<Response<RemoveRecordResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn list_records(
        &self,
        request: Request<ListRecordsRequest>,
    ) -> Result<Response<ListRecordsResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn load_history(
        &self,
        request: Request<LoadHistoryRequest>,
    ) -> Result<Response<Self::LoadHistoryStream>, Status> {
        let (visit, call) = self.0.admit(request).await?;
        let mut check = Check::new();
        let query = visit.to.with_names(|names| load_history(&call, names, &mut check));
        if !check.is_empty() {
            return Err(check.into_status());
        }
        let Query::History { session, conversation } = query else {
            return Err(Status::internal("a LoadHistory is no other query"));
        };
        let org = visit.org()?;
        let found = Found::look_up(&visit, &org, session, conversation).await?;
        let (sender, receiver) = mpsc::channel(PAGES_WAITING_MAX);
        let first = found.shown(conversation);
        let first = first.map(|it| LoadHistoryResponse { part: Some(Part::History(it)) });
        let at_most = match call.conversation_count as usize {
            0 => HISTORY_DEFAULT,
            stated => stated,
        };
        tokio::spawn(async move {
            let Some(first) = first else { return };
            if sender.send(Ok(first)).await.is_ok() {
                found.send(visit, org, (call.before_conversation_id, at_most), sender).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn read_chat_log(
        &self,
        request: Request<ReadChatLogRequest>,
    ) -> Result<Response<ReadChatLogResponse>, Status> {
        let (visit, call) = self.0.admit(request).await?;
        let mut check = Check::new();
        check.number("page_size", call.page_size as usize, 0, limits::PAGE_MAX);
        let place = Place::of(visit, call.conversation_id, call.reader, call.from_number, check)?;
        let page_size = if call.page_size == 0 { PAGE_DEFAULT } else { call.page_size as usize };
        place.visit.caught_up(&place.org).await?;
        place.known().await?;
        let entries = place.entries(page_size).await?;
        let next_number = entries.last().map_or(place.from, |it| it.number + 1);
        let entries = entries.into_iter().map(chat_log::entry).collect();
        Ok(Response::new(ReadChatLogResponse { entries, next_number }))
    }

    async fn watch_chat_log(
        &self,
        request: Request<WatchChatLogRequest>,
    ) -> Result<Response<Self::WatchChatLogStream>, Status> {
        let (visit, call) = self.0.admit(request).await?;
        let place = Place::of(visit, call.conversation_id, call.reader, call.from_number, Check::new())?;
        place.visit.caught_up(&place.org).await?;
        place.known().await?;
        let (sender, receiver) = mpsc::channel(ENTRIES_WAITING_MAX);
        tokio::spawn(async move {
            let (visit, org, conversation) = (place.visit.clone(), place.org.clone(), place.conversation);
            visit.stream(&sender, place.follow(&sender)).await;
            org.unwatch_log(conversation);
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

impl Place {
    /// Sends the entries of a log as they come, until the one that says that the conversation ended.
    async fn follow(mut self, sender: &mpsc::Sender<Result<WatchChatLogResponse, Status>>) {
        let mut grown = self.org.watch_log(self.conversation);
        loop {
            grown.mark_unchanged();
            let entries = match self.more().await {
                Ok(entries) => entries,
                Err(status) => {
                    // Whoever no longer reads needs no reason.
                    return sender.send(Err(status)).await.unwrap_or(());
                }
            };
            let drained = entries.len() < PAGE_DEFAULT;
            for entry in entries {
                self.from = entry.number + 1;
                let ended = entry.kind == EntryKind::Ended;
                if sender
                    .send(Ok(WatchChatLogResponse { entry: Some(chat_log::entry(entry)) }))
                    .await
                    .is_err()
                    || ended
                {
                    return;
                }
            }
            // The log of a conversation that ended before it was watched grows no more.
            let over = drained
                && self.known().await.is_ok_and(|it| it.ended_at.is_some())
                && !grown.has_changed().unwrap_or(false);
            if over && self.entries(1).await.is_ok_and(|it| it.is_empty()) {
                return;
            }
            if drained && grown.changed().await.is_err() {
                // The log was forgotten between two looks: watch it anew.
                grown = self.org.watch_log(self.conversation);
            }
        }
    }
    /// The next entries, if the caller may still see them.
    async fn more(&mut self) -> Result<Vec<Line>, Status> {
        self.visit.still_knows_of(self.conversation).await?;
        self.entries(PAGE_DEFAULT).await
    }
}
