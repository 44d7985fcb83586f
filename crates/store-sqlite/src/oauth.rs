//! [`OauthTokens`] for [`SqliteStore`].

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    OauthAuthorizationRecord, OauthClaim, OauthTokenRecord, OauthTokenState, OauthTokens, StoreFuture,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::columns::{blob, rows_max, tenant_id, text, text_or_none, timestamp, timestamp_or_none, uuid};

const TOKENS: &str =
    "SELECT tenant, name, generation, data_key, sealed, obtained_at, expires_at, needs_connection, error,
    claim, claimed_until FROM oauth_tokens WHERE tenant = ?1";

impl OauthTokens for SqliteStore {
    fn oauth_tokens(&self, tenant: TenantId) -> StoreFuture<'_, Vec<OauthTokenRecord>> {
        let sql = format!("{TOKENS} ORDER BY name");
        Box::pin(self.read("oauth_tokens", move |db| {
            db.prepare_cached(&sql)?.query_map([blob(tenant.uuid())], token)?.collect()
        }))
    }

    fn oauth_token(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, Option<OauthTokenRecord>> {
        let sql = format!("{TOKENS} AND name = ?2");
        Box::pin(self.read("oauth_token", move |db| {
            db.prepare_cached(&sql)?.query_row(params![blob(tenant.uuid()), name], token).optional()
        }))
    }

    fn claim_token(
        &self,
        secret: (TenantId, Arc<str>),
        generation: Option<u64>,
        claim: OauthClaim,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        Box::pin(self.change("claim_token", move |db| {
            let ((tenant, name), OauthClaim { id, until }) = (secret, claim);
            let sql = "INSERT INTO oauth_tokens (tenant, name, generation, needs_connection, claim, claimed_until)
                SELECT ?1, ?2, 0, 0, ?4, ?5 FROM secrets
                    WHERE tenant = ?1 AND name = ?2 AND (coalesce(?3, 0) = 0 OR EXISTS
                        (SELECT 1 FROM oauth_tokens WHERE tenant = ?1 AND name = ?2))
                ON CONFLICT (tenant, name) DO UPDATE SET claim = excluded.claim, claimed_until = excluded.claimed_until
                    WHERE ?3 IS NULL OR (generation = ?3 AND (claimed_until IS NULL OR claimed_until <= ?6))";
            let generation = generation.map(u64::cast_signed);
            let row = params![
                blob(tenant.uuid()),
                name,
                generation,
                blob(id),
                until.as_micros(),
                now.as_micros()
            ];
            Ok(db.prepare_cached(sql)?.execute(row)? > 0)
        }))
    }

    fn settle_token(
        &self,
        secret: (TenantId, Arc<str>),
        claim: Uuid,
        state: OauthTokenState,
    ) -> StoreFuture<'_, bool> {
        Box::pin(self.change("settle_token", move |db| {
            let sql = "UPDATE oauth_tokens SET generation = generation + 1, data_key = ?4, sealed = ?5, obtained_at = ?6,
                    expires_at = ?7, needs_connection = ?8, error = ?9, claim = NULL, claimed_until = NULL
                WHERE tenant = ?1 AND name = ?2 AND claim = ?3";
            let (tenant, name) = &secret;
            let OauthTokenState { sealed, obtained_at, expires_at, needs_connection, error } = &state;
            let row = params![
                blob(tenant.uuid()),
                name,
                blob(claim),
                sealed.as_ref().map(|(key, _)| blob(*key)),
                sealed.as_ref().map(|(_, sealed)| sealed),
                obtained_at.map(Timestamp::as_micros),
                expires_at.map(Timestamp::as_micros),
                needs_connection,
                error,
            ];
            Ok(db.prepare_cached(sql)?.execute(row)? > 0)
        }))
    }

    fn begin_authorization(
        &self,
        authorization: OauthAuthorizationRecord,
        max: usize,
    ) -> StoreFuture<'_, bool> {
        Box::pin(self.change("begin_authorization", move |db| begin(db, &authorization, max)))
    }

    fn take_authorization(
        &self,
        hash: [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'_, Option<OauthAuthorizationRecord>> {
        let sql = "DELETE FROM oauth_authorizations WHERE hash = ?1
            RETURNING hash, tenant, name, data_key, sealed, created_by, created_at, expires_at";
        Box::pin(self.change("take_authorization", move |db| {
            let taken = db.prepare_cached(sql)?.query_row([hash], authorization).optional()?;
            Ok(taken.filter(|taken| taken.expires_at > now))
        }))
    }
}

/// Deletes what a secret has that is stored again or deleted.
pub(crate) fn forget(db: &Connection, tenant: TenantId, name: &str) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM oauth_tokens WHERE tenant = ?1 AND name = ?2",
        "DELETE FROM oauth_authorizations WHERE tenant = ?1 AND name = ?2",
    ] {
        db.prepare_cached(sql)?.execute(params![blob(tenant.uuid()), name])?;
    }
    Ok(())
}

fn begin(db: &Connection, begun: &OauthAuthorizationRecord, max: usize) -> rusqlite::Result<bool> {
    let OauthAuthorizationRecord { hash, tenant, name, data_key, sealed, created_by, created_at, expires_at } =
        begun;
    let (tenant, created_at) = (blob(tenant.uuid()), created_at.as_micros());
    db.prepare_cached("DELETE FROM oauth_authorizations WHERE tenant = ?1 AND expires_at <= ?2")?
        .execute(params![tenant, created_at])?;
    let sql = "INSERT INTO oauth_authorizations (hash, tenant, name, data_key, sealed, created_by, created_at, expires_at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
            WHERE (SELECT count(*) FROM oauth_authorizations WHERE tenant = ?2) < ?9";
    let row = params![
        hash,
        tenant,
        name,
        blob(*data_key),
        sealed,
        created_by,
        created_at,
        expires_at.as_micros(),
        rows_max(max),
    ];
    Ok(db.prepare_cached(sql)?.execute(row)? > 0)
}

fn token(row: &Row<'_>) -> rusqlite::Result<OauthTokenRecord> {
    let key = row.get::<_, Option<[u8; 16]>>(3)?.map(Uuid::from_bytes);
    let claim = row.get::<_, Option<[u8; 16]>>(9)?.map(Uuid::from_bytes);
    let (sealed, until) = (row.get::<_, Option<Vec<u8>>>(4)?, timestamp_or_none(row, 10)?);
    Ok(OauthTokenRecord {
        tenant: tenant_id(row, 0)?,
        name: text(row, 1)?,
        generation: row.get::<_, i64>(2)?.cast_unsigned(),
        state: OauthTokenState {
            sealed: key.zip(sealed),
            obtained_at: timestamp_or_none(row, 5)?,
            expires_at: timestamp_or_none(row, 6)?,
            needs_connection: row.get(7)?,
            error: text_or_none(row, 8)?,
        },
        claim: claim.zip(until).map(|(id, until)| OauthClaim { id, until }),
    })
}

fn authorization(row: &Row<'_>) -> rusqlite::Result<OauthAuthorizationRecord> {
    Ok(OauthAuthorizationRecord {
        hash: row.get(0)?,
        tenant: tenant_id(row, 1)?,
        name: text(row, 2)?,
        data_key: uuid(row, 3)?,
        sealed: row.get(4)?,
        created_by: text(row, 5)?,
        created_at: timestamp(row, 6)?,
        expires_at: timestamp(row, 7)?,
    })
}
