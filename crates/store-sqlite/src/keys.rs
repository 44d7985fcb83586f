//! [`Keys`] for [`SqliteStore`].

use rusqlite::{Connection, OptionalExtension};
use steadflow_core::decision_link::SigningKey;
use steadflow_store::{Keys, StoreFuture};

use crate::SqliteStore;

const OF_PURPOSE: &str = "SELECT key FROM signing_keys WHERE purpose = ?1";

impl Keys for SqliteStore {
    fn signing_key(&self, purpose: &'static str) -> StoreFuture<'_, Option<SigningKey>> {
        Box::pin(self.read("signing_key", move |db| {
            let mut statement = db.prepare_cached(OF_PURPOSE)?;
            statement.query_row([purpose], |row| row.get(0).map(SigningKey::new)).optional()
        }))
    }

    fn signing_key_or(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, SigningKey> {
        Box::pin(self.change("signing_key_or", move |db| put_or_get(db, purpose, &fresh)))
    }

    fn replace_signing_key(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, ()> {
        let sql = "INSERT INTO signing_keys (purpose, key) VALUES (?1, ?2)
            ON CONFLICT (purpose) DO UPDATE SET key = excluded.key";
        Box::pin(self.change("replace_signing_key", move |db| {
            db.prepare_cached(sql)?.execute((purpose, fresh.bytes())).map(drop)
        }))
    }
}

fn put_or_get(db: &Connection, purpose: &str, fresh: &SigningKey) -> rusqlite::Result<SigningKey> {
    let sql = "INSERT INTO signing_keys (purpose, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    db.prepare_cached(sql)?.execute((purpose, fresh.bytes()))?;
    db.prepare_cached(OF_PURPOSE)?.query_row([purpose], |row| row.get(0).map(SigningKey::new))
}
