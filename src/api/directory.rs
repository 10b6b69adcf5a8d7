//! DirectoryService.

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};

use super::{Front, front::Visit};
use crate::{
    engine::{
        command::{Command, Page, Query},
        directory::spec::ResourceKind,
        limits,
        query::Answer,
    },
    wire::{
        check::Check,
        mutation::{Mutation, Repeatable, directory_of, plan_directory, plan_response, warnings},
        v1::{
            ApplyDirectoryRequest, ApplyDirectoryResponse, DeleteResourceRequest, DeleteResourceResponse,
            GetDirectoryRequest, GetDirectoryResponse, GetResourceRequest, GetResourceResponse,
            ListResourcesRequest, ListResourcesResponse, PutResourceRequest, PutResourceResponse,
            directory_service_server::DirectoryService,
        },
    },
};

/// The service.
#[derive(Debug)]
pub(super) struct Directories(pub Arc<Front>);

#[async_trait]
impl DirectoryService for Directories {
    async fn apply_directory(
        &self,
        request: Request<ApplyDirectoryRequest>,
    ) -> Result<Response<ApplyDirectoryResponse>, Status> {
        let (visit, call) = self.0.admit(request).await?;
        if call.dry_run {
            return plan(&visit, call).await;
        }
        let key = visit.key(call.request_id());
        let mut check = Check::new();
        let command = visit.to.with_names(|names| call.into_command(names, &mut check));
        let warnings =
            if let Command::ApplyDirectory { wanted } = &command { warnings(wanted) } else { Vec::new() };
        let reply = visit.decide(key, command, check).await?;
        Ok(Response::new(ApplyDirectoryResponse { warnings, ..ApplyDirectoryRequest::respond(reply) }))
    }

    async fn get_directory(
        &self,
        request: Request<GetDirectoryRequest>,
    ) -> Result<Response<GetDirectoryResponse>, Status> {
        let (visit, _) = self.0.admit(request).await?;
        let mut resources = Vec::new();
        for kind in ResourceKind::ALL {
            let mut after = None;
            loop {
                let query = Query::Resources { kind, page: Page { after, size: limits::PAGE_MAX } };
                let mut check = Check::new();
                check.org(&visit.to.id);
                let Answer::Resources(page, more) = visit.ask(query, check).await? else { break };
                after = page.last().map(|it| it.id().into());
                resources.extend(page);
                if !more {
                    break;
                }
            }
        }
        Ok(Response::new(GetDirectoryResponse { directory: Some(directory_of(resources)) }))
    }

    async fn put_resource(
        &self,
        request: Request<PutResourceRequest>,
    ) -> Result<Response<PutResourceResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn get_resource(
        &self,
        request: Request<GetResourceRequest>,
    ) -> Result<Response<GetResourceResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn list_resources(
        &self,
        request: Request<ListResourcesRequest>,
    ) -> Result<Response<ListResourcesResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn delete_resource(
        &self,
        request: Request<DeleteResourceRequest>,
    ) -> Result<Response<DeleteResourceResponse>, Status> {
        self.0.mutate(request).await
    }
}

async fn plan(
    visit: &Visit,
    call: ApplyDirectoryRequest,
) -> Result<Response<ApplyDirectoryResponse>, Status> {
    let mut check = Check::new();
    let query = plan_directory(call, &mut check);
    let answer = visit.ask(query, check).await?;
    Ok(Response::new(plan_response(answer)))
}
