//! What one case may take.

use std::time::Duration;

use proptest::test_runner::TestCaseError;

const CPU_MAX: Duration = Duration::from_secs(1);

/// Runs `case`, which must not take a second of this thread's processor time. Waiting does not count, since other tests run
/// beside this one. Where the system does not say, only the case itself is tested.
pub(crate) fn within_a_second<T>(case: impl FnOnce() -> T) -> Result<T, TestCaseError> {
    let before = cpu_time();
    let outcome = case();
    let took = cpu_time().saturating_sub(before);
    if took > CPU_MAX { Err(TestCaseError::fail(format!("it took {took:?}"))) } else { Ok(outcome) }
}

/// Returns what this thread has used.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}
