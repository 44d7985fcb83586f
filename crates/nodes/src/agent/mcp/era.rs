//! Which protocol a server speaks: the one without sessions, or one that begins with a handshake.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// Maximum number of servers that are remembered.
const REMEMBERED_MAX: usize = 1_000;

/// The kinds of protocol versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// Each request says all that the server has to know (2026-07-28).
    Modern,
    /// A handshake begins a session (2025-11-25 and before).
    Handshake,
}

/// What servers spoke when they were asked last, by their address.
#[derive(Debug, Default)]
pub(crate) struct Eras(Mutex<BTreeMap<String, Era>>);

impl Eras {
    pub(super) fn of(&self, server: &str) -> Option<Era> {
        self.0.lock().get(server).copied()
    }

    /// Remembers what a server speaks. Another one is forgotten if there are too many.
    pub(super) fn remember(&self, server: &str, era: Era) {
        let mut eras = self.0.lock();
        if eras.len() >= REMEMBERED_MAX && !eras.contains_key(server) {
            eras.pop_first();
        }
        eras.insert(server.to_owned(), era);
    }

    /// Forgets what a server spoke, so that it is asked again.
    pub(super) fn forget(&self, server: &str) {
        self.0.lock().remove(server);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_remembered_servers_is_bounded() {
        let eras = Eras::default();
        for number in 0..REMEMBERED_MAX + 10 {
            eras.remember(&format!("https://{number:05}.test/mcp"), Era::Modern);
        }

        assert_eq!(eras.0.lock().len(), REMEMBERED_MAX);
        assert_eq!(eras.of("https://01009.test/mcp"), Some(Era::Modern));
        assert_eq!(eras.of("https://00000.test/mcp"), None);
        eras.forget("https://01009.test/mcp");
        assert_eq!(eras.of("https://01009.test/mcp"), None);
    }
}
