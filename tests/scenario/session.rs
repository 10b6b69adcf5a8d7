//! A session of an agent: everything it is told, read as it comes, and what the lines of the scenario expect of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use omniroute::wire::v1::{self, open_session_response::Notice};
use tokio::{sync::Notify, task::JoinHandle};
use tonic::{Status, Streaming};

use super::{
    text::shown,
    told::{self, Names},
};
use crate::support::reason;

/// How long a line waits for what must have been told by now and may still be on its way. Nothing waits for what must not come.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct Heard {
    told: Mutex<(Vec<v1::OpenSessionResponse>, Option<Status>)>,
    news: Notify,
}

/// What a line expects this session to be told.
#[derive(Debug)]
struct Expected {
    line: usize,
    /// None: nobody knows when.
    at: Option<u64>,
    sentence: String,
    /// Whether it is what its agent has just done: it may be told before or after what that brings about.
    echo: bool,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    pub agent: String,
    pub epoch: u64,
    /// When its stream was opened: what it found then was told then.
    opened_at: u64,
    heard: Arc<Heard>,
    reader: JoinHandle<()>,
    expected: Vec<Expected>,
    /// Whether the scenario has said how its stream ended, or ended it itself.
    pub over: bool,
    /// Whether the scenario does not care what it is told.
    pub never_mind: bool,
}

/// What is told at no stated place among the others.
fn is_loose(sentence: &str) -> bool {
    sentence.starts_with("older conversations") || sentence.starts_with("no older conversations")
}

/// Takes out each echo that was told in its second, together with the line that expects it.
fn without_echoes<'a>(
    told: &[(Option<u64>, String)],
    expected: &[&'a Expected],
) -> (Vec<(Option<u64>, String)>, Vec<&'a Expected>) {
    let (mut told, mut expected) = (told.to_vec(), expected.to_vec());
    expected.retain(|it| {
        let place = told.iter().position(|(at, sentence)| *at == it.at && *sentence == it.sentence);
        if let Some(place) = place.filter(|_| it.echo) {
            told.remove(place);
            return false;
        }
        true
    });
    (told, expected)
}

impl Session {
    /// Reads a stream that has just been opened. Its first message says the epoch.
    pub async fn read(
        agent: &str,
        opened_at: u64,
        mut stream: Streaming<v1::OpenSessionResponse>,
    ) -> Result<Self, Status> {
        let first = stream.message().await?.ok_or(Status::internal("a session begins with `opened`"))?;
        let Some(Notice::Opened(opened)) = &first.notice else {
            return Err(Status::internal(format!("a session begins with `opened`: {first:?}")));
        };
        let epoch = opened.epoch;
        let heard = Arc::new(Heard { told: Mutex::new((vec![first], None)), news: Notify::new() });
        let listening = heard.clone();
        let reader = tokio::spawn(async move {
            loop {
                let next = stream.message().await;
                let mut told = listening.told.lock().expect("nobody panics with it");
                let is_end = match next {
                    Ok(Some(more)) => {
                        told.0.push(more);
                        false
                    }
                    Ok(None) => true,
                    Err(status) => {
                        told.1 = Some(status);
                        true
                    }
                };
                drop(told);
                listening.news.notify_waiters();
                if is_end {
                    return;
                }
            }
        });
        Ok(Self {
            agent: agent.into(),
            epoch,
            opened_at,
            heard,
            reader,
            expected: Vec::new(),
            over: false,
            never_mind: false,
        })
    }

    /// Expects it to be told this now.
    pub fn expect(&mut self, line: usize, at: u64, sentence: String) {
        let at = (!is_loose(&sentence)).then_some(at);
        self.expected.push(Expected { line, at, sentence, echo: false });
    }

    /// Expects it to be told now of what its agent has just done.
    pub fn expect_echo(&mut self, line: usize, at: u64, sentence: String) {
        self.expected.push(Expected { line, at: Some(at), sentence, echo: true });
    }

    /// Expects its stream to be ended by the service.
    pub fn expect_end(&mut self, line: usize, why: &str) {
        self.expected.push(Expected { line, at: None, sentence: format!("cut off with {why}"), echo: false });
        self.over = true;
    }

    /// All that it was told until now, each with its time where it has one.
    fn sentences(&self, names: &Names) -> Vec<(Option<u64>, String)> {
        let told = self.heard.told.lock().expect("nobody panics with it");
        let mut all = Vec::new();
        for message in &told.0 {
            let Some(notice) = &message.notice else { continue };
            if let Notice::Opened(opened) = notice {
                let found = opened.agent.iter().flat_map(|it| &it.invites);
                all.extend(found.map(|it| (Some(self.opened_at), told::invite(it, names))));
            } else {
                let at = (message.at_ms != 0).then(|| told::since_start(message.at_ms));
                all.push((at, told::sentence(notice, names)));
            }
        }
        if let Some(status) = &told.1
            && reason(status) != "SHUTTING_DOWN"
        {
            all.push((None, format!("cut off with {}", reason(status))));
        }
        all
    }

    /// The invites that it was shown, the latest last.
    pub fn invites(&self) -> Vec<v1::Invite> {
        let told = self.heard.told.lock().expect("nobody panics with it");
        let shown = told.0.iter().flat_map(|it| match &it.notice {
            Some(Notice::Invited(invite)) => vec![invite.clone()],
            Some(Notice::Opened(opened)) => opened.agent.iter().flat_map(|it| it.invites.clone()).collect(),
            _ => Vec::new(),
        });
        shown.collect()
    }

    /// Waits, not for ever, until something holds of what it was told.
    pub async fn wait_until(&self, holds: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                let news = self.heard.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if holds(self) || self.reader.is_finished() {
                    return;
                }
                news.await;
            }
        };
        // Whoever waited in vain says what was missing when all is compared.
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or(());
    }

    /// Waits until as much was told as is expected.
    pub async fn catch_up(&self, names: &Names) {
        self.wait_until(|it| it.sentences(names).len() >= it.expected.len()).await;
    }

    /// Breaks the stream.
    pub async fn hang_up(&mut self) {
        self.reader.abort();
        (&mut self.reader).await.unwrap_or(());
        self.over = true;
    }

    /// Waits until the service has ended the stream.
    pub async fn finish(&mut self) {
        if !self.reader.is_finished() {
            let ended = tokio::time::timeout(PATIENCE, &mut self.reader).await;
            drop(ended);
        }
    }

    /// Where what was told is not what was expected: the line and the difference.
    pub fn difference(&self, names: &Names, last_line: Option<usize>) -> Option<(usize, String)> {
        if self.never_mind {
            return None;
        }
        let (loose, told): (Vec<_>, Vec<_>) =
            self.sentences(names).into_iter().partition(|it| is_loose(&it.1));
        let (awaited, expected): (Vec<_>, Vec<_>) =
            self.expected.iter().partition(|it| is_loose(&it.sentence));
        let mut found = self.compare(&expected, &told, last_line);
        if found.is_none() {
            found = self.compare(&awaited, &loose, last_line);
        }
        found
    }

    fn compare(
        &self,
        expected: &[&Expected],
        told: &[(Option<u64>, String)],
        last_line: Option<usize>,
    ) -> Option<(usize, String)> {
        let (told, expected) = without_echoes(told, expected);
        let agent = &self.agent;
        let was = |it: &(Option<u64>, String)| {
            let at = it.0.map_or_else(String::new, |at| format!(" at {}", shown(at)));
            format!("`{}`{at}", it.1)
        };
        for place in 0..expected.len().max(told.len()) {
            match (expected.get(place), told.get(place)) {
                (Some(it), None) => {
                    return Some((it.line, format!("{agent} does not see `{}`", it.sentence)));
                }
                (Some(it), Some(seen)) => {
                    let in_time = it.at.is_none() || seen.0.is_none() || it.at == seen.0;
                    if it.sentence != seen.1 || !in_time {
                        let at = it.at.map_or_else(String::new, |at| format!(" at {}", shown(at)));
                        let said = format!("{agent} should see `{}`{at} and sees {}", it.sentence, was(seen));
                        return Some((it.line, said));
                    }
                }
                (None, Some(seen)) => {
                    let said = format!("{agent} sees {}, which no line expects", was(seen));
                    return last_line.map(|line| (line, said));
                }
                (None, None) => {}
            }
        }
        None
    }
}
