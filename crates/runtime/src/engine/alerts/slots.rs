//! How many messages are sent at the same time.

use std::collections::BTreeMap;

use steadflow_core::ids::TenantId;
use steadflow_core::work::Channel;

/// Messages that are sent at the same time by one kind of channel, each of another alert. A mail server that answers nothing
/// holds up no chat.
const SLOTS: usize = 16;

/// What is sent at the moment: for each kind of channel, how many messages of which tenant.
#[derive(Debug, Default)]
pub(super) struct Slots(BTreeMap<Channel, BTreeMap<TenantId, usize>>);

impl Slots {
    /// Returns whether a tenant can send no further message by a channel: it has at most as many slots as are left, so that
    /// there is always one for a tenant that has none, until all are taken.
    pub(super) fn is_full(&self, channel: Channel, tenant: TenantId) -> bool {
        let Some(taken) = self.0.get(&channel) else { return false };
        let left = SLOTS.saturating_sub(taken.values().sum());
        taken.get(&tenant).copied().unwrap_or_default() >= left
    }

    /// Returns whether somebody can send no further message.
    pub(super) fn are_full(&self) -> bool {
        let mut all = self.0.iter().flat_map(|(&channel, taken)| taken.keys().map(move |&of| (channel, of)));
        all.any(|(channel, tenant)| self.is_full(channel, tenant))
    }

    pub(super) fn take(&mut self, channel: Channel, tenant: TenantId) {
        *self.0.entry(channel).or_default().entry(tenant).or_default() += 1;
    }

    pub(super) fn free(&mut self, channel: Channel, tenant: TenantId) {
        let Some(taken) = self.0.get_mut(&channel) else { return };
        if let Some(count) = taken.get_mut(&tenant) {
            *count = count.saturating_sub(1);
        }
        taken.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// Sends as much as a tenant may by mail. Returns how much that is.
    fn fill(slots: &mut Slots, tenant: TenantId) -> usize {
        let mut taken = 0;
        while !slots.is_full(Channel::Email, tenant) {
            slots.take(Channel::Email, tenant);
            taken += 1;
        }
        taken
    }

    #[test]
    fn a_tenant_leaves_as_many_slots_as_it_has_and_a_channel_takes_none_of_others() {
        let tenant = |number| TenantId::new(Uuid::from_u128(number));
        let mut slots = Slots::default();

        let shares = [1, 2, 3, 4, 5, 6].map(|number| fill(&mut slots, tenant(number)));

        assert_eq!(shares, [8, 4, 2, 1, 1, 0]);
        assert!(slots.are_full());
        assert!(!slots.is_full(Channel::Slack, tenant(1)));
        for _ in 0..8 {
            slots.free(Channel::Email, tenant(1));
        }
        assert_eq!(fill(&mut slots, tenant(6)), 4);
        assert!(!Slots::default().are_full());
    }
}
