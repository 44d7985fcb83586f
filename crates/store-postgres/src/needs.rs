//! What the store asks of a database, tried at the start: one that only speaks PostgreSQL may lack some of it.

use tokio_postgres::Client;

use crate::columns::get;
use crate::error::{OpenError, message};

/// What is needed, and a query that needs it and changes nothing.
const NEEDS: &[(&str, &str)] = &[
    (
        "UNNEST of several arrays",
        "SELECT count(*) FROM UNNEST(ARRAY[1, 2], ARRAY['a', 'b']) AS pair (number, name)",
    ),
    (
        "FOR UPDATE SKIP LOCKED",
        "SELECT count(*) FROM (SELECT number FROM schema_migrations WHERE number = 0 FOR UPDATE SKIP LOCKED) AS row",
    ),
    (
        "FOR SHARE",
        "SELECT count(*) FROM (SELECT number FROM schema_migrations WHERE number = 0 FOR SHARE) AS row",
    ),
    (
        "FOR NO KEY UPDATE in WITH",
        "WITH held AS (SELECT epoch FROM workers WHERE epoch = 0 FOR NO KEY UPDATE) SELECT count(*) FROM held",
    ),
    (
        "WITH around INSERT … ON CONFLICT … RETURNING",
        "WITH noted AS (
            INSERT INTO counters (name, value) SELECT name, value FROM counters WHERE false
            ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE counters.value < excluded.value
            RETURNING value
        ) SELECT count(*) FROM noted",
    ),
    (
        "position of bytes in bytes",
        "SELECT position(uuid_send(execution) IN entry)::bigint FROM orphan_records LIMIT 0",
    ),
    (
        "DISTINCT ON",
        "SELECT DISTINCT ON (tenant, key) at FROM event_keys ORDER BY tenant, key, at DESC LIMIT 0",
    ),
    ("COLLATE \"C\"", "SELECT 1::bigint FROM schedules ORDER BY node COLLATE \"C\" LIMIT 0"),
    ("FILTER of aggregates", "SELECT count(*) FILTER (WHERE number > 0) FROM schema_migrations"),
];

/// The settings of a transaction, and what its statements see.
const SETTINGS: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL lock_timeout = '5s';
    SET LOCAL statement_timeout = '30s'; COMMIT";

/// Looks whether the database has all that the store needs.
///
/// # Errors
/// [`OpenError::Unsuitable`] names what it lacks.
pub(crate) async fn look(db: &Client, at: &str) -> Result<(), OpenError> {
    lacks(db, at, NEEDS).await?;
    let set = db.batch_execute(SETTINGS).await;
    set.map_err(|error| lacking(at, "`SET LOCAL` of timeouts in a transaction at REPEATABLE READ", &error))?;
    let isolation = "SELECT current_setting('default_transaction_isolation')";
    let isolation = db.query_typed_one(isolation, &[]).await;
    let isolation: String =
        isolation.map_err(crate::error::Error::from).and_then(|row| get(&row, 0)).map_err(|error| {
            OpenError::Unsuitable { at: at.to_owned(), reason: message(&error.of("settings")) }
        })?;
    if isolation == "read committed" {
        return Ok(());
    }
    let reason = format!(
        "`default_transaction_isolation` is {isolation}; set it to 'read committed', such as by ALTER DATABASE … SET"
    );
    Err(OpenError::Unsuitable { at: at.to_owned(), reason })
}

async fn lacks(db: &Client, at: &str, needs: &[(&str, &str)]) -> Result<(), OpenError> {
    for (need, sql) in needs {
        db.query_typed(sql, &[]).await.map_err(|error| lacking(at, need, &error))?;
    }
    Ok(())
}

fn lacking(at: &str, need: &str, error: &tokio_postgres::Error) -> OpenError {
    let reason = format!("it lacks {need} ({}); use PostgreSQL 15 or newer", message(error));
    OpenError::Unsuitable { at: at.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::session;
    use crate::testing;

    #[tokio::test]
    async fn what_a_database_lacks_is_named() {
        let store = testing::store().await;
        let db = session(&store.pool).await.unwrap();

        look(&db, "here").await.unwrap();
        let lacking = lacks(&db, "here", &[("a moon", "SELECT moon()")]).await.unwrap_err();
        db.batch_execute("SET default_transaction_isolation = 'serializable'").await.unwrap();
        let isolated = look(&db, "here").await.unwrap_err();

        let said = "the database here cannot be used: it lacks a moon (db error: ERROR: function moon() does not exist";
        assert!(lacking.to_string().starts_with(said), "{lacking}");
        assert!(isolated.to_string().contains("is serializable; set it to 'read committed'"), "{isolated}");
    }
}
