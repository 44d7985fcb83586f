//! Inputs for an execution that come from outside its owner: from another process, or from another execution.
//!
//! A [`Signal`] is stored in the same transaction as what caused it; the owner of the execution takes it in with its next
//! commit. For an execution whose values are encrypted, one that has values is encrypted as a whole. A stored format: names and
//! shapes here must always stay readable.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::approval::Answer;
use crate::caller::Actor;
use crate::event::{ChildEnd, Resolution};
use crate::external_event::ExternalEvent;
use crate::ids::{ExecutionId, NodeId, NodeIndex};
use crate::sensitive::Cipher;

/// A stored input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// End the execution.
    Cancel {
        /// What to say of it.
        message: Arc<str>,
        /// Who asked.
        by: Actor,
    },
    /// End the execution without undoing the rest of what it did.
    StopCompensation {
        /// Who asked.
        by: Actor,
    },
    /// Start nothing new.
    Pause {
        /// Who asked.
        by: Actor,
    },
    /// Start things again.
    Resume {
        /// Who asked.
        by: Actor,
    },
    /// Start things again, if it is paused because everything of its tenant was.
    ResumeWithAll {
        /// Who asked.
        by: Actor,
    },
    /// End a backoff.
    RetryNow {
        /// The node that waits.
        node: NodeId,
        /// Who asked.
        by: Actor,
    },
    /// Settle a node that waits for a decision.
    Resolve {
        /// The node.
        node: NodeId,
        /// What was decided.
        resolution: Resolution,
        /// By whom.
        by: Actor,
    },
    /// Approve or reject a call.
    Approve {
        /// The node.
        node: NodeId,
        /// What was decided.
        answer: Answer,
        /// By whom.
        by: Actor,
    },
    /// An event came that a node waits for.
    EventArrived {
        /// The node.
        node: NodeId,
        /// The event.
        event: Box<ExternalEvent>,
    },
    /// Another execution takes the session of a node.
    Interrupt {
        /// The node.
        node: NodeId,
        /// That execution.
        by: ExecutionId,
    },
    /// A child execution ended.
    ChildEnded {
        /// The node that started it.
        node: NodeIndex,
        /// Its number among the node's children.
        child: u32,
        /// How it ended.
        end: ChildEnd,
    },
}

/// A signal with the execution that it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    /// The execution.
    pub to: ExecutionId,
    /// What it is to take in.
    pub signal: Signal,
}

impl Signal {
    /// Returns it as it is stored for the execution `to`, which has its values encrypted by `cipher`, if it has that.
    pub fn to_stored(&self, to: ExecutionId, cipher: Option<&dyn Cipher>) -> String {
        let plain = serde_json::to_string(self).expect("a signal has string keys only");
        let Some(cipher) = cipher.filter(|_| self.has_values()) else { return plain };
        let encrypted = EncryptedSignal { key: cipher.key(), text: cipher.encrypt(to, &plain).into() };
        serde_json::to_string(&Envelope { encrypted }).expect("an envelope has string keys only")
    }

    /// Returns whether it can have data of executions.
    const fn has_values(&self) -> bool {
        match self {
            Self::Resolve { .. }
            | Self::Approve { .. }
            | Self::EventArrived { .. }
            | Self::ChildEnded { .. } => true,
            Self::Cancel { .. }
            | Self::StopCompensation { .. }
            | Self::Pause { .. }
            | Self::Resume { .. }
            | Self::ResumeWithAll { .. }
            | Self::RetryNow { .. }
            | Self::Interrupt { .. } => false,
        }
    }
}

/// What is stored of an encrypted signal. No signal has this name.
#[derive(Serialize, Deserialize)]
struct Envelope {
    encrypted: EncryptedSignal,
}

/// A signal that can be read by the execution alone that it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptedSignal {
    /// The key of its tenant.
    key: Uuid,
    text: Arc<str>,
}

/// Why a signal cannot be decrypted.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The execution is not encrypted, or with another key.
    #[error("the input is encrypted with the key {0}, and its execution is not")]
    OtherKey(Uuid),
    /// It is for another execution, or was changed.
    #[error("the input cannot be decrypted: it was changed, or is for another execution")]
    Changed,
    /// What it says is not known here.
    #[error(transparent)]
    Unknown(#[from] serde_json::Error),
}

impl EncryptedSignal {
    /// Decrypts it for the execution `to`.
    ///
    /// # Errors
    /// [`Unreadable`] says why not.
    pub fn decrypt(&self, to: ExecutionId, cipher: Option<&dyn Cipher>) -> Result<Signal, Unreadable> {
        let cipher =
            cipher.filter(|cipher| cipher.key() == self.key).ok_or(Unreadable::OtherKey(self.key))?;
        let text = cipher.decrypt(to, &self.text).ok_or(Unreadable::Changed)?;
        Ok(serde_json::from_str(&text)?)
    }
}

/// A signal as it was found.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredSignal {
    /// It can be read.
    Plain(Signal),
    /// Its execution can read it.
    Encrypted(EncryptedSignal),
}

impl StoredSignal {
    /// Reads what [`Signal::to_stored`] has written.
    ///
    /// # Errors
    /// If it is something else, such as a signal of a newer version.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        if text.starts_with("{\"encrypted\":") {
            serde_json::from_str(text).map(|Envelope { encrypted }| Self::Encrypted(encrypted))
        } else {
            serde_json::from_str(text).map(Self::Plain)
        }
    }
}
