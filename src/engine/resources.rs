//! Changing the directory (DIR-1 to 3).

use crate::engine::{
    Engine,
    directory::{
        check, plan,
        spec::{Change, Resource, ResourceKind},
    },
    event::Event,
    ids::AgentIx,
    rejection::Rejection,
};

impl Engine {
    pub(super) fn apply_directory(&mut self, mut wanted: Vec<Resource>) -> Result<(), Rejection> {
        let mistakes = check::mistakes(&self.state.registry, &wanted);
        if !mistakes.is_empty() {
            return Err(Rejection::DirectoryInvalid(mistakes));
        }
        // What is new is numbered in the order of ids, whatever the order of the file.
        wanted.sort_by(|a, b| (a.kind(), a.id()).cmp(&(b.kind(), b.id())));
        self.change_directory(plan::plan(&self.state.registry, wanted));
        Ok(())
    }

    pub(super) fn put_resource(&mut self, resource: Resource) -> Result<(), Rejection> {
        let mistakes = check::mistakes_of_put(&self.state.registry, &resource);
        if !mistakes.is_empty() {
            return Err(Rejection::DirectoryInvalid(mistakes));
        }
        self.change_directory(plan::change(&self.state.registry, resource).into_iter().collect());
        Ok(())
    }

    pub(super) fn delete_resource(&mut self, kind: ResourceKind, id: &str) -> Result<(), Rejection> {
        if !self.state.registry.contains(kind, id) {
            return Err(Rejection::ResourceNotFound);
        }
        let mistakes = check::mistakes_of_removal(&self.state.registry, kind, id);
        if !mistakes.is_empty() {
            return Err(Rejection::DirectoryInvalid(mistakes));
        }
        self.change_directory(vec![Change::Remove(kind, id.into())]);
        Ok(())
    }

    /// A change counts from the next decision, and drops no work in hand: invites that no longer fit are revoked, and only the work of
    /// agents who are no longer there is routed anew.
    fn change_directory(&mut self, changes: Vec<Change>) {
        let statuses_differ = changes.iter().any(|it| match it {
            Change::Replace(resource) => resource.kind() == ResourceKind::PresenceStatus,
            Change::Remove(kind, _) => *kind == ResourceKind::PresenceStatus,
            Change::Create(_) => false,
        });
        let names = self.state.registry.names();
        let gone: Vec<AgentIx> = changes
            .iter()
            .filter_map(|it| match it {
                Change::Remove(ResourceKind::Agent, id) => names.number(ResourceKind::Agent, id),
                Change::Remove(..) | Change::Create(_) | Change::Replace(_) => None,
            })
            .collect();
        self.emit(Event::DirectoryChanged { changes });
        if !gone.is_empty() {
            self.stop_insisting_on(&gone);
        }
        gone.into_iter().for_each(|agent| self.end_agent(agent));
        if statuses_differ {
            (0..).take(self.state.agents.len()).map(AgentIx).for_each(|agent| self.revoke_unfit(agent));
        }
    }
}
