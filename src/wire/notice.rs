//! What one agent is told of an event, on the stream of its session (INV-3, CONF-4, LOG-2). Whom an event is told to is
//! `engine::audience`'s to say.

use super::{
    kinds, log,
    names::{id_of, id_or_empty, time},
    records,
    v1::{self, open_session_response::Notice},
    view,
};
use crate::engine::{
    directory::names::Names,
    event::{Event, InviteEnd},
    ids::{AgentIx, ConversationId, Epoch, InviteId, Millis, RequestId},
    limits,
    query::AgentView,
};

/// What an invite shows beside its event.
#[derive(Debug, Clone, Copy, Default)]
pub struct InviteContext<'a> {
    /// The conversation's customer.
    pub customer: &'a str,
    /// The id of the conversation's channel.
    pub channel: &'a str,
    /// The agent who asked; none for NEW.
    pub requester: Option<AgentIx>,
}

/// The first notice of a session's stream: the state as it stands.
pub fn opened(epoch: Epoch, resumed: bool, view: &AgentView, names: &Names) -> v1::OpenSessionResponse {
    let lease_ms = i64::try_from(limits::LEASE_MS).unwrap_or(i64::MAX);
    let agent = Some(view::agent(view, names));
    let opened = v1::SessionOpened { epoch: epoch.0, resumed, lease_ms, agent };
    v1::OpenSessionResponse { position: 0, at_ms: 0, notice: Some(Notice::Opened(opened)) }
}

/// What `to`, who is in the event's audience, is told, in this order. `invite` is looked at for `InvitesSent` alone; `number` is that of
/// the chat log's entry, 0 where it is unknown. A message knows its own.
pub fn notices(
    position: u64,
    at: Millis,
    event: &Event,
    to: AgentIx,
    names: &Names,
    invite: &InviteContext<'_>,
    number: u32,
) -> Vec<v1::OpenSessionResponse> {
    let teller = Teller { event, at, to, names, number };
    teller
        .tell(invite)
        .into_iter()
        .map(|notice| v1::OpenSessionResponse { position, at_ms: time(at), notice: Some(notice) })
        .collect()
}

struct Teller<'a> {
    event: &'a Event,
    at: Millis,
    to: AgentIx,
    names: &'a Names,
    number: u32,
}

impl Teller<'_> {
    fn tell(&self, invite: &InviteContext<'_>) -> Vec<Notice> {
        match self.event {
            Event::InvitesSent { .. } => self.invited(invite).into_iter().collect(),
            Event::InviteAccepted { invite, request, conversation, agent, giver, wrap_up_until, .. } => {
                let mut told = Vec::new();
                if *agent == self.to {
                    let outcome = v1::InviteOutcome::Accepted;
                    told.push(invite_ended(*invite, *request, *conversation, outcome));
                }
                told.extend(self.update(*conversation, self.number));
                if *giver == Some(self.to) {
                    told.extend(wrap_up_begun(*conversation, *wrap_up_until));
                }
                told
            }
            Event::InvitesEnded { request, conversation, end, invites, reason } => {
                self.invites_ended(*request, *conversation, *end, invites, reason)
            }
            Event::ParticipantLeft { conversation, agent, wrap_up_until, .. } => {
                let mut told: Vec<Notice> = self.update(*conversation, self.number).into_iter().collect();
                if *agent == self.to {
                    told.extend(wrap_up_begun(*conversation, *wrap_up_until));
                }
                told
            }
            Event::ConversationEnded { conversation, wrap_up_until, .. } => {
                let update = self.update(*conversation, self.number).into_iter();
                update.chain(wrap_up_begun(*conversation, *wrap_up_until)).collect()
            }
            Event::RequestEnded { request, conversation, why, .. } => {
                vec![Notice::RequestEnded(v1::RequestEnded {
                    routing_request_id: request.0,
                    conversation_id: conversation.0,
                    why: v1::RequestEnd::from(*why).into(),
                })]
            }
            Event::PresenceSet { status, cause, .. } => {
                let (cause, supervisor_id) = kinds::presence_cause(cause);
                let presence_status_id = id_of(self.names, *status);
                let changed = v1::PresenceChanged { presence_status_id, cause: cause.into(), supervisor_id };
                vec![Notice::Presence(changed)]
            }
            Event::FlagRaised { conversation, agent, reason } => vec![Notice::Flag(v1::FlagChanged {
                conversation_id: conversation.0,
                agent_id: id_of(self.names, *agent),
                raised: true,
                reason: reason.to_string(),
                supervisor_id: String::new(),
            })],
            Event::FlagLowered { conversation, agent, by } => vec![Notice::Flag(v1::FlagChanged {
                conversation_id: conversation.0,
                agent_id: id_of(self.names, *agent),
                raised: false,
                reason: String::new(),
                supervisor_id: kinds::author(by).2,
            })],
            Event::WrapUpExtended { conversation, until, .. } => vec![wrap_up(*conversation, *until)],
            Event::WrapUpEnded { conversation, .. } => vec![wrap_up(*conversation, 0)],
            Event::MessagePosted { conversation, number, .. } => {
                self.update(*conversation, *number).into_iter().collect()
            }
            Event::RecordsGiven { conversation, records, .. } => {
                vec![Notice::RecordsGiven(v1::RecordsGiven {
                    conversation_id: conversation.0,
                    records: records.iter().map(records::shown).collect(),
                })]
            }
            Event::DirectoryChanged { .. }
            | Event::SessionStarted { .. }
            | Event::SessionResumed { .. }
            | Event::SessionDropped { .. }
            | Event::SessionEnded { .. }
            | Event::ConversationCreated { .. }
            | Event::RequestOpened { .. }
            | Event::RoundStarted { .. }
            | Event::RecordAttached { .. }
            | Event::RecordRemoved { .. }
            | Event::AgentEarmarked { .. }
            | Event::EarmarkLifted { .. }
            | Event::ConversationMoved { .. }
            | Event::WavesEnded { .. } => Vec::new(),
        }
    }

    fn invited(&self, context: &InviteContext<'_>) -> Option<Notice> {
        let Event::InvitesSent {
            request, conversation, kind, first, agents, expires_at, units, at_once, ..
        } = self.event
        else {
            return None;
        };
        let (invite, _) = (first.0..).zip(agents).find(|(_, agent)| **agent == self.to)?;
        Some(Notice::Invited(v1::Invite {
            invite_id: invite,
            routing_request_id: request.0,
            conversation_id: conversation.0,
            kind: v1::RequestKind::from(*kind).into(),
            channel_id: context.channel.into(),
            customer_id: context.customer.into(),
            requested_by_agent_id: id_or_empty(self.names, context.requester),
            weight: *units,
            expires_at_ms: time(*expires_at),
            auto_accept: *at_once,
        }))
    }

    /// To whom an invite was sent, its end; to who asked for them, who said no.
    fn invites_ended(
        &self,
        request: RequestId,
        conversation: ConversationId,
        end: InviteEnd,
        invites: &[(InviteId, AgentIx)],
        reason: &str,
    ) -> Vec<Notice> {
        let own = invites.iter().filter(|(_, agent)| *agent == self.to);
        let ended: Vec<Notice> = own
            .map(|(invite, _)| invite_ended(*invite, request, conversation, v1::InviteOutcome::from(end)))
            .collect();
        if !ended.is_empty() || !matches!(end, InviteEnd::Declined | InviteEnd::Expired) {
            return ended;
        }
        let declined = |(_, agent): &(InviteId, AgentIx)| {
            Notice::InviteDeclined(v1::InviteDeclined {
                routing_request_id: request.0,
                conversation_id: conversation.0,
                agent_id: id_of(self.names, *agent),
                expired: end == InviteEnd::Expired,
                reason: reason.into(),
            })
        };
        invites.iter().map(declined).collect()
    }

    fn update(&self, conversation: ConversationId, number: u32) -> Option<Notice> {
        let entry = log::entry(self.event, self.names)?;
        let entry = v1::LogEntry { number, at_ms: time(self.at), ..entry };
        Some(Notice::Update(v1::ConversationUpdate { conversation_id: conversation.0, entry: Some(entry) }))
    }
}

fn invite_ended(
    invite: InviteId,
    request: RequestId,
    conversation: ConversationId,
    outcome: v1::InviteOutcome,
) -> Notice {
    Notice::InviteEnded(v1::InviteEnded {
        invite_id: invite.0,
        routing_request_id: request.0,
        conversation_id: conversation.0,
        outcome: outcome.into(),
    })
}

fn wrap_up(conversation: ConversationId, until: Millis) -> Notice {
    Notice::WrapUp(v1::WrapUp { conversation_id: conversation.0, until_ms: time(until) })
}

/// A wrap-up that follows a part in a conversation, if one does.
fn wrap_up_begun(conversation: ConversationId, until: Millis) -> Option<Notice> {
    (until != 0).then(|| wrap_up(conversation, until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::samples::{self, ANNA, BERT, CLEO};

    fn told(to: AgentIx, pick: impl Fn(&Event) -> bool) -> Vec<Notice> {
        let event = samples::events().into_iter().find(pick).expect("there is one");
        let context = InviteContext { customer: "cäsar", channel: "chat", requester: Some(ANNA) };
        let notices = notices(5, 9, &event, to, &samples::names(), &context, 3);
        assert!(notices.iter().all(|it| (it.position, it.at_ms) == (5, 9)));
        notices.into_iter().filter_map(|it| it.notice).collect()
    }

    #[test]
    fn an_invite_has_the_number_of_its_agent() {
        let all = told(BERT, |it| matches!(it, Event::InvitesSent { .. }));
        let [Notice::Invited(invite)] = &all[..] else { panic!("{all:?}") };
        assert_eq!((invite.invite_id, invite.weight), (901, 2));
        assert_eq!(
            (&*invite.customer_id, &*invite.channel_id, &*invite.requested_by_agent_id),
            ("cäsar", "chat", "anna")
        );
    }

    #[test]
    fn a_transfer_tells_the_winner_the_giver_and_the_others_each_their_part() {
        let accepted = |it: &Event| matches!(it, Event::InviteAccepted { .. });
        let all = told(BERT, accepted);
        let [Notice::InviteEnded(ended), Notice::Update(update)] = &all[..] else { panic!("{all:?}") };
        assert_eq!((ended.invite_id, ended.outcome()), (901, v1::InviteOutcome::Accepted));
        assert_eq!(update.entry.as_ref().map(|it| (it.number, it.at_ms)), Some((3, 9)));
        let all = told(ANNA, accepted);
        let [Notice::Update(_), Notice::WrapUp(wrap_up)] = &all[..] else { panic!("{all:?}") };
        assert_eq!(wrap_up.until_ms, 1_700_000_005_000);
        let all = told(CLEO, accepted);
        assert!(matches!(&all[..], [Notice::Update(_)]), "{all:?}");
    }

    #[test]
    fn a_decline_ends_the_invite_and_is_told_to_who_asked() {
        let declined = |it: &Event| matches!(it, Event::InvitesEnded { .. });
        let all = told(CLEO, declined);
        let [Notice::InviteEnded(ended)] = &all[..] else { panic!("{all:?}") };
        assert_eq!(ended.outcome(), v1::InviteOutcome::Declined);
        let all = told(ANNA, declined);
        let [Notice::InviteDeclined(it)] = &all[..] else { panic!("{all:?}") };
        assert_eq!((&*it.agent_id, &*it.reason, it.expired), ("cleo", "lunch", false));
    }

    #[test]
    fn a_message_knows_its_number() {
        let all = told(ANNA, |it| matches!(it, Event::MessagePosted { .. }));
        let [Notice::Update(update)] = &all[..] else { panic!("{all:?}") };
        assert_eq!(update.entry.as_ref().map(|it| (it.number, it.whisper)), Some((4, true)));
    }

    #[test]
    fn leaving_and_the_end_bring_wrap_up_to_whom_they_concern() {
        let left = |it: &Event| matches!(it, Event::ParticipantLeft { .. });
        assert!(matches!(&told(ANNA, left)[..], [Notice::Update(_), Notice::WrapUp(_)]));
        assert!(matches!(&told(BERT, left)[..], [Notice::Update(_)]));
        let ended = |it: &Event| matches!(it, Event::ConversationEnded { .. });
        assert!(matches!(&told(BERT, ended)[..], [Notice::Update(_), Notice::WrapUp(_)]));
        let over = told(BERT, |it| matches!(it, Event::WrapUpEnded { .. }));
        assert!(matches!(&over[..], [Notice::WrapUp(it)] if it.until_ms == 0));
    }
}
