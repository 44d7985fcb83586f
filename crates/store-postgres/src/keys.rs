//! [`Keys`] for [`PostgresStore`].

use steadflow_core::decision_link::SigningKey;
use steadflow_store::{Keys, StoreFuture};
use tokio_postgres::Client;

use crate::columns::get;
use crate::error::{Error, Result};
use crate::session::session;
use crate::value::params;
use crate::{PostgresStore, call};

impl Keys for PostgresStore {
    fn signing_key(&self, purpose: &'static str) -> StoreFuture<'_, Option<SigningKey>> {
        call("signing_key", async move { find(&*session(&self.pool).await?, purpose).await })
    }

    fn signing_key_or(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, SigningKey> {
        call("signing_key_or", async move {
            let db = session(&self.pool).await?;
            let sql =
                "INSERT INTO signing_keys (purpose, key) VALUES ($1, $2) ON CONFLICT (purpose) DO NOTHING";
            db.execute_typed(sql, params![purpose, &fresh.bytes()[..]]).await?;
            Ok(find(&db, purpose).await?.unwrap_or(fresh))
        })
    }

    fn replace_signing_key(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, ()> {
        call("replace_signing_key", async move {
            let db = session(&self.pool).await?;
            let sql = "INSERT INTO signing_keys (purpose, key) VALUES ($1, $2)
                ON CONFLICT (purpose) DO UPDATE SET key = excluded.key";
            db.execute_typed(sql, params![purpose, &fresh.bytes()[..]]).await?;
            Ok(())
        })
    }
}

async fn find(db: &Client, purpose: &str) -> Result<Option<SigningKey>> {
    let sql = "SELECT key FROM signing_keys WHERE purpose = $1";
    let Some(row) = db.query_typed_opt(sql, params![purpose]).await? else { return Ok(None) };
    let key: &[u8] = get(&row, 0)?;
    let key = key.try_into().map_err(|_| Error::Unreadable("a key has 32 bytes".into()))?;
    Ok(Some(SigningKey::new(key)))
}
