//! Names hold nothing that people do not see, and those that were stored with it are read all the same.

use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::flow::{Document, Flow};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;

/// A NUL, a line break, a change of direction, the end of a line for JavaScript, and the separator of old databases.
const HIDDEN: [&str; 5] = ["\0", "\n", "\u{202e}", "\u{2028}", "\u{1f}"];

fn flow() -> Value {
    let case = json!({ "name": "high", "condition": "trigger_data.n > 1" });
    json!({
        "name": "Orders", "category": "Sales", "tags": ["urgent"],
        "flow_definition": {
            "nodes": [{ "id": "a", "name": "Choose", "type": "switch", "cases": [case] }],
            "edges": [],
        },
    })
}

fn agent() -> Value {
    json!({
        "name": "Reader", "category": "Text", "tags": ["fast"], "department": "Sales", "agent_type": "http",
        "config": { "endpoint": "https://agents.example" },
        "skills": ["read"],
    })
}

fn with(document: &Value, pointer: &str, hidden: &str) -> Value {
    let mut document = document.clone();
    let name = document.pointer_mut(pointer).expect("the document has it");
    *name = json!(format!("{}{hidden}x", name.as_str().expect("a name is a string")));
    document
}

#[test]
fn what_is_not_visible_is_refused_in_every_name_of_a_flow() {
    let node = "/flow_definition/nodes/0";
    let names = ["/name", "/category", "/tags/0", &format!("{node}/id"), &format!("{node}/name")];
    let case = format!("{node}/cases/0/name");
    assert!(Flow::parse(&flow(), &Limits::DEFAULT).is_ok());

    for pointer in names.into_iter().chain([&*case]) {
        for hidden in HIDDEN {
            let faults = Flow::parse(&with(&flow(), pointer, hidden), &Limits::DEFAULT).unwrap_err();
            assert_eq!(faults[0].pointer, pointer);
            let code = format!("U+{:04X}", u32::from(hidden.chars().next().unwrap()));
            assert!(faults[0].message.contains(&code), "{}", faults[0]);
        }
    }
}

#[test]
fn what_is_not_visible_is_refused_in_every_name_of_an_agent() {
    assert!(Agent::parse(&agent()).is_ok());

    for pointer in ["/name", "/category", "/tags/0", "/department", "/skills/0"] {
        for hidden in HIDDEN {
            let faults = Agent::parse(&with(&agent(), pointer, hidden)).unwrap_err();
            assert_eq!(faults[0].pointer, pointer, "{faults:?}");
        }
    }
}

#[test]
fn names_in_any_script_are_taken() {
    for name in ["Überweisung – «ж» 注文", "سفارش\u{200c}ها", "👩\u{200d}🚀", "a\u{301}"] {
        let mut document = flow();
        document["name"] = json!(name);
        assert!(Flow::parse(&document, &Limits::DEFAULT).is_ok(), "{name}");
    }
}

#[test]
fn names_that_were_stored_with_more_are_kept() {
    let fine = Document::of(&Flow::parse(&flow(), &Limits::DEFAULT).unwrap()).to_payload();
    let stored = fine.as_str().replace("Orders", "Or\\u202eders").replace("Choose", "Cho\\u0000ose");

    let restored = Flow::restore(&Payload::parse(stored).unwrap(), &Limits::DEFAULT).unwrap();

    assert_eq!(restored.flow.settings.name, "Or\u{202e}ders");
    assert_eq!(&*restored.flow.graph.nodes[0].name, "Cho\0ose");
    let agent = Agent::restore(&with(&with(&agent(), "/name", "\n"), "/skills/0", "\u{202e}")).unwrap();
    assert_eq!((&*agent.name, &*agent.skills[0].name), ("Reader\nx", "read\u{202e}x"));
}
