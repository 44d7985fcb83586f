//! [`Schedules`] for [`MemoryStore`].

use steadflow_core::ids::{FlowId, NodeId};

use super::{MemoryStore, at_once};
use crate::{ScheduleRecord, Schedules, StoreError, StoreFuture};

impl MemoryStore {
    fn schedules_now(&self) -> Result<Vec<ScheduleRecord>, StoreError> {
        Ok(self.open()?.schedules.values().cloned().collect())
    }

    fn put_schedule_now(&self, schedule: ScheduleRecord) -> Result<(), StoreError> {
        self.open()?.schedules.insert((schedule.flow, schedule.node.clone()), schedule);
        Ok(())
    }

    fn delete_schedule_now(&self, flow: FlowId, node: NodeId) -> Result<(), StoreError> {
        self.open()?.schedules.remove(&(flow, node));
        Ok(())
    }
}

impl Schedules for MemoryStore {
    fn schedules(&self) -> StoreFuture<'_, Vec<ScheduleRecord>> {
        at_once(self.schedules_now())
    }

    fn put_schedule(&self, schedule: ScheduleRecord) -> StoreFuture<'_, ()> {
        at_once(self.put_schedule_now(schedule))
    }

    fn delete_schedule(&self, flow: FlowId, node: NodeId) -> StoreFuture<'_, ()> {
        at_once(self.delete_schedule_now(flow, node))
    }
}
