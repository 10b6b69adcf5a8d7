//! What is there before the load and is gone after it: the org's directory, the agents' sessions, the work that stays.

use super::{
    LoadError,
    checks::Checks,
    floor::{Floor, QUEUE},
    plan::LoadArgs,
};
use crate::{
    cli::{
        client::{CallError, Line, refused},
        request_ids::RequestIds,
    },
    wire::v1::{
        Actor, Agent, ApplyDirectoryRequest, EndConversationRequest, GetAgentRequest, GetResourceRequest,
        ListAgentsRequest, ListConversationsRequest, ResourceKind, actor,
        agent_service_client::AgentServiceClient, conversation_service_client::ConversationServiceClient,
        directory_service_client::DirectoryServiceClient,
    },
};

/// Items of one page: as many as there may be.
const PAGE: u32 = 1_000;

/// The org that the load is put on.
#[derive(Debug, Clone)]
pub(super) struct Org {
    id: String,
    channel: Line,
}

impl Org {
    pub(super) fn new(args: &LoadArgs, channel: Line) -> Self {
        Self { id: args.org.clone(), channel }
    }

    /// Makes the org's directory that of the floor. An org that is not the load's own is refused.
    pub(super) async fn apply(&self, floor: &Floor) -> Result<(), LoadError> {
        let mut client = DirectoryServiceClient::new(self.channel.clone());
        let mark = GetResourceRequest {
            org_id: self.id.clone(),
            kind: ResourceKind::Queue.into(),
            id: QUEUE.to_owned(),
        };
        if let Err(status) = client.get_resource(mark).await {
            let error = refused("GetResource")(status);
            if error.is("RESOURCE_NOT_FOUND") {
                return Err(LoadError::NotOurs { org: self.id.clone() });
            }
            if !error.is("ORG_NOT_FOUND") {
                return Err(error.into());
            }
        }
        let request = ApplyDirectoryRequest {
            org_id: self.id.clone(),
            request_id: RequestIds::new("load-directory").next(),
            directory: Some(floor.directory()),
            dry_run: false,
        };
        client.apply_directory(request).await.map_err(refused("ApplyDirectory"))?;
        Ok(())
    }

    /// Ends what a run before this left behind when it was stopped.
    pub(super) async fn clear(&self) -> Result<(), LoadError> {
        let ids = RequestIds::new("load-clear");
        loop {
            let found = self.conversations().await?;
            if found.is_empty() {
                return Ok(());
            }
            let mut client = ConversationServiceClient::new(self.channel.clone());
            for conversation_id in found {
                let request = EndConversationRequest {
                    org_id: self.id.clone(),
                    request_id: ids.next(),
                    actor: Some(Actor { actor: Some(actor::Actor::Platform(actor::Platform {})) }),
                    conversation_id,
                };
                match client.end_conversation(request).await.map_err(refused("EndConversation")) {
                    Err(error) if !error.is("CONVERSATION_ENDED") => return Err(error.into()),
                    Ok(_) | Err(_) => {}
                }
            }
        }
    }

    /// Looks at everybody when everything has ended.
    pub(super) async fn check_at_rest(&self, checks: &mut Checks) -> Result<(), LoadError> {
        checks.left_over(self.conversations().await?.len());
        let mut client = AgentServiceClient::new(self.channel.clone());
        let mut page_token = String::new();
        loop {
            let request = ListAgentsRequest {
                org_id: self.id.clone(),
                page_size: PAGE,
                page_token,
                ..Default::default()
            };
            let page = client.list_agents(request).await.map_err(refused("ListAgents"))?.into_inner();
            page.agents.iter().for_each(|it| checks.at_rest(it));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(());
            }
        }
    }

    /// An agent as it is now.
    pub(super) async fn agent(&self, agent_id: String) -> Result<Agent, Box<CallError>> {
        let request = GetAgentRequest { org_id: self.id.clone(), agent_id };
        let answer = AgentServiceClient::new(self.channel.clone()).get_agent(request).await;
        Ok(answer.map_err(refused("GetAgent"))?.into_inner().agent.unwrap_or_default())
    }

    /// Live conversations: the first page.
    async fn conversations(&self) -> Result<Vec<u64>, LoadError> {
        let request =
            ListConversationsRequest { org_id: self.id.clone(), page_size: PAGE, ..Default::default() };
        let mut client = ConversationServiceClient::new(self.channel.clone());
        let page = client.list_conversations(request).await.map_err(refused("ListConversations"))?;
        Ok(page.into_inner().conversations.into_iter().map(|it| it.conversation_id).collect())
    }
}
