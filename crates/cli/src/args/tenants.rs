//! The arguments of `steadflow tenants`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Subcommand;
use steadflow_core::usage::Currency;

use super::Blobs;

/// Make, limit, disable, export and delete tenants
///
/// With SQLite, stop the server first; `export` also works while it runs. While servers run, tenants can be managed in the studio and by
/// the API as well.
#[derive(Debug, clap::Args)]
#[command(after_help = TENANTS_EXAMPLES)]
pub(crate) struct Tenants {
    #[command(subcommand)]
    pub(crate) command: TenantsCommand,
    /// Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: sqlite:steadflow.db]
    #[arg(long, global = true, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantsCommand {
    /// Make a tenant, and print the link with which its first admin joins
    Create(CreateTenant),
    /// List the tenants
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a tenant with what it may use
    Show {
        /// Name of the tenant
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a tenant another name
    Rename {
        /// Name of the tenant
        name: String,
        /// Its new name
        new_name: String,
    },
    /// Let nobody of a tenant do anything, and nothing of it start; what runs goes on
    Disable {
        /// Name of the tenant
        name: String,
        /// Cancel its executions, too: servers do so while they run
        #[arg(long)]
        cancel: bool,
    },
    /// Let a disabled tenant go on
    Enable {
        /// Name of the tenant
        name: String,
    },
    /// Set what a tenant may use; what is not given stays
    SetQuota(SetQuota),
    /// Write all that a tenant has into a directory, as JSON Lines
    Export {
        /// Name of the tenant
        name: String,
        /// Directory, which must not exist yet
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        #[command(flatten)]
        blobs: Blobs,
    },
    /// Delete a disabled tenant with all that it has
    Delete {
        /// Name of the tenant
        name: String,
        /// Its name, again: what is deleted is gone
        #[arg(long, value_name = "NAME")]
        confirm: String,
        /// Cancel its executions first: servers do so while they run, and go on with the deletion
        #[arg(long)]
        cancel: bool,
    },
}

/// A tenant to be made.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateTenant {
    /// Name: lower-case letters, digits, and hyphens inside
    pub(crate) name: String,
    /// E-mail address of its first admin [default: that which is entered]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// URL under which people find the server, without a path [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "STEADFLOW_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a tenant may use.
#[derive(Debug, clap::Args)]
pub(crate) struct SetQuota {
    /// Name of the tenant; `default` is the one that is always there
    pub(crate) name: String,
    /// Executions that have not ended, without those that others have started, or `none`
    #[arg(long, value_name = "NUMBER")]
    pub(crate) executions: Option<Limit<u32>>,
    /// Starts in any minute, or `none`
    #[arg(long, value_name = "NUMBER")]
    pub(crate) starts_per_minute: Option<Limit<u32>>,
    /// MiB of stored executions and conversations, or `none`
    #[arg(long, value_name = "MIB")]
    pub(crate) stored_mib: Option<Limit<u32>>,
    /// Tokens that models may use in a day of UTC, or `none`
    #[arg(long, value_name = "NUMBER")]
    pub(crate) tokens_per_day: Option<Limit<u64>>,
    /// What models may cost in a day of UTC, such as `50` or `50-EUR`, or `none`
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) cost_per_day: Option<Limit<Cost>>,
}

/// A limit, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limit<T>(pub(crate) Option<T>);

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) amount: f64,
    pub(crate) currency: Option<Currency>,
}

/// What a limit can be.
pub(crate) trait Limited: Sized {
    /// Reads one that is more than nothing.
    fn read(text: &str) -> Option<Self>;
}

impl Limited for u32 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number > 0)
    }
}

impl Limited for u64 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number > 0)
    }
}

impl Limited for Cost {
    fn read(text: &str) -> Option<Self> {
        let (amount, currency) = match text.split_once('-') {
            Some((amount, currency)) => (amount, Some(currency.parse().ok()?)),
            None => (text, None),
        };
        let amount: f64 = amount.parse().ok()?;
        (amount.is_finite() && amount > 0.0).then_some(Self { amount, currency })
    }
}

impl<T: Limited> FromStr for Limit<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        T::read(text).map(|limit| Self(Some(limit))).ok_or_else(|| "it is `none`, or more than 0".to_owned())
    }
}

const TENANTS_EXAMPLES: &str = "\
Examples:
  steadflow tenants create acme --public-url https://flows.example.org
  steadflow tenants set-quota acme --executions 500 --starts-per-minute 600 --cost-per-day 50-EUR
  steadflow tenants disable acme --cancel
  steadflow tenants export acme --to acme-2027-01-15
  steadflow tenants delete acme --confirm acme";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_more_than_nothing_or_none() {
        assert_eq!("none".parse(), Ok(Limit::<u32>(None)));
        assert_eq!("7".parse(), Ok(Limit(Some(7_u32))));
        let euros = Cost { amount: 2.5, currency: Some("EUR".parse().unwrap()) };
        assert_eq!("2.5-EUR".parse(), Ok(Limit(Some(euros))));
        assert_eq!("2".parse(), Ok(Limit(Some(Cost { amount: 2.0, currency: None }))));
        for text in ["0", "-1", "x", "", "1.5"] {
            assert!(text.parse::<Limit<u32>>().is_err(), "{text}");
        }
        for text in ["0", "-1", "inf", "NaN", "1-eur", "1-", "EUR"] {
            assert!(text.parse::<Limit<Cost>>().is_err(), "{text}");
        }
    }
}
