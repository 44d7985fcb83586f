//! Executions that start others: `map`, `loop` and `subflow`, with all their children run to their ends.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, Record};
use steadflow_core::execution::{
    Decision, Effect, Execution, ExecutionStatus, FlowVersion, Input, NewExecution, Pinned, RetryMode,
};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{ExecutionId, FlowId, NodeIndex, TenantId};
use steadflow_core::inbox::Sending;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{Outcome, Work};
use uuid::Uuid;

use super::support::{START, accepted, version};

/// Some executions, which run until nothing follows. Calls return their input, or fail where they are told to.
struct World {
    executions: BTreeMap<ExecutionId, (Execution, Vec<Record>)>,
    /// In the order in which they were accepted.
    order: Vec<ExecutionId>,
    inputs: VecDeque<(ExecutionId, Input)>,
    /// How often a call with this input still fails.
    failing: BTreeMap<String, u32>,
    /// Calls with this input are not answered.
    held: Vec<String>,
    /// The inputs of all calls.
    calls: Vec<String>,
    /// Children that have not ended, and the most at once.
    open: usize,
    open_most: usize,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        Self {
            executions: BTreeMap::new(),
            order: Vec::new(),
            inputs: VecDeque::new(),
            failing: BTreeMap::new(),
            held: Vec::new(),
            calls: Vec::new(),
            open: 0,
            open_most: 0,
            now: START,
        }
    }

    fn start(&mut self, pinned: impl Into<Pinned>, accepted: Accepted) -> &Execution {
        self.start_as(ExecutionId::new(Uuid::from_u128(7)), pinned, accepted)
    }

    fn start_as(&mut self, id: ExecutionId, pinned: impl Into<Pinned>, accepted: Accepted) -> &Execution {
        self.accept(NewExecution { id, pinned: pinned.into(), accepted });
        self.run();
        self.root()
    }

    fn accept(&mut self, new: NewExecution) {
        let NewExecution { id, pinned, accepted } = new;
        self.open += usize::from(accepted.parent.is_some());
        self.open_most = self.open_most.max(self.open);
        let mut decision = Decision::default();
        let mut execution = Execution::accept(id, pinned, accepted, self.now, &mut decision);
        let record = execution.seal(&mut decision, self.now);
        assert!(self.executions.insert(id, (execution, vec![record])).is_none(), "{id} exists already");
        self.order.push(id);
        self.inputs.push_back((id, Input::Start));
    }

    fn run(&mut self) {
        while let Some((id, input)) = self.inputs.pop_front() {
            self.put(id, input);
        }
    }

    fn put(&mut self, id: ExecutionId, input: Input) {
        let (execution, journal) = self.executions.get_mut(&id).expect("it was accepted");
        let mut decision = Decision::default();
        if execution.decide(input, self.now, &mut decision).is_err() || decision.is_empty() {
            return;
        }
        journal.push(execution.seal(&mut decision, self.now));
        if execution.accepted().parent.is_some() && execution.status().is_finished() {
            self.open -= 1;
        }
        decision.children.drain(..).for_each(|child| self.accept(child));
        self.inputs.extend(decision.signals.drain(..).map(|Sending { to, signal }| (to, signal.into())));
        for effect in decision.effects.drain(..) {
            if let Effect::StartStep(work) = effect {
                self.call(id, &work);
            }
        }
    }

    fn call(&mut self, id: ExecutionId, work: &Work) {
        let key = work.input.as_str().to_owned();
        self.calls.push(key.clone());
        if self.held.contains(&key) {
            return;
        }
        let outcome = match self.failing.get_mut(&key).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                Outcome::failed(Failure::new(ErrorClass::Rejected, format!("no {key}")))
            }
            None => Outcome::completed(work.input.clone()),
        };
        self.inputs.push_back((id, Input::StepEnded { call: work.key(), outcome }));
    }

    /// Retries the first execution from where it failed, on `flow`. Whether its children are still stored is said by `knows`.
    fn retry(&self, flow: &Arc<FlowVersion>, knows: impl Fn(ExecutionId) -> bool) -> Self {
        let mut plan = self.root().retry_plan(RetryMode::FromFailed, flow);
        while let Some(child) = plan.wanted() {
            plan.add(self.executions.get(&child).filter(|_| knows(child)).map(|(child, _)| child));
        }
        let accepted = self.root().retried(plan, None, Actor::USER, "w2".into());
        let text = serde_json::to_string(&accepted).expect("an acceptance can be written");
        assert_eq!(serde_json::from_str::<Accepted>(&text).expect("it can be read"), accepted);
        let mut world = Self { failing: self.failing.clone(), now: self.now, ..Self::new() };
        let pinned = Pinned { flow: Arc::clone(flow), ..self.root().pinned() };
        world.start_as(ExecutionId::new(Uuid::from_u128(8)), pinned, accepted);
        world
    }

    /// What was called since it began, by its input.
    fn calls(&self) -> String {
        self.calls.join(" ")
    }

    fn root(&self) -> &Execution {
        &self.executions[&self.order[0]].0
    }

    fn children(&self) -> impl Iterator<Item = &Execution> {
        self.order[1..].iter().map(|id| &self.executions[id].0)
    }

    /// Ends with how the first execution ended. All journals give the state that they were written for.
    fn end(&self) -> String {
        for (id, (execution, journal)) in &self.executions {
            let text = serde_json::to_string(journal).expect("records can be written");
            let journal: Vec<Record> = serde_json::from_str(&text).expect("records can be read");
            let replayed = Execution::replay(*id, execution.pinned(), journal).expect("its journal fits");
            assert_eq!(replayed.nodes().len(), execution.nodes().len());
            assert_eq!(replayed.data_bytes(), execution.data_bytes());
            for (one, other) in replayed.nodes().iter().zip(execution.nodes()) {
                assert_eq!(one.state, other.state, "{id}");
                assert_eq!(one.children().open(), other.children().open(), "{id}");
            }
        }
        let root = self.root();
        let result = root.result().map(|result| result.as_str().to_owned());
        let error = root.error().map(|error| format!("{:?}: {}", error.class, error.message));
        result.or(error).unwrap_or_else(|| root.status().to_string())
    }
}

/// A flow with one node before, which returns the trigger data, and `node`.
fn flow(node: &Value) -> Value {
    let data = json!({ "id": "data", "type": "action", "action": "transform", "input": "${trigger_data}" });
    let edges = json!([{ "from": "data", "to": node["id"] }]);
    json!({ "name": "F", "flow_definition": { "nodes": [data, node], "edges": edges } })
}

fn map(body: &Value, more: &Value) -> Value {
    let mut node = json!({ "id": "each", "type": "map", "items": "${data.items}", "body": body });
    node.as_object_mut()
        .into_iter()
        .for_each(|keys| keys.extend(more.as_object().cloned().unwrap_or_default()));
    flow(&node)
}

fn echo(id: &str, input: &Value) -> Value {
    json!({ "id": id, "type": "action", "action": "echo", "input": input })
}

fn body(nodes: &[Value]) -> Value {
    let edges: Vec<Value> =
        nodes.windows(2).map(|pair| json!({ "from": pair[0]["id"], "to": pair[1]["id"] })).collect();
    json!({ "nodes": nodes, "edges": edges })
}

fn started_with(data: &Value) -> Accepted {
    Accepted { trigger_data: Payload::from_value(data), ..accepted() }
}

fn faults(document: &Value) -> String {
    let faults = Flow::parse(document, &Limits::DEFAULT).expect_err("it has faults");
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_map_gives_its_results_in_the_order_of_the_items() {
    let nodes = [
        echo(
            "a",
            &json!({ "item": "${item}", "index": "${index}", "of": "${data.name}", "is": "${trigger_data.name}" }),
        ),
        json!({ "id": "b", "type": "action", "action": "transform", "input": "${a.item * 10 + a.index} ${a.of}${a['is']}" }),
    ];
    let document = map(&body(&nodes), &json!({ "max_concurrency": 2 }));
    let mut world = World::new();

    world.start(version(&document), started_with(&json!({ "items": [1, 2.5, 3], "name": "x" })));

    assert_eq!(world.end(), r#"["10 xx","26.0 xx","32 xx"]"#);
    assert_eq!(world.open_most, 2);
    let child = world.children().nth(1).unwrap();
    assert_eq!(child.accepted().parent.as_ref().map(|parent| (parent.index, parent.depth)), Some((1, 1)));
    assert_eq!(child.flow().flow_id, world.root().flow().flow_id);
    assert!(!child.accepted().takes_slot(), "it uses the slot of the one that started it");
    assert_eq!(
        world.root().input_of(world.root().graph().find("each").unwrap()).unwrap().as_str(),
        "[1,2.5,3]"
    );
}

#[test]
fn what_reaches_the_first_nodes_of_a_body_is_its_item() {
    let merge = json!({ "id": "in", "type": "merge" });
    let mut world = World::new();

    world.start(
        version(&map(&body(&[merge]), &json!({}))),
        started_with(&json!({ "items": [{ "a": 1.0 }, null] })),
    );

    assert_eq!(world.end(), r#"[{"a":1.0},null]"#);
    assert_eq!(world.children().next().unwrap().accepted().trigger_data.as_str(), "null", "no body reads it");
}

#[test]
fn a_map_over_nothing_returns_nothing_and_one_over_no_list_fails() {
    let end = |items: Value| {
        let mut world = World::new();
        world.start(
            version(&map(&body(&[echo("a", &json!(1))]), &json!({}))),
            started_with(&json!({ "items": items })),
        );
        world.end()
    };

    assert_eq!(end(json!([])), "[]");
    insta::assert_snapshot!(end(json!({ "a": 1 })), @"Some(Validation): Node `each` failed after 1 attempt: `items` must be a list, not an object");
    insta::assert_snapshot!(end(json!(vec![0; 10_001])), @"Some(Validation): Node `each` failed after 1 attempt: `items` has 10001 entries; at most 10000 are allowed. Divide the list");
    assert_eq!(end(json!(vec![0; 10_000])).len(), 20_001);
}

#[test]
fn an_item_that_fails_fails_the_node_and_cancels_the_others() {
    let mut world = World::new();
    world.failing.insert("2".to_owned(), 9);
    world.held.push("3".to_owned());
    let document = map(&body(&[echo("a", &json!("${item}"))]), &json!({ "max_concurrency": 3 }));

    world.start(version(&document), started_with(&json!({ "items": [1, 2, 3, 4, 5] })));

    insta::assert_snapshot!(world.end(), @"Some(Rejected): Node `each` failed after 1 attempt: Item 1 failed: Node `a` failed after 1 attempt: no 2");
    let statuses: Vec<String> = world.children().map(|child| child.status().to_string()).collect();
    assert_eq!(statuses, ["completed", "failed", "cancelled", "cancelled"]);
}

#[test]
fn the_next_attempt_runs_only_for_items_that_have_not_completed() {
    let mut world = World::new();
    world.failing.insert("2".to_owned(), 1);
    let retry =
        json!({ "enabled": true, "count": 1, "initial_interval_seconds": 1, "retry_on": ["rejected"] });
    let document =
        map(&body(&[echo("a", &json!("${item}"))]), &json!({ "max_concurrency": 2, "retry": retry }));

    world.start(version(&document), started_with(&json!({ "items": [1, 2, 3] })));
    let before = world.order.len();
    world.now = START.plus(std::time::Duration::from_secs(2));
    world.inputs.push_back((world.order[0], Input::Tick));
    world.run();

    assert_eq!(world.end(), "[1,2,3]");
    let items: Vec<u32> =
        world.children().map(|child| child.accepted().parent.as_ref().unwrap().index).collect();
    assert_eq!((before, items), (4, vec![0, 1, 2, 1, 2]));
}

#[test]
fn retries_of_the_flow_count_for_the_nodes_of_a_body_and_not_for_the_node() {
    let mut document = map(&body(&[echo("a", &json!("${item}"))]), &json!({}));
    document["retry_on_failure"] = json!(true);
    document["retry_count"] = json!(3);

    let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap();

    let each = &flow.graph.nodes[1];
    assert_eq!(each.retry.count, 0);
    assert_eq!(each.body.as_ref().unwrap().graph.nodes[0].retry.count, 3);
}

#[test]
fn a_map_that_collects_says_of_each_item_whether_it_is_ok() {
    let mut world = World::new();
    world.failing.insert("2".to_owned(), 9);
    let document = map(&body(&[echo("a", &json!("${item}"))]), &json!({ "on_item_failure": "collect" }));

    world.start(version(&document), started_with(&json!({ "items": [1, 2, 3] })));

    insta::assert_snapshot!(world.end(), @r#"[{"ok":true,"output":1},{"ok":false,"error":{"class":"rejected","message":"Node `a` failed after 1 attempt: no 2"}},{"ok":true,"output":3}]"#);
}

#[test]
fn a_loop_reads_the_result_of_the_iteration_before() {
    let step = json!({ "id": "step", "type": "action", "action": "transform", "input": { "sum": "${(last.sum if last else data.from) + index}" } });
    let node = |until: &str, max: u32| {
        flow(
            &json!({ "id": "round", "type": "loop", "until": until, "max_iterations": max, "body": body(std::slice::from_ref(&step)) }),
        )
    };
    let end = |document: Value| {
        let mut world = World::new();
        world.start(version(&document), started_with(&json!({ "from": 10 })));
        (world.end(), world.order.len() - 1)
    };

    assert_eq!(
        end(node("last.sum >= 13", 9)),
        (r#"{"last":{"sum":13},"iterations":3,"done":true}"#.to_owned(), 3)
    );
    assert_eq!(end(node("index == 0", 9)).1, 1);
    assert_eq!(end(node("last.sum > 99", 2)).0, r#"{"last":{"sum":11},"iterations":2,"done":false}"#);
    insta::assert_snapshot!(end(node("last.gone", 2)).0, @"Some(Expression): Node `round` failed after 1 attempt: `${last.gone}`: `last` has no field `gone`; it has `sum`");
}

#[test]
fn bodies_in_bodies_read_what_is_around_them() {
    let inner = json!({
        "id": "inner", "type": "loop", "until": "index == 1", "max_iterations": 3,
        "body": body(&[json!({ "id": "deep", "type": "action", "action": "transform",
            "input": "${item}${index}${data.name}${own}${'' if last is none else '<' ~ last ~ '>'}" })]),
    });
    let own = json!({ "id": "own", "type": "action", "action": "transform", "input": "${index + 100}" });
    let document = map(&body(&[own, inner]), &json!({}));
    let mut world = World::new();

    world.start(version(&document), started_with(&json!({ "items": ["a", "b"], "name": "n" })));

    let result: Value = serde_json::from_str(&world.end()).unwrap();
    assert_eq!(result[0]["last"], "a1n100<a0n100>");
    assert_eq!(result[1]["last"], "b1n101<b0n101>");
    assert_eq!(world.children().map(Execution::depth).max(), Some(2));
}

#[test]
fn a_failed_node_around_a_body_can_be_read_in_it() {
    let fails = json!({ "id": "fails", "type": "action", "action": "fail", "input": { "message": "out of order", "class": "tool" } });
    let each = json!({ "id": "each", "type": "map", "items": [1], "body": body(&[
        json!({ "id": "a", "type": "action", "action": "transform", "input": "${nodes.fails.error.class}: ${nodes.fails.error.message}" }),
    ]) });
    let document = json!({ "name": "F", "flow_definition": {
        "nodes": [fails, each], "edges": [{ "from": "fails", "to": "each", "on": "error" }],
    } });
    let mut world = World::new();

    world.start(version(&document), accepted());

    insta::assert_snapshot!(world.end(), @r#"["tool: out of order"]"#);
}

#[test]
fn a_cancel_a_pause_and_a_timeout_go_down_to_the_children() {
    let held = |signal: Input| {
        let mut world = World::new();
        world.held.push("1".to_owned());
        let mut document = map(&body(&[echo("a", &json!("${item}"))]), &json!({}));
        document["timeout_seconds"] = json!(60);
        world.start(version(&document), started_with(&json!({ "items": [1] })));
        world.now =
            START.plus(std::time::Duration::from_secs(if matches!(signal, Input::Tick) { 61 } else { 1 }));
        world.inputs.push_back((world.order[0], signal));
        world.run();
        let deadline = world.children().next().unwrap().deadline();
        assert_eq!(deadline, world.root().deadline());
        (world.root().status(), world.children().next().unwrap().status())
    };

    let cancelled = held(Input::Cancel { message: "stop".into(), by: Actor::USER });
    assert_eq!(cancelled, (ExecutionStatus::Cancelled, ExecutionStatus::Cancelled));
    let paused = held(Input::Pause { by: Actor::USER });
    assert_eq!(paused, (ExecutionStatus::Paused, ExecutionStatus::Paused));
    assert_eq!(held(Input::Tick), (ExecutionStatus::Failed, ExecutionStatus::Cancelled));
}

#[test]
fn a_map_fills_the_places_that_became_free_during_a_pause() {
    let mut world = World::new();
    world.held.extend(["1".to_owned(), "2".to_owned()]);
    let document = map(
        &body(&[echo("a", &json!("${item}"))]),
        &json!({ "max_concurrency": 2, "on_item_failure": "collect" }),
    );
    world.start(version(&document), started_with(&json!({ "items": [1, 2, 3] })));
    let (root, second) = (world.order[0], world.order[2]);

    world.put(root, Input::Pause { by: Actor::USER });
    // It ends before it has heard of the pause.
    world.inputs.clear();
    world.put(second, Input::Cancel { message: "stop".into(), by: Actor::USER });
    world.run();
    let before = world.order.len();
    world.inputs.push_back((root, Input::Resume { by: Actor::USER }));
    world.run();

    assert_eq!((before, world.order.len()), (3, 4), "{}", world.end());
}

#[test]
fn a_copy_that_only_follows_knows_how_many_items_there_are() {
    let each = NodeIndex(1);
    let mut world = World::new();
    world.held = vec![r#""no""#.to_owned()];
    let document = map(&body(&[echo("a", &json!("${item}"))]), &json!({ "max_concurrency": 2 }));
    let root = world.start(version(&document), started_with(&json!({ "items": ["yes", "no", "no", "yes"] })));
    let mut copy = root.clone();

    copy.shed([each], |_, _| Some(Payload::from_value(&json!({ "beginning": "[" }))));

    assert_eq!((root.items_of(each), copy.items_of(each)), (Some(4), Some(4)));
    copy.shed([each], |_, _| None);
    assert_eq!(copy.items_of(each), Some(4));
}

#[test]
fn a_sub_flow_returns_its_result_and_a_flow_that_calls_itself_ends() {
    let own = FlowId::new(Uuid::from_u128(1));
    let call = json!({ "id": "again", "type": "subflow", "flow_id": own.to_string(), "input": { "left": "${trigger_data.left - 1}" } });
    let document = json!({ "name": "F", "max_concurrent_executions": 1, "flow_definition": {
        "nodes": [
            { "id": "more", "type": "condition", "condition": "trigger_data.left > 0" },
            call,
            { "id": "end", "type": "action", "action": "transform", "input": "done" },
        ],
        "edges": [
            { "from": "more", "to": "again", "condition": true }, { "from": "more", "to": "end", "condition": false },
        ],
    } });
    let end = |left: u32| {
        let mut world = World::new();
        let flow = version(&document);
        let flow = Arc::new(FlowVersion::new(TenantId::DEFAULT, own, 1, flow.flow.clone(), Limits::DEFAULT));
        world.start(flow, Accepted { flow: own, ..started_with(&json!({ "left": left })) });
        let takes_slot = world.children().any(|child| child.accepted().takes_slot());
        (world.end(), world.order.len(), takes_slot)
    };

    assert_eq!(end(3), (r#""done""#.to_owned(), 4, false));
    insta::assert_snapshot!(end(17).0, @"Some(Configuration): Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The sub-flow failed: Node `again` failed after 1 attempt: The execution would be 17 levels deep; the limit is 16");
}

#[test]
fn a_retry_runs_the_items_that_failed_from_where_they_failed() {
    let nodes = [
        echo("first", &json!("${'first ' ~ item}")),
        echo("second", &json!("${'second ' ~ item}")),
        json!({ "id": "out", "type": "action", "action": "transform", "input": "${first} ${second}" }),
    ];
    let flow = version(&map(&body(&nodes), &json!({ "max_concurrency": 3 })));
    let mut old = World::new();
    old.failing.insert(r#""second b""#.to_owned(), 1);
    old.held.push(r#""second c""#.to_owned());
    old.start(Arc::clone(&flow), started_with(&json!({ "items": ["a", "b", "c", "d"] })));
    assert_eq!(old.root().status(), ExecutionStatus::Failed);

    let new = old.retry(&flow, |_| true);

    assert_eq!(new.end(), r#"["first a second a","first b second b","first c second c","first d second d"]"#);
    assert_eq!(new.calls(), r#""second b" "second c" "first d" "second d""#);
    let retries: Vec<_> = new.children().map(|child| child.accepted().retry_of).collect();
    assert_eq!(retries, old.order[2..].iter().copied().map(Some).collect::<Vec<_>>());
    assert!(new.children().take(2).all(|child| child.nodes()[0].reused), "of the children of the old one");
    let without = old.retry(&flow, |id| id != old.order[2]);
    assert_eq!(without.end(), new.end());
    insta::assert_snapshot!(without.calls(), @r#""first b" "second c" "first d" "second b" "second d""#);
}

#[test]
fn a_retry_of_a_retry_reuses_what_both_did() {
    let flow = version(&map(
        &body(&[echo("a", &json!("${'a' ~ item}")), echo("b", &json!("${'b' ~ item}"))]),
        &json!({ "max_concurrency": 1 }),
    ));
    let mut first = World::new();
    first.failing.insert(r#""b2""#.to_owned(), 2);
    first.failing.insert(r#""b3""#.to_owned(), 1);
    first.start(Arc::clone(&flow), started_with(&json!({ "items": [1, 2, 3] })));

    let second = first.retry(&flow, |_| true);
    let third = second.retry(&flow, |_| true);
    let last = third.retry(&flow, |_| true);

    assert_eq!(first.calls(), r#""a1" "b1" "a2" "b2""#);
    assert_eq!((second.calls().as_str(), third.calls().as_str()), (r#""b2""#, r#""b2" "a3" "b3""#));
    assert_eq!((last.calls().as_str(), last.end().as_str()), (r#""b3""#, r#"["b1","b2","b3"]"#));
}

#[test]
fn a_retry_that_was_stopped_before_it_began_loses_nothing_that_it_reuses() {
    let flow = version(&map(
        &body(&[echo("a", &json!("${'a' ~ item}")), echo("b", &json!("${'b' ~ item}"))]),
        &json!({ "max_concurrency": 1 }),
    ));
    let mut first = World::new();
    first.failing.insert(r#""b2""#.to_owned(), 1);
    first.start(Arc::clone(&flow), started_with(&json!({ "items": [1, 2] })));
    let plan = |of: &Execution, world: &World| {
        let mut plan = of.retry_plan(RetryMode::FromFailed, &flow);
        while let Some(child) = plan.wanted() {
            plan.add(world.executions.get(&child).map(|(child, _)| child));
        }
        plan
    };
    let before = plan(first.root(), &first);
    let accepted = first.root().retried(before.clone(), None, Actor::USER, "w2".into());
    let (id, mut decision) = (ExecutionId::new(Uuid::from_u128(8)), Decision::default());
    let mut stopped = Execution::accept(id, Arc::clone(&flow), accepted, START, &mut decision);
    stopped.seal(&mut decision, START);
    let cancel = Input::Cancel { message: "stop".into(), by: Actor::USER };
    stopped.decide(cancel, START, &mut decision).expect("it can be cancelled");

    let after = plan(&stopped, &first);

    assert_eq!((&after.run, &after.reused.outputs), (&before.run, &before.reused.outputs));
    assert_eq!(after.reused.children, before.reused.children);
}

#[test]
fn a_retry_goes_into_loops_and_maps_in_maps() {
    let round = json!({ "id": "round", "type": "loop", "until": "index >= 2", "body": body(&[
        echo("x", &json!("${item ~ '-' ~ index}")), echo("y", &json!("${(last if last else '') ~ x}")),
    ]) });
    let flow = version(&map(&body(&[round]), &json!({})));
    let mut old = World::new();
    old.failing.insert(r#""b-0b-1""#.to_owned(), 1);
    old.start(Arc::clone(&flow), started_with(&json!({ "items": ["a", "b"] })));
    insta::assert_snapshot!(old.end(), @r#"Some(Rejected): Node `each` failed after 1 attempt: Item 1 failed: Node `round` failed after 1 attempt: Iteration 1 failed: Node `y` failed after 1 attempt: no "b-0b-1""#);

    let new = old.retry(&flow, |_| true);

    insta::assert_snapshot!(new.end(), @r#"[{"last":"a-0a-1a-2","iterations":3,"done":true},{"last":"b-0b-1b-2","iterations":3,"done":true}]"#);
    insta::assert_snapshot!(new.calls(), @r#""b-0b-1" "b-2" "b-0b-1b-2""#);
}

#[test]
fn a_retry_on_another_version_reuses_children_of_bodies_that_are_the_same() {
    let with = |input: &str, name: &str| {
        let mut document = map(&body(&[echo("a", &json!(input))]), &json!({ "max_concurrency": 1 }));
        document["flow_definition"]["nodes"][1]["body"]["nodes"][0]["name"] = json!(name);
        let made = version(&document);
        let number = if name == "Old" { 1 } else { 2 };
        Arc::new(FlowVersion::new(made.tenant, made.flow_id, number, made.flow.clone(), made.limits))
    };
    let mut old = World::new();
    old.failing.insert("2".to_owned(), 1);
    old.start(with("${item}", "Old"), started_with(&json!({ "items": [1, 2, 3] })));

    assert_eq!(old.retry(&with("${item}", "New"), |_| true).calls(), "2 3");
    assert_eq!(old.retry(&with("${item * 10}", "New"), |_| true).calls(), "10 20 30");
}

#[test]
fn a_retry_goes_into_a_sub_flow_with_the_input_that_it_had() {
    let child = FlowId::new(Uuid::from_u128(3));
    let sub = json!({ "name": "Sub", "flow_definition": { "nodes": [
        echo("a", &json!("${trigger_data}")), echo("b", &json!("then ${a}")),
    ], "edges": [{ "from": "a", "to": "b" }] } });
    let sub = version(&sub);
    let sub = Arc::new(FlowVersion::new(sub.tenant, child, 4, sub.flow.clone(), sub.limits));
    let node = json!({ "id": "sub", "type": "subflow", "flow_id": child, "input": "${now()}" });
    let flow = version(&flow(&node));
    let pinned = Pinned {
        flow: Arc::clone(&flow),
        children: Some(Arc::new(BTreeMap::from([(child, sub)]))),
        agents: None,
        cipher: None,
    };
    let mut old = World::new();
    old.failing.insert(r#""then 2027-01-15T08:00:00Z""#.to_owned(), 1);
    let accepted = Accepted { flows: BTreeMap::from([(child, 4)]), ..accepted() };
    old.start(pinned, accepted);
    insta::assert_snapshot!(old.end(), @r#"Some(Rejected): Node `sub` failed after 1 attempt: The sub-flow failed: Node `b` failed after 1 attempt: no "then 2027-01-15T08:00:00Z""#);
    old.now = START.plus(std::time::Duration::from_secs(2));

    let new = old.retry(&flow, |_| true);

    assert_eq!(new.calls(), r#""then 2027-01-15T08:00:00Z""#);
    assert_eq!(new.root().status(), ExecutionStatus::Completed);
}

#[test]
fn a_sub_flow_refuses_what_does_not_fit_its_form() {
    let child = FlowId::new(Uuid::from_u128(3));
    let form =
        json!({ "type": "object", "properties": { "amount": { "type": "number" } }, "required": ["amount"] });
    let sub = json!({ "name": "Sub", "flow_definition": { "nodes": [
        { "id": "ask", "type": "trigger", "form": form }, echo("a", &json!("${trigger_data.amount}")),
    ], "edges": [{ "from": "ask", "to": "a" }] } });
    let sub = version(&sub);
    let sub = Arc::new(FlowVersion::new(sub.tenant, child, 4, sub.flow.clone(), sub.limits));
    let ended = |input: Value| {
        let node = json!({ "id": "sub", "type": "subflow", "flow_id": child, "input": input });
        let children = Some(Arc::new(BTreeMap::from([(child, Arc::clone(&sub))])));
        let pinned = Pinned { flow: version(&flow(&node)), children, agents: None, cipher: None };
        let mut world = World::new();
        world.start(pinned, Accepted { flows: BTreeMap::from([(child, 4)]), ..accepted() });
        (world.end(), world.calls())
    };

    insta::assert_snapshot!(ended(json!({ "amount": "many" })).0, @"Some(Validation): Node `sub` failed after 1 attempt: The sub-flow failed: Node `ask` failed after 1 attempt: The trigger data does not fit the form of the flow: `trigger_data/amount` must be a number");
    assert_eq!(ended(json!({ "amount": 5 })).1, "5");
}

#[test]
fn what_is_wrong_in_a_body_is_named_where_it_is() {
    let nodes = [
        json!({ "id": "start", "type": "trigger" }),
        echo("data", &json!("${itm.x} ${nodes.later.output}")),
        echo("last", &json!("${gone}")),
        json!({ "id": "inner", "type": "loop", "until": "last > item", "body": body(&[echo("last", &json!("${index}")), echo("each", &json!(1))]) }),
    ];
    let mut document = map(&body(&nodes), &json!({ "max_concurrency": 0, "on_item_failure": "skip" }));
    document["flow_definition"]["nodes"].as_array_mut().unwrap().extend([
        echo("later", &json!("${item} ${index}")),
        json!({ "id": "m", "type": "map", "items": "a ${data}", "body": [] }),
        json!({ "id": "n", "type": "map", "items": { "a": 1 } }),
        json!({ "id": "o", "type": "map", "items": ["${secrets.KEY}"], "body": { "nodes": [] } }),
        json!({ "id": "p", "type": "loop", "body": { "nodes": [{ "id": "q", "type": "mrge" }] } }),
        json!({ "id": "r", "type": "subflow", "flow_id": "x", "input": "${secrets.KEY}" }),
    ]);

    insta::assert_snapshot!(faults(&document), @r#"
    /flow_definition/nodes/1/max_concurrency: `max_concurrency` must be a whole number from 1 to 1000, not 0
    /flow_definition/nodes/1/on_item_failure: `on_item_failure` must be one of `fail`, `collect`, not "skip"
    /flow_definition/nodes/3/items: `items` must be a list, or a template such as `"${fetch.body.rows}"`, not "a ${data}"
    /flow_definition/nodes/3/body: `body` must be an object with `nodes` and `edges`, not a list
    /flow_definition/nodes/4/items: `items` must be a list, or a template such as `"${fetch.body.rows}"`, not an object
    /flow_definition/nodes/4/body: a map needs `body`: an object with `nodes` and `edges`
    /flow_definition/nodes/5/items: `items` cannot use secrets, because items are shown; name the secret in the body
    /flow_definition/nodes/5/body/nodes: `nodes` must have at least one entry
    /flow_definition/nodes/6/until: a loop needs `until`: a condition such as `"score.risk > 70"`
    /flow_definition/nodes/6/body/nodes/0/type: `type` must be one of `trigger`, `agent`, `condition`, `switch`, `approval`, `delay`, `wait_event`, `parallel`, `merge`, `map`, `loop`, `subflow`, `action`, `code`, not "mrge"; did you mean `merge`?
    /flow_definition/nodes/7/flow_id: `flow_id` must be a UUID, not "x"
    /flow_definition/nodes/7/input: the input of a sub-flow cannot use secrets, because it is shown; name the secret in that flow
    /flow_definition/nodes/2/input: `${item}`: `item` is only there inside the body of a `map` node
    /flow_definition/nodes/2/input: `${index}`: `index` is only there inside the body of a `map` or `loop` node
    /flow_definition/nodes/1/body/nodes/0/type: a trigger starts a flow; in a body, the nodes that no edge leads to begin
    /flow_definition/nodes/1/body/nodes/1/input: `${itm.x}`: there is no node `itm`; did you mean `item`?
    /flow_definition/nodes/1/body/nodes/1/input: `${nodes.later.output}`: `later` cannot have run before `each`: no edges lead from it to there
    /flow_definition/nodes/1/body/nodes/2/input: `${gone}`: there is no node `gone`; a field of the trigger data is `trigger_data.gone`
    /flow_definition/nodes/1/body/nodes/3/body/nodes/0/id: `last` is the result of the iteration before; give this node another id
    /flow_definition/nodes/1/body/nodes/1/id: another node has the id `data`; ids are unique in a flow, its bodies included
    /flow_definition/nodes/1/body/nodes/3/body/nodes/0/id: another node has the id `last`; ids are unique in a flow, its bodies included
    /flow_definition/nodes/1/body/nodes/3/body/nodes/1/id: another node has the id `each`; ids are unique in a flow, its bodies included
    "#);
}

#[test]
fn a_flow_with_a_budget_starts_no_others() {
    let mut document = map(&body(&[echo("a", &json!(1))]), &json!({}));
    document["budget"] = json!({ "max_tokens": 10 });

    insta::assert_snapshot!(faults(&document), @"/flow_definition/nodes/1: a flow with a `budget` cannot start other executions, because what these use would not count. Remove `budget`, or set the one of the agents (`max_tokens_per_day`)");
}

#[test]
fn nodes_of_bodies_count_as_nodes_of_the_flow() {
    let nodes: Vec<Value> = (0..600).map(|at| echo(&format!("n{at}"), &json!(1))).collect();
    let others: Vec<Value> = (0..399).map(|at| echo(&format!("m{at}"), &json!(1))).collect();
    let each =
        |nodes: &[Value]| json!({ "id": "each", "type": "map", "items": [1], "body": { "nodes": nodes } });
    let document = |inside: &[Value]| {
        let nodes: Vec<Value> = others.iter().cloned().chain([each(inside)]).collect();
        json!({ "name": "F", "flow_definition": { "nodes": nodes } })
    };

    assert!(Flow::parse(&document(&nodes), &Limits::DEFAULT).is_ok());
    insta::assert_snapshot!(faults(&document(&[nodes.as_slice(), &[echo("one", &json!(1))]].concat())), @"/flow_definition/nodes/399/body/nodes: the flow has 1001 nodes with those of its bodies; at most 1000 are allowed");
}
