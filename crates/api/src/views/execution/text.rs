//! An execution as JSON text.

use super::{ExecutionView, Outputs, Summary};
use crate::views::text::{Text, Write, write_object};

impl Write for ExecutionView<'_> {
    fn write(&self, text: &mut Text) {
        write_object!(self to text: id, flow_id, flow_name, flow_version, status, waiting_for, retrying, recovered, ending_as, compensated,
            current_node_id, context_id, context_type, error_message, error_class, retry_of, retried_by, forked_from, fork_node_id, forks, parent_id, parent_node_id,
            runs_body, index, item, last, triggered_by, concurrency_key, priority, starts_at, trigger_data, created_at, started_at, completed_at, deadline, duration_seconds, duration_ms, seq, result,
            execution_data, usage, summary, node_executions);
    }
}

impl Write for Summary {
    fn write(&self, text: &mut Text) {
        write_object!(self to text: total_nodes, completed_nodes, failed_nodes, pending_nodes, running_nodes,
            skipped_nodes, cancelled_nodes);
    }
}

impl Write for Outputs<'_> {
    fn write(&self, text: &mut Text) {
        text.push_str("{");
        for (place, (node, output)) in self.0.iter().enumerate() {
            if place > 0 {
                text.push_str(",");
            }
            node.write(text);
            text.push_str(":");
            output.write(text);
        }
        text.push_str("}");
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use steadflow_core::execution::ExecutionStatus;
    use steadflow_core::failure::ErrorClass;
    use steadflow_core::ids::{ExecutionId, FlowId};
    use steadflow_core::payload::Payload;
    use steadflow_core::timestamp::Timestamp;
    use steadflow_core::usage::UsageSum;
    use uuid::Uuid;

    use super::*;
    use crate::views::node::WaitingFor;
    use crate::views::shown::{Place, Preview, Shown};

    fn accepted() -> ExecutionView<'static> {
        ExecutionView {
            id: ExecutionId::new(Uuid::from_u128(7)),
            flow_id: FlowId::new(Uuid::max()),
            flow_name: "",
            flow_version: 1,
            status: ExecutionStatus::Pending.into(),
            waiting_for: None,
            retrying: false,
            recovered: false,
            ending_as: None,
            compensated: Vec::new(),
            current_node_id: None,
            context_id: None,
            context_type: None,
            error_message: None,
            error_class: None,
            retry_of: None,
            retried_by: &[],
            forked_from: None,
            fork_node_id: None,
            forks: &[],
            parent_id: None,
            parent_node_id: None,
            runs_body: false,
            index: None,
            item: None,
            last: None,
            triggered_by: "api",
            concurrency_key: None,
            priority: 0,
            starts_at: None,
            trigger_data: Shown::Whole(Cow::Owned(Payload::null())),
            created_at: Timestamp::from_micros(0).into(),
            started_at: None,
            completed_at: None,
            deadline: None,
            duration_seconds: None,
            duration_ms: None,
            seq: 1,
            result: None,
            execution_data: Outputs(Vec::new()),
            usage: UsageSum::default().into(),
            summary: Summary::default(),
            node_executions: Vec::new(),
        }
    }

    fn whole(value: &Payload) -> Shown<'_> {
        Shown::Whole(Cow::Borrowed(value))
    }

    fn preview(value: &Payload) -> Shown<'_> {
        let id = ExecutionId::new(Uuid::nil());
        Shown::Preview(Box::new(Preview::new(id, Place::Result, value.len(), value.as_str())))
    }

    #[test]
    fn text_is_what_serde_writes() {
        let outputs = ["[19.90]", "null"].map(|text| Payload::parse(text.to_owned()).unwrap());
        let retries = [ExecutionId::new(Uuid::nil()), ExecutionId::new(Uuid::from_u128(8))];
        let at = |micros| Some(Timestamp::from_micros(micros).into());
        let full = ExecutionView {
            flow_name: "Say \"it\"",
            waiting_for: Some(WaitingFor::Slot),
            retrying: true,
            recovered: true,
            ending_as: Some(ExecutionStatus::Failed.into()),
            compensated: vec!["a", "b"],
            current_node_id: Some("a\\b"),
            context_id: Some("ü"),
            context_type: Some("order"),
            error_message: Some("line\nline".into()),
            error_class: Some(ErrorClass::Timeout.into()),
            retry_of: Some(ExecutionId::new(Uuid::max())),
            retried_by: &retries,
            forked_from: Some(ExecutionId::new(Uuid::from_u128(6))),
            fork_node_id: Some("a"),
            forks: &retries,
            parent_id: Some(ExecutionId::new(Uuid::from_u128(9))),
            parent_node_id: Some("each"),
            runs_body: true,
            index: Some(7),
            item: Some(whole(&outputs[0])),
            last: Some(preview(&outputs[1])),
            started_at: at(1_795_773_600_000_001),
            completed_at: at(-1),
            deadline: at(Timestamp::MAX.as_micros()),
            duration_seconds: Some(1.07),
            duration_ms: Some(1_070),
            result: Some(whole(&outputs[0])),
            execution_data: Outputs(vec![("a", whole(&outputs[0])), ("b \"c\"", preview(&outputs[1]))]),
            summary: Summary { total_nodes: 2, completed_nodes: 1, ..Summary::default() },
            ..accepted()
        };

        for view in [accepted(), full] {
            assert_eq!(view.to_json(), serde_json::to_string(&view).unwrap());
        }
    }
}
