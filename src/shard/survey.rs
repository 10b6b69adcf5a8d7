//! Asks the shards for the figures of capacity, when somebody wants to see them: only the orgs in which something may have changed, and each
//! in slices that a shard answers in between. At rest it asks nobody, and between two calls it does nothing.
//!
//! ```text
//!   scrape ──call──► Surveyor ──Query──► mailbox ──► shard       a slice at a time
//!      ◄────page──── draws ◄──sums────────────────────┘          answered once what it tells is durable
//! ```
//!
//! In between others are decided, so the figures are of the time that the asking takes, and exact where nothing happened meanwhile. What
//! did happen is asked for at the next call.

use std::{collections::BTreeMap, sync::Arc};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{JoinHandle, JoinSet},
};

use super::{Mailboxes, letter::Letter};
use crate::{
    clock::{Clock, Stopwatch},
    engine::{command::Query, ids::Millis, query::Answer, survey::SurveyPart},
    journal::Position,
    metrics::{
        self, Standing,
        capacity::{Drawing, OrgFigures},
        figures::{Call, Draughtsman},
    },
    views::orgs::{Org, Orgs},
};

/// Agents of one slice, or steps over what waits: a shard answers so many in a fraction of a millisecond.
const SLICE: usize = 512;
/// Orgs that are asked at a time, so that ten thousand small ones take no longer than a large one.
const ORGS_AT_ONCE: usize = 8;

/// The figures of an org, and how long they stand.
#[derive(Debug)]
struct Known {
    position: Position,
    true_until: Option<Millis>,
    as_of: Millis,
    figures: Arc<OrgFigures>,
}

/// Asks, sums up and draws.
pub struct Surveyor {
    orgs: Arc<Orgs>,
    mailboxes: Mailboxes,
    clock: Clock,
    known: BTreeMap<Arc<str>, Known>,
    calls: mpsc::Receiver<Call>,
    latest: watch::Sender<Arc<str>>,
}

impl Surveyor {
    /// Starts answering calls. It ends when nobody can call any more, or is aborted.
    pub fn start(
        draughtsman: Draughtsman,
        orgs: Arc<Orgs>,
        mailboxes: Mailboxes,
        clock: Clock,
    ) -> JoinHandle<()> {
        let Draughtsman { calls, latest } = draughtsman;
        let surveyor = Self { orgs, mailboxes, clock, known: BTreeMap::new(), calls, latest };
        tokio::spawn(surveyor.run())
    }

    async fn run(mut self) {
        while let Some(call) = self.calls.recv().await {
            // Whoever calls while it is drawn gets the next one: it must be of after the call.
            let mut waiting = vec![call];
            waiting.extend(std::iter::from_fn(|| self.calls.try_recv().ok()));
            let page = self.survey().await;
            self.latest.send_replace(page.clone());
            // Who no longer waits has the former page.
            waiting.into_iter().for_each(|it| it.send(page.clone()).unwrap_or_default());
        }
    }

    async fn survey(&mut self) -> Arc<str> {
        let watch = Stopwatch::start();
        let all = self.orgs.all();
        let now = self.clock.now();
        let moved: Vec<Arc<Org>> = all.iter().filter(|it| self.has_moved(it, now)).cloned().collect();
        let page = if moved.is_empty() {
            self.latest.borrow().clone()
        } else {
            for (org, known) in ask_all(moved, &self.mailboxes, &self.clock).await {
                self.known.insert(org, known);
            }
            self.draw(&all).await
        };
        self.tell_how_things_stand(&all, now, watch);
        page
    }

    /// Whether anything may have changed in an org since it was asked.
    fn has_moved(&self, org: &Org, now: Millis) -> bool {
        self.known.get(&org.id).is_none_or(|it| {
            it.position != org.durable_now() || it.true_until.is_some_and(|until| until <= now)
        })
    }

    async fn draw(&self, all: &[Arc<Org>]) -> Arc<str> {
        let known = |org: &Arc<Org>| Some((org.clone(), self.known.get(&org.id)?.figures.clone()));
        let known: Vec<(Arc<Org>, Arc<OrgFigures>)> = all.iter().filter_map(known).collect();
        let drawn = tokio::task::spawn_blocking(move || {
            let mut drawing = Drawing::default();
            for (org, figures) in known {
                drawing.add(&org.id, &figures, &org.names());
            }
            drawing.page()
        });
        match drawn.await {
            Ok(page) => page.into(),
            // The runtime is shutting down.
            Err(_) => self.latest.borrow().clone(),
        }
    }

    fn tell_how_things_stand(&self, all: &[Arc<Org>], now: Millis, watch: Stopwatch) {
        let as_of = |org: &Arc<Org>| {
            let known = self.known.get(&org.id)?;
            Some(if self.has_moved(org, now) { known.as_of } else { now })
        };
        let outlines = || self.known.values().map(|it| &it.figures.outline);
        metrics::standing(&Standing {
            orgs: all.len(),
            letters: self.mailboxes.waiting(),
            letters_max: self.mailboxes.room(),
            cohorts: outlines().map(|it| it.cohorts).sum(),
            classes: outlines().map(|it| it.classes).sum(),
            events: all.iter().map(|it| it.durable_now().0).sum(),
            logbook_behind: all.iter().map(|it| it.behind()).sum(),
            figures_as_of: all.iter().filter_map(as_of).min().unwrap_or(now),
            survey_seconds: watch.seconds(),
        });
    }
}

/// Asks for these orgs, some at a time. An org whose shard has no room for the question keeps its former figures.
async fn ask_all(moved: Vec<Arc<Org>>, mailboxes: &Mailboxes, clock: &Clock) -> Vec<(Arc<str>, Known)> {
    let (mut asking, mut asked) = (JoinSet::new(), Vec::new());
    let mut rest = moved.into_iter();
    loop {
        while asking.len() < ORGS_AT_ONCE {
            let Some(org) = rest.next() else { break };
            asking.spawn(ask(org, mailboxes.clone(), clock.clone()));
        }
        match asking.join_next().await {
            None => return asked,
            Some(Ok(known)) => asked.extend(known),
            Some(Err(bug)) => std::panic::resume_unwind(bug.into_panic()),
        }
    }
}

async fn ask(org: Arc<Org>, mailboxes: Mailboxes, clock: Clock) -> Option<(Arc<str>, Known)> {
    // What happens from here on will be asked for again.
    let (position, as_of) = (org.durable_now(), clock.now());
    let query = |part| answer(&org, Query::Survey(part), &mailboxes);
    let Answer::Outline(outline) = query(SurveyPart::Outline).await? else { return None };
    let true_until = outline.true_until;
    let mut figures = OrgFigures { outline, ..OrgFigures::default() };
    let mut next = Some((0, None));
    while let Some(from) = next {
        let part = SurveyPart::Lines { from, steps: SLICE };
        let Answer::WaitingSums(sums, rest) = query(part).await? else { return None };
        figures.add_waiting(&sums);
        next = rest;
    }
    for from in (0..figures.outline.agents).step_by(SLICE) {
        let Answer::AgentSums(sums, streams) = query(SurveyPart::Agents { from, size: SLICE }).await? else {
            return None;
        };
        figures.add_agents(&sums, streams);
    }
    let figures = Arc::new(figures);
    Some((org.id.clone(), Known { position, true_until, as_of, figures }))
}

/// What an org's shard answers; none: it has no room for the question, or has stopped.
async fn answer(org: &Arc<Org>, query: Query, mailboxes: &Mailboxes) -> Option<Answer> {
    let (reply, answer) = oneshot::channel();
    mailboxes.post(&org.into(), Letter::Query { org: org.id.clone(), query, reply }).ok()?;
    answer.await.ok()?.ok()
}
