//! `omniroute config`: what holds and where each value came from, as a file that would say the same.
#![allow(clippy::print_stdout, reason = "this is the command line")]

use crate::config::{KEYS, Settings};

/// Prints the configuration to the standard output.
pub fn show_config(settings: &Settings) {
    print!("{}", text(settings));
}

fn text(settings: &Settings) -> String {
    let lines: Vec<(String, String)> = settings
        .given
        .iter()
        .zip(KEYS)
        .map(|((name, given), key)| {
            let line = match &*given.text {
                "" => format!("# {name} is not set"),
                text if key.is_switch() || text.parse::<i64>().is_ok() => format!("{name} = {text}"),
                text => format!("{name} = {}", toml::Value::from(text)),
            };
            (line, given.origin.to_string())
        })
        .collect();
    let width = lines.iter().map(|it| it.0.chars().count()).max().unwrap_or(0);
    lines.iter().fold(String::new(), |shown, (line, origin)| shown + &format!("{line:width$}  # {origin}\n"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Layers;

    #[test]
    fn what_is_shown_is_a_file_that_says_the_same() {
        let file = "data_dir = 'C:\\a \"b\" # c'\nshards = 7\n";
        let first = Layers { file: Some((Path::new("o.toml"), file)), ..Layers::default() }.settle().unwrap();
        let shown = text(&first);
        let again =
            Layers { file: Some((Path::new("o.toml"), &shown)), ..Layers::default() }.settle().unwrap();
        assert_eq!(again.config, first.config, "{shown}");
        assert!(
            shown.lines().any(|it| it.starts_with("shards = 7") && it.ends_with("# o.toml:2")),
            "{shown}"
        );
        assert!(
            shown.lines().any(|it| it.starts_with("sample = true") && it.ends_with("# default")),
            "{shown}"
        );
    }
}
