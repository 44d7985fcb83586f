//! Times in whole seconds, as headers have them.

use std::num::NonZeroU32;
use std::time::Duration;

/// Returns the whole seconds after which a time is over.
pub(crate) fn whole_seconds(time: Duration) -> NonZeroU32 {
    let more = u64::from(time.subsec_nanos() > 0);
    let seconds = u32::try_from(time.as_secs().saturating_add(more)).unwrap_or(u32::MAX);
    NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN)
}
