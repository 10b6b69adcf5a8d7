//! Calls in, commands out: what is converted, what is refused and at which path.

use super::{
    check::Check,
    mutation::{Inquiry, Mutation, directory_of, open_session, plan_directory, plan_response, request_key},
    samples, v1, view,
};
use crate::engine::{
    command::{Acting, Actor, Audience, Command, Page, Query},
    directory::{
        check::Remark,
        spec::{Change, Resource, ResourceKind},
    },
    ids::{AgentIx, ConversationId, Epoch, RequestKey, SkillIx},
    limits,
    query::Answer,
    reply::Reply,
    routing::{Requirement, Target},
};

fn paths(look: impl FnOnce(&mut Check)) -> Vec<String> {
    let mut check = Check::new();
    look(&mut check);
    check.violations().iter().map(|(path, _)| path.clone()).collect()
}

fn command<M: Mutation>(call: M) -> Command {
    let mut check = Check::new();
    let command = call.into_command(&samples::names(), &mut check);
    assert!(check.is_empty(), "{check:?}");
    command
}

fn refused<M: Mutation>(call: M) -> Vec<String> {
    paths(|check| {
        call.into_command(&samples::names(), check);
    })
}

fn session(agent_id: &str, epoch: u64) -> v1::AgentSession {
    v1::AgentSession { agent_id: agent_id.into(), epoch }
}

fn routing(target: v1::target::Target) -> v1::Routing {
    let target = Some(v1::Target { target: Some(target) });
    v1::Routing { target, ..v1::Routing::default() }
}

fn required(skill_id: &str, level_hundredths: u32) -> v1::SkillRequirement {
    v1::SkillRequirement { skill_id: skill_id.into(), level_hundredths }
}

fn created(target: v1::target::Target) -> v1::CreateConversationRequest {
    v1::CreateConversationRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        channel_id: "chat".into(),
        customer_id: "c".into(),
        routing: Some(routing(target)),
        ..Default::default()
    }
}

#[test]
fn an_empty_call_names_every_field_that_it_lacks() {
    assert_eq!(
        refused(v1::CreateConversationRequest::default()),
        ["org_id", "request_id", "customer_id", "channel_id", "routing"]
    );
    assert_eq!(refused(v1::AcceptInviteRequest::default()), ["org_id", "request_id", "session", "invite_id"]);
    assert_eq!(
        refused(v1::EndConversationRequest::default()),
        ["org_id", "request_id", "actor", "conversation_id"]
    );
    assert_eq!(
        refused(v1::CancelRequestRequest::default()),
        ["org_id", "request_id", "session", "routing_request_id"]
    );
    assert_eq!(refused(v1::ApplyDirectoryRequest::default()), ["org_id", "request_id", "directory"]);
    assert_eq!(refused(v1::PutResourceRequest::default()), ["org_id", "request_id", "resource"]);
    assert_eq!(refused(v1::DeleteResourceRequest::default()), ["org_id", "request_id", "id", "kind"]);
    let names = samples::names();
    assert_eq!(
        paths(|check| drop(open_session(&v1::OpenSessionRequest::default(), &names, check))),
        ["org_id", "request_id", "agent_id", "console"]
    );
    assert_eq!(
        paths(|check| drop(v1::GetResourceRequest::default().into_query(&names, check))),
        ["org_id", "id", "kind"]
    );
}

#[test]
fn a_session_needs_its_epoch() {
    let call = v1::LeaveConversationRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        session: Some(session("an na", 0)),
        conversation_id: 1,
    };
    assert_eq!(refused(call), ["session.agent_id", "session.epoch"]);
    let call = v1::EndConversationRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        actor: Some(v1::Actor { actor: Some(v1::actor::Actor::Agent(session("anna", 0))) }),
        conversation_id: 1,
    };
    assert_eq!(refused(call), ["actor.agent.epoch"]);
}

#[test]
fn an_id_that_the_directory_does_not_have_is_for_the_engine_to_refuse() {
    let call = v1::LeaveConversationRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        session: Some(session("nobody", 1)),
        conversation_id: 7,
    };
    let session = Acting { agent: AgentIx(u32::MAX), epoch: Epoch(1) };
    assert_eq!(command(call), Command::LeaveConversation { session, conversation: ConversationId(7) });
}

#[test]
fn requirements_are_sorted_and_each_skill_stands_once() {
    let skills = vec![required("loans", 1_000), required("cards", 0)];
    let target = v1::target::Target::Requirements(v1::Requirements { skills });
    let Command::CreateConversation { routing, .. } = command(created(target)) else { panic!("created") };
    let requirement = |skill, level| Requirement { skill: SkillIx(skill), level };
    assert_eq!(routing.target, Target::Requirements([requirement(0, 0), requirement(1, 1_000)].into()));
    // Two that nobody has are two, not one twice.
    let skills = vec![required("x", 0), required("y", 0)];
    command(created(v1::target::Target::Requirements(v1::Requirements { skills })));

    let skills = vec![required("cards", 0), required("cards", 1), required("loans", 1_001)];
    let target = v1::target::Target::Queue(v1::QueueTarget { queue_id: String::new(), skills });
    assert_eq!(
        refused(created(target)),
        [
            "routing.target.queue.queue_id",
            "routing.target.queue.skills[1].skill_id",
            "routing.target.queue.skills[2].level_hundredths"
        ]
    );
    let skills = (0..17).map(|it| required(&format!("s{it}"), 0)).collect();
    let target = v1::target::Target::Requirements(v1::Requirements { skills });
    assert_eq!(refused(created(target)), ["routing.target.requirements.skills"]);
    let none = v1::target::Target::Requirements(v1::Requirements::default());
    assert_eq!(refused(created(none)), ["routing.target.requirements.skills"]);
}

#[test]
fn what_a_routing_leaves_open_stays_open_and_what_it_says_is_checked() {
    let mut call = created(v1::target::Target::SkillId("cards".into()));
    let Command::CreateConversation { routing, .. } = command(call.clone()) else { panic!("created") };
    assert_eq!((routing.mode, routing.model, routing.priority, routing.capacity), (None, None, None, None));
    call.routing = Some(v1::Routing {
        target: None,
        mode: 9,
        model: -1,
        priority: Some(1_000_001),
        over_capacity: None,
        ..v1::Routing::default()
    });
    assert_eq!(refused(call), ["routing.priority", "routing.mode", "routing.model", "routing.target"]);
}

#[test]
fn texts_and_spans_have_their_bounds() {
    let mut call = created(v1::target::Target::AgentId("anna".into()));
    call.customer_id = "ä".repeat(limits::CUSTOMER_BYTES_MAX / 2);
    call.request_id = "r".repeat(limits::REQUEST_ID_BYTES_MAX);
    command(call.clone());
    call.customer_id.push('x');
    call.request_id.push('x');
    assert_eq!(refused(call), ["request_id", "customer_id"]);

    let call = |extend_by_ms| v1::ExtendWrapUpRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        session: Some(session("anna", 1)),
        conversation_id: 1,
        extend_by_ms,
    };
    command(call(1));
    command(call(86_400_000));
    for wrong in [-1, 0, 86_400_001] {
        assert_eq!(refused(call(wrong)), ["extend_by_ms"]);
    }
    let call = v1::DeclineInviteRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        session: Some(session("anna", 1)),
        invite_id: 1,
        reason: "r".repeat(257),
    };
    assert_eq!(refused(call), ["reason"]);
}

#[test]
fn only_agents_and_supervisors_whisper() {
    let call = |actor, whisper| v1::PostMessageRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        actor: Some(v1::Actor { actor: Some(actor) }),
        conversation_id: 1,
        text: "hello".into(),
        whisper,
    };
    let customer = v1::actor::Actor::Customer(v1::actor::Customer {});
    assert_eq!(refused(call(customer.clone(), true)), ["whisper"]);
    assert_eq!(refused(call(v1::actor::Actor::Platform(v1::actor::Platform {}), true)), ["whisper"]);
    assert!(matches!(
        command(call(customer, false)),
        Command::PostMessage { actor: Actor::Customer, audience: Audience::Everyone, .. }
    ));
    let sue = v1::actor::Supervisor { supervisor_id: "sue".into() };
    assert!(matches!(
        command(call(v1::actor::Actor::Supervisor(sue), true)),
        Command::PostMessage { actor: Actor::Supervisor(_), audience: Audience::Agents, .. }
    ));
    let anna = v1::actor::Actor::Agent(session("anna", 1));
    assert!(matches!(command(call(anna, true)), Command::PostMessage { audience: Audience::Agents, .. }));
}

#[test]
fn a_directory_comes_back_as_it_was_written() {
    let directory = directory_of(samples::resources());
    let call = v1::ApplyDirectoryRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        directory: Some(directory.clone()),
        dry_run: false,
    };
    assert_eq!(command(call.clone()), Command::ApplyDirectory { wanted: samples::resources() });
    let mut check = Check::new();
    let query = plan_directory(v1::ApplyDirectoryRequest { request_id: String::new(), ..call }, &mut check);
    assert_eq!(query, Query::PlanDirectory { wanted: samples::resources() });
    assert!(check.is_empty());
    for resource in samples::resources() {
        let call = v1::PutResourceRequest {
            org_id: "org".into(),
            request_id: "1".into(),
            resource: Some(view::resource(resource.clone())),
        };
        assert_eq!(command(call), Command::PutResource { resource: Box::new(resource) });
    }
}

#[test]
fn a_directory_that_leaves_things_out_gets_the_stated_defaults() {
    let directory = v1::Directory {
        channels: vec![v1::Channel { id: "c".into(), ..Default::default() }],
        capacity_profiles: vec![v1::CapacityProfile { id: "p".into(), units: 7, ..Default::default() }],
        queues: vec![v1::Queue { id: "q".into(), ..Default::default() }],
        ..Default::default()
    };
    let call = v1::ApplyDirectoryRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        directory: Some(directory),
        dry_run: false,
    };
    let Command::ApplyDirectory { wanted } = command(call) else { panic!("applied") };
    let shown = directory_of(wanted);
    assert_eq!(shown.channels[0].participants_max, limits::PARTICIPANTS_DEFAULT);
    assert_eq!(shown.channels[0].reinvite(), v1::Reinvite::OnceEveryoneHas);
    assert_eq!(shown.channels[0].on_session_loss(), v1::OnSessionLoss::Keep);
    assert_eq!(shown.capacity_profiles[0].interruptible_units, Some(7));
    assert_eq!(shown.queues[0].priority, Some(limits::PRIORITY_DEFAULT));
    assert_eq!(shown.queues[0].model(), v1::RoutingModel::LeastActive);
}

#[test]
fn mistakes_in_a_directory_have_their_paths() {
    let channel = v1::Channel {
        push_timeout_ms: -1,
        wrap_up_ms: 86_400_001,
        on_session_loss: 7,
        reinvite: 2,
        ..Default::default()
    };
    let agent = v1::AgentResource {
        skills: vec![v1::AgentSkill { skill_id: "a b".into(), level_hundredths: 1 }],
        queue_ids: vec!["q".into(), String::new()],
        capacity_profile_id: "p".into(),
        ..Default::default()
    };
    let directory = v1::Directory {
        channels: vec![channel.clone()],
        presence_statuses: vec![v1::PresenceStatus::default()],
        agents: vec![v1::AgentResource { capacity_profile_id: "p".into(), ..Default::default() }, agent],
        ..Default::default()
    };
    let request =
        v1::ApplyDirectoryRequest { org_id: "org".into(), directory: Some(directory), ..Default::default() };
    assert_eq!(
        paths(|check| drop(plan_directory(request, check))),
        [
            "directory.channels[0].reinvite_after_ms",
            "directory.channels[0].push_timeout_ms",
            "directory.channels[0].wrap_up_ms",
            "directory.channels[0].on_session_loss",
            "directory.presence_statuses[0].kind",
            "directory.agents[1].skills[0].skill_id",
            "directory.agents[1].queue_ids[1]"
        ]
    );
    let resource = Some(v1::Resource {
        resource: Some(v1::resource::Resource::Channel(v1::Channel { reinvite: 0, ..channel })),
    });
    let call = v1::PutResourceRequest { org_id: "org".into(), request_id: "1".into(), resource };
    assert_eq!(
        refused(call),
        [
            "resource.channel.push_timeout_ms",
            "resource.channel.wrap_up_ms",
            "resource.channel.on_session_loss"
        ]
    );
    let call = v1::PutResourceRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        resource: Some(v1::Resource::default()),
    };
    assert_eq!(refused(call), ["resource"]);
}

#[test]
fn a_plan_says_how_many_of_each_and_which() {
    let skill = |id: &str| samples::resources().into_iter().find(|it| it.id() == id).expect("there is one");
    let changes = vec![
        Change::Create(skill("cards")),
        Change::Replace(skill("loans")),
        Change::Remove(ResourceKind::Queue, "front".into()),
    ];
    let remark = Remark { path: "queues[0]".into(), text: "has no member".into() };
    let plan = plan_response(Answer::Plan(changes, vec![remark]));
    assert_eq!((plan.created_count, plan.changed_count, plan.removed_count), (1, 1, 1));
    assert_eq!(plan.warnings[0].path, "directory.queues[0]");
    assert_eq!((plan.changes[2].change(), &*plan.changes[2].id), (v1::ChangeKind::Removed, "front"));
}

#[test]
fn pages_have_a_size_and_lead_to_each_other() {
    let names = samples::names();
    let list = |page_size, page_token: &str| v1::ListAgentsRequest {
        org_id: "org".into(),
        page_size,
        page_token: page_token.into(),
        ..Default::default()
    };
    let mut check = Check::new();
    assert_eq!(
        list(0, "anna").into_query(&names, &mut check),
        Query::Agents { page: Page { after: Some("anna".into()), size: 100 }, state: None, queue: None }
    );
    assert!(check.is_empty());
    assert_eq!(paths(|check| drop(list(1_001, "?").into_query(&names, check))), ["page_token", "page_size"]);
    let list = v1::ListConversationsRequest {
        org_id: "org".into(),
        page_size: 3,
        page_token: "x".into(),
        flagged: false,
    };
    assert_eq!(paths(|check| drop(list.into_query(&names, check))), ["page_token"]);
    let skills: Vec<Resource> = samples::resources().into_iter().take(2).collect();
    let page = |more| {
        <v1::ListResourcesRequest as Inquiry>::respond(Answer::Resources(skills.clone(), more), &names)
    };
    assert_eq!((&*page(true).next_page_token, &*page(false).next_page_token), ("loans", ""));
}

#[test]
fn replies_become_responses() {
    let created = Reply::ConversationCreated {
        conversation: ConversationId(4),
        request: crate::engine::ids::RequestId(5),
    };
    let response = <v1::CreateConversationRequest as Mutation>::respond(created);
    assert_eq!((response.conversation_id, response.routing_request_id), (4, 5));
    let response = <v1::ExtendWrapUpRequest as Mutation>::respond(Reply::WrapUpExtended { until: 6 });
    assert_eq!(response.until_ms, 6);
}

#[test]
fn the_key_of_a_request_id_stays_the_same_for_ever() {
    assert_eq!(request_key("a"), RequestKey(305_204_355_434_051_048_441_871_922_348_435_287_429));
    assert_ne!(request_key("a"), request_key("b"));
}

#[test]
fn the_engine_given_unknown_ids_says_which_kind_it_misses() {
    let mut engine = crate::engine::Engine::default();
    let wanted = samples::resources();
    engine.decide(1, None, Command::ApplyDirectory { wanted }).expect("the samples make a directory");
    for (target, reason) in [
        (v1::target::Target::AgentId("x".into()), v1::Reason::AgentNotFound),
        (v1::target::Target::SkillId("x".into()), v1::Reason::SkillNotFound),
        (v1::target::Target::ButtonId("x".into()), v1::Reason::ButtonNotFound),
        (
            v1::target::Target::Requirements(v1::Requirements {
                skills: vec![required("x", 0), required("cards", 0)],
            }),
            v1::Reason::SkillNotFound,
        ),
        (
            v1::target::Target::Queue(v1::QueueTarget { queue_id: "x".into(), skills: Vec::new() }),
            v1::Reason::QueueNotFound,
        ),
    ] {
        let refusal = engine.decide(2, None, command(created(target))).expect_err("nobody is there");
        assert_eq!(super::status::reason(&refusal), reason);
    }
    let call = v1::SetPresenceRequest {
        org_id: "org".into(),
        request_id: "1".into(),
        session: Some(session("x", 1)),
        presence_status_id: "y".into(),
    };
    let refusal = engine.decide(2, None, command(call)).expect_err("nobody is there");
    assert_eq!(super::status::reason(&refusal), v1::Reason::AgentNotFound);
    let mut call = created(v1::target::Target::AgentId("anna".into()));
    call.channel_id = "x".into();
    let refusal = engine.decide(2, None, command(call)).expect_err("nothing is there");
    assert_eq!(super::status::reason(&refusal), v1::Reason::ChannelNotFound);
}
