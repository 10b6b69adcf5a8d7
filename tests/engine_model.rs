//! The engine beside a naive model of the rules, under random programs. `PROPTEST_CASES` asks for more of them.

mod model;

use proptest::{prelude::*, test_runner::TestCaseError};

/// Steps of a program: enough for several conversations to begin, meet and end.
const STEPS: usize = 80;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_the_rules_say(program in model::strategy::program(STEPS)) {
        model::driver::run(&program).map_err(TestCaseError::fail)?;
    }
}
