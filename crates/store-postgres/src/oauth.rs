//! [`OauthTokens`] for [`PostgresStore`].

use std::sync::Arc;

use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    OauthAuthorizationRecord, OauthClaim, OauthTokenRecord, OauthTokenState, OauthTokens, StoreFuture,
};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{get, number, tenant_id, text, text_or_none, timestamp, timestamp_or_none};
use crate::error::{Error, Result};
use crate::session::{session, transaction};
use crate::value::{int, params, rows_max, stored};
use crate::{PostgresStore, call};

const TOKENS: &str =
    "SELECT tenant, name, generation, data_key, sealed, obtained_at, expires_at, needs_connection, error,
    claim, claimed_until FROM oauth_tokens WHERE tenant = $1";

impl OauthTokens for PostgresStore {
    fn oauth_tokens(&self, tenant: TenantId) -> StoreFuture<'_, Vec<OauthTokenRecord>> {
        call("oauth_tokens", async move {
            let sql = format!("{TOKENS} ORDER BY name");
            let found = session(&self.pool).await?.query_typed(&sql, params![tenant.uuid()]).await?;
            found.iter().map(token).collect()
        })
    }

    fn oauth_token(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, Option<OauthTokenRecord>> {
        call("oauth_token", async move {
            let sql = format!("{TOKENS} AND name = $2");
            let session = session(&self.pool).await?;
            let found = session.query_typed_opt(&sql, params![tenant.uuid(), stored(&name)]).await?;
            found.as_ref().map(token).transpose()
        })
    }

    fn claim_token(
        &self,
        secret: (TenantId, Arc<str>),
        generation: Option<u64>,
        claim: OauthClaim,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        call("claim_token", async move {
            let (tenant, name) = &secret;
            // Who stores the secret again waits for this, or this for that.
            let sql = "INSERT INTO oauth_tokens AS t (tenant, name, generation, needs_connection, claim, claimed_until)
                SELECT $1, $2, 0, false, $4, $5 FROM
                    (SELECT 1 FROM secrets WHERE tenant = $1 AND name = $2 FOR SHARE) AS secret
                    WHERE coalesce($3, 0) = 0 OR EXISTS
                        (SELECT 1 FROM oauth_tokens WHERE tenant = $1 AND name = $2)
                ON CONFLICT (tenant, name) DO UPDATE SET claim = excluded.claim, claimed_until = excluded.claimed_until
                    WHERE $3 IS NULL OR (t.generation = $3 AND (t.claimed_until IS NULL OR t.claimed_until <= $6))";
            transaction!(&self.pool, |db| {
                let rows = db
                    .execute_typed(
                        sql,
                        params![
                            tenant.uuid(),
                            stored(name),
                            generation.map(int),
                            claim.id,
                            claim.until.as_micros(),
                            now.as_micros(),
                        ],
                    )
                    .await?;
                Ok(rows > 0)
            })
        })
    }

    fn settle_token(
        &self,
        secret: (TenantId, Arc<str>),
        claim: Uuid,
        state: OauthTokenState,
    ) -> StoreFuture<'_, bool> {
        call("settle_token", async move {
            let sql = "UPDATE oauth_tokens SET generation = generation + 1, data_key = $4, sealed = $5, obtained_at = $6,
                    expires_at = $7, needs_connection = $8, error = $9, claim = NULL, claimed_until = NULL
                WHERE tenant = $1 AND name = $2 AND claim = $3";
            let (tenant, name) = &secret;
            let OauthTokenState { sealed, obtained_at, expires_at, needs_connection, error } = &state;
            transaction!(&self.pool, |db| {
                let rows = db
                    .execute_typed(
                        sql,
                        params![
                            tenant.uuid(),
                            stored(name),
                            claim,
                            sealed.as_ref().map(|(key, _)| *key),
                            sealed.as_ref().map(|(_, sealed)| sealed.clone()),
                            obtained_at.map(Timestamp::as_micros),
                            expires_at.map(Timestamp::as_micros),
                            *needs_connection,
                            error.as_deref().map(stored),
                        ],
                    )
                    .await?;
                Ok(rows > 0)
            })
        })
    }

    fn begin_authorization(
        &self,
        authorization: OauthAuthorizationRecord,
        max: usize,
    ) -> StoreFuture<'_, bool> {
        call("begin_authorization", async move {
            transaction!(&self.pool, |db| begin(db, &authorization, max).await)
        })
    }

    fn take_authorization(
        &self,
        hash: [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'_, Option<OauthAuthorizationRecord>> {
        call("take_authorization", async move {
            let sql = "DELETE FROM oauth_authorizations WHERE hash = $1
                RETURNING hash, tenant, name, data_key, sealed, created_by, created_at, expires_at";
            let taken = transaction!(&self.pool, |db| {
                let taken = db.query_typed_opt(sql, params![hash.to_vec()]).await?;
                taken.as_ref().map(authorization).transpose()
            })?;
            Ok(taken.filter(|taken| taken.expires_at > now))
        })
    }
}

/// Deletes what a secret has that is stored again or deleted.
pub(crate) async fn forget(db: &Client, tenant: TenantId, name: &str) -> Result<()> {
    for sql in [
        "DELETE FROM oauth_tokens WHERE tenant = $1 AND name = $2",
        "DELETE FROM oauth_authorizations WHERE tenant = $1 AND name = $2",
    ] {
        db.execute_typed(sql, params![tenant.uuid(), stored(name)]).await?;
    }
    Ok(())
}

async fn begin(db: &Client, begun: &OauthAuthorizationRecord, max: usize) -> Result<bool> {
    let OauthAuthorizationRecord { hash, tenant, name, data_key, sealed, created_by, created_at, expires_at } =
        begun;
    db.execute_typed(
        "DELETE FROM oauth_authorizations WHERE tenant = $1 AND expires_at <= $2",
        params![tenant.uuid(), created_at.as_micros()],
    )
    .await?;
    let sql = "INSERT INTO oauth_authorizations (hash, tenant, name, data_key, sealed, created_by, created_at, expires_at)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8
            WHERE (SELECT count(*) FROM oauth_authorizations WHERE tenant = $2) < $9";
    let rows = db
        .execute_typed(
            sql,
            params![
                hash.to_vec(),
                tenant.uuid(),
                stored(name),
                *data_key,
                *sealed,
                stored(created_by),
                created_at.as_micros(),
                expires_at.as_micros(),
                rows_max(max),
            ],
        )
        .await?;
    Ok(rows > 0)
}

fn token(row: &Row) -> Result<OauthTokenRecord> {
    let (key, sealed) = (get::<Option<Uuid>>(row, 3)?, get::<Option<Vec<u8>>>(row, 4)?);
    let (claim, until) = (get::<Option<Uuid>>(row, 9)?, timestamp_or_none(row, 10)?);
    Ok(OauthTokenRecord {
        tenant: tenant_id(row, 0)?,
        name: text(row, 1)?,
        generation: number(row, 2)?,
        state: OauthTokenState {
            sealed: key.zip(sealed),
            obtained_at: timestamp_or_none(row, 5)?,
            expires_at: timestamp_or_none(row, 6)?,
            needs_connection: get(row, 7)?,
            error: text_or_none(row, 8)?,
        },
        claim: claim.zip(until).map(|(id, until)| OauthClaim { id, until }),
    })
}

fn authorization(row: &Row) -> Result<OauthAuthorizationRecord> {
    let hash: Vec<u8> = get(row, 0)?;
    Ok(OauthAuthorizationRecord {
        hash: hash.try_into().map_err(|_| Error::Unreadable("a hash has 32 bytes".to_owned()))?,
        tenant: tenant_id(row, 1)?,
        name: text(row, 2)?,
        data_key: get(row, 3)?,
        sealed: get(row, 4)?,
        created_by: text(row, 5)?,
        created_at: timestamp(row, 6)?,
        expires_at: timestamp(row, 7)?,
    })
}
