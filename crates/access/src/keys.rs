//! API keys: made here, shown once, and known by their hash from then on.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use steadflow_core::access::{CredentialKind, FLOWS_MAX, FlowScope, GRANTS_MAX, Grants, Token, made_by};
use steadflow_core::caller::Role;
use steadflow_core::folder::Folder;
use steadflow_core::ids::{KeyId, PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ApiKeyRecord, KeyCreated, Page, PrincipalKind, PrincipalRecord, Store, StoreError};
use uuid::Uuid;

use crate::NotRandom;
use crate::failure::fresh_token;
use crate::grantor::{Grantor, TooMuch};

/// How many API keys a person or a service account may have.
pub const KEYS_MAX: usize = 100;
/// How many networks a key can be limited to.
pub const NETWORKS_MAX: usize = 20;

/// A key to be made, for a principal of the tenant of who makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Who acts by it.
    pub principal: PrincipalId,
    /// What people call it.
    pub name: Arc<str>,
    /// What it may do, if its principal may as well.
    pub role: Role,
    /// The flows that it is limited to.
    pub flows: FlowScope,
    /// The folders that it is limited to.
    pub folders: Option<Vec<Folder>>,
    /// The networks that it is limited to.
    pub networks: Option<Vec<IpNet>>,
    /// When it is over.
    pub expires_at: Option<Timestamp>,
}

/// A key that was made.
#[derive(Clone, Debug)]
pub struct IssuedKey {
    /// What is stored of it.
    pub record: ApiKeyRecord,
    /// The token that makes it.
    token: Token,
}

impl IssuedKey {
    /// Returns the key itself, which is shown to who made it, and never again.
    pub fn secret(&self) -> String {
        self.token.api_key()
    }
}

/// Why no key was made, as a sentence.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// It would be able to do more than who makes it.
    #[error(transparent)]
    MoreThanOwn(#[from] TooMuch),
    /// It would be able to do more than who acts by it.
    #[error("{name} is {}, so a key of it cannot be {}.", own.as_str(), asked.as_str())]
    MoreThanOwner {
        /// Who would act by it.
        name: Arc<str>,
        /// Their role.
        own: Role,
        /// The role of the key.
        asked: Role,
    },
    /// The tenant has no such person or service account.
    #[error("There is no such person or service account.")]
    Missing,
    /// They are disabled.
    #[error("{0} is disabled, so a key of it would work for nobody. Enable it first.")]
    Disabled(Arc<str>),
    /// They have as many as they may.
    #[error(
        "There are {KEYS_MAX} keys of it already, which is as many as there can be. Delete one that is not used."
    )]
    TooMany,
    /// It would be limited to more than can be kept of a key.
    #[error(
        "A key can be limited to {FLOWS_MAX} flows, {GRANTS_MAX} folders and {NETWORKS_MAX} networks at most, and to one at least."
    )]
    Limits,
    /// The system has no random bytes.
    #[error("The key cannot be made: {0}.")]
    NoRandom(#[from] NotRandom),
    /// The store has failed.
    #[error("The key cannot be stored: {0}")]
    Store(#[from] StoreError),
}

/// Reads a network, or an address, which is a network of one.
///
/// # Errors
/// A sentence for who wrote it.
pub fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network = network.map_err(|_| {
        format!("`{text}` is no address and no network. Use one such as 203.0.113.7 or 203.0.113.0/24.")
    })?;
    Ok(network.trunc())
}

/// Makes a key that may do no more than `by`.
///
/// # Errors
/// [`IssueError`] says why not.
pub async fn issue(
    store: &dyn Store,
    by: Grantor<'_>,
    new: NewKey,
    now: Timestamp,
) -> Result<IssuedKey, IssueError> {
    by.check_key(&new)?;
    let caller = by.caller();
    let NewKey { principal, name, role, flows, folders, networks, expires_at } = new;
    let is_kept = |count: usize, max: usize| (1..=max).contains(&count);
    let flows_fit = flows.flows().is_none_or(|flows| is_kept(flows.len(), FLOWS_MAX));
    let folders_fit = folders.as_ref().is_none_or(|folders| is_kept(folders.len(), GRANTS_MAX));
    if !flows_fit
        || !folders_fit
        || !networks.as_ref().is_none_or(|networks| is_kept(networks.len(), NETWORKS_MAX))
    {
        return Err(IssueError::Limits);
    }
    let owner = store.principal(caller.tenant, principal).await?.ok_or(IssueError::Missing)?;
    if owner.disabled_at.is_some() {
        return Err(IssueError::Disabled(owner.name));
    }
    let own = owner.role.max(owner.grants.largest());
    if role > own {
        return Err(IssueError::MoreThanOwner { name: owner.name, own, asked: role });
    }
    let token = fresh_token()?;
    let record = ApiKeyRecord {
        id: KeyId::new(Uuid::now_v7()),
        tenant: caller.tenant,
        principal,
        hash: token.hash(CredentialKind::Key),
        prefix: token.key_prefix(),
        name,
        role,
        flows,
        folders: folders.map(Into::into),
        networks: networks
            .map(|networks| networks.iter().map(|network| network.to_string().into()).collect()),
        created_at: now,
        created_by: made_by(caller),
        expires_at,
        used_at: None,
        used_from: None,
    };
    match store.create_api_key(record.clone(), KEYS_MAX).await? {
        KeyCreated::Done => Ok(IssuedKey { record, token }),
        KeyCreated::Missing => Err(IssueError::Missing),
        KeyCreated::TooMany => Err(IssueError::TooMany),
    }
}

/// Deletes a key of a tenant. Returns what it was, if there was one.
///
/// # Errors
/// If the store fails.
pub async fn delete_key(
    store: &dyn Store,
    tenant: TenantId,
    id: KeyId,
) -> Result<Option<ApiKeyRecord>, StoreError> {
    // Lists begin with what is older than an id, so one behind this one begins with it.
    let behind = Uuid::from_u128(id.uuid().as_u128().saturating_add(1));
    let found = store.api_keys(tenant, None, Page { before: Some(behind), limit: 1 }).await?;
    let found = found.into_iter().flatten().find(|key| key.id == id);
    let is_deleted = store.delete_api_key(tenant, id, None).await?;
    Ok(found.filter(|_| is_deleted))
}

/// Returns the service account of a tenant that has a name, and makes it with `role` where there is none.
///
/// # Errors
/// If the store fails.
pub async fn service_account(
    store: &dyn Store,
    tenant: TenantId,
    name: Arc<str>,
    role: Role,
    now: Timestamp,
) -> Result<PrincipalRecord, StoreError> {
    loop {
        if let Some(found) = store.service_account(tenant, Arc::clone(&name)).await? {
            return Ok(found);
        }
        let account = PrincipalRecord {
            id: PrincipalId::new(Uuid::now_v7()),
            tenant,
            kind: PrincipalKind::Service,
            name: Arc::clone(&name),
            email: None,
            role,
            grants: Grants::default(),
            password: None,
            created_at: now,
            disabled_at: None,
        };
        // Of two that make it at the same time, one finds the other's.
        if store.create_principal(account.clone()).await? {
            return Ok(account);
        }
    }
}
