//! Every bound of a flow and an execution, in one place. `docs/reference/limits.md` shows them to users.

use std::time::Duration;

/// Faults of a document that are named. Further ones are counted.
pub const FAULTS_MAX: usize = 200;

/// Characters of the message of a fault.
pub const FAULT_CHARS_MAX: usize = 2_000;

/// Bytes of the JSON pointer of a fault. One of a place further inside is the pointer of what is around it.
pub const POINTER_BYTES_MAX: usize = 1_000;

/// Headers of an HTTP request. The client has no room for more than some 30,000.
pub const HEADERS_MAX: usize = 1_000;

/// Names in the query of an HTTP request.
pub const PARAMETERS_MAX: usize = 1_000;

/// Places of the input in the instructions of a skill.
pub const PLACES_MAX: usize = 500;

/// Models that are asked if the first one of an agent cannot answer.
pub const FALLBACKS_MAX: usize = 5;

/// Bounds on what a document may ask for and what a node may return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nodes a flow.
    pub nodes_max: usize,
    /// Edges a flow.
    pub edges_max: usize,
    /// Bytes of one node's output, as JSON text.
    pub output_bytes_max: usize,
    /// Bytes of one resolved node input, as JSON text.
    pub input_bytes_max: usize,
    /// Bytes of data that an execution may hold: what it was started with, and the inputs, outputs and results of all its
    /// nodes, as JSON text.
    pub execution_bytes_max: usize,
    /// Bytes of data after which a decision ends, and the execution goes on in its next turn. One node's input and output
    /// can come on top.
    pub decision_bytes: usize,
    /// Bytes of data that a node may start child executions with at once.
    pub children_bytes_max: usize,
    /// Characters of a flow's name, its category and each of its tags, and of a node's id and name.
    pub name_chars_max: usize,
    /// Characters of a flow's description.
    pub description_chars_max: usize,
    /// Tags of a flow.
    pub tags_max: usize,
    /// Characters of `context_type_default`.
    pub context_chars_max: usize,
    /// Nesting of any JSON from outside.
    pub json_depth_max: usize,
    /// Characters of one expression.
    pub expression_chars_max: usize,
    /// Expressions of a document.
    pub expressions_max: usize,
    /// Characters of all expressions of a document. A compiled one takes up to 270 bytes for each.
    pub expressions_chars_max: usize,
    /// Regular expressions in the expressions of a document. A compiled one takes up to 256 KiB.
    pub patterns_max: usize,
    /// Bytes of the JSON pointer of a string with expressions, within its node.
    pub expression_pointer_bytes_max: usize,
    /// Instructions of one expression's evaluation.
    pub expression_fuel: u64,
    /// Steps that all expressions of one node take together: one for an instruction, or for 64 bytes that are copied or
    /// walked over.
    pub node_fuel: u64,
    /// Steps after which a decision ends, and the execution goes on in its next turn.
    pub decision_fuel: u64,
    /// Automatic retries of a node (`retry_count`).
    pub retry_count_max: u32,
    /// Characters of an error message that are kept.
    pub error_message_chars_max: usize,
    /// Items of a `map`.
    pub items_max: usize,
    /// Child executions that one node may start, in all its attempts.
    pub children_max: usize,
    /// How many executions may be above one another.
    pub child_depth_max: u16,
    /// The longest delay, timeout or interval a document may name.
    pub wait_max: Duration,
}

impl Limits {
    /// What holds unless the operator says otherwise.
    pub const DEFAULT: Self = Self {
        nodes_max: 1_000,
        edges_max: 5_000,
        output_bytes_max: 1024 * 1024,
        input_bytes_max: 4 * 1024 * 1024,
        execution_bytes_max: 16 * 1024 * 1024,
        decision_bytes: 512 * 1024,
        children_bytes_max: 16 * 1024 * 1024,
        name_chars_max: 200,
        description_chars_max: 10_000,
        tags_max: 50,
        context_chars_max: 1_000,
        json_depth_max: 128,
        expression_chars_max: 4_096,
        expressions_max: 10_000,
        expressions_chars_max: 200_000,
        patterns_max: 200,
        expression_pointer_bytes_max: POINTER_BYTES_MAX,
        expression_fuel: 50_000,
        node_fuel: 400_000,
        decision_fuel: 50_000,
        retry_count_max: 10,
        error_message_chars_max: 2_000,
        items_max: 10_000,
        children_max: 50_000,
        child_depth_max: 16,
        wait_max: Duration::from_secs(10 * 366 * 24 * 60 * 60),
    };

    /// Returns the same without bounds on what a document may ask for: those count when it is saved, not when it is read
    /// again. What a node may do stays bounded.
    #[must_use]
    pub const fn lifted(self) -> Self {
        Self {
            nodes_max: usize::MAX,
            edges_max: usize::MAX,
            name_chars_max: usize::MAX,
            description_chars_max: usize::MAX,
            tags_max: usize::MAX,
            context_chars_max: usize::MAX,
            // No stored JSON can be deeper, and expressions keep this bound for what they make.
            json_depth_max: Self::DEFAULT.json_depth_max,
            expression_chars_max: usize::MAX,
            expressions_max: usize::MAX,
            expressions_chars_max: usize::MAX,
            patterns_max: usize::MAX,
            expression_pointer_bytes_max: usize::MAX,
            retry_count_max: u32::MAX,
            wait_max: Duration::MAX,
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
