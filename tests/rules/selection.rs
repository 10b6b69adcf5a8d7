//! SEL: which agent is chosen, and when.

use omniroute::wire::v1::{
    Channel, Console, QueueTarget, Routing, RoutingModel, SkillRequirement, resource::Resource,
    target::Target,
};

use crate::support::{Desk, House, agent, queue, requirements, sample, skill, to};

async fn open(house: &House, channel: &str, routing: Routing) -> u64 {
    house.create(channel, routing).await.expect("it is created").conversation_id
}

fn by(model: RoutingModel, target: Target) -> Routing {
    Routing { model: model.into(), ..to(target) }
}

/// Whom a chat is offered to that is routed so; then it is taken back.
async fn chosen(house: &House, routing: Routing) -> String {
    let chat = open(house, "chat", routing).await;
    let invited = house.invited(chat).await;
    house.end(chat).await.expect("the platform may");
    assert_eq!(invited.len(), 1, "one at a time: {invited:?}");
    invited.into_iter().next().unwrap_or_default()
}

/// Gives an agent a chat that it ends at once.
async fn served_once(house: &House, desk: &mut Desk) {
    let chat = house.chat_with(desk).await;
    desk.end(chat).await.expect("it is alone in it");
}

#[tokio::test]
async fn sel_1_each_condition_by_itself_keeps_an_agent_out() {
    let house = House::with(sample::directory()).await;
    let french = |level| {
        let skills = vec![SkillRequirement {
            skill_id: "french".into(),
            level_hundredths: level,
            ..Default::default()
        }];
        to(Target::Queue(QueueTarget { queue_id: "help".into(), skills }))
    };
    // No session.
    let chat = open(&house, "chat", french(700)).await;
    assert!(house.invited(chat).await.is_empty());
    // A session without a status, a status that takes nothing, one without the channel.
    let mut ann = house.desk_at("ann", Console::Lightning, "").await;
    assert!(house.invited(chat).await.is_empty());
    ann.presence("lunch").await.expect("there is such a status");
    assert!(house.invited(chat).await.is_empty());
    let call = open(&house, "voice", to(agent("ann"))).await;
    ann.presence("chat-only").await.expect("there is such a status");
    assert_eq!((house.invited(chat).await, house.invited(call).await.len()), (vec!["ann".into()], 0));
    house.end(chat).await.expect("the platform may");
    // The wrong queue, a level too low, a skill too few.
    ann.presence("lunch").await.expect("there is such a status");
    let (mut bob, _cid, _dee) = (house.desk("bob").await, house.desk("cid").await, house.desk("dee").await);
    let chat = open(&house, "chat", french(701)).await;
    assert!(house.invited(chat).await.is_empty());
    house.end(chat).await.expect("the platform may");
    let chat = house.chat(requirements(&[("french", 0), ("billing", 500)])).await;
    assert!(house.invited(chat).await.is_empty());
    let chat = house.chat(queue("sales")).await;
    assert_eq!(bob.take().await, chat);
    bob.presence("lunch").await.expect("there is such a status");
    let chat = house.chat(queue("sales")).await;
    assert!(house.invited(chat).await.is_empty());
    // The level that is asked for is enough; no room is not.
    bob.presence("available").await.expect("there is such a status");
    assert_eq!(bob.take().await, chat);
    let chat = open(&house, "chat", french(700)).await;
    assert_eq!(bob.take().await, chat);
    let chat = open(&house, "chat", french(700)).await;
    assert!(house.invited(chat).await.is_empty());
}

#[tokio::test]
async fn sel_1_who_is_in_the_conversation_is_not_asked_into_it() {
    let house = House::with(sample::directory()).await;
    let (mut ann, _bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    ann.conference(chat, to(skill("french"))).await.expect("she may ask");
    assert_eq!(house.invited(chat).await, ["bob"]);
}

#[tokio::test]
async fn sel_2_least_active_takes_whoever_has_the_fewest_units_in_use() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob, _cid) =
        (house.desk("ann").await, house.desk("bob").await, house.desk("cid").await);
    house.chat_with(&mut ann).await;
    house.chat_with(&mut bob).await;
    house.chat_with(&mut bob).await;
    let routing = || by(RoutingModel::LeastActive, queue("help"));
    assert_eq!(chosen(&house, routing()).await, "cid");
    // Pending invites are units in use too: Cid, who was never given work, wins the first tie.
    for expected in ["cid", "cid", "ann"] {
        let chat = open(&house, "chat", routing()).await;
        assert_eq!(house.invited(chat).await, [expected]);
    }
}

#[tokio::test]
async fn sel_2_most_available_takes_whoever_has_the_most_units_free() {
    let house = House::with(sample::directory()).await;
    house.put(Resource::CapacityProfile(sample::profile("big", 9))).await.expect("it is right");
    let cid = omniroute::wire::v1::AgentResource {
        capacity_profile_id: "big".into(),
        ..sample::agent("cid", &[], &["help"])
    };
    house.put(Resource::Agent(cid)).await.expect("it is right");
    let (_ann, mut cid) = (house.desk("ann").await, house.desk("cid").await);
    for _ in 0..5 {
        house.chat_with(&mut cid).await;
    }
    assert_eq!(chosen(&house, by(RoutingModel::LeastActive, queue("help"))).await, "ann");
    assert_eq!(chosen(&house, by(RoutingModel::MostAvailable, queue("help"))).await, "cid");
    house.chat_with(&mut cid).await;
    house.chat_with(&mut cid).await;
    assert_eq!(chosen(&house, by(RoutingModel::MostAvailable, queue("help"))).await, "ann");
}

#[tokio::test]
async fn sel_2_best_match_takes_the_highest_sum_of_levels() {
    let house = House::with(sample::directory()).await;
    let (mut ann, _bob, _cid) = (house.desk("ann").await, house.desk("bob").await, house.desk("cid").await);
    house.chat_with(&mut ann).await;
    let french = || by(RoutingModel::BestMatch, requirements(&[("french", 0)]));
    assert_eq!(chosen(&house, french()).await, "ann");
    // The sum over both: Cid has 500 + 400, Ann now 300 + 700.
    let ann = sample::agent("ann", &[("french", 300), ("billing", 700)], &["help"]);
    house.put(Resource::Agent(ann)).await.expect("it is right");
    let both = by(RoutingModel::BestMatch, requirements(&[("french", 0), ("billing", 0)]));
    assert_eq!(chosen(&house, both).await, "ann");
    assert_eq!(chosen(&house, french()).await, "bob");
    // Without skills all match alike.
    assert_eq!(chosen(&house, by(RoutingModel::BestMatch, queue("help"))).await, "bob");
}

fn longest_idle() -> Routing {
    by(RoutingModel::LongestIdle, queue("help"))
}

#[tokio::test]
async fn sel_2_longest_idle_counts_from_coming_online_and_from_the_end_of_the_last_work() {
    let house = House::with(sample::directory()).await;
    let mut bob = house.desk("bob").await;
    house.advance(10).await;
    let mut ann = house.desk("ann").await;
    house.advance(10).await;
    let mut cid = house.desk_at("cid", Console::Lightning, "lunch").await;
    assert_eq!(chosen(&house, longest_idle()).await, "bob");
    served_once(&house, &mut bob).await;
    assert_eq!(chosen(&house, longest_idle()).await, "ann");
    house.advance(10).await;
    served_once(&house, &mut ann).await;
    house.advance(10).await;
    cid.presence("available").await.expect("there is such a status");
    assert_eq!(chosen(&house, longest_idle()).await, "bob");
    bob.presence("lunch").await.expect("there is such a status");
    assert_eq!(chosen(&house, longest_idle()).await, "ann");
    // Whoever was away counts from the return.
    house.advance(10).await;
    bob.presence("available").await.expect("there is such a status");
    ann.presence("lunch").await.expect("there is such a status");
    assert_eq!(chosen(&house, longest_idle()).await, "cid");
}

#[tokio::test]
async fn sel_2_longest_idle_is_not_set_back_by_an_invite_that_was_not_accepted() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    house.advance(10).await;
    let _bob = house.desk("bob").await;
    house.advance(10).await;
    let chat = house.chat(agent("ann")).await;
    let invite = ann.invite().await.invite_id;
    ann.decline(invite).await.expect("it is pending");
    house.end(chat).await.expect("the platform may");
    assert_eq!(chosen(&house, longest_idle()).await, "ann");
}

#[tokio::test]
async fn sel_2_longest_idle_counts_the_wrap_up_as_work() {
    let chat = Channel { wrap_up_ms: 100, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    served_once(&house, &mut ann).await;
    house.advance(50).await;
    served_once(&house, &mut bob).await;
    bob.complete_wrap_up(house.agent("bob").await.holds[0].conversation_id).await.expect("he has one");
    house.advance(50).await;
    // Bob has been free since 50, Ann since 100.
    assert_eq!(chosen(&house, longest_idle()).await, "bob");
}

#[tokio::test]
async fn sel_2_longest_idle_takes_the_idle_first_then_the_least_used_then_the_longest_since_an_end() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob, mut cid) =
        (house.desk("ann").await, house.desk("bob").await, house.desk("cid").await);
    house.chat_with(&mut ann).await;
    house.chat_with(&mut bob).await;
    house.advance(10).await;
    served_once(&house, &mut cid).await;
    // Cid was given work last and is free the shortest, but has nothing in hand.
    assert_eq!(chosen(&house, longest_idle()).await, "cid");
    house.chat_with(&mut cid).await;
    house.chat_with(&mut cid).await;
    // Of Ann and Bob with one unit each, Ann's last work ended later.
    served_once(&house, &mut ann).await;
    assert_eq!(chosen(&house, longest_idle()).await, "bob");
    house.chat_with(&mut bob).await;
    assert_eq!(chosen(&house, longest_idle()).await, "ann");
}

#[tokio::test]
async fn sel_2_ties_go_to_whoever_was_given_work_longest_ago_then_to_the_lower_id() {
    for model in [RoutingModel::LeastActive, RoutingModel::MostAvailable, RoutingModel::BestMatch] {
        let house = House::with(sample::directory()).await;
        let (mut ann, mut cid, mut bob) =
            (house.desk("ann").await, house.desk("cid").await, house.desk("bob").await);
        let routing = || by(model, queue("help"));
        assert_eq!(chosen(&house, routing()).await, "ann", "{model:?}");
        // An invite that was not accepted is no work that was given.
        assert_eq!(chosen(&house, routing()).await, "ann", "{model:?}");
        served_once(&house, &mut ann).await;
        assert_eq!(chosen(&house, routing()).await, "bob", "{model:?}");
        served_once(&house, &mut cid).await;
        served_once(&house, &mut bob).await;
        assert_eq!(chosen(&house, routing()).await, "ann", "{model:?}");
        served_once(&house, &mut ann).await;
        assert_eq!(chosen(&house, routing()).await, "cid", "{model:?}");
    }
}

#[tokio::test]
async fn sel_2_a_lower_id_that_is_added_later_is_lower_all_the_same() {
    for model in [
        RoutingModel::LeastActive,
        RoutingModel::MostAvailable,
        RoutingModel::BestMatch,
        RoutingModel::LongestIdle,
    ] {
        let mut house = House::with(sample::directory()).await;
        let (ann, bob) = (house.desk("ann").await, house.desk("bob").await);
        house.put(Resource::Agent(sample::agent("abe", &[], &["help"]))).await.expect("it is right");
        house.put(Resource::Agent(sample::agent("aaa", &[], &["help"]))).await.expect("it is right");
        let (abe, aaa) = (house.desk("abe").await, house.desk("aaa").await);
        assert_eq!(chosen(&house, by(model, queue("help"))).await, "aaa", "{model:?}");
        let epochs = [ann.session, bob.session, abe.session];
        house.restart().await;
        let mut desks = Vec::new();
        for it in epochs {
            desks.push(house.open(&it.agent_id, Console::Lightning, "", it.epoch).await.expect("in time"));
        }
        assert_eq!(chosen(&house, by(model, queue("help"))).await, "abe", "{model:?}");
        drop(aaa.stream);
    }
}

#[tokio::test]
async fn sel_2_a_queue_says_by_which_model_its_agents_are_chosen() {
    let help = omniroute::wire::v1::Queue { model: RoutingModel::LongestIdle.into(), ..sample::queue("") };
    let house = House::with(sample::with_queue(help)).await;
    let _bob = house.desk("bob").await;
    house.advance(10).await;
    let _ann = house.desk("ann").await;
    assert_eq!(chosen(&house, to(queue("help"))).await, "bob");
    assert_eq!(chosen(&house, by(RoutingModel::LeastActive, queue("help"))).await, "ann");
}

#[tokio::test]
async fn sel_3_work_that_arrives_is_offered_in_the_same_step() {
    let house = House::with(sample::directory()).await;
    let _ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn sel_3_an_agent_that_becomes_able_gets_what_waits_at_once() {
    let chat = Channel { wrap_up_ms: 1_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let small = omniroute::wire::v1::AgentResource {
        capacity_profile_id: "small".into(),
        ..sample::agent("ann", &[], &["help"])
    };
    house.put(Resource::Agent(small)).await.expect("it is right");
    let chats =
        [house.chat(queue("help")).await, house.chat(queue("help")).await, house.chat(queue("help")).await];
    // By coming online, by the end of a wrap-up, by a change of the directory.
    let mut ann = house.desk("ann").await;
    assert_eq!(ann.take().await, chats[0]);
    ann.end(chats[0]).await.expect("she is alone in it");
    assert_eq!(house.waiting("help").await, chats[1..]);
    house.advance(1_000).await;
    assert_eq!(ann.take().await, chats[1]);
    house.put(Resource::Agent(sample::agent("ann", &[], &["help"]))).await.expect("it is right");
    assert_eq!(ann.take().await, chats[2]);
}

#[tokio::test]
async fn sel_3_at_rest_nobody_waits_for_whom_somebody_has_room() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let mut chats = Vec::new();
    for _ in 0..8 {
        chats.push(house.chat(queue("help")).await);
    }
    // Six places for eight: two wait, and each place that comes free is filled in the same step.
    assert_eq!(house.waiting("help").await, chats[6..]);
    for _ in 0..3 {
        ann.take().await;
        bob.take().await;
    }
    house.end(chats[3]).await.expect("the platform may");
    assert_eq!(house.waiting("help").await, chats[7..]);
    house.end(chats[6]).await.expect("the platform may");
    assert!(house.waiting("help").await.is_empty());
    house.end(chats[0]).await.expect("the platform may");
    let used = house.agent("ann").await.units_used + house.agent("bob").await.units_used;
    assert_eq!(used, 5);
}

#[tokio::test]
async fn sel_4_the_choice_is_the_best_of_all() {
    let ids: Vec<String> = (100..220).map(|it| format!("agent-{it}")).collect();
    let mut directory = sample::directory();
    directory.agents = ids.iter().map(|id| sample::agent(id, &[], &["help"])).collect();
    let (best, others) = ids.split_last().expect("there are some");
    directory.agents[119]
        .skills
        .push(omniroute::wire::v1::AgentSkill { skill_id: "french".into(), level_hundredths: 1 });
    let house = House::with(directory).await;
    let mut desks = Vec::new();
    for id in &ids {
        desks.push(house.desk(id).await);
    }
    assert_eq!(chosen(&house, to(skill("french"))).await, *best);
    for (desk, id) in desks.iter_mut().zip(others) {
        let chat = house.chat(queue("help")).await;
        assert_eq!(desk.take().await, chat, "{id}");
    }
    assert_eq!(chosen(&house, by(RoutingModel::MostAvailable, queue("help"))).await, *best);
}
