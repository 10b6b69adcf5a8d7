//! DIR: the directory, applied as a whole or resource by resource.

use omniroute::wire::v1::{
    self, AgentSkill, ApplyDirectoryRequest, Change, ChangeKind, ChannelMaximum, DeleteResourceRequest,
    Directory, GetDirectoryRequest, GetResourceRequest, InviteOutcome, ListResourcesRequest, PresenceKind,
    PresenceStatus, ResourceKind, RoutingModel, resource::Resource,
};
use tonic::{Code, Status};

use crate::support::{
    House, ORG, agent, fresh, invalid, queue, reason, refused, requirements, sample, skill, to, violations,
};

async fn stored(house: &House) -> Directory {
    let request = GetDirectoryRequest { org_id: ORG.into() };
    let found = house.directory().get_directory(request).await.expect("the org is there");
    found.into_inner().directory.expect("a directory")
}

async fn delete(house: &House, kind: ResourceKind, id: &str) -> Result<(), Status> {
    let (org_id, request_id) = (ORG.into(), fresh());
    let request = DeleteResourceRequest { org_id, request_id, kind: kind.into(), id: id.into() };
    house.directory().delete_resource(request).await.map(|_| ())
}

/// The sample without Dee, with a better Bob and a new Eve.
fn next_year() -> Directory {
    let mut directory = sample::directory();
    directory.agents[1].skills[0].level_hundredths = 800;
    directory.agents[3] = sample::agent("eve", &[], &["help"]);
    directory
}

#[tokio::test]
async fn dir_1_a_dry_run_says_what_would_change_and_changes_nothing() {
    let house = House::with(sample::directory()).await;
    let before = stored(&house).await;
    let directory = Some(next_year());
    let request =
        ApplyDirectoryRequest { org_id: ORG.into(), dry_run: true, directory, ..Default::default() };
    let plan = house.directory().apply_directory(request).await.expect("it is right").into_inner();
    assert_eq!((plan.created_count, plan.changed_count, plan.removed_count), (1, 1, 1));
    let kind = ResourceKind::Agent.into();
    let change = |change: ChangeKind, id: &str| Change { change: change.into(), kind, id: id.into() };
    assert_eq!(
        plan.changes,
        [
            change(ChangeKind::Changed, "bob"),
            change(ChangeKind::Created, "eve"),
            change(ChangeKind::Removed, "dee")
        ]
    );
    assert_eq!(stored(&house).await, before);
}

#[tokio::test]
async fn dir_1_a_directory_is_applied_as_a_whole() {
    let house = House::with(sample::directory()).await;
    let done = house.apply(next_year()).await.expect("it is right");
    assert_eq!((done.created_count, done.changed_count, done.removed_count), (1, 1, 1));
    let agents = stored(&house).await.agents;
    assert_eq!(agents.iter().map(|it| &*it.id).collect::<Vec<_>>(), ["ann", "bob", "cid", "eve"]);
    assert_eq!(agents[1].skills, [AgentSkill { skill_id: "french".into(), level_hundredths: 800 }]);
    let again = house.apply(next_year()).await.expect("it is right");
    assert_eq!((again.created_count, again.changed_count, again.removed_count), (0, 0, 0));
}

#[tokio::test]
async fn dir_1_one_mistake_keeps_all_of_a_directory_out() {
    let house = House::with(sample::directory()).await;
    let before = stored(&house).await;
    let mut wrong = next_year();
    wrong.agents[0].queue_ids = vec!["nowhere".into()];
    invalid(house.apply(wrong).await, &["directory.agents[0].queue_ids[0]"]);
    assert_eq!(stored(&house).await, before);
}

#[tokio::test]
async fn dir_1_a_wrong_first_directory_makes_no_org() {
    let house = House::empty().await;
    let mut wrong = sample::directory();
    wrong.skills.clear();
    house.apply(wrong).await.expect_err("the skills are missing");
    let request = GetDirectoryRequest { org_id: ORG.into() };
    refused(house.directory().get_directory(request).await, Code::NotFound, "ORG_NOT_FOUND");
}

#[tokio::test]
async fn dir_1_the_first_directory_can_be_tried_dry() {
    let house = House::empty().await;
    let directory = Some(sample::directory());
    let request =
        ApplyDirectoryRequest { org_id: ORG.into(), dry_run: true, directory, ..Default::default() };
    let plan = house.directory().apply_directory(request).await.expect("it is right").into_inner();
    assert_eq!((plan.created_count, plan.changed_count, plan.removed_count), (19, 0, 0));
    let request = GetDirectoryRequest { org_id: ORG.into() };
    refused(house.directory().get_directory(request).await, Code::NotFound, "ORG_NOT_FOUND");
}

#[tokio::test]
async fn dir_1_resources_are_put_read_listed_and_deleted_one_at_a_time() {
    let house = House::with(sample::directory()).await;
    house.put(Resource::Skill(sample::skill("german"))).await.expect("it is right");
    let get =
        |id: &str| GetResourceRequest { org_id: ORG.into(), kind: ResourceKind::Skill.into(), id: id.into() };
    let found = house.directory().get_resource(get("german")).await.expect("it is there").into_inner();
    assert_eq!(found.resource.and_then(|it| it.resource), Some(Resource::Skill(sample::skill("german"))));
    let list = |page_size, page_token| ListResourcesRequest {
        org_id: ORG.into(),
        kind: ResourceKind::Skill.into(),
        page_size,
        page_token,
    };
    let first = house.directory().list_resources(list(2, String::new())).await.expect("a page").into_inner();
    let ids = |page: &v1::ListResourcesResponse| -> Vec<String> {
        let id = |it: &v1::Resource| match &it.resource {
            Some(Resource::Skill(skill)) => skill.id.clone(),
            other => panic!("no skill: {other:?}"),
        };
        page.resources.iter().map(id).collect()
    };
    assert_eq!(ids(&first), ["billing", "french"]);
    let rest = list(2, first.next_page_token);
    let rest = house.directory().list_resources(rest).await.expect("a page").into_inner();
    assert_eq!((ids(&rest), &*rest.next_page_token), (vec!["german".to_owned()], ""));
    delete(&house, ResourceKind::Skill, "german").await.expect("nobody has it");
    refused(house.directory().get_resource(get("german")).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    refused(delete(&house, ResourceKind::Skill, "german").await, Code::NotFound, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn dir_1_nothing_crosses_from_one_org_to_another() {
    let house = House::with(sample::directory()).await;
    let mut other = sample::directory();
    other.agents.truncate(1);
    let request = ApplyDirectoryRequest {
        org_id: "other".into(),
        request_id: fresh(),
        directory: Some(other),
        dry_run: false,
    };
    house.directory().apply_directory(request).await.expect("it is right");
    let chat = house.chat(agent("ann")).await;
    let _ann = house.desk("ann").await;
    assert_eq!(house.invited(chat).await, ["ann"]);
    let theirs = v1::GetAgentRequest { org_id: "other".into(), agent_id: "ann".into() };
    let theirs = house.agents().get_agent(theirs).await.expect("she is there").into_inner();
    assert_eq!(theirs.agent.map(|it| (it.session_epoch, it.invites.len())), Some((0, 0)));
    let bob = v1::GetAgentRequest { org_id: "other".into(), agent_id: "bob".into() };
    refused(house.agents().get_agent(bob).await, Code::NotFound, "AGENT_NOT_FOUND");
    let chat = v1::GetConversationRequest { org_id: "other".into(), conversation_id: chat };
    let found = house.conversations().get_conversation(chat).await;
    refused(found, Code::NotFound, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn dir_2_every_mistake_is_named_by_its_path() {
    type Spoil = fn(&mut Directory);
    let table: [(Spoil, &[&str]); 26] = [
        (|it| it.agents[0].capacity_profile_id = "x".into(), &["directory.agents[0].capacity_profile_id"]),
        (|it| it.agents[2].skills[1].skill_id = "x".into(), &["directory.agents[2].skills[1].skill_id"]),
        (
            |it| it.agents[0].skills[0].level_hundredths = 1_001,
            &["directory.agents[0].skills[0].level_hundredths"],
        ),
        (|it| it.agents[1].queue_ids[1] = "x".into(), &["directory.agents[1].queue_ids[1]"]),
        (|it| it.agents[1].id = "ann".into(), &["directory.agents[1].id"]),
        (|it| it.agents[1].id = "not an id".into(), &["directory.agents[1].id"]),
        (|it| it.skills.push(sample::skill("french")), &["directory.skills[2].id"]),
        (|it| it.skills[0].name = "x".repeat(129), &["directory.skills[0].name"]),
        (|it| it.buttons[0].skill_ids.clear(), &["directory.buttons[0].skill_ids"]),
        (|it| it.buttons[0].skill_ids[1] = "x".into(), &["directory.buttons[0].skill_ids[1]"]),
        (|it| it.buttons[0].model = RoutingModel::LongestIdle.into(), &["directory.buttons[0].model"]),
        (
            |it| it.presence_statuses[1].channel_ids[0] = "x".into(),
            &["directory.presence_statuses[1].channel_ids[0]"],
        ),
        (|it| it.presence_statuses[1].kind = 0, &["directory.presence_statuses[1].kind"]),
        (
            |it| it.capacity_profiles[1].units = 1_001,
            &["directory.capacity_profiles[1].units", "directory.capacity_profiles[1].interruptible_units"],
        ),
        (
            |it| {
                let maximum = ChannelMaximum { channel_id: "x".into(), conversations: 1 };
                it.capacity_profiles[0].channel_maxima.push(maximum);
            },
            &["directory.capacity_profiles[0].channel_maxima[0].channel_id"],
        ),
        (|it| it.channels[2].weight = 1_001, &["directory.channels[2].weight"]),
        (|it| it.channels[0].push_timeout_ms = -1, &["directory.channels[0].push_timeout_ms"]),
        (|it| it.channels[0].wrap_up_ms = 86_400_001, &["directory.channels[0].wrap_up_ms"]),
        (
            |it| {
                it.channels[0].inactive_weight = 1;
                it.channels[0].inactive_ends_after_ms = 5;
            },
            &["directory.channels[0].inactive_weight", "directory.channels[0].inactive_ends_after_ms"],
        ),
        (|it| it.channels[0].inactive_after_ms = 5, &["directory.channels[0].inactive_after_ms"]),
        (
            |it| (it.channels[0].asynchronous, it.channels[0].inactive_weight) = (true, 2),
            &["directory.channels[0].inactive_weight"],
        ),
        (
            |it| {
                it.channels[0].asynchronous = true;
                it.channels[0].inactive_after_ms = 31 * 86_400_000 + 1;
                it.channels[0].inactive_ends_after_ms = -1;
            },
            &["directory.channels[0].inactive_after_ms", "directory.channels[0].inactive_ends_after_ms"],
        ),
        (|it| it.channels[0].participants_max = 33, &["directory.channels[0].participants_max"]),
        (
            |it| it.channels[0].decline_presence_status_id = "x".into(),
            &["directory.channels[0].decline_presence_status_id"],
        ),
        (|it| it.queues[0].priority = Some(1_000_001), &["directory.queues[0].priority"]),
        (
            |it| {
                it.agents[0].queue_ids[0] = "x".into();
                it.queues[1].weight = Some(1_001);
                it.skills.remove(1);
            },
            &[
                "directory.queues[1].weight",
                "directory.buttons[0].skill_ids[1]",
                "directory.agents[0].queue_ids[0]",
                "directory.agents[2].skills[1].skill_id",
                "directory.agents[3].skills[0].skill_id",
            ],
        ),
    ];
    let house = House::with(sample::directory()).await;
    for (spoil, paths) in table {
        let mut directory = sample::directory();
        spoil(&mut directory);
        invalid(house.apply(directory).await, paths);
    }
}

#[tokio::test]
async fn dir_2_a_wrong_resource_is_named_by_its_path_too() {
    let house = House::with(sample::directory()).await;
    let heavy = v1::Channel { weight: 1_001, push_timeout_ms: 5, ..sample::channel("chat") };
    invalid(house.put(Resource::Channel(heavy)).await, &["resource.channel.weight"]);
    let stranger = sample::agent("eve", &[("x", 1_001)], &["help", "help"]);
    invalid(
        house.put(Resource::Agent(stranger)).await,
        &[
            "resource.agent.skills[0].skill_id",
            "resource.agent.skills[0].level_hundredths",
            "resource.agent.queue_ids[1]",
        ],
    );
}

#[tokio::test]
async fn dir_2_what_others_refer_to_cannot_be_removed() {
    let house = House::with(sample::directory()).await;
    let status = delete(&house, ResourceKind::Skill, "billing").await.expect_err("it is in use");
    assert_eq!((status.code(), &*reason(&status)), (Code::InvalidArgument, "DIRECTORY_INVALID"));
    assert_eq!(
        violations(&status),
        ["directory.buttons.web", "directory.agents.cid", "directory.agents.dee"]
    );
}

#[tokio::test]
async fn dir_2_what_can_never_work_is_a_warning() {
    let mut directory = sample::directory();
    directory.channels[2].weight = 4;
    directory.queues.push(sample::queue("nobody"));
    directory.skills.push(sample::skill("latin"));
    directory.buttons.push(sample::button("rome", &["latin"]));
    let house = House::empty().await;
    let done = house.apply(directory).await.expect("it is allowed");
    let warned: Vec<&str> = done.warnings.iter().map(|it| &*it.path).collect();
    assert_eq!(warned, ["directory.channels[2]", "directory.queues[2]", "directory.buttons[1]"]);
}

#[tokio::test]
async fn dir_3_a_smaller_capacity_drops_nothing_and_gives_nothing_until_it_fits() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let mut chats = Vec::new();
    for _ in 0..3 {
        chats.push(house.chat_with(&mut ann).await);
    }
    let smaller = sample::profile("standard", 2);
    house.put(Resource::CapacityProfile(smaller)).await.expect("it is right");
    let next = house.chat(agent("ann")).await;
    let agent = house.agent("ann").await;
    assert_eq!((agent.units, agent.units_used, agent.conversation_ids), (2, 3, chats.clone()));
    ann.end(chats[0]).await.expect("she is alone in it");
    assert!(house.invited(next).await.is_empty());
    ann.end(chats[1]).await.expect("she is alone in it");
    assert_eq!(house.invited(next).await, ["ann"]);
}

#[tokio::test]
async fn dir_3_a_skill_that_is_taken_away_drops_nothing() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(skill("french")).await;
    assert_eq!(ann.take().await, chat);
    let unlearned = sample::agent("ann", &[], &["help"]);
    house.put(Resource::Agent(unlearned)).await.expect("it is right");
    assert_eq!(house.participants(chat).await, ["ann"]);
    let next = house.chat(skill("french")).await;
    assert!(house.invited(next).await.is_empty());
}

#[tokio::test]
async fn dir_3_a_change_counts_from_the_next_decision_for_live_sessions() {
    let house = House::with(sample::directory()).await;
    let mut bob = house.desk("bob").await;
    let chat = house.chat(requirements(&[("billing", 100)])).await;
    assert!(house.invited(chat).await.is_empty());
    let learned = sample::agent("bob", &[("billing", 100)], &[]);
    house.put(Resource::Agent(learned)).await.expect("it is right");
    assert_eq!(bob.invite().await.conversation_id, chat);
    let more = sample::profile("standard", 4);
    house.put(Resource::CapacityProfile(more)).await.expect("it is right");
    assert_eq!(house.agent("bob").await.units, 4);
}

#[tokio::test]
async fn dir_3_a_status_that_no_longer_takes_a_channel_gives_its_invites_back() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.create("case", to(queue("help"))).await.expect("it is created").conversation_id;
    ann.invite().await;
    let _bob = house.desk_at("bob", v1::Console::Lightning, "available").await;
    let less = PresenceStatus {
        channel_ids: vec!["chat".into()],
        ..sample::status("available", PresenceKind::Online, &[])
    };
    house.put(Resource::PresenceStatus(less)).await.expect("it is right");
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Revoked);
    assert!(house.invited(chat).await.is_empty());
}

#[tokio::test]
async fn dir_3_the_work_of_an_agent_who_is_removed_is_routed_anew() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    assert_eq!(ann.take().await, chat);
    let mut bob = house.desk("bob").await;
    delete(&house, ResourceKind::Agent, "ann").await.expect("nothing refers to her");
    let status = ann.end_of_stream().await.expect("it says why");
    assert_eq!(reason(&status), "SESSION_NOT_OPEN");
    assert_eq!(bob.take().await, chat);
    assert_eq!(house.participants(chat).await, ["bob"]);
}
