//! API keys and sign-ins. What adds one has the row of its principal locked.

use steadflow_core::access::CredentialHash;
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_store::{
    ApiKeyRecord, CredentialRecord, CredentialUse, KeyCreated, PasswordHash, SignInRecord, SignIns,
};
use tokio_postgres::Client;

use super::principals;
use super::row::{self, folders_json, micros, networks_json};
use crate::columns::readable;
use crate::error::Result;
use crate::session::Session;
use crate::value::{params, rows_max, stored};

pub(super) async fn create_key(db: &Client, key: &ApiKeyRecord, max: usize) -> Result<KeyCreated> {
    if principals::lock(db, key.tenant, key.principal).await?.is_none() {
        return Ok(KeyCreated::Missing);
    }
    let sql =
        "INSERT INTO api_keys (id, tenant, principal, hash, prefix, name, role, flows, folders, networks, created_at,
            created_by, expires_at, used_at, used_from)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
        WHERE (SELECT count(*) FROM api_keys WHERE principal = $3) < $16";
    let is_created = db
        .execute_typed(
            sql,
            params![
                key.id.uuid(),
                key.tenant.uuid(),
                key.principal.uuid(),
                &key.hash.bytes()[..],
                stored(&key.prefix),
                stored(&key.name),
                key.role.as_str(),
                key.flows.to_json(),
                folders_json(key.folders.as_deref()),
                networks_json(key.networks.as_deref()),
                key.created_at.as_micros(),
                stored(&key.created_by),
                micros(key.expires_at),
                micros(key.used_at),
                key.used_from.as_deref().map(stored),
                rows_max(max),
            ],
        )
        .await?
        > 0;
    Ok(if is_created { KeyCreated::Done } else { KeyCreated::TooMany })
}

pub(super) async fn create_sign_in(
    db: &Client,
    new: &SignInRecord,
    password: Option<&PasswordHash>,
    max: usize,
) -> Result<bool> {
    let found = principals::lock(db, new.tenant, new.principal).await?;
    if !found.is_some_and(|found| found.disabled_at.is_none() && found.password.as_ref() == password) {
        return Ok(false);
    }
    let sql = "DELETE FROM sign_ins WHERE hash IN (SELECT hash FROM sign_ins WHERE principal = $1
        ORDER BY used_at DESC, hash DESC OFFSET $2)";
    db.execute_typed(sql, params![new.principal.uuid(), rows_max(max.saturating_sub(1))]).await?;
    let sql = "INSERT INTO sign_ins
            (hash, id, tenant, principal, created_at, expires_at, used_at, address, user_agent)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    db.execute_typed(
        sql,
        params![
            &new.hash.bytes()[..],
            new.id,
            new.tenant.uuid(),
            new.principal.uuid(),
            new.created_at.as_micros(),
            new.expires_at.as_micros(),
            new.used_at.as_micros(),
            new.address.as_deref().map(stored),
            new.user_agent.as_deref().map(stored),
        ],
    )
    .await?;
    Ok(true)
}

pub(super) async fn delete_sign_ins(db: &Client, which: SignIns) -> Result<usize> {
    let deleted = match which {
        SignIns::One(hash) => {
            let sql = "DELETE FROM sign_ins WHERE hash = $1";
            db.execute_typed(sql, params![&hash.bytes()[..]]).await?
        }
        SignIns::Known(principal, id) => {
            let sql = "DELETE FROM sign_ins WHERE principal = $1 AND id = $2";
            db.execute_typed(sql, params![principal.uuid(), id]).await?
        }
        SignIns::Of(principal, but) => delete_all(db, principal, but).await?,
        SignIns::OverAt(at, max) => {
            let sql = "DELETE FROM sign_ins WHERE hash IN
                (SELECT hash FROM sign_ins WHERE expires_at <= $1 ORDER BY expires_at, hash LIMIT $2 FOR UPDATE)";
            db.execute_typed(sql, params![at.as_micros(), rows_max(max)]).await?
        }
    };
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}

async fn delete_all(db: &Client, principal: PrincipalId, but: Option<CredentialHash>) -> Result<u64> {
    let sql = "DELETE FROM sign_ins WHERE principal = $1 AND hash IS DISTINCT FROM $2";
    let but = but.as_ref().map(|hash| &hash.bytes()[..]);
    Ok(db.execute_typed(sql, params![principal.uuid(), but]).await?)
}

pub(super) async fn stand_for(
    db: &Session,
    hashes: &[CredentialHash],
) -> Result<Vec<(CredentialHash, CredentialRecord)>> {
    let wanted: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.bytes().to_vec()).collect();
    let sql = include_str!("../queries/credentials.sql");
    let found = db.query_cached(sql, params![wanted, TenantId::DEFAULT.uuid()]).await?;
    found.iter().filter_map(|found| readable(row::credential(found))).collect()
}

/// They are written in one order, as by all processes.
pub(super) async fn used(db: &Client, mut uses: Vec<CredentialUse>) -> Result<()> {
    uses.sort_by_key(|used| used.hash);
    for CredentialUse { hash, at, from } in &uses {
        let (hash, at, from) = (&hash.bytes()[..], at.as_micros(), from.as_deref().map(stored));
        let sql = "UPDATE api_keys SET used_at = $2, used_from = $3 WHERE hash = $1";
        if db.execute_typed(sql, params![hash, at, from]).await? == 0 {
            let sql = "UPDATE sign_ins SET used_at = $2, address = $3 WHERE hash = $1";
            db.execute_typed(sql, params![hash, at, from]).await?;
        }
    }
    Ok(())
}
