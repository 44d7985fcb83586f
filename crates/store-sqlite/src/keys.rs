//! [`Keys`] for [`SqliteStore`].

use rusqlite::Connection;
use steadflow_core::decision_link::SigningKey;
use steadflow_store::{Keys, StoreFuture};

use crate::SqliteStore;

impl Keys for SqliteStore {
    fn signing_key(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, SigningKey> {
        Box::pin(self.change("signing_key", move |db| put_or_get(db, purpose, &fresh)))
    }
}

fn put_or_get(db: &Connection, purpose: &str, fresh: &SigningKey) -> rusqlite::Result<SigningKey> {
    let sql = "INSERT INTO signing_keys (purpose, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    db.prepare_cached(sql)?.execute((purpose, fresh.bytes()))?;
    let sql = "SELECT key FROM signing_keys WHERE purpose = ?1";
    db.prepare_cached(sql)?.query_row([purpose], |row| row.get(0).map(SigningKey::new))
}
