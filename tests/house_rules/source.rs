//! Source text as the house rules see it: the paths that a file mentions, comments and strings left out, `use` trees spelt out.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file.
pub(crate) struct File {
    /// From the root of the package.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A path that a file mentions.
#[derive(Debug, Clone)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    pub(crate) path: String,
}

/// All Rust files in these folders of the package, in the order of their paths.
pub(crate) fn files(folders: &[&str]) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    folders.iter().map(|it| root.join(it)).filter(|it| it.is_dir()).for_each(|it| collect(&it, &mut found));
    found.sort();
    let file = |path: PathBuf| File {
        path: path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(&path).unwrap(),
    };
    found.into_iter().map(file).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

impl File {
    fn modules(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').filter(|it| *it != "mod").collect()
    }

    /// The part of the house that it belongs to.
    pub(crate) fn part(&self) -> String {
        self.modules().first().copied().unwrap_or_default().into()
    }

    /// Every path that its code mentions, those to its own crate from `crate` on.
    pub(crate) fn mentions(&self) -> Vec<Mention> {
        let code = code_alone(&self.text);
        let depth = self.modules().len();
        let mut found = Vec::new();
        let (mut rest, mut line) = (&*code, 1);
        while !rest.is_empty() {
            let (length, paths) = next(rest);
            for (after, path) in paths {
                let line = line + rest[..after].matches('\n').count();
                found.push(Mention { line, path: from_the_root(&path, depth) });
            }
            line += rest[..length].matches('\n').count();
            rest = &rest[length..];
        }
        found
    }
}

impl Mention {
    /// Whether it names this, or something in it.
    pub(crate) fn is_in(&self, what: &str) -> bool {
        let (path, what) = (format!("::{}::", self.path), format!("::{what}::"));
        // A name of the language or of another crate counts wherever it stands; of ours, only what is reached by it.
        path.contains(&what) && (what.starts_with("::wire") || !self.path.starts_with("crate::"))
    }

    /// The part of the house that it reaches.
    pub(crate) fn part_of_the_house(&self) -> Option<String> {
        self.path.strip_prefix("crate::")?.split("::").next().map(Into::into)
    }
}

/// As many `super`s as the file is deep lead to the root.
fn from_the_root(path: &str, depth: usize) -> String {
    let ups = path.split("::").take_while(|it| *it == "super").count();
    if ups > 0 && ups >= depth {
        let rest: Vec<&str> = path.split("::").skip(ups).collect();
        format!("crate::{}", rest.join("::"))
    } else {
        path.into()
    }
}

/// The text with comments and the insides of strings blanked out; lines stay where they are.
fn code_alone(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    for line in text.lines() {
        let (mut in_string, mut escaped) = (false, false);
        let letters: Vec<char> = line.chars().collect();
        for (place, &letter) in letters.iter().enumerate() {
            if !in_string && letter == '/' && letters.get(place + 1) == Some(&'/') {
                break;
            }
            let is_quote = letter == '"' && !escaped && letters.get(place + 1) != Some(&'\'');
            escaped = in_string && letter == '\\' && !escaped;
            if is_quote {
                in_string = !in_string;
            }
            code.push(if in_string || is_quote { ' ' } else { letter });
        }
        code.push('\n');
    }
    code
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The next piece of code: how long it is, and the paths in it with where each stands.
fn next(code: &str) -> (usize, Vec<(usize, String)>) {
    let Some(first) = code.chars().next() else { return (0, Vec::new()) };
    if !is_of_a_name(first) {
        return (first.len_utf8(), Vec::new());
    }
    if code.strip_prefix("use").is_some_and(|it| it.starts_with(char::is_whitespace)) {
        let end = code.find(';').unwrap_or(code.len());
        let mut paths = Vec::new();
        let mut place = 3;
        spell_out(&code[..end], &mut place, "", &mut paths);
        return (end, paths);
    }
    let end = code.find(|it| !is_of_a_name(it) && it != ':').unwrap_or(code.len());
    (end, vec![(0, code[..end].trim_end_matches(':').into())])
}

/// Spells out a `use` tree from `place` on: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn spell_out(code: &str, place: &mut usize, before: &str, paths: &mut Vec<(usize, String)>) {
    let mut path = String::from(before);
    let mut start = *place;
    let mut opened = false;
    while let Some(letter) = code[*place..].chars().next() {
        *place += letter.len_utf8();
        match letter {
            '{' => {
                spell_out(code, place, &path, paths);
                opened = true;
            }
            ',' | '}' => {
                if !opened && path != before {
                    paths.push((start, std::mem::replace(&mut path, before.into())));
                }
                (path, opened) = (before.into(), false);
                if letter == '}' {
                    return;
                }
            }
            _ if letter.is_whitespace() => {
                // What follows `as` is a name of the file's own.
                if path.is_empty() || path == before {
                    start = *place;
                } else if !path.ends_with(' ') {
                    path.push(' ');
                }
            }
            _ if path.ends_with(' ') => {}
            _ => path.push(letter),
        }
        if path.ends_with(' ') && !code[*place..].trim_start().starts_with("as ") {
            path.pop();
        }
    }
    if !opened && path != before {
        paths.push((start, path.trim_end().into()));
    }
}
