//! A connection for some statements, and transactions on it.

use std::ops::Deref;
use std::pin::Pin;

use deadpool_postgres::Object;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, RowStream};

use crate::connect::Pool;
use crate::direct::Direct;
use crate::error::{Error, Result};
use crate::value::{Typed, untyped};

/// Begins a transaction. A process that stands still in the middle of one keeps others waiting for its locks no longer than that, and one
/// that waits for a lock gives up in time to try again. Behind a pooler, settings of the connection would be lost.
pub(crate) const BEGIN: &str =
    "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL lock_timeout = '5s'";
/// Begins one whose statements all read the same state, and which changes nothing.
///
/// The database stops a statement when the call has been given up.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL statement_timeout = '30s'";

/// Returns how a transaction begins: the connections have those timeouts where they lead to the server itself.
pub(crate) fn begin(direct: &Direct) -> &'static str {
    if direct.is_so() { "BEGIN" } else { BEGIN }
}

/// How often a transaction is tried that meets others.
pub(crate) const TRIES: u32 = 5;

/// A connection from the pool.
pub(crate) struct Session {
    object: Object,
    direct: Direct,
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.object
    }
}

impl Session {
    /// Asks what is asked often, and changes nothing.
    pub(crate) async fn query_cached(&self, sql: &str, parameters: &[Typed<'_>]) -> Result<Vec<Row>> {
        if self.direct.is_so() {
            match self.prepared(sql, parameters).await {
                Err(error) if self.direct.is_refuted_by(&error) => {}
                done => return done,
            }
        }
        Ok(self.query_typed(sql, parameters).await?)
    }

    async fn prepared(&self, sql: &str, parameters: &[Typed<'_>]) -> Result<Vec<Row>> {
        let types: Vec<Type> = parameters.iter().map(|(_, kind)| kind.clone()).collect();
        let statement = self.object.prepare_typed_cached(sql, &types).await?;
        Ok(self.query(&statement, &untyped(parameters)).await?)
    }
}

/// Takes a connection from the pool: for one statement, which is a transaction of its own.
pub(crate) async fn session(pool: &Pool) -> Result<Session> {
    let object = pool.connections.get().await.map_err(|error| Error::Pool(error.into()))?;
    Ok(Session { object, direct: pool.direct.clone() })
}

/// Sends a query whose rows are read one by one: how many there are costs no memory.
pub(crate) async fn rows(db: &Client, sql: &str, parameters: &[Typed<'_>]) -> Result<Pin<Box<RowStream>>> {
    let parameters = parameters.iter().map(|(value, kind)| (*value, kind.clone()));
    Ok(Box::pin(db.query_typed_raw(sql, parameters).await?))
}

/// A transaction. One that is dropped before it has ended takes its connection with it.
pub(crate) struct Transaction {
    session: Option<Object>,
}

impl Deref for Transaction {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.session.as_ref().expect("it has not ended")
    }
}

impl Transaction {
    /// Begins one that reads what is committed, statement by statement.
    pub(crate) async fn begin(pool: &Pool) -> Result<Self> {
        Self::begin_as(pool, begin(&pool.direct)).await
    }

    /// Begins one whose statements all read the same state, and which changes nothing.
    pub(crate) async fn snapshot(pool: &Pool) -> Result<Self> {
        Self::begin_as(pool, SNAPSHOT).await
    }

    async fn begin_as(pool: &Pool, sql: &str) -> Result<Self> {
        let Session { object, .. } = session(pool).await?;
        let begun = Self { session: Some(object) };
        begun.batch_execute(sql).await?;
        Ok(begun)
    }

    /// Commits, or takes back what was done where `done` is an error.
    pub(crate) async fn end<T>(mut self, done: Result<T>) -> Result<T> {
        let ended = match &done {
            Ok(_) => self.batch_execute("COMMIT").await,
            Err(_) => self.batch_execute("ROLLBACK").await,
        };
        if ended.is_ok() {
            drop(self.session.take());
        }
        let done = done?;
        ended?;
        Ok(done)
    }

    /// Takes back what was done.
    pub(crate) async fn undo(mut self) -> Result<()> {
        self.batch_execute("ROLLBACK").await?;
        drop(self.session.take());
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            drop(Object::take(session));
        }
    }
}

/// Runs a transaction: the block has it as `$db`, and is run again where the transaction has met another one.
macro_rules! transaction {
    ($pool:expr, |$db:ident| $block:expr) => {
        $crate::session::transaction!($pool, begin, |$db| $block)
    };
    ($pool:expr, $begin:ident, |$db:ident| $block:expr) => {{
        let mut tries = 0;
        loop {
            tries += 1;
            let tx = $crate::session::Transaction::$begin($pool).await?;
            let done = {
                let $db: &tokio_postgres::Client = &tx;
                async { $block }.await
            };
            match tx.end(done).await {
                Err(error) if error.is_conflict() && tries < $crate::session::TRIES => {}
                done => break done,
            }
        }
    }};
}

pub(crate) use transaction;
