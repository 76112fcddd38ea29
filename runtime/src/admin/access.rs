//! Who may do what on the socket, by the credentials that the system tells of a client.
//!
//! The daemon's own user and root may do everything, others only what `[admin]` of `node.toml`
//! gives them. A client's groups are those of `/etc/group` and the one that its process runs under;
//! the files are read anew for each client, so that a change of membership counts at once.

use crate::files;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// Largest user or group file that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Ask: `status` and `watch`.
    Reader,
    /// Ask and command.
    Operator,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
        })
    }
}

/// A user or a group, by name or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user by name.
    User(String),
    /// A user by number.
    Uid(u32),
    /// A group by name.
    Group(String),
    /// A group by number.
    Gid(u32),
}

impl FromStr for Principal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is nobody; write \"group:NAME\", \"user:NAME\", \"gid:NUMBER\" or \
                 \"uid:NUMBER\""
            )
        };
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        let plain = !name.is_empty() && !name.contains([':', ',']) && name.trim() == name;
        match kind {
            "user" if plain => Ok(Self::User(name.to_owned())),
            "group" if plain => Ok(Self::Group(name.to_owned())),
            "uid" => name.parse().map(Self::Uid).map_err(|_| wrong()),
            "gid" => name.parse().map(Self::Gid).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

/// Who may use the socket besides the daemon's own user and root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// May ask.
    pub readers: Vec<Principal>,
    /// May ask and command.
    pub operators: Vec<Principal>,
}

/// Who a client is, as the system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// The process that connected, where the system says.
    pub(crate) pid: Option<i32>,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uid {}", self.uid)?;
        self.pid.map_or(Ok(()), |pid| write!(f, ", pid {pid}"))
    }
}

impl Access {
    /// Whether anybody but the owner is let in.
    pub(crate) fn is_shared(&self) -> bool {
        !(self.readers.is_empty() && self.operators.is_empty())
    }

    /// What a client may do; `None` when nothing.
    pub(crate) fn role(&self, owner: u32, caller: Caller) -> Option<Role> {
        if caller.uid == owner || caller.uid == 0 {
            return Some(Role::Operator);
        }
        if !self.is_shared() {
            return None;
        }
        let names = Names::read(Path::new("/etc/passwd"), Path::new("/etc/group"));
        self.role_of(caller, &names)
    }

    fn role_of(&self, caller: Caller, names: &Names) -> Option<Role> {
        let any = |list: &[Principal]| list.iter().any(|one| names.is(caller, one));
        if any(&self.operators) {
            Some(Role::Operator)
        } else {
            any(&self.readers).then_some(Role::Reader)
        }
    }
}

/// The system's files of users and groups.
struct Names {
    users: String,
    groups: String,
}

impl Names {
    /// A file that cannot be read names nobody, and lets nobody in.
    fn read(users: &Path, groups: &Path) -> Self {
        let read = |path| {
            let bytes = files::read_limited(path, MAX_FILE).inspect_err(|error| {
                tracing::warn!(%error, "users of the socket are known by number only");
            });
            String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
        };
        Self { users: read(users), groups: read(groups) }
    }

    fn is(&self, caller: Caller, principal: &Principal) -> bool {
        match principal {
            Principal::Uid(uid) => caller.uid == *uid,
            Principal::User(name) => self.user(caller.uid) == Some(name),
            Principal::Gid(gid) => {
                caller.gid == *gid || self.groups().any(|g| g.gid == *gid && self.in_it(caller, &g))
            }
            Principal::Group(name) => self
                .groups()
                .any(|g| g.name == name && (caller.gid == g.gid || self.in_it(caller, &g))),
        }
    }

    fn in_it(&self, caller: Caller, group: &Group<'_>) -> bool {
        self.user(caller.uid).is_some_and(|user| group.members.split(',').any(|m| m == user))
    }

    /// `name:password:uid:…`
    fn user(&self, uid: u32) -> Option<&str> {
        self.users.lines().find_map(|line| {
            let mut parts = line.split(':');
            let (name, number) = (parts.next()?, parts.nth(1)?);
            (number.parse() == Ok(uid)).then_some(name)
        })
    }

    /// `name:password:gid:member,member`
    fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        self.groups.lines().filter_map(|line| {
            let mut parts = line.split(':');
            let (name, gid) = (parts.next()?, parts.nth(1)?.parse().ok()?);
            Some(Group { name, gid, members: parts.next().unwrap_or_default() })
        })
    }
}

struct Group<'n> {
    name: &'n str,
    gid: u32,
    members: &'n str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            users: "root:x:0:0::/:/bin/sh\nann:x:1001:100::/:\nbob:x:1002:100::/:\n".into(),
            groups: "users:x:100:\nops:x:200:ann,carl\nread:x:300:bob\nbroken\n:x:y:\n".into(),
        }
    }

    fn access(readers: &[&str], operators: &[&str]) -> Access {
        let read = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        Access { readers: read(readers), operators: read(operators) }
    }

    #[test]
    fn roles_follow_users_and_groups() {
        let access = access(&["group:read", "uid:7"], &["group:ops", "gid:500"]);
        let role = |uid, gid| access.role_of(Caller { uid, gid, pid: None }, &names());
        assert_eq!(role(1001, 100), Some(Role::Operator), "ann is listed in ops");
        assert_eq!(role(1002, 100), Some(Role::Reader), "bob is listed in read");
        assert_eq!(role(1003, 100), None, "nobody knows 1003");
        assert_eq!(role(1003, 200), Some(Role::Operator), "the process runs under the group");
        assert_eq!(role(1003, 500), Some(Role::Operator), "a group that has no name");
        assert_eq!(role(7, 7), Some(Role::Reader));
        assert_eq!(role(0, 300), Some(Role::Reader), "root's might is not decided here");
    }

    #[test]
    fn the_owner_and_root_may_everything_and_others_nothing_unless_told() {
        let owner = 1000;
        let role = |uid| Access::default().role(owner, Caller { uid, gid: uid, pid: None });
        assert_eq!(role(1000), Some(Role::Operator));
        assert_eq!(role(0), Some(Role::Operator));
        assert_eq!(role(1001), None);
    }

    #[test]
    fn who_is_nobody_is_said() {
        for bad in ["ops", "group:", "uid:x", "group:a,b", "role:x", "user: a", "uid:-1"] {
            let message = bad.parse::<Principal>().unwrap_err();
            assert!(message.contains("group:NAME"), "{message}");
        }
    }
}
