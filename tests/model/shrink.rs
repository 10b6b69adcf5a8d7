//! Makes a failing program small: whatever can go, goes. By leaving steps out in ever smaller runs it is through in hundreds of
//! tries where proptest, which knows nothing of steps, is not in ten thousands.

use omniroute::engine::directory::spec::Resource;

use super::{
    driver::{run, trace},
    program::{Program, Step, Stray},
};

/// The smallest program found that fails too, with its trace.
pub(crate) fn smallest(program: &Program) -> String {
    let mut best = program.clone();
    loop {
        let before = format!("{best:?}").len();
        leave_out(&mut best, |it| &mut it.steps);
        leave_out(&mut best, |it| &mut it.directory);
        plain(&mut best);
        if format!("{best:?}").len() == before {
            return format!("{best:?}\n{}", trace(&best));
        }
    }
}

fn fails(program: &Program) -> bool {
    run(program).is_err()
}

/// Tries to do without runs of a list, the longest first.
fn leave_out<T: Clone>(best: &mut Program, list: impl Fn(&mut Program) -> &mut Vec<T>) {
    let mut length = list(best).len().div_ceil(2);
    while length > 0 {
        let mut from = 0;
        while from < list(best).len() {
            let mut less = best.clone();
            let to = (from + length).min(list(&mut less).len());
            list(&mut less).drain(from..to);
            if fails(&less) {
                *best = less;
            } else {
                from += length;
            }
        }
        length /= 2;
    }
}

/// Tries to do without what is special about a step or an agent.
fn plain(best: &mut Program) {
    let simpler: [fn(&mut Step); 4] =
        [|it| it.snapshot = false, |it| it.key = None, |it| it.stray = Stray::No, |it| it.after = 0];
    for place in 0..best.steps.len() {
        for simplify in simpler {
            let mut less = best.clone();
            simplify(&mut less.steps[place]);
            if fails(&less) {
                *best = less;
            }
        }
    }
    for place in 0..best.directory.len() {
        let mut less = best.clone();
        if let Resource::Agent(it) = &mut less.directory[place] {
            it.skills.clear();
            it.queues.clear();
        }
        if fails(&less) {
            *best = less;
        }
    }
}
