//! The configuration as the binary takes it, and as `docs/operating.md` tells it.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what is left out is said")]

use std::{fs, process::Command};

use omniroute::config::KEYS;
use tempfile::TempDir;

/// Runs the binary: its exit code, its standard output, its standard error.
fn omniroute(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omniroute"));
    let ended = command.args(arguments).envs(variables.iter().copied()).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (ended.status.code().expect("it ends by itself"), text(ended.stdout), text(ended.stderr))
}

/// What is shown of a key: its value, and where it came from.
#[track_caller]
fn shown<'a>(output: &'a str, key: &str) -> (&'a str, &'a str) {
    let line = output.lines().find_map(|it| it.strip_prefix(key)?.strip_prefix(" = ")).expect(key);
    let (value, origin) = line.split_once("  # ").expect("a value and its origin");
    (value.trim(), origin)
}

#[test]
fn config_shows_what_holds_and_which_layer_it_came_from() {
    let dir = TempDir::new().expect("a temporary directory");
    let file = dir.path().join("omniroute.toml");
    fs::write(&file, "shards = 3\ndata_dir = \"from-file\"\nsample = false\n").expect("it can be written");
    let file = file.to_str().expect("its name is UTF-8");
    let variables = [("OMNIROUTE_CONFIG", file), ("OMNIROUTE_SHARDS", "2")];
    let (code, output, error) = omniroute(&["config", "--sample"], &variables);
    assert_eq!((code, &*error), (0, ""));
    assert_eq!(shown(&output, "shards"), ("2", "OMNIROUTE_SHARDS"));
    assert_eq!(shown(&output, "data_dir"), ("\"from-file\"", &*format!("{file}:2")));
    assert_eq!(shown(&output, "sample"), ("true", "--sample"));
    assert_eq!(shown(&output, "grpc_addr"), ("\"127.0.0.1:50051\"", "default"));
}

#[test]
fn a_wrong_configuration_starts_nothing_and_tells_every_mistake() {
    let dir = TempDir::new().expect("a temporary directory");
    let file = dir.path().join("omniroute.toml");
    fs::write(&file, "grpc_adr = \"127.0.0.1:0\"\nshards = 1000\n").expect("it can be written");
    let data = dir.path().join("data");
    let (file, data) = (file.to_str().expect("UTF-8"), data.to_str().expect("UTF-8"));
    let arguments = ["serve", "--config", file, "--data-dir", data, "--metrics-addr", "nowhere"];
    let (code, output, error) = omniroute(&arguments, &[("OMNIROUTE_SAMPEL", "false")]);
    assert_eq!((code, &*output), (2, ""));
    for expected in [
        format!("{file}:1: grpc_adr: there is no such key; did you mean grpc_addr?"),
        format!("{file}:2: shards: \"1000\" is no whole number from 1 to 256"),
        "OMNIROUTE_SAMPEL: there is no such key; did you mean OMNIROUTE_SAMPLE?".to_owned(),
        "--metrics-addr: metrics_addr: \"nowhere\" is no address with a port, like 127.0.0.1:50051"
            .to_owned(),
    ] {
        assert!(error.contains(&expected), "{expected}\nis not in\n{error}");
    }
    assert!(!fs::exists(data).expect("it can be looked for"), "nothing was made");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let (code, _, error) = omniroute(&["config", "--config", "/no/such/file.toml"], &[]);
    assert_eq!(code, 2);
    assert!(error.contains("/no/such/file.toml: cannot be read: No such file"), "{error}");
}

#[test]
fn the_table_of_the_operating_page_has_every_key_as_it_is() {
    let page = include_str!("../docs/operating.md");
    let table: Vec<&str> = page
        .lines()
        .skip_while(|it| !it.starts_with("| key "))
        .skip(2)
        .take_while(|it| it.starts_with('|'))
        .collect();
    let keys: Vec<String> = KEYS
        .iter()
        .map(|key| {
            let default = if key.default.is_empty() { String::new() } else { format!("`{}` ", key.default) };
            format!("| `{}` | {default}| {} |", key.name, key.help.trim())
        })
        .collect();
    assert_eq!(table, keys);
}

/// The unit with a program that is there, as systemd reads it.
#[test]
fn the_systemd_unit_is_right() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        assert!(std::env::var_os("OMNIROUTE_REQUIRE_ALL").is_none(), "systemd-analyze is missing");
        eprintln!("left out: systemd-analyze is not installed");
        return;
    }
    let dir = TempDir::new().expect("a temporary directory");
    let unit = dir.path().join("omniroute.service");
    let text = include_str!("../deploy/omniroute.service");
    let with_binary = text.replace("/usr/local/bin/omniroute", env!("CARGO_BIN_EXE_omniroute"));
    fs::write(&unit, with_binary).expect("it can be written");
    let checked = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output();
    let checked = checked.expect("it runs");
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && !said.contains("omniroute.service"), "{said}");
}
