//! `omniroute backup`, `restore`, `verify`, `export`: what is done with a data directory, and what is said of it.
#![allow(clippy::print_stdout, reason = "this is the command line")]

use std::{
    io::{self, BufWriter, ErrorKind, Write},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use prost::Message;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use thiserror::Error;

use crate::{
    upkeep::{self, Copied, Exported, Span, UpkeepError},
    wire::{self, event},
};

/// Which data directory.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// The data directory.
    #[arg(long, value_name = "DIR", env = "OMNIROUTE_DATA_DIR", default_value = "data")]
    data_dir: PathBuf,
}

/// The commands about a data directory.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Copy a data directory as it stands now, while a service runs on it or not. The copy is checked, and is a data directory.
    Backup {
        /// Which.
        #[command(flatten)]
        data: DataArgs,
        /// Where to: a directory that is empty or not there yet.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Make a data directory of a backup. It must be empty or not there yet.
    Restore {
        /// Which.
        #[command(flatten)]
        data: DataArgs,
        /// The backup.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
    },
    /// Check a data directory that no service has: every checksum, every snapshot, and that each is what the events before it make.
    Verify {
        /// Which.
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print the events of an org as JSON, one a line, as WatchEvents tells them; while a service runs or not.
    Export {
        /// Which.
        #[command(flatten)]
        data: DataArgs,
        /// The org.
        #[arg(long, value_name = "ID")]
        org: String,
        /// The position of the first event.
        #[arg(long, value_name = "POSITION", default_value_t = 1)]
        from: u64,
        /// The position of the last event; without it, up to the end.
        #[arg(long, value_name = "POSITION")]
        to: Option<u64>,
    },
}

/// Why a command about a data directory failed.
#[derive(Debug, Error)]
pub enum DataError {
    /// It was not done.
    #[error(transparent)]
    Upkeep(#[from] UpkeepError),
    /// Snapshots are not what they should be.
    #[error(
        "{count} snapshots are wrong; nothing is lost: removed, they are made anew, and the next start takes longer"
    )]
    Snapshots {
        /// How many.
        count: usize,
    },
    /// The descriptors of the API are not what they should be: a bug of the build.
    #[error("the API's descriptors cannot be used")]
    Descriptors(#[from] DescriptorError),
}

/// Carries out a command about a data directory.
pub fn keep(command: DataCommand) -> Result<(), DataError> {
    match command {
        DataCommand::Backup { data, to } => say("backed up", &upkeep::backup(&data.data_dir, &to)?),
        DataCommand::Restore { data, from } => say("restored", &upkeep::restore(&from, &data.data_dir)?),
        DataCommand::Verify { data } => verify(&data)?,
        DataCommand::Export { data, org, from, to } => {
            export(&data, &org, Span::new(from, to))?;
        }
    }
    Ok(())
}

fn say(what: &str, copied: &Copied) {
    for (org, last) in &copied.orgs {
        println!("{org}: {what} up to position {last}");
    }
    println!("{what}: {} orgs, {} batches of events, each checked", copied.orgs.len(), copied.batches);
}

fn verify(data: &DataArgs) -> Result<(), DataError> {
    let (mut orgs, mut count) = (0, 0);
    upkeep::verify(&data.data_dir, |it| {
        let (org, last) = &it.org;
        println!(
            "{org}: {last} events, every checksum right; {} snapshots equal to the replay",
            it.snapshots.len()
        );
        for (position, fault) in &it.faults {
            println!("{org}: the snapshot at position {position} {fault}");
        }
        orgs += 1;
        count += it.faults.len();
    })?;
    println!("verified: {orgs} orgs");
    if count == 0 { Ok(()) } else { Err(DataError::Snapshots { count }) }
}

fn export(data: &DataArgs, org: &str, span: Span) -> Result<(), DataError> {
    let shown = Shown::new()?;
    let mut out = BufWriter::new(io::stdout().lock());
    let exported = upkeep::export(&data.data_dir, org, span, |it| writeln!(out, "{}", shown.json(it)?));
    match exported.and_then(|()| out.flush().map_err(UpkeepError::Output)) {
        // Whoever reads has enough.
        Err(UpkeepError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        ended => Ok(ended?),
    }
}

/// How an event is shown: protobuf's own mapping to JSON, with the names of the proto files and numbers as numbers.
struct Shown {
    event: MessageDescriptor,
    options: SerializeOptions,
}

impl Shown {
    fn new() -> Result<Self, DescriptorError> {
        let pool = DescriptorPool::decode(wire::DESCRIPTORS)?;
        let event = pool
            .get_message_by_name("omniroute.v1.Event")
            .unwrap_or_else(|| unreachable!("the API has events"));
        let options = SerializeOptions::new().stringify_64_bit_integers(false).use_proto_field_name(true);
        Ok(Self { event, options })
    }

    fn json(&self, it: Exported<'_>) -> io::Result<String> {
        let told = event::event(it.position.0, it.at, it.event, it.names).encode_to_vec();
        let message = DynamicMessage::decode(self.event.clone(), &*told).map_err(io::Error::other)?;
        let mut line = Vec::new();
        message.serialize_with_options(&mut serde_json::Serializer::new(&mut line), &self.options)?;
        String::from_utf8(line).map_err(io::Error::other)
    }
}
