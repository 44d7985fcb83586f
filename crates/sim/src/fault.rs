//! What can go wrong, how often it does in a run, and how often it did.

use std::collections::BTreeMap;

use crate::rng::Rng;

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident = $per_mille:literal,)*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $($(#[$doc])* $variant,)*
        }

        impl Fault {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// In how many of 1,000 chances it strikes, in a run that plans it.
            const fn per_mille(self) -> u64 {
                match self { $(Self::$variant => $per_mille),* }
            }
        }
    };
}

faults! {
    /// The process dies before its batch reaches the disk.
    CrashBeforeCommit = 18,
    /// The process dies when its batch is on disk and before it learns of it.
    CrashAfterCommit = 18,
    /// The process dies between two events.
    CrashBetween = 2,
    /// It is unknown whether the batch is on disk; it is.
    UnknownWritten = 16,
    /// It is unknown whether the batch is on disk; it is not.
    UnknownLost = 16,
    /// The disk is full.
    Full = 40,
    /// The database fails cleanly.
    DatabaseFailure = 40,
    /// What an execution decides is refused for ever.
    RefusedForEver = 30,
    /// A commit takes seconds.
    SlowCommit = 60,
    /// The store's answer to anything else takes half a second.
    SlowAnswer = 15,
    /// The process stands still for up to three lease times, and may be replaced meanwhile.
    Standstill = 120,
    /// The process is asked to stop, and another follows it.
    Shutdown = 120,
    /// A timer's wake-up does not come until something else happens.
    LostWakeUp = 15,
    /// A timer's wake-up comes early, and again.
    DoubledWakeUp = 20,
    /// An attempt's result comes although its work was stopped or its process died.
    LateResult = 500,
    /// An attempt's result comes twice.
    DoubledResult = 100,
    /// The next process reads another wall clock, a few seconds off.
    ClockStep = 400,
    /// A peer does not answer.
    HangingPeer = 60,
    /// A peer answers after many seconds.
    SlowPeer = 80,
    /// A peer fails.
    FailingPeer = 250,
    /// A parked execution cannot be read at the first try.
    FailingLoad = 200,
    /// A look for due timers fails.
    FailingDue = 200,
    /// The lease cannot be renewed for up to half a minute: the database says no, or nothing.
    FailingRenewals = 120,
    /// A look for orphaned executions fails.
    FailingOrphans = 60,
    /// The inbox cannot be read, or nothing be deleted from it.
    FailingInbox = 6,
}

/// The faults of one run.
#[derive(Debug)]
pub(crate) struct Faults {
    planned: BTreeMap<Fault, u64>,
    rng: Rng,
    is_healed: bool,
}

impl Faults {
    /// Plans about half of all kinds.
    pub(crate) fn new(mut rng: Rng) -> Self {
        let planned = Fault::ALL.iter().filter(|_| rng.happens(500)).map(|fault| (*fault, 0)).collect();
        Self { planned, rng, is_healed: false }
    }

    /// Returns whether `fault` strikes here.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        if self.is_healed {
            return false;
        }
        let Some(fired) = self.planned.get_mut(&fault) else { return false };
        let strikes = self.rng.happens(fault.per_mille());
        *fired += u64::from(strikes);
        strikes
    }

    /// Nothing goes wrong from here on.
    pub(crate) const fn heal(&mut self) {
        self.is_healed = true;
    }

    pub(crate) const fn is_healed(&self) -> bool {
        self.is_healed
    }

    /// How often each planned kind struck.
    pub(crate) fn into_counts(self) -> BTreeMap<Fault, u64> {
        self.planned
    }
}
