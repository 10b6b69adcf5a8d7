//! Whole directories and the calls of the DirectoryService.

use super::{
    check::Check,
    mutation::{Inquiry, Mutation, head, unfitting},
    page, resource, v1, view,
};
use crate::engine::{
    command::{Command, Query},
    directory::{
        check::{self as rules, Remark},
        names::Names,
        spec::{Change, Resource, ResourceKind},
    },
    limits,
    query::Answer,
    reply::Reply,
};

/// The resources of a directory as a caller wrote it, in the order in which mistakes are counted: kind by kind, as listed.
fn wanted(directory: Option<v1::Directory>, check: &mut Check) -> Vec<Resource> {
    let Some(directory) = check.required("directory", directory) else { return Vec::new() };
    check.within("directory", |check| {
        let d = directory;
        let mut all = Vec::with_capacity(d.agents.len() + d.queues.len() + d.skills.len());
        all.extend(d.skills.into_iter().map(resource::skill));
        items(&mut all, "channels", d.channels, check, resource::channel);
        items(&mut all, "presence_statuses", d.presence_statuses, check, resource::presence_status);
        items(&mut all, "capacity_profiles", d.capacity_profiles, check, resource::capacity_profile);
        items(&mut all, "queues", d.queues, check, resource::queue);
        items(&mut all, "buttons", d.buttons, check, resource::button);
        items(&mut all, "agents", d.agents, check, resource::agent);
        all
    })
}

fn items<T>(
    all: &mut Vec<Resource>,
    list: &'static str,
    items: Vec<T>,
    check: &mut Check,
    convert: impl Fn(T, &mut Check) -> Resource,
) {
    for (place, it) in items.into_iter().enumerate() {
        all.push(check.item(list, place, |check| convert(it, check)));
    }
}

/// A directory of these resources, kind by kind in their order.
pub fn directory_of(resources: Vec<Resource>) -> v1::Directory {
    use v1::resource::Resource as Kind;
    let mut all = v1::Directory::default();
    for resource in resources {
        match view::resource_kind(resource) {
            Kind::Skill(it) => all.skills.push(it),
            Kind::Channel(it) => all.channels.push(it),
            Kind::PresenceStatus(it) => all.presence_statuses.push(it),
            Kind::CapacityProfile(it) => all.capacity_profiles.push(it),
            Kind::Queue(it) => all.queues.push(it),
            Kind::Button(it) => all.buttons.push(it),
            Kind::Agent(it) => all.agents.push(it),
        }
    }
    all
}

/// What can never work in a directory that is to be applied: `ApplyDirectoryResponse::warnings` of a call that was carried out.
pub fn warnings(wanted: &[Resource]) -> Vec<v1::Warning> {
    shown_warnings(rules::warnings(wanted))
}

fn shown_warnings(remarks: Vec<Remark>) -> Vec<v1::Warning> {
    let shown = |it: Remark| v1::Warning { path: format!("directory.{}", it.path), description: it.text };
    remarks.into_iter().take(limits::PAGE_MAX).map(shown).collect()
}

/// The query of an `ApplyDirectory` with `dry_run`.
pub fn plan_directory(request: v1::ApplyDirectoryRequest, check: &mut Check) -> Query {
    check.org(&request.org_id);
    Query::PlanDirectory { wanted: wanted(request.directory, check) }
}

/// The answer of an `ApplyDirectory` with `dry_run`.
pub fn plan_response(answer: Answer) -> v1::ApplyDirectoryResponse {
    let Answer::Plan(changes, remarks) = answer else { unfitting("PlanDirectory", &answer) };
    let mut response = v1::ApplyDirectoryResponse { warnings: shown_warnings(remarks), ..Default::default() };
    for change in &changes {
        match change {
            Change::Create(_) => response.created_count += 1,
            Change::Replace(_) => response.changed_count += 1,
            Change::Remove(..) => response.removed_count += 1,
        }
    }
    response.changes = shown_changes(&changes);
    response
}

/// The first changes of a list, as many as a page has.
pub(super) fn shown_changes(changes: &[Change]) -> Vec<v1::Change> {
    let shown = |change: &Change| {
        let (what, kind, id) = match change {
            Change::Create(it) => (v1::ChangeKind::Created, it.kind(), it.id()),
            Change::Replace(it) => (v1::ChangeKind::Changed, it.kind(), it.id()),
            Change::Remove(kind, id) => (v1::ChangeKind::Removed, *kind, &**id),
        };
        v1::Change { change: what.into(), kind: v1::ResourceKind::from(kind).into(), id: id.into() }
    };
    changes.iter().take(limits::PAGE_MAX).map(shown).collect()
}

fn kind(number: i32, check: &mut Check) -> ResourceKind {
    check.choice::<v1::ResourceKind>("kind", number).unwrap_or(ResourceKind::Skill)
}

impl Mutation for v1::ApplyDirectoryRequest {
    /// Without warnings: they come from `warnings`, computed before the command is sent.
    type Response = v1::ApplyDirectoryResponse;

    fn into_command(self, _names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::ApplyDirectory { wanted: wanted(self.directory, check) }
    }

    fn respond(reply: Reply) -> Self::Response {
        let Reply::DirectoryApplied { created, changed, removed } = reply else {
            unfitting("ApplyDirectory", &reply)
        };
        v1::ApplyDirectoryResponse {
            created_count: created,
            changed_count: changed,
            removed_count: removed,
            ..Default::default()
        }
    }
}

impl Mutation for v1::PutResourceRequest {
    type Response = v1::PutResourceResponse;

    fn into_command(self, _names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        let nothing =
            || Resource::Skill(crate::engine::directory::spec::Skill { id: "-".into(), name: "".into() });
        Command::PutResource {
            resource: Box::new(resource::resource(self.resource, check).unwrap_or_else(nothing)),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::PutResourceResponse {}
    }
}

impl Mutation for v1::DeleteResourceRequest {
    type Response = v1::DeleteResourceResponse;

    fn into_command(self, _names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        check.id("id", &self.id);
        Command::DeleteResource { kind: kind(self.kind, check), id: self.id.into() }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::DeleteResourceResponse {}
    }
}

impl Inquiry for v1::GetResourceRequest {
    type Response = v1::GetResourceResponse;

    fn into_query(self, _names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        check.id("id", &self.id);
        Query::Resource { kind: kind(self.kind, check), id: self.id.into() }
    }

    fn respond(answer: Answer, _names: &Names) -> Self::Response {
        let Answer::Resource(it) = answer else { unfitting("GetResource", &answer) };
        v1::GetResourceResponse { resource: Some(view::resource(*it)) }
    }
}

impl Inquiry for v1::ListResourcesRequest {
    type Response = v1::ListResourcesResponse;

    fn into_query(self, _names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        Query::Resources {
            kind: kind(self.kind, check),
            page: page::by_id(self.page_size, self.page_token, check),
        }
    }

    fn respond(answer: Answer, _names: &Names) -> Self::Response {
        let Answer::Resources(all, more) = answer else { unfitting("ListResources", &answer) };
        v1::ListResourcesResponse {
            next_page_token: page::token(more, all.last().map(|it| it.id().to_owned())),
            resources: all.into_iter().map(view::resource).collect(),
        }
    }
}
