//! Threads whose work nobody waits for. Whoever is woken for a caller goes before them at once; in the long run they have their share of the
//! processor like all others, so that they never fall behind for ever.

use std::{
    io,
    thread::{Builder, JoinHandle},
};

/// Starts a thread for such work. An error is the system's: there is no room for a thread.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(move || {
        step_back();
        work();
    })
}

/// `SCHED_BATCH` (sched(7)): when it is woken, it does not take the processor from who is at work. Where the system does not let it, it
/// works as any other thread.
#[cfg(target_os = "linux")]
fn step_back() {
    use thread_priority::{
        NormalThreadSchedulePolicy::Batch, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    // Of the priorities that go with it the one that threads have that say nothing: 0 of nice(2).
    let usual = ThreadPriorityValue::try_from(47).map(ThreadPriority::Crossplatform);
    let batch = ThreadSchedulePolicy::Normal(Batch);
    let stepped_back = usual.map(|it| set_thread_priority_and_policy(thread_native_id(), it, batch));
    tracing::debug!(?stepped_back, "a thread in the background");
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}
