//! Why a conversation went where it went: the decisions of the past, explained by the code that decides. The state is brought back from a
//! snapshot and the journal to the moment before each decision, as a start of the service would bring it back, and asked there.
//!
//! It costs nothing until somebody asks. Then it costs a second state in memory and about a second for each million events between the
//! snapshot and the conversation's end; so one is looked into at a time.

use std::{
    ops::ControlFlow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    Hosted,
    recovery::{RecoveryError, replay, start_before},
};
use crate::{
    engine::{
        event::Event,
        explain::{Explanation, explain_decision},
        ids::{AgentIx, ConversationId, Millis},
        query::RequestView,
    },
    journal::{Journal, Position, Snapshots},
};

/// A decision that was made: agents were invited.
#[derive(Debug)]
pub struct Decision {
    /// Where its event stands.
    pub position: Position,
    /// When.
    pub at: Millis,
    /// The request, as it was the moment before.
    pub request: RequestView,
    /// How the agents stood to it.
    pub explanation: Explanation,
    /// Who was invited, best first.
    pub invited: Vec<AgentIx>,
}

/// What is asked.
#[derive(Debug)]
pub struct Question {
    /// Whose.
    pub org: Arc<str>,
    /// About which conversation.
    pub conversation: ConversationId,
    /// Where its events may stand: the first, the last.
    pub between: (Position, Position),
    /// At most so many decisions.
    pub decisions_max: usize,
    /// At most so many agents are shown of each.
    pub agents_max: usize,
    /// Whether nobody waits for the answer any more.
    pub given_up: Arc<AtomicBool>,
}

/// Looks into the past. Blocking: not to be called on an async task's thread.
pub struct Past {
    journal: Arc<dyn Journal>,
    snapshots: Snapshots,
    /// Held by whoever looks: a state is large.
    one_at_a_time: Mutex<()>,
}

impl std::fmt::Debug for Past {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Past").finish_non_exhaustive()
    }
}

impl Past {
    /// The past that a journal and its snapshots hold.
    pub fn new(journal: Arc<dyn Journal>, snapshots: Snapshots) -> Self {
        Self { journal, snapshots, one_at_a_time: Mutex::new(()) }
    }

    /// The decisions that were made for a conversation, oldest first.
    pub fn decisions(&self, question: &Question) -> Result<Vec<Decision>, RecoveryError> {
        let _turn = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = question.between;
        let mut reader = self.journal.reader()?;
        let mut hosted: Hosted = start_before(&question.org, first, &self.snapshots)?;
        let mut decisions = Vec::new();
        replay(&mut hosted, &mut *reader, &mut |state, position, at, event| {
            if question.given_up.load(Ordering::Relaxed) || position > last {
                return ControlFlow::Break(());
            }
            let Event::InvitesSent { conversation, request, agents, .. } = event else {
                return ControlFlow::Continue(());
            };
            if *conversation != question.conversation || position < first {
                return ControlFlow::Continue(());
            }
            let (as_it_was, view, explanation) =
                explain_decision(std::mem::take(state), at, *request, question.agents_max);
            *state = as_it_was;
            let invited = agents.to_vec();
            decisions.push(Decision { position, at, request: view, explanation, invited });
            if decisions.len() < question.decisions_max {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        Ok(decisions)
    }
}
