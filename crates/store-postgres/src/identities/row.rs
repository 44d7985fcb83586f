//! Rows of who may ask.

use std::sync::Arc;

use steadflow_core::access::{CredentialHash, FlowScope, Grants};
use steadflow_core::caller::{Actor, ActorKind};
use steadflow_core::folder::Folder;
use steadflow_core::ids::{KeyId, PrincipalId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    ApiKeyRecord, CredentialRecord, InvitationRecord, OidcSubject, PasswordHash, PrincipalRecord,
    SignInRecord,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{get, named, tenant_id, text, text_or_none, timestamp, timestamp_or_none};
use crate::error::{Error, Result};

pub(super) const PRINCIPAL: &str =
    "id, tenant, kind, name, email, role, grants, password, created_at, disabled_at";
pub(super) const API_KEY: &str = "id, tenant, principal, hash, prefix, name, role, flows, folders, networks, created_at, \
     created_by, expires_at, used_at, used_from";
pub(super) const SIGN_IN: &str =
    "id, hash, tenant, principal, created_at, expires_at, used_at, address, user_agent";
pub(super) const INVITATION: &str = "id, hash, tenant, role, email, principal, is_first_admin, created_at, \
     created_by, expires_at, grants";
pub(super) const OIDC_SUBJECT: &str = "issuer, subject, tenant, principal, created_at, used_at";

fn hash(row: &Row, column: usize) -> Result<CredentialHash> {
    let bytes: &[u8] = get(row, column)?;
    let bytes = bytes.try_into().map_err(|_| Error::Unreadable("a hash has 32 bytes".into()))?;
    Ok(CredentialHash::new(bytes))
}

fn principal_id(row: &Row, column: usize) -> Result<PrincipalId> {
    get(row, column).map(PrincipalId::new)
}

fn flows(row: &Row, column: usize) -> Result<FlowScope> {
    FlowScope::from_json(get(row, column)?).map_err(|error| Error::Unreadable(error.to_string()))
}

fn grants(row: &Row, column: usize) -> Result<Grants> {
    Grants::from_json(get(row, column)?).map_err(|error| Error::Unreadable(error.to_string()))
}

fn folders(row: &Row, column: usize) -> Result<Option<Arc<[Folder]>>> {
    let Some(json) = get::<Option<&str>>(row, column)? else { return Ok(None) };
    let folders: Vec<Folder> =
        serde_json::from_str(json).map_err(|error| Error::Unreadable(error.to_string()))?;
    Ok(Some(folders.into()))
}

fn networks(row: &Row, column: usize) -> Result<Option<Arc<[Arc<str>]>>> {
    let Some(json) = get::<Option<&str>>(row, column)? else { return Ok(None) };
    let networks: Vec<Arc<str>> =
        serde_json::from_str(json).map_err(|error| Error::Unreadable(error.to_string()))?;
    Ok(Some(networks.into()))
}

pub(super) fn principal(row: &Row) -> Result<PrincipalRecord> {
    Ok(PrincipalRecord {
        id: principal_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        kind: named(row, 2)?,
        name: text(row, 3)?,
        email: text_or_none(row, 4)?,
        role: named(row, 5)?,
        grants: grants(row, 6)?,
        password: text_or_none(row, 7)?.map(PasswordHash::new),
        created_at: timestamp(row, 8)?,
        disabled_at: timestamp_or_none(row, 9)?,
    })
}

pub(super) fn api_key(row: &Row) -> Result<ApiKeyRecord> {
    Ok(ApiKeyRecord {
        id: get(row, 0).map(KeyId::new)?,
        tenant: tenant_id(row, 1)?,
        principal: principal_id(row, 2)?,
        hash: hash(row, 3)?,
        prefix: text(row, 4)?,
        name: text(row, 5)?,
        role: named(row, 6)?,
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

pub(super) fn sign_in(row: &Row) -> Result<SignInRecord> {
    Ok(SignInRecord {
        id: get(row, 0)?,
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

pub(super) fn invitation(row: &Row) -> Result<InvitationRecord> {
    Ok(InvitationRecord {
        id: get(row, 0)?,
        hash: hash(row, 1)?,
        tenant: tenant_id(row, 2)?,
        role: named(row, 3)?,
        email: text_or_none(row, 4)?,
        principal: get::<Option<Uuid>>(row, 5)?.map(PrincipalId::new),
        is_first_admin: get(row, 6)?,
        created_at: timestamp(row, 7)?,
        created_by: text(row, 8)?,
        expires_at: timestamp(row, 9)?,
        grants: grants(row, 10)?,
    })
}

pub(super) fn oidc_subject(row: &Row) -> Result<OidcSubject> {
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
pub(super) fn credential(row: &Row) -> Result<(CredentialHash, CredentialRecord)> {
    let kind = if get::<&str>(row, 3)? == "key" { ActorKind::Key } else { ActorKind::User };
    let (of_credential, of_principal) = (named(row, 5)?, named(row, 6)?);
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
