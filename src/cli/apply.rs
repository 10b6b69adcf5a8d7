//! `omniroute apply`: makes the directory of an org what a file says, or tells what that would change.

#![allow(clippy::print_stdout, reason = "what a command line is for")]

use std::{fs, io, path::PathBuf};

use clap::Args;
use thiserror::Error;

use super::{
    SAMPLE,
    client::{CallError, ConnectError, ServiceArgs, refused},
    directory_file::{self, DirectoryFileError},
    request_ids::RequestIds,
};
use crate::wire::v1::{self, directory_service_client::DirectoryServiceClient};

/// The arguments of `omniroute apply`.
#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// The directory file (TOML).
    #[arg(value_name = "FILE", required_unless_present = "sample", conflicts_with = "sample")]
    file: Option<PathBuf>,
    /// Apply the sample directory that is built in, in place of a file.
    #[arg(long)]
    sample: bool,
    /// Say what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    service: ServiceArgs,
}

/// Why a directory was not applied.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is wrong.
    #[error("{name} is wrong")]
    Content {
        /// Which file.
        name: String,
        /// Where and what.
        source: DirectoryFileError,
    },
    /// There is no service.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The service refused it.
    #[error(transparent)]
    Refused(#[from] Box<CallError>),
}

/// Applies a file to a running service and prints what that changed.
pub(super) async fn apply(args: ApplyArgs) -> Result<(), ApplyError> {
    let (name, text) = match args.file {
        Some(path) => {
            let text = fs::read_to_string(&path)
                .map_err(|source| ApplyError::File { path: path.clone(), source })?;
            (path.display().to_string(), text)
        }
        None => ("the sample".to_owned(), SAMPLE.to_owned()),
    };
    let directory =
        directory_file::parse(&text).map_err(|source| ApplyError::Content { name: name.clone(), source })?;
    let ids = Ids::of(&directory);
    let request = v1::ApplyDirectoryRequest {
        org_id: args.service.org.clone(),
        request_id: RequestIds::new("apply").next(),
        directory: Some(directory),
        dry_run: args.dry_run,
    };
    let mut client = DirectoryServiceClient::new(args.service.dial.connect().await?);
    let answer =
        client.apply_directory(request).await.map_err(refused("ApplyDirectory")).map_err(|mut it| {
            for violation in &mut it.violations {
                violation.field = ids.annotate(&violation.field);
            }
            it
        })?;
    print(&args.service.org, &name, args.dry_run, &answer.into_inner(), &ids);
    Ok(())
}

fn print(org: &str, name: &str, dry_run: bool, answer: &v1::ApplyDirectoryResponse, ids: &Ids) {
    for change in &answer.changes {
        println!("{}", line(change));
    }
    let total = answer.created_count + answer.changed_count + answer.removed_count;
    if let Some(more @ 1..) = usize::try_from(total).ok().and_then(|it| it.checked_sub(answer.changes.len()))
        && dry_run
    {
        println!("  … and {more} more");
    }
    for warning in &answer.warnings {
        println!("! {}: {}", ids.annotate(&warning.path), warning.description);
    }
    println!("{}", summary(org, name, dry_run, answer));
}

fn line(change: &v1::Change) -> String {
    let sign = match change.change() {
        v1::ChangeKind::Created => '+',
        v1::ChangeKind::Changed => '~',
        v1::ChangeKind::Removed => '-',
        v1::ChangeKind::Unspecified => '?',
    };
    let kind = match change.kind() {
        v1::ResourceKind::Skill => "skill",
        v1::ResourceKind::Channel => "channel",
        v1::ResourceKind::PresenceStatus => "presence status",
        v1::ResourceKind::CapacityProfile => "capacity profile",
        v1::ResourceKind::Queue => "queue",
        v1::ResourceKind::Button => "button",
        v1::ResourceKind::Agent => "agent",
        v1::ResourceKind::Unspecified => "resource",
    };
    format!("{sign} {kind} {}", change.id)
}

fn summary(org: &str, name: &str, dry_run: bool, answer: &v1::ApplyDirectoryResponse) -> String {
    let (created, changed, removed) = (answer.created_count, answer.changed_count, answer.removed_count);
    if created + changed + removed == 0 {
        format!("org {org} is what {name} says: nothing to change")
    } else if dry_run {
        format!(
            "org {org} with {name}: {created} would be created, {changed} changed, {removed} removed; nothing was done"
        )
    } else {
        format!("org {org} is now what {name} says: {created} created, {changed} changed, {removed} removed")
    }
}

/// The ids by their place in the directory: the service names a mistake by its place, people know it by its id.
struct Ids(Vec<(&'static str, Vec<String>)>);

impl Ids {
    fn of(directory: &v1::Directory) -> Self {
        fn of<T>(list: &[T], id: impl Fn(&T) -> &String) -> Vec<String> {
            list.iter().map(|it| id(it).clone()).collect()
        }
        Self(vec![
            ("skills", of(&directory.skills, |it| &it.id)),
            ("channels", of(&directory.channels, |it| &it.id)),
            ("presence_statuses", of(&directory.presence_statuses, |it| &it.id)),
            ("capacity_profiles", of(&directory.capacity_profiles, |it| &it.id)),
            ("queues", of(&directory.queues, |it| &it.id)),
            ("buttons", of(&directory.buttons, |it| &it.id)),
            ("agents", of(&directory.agents, |it| &it.id)),
        ])
    }

    /// `agents[3].skills[0].skill_id` becomes `agents[3] (dana).skills[0].skill_id`.
    fn annotate(&self, path: &str) -> String {
        let inner = path.strip_prefix("directory.").unwrap_or(path);
        let annotated = || {
            let (list, rest) = inner.split_once('[')?;
            let (place, rest) = rest.split_once(']')?;
            let (_, ids) = self.0.iter().find(|(name, _)| *name == list)?;
            let id = ids.get(place.parse::<usize>().ok()?)?;
            Some(format!("{list}[{place}] ({id}){rest}"))
        };
        annotated().unwrap_or_else(|| path.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_directory_is_told_with_its_id() {
        let ids = Ids::of(&directory_file::parse(SAMPLE).unwrap());
        assert_eq!(ids.annotate("agents[3].skills[0].skill_id"), "agents[3] (dana).skills[0].skill_id");
        assert_eq!(ids.annotate("directory.queues[0]"), "queues[0] (front-desk)");
        assert_eq!(ids.annotate("agents[99].id"), "agents[99].id");
        assert_eq!(ids.annotate("org_id"), "org_id");
    }

    #[test]
    fn the_summary_says_whether_anything_was_done() {
        let none = v1::ApplyDirectoryResponse::default();
        let some = v1::ApplyDirectoryResponse { created_count: 2, removed_count: 1, ..Default::default() };
        assert!(summary("acme", "a.toml", false, &none).contains("nothing to change"));
        assert!(summary("acme", "a.toml", true, &some).contains("nothing was done"));
        assert_eq!(
            summary("acme", "a.toml", false, &some),
            "org acme is now what a.toml says: 2 created, 0 changed, 1 removed"
        );
    }
}
