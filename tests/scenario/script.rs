//! A scenario as it is read: its title, the rules it is about, what there is, and what happens at which second. Strict: whatever is not
//! understood is an error with its line.

use super::{
    pattern::{Cast, Kind, Misfit, Said, read},
    text::{self, Part, Token},
    verbs::{DOES, ENTRIES, Form, REFUSED, SEES, STANDS, THERE, Verb},
};

/// What stands before what a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    None,
    /// `again:` the same call once more, with the same request_id.
    Again,
    /// `now`: one resource is put.
    Now,
    /// `with`: it is put into the directory that is tried or applied next.
    With,
}

/// One line of what happens.
#[derive(Debug, Clone)]
pub struct Step {
    pub line: usize,
    /// Milliseconds since the beginning.
    pub at: u64,
    pub prefix: Prefix,
    pub verb: Verb,
    pub said: Said,
    pub options: Vec<Said>,
}

impl Step {
    /// What was added in this form, if it was.
    pub fn option(&self, form: &str) -> Option<&Said> {
        self.options.iter().find(|it| it.form == form)
    }

    pub fn has(&self, form: &str) -> bool {
        self.option(form).is_some()
    }

    /// What a repeat of it says, too.
    pub fn call(&self) -> String {
        let added = self.options.iter().filter(|it| !it.form.starts_with("refused:"));
        let said = std::iter::once(&self.said).chain(added);
        said.map(|it| it.sentence.join(" ")).collect::<Vec<_>>().join(", ")
    }
}

/// A scenario.
#[derive(Debug)]
pub struct Script {
    pub title: String,
    pub rules: Vec<String>,
    pub there: Vec<Step>,
    pub steps: Vec<Step>,
}

impl Script {
    /// Reads a scenario. An error begins with the number of its line.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut lines = (1..).zip(text.lines()).filter(|(_, it)| {
            let it = it.trim();
            !it.is_empty() && !it.starts_with('#')
        });
        let (_, title) = lines.next().ok_or("1: there is no title")?;
        let (number, rules) = lines.next().ok_or("1: there is nothing but a title")?;
        let rules = rules.strip_prefix("rules:").ok_or(format!("{number}: `rules:` is missing"))?;
        let rules: Vec<String> = rules.split(',').map(|it| it.trim().to_owned()).collect();
        let lines: Vec<(usize, &str)> = lines.collect();
        let mut reader = Reader { at: None, cast: Cast::default() };
        reader.defaults(&lines);
        let (mut there, mut steps) = (Vec::new(), Vec::new());
        for (number, line) in lines {
            let step = reader.line(number, line).map_err(|why| format!("{number}: {why}"))?;
            let place = if reader.at.is_none() { &mut there } else { &mut steps };
            place.extend(step);
        }
        if steps.is_empty() {
            return Err(format!("{}: nothing happens", text.lines().count()));
        }
        Ok(Self { title: title.trim().into(), rules, there, steps })
    }
}

struct Reader {
    at: Option<u64>,
    cast: Cast,
}

impl Reader {
    /// What there is where a scenario says nothing of it.
    fn defaults(&mut self, lines: &[(usize, &str)]) {
        let none_is = |kind: &str| !lines.iter().any(|(_, it)| it.split_whitespace().next() == Some(kind));
        let mut names = vec![
            (Kind::Status, "online"),
            (Kind::Status, "away"),
            (Kind::Status, "offline"),
            (Kind::Status, "draining"),
        ];
        names.extend(none_is("channel").then_some((Kind::Channel, "chat")));
        names.extend(none_is("queue").then_some((Kind::Queue, "help")));
        for (kind, name) in names {
            self.cast.introduce(kind, name).expect("it is a name");
        }
    }

    /// What a line says; none: nothing but a time.
    fn line(&mut self, number: usize, line: &str) -> Result<Option<Step>, String> {
        let mut parts = text::parts(line)?;
        let Some(head) = parts.first_mut() else { return Ok(None) };
        if let [Token::Word(at), Token::Word(time), ..] = &head[..]
            && at == "at"
        {
            let at = text::time(time).ok_or(format!("`{time}` is not a time"))?;
            if self.at.is_some_and(|now| at < now) {
                return Err(format!("{time} is before what stands above"));
            }
            self.at = Some(at);
            head.drain(..2);
        }
        if head.is_empty() {
            return if parts.len() == 1 { Ok(None) } else { Err("nothing stands before the comma".into()) };
        }
        let first = head[0].word().unwrap_or_default();
        let prefix = match first {
            "again:" => Prefix::Again,
            "now" => Prefix::Now,
            "with" => Prefix::With,
            _ => Prefix::None,
        };
        if prefix != Prefix::None {
            head.remove(0);
        }
        self.cast.again = prefix != Prefix::None;
        let step = self.step(number, prefix, &parts)?;
        let introduced = match step.verb {
            Verb::Skill => Some((Kind::Skill, 0)),
            Verb::Channel => Some((Kind::Channel, 0)),
            Verb::Status => Some((Kind::Status, 0)),
            Verb::Queue => Some((Kind::Queue, 0)),
            Verb::Button => Some((Kind::Button, 0)),
            Verb::Agent => Some((Kind::Agent, 0)),
            Verb::Bring => Some((Kind::Conversation, 1)),
            _ => None,
        };
        if let Some((kind, slot)) = introduced {
            step.said.names(slot).iter().try_for_each(|it| self.cast.introduce(kind, it))?;
        }
        let is_late_queue = kind_is(introduced, Kind::Queue) && !self.cast.of(Kind::Agent).is_empty();
        if self.at.is_none() && is_late_queue {
            return Err("queues stand before the agents who serve them".into());
        }
        Ok(Some(step))
    }

    fn step(&self, line: usize, prefix: Prefix, parts: &[Part]) -> Result<Step, String> {
        let tables: &[&[Form]] = match (self.at, prefix) {
            (None, Prefix::None) | (Some(_), Prefix::Now | Prefix::With) => &[THERE],
            (None, _) => return Err("nothing can happen before the first `at`".into()),
            (Some(_), Prefix::Again) => &[DOES],
            (Some(_), Prefix::None) => &[DOES, SEES, STANDS],
        };
        let (head, added) = parts.split_first().ok_or("nothing is said")?;
        let mut misfits = Vec::new();
        for form in tables.iter().copied().flatten() {
            match read(form.words, head, &self.cast) {
                Ok(said) => {
                    let options = self.options(form, prefix, added)?;
                    let (at, verb) = (self.at.unwrap_or(0), form.verb);
                    return Ok(Step { line, at, prefix, verb, said, options });
                }
                Err(misfit) => misfits.push((misfit, form.words)),
            }
        }
        Err(best(misfits))
    }

    fn options(&self, form: &Form, prefix: Prefix, added: &[Part]) -> Result<Vec<Said>, String> {
        let mut forms: Vec<&'static str> = form.options.iter().copied().flatten().copied().collect();
        if prefix == Prefix::Now {
            forms.extend(REFUSED);
        }
        let options = added.iter().map(|it| self.option(&forms, it));
        let options = options.collect::<Result<Vec<Said>, String>>()?;
        // What begins with a name or a number is said of each; so are entries of a log, bounds by channel, and steps.
        let many = |it: &str| {
            let is_each = it.starts_with('<') || it.ends_with("<channel>") || it.starts_with("after <time>");
            is_each || ENTRIES.contains(&it)
        };
        for (place, it) in options.iter().enumerate() {
            if !many(it.form) && options[..place].iter().any(|other| other.form == it.form) {
                return Err(format!("`{}` is said twice", it.form));
            }
        }
        Ok(options)
    }

    fn option(&self, forms: &[&'static str], part: &Part) -> Result<Said, String> {
        let mut misfits = Vec::new();
        for form in forms {
            match read(form, part, &self.cast) {
                Ok(said) => return Ok(said),
                Err(misfit) => misfits.push((misfit, *form)),
            }
        }
        Err(best(misfits))
    }
}

fn kind_is(introduced: Option<(Kind, usize)>, kind: Kind) -> bool {
    introduced.is_some_and(|it| it.0 == kind)
}

/// What the form says that went furthest with the line.
fn best(misfits: Vec<(Misfit, &'static str)>) -> String {
    let furthest = misfits.into_iter().rev().max_by_key(|(it, _)| it.words);
    furthest.map_or_else(
        || "nothing may be added to this line".into(),
        |(misfit, form)| format!("{}; the nearest form is `{form}`", misfit.why),
    )
}
