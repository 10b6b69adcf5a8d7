//! A run from its options to its report.

use std::time::Duration;

use super::{
    LoadArgs, LoadError,
    checks::Checks,
    counters, cpu,
    door::{Door, Pipeline, Unary},
    driver::{Driver, Parts, Work},
    floor::{Floor, Rng},
    heard::{Heard, Mouth, ear},
    messages::Messages,
    picture,
    plan::{DoorKind, Load, Plan, Workload},
    progress::{self, Progress},
    report::{Measured, Report},
    sessions,
    setup::Org,
};
use crate::cli::client::Line;

/// Conversations at once while what stays is created and ended.
const AT_ONCE: usize = 256;
/// How often an agent is looked at while the load is on.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Puts the load on, and prints what came of it. An error where something was not as the rules say: after the report.
pub(in crate::cli) async fn run(args: &LoadArgs) -> Result<(), LoadError> {
    let mut plan = args.plan()?;
    let floor = Floor::new(&plan);
    let transfers_max = handed_over_max(&mut plan, &floor)?;
    let mut progress = Progress::new(!args.json);
    let mut connections = Vec::new();
    for _ in 0..args.connections {
        connections.push(args.dial.connect().await?);
    }
    let org = Org::new(args, args.dial.connect().await?);
    let url = args.metrics_url();
    org.apply(&floor).await?;
    org.clear().await?;

    let mut driver =
        Box::pin(driver(args, &plan, (floor, transfers_max), &org, &connections, &mut progress)).await?;
    let staying = driver.floor.staying();
    progress.begin("work that stays", 0);
    driver.run(Load::Clients(AT_ONCE), Work::Fill(staying.clone()), &mut progress).await?;
    progress.begin("backlog", 0);
    driver.run(Load::Clients(AT_ONCE), Work::Backlog(plan.floor.backlog), &mut progress).await?;
    let before = counters::read(&url).await;
    let mut measured = Vec::new();
    for load in &plan.loads {
        measured.push(Box::pin(measure(&mut driver, *load, &plan, &mut progress)).await?);
    }
    let grown = match (before, counters::read(&url).await) {
        (Some(before), Some(after)) => Some(counters::growth(&before, &after)),
        _ => None,
    };
    progress.begin("end of all work", 0);
    driver.run(Load::Clients(AT_ONCE), Work::Empty, &mut progress).await?;
    progress.end();
    org.check_at_rest(&mut driver.checks).await?;
    let checks = std::mem::take(&mut driver.checks);
    let report = Report::new(plan, driver.floor.units(), staying.len(), measured, grown, checks);
    report.print(args.json)?;
    let drawn = args.svg.as_ref().map_or(Ok(()), |path| picture::draw(path, &report));
    verdict(&report.checks).and(drawn)
}

/// What becomes of the run by what was observed in it.
fn verdict(checks: &Checks) -> Result<(), LoadError> {
    match checks.violations.first() {
        None => Ok(()),
        Some(first) => Err(LoadError::Broken { count: checks.violation_count, first: first.clone() }),
    }
}

/// How many conversations may be handed over at once: each needs a second agent while the first still has it, so with too little room all
/// would wait for each other. A schedule is kept to that many; more clients than that make no sense.
fn handed_over_max(plan: &mut Plan, floor: &Floor) -> Result<usize, LoadError> {
    let most = (floor.units() - floor.staying().len()) / 2;
    let is_too_much = match plan.workload {
        Workload::Cycle | Workload::Race => false,
        Workload::Mix => most == 0,
        Workload::Transfer => {
            plan.loads.iter_mut().for_each(|it| {
                if let Load::Rate { in_flight_max, .. } = it {
                    *in_flight_max = most.min(*in_flight_max);
                }
            });
            most == 0 || plan.in_flight_max() > most
        }
    };
    if is_too_much {
        let why = format!(
            "there is room for {most} conversations that are handed over at once: more --agents, fewer --clients, or a lower \
             --busy-share"
        );
        return Err(LoadError::Options { why });
    }
    Ok(most)
}

async fn driver(
    args: &LoadArgs,
    plan: &Plan,
    (floor, transfers_max): (Floor, usize),
    org: &Org,
    connections: &[Line],
    progress: &mut Progress,
) -> Result<Driver, LoadError> {
    let (mouth, ear) = ear();
    let agent_ids = floor.agent_ids();
    progress.begin("sessions", agent_ids.len() as u64);
    let opened = |count| progress.at(count);
    let sessions = sessions::open(args, agent_ids.clone(), &mouth, opened).await?;
    let slots = plan.in_flight_max().max(AT_ONCE);
    let at_once = if plan.has_races() { plan.floor.acceptors } else { 1 };
    let door = match plan.door {
        // Beside what is in flight there is room for what was refused and is sent again.
        DoorKind::Pipeline => Door::Pipeline(Pipeline::open(connections, 2 * slots * at_once, &mouth).await?),
        DoorKind::Unary => Door::Unary(Unary::new(connections, mouth.clone())),
    };
    look(org.clone(), agent_ids, plan.floor.seed, mouth);
    Driver::new(Parts {
        messages: Messages::new(args.org.clone(), floor.skill_ids(), sessions),
        floor,
        door,
        ear,
        slots,
        acceptors: plan.floor.acceptors,
        transfers_max,
        seed: plan.floor.seed,
    })
}

/// Looks at one agent after the other, as long as anybody hears of it.
fn look(org: Org, agent_ids: Vec<String>, seed: u64, heard: Mouth) {
    tokio::spawn(async move {
        let mut rng = Rng::new(seed);
        let mut again = tokio::time::interval(LOOK_EVERY);
        loop {
            again.tick().await;
            // A look that is refused, when there is no room, is one look less.
            if let Ok(agent) = org.agent(agent_ids[rng.below(agent_ids.len())].clone()).await
                && heard.send(Heard::Seen(Box::new(agent))).await.is_err()
            {
                return;
            }
        }
    });
}

async fn measure(
    driver: &mut Driver,
    load: Load,
    plan: &Plan,
    progress: &mut Progress,
) -> Result<Measured, LoadError> {
    let Plan { workload, warm_up, duration, .. } = *plan;
    progress.begin(&load.to_string(), progress::length(warm_up + duration));
    let before = cpu::nanos();
    let tally = driver.run(load, Work::Timed { workload, warm_up, duration }, progress).await?;
    let cpu_nanos = before.zip(cpu::nanos()).map(|(before, after)| after.saturating_sub(before));
    Ok(Measured::new(load, duration, tally, cpu_nanos))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn room(line: &[&str]) -> (Plan, Result<usize, LoadError>) {
        let args = Line::try_parse_from([&["load"], line].concat()).unwrap().load;
        let mut plan = args.plan().unwrap();
        let room = handed_over_max(&mut plan, &Floor::new(&args.plan().unwrap()));
        (plan, room)
    }

    #[test]
    fn no_more_are_handed_over_at_once_than_there_is_room_for() {
        let small = ["--agents", "100", "--busy-share", "0", "--workload"];
        let (_, most) = room(&[&small[..], &["mix", "--clients", "4000"]].concat());
        let most = most.unwrap();
        assert!((50..=150).contains(&most), "half of 100 to 300 units, not {most}");
        let (plan, scheduled) = room(&[&small[..], &["transfer", "--rate", "9"]].concat());
        assert_eq!((plan.in_flight_max(), scheduled.unwrap()), (most, most));
        assert!(room(&[&small[..], &["transfer", "--clients", "151"]].concat()).1.is_err());
        assert!(room(&["--agents", "1", "--workload", "mix", "--busy-share", "0.9"]).1.is_err());
    }

    #[test]
    fn a_broken_invariant_fails_the_run() {
        let mut checks = Checks::default();
        checks.settled(1, 1, 3, 0);
        assert!(verdict(&checks).is_ok());
        checks.settled(2, 2, 2, 0);
        let Err(LoadError::Broken { count: 1, first }) = verdict(&checks) else { panic!("it is broken") };
        assert!(first.contains("conversation 2"));
    }
}
