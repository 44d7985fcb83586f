//! Roles in folders of flows.

use std::cmp::{max, min};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::caller::Role;
use crate::folder::{Folder, Folders};

/// How many roles in folders somebody has at most.
pub const GRANTS_MAX: usize = 50;

/// A role in a folder and below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Where.
    pub folder: Folder,
    /// Which: viewer, operator or editor.
    pub role: Role,
}

/// The roles that somebody has in folders, beside the one in the tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(Arc<[Grant]>);

impl Grants {
    /// Wraps roles in folders.
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Self {
        Self(grants.into_iter().collect())
    }

    /// Returns each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the role that they give for what is in a folder; none at the top.
    pub fn role_in(&self, folder: Option<&Folder>) -> Role {
        let Some(folder) = folder else { return Role::None };
        let there = self.0.iter().filter(|grant| grant.folder.includes(folder));
        there.map(|grant| grant.role).max().unwrap_or(Role::None)
    }

    /// Returns the largest of the roles.
    pub fn largest(&self) -> Role {
        self.0.iter().map(|grant| grant.role).max().unwrap_or(Role::None)
    }

    /// Returns where they give `least` or more.
    pub fn folders(&self, least: Role) -> Folders {
        Folders::new(self.0.iter().filter(|grant| grant.role >= least).map(|grant| grant.folder.clone()))
    }

    /// Returns what is left of `role` in the tenant and of these to a key with the role `of_key`, in `folders` alone, if it is limited
    /// to some: in each place no more than either.
    pub fn limited(&self, role: Role, of_key: Role, folders: Option<&[Folder]>) -> (Role, Self) {
        let lesser = |grant: &Grant| Grant { folder: grant.folder.clone(), role: min(grant.role, of_key) };
        let Some(folders) = folders else { return (min(role, of_key), Self::new(self.iter().map(lesser))) };
        // An admin of the tenant is an editor in folders.
        let of_key = min(of_key, Role::Editor);
        let at = |folder: &Folder| Grant {
            folder: folder.clone(),
            role: min(max(role, self.role_in(Some(folder))), of_key),
        };
        let below = self.iter().filter(|grant| folders.iter().any(|folder| folder.includes(&grant.folder)));
        let all = folders.iter().map(at).chain(below.map(lesser));
        (Role::None, Self::new(all.filter(|grant| grant.role > Role::None)))
    }

    /// Returns them as stores keep them: a JSON array, or nothing where there are none.
    pub fn to_json(&self) -> Option<String> {
        (!self.is_empty()).then(|| serde_json::to_string(&*self.0).expect("roles and folders are texts"))
    }

    /// Reads what [`Self::to_json`] has written.
    ///
    /// # Errors
    /// If it is something else.
    pub fn from_json(json: Option<&str>) -> Result<Self, serde_json::Error> {
        json.map_or_else(
            || Ok(Self::default()),
            |json| serde_json::from_str(json).map(|all: Vec<_>| Self(all.into())),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_as_they_were_written() {
        let grant = |folder: &str, role| Grant { folder: folder.parse().unwrap(), role };
        let some = Grants::new([grant("a", Role::Viewer), grant("b/c", Role::Editor)]);

        for grants in [Grants::default(), some.clone()] {
            assert_eq!(Grants::from_json(grants.to_json().as_deref()).unwrap(), grants);
        }
        assert_eq!(
            some.to_json().unwrap(),
            r#"[{"folder":"a","role":"viewer"},{"folder":"b/c","role":"editor"}]"#
        );
        for damaged in
            ["", "null", "{}", r#"[{"folder":"/","role":"viewer"}]"#, r#"[{"folder":"a","role":"owner"}]"#]
        {
            assert!(Grants::from_json(Some(damaged)).is_err(), "{damaged}");
        }
    }

    #[test]
    fn a_key_has_in_each_place_no_more_than_itself_and_its_owner() {
        let folder = |text: &str| text.parse::<Folder>().unwrap();
        let owner = Grants::new([
            Grant { folder: folder("a"), role: Role::Operator },
            Grant { folder: folder("a/b"), role: Role::Editor },
        ]);

        for of_owner in [Role::None, Role::Viewer, Role::Admin] {
            for of_key in Role::ALL {
                for limit in [None, Some([folder("a/b")]), Some([folder("c")])] {
                    let limit = limit.as_ref().map(|limit| &limit[..]);
                    let (role, grants) = owner.limited(of_owner, of_key, limit);
                    for place in
                        [None, Some(folder("a")), Some(folder("a/b/c")), Some(folder("c")), Some(folder("d"))]
                    {
                        let place = place.as_ref();
                        let own = max(of_owner, owner.role_in(place));
                        let is_meant = |limit: &[Folder]| {
                            place.is_some_and(|place| limit.iter().any(|of| of.includes(place)))
                        };
                        let allowed = if limit.is_none_or(is_meant) { min(own, of_key) } else { Role::None };
                        let allowed = if limit.is_some() { min(allowed, Role::Editor) } else { allowed };
                        assert_eq!(
                            max(role, grants.role_in(place)),
                            allowed,
                            "{of_owner:?} {of_key:?} {limit:?} {place:?}"
                        );
                    }
                }
            }
        }
    }
}
