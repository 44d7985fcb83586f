//! Statements that are sent often are parsed and planned once for each connection, where it leads to the server itself.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::try_join_all;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, Statement};

use crate::connect::Connection;
use crate::direct::Direct;
use crate::error::{Error, Result};
use crate::session::begin;
use crate::value::{Typed, untyped};

/// A connection that prepares what is sent on it often.
#[derive(Debug)]
pub(crate) struct CachingConnection {
    connection: Connection,
    direct: Direct,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    statements: HashMap<&'static str, Statement>,
    /// Those that were sent, and are not prepared yet.
    wanted: HashMap<&'static str, Vec<Type>>,
}

impl Deref for CachingConnection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.connection
    }
}

/// What statements are sent to, of which those of commits are cached.
pub(crate) trait QueryCached {
    /// Sends a statement that is sent often, at once: what is sent later comes later, prepared or not.
    fn query_cached(
        &self,
        sql: &'static str,
        parameters: &[Typed<'_>],
    ) -> impl Future<Output = Result<Vec<Row>>> + Send;
}

/// One that is not prepared for it.
impl QueryCached for Client {
    async fn query_cached(&self, sql: &'static str, parameters: &[Typed<'_>]) -> Result<Vec<Row>> {
        Ok(self.query_typed(sql, parameters).await?)
    }
}

impl QueryCached for CachingConnection {
    async fn query_cached(&self, sql: &'static str, parameters: &[Typed<'_>]) -> Result<Vec<Row>> {
        if !self.direct.is_so() {
            return self.connection.query_cached(sql, parameters).await;
        }
        let statement = self.known().statements.get(sql).cloned();
        match statement {
            Some(statement) => Ok(self.connection.query(&statement, &untyped(parameters)).await?),
            None => {
                let types = parameters.iter().map(|(_, kind)| kind.clone()).collect();
                self.known().wanted.insert(sql, types);
                self.connection.query_cached(sql, parameters).await
            }
        }
    }
}

impl CachingConnection {
    pub(crate) fn new(connection: Connection, direct: Direct) -> Self {
        Self { connection, direct, known: Mutex::default() }
    }

    /// Returns whether it is not certain that it leads to the server itself.
    pub(crate) fn may_be_pooled(&self) -> bool {
        !self.direct.is_so()
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> Result<()> {
        Ok(self.connection.batch_execute(begin(&self.direct)).await?)
    }

    /// Prepares what was sent for the first time. Called between two transactions.
    pub(crate) async fn prepare(&self) -> Result<()> {
        let wanted = std::mem::take(&mut self.known().wanted);
        if wanted.is_empty() || !self.direct.is_so() {
            return Ok(());
        }
        let prepared = wanted.into_iter().map(async |(sql, types)| {
            Ok::<_, Error>((sql, self.connection.prepare_typed(sql, &types).await?))
        });
        let prepared = try_join_all(prepared).await?;
        self.known().statements.extend(prepared);
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use steadflow_core::timestamp::Timestamp;
    use steadflow_store::Log;

    use super::*;
    use crate::columns::get;
    use crate::session::session;
    use crate::testing;
    use crate::value::params;

    async fn prepared(db: &Client) -> i64 {
        let counted = db.query_typed_one("SELECT count(*) FROM pg_prepared_statements", &[]).await.unwrap();
        get(&counted, 0).unwrap()
    }

    #[tokio::test]
    async fn statements_of_commits_are_prepared_once_and_can_be_lost() {
        let store = testing::store().await;
        let worker = store
            .register("worker".into(), Timestamp::from_micros(0), Duration::from_secs(60))
            .await
            .unwrap();
        let own = store.own(worker).unwrap();
        let mut counts = Vec::new();
        for _ in 0..3 {
            store.commit(worker, Vec::new()).await.unwrap();
            counts.push(prepared(own.driven.lock().await.connection.as_ref().unwrap()).await);
        }
        assert_eq!(counts, [0, 1, 1]);

        let lose = "DEALLOCATE ALL";
        own.driven.lock().await.connection.as_ref().unwrap().batch_execute(lose).await.unwrap();
        store.commit(worker, Vec::new()).await.unwrap();

        let driven = own.driven.lock().await;
        assert_eq!(prepared(driven.connection.as_ref().unwrap()).await, 0);
        assert_eq!(driven.next().sequence, 5, "each was written once");
        assert!(!store.pool.direct.is_so());
    }

    #[tokio::test]
    async fn questions_are_prepared_once_and_can_be_lost() {
        let store = testing::store().await;
        let db = session(&store.pool).await.unwrap();
        let ask = async || {
            let rows = db.query_cached("SELECT $1 + 1", params![1_i64]).await.unwrap();
            get::<i64>(&rows[0], 0).unwrap()
        };

        assert_eq!((ask().await, ask().await, prepared(&db).await), (2, 2, 1));
        db.batch_execute("DEALLOCATE ALL").await.unwrap();
        assert_eq!((ask().await, prepared(&db).await), (2, 0));
    }
}
