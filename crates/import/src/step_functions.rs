//! State machines of AWS Step Functions, in the Amazon States Language.
//!
//! A state is given the data of the one before and changes it: it selects, calls, and puts what came back into the data. Here, a node
//! reads the outputs of those before it. So what the data of a state is, is followed through the machine, and each path is read where its
//! value is. What AWS services do is listed: there is no node for them.

mod choice;
mod errors;
mod path;
mod states;
mod tasks;
mod values;
mod walk;

use serde_json::Value;

use crate::data::Data;
use crate::error::ImportError;
use crate::graph::{Draft, Ids, node};
use crate::read::text;
use crate::report::{About, Report};
use walk::Known;

/// States of a file. A flow has at most as many nodes.
const STATES_MAX: usize = 900;

/// A walk through a machine.
pub(super) struct Walk<'w> {
    pub(super) ids: Ids,
    pub(super) report: &'w mut Report,
    /// Whether expressions are JSONata where a state says nothing.
    is_jsonata: bool,
    /// How many bodies of `Map` states are around.
    maps: usize,
    count: usize,
}

impl Walk<'_> {
    /// Counts states, of all machines of the file.
    fn count(&mut self, states: usize, pointer: &str) -> Result<(), ImportError> {
        self.count += states;
        if self.count > STATES_MAX {
            let message = format!(
                "the machine has more than {STATES_MAX} states, which is more than a flow may have nodes"
            );
            return Err(ImportError::shape(format!("{pointer}/States"), message));
        }
        Ok(())
    }
}

/// Makes a draft of the machine in `file`.
pub(crate) fn drafts(file: &Value, name: &str, report: &mut Report) -> Result<Vec<Draft>, ImportError> {
    let mut draft = Draft {
        name: name.to_owned(),
        description: text(file, "Comment").unwrap_or_default().to_owned(),
        ..Draft::default()
    };
    if let Some(Value::Number(seconds)) = file.get("TimeoutSeconds") {
        draft.settings.insert("timeout_seconds".to_owned(), Value::Number(seconds.clone()));
    }
    let mut walk = Walk { ids: Ids::default(), report, is_jsonata: false, maps: 0, count: 0 };
    let start = walk.ids.next("start");
    draft.graph.node(node(&start, "Start", "trigger"));
    let known = Known::of(Data::expression("trigger_data"));
    let ends = walk.machine(file, "", &known, Some((&start, None)), &mut draft.graph)?;
    let about = About::new("", "");
    let can_say = |end: &walk::End| end.data.to_value().is_ok();
    if ends.iter().all(can_say) {
        walk.result(&ends, "machine", &about, &mut draft.graph);
    } else {
        let what =
            "the result of the flow is what its last nodes return; that of the machine also had other fields";
        walk.report.note(&about, "", "result", what);
    }
    // Names in braces are filled in when a machine is deployed.
    if file.to_string().contains("\"${") {
        walk.report.note(
            &about,
            "",
            "substitution",
            "`${…}` in it is filled in when the machine is deployed, and is plain text here",
        );
    }
    Ok(vec![draft])
}
