//! What there is to be allowed.

use crate::caller::Role;

/// Something that a caller may be allowed to do. Every handler of the API names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Look at flows, agents, alerts, and what there is to make them of.
    ViewCatalogue,
    /// Look at executions, their data, and what is counted of them.
    ViewExecutions,
    /// Look at the sensitive data of executions.
    ViewSensitive,
    /// Look at and change one's own account.
    UseOwnAccount,
    /// Start executions, retry and fork them, send events, call agents.
    RunFlows,
    /// Cancel, pause and resume executions, decide about nodes that wait.
    ControlExecutions,
    /// Approve and reject, and make links with which others do.
    Decide,
    /// Change and test flows.
    EditFlows,
    /// Change and test agents.
    EditAgents,
    /// Change and test alerts.
    EditAlerts,
    /// See the names of secrets and the hosts that they are for; never their values.
    ViewSecrets,
    /// Set and delete secrets.
    ManageSecrets,
    /// Make and revoke API keys of others and of service accounts.
    ManageKeys,
    /// Invite people, change their roles, disable them.
    ManageMembers,
    /// Read who has changed what.
    ReadAudit,
    /// Kill the engine of a demo.
    KillEngine,
    /// Read the metrics of the installation.
    WatchServer,
    /// Make and disable tenants.
    ManageTenants,
    /// Encrypt the stored secrets of all tenants with another master key.
    RotateMasterKey,
}

impl Permission {
    /// Every permission.
    pub const ALL: &[Self] = &[
        Self::ViewCatalogue,
        Self::ViewExecutions,
        Self::ViewSensitive,
        Self::UseOwnAccount,
        Self::RunFlows,
        Self::ControlExecutions,
        Self::Decide,
        Self::EditFlows,
        Self::EditAgents,
        Self::EditAlerts,
        Self::ViewSecrets,
        Self::ManageSecrets,
        Self::ManageKeys,
        Self::ManageMembers,
        Self::ReadAudit,
        Self::KillEngine,
        Self::WatchServer,
        Self::ManageTenants,
        Self::RotateMasterKey,
    ];

    /// Returns the name that answers and documents use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ViewCatalogue => "view_catalogue",
            Self::ViewExecutions => "view_executions",
            Self::ViewSensitive => "view_sensitive",
            Self::UseOwnAccount => "use_own_account",
            Self::RunFlows => "run_flows",
            Self::ControlExecutions => "control_executions",
            Self::Decide => "decide",
            Self::EditFlows => "edit_flows",
            Self::EditAgents => "edit_agents",
            Self::EditAlerts => "edit_alerts",
            Self::ViewSecrets => "view_secrets",
            Self::ManageSecrets => "manage_secrets",
            Self::ManageKeys => "manage_keys",
            Self::ManageMembers => "manage_members",
            Self::ReadAudit => "read_audit",
            Self::KillEngine => "kill_engine",
            Self::WatchServer => "watch_server",
            Self::ManageTenants => "manage_tenants",
            Self::RotateMasterKey => "rotate_master_key",
        }
    }

    /// Returns the least role that has it.
    pub const fn least_role(self) -> Role {
        match self {
            Self::UseOwnAccount => Role::None,
            Self::ViewCatalogue | Self::ViewExecutions | Self::WatchServer => Role::Viewer,
            Self::RunFlows | Self::ControlExecutions | Self::Decide => Role::Operator,
            Self::EditFlows | Self::EditAgents | Self::EditAlerts | Self::ViewSecrets => Role::Editor,
            Self::ViewSensitive
            | Self::ManageSecrets
            | Self::ManageKeys
            | Self::ManageMembers
            | Self::ReadAudit
            | Self::KillEngine
            | Self::ManageTenants
            | Self::RotateMasterKey => Role::Admin,
        }
    }

    /// Returns whether it is about the installation, and not about what a tenant has.
    pub const fn is_of_installation(self) -> bool {
        matches!(self, Self::KillEngine | Self::WatchServer | Self::ManageTenants | Self::RotateMasterKey)
    }
}
