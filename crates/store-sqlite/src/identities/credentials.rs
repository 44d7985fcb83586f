//! API keys and sign-ins.

use rusqlite::{Connection, params};
use serde_json::json;
use steadflow_core::access::CredentialHash;
use steadflow_core::ids::TenantId;
use steadflow_store::{
    ApiKeyRecord, CredentialRecord, CredentialUse, KeyCreated, PasswordHash, SignInRecord, SignIns,
};

use super::principals;
use super::row::{self, folders_json, micros, networks_json};
use crate::columns::{blob, readable, rows_max};

pub(super) fn create_key(db: &Connection, key: &ApiKeyRecord, max: usize) -> rusqlite::Result<KeyCreated> {
    if principals::find(db, key.tenant, key.principal)?.is_none() {
        return Ok(KeyCreated::Missing);
    }
    let sql =
        "INSERT INTO api_keys (id, tenant, principal, hash, prefix, name, role, flows, folders, networks, created_at,
            created_by, expires_at, used_at, used_from)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15
        WHERE (SELECT count(*) FROM api_keys WHERE principal = ?3) < ?16";
    let values = params![
        blob(key.id.uuid()),
        blob(key.tenant.uuid()),
        blob(key.principal.uuid()),
        key.hash.bytes(),
        &*key.prefix,
        &*key.name,
        key.role.as_str(),
        key.flows.to_json(),
        folders_json(key.folders.as_deref()),
        networks_json(key.networks.as_deref()),
        key.created_at.as_micros(),
        &*key.created_by,
        micros(key.expires_at),
        micros(key.used_at),
        key.used_from.as_deref(),
        rows_max(max),
    ];
    let is_created = db.prepare_cached(sql)?.execute(values)? > 0;
    Ok(if is_created { KeyCreated::Done } else { KeyCreated::TooMany })
}

pub(super) fn create_sign_in(
    db: &Connection,
    new: &SignInRecord,
    password: Option<&PasswordHash>,
    max: usize,
) -> rusqlite::Result<bool> {
    let found = principals::find(db, new.tenant, new.principal)?;
    if !found.is_some_and(|found| found.disabled_at.is_none() && found.password.as_ref() == password) {
        return Ok(false);
    }
    let sql = "DELETE FROM sign_ins WHERE hash IN (SELECT hash FROM sign_ins WHERE principal = ?1
        ORDER BY used_at DESC, hash DESC LIMIT -1 OFFSET ?2)";
    let kept = rows_max(max.saturating_sub(1));
    db.prepare_cached(sql)?.execute(params![blob(new.principal.uuid()), kept])?;
    let sql = "INSERT INTO sign_ins
            (hash, id, tenant, principal, created_at, expires_at, used_at, address, user_agent)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        new.hash.bytes(),
        blob(new.id),
        blob(new.tenant.uuid()),
        blob(new.principal.uuid()),
        new.created_at.as_micros(),
        new.expires_at.as_micros(),
        new.used_at.as_micros(),
        new.address.as_deref(),
        new.user_agent.as_deref(),
    ];
    db.prepare_cached(sql)?.execute(values)?;
    Ok(true)
}

pub(super) fn delete_sign_ins(db: &Connection, which: SignIns) -> rusqlite::Result<usize> {
    match which {
        SignIns::One(hash) => {
            db.prepare_cached("DELETE FROM sign_ins WHERE hash = ?1")?.execute([hash.bytes()])
        }
        SignIns::Known(principal, id) => db
            .prepare_cached("DELETE FROM sign_ins WHERE principal = ?1 AND id = ?2")?
            .execute(params![blob(principal.uuid()), blob(id)]),
        SignIns::Of(principal, but) => db
            .prepare_cached("DELETE FROM sign_ins WHERE principal = ?1 AND hash IS NOT ?2")?
            .execute(params![blob(principal.uuid()), but.as_ref().map(CredentialHash::bytes)]),
        SignIns::OverAt(at, max) => {
            let sql = "DELETE FROM sign_ins WHERE hash IN
                (SELECT hash FROM sign_ins WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
            db.prepare_cached(sql)?.execute(params![at.as_micros(), rows_max(max)])
        }
    }
}

pub(super) fn stand_for(
    db: &Connection,
    hashes: &[CredentialHash],
) -> rusqlite::Result<Vec<(CredentialHash, CredentialRecord)>> {
    let mut statement = db.prepare_cached(include_str!("../queries/credentials.sql"))?;
    let wanted = params![json!(hashes.iter().map(hex).collect::<Vec<_>>()).to_string(), default_tenant()];
    statement.query_map(wanted, row::credential)?.filter_map(readable).collect()
}

fn default_tenant() -> [u8; 16] {
    blob(TenantId::DEFAULT.uuid())
}

fn hex(hash: &CredentialHash) -> String {
    hash.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn used(db: &Connection, uses: &[CredentialUse]) -> rusqlite::Result<()> {
    for CredentialUse { hash, at, from } in uses {
        let values = params![hash.bytes(), at.as_micros(), from.as_deref()];
        let sql = "UPDATE api_keys SET used_at = ?2, used_from = ?3 WHERE hash = ?1";
        if db.prepare_cached(sql)?.execute(values)? == 0 {
            let sql = "UPDATE sign_ins SET used_at = ?2, address = ?3 WHERE hash = ?1";
            db.prepare_cached(sql)?.execute(values)?;
        }
    }
    Ok(())
}
