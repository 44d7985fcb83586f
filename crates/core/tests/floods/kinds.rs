//! Documents of [`BYTES`] bytes, each full of one kind of thing.
//!
//! The tests of the binary send the same documents in the size that the API takes.

use serde_json::{Map, Value, json};

use super::BYTES;

/// A flow document, and what it is full of.
pub(crate) type Kind = (&'static str, fn() -> Value);

/// Every kind of flow document.
pub(crate) const FLOWS: &[Kind] = &[
    ("expressions", || of_nodes(json!([transform(&many(r#""${a}","#, "${a}"))]))),
    ("calls of now()", || of_nodes(json!([transform(&many(r#""${now()}","#, "${now()}"))]))),
    ("expressions in one string", || of_nodes(json!([transform(&"${a}".repeat(BYTES / 4).into())]))),
    ("expressions in a URL", || {
        of_nodes(json!([http(&json!({ "url": format!("http://x/{}", "${a}".repeat(BYTES / 4)) }))]))
    }),
    ("expressions that are never closed", || of_nodes(json!([transform(&many(r#""${","#, "${"))]))),
    ("expressions with faults", || of_nodes(json!([transform(&many(r#""${!}","#, "${!}"))]))),
    ("long expressions", || {
        of_nodes(json!([transform(&many(&"x".repeat(205), format!("${{1{}}}", "+1".repeat(99))))]))
    }),
    ("regular expressions", || {
        let text = "${'a' | regex_match('(x{9}){99}')}";
        of_nodes(json!([transform(&many(&"x".repeat(37), text))]))
    }),
    ("names of nodes that are not there", names_of_nodes),
    ("secrets", || of_nodes(json!([transform(&numbered("${secrets.S#}").join("").into())]))),
    ("cases", cases),
    ("cases with one name", || {
        of_nodes(Value::from_iter((0..1_000).map(|at| json!({ "id": format!("n{at}"), "type": "switch", "cases": vec![json!({ "name": "a", "condition": "a" }); 100] }))))
    }),
    ("edges that ask for no case", edges_without_case),
    ("keys of the document", || {
        let mut document = of_nodes(json!([echo("a")]));
        document.as_object_mut().expect("it is an object").extend(fields(Value::Null));
        document
    }),
    ("keys of a node", || {
        let mut node = echo("a");
        node.as_object_mut().expect("it is an object").extend(fields(json!(1)));
        of_nodes(json!([node]))
    }),
    ("keys of a retry policy", || {
        let mut node = echo("a");
        node["retry"] = Value::Object(fields(json!(1)));
        of_nodes(json!([node]))
    }),
    ("tags", || with("tags", many(r#""a","#, "a"))),
    ("a description", || with("description", "a".repeat(BYTES).into())),
    ("a category", || with("category", "a".repeat(BYTES).into())),
    ("a name of a node", || of_nodes(json!([{ "id": "a", "name": "a".repeat(BYTES), "type": "merge" }]))),
    ("headers", || of_nodes(json!([http(&json!({ "url": "http://x", "headers": fields(json!("1")) }))]))),
    ("headers with faults", || {
        of_nodes(json!([http(&json!({ "url": "http://x", "headers": spaced_fields() }))]))
    }),
    ("parameters of a query", || {
        of_nodes(json!([http(&json!({ "url": "http://x", "query": fields(json!(1)) }))]))
    }),
    ("values of a parameter", || {
        of_nodes(json!([http(&json!({ "url": "http://x", "query": { "a": many("1,", 1) } }))]))
    }),
    ("values of a parameter with faults", || {
        of_nodes(json!([http(&json!({ "url": "http://x", "query": { "a": many("[],", json!([])) } }))]))
    }),
    ("expected statuses", || {
        of_nodes(json!([http(&json!({ "url": "http://x", "expect_status": many("200,", 200) }))]))
    }),
    ("nodes", || of_nodes(many("{},", json!({})))),
    ("nodes with one id", || of_nodes(Value::from(vec![echo(&"a".repeat(200)); 1_000]))),
    ("edges", || with_edges(json!([echo("a")]), many("{},", json!({})))),
    ("edges to nodes that are not there", edges_to_nowhere),
    ("edges of one kind", || {
        with_edges(
            json!([echo("a"), echo("b")]),
            Value::from(vec![json!({ "from": "a", "to": "b", "condition": "x".repeat(700) }); 5_000]),
        )
    }),
    ("cycles", cycles),
    ("ids that begin with each other", ids_that_begin_with_each_other),
    ("ids that have to be quoted", quoted_ids),
    ("texts below a long key", || {
        of_nodes(json!([transform(&json!({ "k".repeat(BYTES / 2): vec!["$"; BYTES / 8] }))]))
    }),
    ("expressions below a long key", || {
        of_nodes(json!([transform(&json!({ "k".repeat(BYTES / 2): vec!["${a}"; 9_000] }))]))
    }),
    ("faults below long keys", faults_below_long_keys),
    ("numbers of an example", || {
        of_nodes(json!([{ "id": "a", "type": "trigger", "example": many("0,", 0) }]))
    }),
    ("fields of an example", || {
        of_nodes(json!([{ "id": "a", "type": "trigger", "example": fields(json!(1)) }]))
    }),
    ("fields that are read", fields_that_are_read),
    ("values that are compared with", || {
        of_nodes(
            json!([{ "id": "a", "type": "condition", "condition": { "type": "equals", "field": "trigger_data.x", "value": many("0,", 0) } }]),
        )
    }),
    ("positions", || of_nodes(json!([{ "id": "a", "type": "merge", "position": many("0,", 0) }]))),
    ("a long chain", long_chain),
];

/// Every kind of agent document.
pub(crate) const AGENTS: &[Kind] = &[
    ("skills", || agent("skills", many(r#""a","#, "a"))),
    ("skills with one name", || agent("skills", vec!["a".repeat(200); 200].into())),
    ("instructions", || {
        agent(
            "skills",
            Value::from_iter((0..40).map(
                |at| json!({ "name": format!("s{at}"), "instructions": "${input}".repeat(BYTES / 320) }),
            )),
        )
    }),
    ("instructions with faults", || {
        agent(
            "skills",
            Value::from_iter(
                (0..40).map(|at| json!({ "name": format!("s{at}"), "instructions": "${a}".repeat(24_000) })),
            ),
        )
    }),
    ("tags of an agent", || agent("tags", many(r#""a","#, "a"))),
    ("keys of an agent", || {
        let mut document = agent("tags", json!([]));
        document.as_object_mut().expect("it is an object").extend(fields(Value::Null));
        document
    }),
    ("headers of an agent", || {
        agent("config", json!({ "provider": "openai", "model": "m", "extra_headers": fields(json!("1")) }))
    }),
    ("a body of an agent", || {
        agent("config", json!({ "provider": "openai", "model": "m", "extra_body": fields(json!(1)) }))
    }),
    ("keys of a configuration", || {
        let mut config = json!({ "provider": "openai", "model": "m" });
        config.as_object_mut().expect("it is an object").extend(fields(json!(1)));
        agent("config", config)
    }),
    ("tools", || agent("skills", json!([{ "name": "a", "tools": many(r#""a","#, "a") }]))),
];

/// Returns a list of as many `value`s as fit, each of which is `text` as JSON.
fn many(text: &str, value: impl Into<Value>) -> Value {
    vec![value.into(); BYTES / text.len()].into()
}

/// Returns as many texts as fit, with a number in the place of `#`.
fn numbered(text: &str) -> Vec<String> {
    (0..BYTES / (text.len() + 8)).map(|number| text.replace('#', &number.to_string())).collect()
}

/// Returns as many fields as fit, all with `value`.
fn fields(value: Value) -> Map<String, Value> {
    numbered("k#").into_iter().map(|key| (key, value.clone())).collect()
}

fn spaced_fields() -> Map<String, Value> {
    numbered("a #").into_iter().map(|key| (key, json!("1"))).collect()
}

fn of_nodes(nodes: Value) -> Value {
    with_edges(nodes, json!([]))
}

fn with_edges(nodes: Value, edges: Value) -> Value {
    json!({ "name": "Flood", "flow_definition": { "nodes": nodes, "edges": edges } })
}

fn with(key: &str, value: Value) -> Value {
    let mut document = of_nodes(json!([echo("a")]));
    document[key] = value;
    document
}

fn echo(id: &str) -> Value {
    json!({ "id": id, "type": "action", "action": "echo" })
}

fn transform(input: &Value) -> Value {
    json!({ "id": "t", "type": "action", "action": "transform", "input": input })
}

fn http(input: &Value) -> Value {
    json!({ "id": "h", "type": "action", "action": "http_request", "input": input })
}

fn agent(key: &str, value: Value) -> Value {
    let mut document = json!({ "name": "Flood", "agent_type": "llm", "skills": ["a"],
                               "config": { "provider": "openai", "model": "m" } });
    document[key] = value;
    document
}

/// As many names as an expression may have, in as many expressions as fit.
fn names_of_nodes() -> Value {
    let names: Vec<String> = (0..BYTES / 8).map(|number| format!("n{number}")).collect();
    let sums: Vec<String> = names.chunks(200).map(|names| format!("${{{}}}", names.join("+"))).collect();
    of_nodes(json!([transform(&json!(sums))]))
}

fn cases() -> Value {
    let case = |number: usize| json!({ "name": format!("c{number}"), "condition": "a+1" });
    let cases: Vec<Value> = (0..100).map(case).collect();
    let node = |at: usize| json!({ "id": format!("n{at}"), "type": "switch", "cases": cases });
    of_nodes((0..BYTES / 4_000).map(node).collect())
}

/// Each fault lists a hundred long names.
fn edges_without_case() -> Value {
    let name = |number: usize| format!("{}{number}", "n".repeat(190));
    let cases: Vec<Value> =
        (0..100).map(|number| json!({ "name": name(number), "condition": "trigger_data.a" })).collect();
    let nodes = json!([{ "id": "a", "type": "switch", "cases": cases }, echo("b")]);
    with_edges(nodes, vec![json!({ "from": "a", "to": "b", "condition": "x" }); 5_000].into())
}

fn edges_to_nowhere() -> Value {
    let id = |at: usize| format!("{:0>60}{at:04}", "");
    let nodes: Vec<Value> = (0..1_000).map(|at| echo(&id(at))).collect();
    let edges: Vec<Value> =
        (0..5_000).map(|at| json!({ "from": id(at + 1_000), "to": id(at + 2_000) })).collect();
    with_edges(nodes.into(), edges.into())
}

fn cycles() -> Value {
    let nodes: Vec<Value> = (0..1_000).map(|at| echo(&format!("n{at}"))).collect();
    let edge =
        |at: usize| json!({ "from": format!("n{}", at % 1_000), "to": format!("n{}", (at * 7 + 1) % 1_000) });
    with_edges(nodes.into(), (0..5_000).map(edge).collect())
}

fn ids_that_begin_with_each_other() -> Value {
    let id = |at: usize| format!("x-{}", ".a".repeat(at));
    let mut nodes: Vec<Value> = (0..99).map(|at| echo(&id(at))).collect();
    let case = |number: usize| {
        let condition = json!({ "type": "exists", "field": format!("{}!", id(99)) });
        json!({ "name": format!("c{number}"), "condition": condition })
    };
    let cases: Vec<Value> = (0..100).map(case).collect();
    nodes.extend((0..9).map(|at| json!({ "id": format!("s{at}"), "type": "switch", "cases": cases })));
    of_nodes(nodes.into())
}

fn quoted_ids() -> Value {
    let mut nodes: Vec<Value> = (0..900).map(|at| echo(&format!("a-{at}"))).collect();
    let text = format!("${{a + '{}'}}", "x".repeat(1_900));
    nodes.extend(
        (0..100).map(
            |at| json!({ "id": format!("t{at}"), "type": "action", "action": "transform", "input": text }),
        ),
    );
    of_nodes(nodes.into())
}

fn faults_below_long_keys() -> Value {
    let mut value = Value::from(vec!["${!}"; 5_000]);
    for _ in 0..100 {
        value = json!({ "k".repeat(BYTES / 120): value });
    }
    of_nodes(json!([transform(&value)]))
}

fn fields_that_are_read() -> Value {
    let example: Map<String, Value> =
        numbered("key-of-the-example-#").into_iter().map(|key| (key, json!(1))).collect();
    let read: Vec<String> = (0..9_000).map(|number| format!("${{trigger_data.f{number}}}")).collect();
    of_nodes(json!([{ "id": "a", "type": "trigger", "example": example }, transform(&json!(read))]))
}

/// Each node hands on what the one before it returned, one level deeper.
fn long_chain() -> Value {
    let node = |at: usize| {
        let input = if at == 0 {
            "${trigger_data.x}".to_owned()
        } else {
            format!("${{n{}.{}}}", at - 1, "f".repeat(150))
        };
        json!({ "id": format!("n{at}"), "type": "action", "action": "transform", "input": input })
    };
    let edge = |at: usize| json!({ "from": format!("n{at}"), "to": format!("n{}", at + 1) });
    with_edges((0..1_000).map(node).collect(), (0..999).map(edge).collect())
}
