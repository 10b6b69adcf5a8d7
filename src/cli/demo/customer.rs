//! A customer: writes messages, and watches the customer's side of the chat log.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{DemoError, inbox::Inbox, narration::Narrator, sentences};
use crate::{
    cli::{
        client::{Line, refused},
        request_ids::RequestIds,
    },
    wire::v1::{
        Actor, LogEntry, LogEntryKind, LogReader, PostMessageRequest, WatchChatLogRequest,
        WatchChatLogResponse, actor, conversation_service_client::ConversationServiceClient,
    },
};

/// A customer in a conversation.
pub(super) struct Customer {
    name: &'static str,
    org: String,
    conversation: u64,
    client: ConversationServiceClient<Line>,
    ids: Arc<RequestIds>,
    narrator: Narrator,
    inbox: Mutex<Inbox<WatchChatLogResponse>>,
}

impl Customer {
    /// Sits down before a conversation.
    pub(super) async fn watch(
        name: &'static str,
        (org, conversation): (&str, u64),
        channel: Line,
        ids: Arc<RequestIds>,
        narrator: Narrator,
    ) -> Result<Self, DemoError> {
        let mut client = ConversationServiceClient::new(channel);
        let request = WatchChatLogRequest {
            org_id: org.to_owned(),
            conversation_id: conversation,
            reader: LogReader::Customer.into(),
            from_number: 1,
        };
        let stream = client.watch_chat_log(request).await.map_err(refused("WatchChatLog"))?.into_inner();
        let told = {
            let narrator = narrator.clone();
            move |it: &WatchChatLogResponse| {
                if let Some(entry) = &it.entry {
                    narrator.told(name, format_args!("(customer) {}", sentences::entry(entry)));
                }
            }
        };
        let inbox = Mutex::new(Inbox::open(name, stream, told));
        Ok(Self { name, org: org.to_owned(), conversation, client, ids, narrator, inbox })
    }

    /// Writes.
    pub(super) async fn writes(&self, text: &str) -> Result<(), DemoError> {
        self.narrator.does(self.name, format_args!("(customer) writes: {text}"));
        let request = PostMessageRequest {
            org_id: self.org.clone(),
            request_id: self.ids.next(),
            actor: Some(Actor { actor: Some(actor::Actor::Customer(actor::Customer {})) }),
            conversation_id: self.conversation,
            text: text.to_owned(),
            whisper: false,
        };
        self.client.clone().post_message(request).await.map_err(refused("PostMessage"))?;
        Ok(())
    }

    /// Waits to be told of this.
    pub(super) async fn sees(&self, kind: LogEntryKind, agent: &str) -> Result<LogEntry, DemoError> {
        let what = format!("{} {agent}", kind.as_str_name());
        let pick = |it: &WatchChatLogResponse| {
            it.entry.as_ref().filter(|it| it.kind() == kind && it.agent_id == agent).cloned()
        };
        self.inbox.lock().await.take(&what, pick).await
    }

    /// Waits until the service closes the stream, as it does after the end of the conversation.
    pub(super) async fn stream_ends(&self) -> Result<(), DemoError> {
        self.inbox.lock().await.ended().await
    }
}
