//! What the generator itself takes of the machine. Where service and generator share one, both figures belong together.

use std::fs;

/// Processor time of this process so far, in nanoseconds; none where the system does not tell it (it is Linux that does).
pub(super) fn nanos() -> Option<u64> {
    let threads = fs::read_dir("/proc/self/task").ok()?;
    let of_thread = |path: std::path::PathBuf| {
        let told = fs::read_to_string(path.join("schedstat")).ok()?;
        told.split_whitespace().next()?.parse::<u64>().ok()
    };
    // A thread may end while it is looked at.
    Some(threads.filter_map(|it| of_thread(it.ok()?.path())).sum())
}
