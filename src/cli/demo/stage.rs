//! The stage: an org with the sample directory, a desk for each agent of the cast, a cleared floor.
//!
//! The demo takes what it needs: it opens the sessions of its cast (which fences whoever had them), ends what they have in hand and
//! what waits for an agent on its channels, whatever an earlier run or somebody else left there.

use std::sync::Arc;

use super::{
    DemoError,
    customer::Customer,
    desk::{Desk, Office},
    narration::Narrator,
};
use crate::{
    cli::{
        SAMPLE,
        client::{CallError, Line, ServiceArgs, refused},
        directory_file,
        request_ids::RequestIds,
    },
    wire::v1::{
        Actor, Agent, AgentResource, ApplyDirectoryRequest, ApplyDirectoryResponse, ChangeKind, Console,
        Conversation, ConversationState, CreateConversationRequest, CreateConversationResponse, Directory,
        EndConversationRequest, GetConversationRequest, HoldOwner, ListConversationsRequest,
        ListResourcesRequest, LogEntry, LogReader, ReadChatLogRequest, ResourceKind, Routing, actor,
        conversation_service_client::ConversationServiceClient,
        directory_service_client::DirectoryServiceClient,
    },
};

/// Who plays, and at which console. They are all who have the skills that the story asks for.
const CAST: [(&str, Console); 10] = [
    ("amira", Console::Lightning),
    ("dana", Console::Lightning),
    ("grace", Console::Lightning),
    ("chen", Console::Lightning),
    ("elif", Console::Lightning),
    ("femi", Console::Lightning),
    ("hugo", Console::Lightning),
    ("ines", Console::Lightning),
    ("jonas", Console::Classic),
    ("kira", Console::Classic),
];
/// The channels that it plays on: those of `ON_DUTY`.
const CHANNELS: [&str; 2] = ["chat", "messaging"];
const ON_DUTY: &str = "chat-only";
const OFF_DUTY: &str = "offline";
/// Conversations of others that the demo is ready to look through.
const CONVERSATIONS_MAX: usize = 10_000;

/// Everything that the story needs.
pub(super) struct Stage {
    pub(super) narrator: Narrator,
    office: Office,
    channel: Line,
    conversations: ConversationServiceClient<Line>,
    directory: Directory,
    desks: Vec<Desk>,
}

impl Stage {
    /// Connects, has the cast take their seats, and clears the floor.
    pub(super) async fn set(service: &ServiceArgs) -> Result<Self, DemoError> {
        let channel = service.dial.connect().await?;
        let narrator = Narrator::new();
        narrator.act("The agents take their seats");
        narrator.say(format_args!("The service is at {}, the org is {}.", service.dial.addr, service.org));
        let office = Office {
            dial: service.dial.clone(),
            org: service.org.clone(),
            ids: Arc::new(RequestIds::new("demo")),
            narrator: narrator.clone(),
        };
        let mut stage = Self {
            narrator,
            office,
            conversations: ConversationServiceClient::new(channel.clone()),
            channel,
            directory: directory_file::parse(SAMPLE)?,
            desks: Vec::new(),
        };
        stage.expect_sample().await?;
        stage.take_seats().await?;
        Ok(stage)
    }

    /// The org has the sample directory; where there is no such org, it is made.
    async fn expect_sample(&self) -> Result<(), DemoError> {
        let org = &self.office.org;
        let mut directory = DirectoryServiceClient::new(self.channel.clone());
        let request = ListResourcesRequest {
            org_id: org.clone(),
            kind: ResourceKind::Channel.into(),
            page_size: 1,
            page_token: String::new(),
        };
        let known = directory.list_resources(request).await.map_err(refused("ListResources"));
        let is_new = match known {
            Err(error) if error.is("ORG_NOT_FOUND") => true,
            Err(error) => return Err(error.into()),
            Ok(_) => false,
        };
        let request = ApplyDirectoryRequest {
            org_id: org.clone(),
            request_id: self.office.ids.next(),
            directory: Some(self.directory.clone()),
            dry_run: !is_new,
        };
        let answer = directory.apply_directory(request).await.map_err(refused("ApplyDirectory"))?;
        if is_new {
            self.narrator.say(format_args!("There was no org {org}: it has the sample directory now."));
            return Ok(());
        }
        match difference(&answer.into_inner()) {
            None => Ok(()),
            Some(difference) => Err(DemoError::NotTheSample { org: org.clone(), difference }),
        }
    }

    async fn take_seats(&mut self) -> Result<(), DemoError> {
        let mut in_hand = Vec::new();
        for (agent, console) in CAST {
            let (desk, state) = Desk::open(&self.office, agent, console, OFF_DUTY).await?;
            in_hand.extend(state.conversation_ids);
            self.desks.push(desk);
        }
        in_hand.extend(self.waiting().await?);
        in_hand.sort_unstable();
        in_hand.dedup();
        if !in_hand.is_empty() {
            self.narrator.say(format_args!("Clearing the floor of {} older conversations.", in_hand.len()));
        }
        for conversation in in_hand {
            self.end(conversation).await?;
        }
        for desk in &self.desks {
            complete_wrap_ups(desk).await?;
            desk.set_presence(ON_DUTY).await?;
            desk.forget().await;
        }
        for (desk, (_, console)) in self.desks.iter().zip(CAST) {
            let state = desk.state().await?;
            if state.units_used > 0 {
                let what = format!("{} was given other work meanwhile", desk.agent);
                return Err(DemoError::Busy { org: self.office.org.clone(), what });
            }
            let console = if console == Console::Lightning { "LIGHTNING" } else { "CLASSIC" };
            let skills = self.skills_of(desk.agent);
            self.narrator.does(desk.agent, format_args!("{console:<9} {:>2} units   {skills}", state.units));
        }
        self.narrator.tell_notices(true);
        Ok(())
    }

    /// Conversations on our channels that no agent is in: their requests would come to our agents.
    async fn waiting(&self) -> Result<Vec<u64>, DemoError> {
        let (mut waiting, mut page_token, mut seen) = (Vec::new(), String::new(), 0);
        loop {
            let request = ListConversationsRequest {
                org_id: self.office.org.clone(),
                page_size: 1_000,
                page_token: std::mem::take(&mut page_token),
                flagged: false,
            };
            let page = self.conversations.clone().list_conversations(request).await;
            let page = page.map_err(refused("ListConversations"))?.into_inner();
            seen += page.conversations.len();
            let waits = |it: &&Conversation| {
                it.state() == ConversationState::Waiting && CHANNELS.contains(&&*it.channel_id)
            };
            waiting.extend(page.conversations.iter().filter(waits).map(|it| it.conversation_id));
            if page.next_page_token.is_empty() {
                return Ok(waiting);
            }
            if seen >= CONVERSATIONS_MAX {
                let what = format!("more than {CONVERSATIONS_MAX} live conversations");
                return Err(DemoError::Busy { org: self.office.org.clone(), what });
            }
            page_token = page.next_page_token;
        }
    }

    /// Ends a conversation as the platform; it may have ended by itself meanwhile.
    async fn end(&self, conversation: u64) -> Result<(), DemoError> {
        let request = EndConversationRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            actor: Some(Actor { actor: Some(actor::Actor::Platform(actor::Platform {})) }),
            conversation_id: conversation,
        };
        let answer = self.conversations.clone().end_conversation(request).await;
        unless(answer.map_err(refused("EndConversation")), "CONVERSATION_ENDED")
    }

    /// The agents go home: nothing is left in anybody's hands.
    pub(super) async fn close(self) -> Result<(), DemoError> {
        self.narrator.act("The agents go home");
        self.narrator.tell_notices(false);
        let mut units_used = 0;
        for desk in &self.desks {
            complete_wrap_ups(desk).await?;
            units_used += desk.state().await?.units_used;
            desk.set_presence(OFF_DUTY).await?;
        }
        self.narrator.check(&units_used, &0, "no agent has a unit in use any more")?;
        self.narrator.say(format_args!("The end. {} checks passed.", self.narrator.check_count()));
        Ok(())
    }

    /// The desk of an agent of the cast.
    pub(super) fn desk(&self, agent: &str) -> Result<&Desk, DemoError> {
        self.desks.iter().find(|it| it.agent == agent).ok_or_else(|| DemoError::NotAsTheRulesSay {
            expected: "the agent is one of the cast".into(),
            found: agent.to_owned(),
        })
    }

    /// What an agent can do, as the sample says.
    pub(super) fn resource(&self, agent: &str) -> Option<&AgentResource> {
        self.directory.agents.iter().find(|it| it.id == agent)
    }

    fn skills_of(&self, agent: &str) -> String {
        let skills = self.resource(agent).map_or(&[][..], |it| &it.skills);
        let skills = skills.iter().map(|it| format!("{} {}", it.skill_id, level(it.level_hundredths)));
        skills.collect::<Vec<_>>().join(", ")
    }

    /// A customer comes in; answers the conversation.
    pub(super) async fn create(
        &self,
        channel: &str,
        customer: &str,
        routing: Routing,
    ) -> Result<u64, DemoError> {
        let request = CreateConversationRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            channel_id: channel.to_owned(),
            customer_id: format!("demo:{customer}"),
            routing: Some(routing),
            ..Default::default()
        };
        let answer = self.conversations.clone().create_conversation(request).await;
        let CreateConversationResponse { conversation_id, .. } =
            answer.map_err(refused("CreateConversation"))?.into_inner();
        Ok(conversation_id)
    }

    /// Has a customer watch its conversation.
    pub(super) async fn seat(&self, name: &'static str, conversation: u64) -> Result<Customer, DemoError> {
        let Office { org, ids, narrator, .. } = &self.office;
        Customer::watch(name, (org, conversation), self.channel.clone(), ids.clone(), narrator.clone()).await
    }

    /// A conversation as it stands.
    pub(super) async fn conversation(&self, conversation: u64) -> Result<Conversation, DemoError> {
        let request =
            GetConversationRequest { org_id: self.office.org.clone(), conversation_id: conversation };
        let answer = self.conversations.clone().get_conversation(request).await;
        Ok(answer.map_err(refused("GetConversation"))?.into_inner().conversation.unwrap_or_default())
    }

    /// A chat log from its first entry on.
    pub(super) async fn chat_log(
        &self,
        conversation: u64,
        reader: LogReader,
    ) -> Result<Vec<LogEntry>, DemoError> {
        let request = ReadChatLogRequest {
            org_id: self.office.org.clone(),
            conversation_id: conversation,
            reader: reader.into(),
            from_number: 1,
            page_size: 1_000,
        };
        let answer = self.conversations.clone().read_chat_log(request).await;
        Ok(answer.map_err(refused("ReadChatLog"))?.into_inner().entries)
    }
}

/// A level as people write it.
pub(super) fn level(hundredths: u32) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Ends the wrap-ups of an agent before their time.
async fn complete_wrap_ups(desk: &Desk) -> Result<(), DemoError> {
    let Agent { holds, .. } = desk.state().await?;
    for hold in holds.iter().filter(|it| it.owner() == HoldOwner::WrapUp) {
        // It may be over by itself meanwhile.
        unless(desk.complete_wrap_up(hold.conversation_id).await, "NO_WRAP_UP")?;
    }
    Ok(())
}

fn unless<T>(answer: Result<T, Box<CallError>>, reason: &str) -> Result<(), DemoError> {
    match answer {
        Err(error) if !error.is(reason) => Err(error.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What of the sample is not there as it should be. More than the sample may be there.
fn difference(answer: &ApplyDirectoryResponse) -> Option<String> {
    let change = answer.changes.iter().find(|it| it.change() != ChangeKind::Removed)?;
    let what = if change.change() == ChangeKind::Created { "is missing" } else { "is another" };
    let kind = change.kind().as_str_name().trim_start_matches("RESOURCE_KIND_").to_lowercase();
    Some(format!("{kind} {} {what}", change.id))
}
