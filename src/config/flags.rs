//! The flags of the commands that are configured: one for each key, and `--config`. They take any text; what it means is read
//! with that of the other layers, so that a mistake is told the same way wherever it was made.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};

use super::{KEYS, Key};

const CONFIG: &str = "config";

/// What the flags gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// The text of each key that was given.
    pub given: BTreeMap<&'static str, String>,
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.file = matches.get_one::<PathBuf>(CONFIG).cloned();
        for key in KEYS {
            if let Some(text) = matches.get_one::<String>(key.name) {
                self.given.insert(key.name, text.clone());
            } else if key.is_switch() && matches.get_flag(&off(key)) {
                self.given.insert(key.name, "false".to_owned());
            }
        }
        Ok(())
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Read the keys below from a TOML file; environment and flags come before it [env: OMNIROUTE_CONFIG]");
        KEYS.iter().flat_map(args).fold(command.arg(file), Command::arg)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The flag of a key; a switch has one to turn it off as well.
fn args(key: &'static Key) -> Vec<Arg> {
    let default = if key.default.is_empty() { String::new() } else { format!("[default: {}] ", key.default) };
    let help = format!("{} {default}[env: {}]", key.help.trim(), key.variable());
    let arg = Arg::new(key.name).long(key.flag()).value_name(key.value_name).help(help);
    if !key.is_switch() {
        return vec![arg];
    }
    let off = Arg::new(off(key))
        .long(format!("no-{}", key.flag()))
        .action(ArgAction::SetTrue)
        .conflicts_with(key.name)
        .help(format!("The same as --{}=false", key.flag()));
    vec![arg.num_args(0..=1).require_equals(true).default_missing_value("true"), off]
}

fn off(key: &Key) -> String {
    format!("no_{}", key.name)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }

    fn given(line: &[&str]) -> Vec<(&'static str, String)> {
        let line = Line::try_parse_from([&["serve"], line].concat()).unwrap();
        line.flags.given.into_iter().collect()
    }

    #[test]
    fn what_was_not_given_is_not_there() {
        assert_eq!(given(&[]), []);
        assert_eq!(given(&["--grpc-addr", "nonsense"]), [("grpc_addr", "nonsense".to_owned())]);
    }

    #[test]
    fn a_switch_is_turned_on_and_off() {
        for (line, text) in [("--sample", "true"), ("--sample=false", "false"), ("--no-sample", "false")] {
            assert_eq!(given(&[line]), [("sample", text.to_owned())]);
        }
        assert!(Line::try_parse_from(["serve", "--sample", "--no-sample"]).is_err());
    }
}
