//! Why a conversation went where it went: the logbook says where its events stand, the journal what was true then.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tonic::Status;

use super::front::{Visit, blocking};
use crate::{
    engine::{ids::ConversationId, rejection::Rejection},
    journal::Position,
    shard::past::Question,
    wire::{
        check::Check,
        mutation::{decision, decisions_asked},
        status,
        v1::{ExplainDecisionsRequest, ExplainDecisionsResponse},
    },
};

/// Decisions that are answered at once: each shows as many agents as were asked for.
const DECISIONS_MAX: usize = 20;

/// Whoever asked has gone: nobody needs the rest.
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(super) async fn explain_decisions(
    visit: &Visit,
    call: ExplainDecisionsRequest,
) -> Result<ExplainDecisionsResponse, Status> {
    let mut check = Check::new();
    let agents_max = decisions_asked(&call, &mut check);
    if !check.is_empty() {
        return Err(check.into_status());
    }
    let org = visit.org()?;
    visit.caught_up(&org).await?;
    let (logbook, id, conversation) =
        (visit.logbook().clone(), org.id.clone(), ConversationId(call.conversation_id));
    let found = blocking(move || logbook.conversation(&id, conversation)).await?;
    let found = found.ok_or_else(|| status::refusal(&Rejection::ConversationNotFound))?;
    let last = found.ended.unwrap_or(org.durable_now());
    let given_up = Arc::new(AtomicBool::new(false));
    let _given_up = GivenUp(given_up.clone());
    let question = Question {
        org: org.id.clone(),
        conversation,
        between: (found.created.max(Position(call.from_position)), last),
        decisions_max: DECISIONS_MAX,
        agents_max,
        given_up,
    };
    let past = visit.past().clone();
    let decisions = blocking(move || past.decisions(&question)).await?;
    let next = decisions.last().filter(|_| decisions.len() == DECISIONS_MAX);
    let names = org.names();
    Ok(ExplainDecisionsResponse {
        next_position: next.map_or(0, |it| it.position.0 + 1),
        decisions: decisions
            .iter()
            .map(|it| decision((it.position.0, it.at), &it.request, &it.explanation, &it.invited, &names))
            .collect(),
    })
}
