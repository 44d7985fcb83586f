//! `code`: computes a value in JavaScript, in a sandbox that has neither I/O nor a clock; its output is what the code returns.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::keys::{Input, WithoutSecrets};
use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::{Keys, Plain, key, text, whole};
use crate::template::Template;
use crate::work::{Script, Task};

/// Maximum length of a source, in characters.
const SOURCE_CHARS_MAX: usize = 64 * 1024;
/// Milliseconds of CPU time that a source may take, at least and at most.
const CPU_MS: (u32, u32) = (10, 30_000);
const CPU_MS_DEFAULT: u32 = 1_000;

/// The keys of a code node.
#[derive(Clone, Debug)]
pub struct Code {
    /// What it computes.
    pub script: Arc<Script>,
    /// What the code reads as `input`.
    pub input: Template,
}

impl Code {
    pub(super) const ABOUT: About = About {
        name: "code",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Code",
        description: "Computes a value in JavaScript, without network, files or a clock. Its output is what the code returns.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "What the code returns." }),
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let source = keys.take(
            key("source", "Source", text().at_most(SOURCE_CHARS_MAX)).needed("a code node").prompt("Write the code").doc(
                "The body of a JavaScript function that reads `input` and returns the output. `${…}` in it is JavaScript, not a template.",
            ),
        );
        let why = "the input of code cannot use secrets, because what it returns is stored and shown";
        let input = keys.take(
            key("input", "Input", WithoutSecrets { reader: Input, why })
                .default(Plain::Object)
                .doc("What the code reads as `input`. Any JSON. Strings can be templates."),
        );
        let (min, max) = CPU_MS;
        let cpu = keys.take(
            key("cpu_ms", "CPU time", whole(min, max))
                .default(CPU_MS_DEFAULT)
                .doc("How many milliseconds of CPU time the code may take."),
        );
        let cpu_max = Duration::from_millis(cpu?.into());
        Some(Self { script: Arc::new(Script { source: source?.into(), cpu_max }), input: input? })
    }
}

fn example() -> Value {
    json!({
        "id": "totals", "name": "Add up", "type": "code",
        "source": "const total = input.lines.reduce((sum, line) => sum + line.quantity * line.price, 0);\nreturn { total };",
        "input": { "lines": "${trigger_data.lines}" },
    })
}

impl NodeKind for Code {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::call(Task::Code(Arc::clone(&self.script)), &self.input, context)
    }

    fn script(&self) -> Option<&Script> {
        Some(&self.script)
    }
}
