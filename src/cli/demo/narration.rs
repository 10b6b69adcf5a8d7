//! Everything that the demo prints: headings, what somebody does, what somebody is told, what was checked.

use std::{
    fmt::{self, Display},
    io::{Stdout, Write, stdout},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use super::DemoError;

/// Who tells the story. Clones tell the same one.
#[derive(Debug, Clone)]
pub(super) struct Narrator(Arc<Telling>);

#[derive(Debug)]
struct Telling {
    out: Stdout,
    /// Whether notices are told. What belongs to clearing the floor is no part of the story.
    notices: AtomicBool,
    checks: AtomicU32,
}

impl Narrator {
    /// One that tells to the standard output, and no notices yet.
    pub(super) fn new() -> Self {
        let (notices, checks) = (AtomicBool::new(false), AtomicU32::new(0));
        Self(Arc::new(Telling { out: stdout(), notices, checks }))
    }

    /// Prints a line. Where nobody listens any more the story goes on: its end still says whether all was right.
    fn line(&self, line: fmt::Arguments<'_>) {
        drop(writeln!(self.0.out.lock(), "{line}"));
    }

    /// A new act begins.
    pub(super) fn act(&self, title: &str) {
        self.line(format_args!("\n── {title} {:─<1$}", "", 96_usize.saturating_sub(title.chars().count())));
    }

    /// What happens, told.
    pub(super) fn say(&self, text: impl Display) {
        self.line(format_args!("   {text}"));
    }

    /// What somebody does.
    pub(super) fn does(&self, who: &str, text: impl Display) {
        self.line(format_args!("   {who:>8} ▸ {text}"));
    }

    /// What somebody is told on its stream.
    pub(super) fn told(&self, who: &str, text: impl Display) {
        if self.0.notices.load(Ordering::Relaxed) {
            self.line(format_args!("   {who:>8} ◂ {text}"));
        }
    }

    /// Whether to tell what people are told.
    pub(super) fn tell_notices(&self, tell: bool) {
        self.0.notices.store(tell, Ordering::Relaxed);
    }

    /// Checks that something is as the rules say, and says so.
    pub(super) fn check<T: PartialEq + std::fmt::Debug>(
        &self,
        found: &T,
        expected: &T,
        rule: &str,
    ) -> Result<(), DemoError> {
        if found == expected {
            self.0.checks.fetch_add(1, Ordering::Relaxed);
            self.line(format_args!("            ✓ {rule}"));
            Ok(())
        } else {
            Err(DemoError::NotAsTheRulesSay {
                expected: format!("{rule} ({expected:?})"),
                found: format!("{found:?}"),
            })
        }
    }

    /// How many checks have been made.
    pub(super) fn check_count(&self) -> u32 {
        self.0.checks.load(Ordering::Relaxed)
    }
}
