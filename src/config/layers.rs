//! The layers laid over each other: which text holds for each key, and where it came from. All mistakes are found, not the first
//! alone, and each names its key and its place. Reads no file and no environment but those it is handed.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{Config, Flags, KEYS, Key};

/// What the names of our environment variables begin with.
pub(super) const VARIABLES: &str = "OMNIROUTE_";
/// The environment variable that names the file.
const FILE_VARIABLE: &str = "OMNIROUTE_CONFIG";
/// The environment variable of clients' tokens: none of the service's, which may stand in the same environment.
const TOKEN_VARIABLE: &str = "OMNIROUTE_TOKEN";
/// Variables that begin like ours and are not: what Kubernetes sets for a service that is called omniroute, and what our tests set.
const OTHERS: [&str; 4] = ["OMNIROUTE_SERVICE_", "OMNIROUTE_PORT", "OMNIROUTE_BIN", "OMNIROUTE_REQUIRE_"];
/// How alike (0 to 1) a key must be to one that is not known, to be what was meant.
const ALIKE: f64 = 0.7;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// No layer gave one.
    Default,
    /// A file, and the line in it.
    File(PathBuf, usize),
    /// An environment variable.
    Variable(String),
    /// A flag, dashes and all.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File(path, line) => write!(out, "{}:{line}", path.display()),
            Self::Variable(name) | Self::Flag(name) => out.write_str(name),
        }
    }
}

/// The text that holds for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The text. Empty: none.
    pub text: String,
    /// Where it came from.
    pub origin: Origin,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it was made.
    pub at: String,
    /// What is wrong, with the key.
    pub what: String,
}

/// What is wrong with the configuration, all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// In the order of the layers.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the configuration is wrong")?;
        self.mistakes.iter().try_for_each(|it| write!(out, "\n  {}: {}", it.at, it.what))
    }
}

/// The configuration, and where each of its values came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What holds.
    pub config: Config,
    /// By key, in the order of [`KEYS`].
    pub given: Vec<(&'static str, Given)>,
}

/// What the layers hold.
#[derive(Debug, Default)]
pub struct Layers<'a> {
    /// The flags.
    pub flags: Flags,
    /// The environment, as the process got it.
    pub variables: Vec<(OsString, OsString)>,
    /// The file and its text.
    pub file: Option<(&'a Path, &'a str)>,
}

impl Settings {
    /// Reads the layers of this process: its environment, and the file that is named there or by a flag.
    pub fn load(flags: Flags) -> Result<Self, ConfigError> {
        let variables: Vec<_> = env::vars_os().collect();
        let path = flags.file.clone().or_else(|| env::var_os(FILE_VARIABLE).map(PathBuf::from));
        let text = path.as_ref().map(fs::read_to_string).transpose().map_err(|error| ConfigError {
            mistakes: path
                .iter()
                .map(|path| mistake(path.display(), format!("cannot be read: {error}")))
                .collect(),
        })?;
        Layers { flags, variables, file: path.as_deref().zip(text.as_deref()) }.settle()
    }
}

impl Layers<'_> {
    /// Lays them over each other.
    pub fn settle(self) -> Result<Settings, ConfigError> {
        let mut mistakes = Vec::new();
        let mut held: BTreeMap<&str, Given> = KEYS.iter().map(|it| (it.name, by_default(it))).collect();
        if let Some((path, text)) = self.file {
            read_file(path, text, &mut held, &mut mistakes);
        }
        read_variables(self.variables, &mut held, &mut mistakes);
        for (name, text) in self.flags.given {
            let flag = format!("--{}", name.replace('_', "-"));
            held.insert(name, Given { text, origin: Origin::Flag(flag) });
        }
        let place = |key: &str| held[key].origin.to_string();
        let wrong = |key: &str, why: String| mistakes.push(mistake(place(key), format!("{key}: {why}")));
        let config = Config::read(|key| held[key].text.clone(), wrong);
        for (key, why) in config.iter().flat_map(Config::conflicts) {
            mistakes.push(mistake(place(key), format!("{key}: {why}")));
        }
        match config {
            Some(config) if mistakes.is_empty() => {
                let given = KEYS.iter().map(|it| (it.name, held[it.name].clone())).collect();
                Ok(Settings { config, given })
            }
            Some(_) | None => Err(ConfigError { mistakes }),
        }
    }
}

fn by_default(key: &Key) -> Given {
    Given { text: key.default.to_owned(), origin: Origin::Default }
}

fn mistake(at: impl fmt::Display, what: impl Into<String>) -> Mistake {
    Mistake { at: format!("{at}"), what: what.into() }
}

/// Reads a file of `key = value` lines: texts, numbers, true and false.
fn read_file(path: &Path, text: &str, held: &mut BTreeMap<&str, Given>, mistakes: &mut Vec<Mistake>) {
    let place = |byte: usize| Origin::File(path.to_owned(), text[..byte].matches('\n').count() + 1);
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            let at = place(error.span().map_or(0, |it| it.start));
            return mistakes.push(mistake(at, error.message()));
        }
    };
    // In the order in which they stand there, whatever that of the map is.
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    for (name, value) in entries {
        let origin = place(name.span().start);
        let name = name.into_inner();
        let Some(key) = KEYS.iter().find(|it| it.name == name) else {
            let hint = hint(&name, KEYS.iter().map(|it| it.name.to_owned()));
            mistakes.push(mistake(origin, format!("{name}: there is no such key{hint}")));
            continue;
        };
        let text = match value.into_inner() {
            DeValue::String(text) => text.into_owned(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                let what = format!("{name}: takes a text in quotes, a whole number, true or false");
                mistakes.push(mistake(origin, what));
                continue;
            }
        };
        held.insert(key.name, Given { text, origin });
    }
}

fn read_variables(
    variables: Vec<(OsString, OsString)>,
    held: &mut BTreeMap<&str, Given>,
    mistakes: &mut Vec<Mistake>,
) {
    for (name, text) in variables {
        let name = name.to_string_lossy();
        if !name.starts_with(VARIABLES)
            || [FILE_VARIABLE, TOKEN_VARIABLE].contains(&&*name)
            || OTHERS.iter().any(|it| name.starts_with(it))
        {
            continue;
        }
        let Some(key) = KEYS.iter().find(|it| it.variable() == name) else {
            let hint = hint(&name, KEYS.iter().map(Key::variable));
            mistakes.push(mistake(name, format!("there is no such key{hint}")));
            continue;
        };
        match text.into_string() {
            Ok(text) => {
                held.insert(key.name, Given { text, origin: Origin::Variable(key.variable()) });
            }
            Err(_) => mistakes.push(mistake(name, format!("{}: is no UTF-8", key.name))),
        }
    }
}

/// What was probably meant, to be put behind what is wrong.
fn hint(name: &str, known: impl Iterator<Item = String>) -> String {
    let alike = known.map(|it| (strsim::jaro_winkler(name, &it), it)).filter(|it| it.0 >= ALIKE);
    let best = alike.max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or_else(|| "; omniroute config shows all".to_owned(), |(_, it)| format!("; did you mean {it}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(
        file: &str,
        variables: &[(&str, &str)],
        flags: &[(&'static str, &str)],
    ) -> Result<Settings, String> {
        let layers = Layers {
            flags: Flags {
                file: None,
                given: flags.iter().map(|&(key, text)| (key, text.to_owned())).collect(),
            },
            variables: variables.iter().map(|&(name, text)| (name.into(), text.into())).collect(),
            file: Some((Path::new("o.toml"), file)),
        };
        layers.settle().map_err(|error| error.to_string())
    }

    #[track_caller]
    fn wrong(file: &str, variables: &[(&str, &str)], flags: &[(&'static str, &str)], expected: &[&str]) {
        let said = settled(file, variables, flags).unwrap_err();
        assert_eq!(said.lines().skip(1).map(str::trim).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_layer_comes_before_the_one_below_and_is_named() {
        let file = "# a comment\nshards = 2\ndata_dir = \"of the file\"\nsample = false\n";
        let variables =
            [("OMNIROUTE_DATA_DIR", "of the environment"), ("OMNIROUTE_SHARDS", "3"), ("HOME", "/")];
        let settings = settled(file, &variables, &[("shards", "4")]).unwrap();
        assert_eq!(settings.config.shards, 4);
        assert_eq!(settings.config.data_dir, Path::new("of the environment"));
        assert!(!settings.config.sample);
        let origins: BTreeMap<_, _> =
            settings.given.iter().map(|(key, it)| (*key, it.origin.to_string())).collect();
        assert_eq!(origins["shards"], "--shards");
        assert_eq!(origins["data_dir"], "OMNIROUTE_DATA_DIR");
        assert_eq!(origins["sample"], "o.toml:4");
        assert_eq!(origins["grpc_addr"], "default");
    }

    #[test]
    fn every_mistake_names_its_key_and_its_place() {
        wrong(
            "\nshards = 0\ngrpc_addr = \"here\"\n",
            &[("OMNIROUTE_SAMPLE", "maybe")],
            &[("metrics_addr", "9464")],
            &[
                "o.toml:3: grpc_addr: \"here\" is no address with a port, like 127.0.0.1:50051",
                "--metrics-addr: metrics_addr: \"9464\" is no address with a port, like 127.0.0.1:50051",
                "o.toml:2: shards: \"0\" is no whole number from 1 to 256",
                "OMNIROUTE_SAMPLE: sample: \"maybe\" is neither true nor false",
            ],
        );
    }

    #[test]
    fn a_key_that_is_not_known_is_refused_with_what_was_meant() {
        wrong(
            "grpc_adr = 1",
            &[],
            &[],
            &["o.toml:1: grpc_adr: there is no such key; did you mean grpc_addr?"],
        );
        wrong("x = 1", &[], &[], &["o.toml:1: x: there is no such key; omniroute config shows all"]);
        let variable = [("OMNIROUTE_DATADIR", "x")];
        wrong(
            "",
            &variable,
            &[],
            &["OMNIROUTE_DATADIR: there is no such key; did you mean OMNIROUTE_DATA_DIR?"],
        );
        wrong(
            "[grpc]\naddr = 1",
            &[],
            &[],
            &["o.toml:1: grpc: there is no such key; did you mean grpc_addr?"],
        );
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_of_our_name_is_passed_over() {
        let variables = [
            ("OMNIROUTE_SERVICE_HOST", "10.0.0.1"),
            ("OMNIROUTE_SERVICE_PORT_GRPC", "50051"),
            ("OMNIROUTE_PORT", "tcp://10.0.0.1:50051"),
            ("OMNIROUTE_PORT_50051_TCP_ADDR", "10.0.0.1"),
        ];
        assert!(settled("", &variables, &[]).is_ok());
    }

    #[test]
    fn a_file_that_is_no_toml_is_refused_with_its_line() {
        let said = settled("shards = 1\nshards = 2\n", &[], &[]).unwrap_err();
        assert!(said.contains("o.toml:2: duplicate key"), "{said}");
        wrong(
            "shards = [1]\n",
            &[],
            &[],
            &["o.toml:1: shards: takes a text in quotes, a whole number, true or false"],
        );
    }

    #[test]
    fn keys_that_are_right_alone_may_be_wrong_together() {
        wrong(
            "grpc_addr = \"127.0.0.1:9464\"",
            &[],
            &[],
            &["default: metrics_addr: 127.0.0.1:9464 is where gRPC is served (grpc_addr)"],
        );
    }
}
