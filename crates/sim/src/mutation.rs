//! Deliberately broken engines. Each breaks one rule; the checker must catch every one of them, or it is worth little.
//!
//! They break the shell around [`steadflow_runtime::Worker`] — what the driver does with its questions, batches, actions
//! and answers — since that is where the rules are kept or lost.

macro_rules! mutations {
    ($($(#[$doc:meta])* $variant:ident,)*) => {
        /// A rule that is broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutation {
            $($(#[$doc])* $variant,)*
        }

        impl Mutation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns whether only two processes that share the work can show it.
            pub(crate) const fn needs_two(self) -> bool {
                matches!(self, Self::PermitsNotShared | Self::SlotsNotClaimed | Self::FreeSlotsNotSeen)
            }
        }
    };
}

mutations! {
    /// A batch counts as committed before it has reached the disk.
    EffectBeforeCommit,
    /// The store writes for a worker that was fenced.
    NoFence,
    /// A worker takes over executions while their owner is alive.
    TakeOverFromTheLiving,
    /// A parked execution is stored without the time at which it is due.
    TimerNotStored,
    /// The result of an attempt that is over is taken for the one that runs.
    LateResultApplied,
    /// A worker that takes over does not say so, and waits for attempts that died with their process.
    NoAdoption,
    /// Some commits are acknowledged and lost.
    CommitLost,
    /// A commit of unknown outcome is treated as if it had failed.
    UnknownTreatedAsFailed,
    /// A commit that is refused for ever is tried again like one that may succeed.
    RefusedAgainAndAgain,
    /// A failed attempt is handed back as if we had stopped it, so that it does not count.
    FailureNotCounted,
    /// After a restart an execution runs on the newest version of its flow.
    WrongVersion,
    /// An execution that has ended is driven on from its last record but one.
    EndedTwice,
    /// The flow's timeout is not looked at.
    DeadlineIgnored,
    /// Idempotency keys are not stored.
    KeyNotStored,
    /// Attempts are started twice.
    AttemptStartedTwice,
    /// Timers fire a second early.
    EarlyTimers,
    /// Timers wake no process.
    NoTimers,
    /// What is parked is never looked for after a restart.
    DueNotAsked,
    /// Slots that were taken before a restart are forgotten.
    SlotsForgotten,
    /// Two processes count slots each for itself.
    SlotsNotClaimed,
    /// What protects an agent is kept to by each process for itself.
    PermitsNotShared,
    /// A process does not learn that others have freed slots.
    FreeSlotsNotSeen,
    /// Work is not stopped when its attempt is over.
    StopIgnored,
    /// Some turns that may take long never come to an end.
    LongTurnLost,
    /// A snapshot leaves the last record out.
    SnapshotTooShort,
    /// The store forgets some long records.
    LongRecordLost,
    /// Orphaned executions are looked for at the start only.
    OrphansNotLookedFor,
    /// Executions are taken over from owners whose lease goes on.
    OrphansOfTheLiving,
    /// The lease is not renewed.
    LeaseNotRenewed,
    /// A worker that cannot renew its lease goes on as if it had.
    LostLeaseIgnored,
    /// What is stored in the inbox is not read.
    InboxNotRead,
    /// An input is not deleted with the commit that takes it in.
    TakesNotCommitted,
    /// It goes unnoticed that another worker has taken an input in.
    GoneIgnored,
    /// Some inputs of the inbox are discarded although something would follow from them.
    InputDiscarded,
    /// What a commit sends to other executions is stored before that commit.
    SentBeforeCommit,
    /// A session is left, and the turn of the node that completed in it is not added.
    TurnOfSessionLost,
    /// Nodes that end do not leave their sessions.
    SessionNotLeft,
    /// The summary of a session is not stored with the end of the call that wrote it.
    SummaryNotStored,
    /// The end of a child that does a call is stored without the end of the call.
    FlowResultLost,
    /// An execution that is loaded has forgotten which calls its children do.
    FlowCallForgotten,
    /// A task of a server is waited for without being stored.
    TaskNotStored,
    /// An execution that is loaded has forgotten the tasks that servers have begun for its calls.
    TaskForgotten,
    /// The end of a child is not sent to its parent.
    ChildEndLost,
    /// The end of a child reaches its parent as a success.
    ChildEndChanged,
    /// The result of a child reaches its parent as another one.
    ChildResultChanged,
    /// A cancel is not passed down to children.
    CancelNotPassedDown,
    /// A child is accepted without its parent's deadline.
    DeadlineNotPassedDown,
    /// A child is accepted a second time, under another id.
    ChildAcceptedTwice,
    /// Children run the newest version of their flow.
    ChildrenNotPinned,
    /// Agents are asked as they are now.
    AgentNotPinned,
    /// Children that are taken over from a lost worker are not driven.
    OrphanedChildrenLost,
    /// An execution that is loaded has forgotten which steps of its running nodes ended.
    StepsForgotten,
    /// An execution that is loaded takes interruptions for failures of its peers.
    InterruptionsForgotten,
    /// The result of a step never reaches the execution.
    StepResultLost,
    /// An execution that is loaded has forgotten that a model refused, and that another one was asked.
    RefusalForgotten,
    /// What a model asks for is called before its answer is stored.
    TurnNotStored,
    /// No judge is asked about the output of an agent.
    JudgeSkipped,
    /// A call is made before its approval is stored.
    ApprovalNotStored,
    /// A decision on a call is taken in twice.
    ApprovalTakenTwice,
    /// An execution that is loaded has forgotten what was decided on calls that have not begun.
    ApprovalForgotten,
    /// An event is given to some of those who wait for it.
    EventLost,
    /// A wait whose time is over ends although an event may have been stored in time.
    EventNotLookedFor,
    /// A decision counts whatever the arguments were that the person saw.
    HashNotCompared,
    /// Edited arguments are not stored with the decision.
    EditNotStored,
    /// An execution that is loaded has forgotten what is reserved for calls whose answers were lost.
    BudgetNotReserved,
    /// An execution that is loaded has forgotten what calls may use of its budget that nobody has heard of since.
    ReservationForgotten,
    /// An execution ends without undoing its work.
    WorkNotUndone,
    /// That an execution undoes its work is not stored.
    UndoingNotStored,
    /// What is drawn from the budgets of agents is not stored.
    DrawNotStored,
}
