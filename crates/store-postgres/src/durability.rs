//! What the database promises, and whether it has what the store needs.

use tokio_postgres::Client;

use crate::columns::get;
use crate::connect::PostgresOptions;
use crate::error::{Error, OpenError, Result};

/// The oldest version that is tested.
const VERSION_MIN: i64 = 15;

/// Returns in a few words what data survives, by the settings that are in force.
///
/// # Errors
/// [`OpenError::Unsuitable`] if the database lacks something.
pub(crate) async fn of(db: &Client, options: &PostgresOptions) -> std::result::Result<String, OpenError> {
    let at = options.to_string();
    let failed = |error: Error| OpenError::Database {
        at: at.clone(),
        reason: crate::error::message(&error.of("settings")),
    };
    let settings = Settings::read(db).await.map_err(failed)?;
    match settings.lack() {
        Some(reason) => Err(OpenError::Unsuitable { at: at.clone(), reason }),
        None => Ok(settings.durability()),
    }
}

/// What `SHOW` says.
struct Settings {
    version: i64,
    encoding: String,
    is_read_only: bool,
    fsync: bool,
    synchronous_commit: String,
    standbys: String,
}

impl Settings {
    async fn read(db: &Client) -> Result<Self> {
        let sql = "SELECT current_setting('server_version_num')::bigint / 10000, current_setting('server_encoding'),
            current_setting('transaction_read_only') = 'on', current_setting('fsync') = 'on',
            current_setting('synchronous_commit'), current_setting('synchronous_standby_names')";
        let row = db.query_typed_one(sql, &[]).await?;
        Ok(Self {
            version: get(&row, 0)?,
            encoding: get(&row, 1)?,
            is_read_only: get(&row, 2)?,
            fsync: get(&row, 3)?,
            synchronous_commit: get(&row, 4)?,
            standbys: get(&row, 5)?,
        })
    }

    fn lack(&self) -> Option<String> {
        if self.version < VERSION_MIN {
            Some(format!("it is PostgreSQL {}; use {VERSION_MIN} or newer", self.version))
        } else if self.encoding != "UTF8" {
            Some(format!("its encoding is {}; make it with ENCODING 'UTF8'", self.encoding))
        } else if self.is_read_only {
            Some("it is read-only; name the primary, not a standby".to_owned())
        } else {
            None
        }
    }

    fn durability(&self) -> String {
        let survives = match (self.fsync, &*self.synchronous_commit) {
            (false, _) => "process crash only",
            (true, "off") => "process crash; the last moments are lost with the machine",
            (true, "local") => "power loss",
            (true, _) if self.standbys.is_empty() => "power loss",
            (true, _) => "loss of the machine",
        };
        let fsync = if self.fsync { "on" } else { "off" };
        let standbys = if self.standbys.is_empty() { "none" } else { &self.standbys };
        format!(
            "postgresql, fsync={fsync}, synchronous_commit={}, synchronous standbys={standbys}: {survives}",
            self.synchronous_commit
        )
    }
}
