//! What somebody may give away: no more than they have themselves.
//!
//! A key, an account and a link are rights that go on when nobody looks. So what a key makes is limited as the key is: to its role, its
//! flows, its networks and its end. An account has no such limits, so a key that has some makes none.

use std::net::IpAddr;

use ipnet::IpNet;
use steadflow_core::access::{FlowScope, Principal};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::folder::Folder;
use steadflow_core::timestamp::Timestamp;

use crate::NewKey;

/// Who gives something away.
#[derive(Clone, Copy, Debug)]
pub struct Grantor<'a> {
    caller: &'a Caller,
    /// What they have shown. A sign-in and a local command have a role alone.
    shown: Option<&'a Principal>,
}

/// More than somebody has, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TooMuch {
    /// What of the body is too much, as a JSON pointer.
    pub pointer: String,
    message: String,
}

impl TooMuch {
    fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl<'a> Grantor<'a> {
    /// Returns somebody who has shown `principal`, or nothing where nobody has to.
    pub const fn new(caller: &'a Caller, principal: Option<&'a Principal>) -> Self {
        Self { caller, shown: principal }
    }

    /// Returns somebody who is limited by their role alone: an operator at the command line.
    pub const fn local(caller: &'a Caller) -> Self {
        Self { caller, shown: None }
    }

    /// Returns who it is.
    pub const fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// Refuses a role above their own.
    ///
    /// # Errors
    /// [`TooMuch`], at `/role`.
    pub fn check_role(&self, asked: Role) -> Result<(), TooMuch> {
        let own = self.caller.role;
        if asked > own {
            let (own, asked) = (own.as_str(), asked.as_str());
            let message =
                format!("Your role is {own}, so you cannot give the role {asked}. Give {own} at most.");
            return Err(TooMuch::new("/role", message));
        }
        Ok(())
    }

    /// Refuses an account, and whatever else has a role and no further limits, if they have such limits. `pointer` names it.
    ///
    /// # Errors
    /// [`TooMuch`].
    pub fn check_unlimited(&self, pointer: &str) -> Result<(), TooMuch> {
        let limit = if self.flows().is_some() {
            "limited to some flows"
        } else if self.folders().is_some() {
            "limited to some folders"
        } else if self.networks().is_some() {
            "limited to some networks"
        } else if self.expires_at().is_some() {
            "limited in time"
        } else {
            return Ok(());
        };
        let message = format!(
            "Your key is {limit}, and what this makes has no such limit. Sign in, or use a key without limits."
        );
        Err(TooMuch::new(pointer, message))
    }

    /// Refuses what works after their own key has ended, or from networks that their key does not.
    ///
    /// # Errors
    /// [`TooMuch`]; `pointer` names the end.
    pub fn check_link(&self, expires_at: Timestamp, pointer: &str) -> Result<(), TooMuch> {
        if self.networks().is_some() {
            let message = "Your key works from some networks only, and a link works from everywhere. Sign in, or use a key without that limit.";
            return Err(TooMuch::new("", message));
        }
        self.check_end(Some(expires_at), pointer)
    }

    /// Refuses a key that is less limited than they are.
    pub(crate) fn check_key(&self, new: &NewKey) -> Result<(), TooMuch> {
        self.check_role_of_key(new.role)?;
        self.check_flows(&new.flows)?;
        self.check_folders(new.folders.as_deref())?;
        self.check_networks(new.networks.as_deref())?;
        self.check_end(new.expires_at, "/expires_at")
    }

    /// A key has the role in folders as far as its owner has.
    fn check_role_of_key(&self, asked: Role) -> Result<(), TooMuch> {
        let in_folders = self.shown.map_or(Role::None, |shown| shown.grants.largest());
        if asked <= in_folders { Ok(()) } else { self.check_role(asked) }
    }

    fn check_folders(&self, asked: Option<&[Folder]>) -> Result<(), TooMuch> {
        let Some(own) = self.folders() else { return Ok(()) };
        let Some(asked) = asked else {
            let message = "Your key is limited to some folders, so name some of these in `folders`.";
            return Err(TooMuch::new("/folders", message));
        };
        asked.iter().enumerate().try_for_each(|(at, folder)| {
            let message =
                || format!("Your key is not for all of the folder {folder}. Name folders that it is for.");
            let is_own = own.iter().any(|own| own.includes(folder));
            if is_own { Ok(()) } else { Err(TooMuch::new(format!("/folders/{at}"), message())) }
        })
    }

    fn check_flows(&self, asked: &FlowScope) -> Result<(), TooMuch> {
        let Some(own) = self.flows() else { return Ok(()) };
        let Some(asked) = asked.flows() else {
            let message = "Your key is limited to some flows, so name some of these in `flow_ids`.";
            return Err(TooMuch::new("/flow_ids", message));
        };
        asked.iter().enumerate().try_for_each(|(at, flow)| {
            let message = || format!("Your key is not for the flow {flow}. Name flows that it is for.");
            if own.includes(*flow) { Ok(()) } else { Err(TooMuch::new(format!("/flow_ids/{at}"), message())) }
        })
    }

    fn check_networks(&self, asked: Option<&[IpNet]>) -> Result<(), TooMuch> {
        let Some(own) = self.networks() else { return Ok(()) };
        let Some(asked) = asked else {
            let message = "Your key works from some networks only, so name some of these in `addresses`.";
            return Err(TooMuch::new("/addresses", message));
        };
        asked.iter().enumerate().try_for_each(|(at, network)| {
            let message =
                || format!("Your key does not work from all of {network}. Name networks that it works from.");
            let is_own = own.iter().any(|own| own.contains(network));
            if is_own { Ok(()) } else { Err(TooMuch::new(format!("/addresses/{at}"), message())) }
        })
    }

    fn check_end(&self, asked: Option<Timestamp>, pointer: &str) -> Result<(), TooMuch> {
        let Some(own) = self.expires_at() else { return Ok(()) };
        if asked.is_some_and(|asked| asked <= own) {
            return Ok(());
        }
        let message = format!("Your key expires at {own}, and what it makes must expire by then, too.");
        Err(TooMuch::new(pointer, message))
    }

    fn folders(&self) -> Option<&'a [Folder]> {
        self.shown?.folders.as_deref()
    }

    fn flows(&self) -> Option<&'a FlowScope> {
        self.shown.map(|shown| &shown.scope).filter(|scope| **scope != FlowScope::All)
    }

    /// Returns the networks that they are limited to. One that cannot be read includes nothing.
    fn networks(&self) -> Option<Vec<IpNet>> {
        let networks = self.shown?.networks.as_ref()?;
        let read = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
        Some(networks.iter().filter_map(|text| read(text)).collect())
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.shown?.expires_at
    }
}
