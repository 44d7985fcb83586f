//! Rows of who may ask.

use std::sync::Arc;

use rusqlite::Row;
use steadflow_core::access::{CredentialHash, FlowScope, Grants};
use steadflow_core::caller::{Actor, ActorKind};
use steadflow_core::folder::Folder;
use steadflow_core::ids::{KeyId, PrincipalId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    ApiKeyRecord, CredentialRecord, InvitationRecord, OidcSubject, PasswordHash, PrincipalRecord,
    SignInRecord,
};

use crate::columns::{named, tenant_id, text, text_or_none, timestamp, timestamp_or_none, unreadable, uuid};

pub(super) const PRINCIPAL: &str =
    "id, tenant, kind, name, email, role, grants, password, created_at, disabled_at";
pub(super) const API_KEY: &str = "id, tenant, principal, hash, prefix, name, role, flows, folders, networks, created_at, \
     created_by, expires_at, used_at, used_from";
pub(super) const SIGN_IN: &str =
    "id, hash, tenant, principal, created_at, expires_at, used_at, address, user_agent";
pub(super) const INVITATION: &str = "id, hash, tenant, role, email, principal, is_first_admin, created_at, \
     created_by, expires_at, grants";
pub(super) const OIDC_SUBJECT: &str = "issuer, subject, tenant, principal, created_at, used_at";

fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<CredentialHash> {
    row.get(column).map(CredentialHash::new)
}

fn principal_id(row: &Row<'_>, column: usize) -> rusqlite::Result<PrincipalId> {
    uuid(row, column).map(PrincipalId::new)
}

fn flows(row: &Row<'_>, column: usize) -> rusqlite::Result<FlowScope> {
    let json = text_or_none(row, column)?;
    FlowScope::from_json(json.as_deref()).map_err(|error| unreadable(column, error.to_string()))
}

fn grants(row: &Row<'_>, column: usize) -> rusqlite::Result<Grants> {
    let json = text_or_none(row, column)?;
    Grants::from_json(json.as_deref()).map_err(|error| unreadable(column, error.to_string()))
}

fn folders(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<[Folder]>>> {
    let Some(json) = text_or_none(row, column)? else { return Ok(None) };
    let folders: Vec<Folder> =
        serde_json::from_str(&json).map_err(|error| unreadable(column, error.to_string()))?;
    Ok(Some(folders.into()))
}

fn networks(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<[Arc<str>]>>> {
    let Some(json) = text_or_none(row, column)? else { return Ok(None) };
    let networks: Vec<Arc<str>> =
        serde_json::from_str(&json).map_err(|error| unreadable(column, error.to_string()))?;
    Ok(Some(networks.into()))
}

pub(super) fn principal(row: &Row<'_>) -> rusqlite::Result<PrincipalRecord> {
    Ok(PrincipalRecord {
        id: principal_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        kind: named(2, &text(row, 2)?)?,
        name: text(row, 3)?,
        email: text_or_none(row, 4)?,
        role: named(5, &text(row, 5)?)?,
        grants: grants(row, 6)?,
        password: text_or_none(row, 7)?.map(PasswordHash::new),
        created_at: timestamp(row, 8)?,
        disabled_at: timestamp_or_none(row, 9)?,
    })
}

pub(super) fn api_key(row: &Row<'_>) -> rusqlite::Result<ApiKeyRecord> {
    Ok(ApiKeyRecord {
        id: uuid(row, 0).map(KeyId::new)?,
        tenant: tenant_id(row, 1)?,
        principal: principal_id(row, 2)?,
        hash: hash(row, 3)?,
        prefix: text(row, 4)?,
        name: text(row, 5)?,
        role: named(6, &text(row, 6)?)?,
        flows: flows(row, 7)?,
        folders: folders(row, 8)?,
        networks: networks(row, 9)?,
        created_at: timestamp(row, 10)?,
        created_by: text(row, 11)?,
        expires_at: timestamp_or_none(row, 12)?,
        used_at: timestamp_or_none(row, 13)?,
        used_from: text_or_none(row, 14)?,
    })
}

pub(super) fn sign_in(row: &Row<'_>) -> rusqlite::Result<SignInRecord> {
    Ok(SignInRecord {
        id: uuid(row, 0)?,
        hash: hash(row, 1)?,
        tenant: tenant_id(row, 2)?,
        principal: principal_id(row, 3)?,
        created_at: timestamp(row, 4)?,
        expires_at: timestamp(row, 5)?,
        used_at: timestamp(row, 6)?,
        address: text_or_none(row, 7)?,
        user_agent: text_or_none(row, 8)?,
    })
}

pub(super) fn invitation(row: &Row<'_>) -> rusqlite::Result<InvitationRecord> {
    Ok(InvitationRecord {
        id: uuid(row, 0)?,
        hash: hash(row, 1)?,
        tenant: tenant_id(row, 2)?,
        role: named(3, &text(row, 3)?)?,
        email: text_or_none(row, 4)?,
        principal: row.get::<_, Option<[u8; 16]>>(5)?.map(uuid::Uuid::from_bytes).map(PrincipalId::new),
        is_first_admin: row.get(6)?,
        created_at: timestamp(row, 7)?,
        created_by: text(row, 8)?,
        expires_at: timestamp(row, 9)?,
        grants: grants(row, 10)?,
    })
}

pub(super) fn oidc_subject(row: &Row<'_>) -> rusqlite::Result<OidcSubject> {
    Ok(OidcSubject {
        issuer: text(row, 0)?,
        subject: text(row, 1)?,
        tenant: tenant_id(row, 2)?,
        principal: principal_id(row, 3)?,
        created_at: timestamp(row, 4)?,
        used_at: timestamp(row, 5)?,
    })
}

/// Reads a row of `credentials.sql`.
pub(super) fn credential(row: &Row<'_>) -> rusqlite::Result<(CredentialHash, CredentialRecord)> {
    let kind = if &*text(row, 3)? == "key" { ActorKind::Key } else { ActorKind::User };
    let (of_credential, of_principal) = (named(5, &text(row, 5)?)?, named(6, &text(row, 6)?)?);
    let limit = folders(row, 8)?;
    let grants = grants(row, 7)?;
    let (role, grants) = if kind == ActorKind::Key {
        grants.limited(of_principal, of_credential, limit.as_deref())
    } else {
        (of_principal, grants)
    };
    let record = CredentialRecord {
        tenant: tenant_id(row, 1)?,
        principal: principal_id(row, 2)?,
        actor: Actor { kind, id: text_or_none(row, 4)? },
        role,
        grants,
        folders: limit,
        flows: flows(row, 9)?,
        networks: networks(row, 10)?,
        expires_at: timestamp_or_none(row, 11)?,
        used_at: timestamp_or_none(row, 12)?,
    };
    Ok((hash(row, 0)?, record))
}

/// Returns folders as they are stored.
pub(super) fn folders_json(folders: Option<&[Folder]>) -> Option<String> {
    folders.map(|folders| serde_json::to_string(folders).expect("texts can be written as JSON"))
}

/// Returns networks as they are stored.
pub(super) fn networks_json(networks: Option<&[Arc<str>]>) -> Option<String> {
    networks.map(|networks| serde_json::to_string(networks).expect("texts can be written as JSON"))
}

/// Returns a moment as it is stored.
pub(super) fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_micros)
}
