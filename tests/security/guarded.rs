//! A house that lets nobody in without a token, and calls with one.

use std::path::PathBuf;

use omniroute::{
    access::{Security, tokens::TokenRules},
    clock::Clock,
    wire::v1::{
        self, agent_service_client::AgentServiceClient,
        conversation_service_client::ConversationServiceClient,
        directory_service_client::DirectoryServiceClient, pipeline_service_client::PipelineServiceClient,
        supervisor_service_client::SupervisorServiceClient,
    },
};
use tempfile::TempDir;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use crate::{
    signers::{Signer, write_jwks},
    support::{House, ORG, START_MS, fresh, sample},
};

/// Sends a token with every call; empty: none.
#[derive(Debug, Clone)]
pub struct Bearer(pub String);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if !self.0.is_empty() {
            let header: MetadataValue<Ascii> = format!("Bearer {}", self.0).parse().expect("a header");
            request.metadata_mut().insert("authorization", header);
        }
        Ok(request)
    }
}

/// A connection that sends a token.
pub type Line = InterceptedService<Channel, Bearer>;

/// The house.
pub struct Guarded {
    pub house: House,
    pub signer: Signer,
    pub jwks: PathBuf,
    _keys: TempDir,
}

impl Guarded {
    /// With the directory of most tests, applied by its platform.
    pub async fn new() -> Self {
        let guarded = Self::bare(Clock::manual(START_MS), None, None).await;
        guarded.apply(ORG).await;
        guarded
    }

    /// Without any org.
    pub async fn bare(clock: Clock, issuer: Option<&str>, audience: Option<&str>) -> Self {
        let (keys, signer) = (TempDir::new().expect("a temporary directory"), Signer::ed("one"));
        let jwks = keys.path().join("jwks.json");
        write_jwks(&jwks, &[&signer]);
        let rules = TokenRules {
            jwks: jwks.clone(),
            issuer: issuer.map(Into::into),
            audience: audience.map(Into::into),
        };
        let security = Security { tokens: Some(rules), tls: None };
        let house = House::guarded(clock, security).await;
        Self { house, signer, jwks, _keys: keys }
    }

    /// Gives an org the directory of most tests.
    pub async fn apply(&self, org: &str) {
        self.apply_to(org, sample::directory()).await;
    }

    /// Gives an org a directory.
    pub async fn apply_to(&self, org: &str, directory: v1::Directory) {
        apply_by(&self.line(org, "platform", ""), org, directory).await;
    }

    /// A connection with a token of this org, role and name.
    pub fn line(&self, org: &str, role: &str, name: &str) -> Line {
        self.with(&self.signer.token(org, role, name))
    }

    /// A connection with this token.
    pub fn with(&self, token: &str) -> Line {
        InterceptedService::new(self.house.channel.clone(), Bearer(token.into()))
    }

    pub fn platform(&self) -> Line {
        self.line(ORG, "platform", "")
    }

    pub fn agent(&self, name: &str) -> Line {
        self.line(ORG, "agent", name)
    }
}

pub fn agents(line: &Line) -> AgentServiceClient<Line> {
    AgentServiceClient::new(line.clone())
}

pub fn conversations(line: &Line) -> ConversationServiceClient<Line> {
    ConversationServiceClient::new(line.clone())
}

pub fn supervisor(line: &Line) -> SupervisorServiceClient<Line> {
    SupervisorServiceClient::new(line.clone())
}

pub fn pipeline(line: &Line) -> PipelineServiceClient<Line> {
    PipelineServiceClient::new(line.clone())
}

/// Gives an org a directory.
pub async fn apply_by(line: &Line, org: &str, directory: v1::Directory) {
    let request = v1::ApplyDirectoryRequest {
        org_id: org.into(),
        request_id: fresh(),
        directory: Some(directory),
        dry_run: false,
    };
    DirectoryServiceClient::new(line.clone()).apply_directory(request).await.expect("the directory is right");
}
