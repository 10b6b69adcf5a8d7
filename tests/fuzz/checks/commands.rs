//! Any bytes as a program of commands: every four are a step. The engine beside the naive model of the rules, compared after each.

#[allow(dead_code, reason = "the tests of the model use all of it")]
#[path = "../../model/mod.rs"]
mod model;

use omniroute::engine::dispatch::Layout;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// Steps of a program, at most.
const STEPS: usize = 200;

/// What lots drawn from this seed make.
fn drawn<S: Strategy>(strategy: &S, seed: [u8; 4]) -> S::Value {
    let mut whole = [0; 32];
    whole[..4].copy_from_slice(&seed);
    let lots = TestRng::from_seed(RngAlgorithm::ChaCha, &whole);
    let mut runner = TestRunner::new_with_rng(Config::default(), lots);
    strategy.new_tree(&mut runner).expect("nothing is filtered").current()
}

/// The check.
pub fn check(bytes: &[u8]) {
    let (seeds, _) = bytes.as_chunks::<4>();
    let Some((first, rest)) = seeds.split_first() else { return };
    let directory = drawn(&model::strategy::directory(true), *first);
    let step = model::strategy::step();
    let steps = rest.iter().take(STEPS).map(|seed| drawn(&step, *seed)).collect();
    let [a, b, _, d] = first.map(usize::from);
    // As in use, and so small that a few agents and classes are many.
    let layout = match d % 4 {
        0 => Layout::default(),
        _ => Layout { crowd_from: 1 + a % 4, step: 1 + b % 4 },
    };
    let program = model::program::Program { directory, steps, layout };
    if let Err(why) = model::driver::run(&program) {
        panic!("{why}\n{}", model::driver::trace(&program));
    }
}
