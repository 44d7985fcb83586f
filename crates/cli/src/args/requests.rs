//! The arguments of how often clients may ask.

/// How often clients may ask.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Requests {
    /// Requests a second that one API key or sign-in may make, and ten times as many at once; 0 for no limit [default: 1000]
    #[arg(long, value_name = "COUNT", env = "STEADFLOW_REQUESTS_PER_KEY")]
    pub(crate) requests_per_key: Option<u32>,
    /// Requests a second that clients of one address may make, other than those of this machine; 0 for no limit [default: 1000]
    #[arg(long, value_name = "COUNT", env = "STEADFLOW_REQUESTS_PER_ADDRESS")]
    pub(crate) requests_per_address: Option<u32>,
}
