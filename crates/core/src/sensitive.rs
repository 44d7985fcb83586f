//! Sensitive data of executions: it is not shown to everybody, and is encrypted where it is stored.
//!
//! A flow names it ([`Sensitive`]): places in its trigger data and in the outputs of its nodes, and patterns of texts. What of its
//! graph has these values follows from that ([`Rules`](crate::flow::Rules)). A view of an execution is made of masked records
//! ([`mask`](crate::execution::mask)), in which [`MASK`] stands for them, so no view has to know of it.

mod cipher;
mod restored;

use serde::{Deserialize, Serialize};

pub use cipher::{Cipher, Undecipherable};
pub use restored::restored;

/// What stands for a value that is not shown.
pub const MASK: &str = "[sensitive]";

/// What a flow says about its sensitive data, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sensitive {
    /// Paths such as `trigger_data.customer.iban` and `fetch.body.patient`.
    pub fields: Vec<String>,
    /// Names of patterns, and regular expressions behind `regex:`.
    pub patterns: Vec<String>,
}
