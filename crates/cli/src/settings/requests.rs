//! How often clients may ask.

use std::num::NonZeroU32;

use steadflow_access::Rate;

use super::SettingsFile;
use crate::args::Requests;

const PER_SECOND: u32 = 1_000;

/// How often clients may ask; `None` is as often as they like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestRates {
    pub(crate) per_key: Option<Rate>,
    pub(crate) per_address: Option<Rate>,
}

impl RequestRates {
    pub(crate) fn new(flags: &Requests, file: &SettingsFile) -> Self {
        let rate = |count: Option<u32>| NonZeroU32::new(count.unwrap_or(PER_SECOND)).map(Rate::per_second);
        Self {
            per_key: rate(flags.requests_per_key.or(file.requests_per_key)),
            per_address: rate(flags.requests_per_address.or(file.requests_per_address)),
        }
    }
}
