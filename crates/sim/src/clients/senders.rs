//! Events from outside: they are sent at any moment, and delivered late and twice.

use std::time::Duration;

use serde_json::json;
use steadflow_core::external_event::ExternalEvent;
use steadflow_core::ids::TenantId;
use steadflow_core::inbox::Signal;
use steadflow_core::payload::Payload;
use uuid::Uuid;

use crate::flows::{ABOUT, EVENT};
use crate::mutation::Mutation;
use crate::world::{Happening, World};

impl World {
    /// Plans when events are sent.
    pub(crate) fn plan_events(&mut self, heal_after: Duration) {
        for _ in 0..20 {
            let after = self.approvers.millis(1, 90_000).min(heal_after);
            self.after(after, Happening::Event);
        }
        self.after(heal_after, Happening::Events);
    }

    /// Now and then, an event is sent just before or after a wait for it is over.
    pub(crate) fn plans_late_event(&mut self, correlation: Option<&str>, left: Duration) {
        let about = correlation.and_then(|about| about.parse().ok());
        if let Some(about) = about.filter(|_| self.approvers.happens(400)) {
            let after =
                (left + self.approvers.millis(0, 200)).saturating_sub(self.approvers.millis(0, 1_000));
            self.after(after, Happening::EventAbout(about));
        }
    }

    /// Somebody sends an event. It is delivered later, and again where the one that delivered it died.
    pub(crate) fn sends_event(&mut self) -> Result<(), String> {
        let about = *self.approvers.pick(&ABOUT).unwrap_or(&0);
        self.event_is_sent(about)
    }

    pub(crate) fn event_is_sent(&mut self, about: u64) -> Result<(), String> {
        self.clients.events += 1;
        let number = self.clients.events;
        let event = ExternalEvent {
            id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number),
            tenant: TenantId::DEFAULT,
            name: EVENT.into(),
            correlation: Some(about.to_string().into()),
            key: None,
            data: Payload::from_value(&json!({ "n": about })),
            at: self.now,
        };
        self.note(format_args!("event {number} about {about} is stored"));
        self.store.put_event_now(event.clone(), self.now).map_err(|error| error.to_string())?;
        self.checker.event_is_stored(event.clone());
        for _ in 0..self.approvers.between(1, 2) {
            let after = self.approvers.millis(0, 3_000);
            self.after(after, Happening::Deliver(Box::new(event.clone())));
        }
        Ok(())
    }

    /// An event is given to all who wait for it, as the engine does.
    pub(crate) fn delivers(&mut self, event: &ExternalEvent) -> Result<(), String> {
        let waits = self.store.event_waits_now(event, None, usize::MAX).map_err(|error| error.to_string())?;
        for wait in waits {
            self.note(format_args!("event {} is given to {}", event.id, wait.execution));
            let signal = Signal::EventArrived { node: wait.node_id.clone(), event: Box::new(event.clone()) };
            if !(self.breaks(Mutation::EventLost) && self.approvers.happens(500)) {
                self.send(TenantId::DEFAULT, wait.execution, &signal)?;
            }
            self.store.delete_event_wait_now(&wait).map_err(|error| error.to_string())?;
        }
        self.checker.event_is_delivered(event, self.now);
        self.store.event_delivered_now(event.id).map_err(|error| error.to_string())
    }

    /// When everything is healed: what is still waited for comes.
    pub(crate) fn what_is_waited_for_comes(&mut self) -> Result<(), String> {
        if self.checker.unfinished().any(|story| story.awaits_some_event()) {
            for about in ABOUT {
                self.event_is_sent(about)?;
            }
        }
        self.after(Duration::from_secs(30), Happening::Events);
        Ok(())
    }
}
