//! A line of a scenario as words: what stands between commas, and texts in quotes. It knows nothing of what the words mean.

/// A word, or a text in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    Word(String),
    Text(String),
}

impl Token {
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Text(_) => None,
        }
    }
}

/// What stands between two commas.
pub type Part = Vec<Token>;

/// The parts of a line without its comment; none: there is nothing on it.
pub fn parts(line: &str) -> Result<Vec<Part>, String> {
    let mut parts = vec![Part::new()];
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            '#' => break,
            ',' => {
                parts.push(Part::new());
                rest = &rest[1..];
            }
            '"' => {
                let (text, after) = rest[1..].split_once('"').ok_or("a text has no end")?;
                parts.last_mut().expect("there is a part").push(Token::Text(text.into()));
                rest = after;
            }
            _ => {
                let end = rest.find(|it: char| it.is_whitespace() || ",\"#".contains(it));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                parts.last_mut().expect("there is a part").push(Token::Word(word.into()));
                rest = after;
            }
        }
        rest = rest.trim_start();
    }
    if parts.len() > 1 && parts.iter().any(Vec::is_empty) {
        return Err("there is nothing between two commas".into());
    }
    parts.retain(|it| !it.is_empty());
    Ok(parts)
}

/// `5s`, `1.5s`, `2m`, `300ms`, in milliseconds.
pub fn time(word: &str) -> Option<u64> {
    let unit = word.find(|it: char| it.is_ascii_alphabetic())?;
    let (number, unit) = word.split_at(unit);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let thousandths: u64 = match part {
        "" if !number.contains('.') => 0,
        _ if (1..=3).contains(&part.len()) => format!("{part:0<3}").parse().ok()?,
        _ => return None,
    };
    let whole: u64 = whole.parse().ok()?;
    let time = (whole * 1_000 + thousandths) * unit;
    time.is_multiple_of(1_000).then_some(time / 1_000)
}

/// The shortest way to write a time.
pub fn shown(ms: u64) -> String {
    let seconds = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    format!("{}s", seconds.trim_end_matches('0').trim_end_matches('.'))
}

/// A level in hundredths: `5` or `5.25`.
pub fn level(word: &str) -> Option<u32> {
    let (whole, part) = word.split_once('.').unwrap_or((word, "00"));
    let part: u32 = (part.len() == 2).then(|| part.parse().ok())??;
    Some(whole.parse::<u32>().ok()? * 100 + part)
}

/// `x1..x40` as forty names, any other word as itself.
pub fn range(word: &str) -> Option<Vec<String>> {
    let Some((first, last)) = word.split_once("..") else { return Some(vec![word.into()]) };
    let split = |it: &str| {
        let stem = it.trim_end_matches(|it: char| it.is_ascii_digit()).len();
        Some((it[..stem].to_owned(), it[stem..].parse::<u32>().ok()?))
    };
    let ((stem, from), (other, to)) = (split(first)?, split(last)?);
    (stem == other && from < to).then(|| (from..=to).map(|it| format!("{stem}{it}")).collect())
}
