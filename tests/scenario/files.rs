//! The files of scenarios, a folder a topic: each folder is a test, and each of its scenarios is named as it runs.

use std::{
    collections::BTreeSet,
    fs,
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

use super::{play::play, script::Script};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let name = |it: std::io::Result<fs::DirEntry>| it.expect("it can be read").file_name();
    let mut names: Vec<String> = entries.map(|it| name(it).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Reads and plays a scenario. An error begins with the number of its line.
pub fn check(text: &str) -> Result<String, String> {
    let script = Script::read(text)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(play(&script)).map(|()| script.title)
}

/// Plays all scenarios of a folder, and says of all that fail where and why. They are played at the same time: each waits more than it
/// works.
fn check_folder(folder: &str) {
    let path = root().join(folder);
    let files = names(&path);
    assert!(!files.is_empty(), "there is nothing in {folder}");
    let results: Vec<Result<String, String>> = thread::scope(|scope| {
        let play = |file: &String| {
            let (place, path) = (format!("tests/scenarios/{folder}/{file}"), path.join(file));
            scope.spawn(move || {
                assert!(path.extension().is_some_and(|it| it == "txt"), "{place} is no scenario");
                let played = check(&fs::read_to_string(path).expect("it can be read"));
                played.map(|title| format!("{place}: {title}")).map_err(|why| format!("{place}:{why}"))
            })
        };
        let playing: Vec<_> = files.iter().map(play).collect();
        let result = |it: thread::ScopedJoinHandle<_>| it.join().unwrap_or_else(|bug| resume_unwind(bug));
        playing.into_iter().map(result).collect()
    });
    let (played, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    played.into_iter().flatten().for_each(|it| println!("{it}"));
    let failed: Vec<String> = failed.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "\n{}\n", failed.join("\n"));
}

macro_rules! folders {
    ($($folder:ident),* $(,)?) => {
        $(
            #[test]
            fn $folder() {
                check_folder(stringify!($folder));
            }
        )*

        const FOLDERS: &[&str] = &[$(stringify!($folder)),*];
    };
}

folders! {
    api,
    asyn,
    btn,
    cap,
    conf,
    dir,
    hist,
    inv,
    log,
    pres,
    promises,
    que,
    rec,
    room,
    sel,
    skl,
    supv,
    xfer,
}

#[test]
fn every_folder_is_played() {
    assert_eq!(
        names(&root()).into_iter().collect::<BTreeSet<_>>(),
        FOLDERS.iter().map(|&it| it.into()).collect()
    );
}

/// The rules of `docs/rules.md`.
fn rules() -> Vec<String> {
    let text = fs::read_to_string(root().join("../../docs/rules.md")).expect("the document is there");
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
        let (letters, number) = cells.first()?.split_once('-')?;
        let is_rule = letters.bytes().all(|it| it.is_ascii_uppercase()) && number.parse::<u8>().is_ok();
        is_rule.then(|| cells[0].to_owned())
    };
    text.lines().filter_map(row).collect()
}

/// The rules that the scenarios name, each scenario the one that it is about first.
fn named() -> Vec<Vec<String>> {
    let mut named = Vec::new();
    for folder in FOLDERS.iter().map(|it| root().join(it)) {
        for file in names(&folder) {
            let text = fs::read_to_string(folder.join(&file)).expect("it can be read");
            let script = Script::read(&text).unwrap_or_else(|why| panic!("{file}:{why}"));
            named.push(script.rules);
        }
    }
    named
}

#[test]
fn what_a_scenario_is_about_is_a_rule() {
    let rules: BTreeSet<String> = rules().into_iter().collect();
    assert!(rules.len() > 60, "{} rules were read", rules.len());
    let named: BTreeSet<String> = named().into_iter().flatten().collect();
    let strange: Vec<&String> = named.difference(&rules).collect();
    assert!(strange.is_empty(), "{strange:?} are no rules");
}

#[test]
fn every_rule_has_a_scenario_of_its_own() {
    let named = named();
    let own: BTreeSet<&str> = named.iter().filter_map(|it| it.first().map(|it| &**it)).collect();
    let mut without = rules();
    without.retain(|it| !own.contains(&**it));
    assert!(without.is_empty(), "{without:?} stand first after `rules:` of no scenario");
}
