//! Whether connections lead to the server itself.
//!
//! A pooler in transaction mode gives each transaction another connection to the server, where a prepared statement is unknown, or is
//! another client's of the same name. So connections are opened with a setting of our own, which a pooler refuses or ignores: only
//! where the server has it is anything prepared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::Client;

use crate::error::Error;

/// The setting that a connection is opened with.
pub(crate) const MARK: &str = "-c steadflow.direct=on";
/// What connections have besides that lead to the server: the same as [`crate::session::BEGIN`] says to each transaction.
pub(crate) const TIMEOUTS: &str = "-c idle_in_transaction_session_timeout=5s -c lock_timeout=5s";

/// Whether connections lead to the server itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Direct(Arc<AtomicBool>);

impl Direct {
    /// Looks whether the server has the setting of this connection.
    pub(crate) async fn look(db: &Client) -> Self {
        let sql = "SELECT current_setting('steadflow.direct', true) = 'on'";
        let has_setting =
            db.query_typed_one(sql, &[]).await.and_then(|row| row.try_get::<_, Option<bool>>(0));
        Self(Arc::new(AtomicBool::new(matches!(has_setting, Ok(Some(true))))))
    }

    pub(crate) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes an error of a statement that was prepared. Returns whether it says that there is a pooler after all, or that the
    /// schema has changed: sent without being prepared, the statement may succeed.
    pub(crate) fn is_refuted_by(&self, error: &Error) -> bool {
        let is_refuted = self.is_so() && error.is_of_preparing();
        if is_refuted {
            self.0.store(false, Ordering::Relaxed);
            tracing::warn!(error = ?error, "a prepared statement could not be used; statements are not prepared any more until the next start");
        }
        is_refuted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PostgresOptions;
    use crate::testing;

    #[tokio::test]
    async fn nothing_is_prepared_where_the_server_does_not_have_the_setting() {
        let store = testing::store().await;
        let (db, ..) = store.options.clone().reach().await.unwrap();
        assert!(Direct::look(&db).await.is_so());

        db.batch_execute("SET steadflow.direct = off").await.unwrap();
        assert!(!Direct::look(&db).await.is_so());
        let pooler = std::env::var("STEADFLOW_TEST_PGBOUNCER").expect("cargo-nextest starts a pooler");
        let pooler: PostgresOptions = pooler.parse().unwrap();
        let (.., direct) = pooler.reach().await.unwrap();
        assert!(!direct.is_so());
    }
}
