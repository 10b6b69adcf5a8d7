//! SKL-1, SKL-2: requirements that are required, and those that give way in steps.

use omniroute::{
    engine::limits::LEASE_MS,
    wire::v1::{
        Channel, Console, ExplainConversationRequest, OnSessionLoss, Overflow, Queue, QueueTarget,
        RelaxationStep, Requirements, Routing, RoutingModel, RoutingRequest, SkillRequirement, Standing,
        event::Event, overflow::Target as Of, target::Target,
    },
};
use tonic::Code;

use crate::support::{House, ORG, START_MS, button, invalid, queue, refused, sample, to};

fn at(ms: u64) -> i64 {
    i64::try_from(START_MS + ms).expect("times are small")
}

fn required(skill: &str, level_hundredths: u32) -> SkillRequirement {
    SkillRequirement { skill_id: skill.into(), level_hundredths, additional: false }
}

fn additional(skill: &str, level_hundredths: u32) -> SkillRequirement {
    SkillRequirement { additional: true, ..required(skill, level_hundredths) }
}

fn drops(after_ms: i64, drop_additional: u32) -> RelaxationStep {
    RelaxationStep { after_ms, drop_additional, lower_levels_by_hundredths: 0 }
}

fn lowers(after_ms: i64, lower_levels_by_hundredths: u32) -> RelaxationStep {
    RelaxationStep { after_ms, drop_additional: 0, lower_levels_by_hundredths }
}

fn needs(skills: Vec<SkillRequirement>, steps: Vec<RelaxationStep>) -> Routing {
    Routing { steps, ..to(Target::Requirements(Requirements { skills })) }
}

/// French and billing, of which billing drops after a second.
fn billing_drops() -> Routing {
    needs(vec![required("french", 0), additional("billing", 0)], vec![drops(1_000, 1)])
}

async fn chat(house: &House, routing: Routing) -> u64 {
    house.create("chat", routing).await.expect("it is created").conversation_id
}

/// The one open request of a conversation.
async fn request(house: &House, conversation_id: u64) -> RoutingRequest {
    house.conversation(conversation_id).await.requests.remove(0)
}

/// What is required of a conversation's request now.
async fn required_now(house: &House, conversation_id: u64) -> Vec<(String, u32)> {
    let required = request(house, conversation_id).await.required_now;
    required.into_iter().map(|it| (it.skill_id, it.level_hundredths)).collect()
}

fn skills(of: &[(&str, u32)]) -> Vec<(String, u32)> {
    of.iter().map(|(id, level)| ((*id).into(), *level)).collect()
}

fn requeue() -> Channel {
    Channel { on_session_loss: OnSessionLoss::Requeue.into(), ..sample::channel("") }
}

#[tokio::test]
async fn skl_1_an_additional_skill_is_required_until_it_drops() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let both = || needs(vec![additional("billing", 400), required("french", 500)], Vec::new());
    let waits = chat(&house, both()).await;
    house.advance(60_000).await;
    assert!(house.invited(waits).await.is_empty(), "without steps nothing drops");
    assert_eq!(required_now(&house, waits).await, skills(&[("billing", 400), ("french", 500)]));
    let stated = request(&house, waits).await.routing.and_then(|it| it.target).and_then(|it| it.target);
    let all = vec![required("french", 500), additional("billing", 400)];
    assert_eq!(stated, Some(Target::Requirements(Requirements { skills: all })));
    let mut cid = house.desk("cid").await;
    assert_eq!(cid.take().await, waits);
    assert!(ann.told().await.is_empty());
}

#[tokio::test]
async fn skl_1_a_level_has_hundredths() {
    let house = House::with(sample::directory()).await;
    let _all = (house.desk("ann").await, house.desk("bob").await);
    let just = chat(&house, needs(vec![required("french", 900)], Vec::new())).await;
    let above = chat(&house, needs(vec![required("french", 901)], Vec::new())).await;
    assert_eq!((house.invited(just).await, house.invited(above).await), (vec!["ann".into()], vec![]));
}

#[tokio::test]
async fn skl_2_additional_skills_drop_in_the_stated_order() {
    let mut directory = sample::directory();
    directory.skills.push(sample::skill("loans"));
    directory.agents[0] = sample::agent("ann", &[("french", 900)], &["help"]);
    directory.agents[1] = sample::agent("bob", &[("loans", 900)], &["help"]);
    let house = House::with(directory).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    // In either order, and not in that of the ids: who is left is asked.
    let steps = || vec![drops(1_000, 1), drops(2_000, 1)];
    let orders = [(["loans", "french"], "ann"), (["french", "loans"], "bob")];
    for (order, asked) in orders {
        let chat = chat(&house, needs(order.map(|it| additional(it, 0)).into(), steps())).await;
        house.advance(999).await;
        assert!(house.invited(chat).await.is_empty());
        house.advance(1).await;
        assert_eq!(house.invited(chat).await, [asked], "{order:?}");
        let desk = if asked == "ann" { &mut ann } else { &mut bob };
        desk.take_only(chat).await;
    }
    // In a queue too, and several at once.
    let target = QueueTarget {
        queue_id: "help".into(),
        skills: vec![additional("french", 1_000), additional("loans", 1_000), additional("billing", 1_000)],
    };
    let routing = Routing { steps: vec![drops(500, 2), drops(700, 1)], ..to(Target::Queue(target)) };
    let queued = chat(&house, routing).await;
    house.advance(500).await;
    assert_eq!(required_now(&house, queued).await, skills(&[("billing", 1_000)]));
    assert!(house.invited(queued).await.is_empty());
    house.advance(200).await;
    assert_eq!(house.invited(queued).await.len(), 1);
}

#[tokio::test]
async fn skl_2_levels_sink_with_time() {
    let house = House::with(sample::directory()).await;
    let _desks = (house.desk("bob").await, house.desk("dee").await);
    // Bob speaks French at 7: not at 9, not at 8, then he does. No level sinks below 0, and no skill goes with it.
    let steps = vec![lowers(1_000, 100), lowers(2_000, 100), lowers(3_000, 1_000)];
    let waits = chat(&house, needs(vec![required("french", 900)], steps.clone())).await;
    house.advance(1_000).await;
    assert_eq!(required_now(&house, waits).await, skills(&[("french", 800)]));
    assert!(house.invited(waits).await.is_empty());
    house.advance(1_000).await;
    assert_eq!(house.invited(waits).await, ["bob"]);
    let hopeless = chat(&house, needs(vec![required("french", 900), required("billing", 900)], steps)).await;
    house.advance(10_000).await;
    assert_eq!(required_now(&house, hopeless).await, skills(&[("billing", 0), ("french", 0)]));
    assert!(house.invited(hopeless).await.is_empty(), "nobody of them has both");
    let _cid = house.desk("cid").await;
    assert_eq!(house.invited(hopeless).await, ["cid"]);
}

#[tokio::test]
async fn skl_2_a_step_may_drop_and_lower_and_is_told() {
    let house = House::with(sample::directory()).await;
    let mut events = house.watch(0).await;
    let step = RelaxationStep { after_ms: 1_000, drop_additional: 1, lower_levels_by_hundredths: 300 };
    let skills_of = vec![required("french", 1_000), additional("billing", 1_000)];
    let waits = chat(&house, needs(skills_of, vec![step, lowers(5_000, 1)])).await;
    let before = request(&house, waits).await;
    let next = before.next_step.expect("a step is to come");
    assert_eq!((next.at_ms, next.lowers_levels_by_hundredths), (at(1_000), 300));
    assert_eq!(next.dropped, [additional("billing", 1_000)]);
    assert_eq!((before.steps_taken, next.ends_insistence), (0, false));
    house.advance(1_000).await;
    let told = events.until(|it| matches!(it, Event::RequestRelaxed(_))).await;
    assert_eq!(told.at_ms, at(1_000));
    let Some(Event::RequestRelaxed(told)) = told.event else { unreachable!("it is one") };
    assert_eq!((told.conversation_id, told.steps_taken, told.insists_on_preferred), (waits, 1, false));
    assert_eq!(required_now(&house, waits).await, skills(&[("french", 700)]));
    let after = request(&house, waits).await;
    assert_eq!((after.steps_taken, after.next_step.map(|it| it.at_ms)), (1, Some(at(5_000))));
    house.advance(4_000).await;
    assert_eq!(request(&house, waits).await.next_step, None);
}

#[tokio::test]
async fn skl_2_what_waits_says_what_the_next_step_would_unblock() {
    let house = House::with(sample::directory()).await;
    let _ann = house.desk("ann").await;
    let waits = chat(&house, billing_drops()).await;
    let explain = || async {
        let request = ExplainConversationRequest { org_id: ORG.into(), conversation_id: waits, page_size: 1 };
        let explained = house.supervisor().explain_conversation(request).await.expect("it can be explained");
        explained.into_inner().requests.remove(0)
    };
    let explained = explain().await;
    let verdict = explained.explanation.expect("an explanation").agents.remove(0);
    assert_eq!((verdict.standing(), &*verdict.skill_id), (Standing::SkillMissing, "billing"));
    let next = explained.request.and_then(|it| it.next_step).expect("a step is to come");
    assert_eq!((next.at_ms, next.dropped), (at(1_000), vec![additional("billing", 0)]));
    house.advance(1_000).await;
    let explained = explain().await;
    let verdict = explained.explanation.expect("an explanation").agents.remove(0);
    assert_eq!(verdict.standing(), Standing::Invited);
}

#[tokio::test]
async fn skl_2_the_best_match_is_by_what_is_required_now() {
    let house = House::with(sample::directory()).await;
    let target = || QueueTarget {
        queue_id: "help".into(),
        skills: vec![required("french", 0), additional("billing", 0)],
    };
    let routing = || Routing {
        steps: vec![drops(1_000, 1)],
        model: RoutingModel::BestMatch.into(),
        ..to(Target::Queue(target()))
    };
    let early = chat(&house, routing()).await;
    house.advance(1_000).await;
    let (mut ann, mut cid) = (house.desk("ann").await, house.desk("cid").await);
    ann.take_only(early).await;
    // Of a new one Cid alone has both; of one that has given way, Ann's French counts alone: 9 against 5.
    let second = chat(&house, routing()).await;
    cid.take_only(second).await;
    ann.presence("lunch").await.expect("she may");
    cid.presence("lunch").await.expect("he may");
    let third = chat(&house, routing()).await;
    house.advance(1_000).await;
    cid.presence("available").await.expect("he may");
    let invite = cid.invite_to(third).await.invite_id;
    ann.presence("available").await.expect("she may");
    cid.decline(invite).await.expect("it is pending");
    assert_eq!(house.invited(third).await, ["ann"]);
}

#[tokio::test]
async fn skl_2_the_steps_follow_the_requested_time() {
    let house = House::with(sample::with_chat(requeue())).await;
    let mut cid = house.desk("cid").await;
    let chat = chat(&house, billing_drops()).await;
    assert_eq!(cid.take().await, chat);
    house.advance(500).await;
    assert!(house.conversation(chat).await.requests.is_empty());
    house.break_off(cid).await;
    let _ann = house.desk("ann").await;
    house.advance(LEASE_MS).await;
    // Queued again half a minute later, it does not start over: she lacks billing, which has dropped.
    assert_eq!(house.invited(chat).await, ["ann"]);
    assert_eq!(request(&house, chat).await.steps_taken, 1);
}

#[tokio::test]
async fn skl_2_a_policy_starts_the_steps_over() {
    let house = House::with(sample::with_chat(requeue())).await;
    let mut cid = house.desk("cid").await;
    let chat = chat(&house, Routing { steps_start_over: true, ..billing_drops() }).await;
    assert_eq!(cid.take().await, chat);
    house.advance(5_000).await;
    house.break_off(cid).await;
    let _ann = house.desk("ann").await;
    house.advance(LEASE_MS).await;
    assert!(house.invited(chat).await.is_empty());
    let queued = request(&house, chat).await;
    assert_eq!(queued.next_step.map(|it| it.at_ms), Some(at(5_000 + LEASE_MS + 1_000)));
    assert_eq!(queued.requested_at_ms, at(0), "its place in line is what it was");
    assert_eq!(queued.routing.map(|it| it.steps_start_over), Some(true));
    house.advance(1_000).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn skl_2_the_steps_of_a_colleagues_request_begin_when_it_is_asked() {
    let house = House::with(sample::directory()).await;
    let (mut dee, _ann) = (house.desk("dee").await, house.desk("ann").await);
    let chat = house.chat_with(&mut dee).await;
    house.advance(5_000).await;
    // A transfer takes the conversation's age for its place, and the moment for its steps.
    for ask_for in ["conference", "transfer"] {
        let asked = if ask_for == "transfer" {
            dee.transfer(chat, billing_drops()).await
        } else {
            dee.conference(chat, billing_drops()).await
        };
        let asked = asked.expect("she may ask");
        assert!(house.invited(chat).await.is_empty(), "{ask_for}");
        house.advance(1_000).await;
        assert_eq!(house.invited(chat).await, ["ann"], "{ask_for}");
        dee.cancel(asked).await.expect("it is hers");
    }
}

#[tokio::test]
async fn skl_2_the_steps_of_later_work_begin_with_it() {
    let house = House::with(sample::directory()).await;
    let _ann = house.desk("ann").await;
    let later = chat(&house, Routing { not_before_ms: at(2_000), ..billing_drops() }).await;
    house.advance(2_999).await;
    assert!(house.invited(later).await.is_empty());
    house.advance(1).await;
    assert_eq!(house.invited(later).await, ["ann"]);
}

#[tokio::test]
async fn skl_2_pending_invites_stay_when_requirements_give_way() {
    let house = House::with(sample::directory()).await;
    let (mut cid, mut ann) = (house.desk("cid").await, house.desk("ann").await);
    let chat = chat(&house, billing_drops()).await;
    let invite = cid.invite().await.invite_id;
    house.advance(1_000).await;
    assert_eq!(house.invited(chat).await, ["cid"]);
    assert!(ann.told().await.is_empty());
    // The next decision is made by what is required then.
    cid.decline(invite).await.expect("it is pending still");
    assert_eq!(ann.take().await, chat);
}

#[tokio::test]
async fn skl_2_steps_go_on_after_a_restart() {
    let mut house = House::with(sample::directory()).await;
    let skills_of = vec![required("french", 0), additional("billing", 0), additional("loans", 0)];
    let mut directory = sample::directory();
    directory.skills.push(sample::skill("loans"));
    house.apply(directory).await.expect("it is right");
    let ann = house.desk("ann").await;
    let waits = chat(&house, needs(skills_of, vec![drops(1_000, 1), drops(2_000, 1)])).await;
    house.advance(1_000).await;
    house.restart().await;
    assert_eq!(required_now(&house, waits).await.len(), 2);
    assert_eq!(request(&house, waits).await.next_step.map(|it| it.at_ms), Some(at(2_000)));
    let back = house.open("ann", Console::Lightning, "available", ann.session.epoch).await;
    let mut ann = back.expect("she comes back");
    house.advance(1_000).await;
    assert_eq!(ann.take().await, waits);
}

#[tokio::test]
async fn skl_2_another_queue_gets_the_steps_by_an_overflow() {
    for (overflow, steps_left) in
        [(Of::QueueId("sales".into()), 1), (Of::SkillId("french".into()), 0), (Of::ButtonId("web".into()), 0)]
    {
        let overflow = Some(Overflow { target: Some(overflow) });
        let help = Queue { waiting_max: Some(0), overflow, ..sample::queue("") };
        let house = House::with(sample::with_queue(help)).await;
        let target = QueueTarget {
            queue_id: "help".into(),
            skills: vec![required("french", 0), additional("billing", 0)],
        };
        let routing = Routing { steps: vec![drops(1_000, 1)], ..to(Target::Queue(target)) };
        let chat = chat(&house, routing).await;
        let shown = request(&house, chat).await;
        let routing = shown.routing.expect("a routing");
        assert_eq!((routing.steps.len(), shown.required_now.len()), (steps_left, 2 * steps_left));
        let _bob = house.desk("bob").await;
        assert_eq!(house.invited(chat).await.is_empty(), steps_left == 1);
        house.advance(1_000).await;
        assert_eq!(house.invited(chat).await, ["bob"]);
    }
}

#[tokio::test]
async fn skl_2_steps_have_their_shapes() {
    let house = House::with(sample::directory()).await;
    let two = || vec![required("french", 0), additional("billing", 0)];
    let none = RelaxationStep { after_ms: 1, ..Default::default() };
    let on = |target, steps| Routing { steps, ..to(target) };
    let table: Vec<(Routing, &[&str])> = vec![
        (needs(two(), vec![drops(0, 1)]), &["routing.steps[0].after_ms"]),
        (needs(two(), vec![drops(86_400_001, 1)]), &["routing.steps[0].after_ms"]),
        (needs(two(), vec![lowers(5, 1), lowers(5, 1)]), &["routing.steps[1].after_ms"]),
        (needs(two(), vec![drops(1, 2)]), &["routing.steps[0].drop_additional"]),
        (needs(two(), vec![drops(1, 1), drops(2, 1)]), &["routing.steps[1].drop_additional"]),
        (needs(two(), vec![none]), &["routing.steps[0].drop_additional"]),
        (needs(two(), vec![lowers(1, 1_001)]), &["routing.steps[0].lower_levels_by_hundredths"]),
        (needs(two(), (1..=17).map(|it| lowers(it, 1)).collect()), &["routing.steps"]),
        (on(queue("help"), vec![lowers(1, 1)]), &["routing.steps[0].lower_levels_by_hundredths"]),
        (on(button("web"), vec![drops(1, 1)]), &["routing.steps[0].drop_additional"]),
        (
            needs(vec![required("french", 0), additional("french", 0)], Vec::new()),
            &["routing.target.requirements.skills[1].skill_id"],
        ),
    ];
    for (routing, paths) in table {
        invalid(house.create("chat", routing).await, paths);
    }
    let unknown = needs(vec![additional("x", 0)], Vec::new());
    refused(house.create("chat", unknown).await, Code::NotFound, "SKILL_NOT_FOUND");
    let sixteen = needs(two(), (1..=16).map(|it| lowers(it, 1)).collect());
    assert!(house.create("chat", sixteen).await.is_ok());
}
