//! Where calls may go by what their names and addresses are, for each kind of caller.

use std::net::IpAddr;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Setup, Workplace, flow, http};

use crate::egress::names::{Zone, address, alias, changing, zone};
use crate::egress::network::Network;

/// Hosts in URLs that may not be called.
const BLOCKED: [&str; 26] = [
    "10.0.0.5",
    "192.168.1.5",
    "100.64.0.5",
    "169.254.169.254",
    "127.0.0.1",
    "127.1",
    "0.0.0.0",
    "2852039166",
    "[::1]",
    "[::]",
    "[fd00::5]",
    "[::ffff:10.0.0.5]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "localhost",
    "private.test",
    "private.test.",
    "metadata.test",
    "loopback.test",
    "unspecified.test",
    "all-private.test",
    "six-private.test",
    "six-mapped.test",
    "six-nat.test",
    "alias-private.test",
    "nowhere.test",
];

/// Hosts in URLs, and the only address that may be called for each.
const ALLOWED: [(&str, &str); 8] = [
    ("8.8.8.8", "8.8.8.8"),
    ("[64:ff9b::808:808]", "64:ff9b::808:808"),
    ("public.test", "8.8.8.8"),
    ("mixed.test", "8.8.8.8"),
    ("mixed-families.test", "8.8.8.8"),
    ("six.test", "2001:4860:4860::8888"),
    ("six-mixed.test", "2001:4860:4860::8888"),
    ("alias.test", "8.8.4.4"),
];

/// What its callers are: nodes, remote agents and models.
const CALLERS: [&str; 3] = ["http_request", "http", "llm"];

pub(crate) fn zones() -> Vec<Zone> {
    vec![
        zone("private.test", &["10.0.0.5"]),
        zone("metadata.test", &["169.254.169.254"]),
        zone("loopback.test", &["127.0.0.1"]),
        zone("unspecified.test", &["0.0.0.0"]),
        zone("all-private.test", &["192.168.1.5", "10.0.0.5", "fd00::5"]),
        zone("six-private.test", &["fd00::5"]),
        zone("six-mapped.test", &["::ffff:10.0.0.5"]),
        zone("six-nat.test", &["64:ff9b::a9fe:a9fe"]),
        alias("alias-private.test", "private.test", &["10.0.0.5"]),
        zone("public.test", &["8.8.8.8"]),
        zone("mixed.test", &["10.0.0.5", "8.8.8.8", "169.254.169.254"]),
        zone("mixed-families.test", &["fd00::5", "8.8.8.8"]),
        zone("six.test", &["2001:4860:4860::8888"]),
        zone("six-mixed.test", &["10.0.0.5", "2001:4860:4860::8888", "::1"]),
        alias("alias.test", "public.test", &["8.8.4.4"]),
        changing("turns-private.test", &[&["8.8.8.8"], &["10.0.0.5"], &["169.254.169.254"], &["8.8.4.4"]]),
        changing("turns-public.test", &[&["10.0.0.5"], &["8.8.8.8"]]),
        changing("turns-to-itself.test", &[&["8.8.8.8"], &["127.0.0.1"]]),
    ]
}

#[test]
fn only_public_addresses_are_called_whoever_calls_and_whatever_a_name_says() {
    Network::run(zones(), async |network| {
        let workplace = Workplace::new();
        let server = Setup::new(&workplace).without_egress_to_loopback().start().await;
        for caller in CALLERS {
            for host in BLOCKED {
                let ended = call(server.api(), caller, &format!("http://{host}")).await;

                assert_eq!(ended["status"], "failed", "{caller} {host}: {ended}");
                assert_eq!(network.witness.called(), Vec::<IpAddr>::new(), "{caller} {host}");
            }
            for (host, only) in ALLOWED.map(|(host, only)| (host, address(only))) {
                if !Network::can_have(only) {
                    eprintln!("SKIPPED {host}: there is no IPv6 here.");
                    continue;
                }
                let ended = call(server.api(), caller, &format!("http://{host}")).await;

                assert_eq!(ended["status"], "completed", "{caller} {host}: {ended}");
                assert_eq!(network.witness.called(), [only], "{caller} {host}");
            }
        }
    });
}

#[test]
fn a_name_that_changes_is_checked_each_time_it_is_called() {
    Network::run(zones(), async |network| {
        let workplace = Workplace::new();
        let server = Setup::new(&workplace).without_egress_to_loopback().start().await;
        for caller in CALLERS {
            // Each caller asks for a name of its own, so each gets the first answer first.
            let name = caller.replace('_', "-");
            for (host, calls) in [
                ("turns-private.test", &[Some("8.8.8.8"), None, None, Some("8.8.4.4")][..]),
                ("turns-public.test", &[None, Some("8.8.8.8")]),
            ] {
                let host = format!("{name}.{host}");
                for (number, called) in calls.iter().enumerate() {
                    let ended = call(server.api(), caller, &format!("http://{host}")).await;

                    let called: Vec<IpAddr> = called.iter().map(|text| address(text)).collect();
                    assert_eq!(network.witness.called(), called, "{host} {number}: {ended}");
                    assert_eq!(network.names.asked(&host), number + 1, "{host} is asked for once a call");
                }
            }
        }
    });
}

#[test]
fn trials_are_guarded_as_executions_are() {
    Network::run(zones(), async |network| {
        let workplace = Workplace::new();
        let server = Setup::new(&workplace).without_egress_to_loopback().start().await;
        for host in ["10.0.0.5", "metadata.test", "[::ffff:10.0.0.5]", "mixed.test", "public.test"] {
            let url = format!("http://{host}");
            let graph = &flow("Trial", &[http("call", &url)], &[])["flow_definition"];
            let body = json!({ "node_id": "call", "flow_definition": graph });
            server.api().post("flows/test-node", &body).await.expect(200);
            for agent_type in ["http", "llm"] {
                let agent = agent(server.api(), agent_type, &url).await;
                let path = format!("agents/{agent}/execute");
                server.api().post(&path, &json!({ "skill": "ask", "input_data": {} })).await;
            }
            let calls = if ["mixed.test", "public.test"].contains(&host) { 3 } else { 0 };
            assert_eq!(network.witness.called(), vec![address("8.8.8.8"); calls], "{host}");
        }
    });
}

/// Lets a flow call `url`, and returns the ended execution.
pub(crate) async fn call(api: &Api, caller: &str, url: &str) -> Value {
    let node = match caller {
        "http_request" => {
            let mut node = http("call", url);
            node["input"]["method"] = "POST".into();
            node
        }
        agent_type => {
            let agent = agent(api, agent_type, url).await;
            json!({ "id": "call", "type": "agent", "agent_id": agent, "skill": "ask", "input": {} })
        }
    };
    run(api, node).await
}

/// Runs a flow of one node, and returns the ended execution.
pub(crate) async fn run(api: &Api, node: Value) -> Value {
    let flow = api.create_flow(&flow("Call", &[node], &[])).await;
    api.post(&format!("flows/{flow}/execute?wait=20"), &json!({})).await.expect(200)
}

/// Stores an agent, and returns its id.
pub(crate) async fn agent(api: &Api, agent_type: &str, url: &str) -> String {
    let config = match agent_type {
        "llm" => json!({ "provider": "openai", "base_url": url, "model": "m", "api_key": "sk-0123456789" }),
        _ => json!({ "endpoint": url }),
    };
    let skill = json!({ "name": "ask", "description": "d", "instructions": "Say hello." });
    let document = json!({ "name": "Agent", "agent_type": agent_type, "config": config, "skills": [skill] });
    let stored = api.post("agents", &document).await.expect(201);
    stored["id"].as_str().expect("an agent has an id").to_owned()
}
