//! Laws of documents: whatever comes in, reading it ends, soon, with a value or with faults.

#![expect(
    clippy::disallowed_methods,
    reason = "hostile documents must also be rejected within seconds of real time"
)]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use steadflow_core::condition::Condition;
use steadflow_core::expression::Expression;
use steadflow_core::flow::{Flow, Graph};
use steadflow_core::ids::{ExecutionId, NodeId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::{NodeScope, Scope};
use steadflow_core::template::Template;
use steadflow_core::timestamp::Timestamp;

/// Far above the 50 ms that a bomb may take, because test machines are slow and builds unoptimised.
const BOMB_TIME_MAX: Duration = Duration::from_secs(2);

proptest! {
    #[test]
    fn parsing_ends_for_any_json(document in any_json()) {
        let _ = Flow::parse(&document, &Limits::DEFAULT);
        let _ = Template::compile(&document, &Limits::DEFAULT);
        let _ = Condition::compile(&document, &Limits::DEFAULT);
    }

    #[test]
    fn parsing_ends_for_anything_that_looks_like_a_flow(document in flow_like()) {
        if let Err(faults) = Flow::parse(&document, &Limits::DEFAULT) {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(fault.pointer.is_empty() || fault.pointer.starts_with('/'), "{:?}", fault);
            }
        }
    }

    #[test]
    fn accepted_graphs_have_no_cycle(nodes in 1..12_usize, pairs in prop::collection::vec((0..12_usize, 0..12_usize), 0..20)) {
        let document = graph_document(nodes, &pairs);

        if let Ok(flow) = Flow::parse(&document, &Limits::DEFAULT) {
            prop_assert!(is_acyclic(&flow.graph));
            prop_assert!(!flow.graph.starts.is_empty());
        }
    }

    #[test]
    fn graphs_without_cycles_are_accepted(nodes in 1..12_usize, pairs in prop::collection::vec((0..12_usize, 0..12_usize), 0..20)) {
        let mut forward: Vec<(usize, usize)> =
            pairs.into_iter().filter(|(from, to)| from < to && *to < nodes).collect();
        forward.sort_unstable();
        forward.dedup();

        prop_assert!(Flow::parse(&graph_document(nodes, &forward), &Limits::DEFAULT).is_ok());
    }

    #[test]
    fn json_without_templates_resolves_to_itself(document in any_json()) {
        prop_assume!(!document.to_string().contains("${"));

        let template = Template::compile(&document, &Limits::DEFAULT).unwrap();

        let resolved = template.resolve(&scope(json!(null))).unwrap();
        prop_assert_eq!(resolved.to_value().unwrap(), document);
        prop_assert!(template.constant().is_some());
    }

    #[test]
    fn a_value_passes_through_a_template_unchanged(value in any_json()) {
        let whole = Template::compile(&json!({ "x": ["${trigger_data.x}"] }), &Limits::DEFAULT).unwrap();
        let computed = Template::compile(&json!({ "x": ["${trigger_data.x if true}"] }), &Limits::DEFAULT).unwrap();
        let scope = scope(json!({ "x": value }));

        let wanted = json!({ "x": [value] });
        prop_assert_eq!(whole.resolve(&scope).unwrap().to_value().unwrap(), wanted.clone());
        prop_assert_eq!(computed.resolve(&scope).unwrap().to_value().unwrap(), wanted);
    }

    #[test]
    fn expressions_of_any_text_end(text in expression_like()) {
        if let Ok(expression) = Expression::compile(&text, &Limits::DEFAULT) {
            let _ = expression.evaluate(&scope(json!({ "a": [1, "x", { "b": null }], "b": 2.5 })));
        }
    }
}

#[test]
fn bombs_are_refused_or_run_out_of_fuel() {
    let bombs = [
        "'x' * 1000000000".to_owned(),
        "'x' * 3000000 * 1000".to_owned(),
        "[1] * 100000000".to_owned(),
        "([1, 2] if true) * 100000000 ~ ''".to_owned(),
        "100000000 * [0]".to_owned(),
        "range(1000000000)".to_owned(),
        "9 ** 9 ** 9 ** 9".to_owned(),
        "('ab' * 100000) | replace('a', 'x' * 100000)".to_owned(),
        "('ab' * 1000) | list | map('replace', 'a', 'x' * 1000) | join".to_owned(),
        "('ab' * 30000) | list | map(attribute='q', default='x' * 100000) | join".to_owned(),
        "('a,' * 1000000) | split(',') | length".to_owned(),
        "(('x' * 200000) | list) | join('y' * 100000)".to_owned(),
        "['x' * 1000000, 'x' * 1000000, 'x' * 1000000, 'x' * 1000000] ~ ''".to_owned(),
        "'%1000000000d' | format(1)".to_owned(),
        "trigger_data | tojson(indent=1000000000)".to_owned(),
        "'x' | indent(1000000000)".to_owned(),
        vec!["1"; 100_000].join(" or "),
        vec!["1"; 1_500].join(" + "),
        "(".repeat(2_000),
        "[".repeat(2_000),
        format!("{}1{}", "(".repeat(2_000), ")".repeat(2_000)),
        format!("{}1", "-".repeat(4_000)),
        format!("{}1", "not ".repeat(1_000)),
        format!("a{}", ".a".repeat(2_000)),
        format!("a{}", "|abs".repeat(1_000)),
        format!("{}1", "1 if 1 else ".repeat(300)),
        format!("{}1{}", "{1:".repeat(1_000), "}".repeat(1_000)),
    ];

    for bomb in &bombs {
        let started = Instant::now();

        let outcome = Expression::compile(bomb, &Limits::DEFAULT)
            .and_then(|expression| expression.evaluate(&scope(json!({}))));

        assert!(outcome.is_err(), "{:.80}", bomb);
        assert!(started.elapsed() < BOMB_TIME_MAX, "{:.80}", bomb);
    }
}

#[test]
fn large_values_are_read_whole_only_by_bare_paths() {
    let list: Vec<u32> = (0..400_000).collect();
    let scope = scope(json!({ "list": list }));
    let evaluate = |text: &str| Expression::compile(text, &Limits::DEFAULT).unwrap().evaluate(&scope);

    assert!(evaluate("trigger_data.list").is_ok());
    assert!(evaluate("trigger_data.list[399999]").is_ok());
    for text in
        ["trigger_data.list | length", "trigger_data.list ~ ''", "trigger_data.list + trigger_data.list"]
    {
        assert!(evaluate(text).is_err(), "{text}");
    }
}

#[test]
fn expressions_reach_nothing_outside_their_scope() {
    let probes = [
        "env.HOME",
        "self",
        "loop.index",
        "super()",
        "''.__class__.__mro__",
        "constructor.constructor('return process')()",
        "cycler.__init__.__globals__",
        "config",
        "request.application",
        "__proto__",
        "lipsum.__globals__['os'].popen('id').read()",
        "caller()",
        "_p0",
        "'x' | attr('y')",
        "'x' | safe",
        "1 | _factor",
        "1 | _less(2)",
    ];

    for probe in probes {
        let outcome = Expression::compile(probe, &Limits::DEFAULT)
            .and_then(|expression| expression.evaluate(&scope(json!({}))));

        assert!(outcome.is_err(), "{probe} gave {outcome:?}");
    }
}

#[test]
fn large_documents_are_checked_quickly() {
    let nodes: Vec<Value> = (0..1_000)
        .map(|at| {
            let reads = if at > 0 { format!("${{n{}.x}}", at - 1) } else { "${trigger_data}".to_owned() };
            json!({ "id": format!("n{at}"), "type": "action", "action": "echo", "input": { "x": reads } })
        })
        .collect();
    let edges: Vec<Value> = (0..1_000_usize)
        .flat_map(|from| (1..=5).map(move |step| (from, from + step)))
        .filter(|(_, to)| *to < 1_000)
        .map(|(from, to)| json!({ "from": format!("n{from}"), "to": format!("n{to}") }))
        .collect();
    let document = json!({ "name": "large", "flow_definition": { "nodes": nodes, "edges": edges } });
    let started = Instant::now();

    let flow = Flow::parse(&document, &Limits::DEFAULT);

    assert!(flow.is_ok());
    assert!(started.elapsed() < Duration::from_secs(1));
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-z${}.| \"\\\\]{0,12}", any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Fractions that every reader of JSON takes exactly: serde_json's default one is a bit off for others.
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z/~]{0,4}", inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A document with the keys of a flow and anything in them.
fn flow_like() -> impl Strategy<Value = Value> {
    let node_keys = prop_oneof![
        Just("id"),
        Just("type"),
        Just("action"),
        Just("input"),
        Just("retry"),
        Just("join"),
        Just("condition"),
        Just("delay_seconds"),
        Just("until"),
        Just("agent_id"),
        Just("timeout_seconds"),
        Just("from"),
        Just("to"),
        Just("on"),
    ];
    let names = prop_oneof![
        any_json(),
        Just(json!("a")),
        Just(json!("b")),
        Just(json!("action")),
        Just(json!("echo")),
        Just(json!("condition")),
        Just(json!("http_request")),
        Just(json!({ "count": 1, "url": "${a.b}" })),
    ];
    let entry = prop::collection::btree_map(node_keys, names, 0..8).prop_map(|fields| {
        Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    });
    let entries = prop::collection::vec(entry, 0..6);
    (entries.clone(), entries, any_json()).prop_map(|(nodes, edges, other)| {
        json!({ "name": "x", "tags": other, "flow_definition": { "nodes": nodes, "edges": edges, "kept": other } })
    })
}

/// Text of the language's words and signs in any order.
fn expression_like() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "trigger_data",
            ".a",
            ".b",
            "[0]",
            "[-1]",
            "a",
            "nodes",
            "1",
            "2.5",
            "'x'",
            "none",
            "true",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "*",
            "**",
            "+",
            "-",
            "/",
            "//",
            "%",
            "~",
            "<",
            "<=",
            ">",
            "==",
            "!=",
            "and",
            "or",
            "not",
            "in",
            "is",
            "if",
            "else",
            "defined",
            "|",
            "upper",
            "list",
            "sum",
            "map",
            "('upper')",
            "join",
            "default(",
            "=",
            "secrets",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
    ];
    prop::collection::vec(word, 0..24).prop_map(|words| words.join(" "))
}

fn graph_document(nodes: usize, pairs: &[(usize, usize)]) -> Value {
    let nodes: Vec<Value> = (0..nodes).map(|at| json!({ "id": format!("n{at}"), "type": "merge" })).collect();
    let edges: Vec<Value> = pairs
        .iter()
        .map(|(from, to)| json!({ "from": format!("n{from}"), "to": format!("n{to}") }))
        .collect();
    json!({ "name": "x", "flow_definition": { "nodes": nodes, "edges": edges } })
}

/// Takes away nodes that nothing leads to until none is left, or only cycles are.
fn is_acyclic(graph: &Graph) -> bool {
    let mut waiting: Vec<usize> = graph.incoming.iter().map(Vec::len).collect();
    let mut free: Vec<usize> = (0..waiting.len()).filter(|at| waiting[*at] == 0).collect();
    let mut taken = 0;
    while let Some(at) = free.pop() {
        taken += 1;
        for edge in &graph.outgoing[at] {
            let to = graph.edge(*edge).to.at();
            waiting[to] -= 1;
            if waiting[to] == 0 {
                free.push(to);
            }
        }
    }
    taken == waiting.len()
}

fn scope(trigger_data: Value) -> Scope {
    let output = Payload::from_value(&json!({ "x": 1 }));
    Scope {
        item: None,
        index: None,
        meter: steadflow_core::expression::Meter::default(),
        trigger_data: Payload::from_value(&trigger_data),
        context_id: None,
        context_type: None,
        execution_id: ExecutionId::new(uuid::Uuid::nil()),
        retry_of: None,
        error: None,
        started_at: Timestamp::default(),
        attempt: 1,
        now: Timestamp::default(),
        reader: NodeId::new("reader"),
        nodes: vec![NodeScope { id: NodeId::new("n"), output: Some(output), error: None }],
    }
}
