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
    v1::OpenSessionResponse { position: 0, at_ms: 0, notice: Some(Notice::Opened(Box::new(opened))) }
}

/// What an agent who is in an event's audience is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Teller<'a> {
    /// Where the event stands.
    pub position: u64,
    /// When it was.
    pub at: Millis,
    /// What.
    pub event: &'a Event,
    /// Whom it is told.
    pub to: AgentIx,
    /// The directory's ids.
    pub names: &'a Names,
    /// Looked at for `InvitesSent` alone.
    pub invite: InviteContext<'a>,
    /// That of the chat log's entry, 0 where it is unknown. A message knows its own.
    pub number: u32,
}

impl Teller<'_> {
    /// Says it, in this order.
    pub fn tell(&self, say: &mut dyn FnMut(v1::OpenSessionResponse)) {
        self.notices(&mut |notice| {
            say(v1::OpenSessionResponse {
                position: self.position,
                at_ms: time(self.at),
                notice: Some(notice),
            });
        });
    }

    fn notices(&self, say: &mut dyn FnMut(Notice)) {
        match self.event {
            Event::InvitesSent { .. } => self.invited().into_iter().for_each(say),
            Event::InviteAccepted { invite, request, conversation, agent, giver, wrap_up_until, .. } => {
                if *agent == self.to {
                    let outcome = v1::InviteOutcome::Accepted;
                    say(invite_ended(*invite, *request, *conversation, outcome));
                }
                self.update(*conversation, self.number, say);
                if *giver == Some(self.to) {
                    wrap_up_begun(*conversation, *wrap_up_until, say);
                }
            }
            Event::InvitesEnded { request, conversation, end, invites, reason } => {
                self.invites_ended((*request, *conversation), *end, invites, reason, say);
            }
            Event::ParticipantLeft { conversation, agent, wrap_up_until, .. } => {
                self.update(*conversation, self.number, say);
                if *agent == self.to {
                    wrap_up_begun(*conversation, *wrap_up_until, say);
                }
            }
            Event::ConversationEnded { conversation, wrap_up_until, .. } => {
                self.update(*conversation, self.number, say);
                wrap_up_begun(*conversation, *wrap_up_until, say);
            }
            Event::ConversationInactivated { conversation, .. }
            | Event::ConversationResumed { conversation, .. } => {
                self.update(*conversation, self.number, say);
            }
            Event::RequestEnded { request, conversation, why, .. } => {
                say(Notice::RequestEnded(v1::RequestEnded {
                    routing_request_id: request.0,
                    conversation_id: conversation.0,
                    why: v1::RequestEnd::from(*why).into(),
                }));
            }
            Event::PresenceSet { status, cause, .. } => {
                let (cause, supervisor_id) = kinds::presence_cause(cause);
                let presence_status_id = id_of(self.names, *status);
                let changed = v1::PresenceChanged { presence_status_id, cause: cause.into(), supervisor_id };
                say(Notice::Presence(changed));
            }
            Event::FlagRaised { conversation, agent, reason } => say(Notice::Flag(v1::FlagChanged {
                conversation_id: conversation.0,
                agent_id: id_of(self.names, *agent),
                raised: true,
                reason: reason.to_string(),
                supervisor_id: String::new(),
            })),
            Event::FlagLowered { conversation, agent, by } => say(Notice::Flag(v1::FlagChanged {
                conversation_id: conversation.0,
                agent_id: id_of(self.names, *agent),
                raised: false,
                reason: String::new(),
                supervisor_id: kinds::author(by).2,
            })),
            Event::WrapUpExtended { conversation, until, .. } => say(wrap_up(*conversation, *until)),
            Event::WrapUpEnded { conversation, .. } => say(wrap_up(*conversation, 0)),
            Event::MessagePosted { conversation, number, .. } => self.update(*conversation, *number, say),
            Event::RecordsGiven { conversation, records, .. } => {
                say(Notice::RecordsGiven(v1::RecordsGiven {
                    conversation_id: conversation.0,
                    records: records.iter().map(records::shown).collect(),
                }));
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
            | Event::RequestRelaxed { .. }
            | Event::AgentEarmarked { .. }
            | Event::EarmarkLifted { .. }
            | Event::ConversationMoved { .. }
            | Event::WavesEnded { .. } => {}
        }
    }

    fn invited(&self) -> Option<Notice> {
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
            channel_id: self.invite.channel.into(),
            customer_id: self.invite.customer.into(),
            requested_by_agent_id: id_or_empty(self.names, self.invite.requester),
            weight: *units,
            expires_at_ms: time(*expires_at),
            auto_accept: *at_once,
        }))
    }

    /// To whom an invite was sent, its end; to who asked for them, who said no.
    fn invites_ended(
        &self,
        (request, conversation): (RequestId, ConversationId),
        end: InviteEnd,
        invites: &[(InviteId, AgentIx)],
        reason: &str,
        say: &mut dyn FnMut(Notice),
    ) {
        let mut own = invites.iter().filter(|(_, agent)| *agent == self.to).peekable();
        if own.peek().is_some() {
            own.for_each(|(invite, _)| {
                say(invite_ended(*invite, request, conversation, v1::InviteOutcome::from(end)));
            });
        } else if matches!(end, InviteEnd::Declined | InviteEnd::Expired) {
            let declined = |(_, agent): &(InviteId, AgentIx)| {
                Notice::InviteDeclined(v1::InviteDeclined {
                    routing_request_id: request.0,
                    conversation_id: conversation.0,
                    agent_id: id_of(self.names, *agent),
                    expired: end == InviteEnd::Expired,
                    reason: reason.into(),
                })
            };
            invites.iter().map(declined).for_each(say);
        }
    }

    fn update(&self, conversation: ConversationId, number: u32, say: &mut dyn FnMut(Notice)) {
        let Some(entry) = log::entry(self.event, self.names) else { return };
        let entry = v1::LogEntry { number, at_ms: time(self.at), ..entry };
        say(Notice::Update(v1::ConversationUpdate { conversation_id: conversation.0, entry: Some(entry) }));
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
fn wrap_up_begun(conversation: ConversationId, until: Millis, say: &mut dyn FnMut(Notice)) {
    if until != 0 {
        say(wrap_up(conversation, until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::samples::{self, ANNA, BERT, CLEO};

    fn told(to: AgentIx, pick: impl Fn(&Event) -> bool) -> Vec<Notice> {
        let event = samples::events().into_iter().find(pick).expect("there is one");
        let invite = InviteContext { customer: "cäsar", channel: "chat", requester: Some(ANNA) };
        let (names, mut told) = (samples::names(), Vec::new());
        let teller = Teller { position: 5, at: 9, event: &event, to, names: &names, invite, number: 3 };
        teller.tell(&mut |it| told.push(it));
        assert!(told.iter().all(|it| (it.position, it.at_ms) == (5, 9)));
        told.into_iter().filter_map(|it| it.notice).collect()
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
