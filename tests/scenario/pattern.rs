//! The forms of lines, and what a line of such a form says. A form is written as people read it: `<agents> accepts/accept <conversations>`;
//! a slash separates words of which any will do, and a slot in angle brackets takes what its name says.

use std::collections::BTreeMap;

use omniroute::wire::v1::{self, SkillRequirement, target::Target};

use super::text::{self, Part, Token};

/// Whom the names of a scenario belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Agent,
    Skill,
    Queue,
    Button,
    Channel,
    Status,
    Conversation,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Skill => "skill",
            Self::Queue => "queue",
            Self::Button => "button",
            Self::Channel => "channel",
            Self::Status => "status",
            Self::Conversation => "conversation",
        }
    }
}

/// The names that a scenario has introduced.
#[derive(Debug, Default, Clone)]
pub struct Cast {
    names: BTreeMap<Kind, Vec<String>>,
    /// Whether what is there may be introduced again: in a change, or in a repeat.
    pub again: bool,
}

impl Cast {
    pub fn of(&self, kind: Kind) -> &[String] {
        self.names.get(&kind).map_or(&[], Vec::as_slice)
    }

    pub fn knows(&self, kind: Kind, name: &str) -> bool {
        self.of(kind).iter().any(|it| it == name)
    }

    pub fn introduce(&mut self, kind: Kind, name: &str) -> Result<(), String> {
        let spoken = ["everybody", "winner", "losers", "nobody", "the", "unknown", "additional", NOWHERE]
            .contains(&name);
        let shaped = name.starts_with(|it: char| it.is_ascii_lowercase())
            && name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
        if spoken || !shaped {
            return Err(format!("`{name}` cannot be a name"));
        }
        if !self.knows(kind, name) {
            self.names.entry(kind).or_default().push(name.into());
        } else if !self.again {
            return Err(format!("the {} `{name}` is there already", kind.word()));
        }
        Ok(())
    }
}

/// A conversation that never was.
pub const NOWHERE: &str = "nowhere";

/// What a slot has taken.
#[derive(Debug, Clone)]
pub enum Value {
    Names(Vec<String>),
    Texts(Vec<String>),
    Number(u64),
    Level(u32),
    Time(u64),
    Target(Target),
    Requirements(Vec<SkillRequirement>),
}

/// A line, or a part of it, in its form.
#[derive(Debug, Clone)]
pub struct Said {
    pub form: &'static str,
    /// All that was said, word by word.
    pub sentence: Vec<String>,
    values: Vec<Value>,
}

impl Said {
    pub fn names(&self, slot: usize) -> &[String] {
        let Some(Value::Names(names)) = self.values.get(slot) else { panic!("{}: {slot}", self.form) };
        names
    }

    pub fn name(&self, slot: usize) -> &str {
        &self.names(slot)[0]
    }

    pub fn texts(&self, slot: usize) -> &[String] {
        let Some(Value::Texts(texts)) = self.values.get(slot) else { panic!("{}: {slot}", self.form) };
        texts
    }

    /// A number, a time in milliseconds or a level in hundredths.
    pub fn number(&self, slot: usize) -> u64 {
        match self.values.get(slot) {
            Some(Value::Number(it) | Value::Time(it)) => *it,
            Some(Value::Level(it)) => u64::from(*it),
            other => panic!("{}: {slot}: {other:?}", self.form),
        }
    }

    pub fn target(&self, slot: usize) -> Target {
        let Some(Value::Target(target)) = self.values.get(slot) else { panic!("{}: {slot}", self.form) };
        target.clone()
    }

    pub fn requirements(&self, slot: usize) -> &[SkillRequirement] {
        let Some(Value::Requirements(skills)) = self.values.get(slot) else {
            panic!("{}: {slot}", self.form)
        };
        skills
    }
}

/// Texts as a line has them.
pub fn quoted(texts: &[String]) -> String {
    texts.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(" and ")
}

/// How far a form went with a line before it did not fit, and why.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Misfit {
    pub words: usize,
    pub why: String,
}

/// Reads a part of a line in a form.
pub fn read(form: &'static str, part: &Part, cast: &Cast) -> Result<Said, Misfit> {
    let mut reader = Reader { part, at: 0, cast };
    let (mut values, mut sentence) = (Vec::new(), Vec::new());
    for element in form.split(' ') {
        let from = reader.at;
        if let Some(slot) = element.strip_prefix('<').and_then(|it| it.strip_suffix('>')) {
            let value = reader.slot(slot).map_err(|why| Misfit { words: from, why })?;
            if let Value::Texts(texts) = &value {
                sentence.push(quoted(texts));
            } else {
                sentence.extend(part[from..reader.at].iter().filter_map(Token::word).map(str::to_owned));
            }
            values.push(value);
        } else {
            let word = reader.word().unwrap_or("");
            if !element.split('/').any(|it| it == word) {
                let why = format!("`{word}` is not `{element}`");
                return Err(Misfit { words: from, why });
            }
            sentence.push(word.into());
        }
    }
    match part.get(reader.at) {
        None => Ok(Said { form, sentence, values }),
        Some(more) => Err(Misfit { words: reader.at, why: format!("{more:?} is one word too many") }),
    }
}

struct Reader<'a> {
    part: &'a Part,
    at: usize,
    cast: &'a Cast,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.part.get(self.at).and_then(Token::word)
    }

    fn word(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// Whether the next word is this one; then it is taken.
    fn is(&mut self, word: &str) -> bool {
        let it = self.peek() == Some(word);
        self.at += usize::from(it);
        it
    }

    fn slot(&mut self, slot: &str) -> Result<Value, String> {
        match slot {
            "agents" => self.agents(),
            "agent" => self.one(Kind::Agent),
            "conversations" => self.many(|it, name| it.known(Kind::Conversation, name)),
            "conversation" => self.one(Kind::Conversation),
            "skill" => self.one(Kind::Skill),
            "skills" => self.many(|it, name| it.known(Kind::Skill, name)),
            "queue" => self.one(Kind::Queue),
            "queues" => self.many(|it, name| it.known(Kind::Queue, name)),
            "button" => self.one(Kind::Button),
            "channel" => self.one(Kind::Channel),
            "channels" => self.many(|it, name| it.known(Kind::Channel, name)),
            "status" => self.one(Kind::Status),
            "new" => self.many(|_, _| Ok(())),
            "words" => self.many(|_, _| Ok(())),
            "word" => Ok(Value::Names(vec![self.word().ok_or("a word is missing")?.into()])),
            "WORD" => {
                let word = self.word().ok_or("a word is missing")?;
                let loud = word.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_');
                loud.then(|| Value::Names(vec![word.into()])).ok_or(format!("`{word}` is not in capitals"))
            }
            "text" => Ok(Value::Texts(vec![self.text()?])),
            "texts" => {
                let mut texts = vec![self.text()?];
                while self.is("and") {
                    texts.push(self.text()?);
                }
                Ok(Value::Texts(texts))
            }
            "number" => self.parsed("a number", |it| it.parse().ok()).map(Value::Number),
            "time" => self.parsed("a time", text::time).map(Value::Time),
            "level" => self.parsed("a level", text::level).map(Value::Level),
            "target" => self.target().map(Value::Target),
            "requirements" => self.requirements().map(Value::Requirements),
            _ => panic!("there is no slot <{slot}>"),
        }
    }

    fn parsed<T>(&mut self, what: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let word = self.word().ok_or(format!("{what} is missing"))?;
        parse(word).ok_or(format!("`{word}` is not {what}"))
    }

    /// A text in quotes, once or so many times on end: `"x" 200 times`.
    fn text(&mut self) -> Result<String, String> {
        let Some(Token::Text(text)) = self.part.get(self.at) else {
            return Err("a text in quotes is missing".into());
        };
        self.at += 1;
        let times = self.peek().and_then(|it| it.parse().ok());
        let is_many = self.part.get(self.at + 1).and_then(Token::word) == Some("times");
        let Some(times) = times.filter(|_| is_many) else { return Ok(text.clone()) };
        self.at += 2;
        Ok(text.repeat(times))
    }

    fn known(&self, kind: Kind, name: &str) -> Result<(), String> {
        let known = self.cast.knows(kind, name)
            || kind == Kind::Conversation && name == NOWHERE
            || kind == Kind::Agent && ["winner", "losers"].contains(&name);
        if known { Ok(()) } else { Err(format!("there is no {} `{name}`", kind.word())) }
    }

    fn one(&mut self, kind: Kind) -> Result<Value, String> {
        let name = self.word().ok_or(format!("the name of the {} is missing", kind.word()))?;
        self.known(kind, name)?;
        Ok(Value::Names(vec![name.into()]))
    }

    fn agents(&mut self) -> Result<Value, String> {
        if self.is("everybody") {
            return Ok(Value::Names(self.cast.of(Kind::Agent).to_vec()));
        }
        self.many(|it, name| it.known(Kind::Agent, name))
    }

    /// `c1 and c2`, `x1..x40`.
    fn many(&mut self, check: impl Fn(&Self, &str) -> Result<(), String>) -> Result<Value, String> {
        let mut names = Vec::new();
        loop {
            let word = self.word().ok_or("a name is missing")?;
            let found = text::range(word).ok_or(format!("`{word}` is no row of names"))?;
            found.iter().try_for_each(|it| check(self, it))?;
            names.extend(found);
            if !self.is("and") {
                return Ok(Value::Names(names));
            }
        }
    }

    fn target(&mut self) -> Result<Target, String> {
        let is_unknown = self.is("unknown");
        let kind = self.word().ok_or("whom? is missing")?;
        let named = |it: &mut Self, kind: Kind| -> Result<String, String> {
            let name = it.word().ok_or(format!("the name of the {} is missing", kind.word()))?;
            if !is_unknown && !it.cast.knows(kind, name) {
                return Err(format!("there is no {} `{name}`", kind.word()));
            }
            Ok(name.into())
        };
        Ok(match kind {
            "agent" => Target::AgentId(named(self, Kind::Agent)?),
            "skill" => Target::SkillId(named(self, Kind::Skill)?),
            "button" => Target::ButtonId(named(self, Kind::Button)?),
            "queue" => {
                let queue_id = named(self, Kind::Queue)?;
                let skills = if self.is("with") { self.requirements()? } else { Vec::new() };
                Target::Queue(v1::QueueTarget { queue_id, skills })
            }
            "skills" => Target::Requirements(v1::Requirements { skills: self.requirements()? }),
            other => return Err(format!("`{other}` is neither agent, skill, skills, queue nor button")),
        })
    }

    /// `french 5.00 and additional billing 3.00`
    fn requirements(&mut self) -> Result<Vec<SkillRequirement>, String> {
        let mut skills = Vec::new();
        loop {
            let additional = self.is("additional");
            let skill_id = self.word().ok_or("the name of the skill is missing")?;
            self.known(Kind::Skill, skill_id)?;
            let level_hundredths = self.parsed("a level", text::level)?;
            skills.push(SkillRequirement { skill_id: skill_id.into(), level_hundredths, additional });
            if !self.is("and") {
                return Ok(skills);
            }
        }
    }
}
