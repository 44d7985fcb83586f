//! Keys that somebody wants to be sent to a service of their own: by moving an agent, and by texts that spell a secret.

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Api, Setup, Workplace, echo, flow, http, scaled};

use crate::abuse::mirror::Mirror;

const KEY: &str = "sk-live-7fK2mQ9xR4";
const MASK: &str = "••••";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_masked_key_does_not_move_to_another_host_with_its_agent() {
    let (workplace, owner, thief) = (Workplace::new(), Mirror::start().await, Mirror::start().await);
    let server = Setup::new(&workplace)
        .without_egress_to_loopback()
        .arguments(["--egress-allow", "127.0.0.0/8,localhost"])
        .start()
        .await;
    let elsewhere = thief.base().replace("127.0.0.1", "127.0.0.2");
    let by_name = thief.base().replace("127.0.0.1", "localhost");

    for (agent_type, config, place) in agents(&owner.base()) {
        let skill = json!({ "name": "ask", "description": "d", "instructions": "Say hello." });
        let agent =
            json!({ "name": "Owner's", "agent_type": agent_type, "config": config, "skills": [skill] });
        let agent = server.api().post("agents", &agent).await.expect(201);
        let path = format!("agents/{}", agent["id"].as_str().expect("an agent has an id"));
        let shown = server.api().get(&path).await.expect(200)["config"].clone();
        assert!(shown.to_string().contains(MASK) && !shown.to_string().contains(KEY), "{shown}");
        for target in [&thief.base(), &elsewhere, &by_name].into_iter().take(scaled(2, 3)) {
            let mut moved = shown.clone();
            moved[place] = json!(format!("{target}/200"));
            let change = json!({ "config": moved });
            let answer = server.api().call(Method::PATCH, &path, &[], Some(&change)).await;
            let problem = answer.expect("the server answers").expect(422);
            assert!(problem.to_string().contains("this is the mask of a stored secret"), "{problem}");
        }
        let body = json!({ "skill": "ask", "input_data": {} });
        server.api().post(&format!("{path}/execute"), &body).await;
    }

    assert!(owner.requests().join("").contains(KEY), "the owner's service is still called");
    assert_eq!(thief.requests(), [""; 0]);
}

/// Returns agents with a key wherever one can be: type, configuration, and where that says the address.
fn agents(base: &str) -> [(&'static str, Value, &'static str); 4] {
    let address = format!("{base}/200");
    let model = |key: Value| {
        let mut config = json!({ "provider": "openai", "base_url": address, "model": "m" });
        config.as_object_mut().expect("it is an object").extend(key.as_object().cloned().unwrap_or_default());
        config
    };
    [
        ("http", json!({ "endpoint": address, "api_key": KEY }), "endpoint"),
        ("http", json!({ "endpoint": address, "headers": { "X-Key": KEY } }), "endpoint"),
        ("llm", model(json!({ "api_key": KEY })), "base_url"),
        ("llm", model(json!({ "extra_query": { "key": KEY } })), "base_url"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_spells_a_secret_stays_a_text() {
    let (workplace, mirror) = (Workplace::new(), Mirror::start().await);
    let secret = [("STEADFLOW_SECRET_KEY".to_owned(), KEY.to_owned())];
    let server = Setup::new(&workplace).variables(secret).start().await;
    let spelled = json!({ "key": "${secrets.KEY}", "half": "${secrets", "other": ".KEY}" });

    for text in
        ["${trigger_data.key}", "${trigger_data.half}${trigger_data.other}", "$${secrets.KEY}", "${a.key}"]
    {
        let mut call = http("call", &format!("{}/200/x", mirror.base()));
        call["input"] = json!({ "url": format!("{}/200/x?q={text}", mirror.base()), "method": "POST",
            "headers": { "X-Key": text }, "body": { "k": text } });
        run(server.api(), &[echo("a", json!("${trigger_data}")), call], &spelled).await;
    }

    let sent = mirror.requests();
    assert_eq!(sent.len(), 4);
    assert!(sent.iter().all(|request| request.contains("x-key: ${secrets.KEY}")), "{sent:?}");
    assert!(!sent.join("").contains(KEY), "{sent:?}");
}

async fn run(api: &Api, nodes: &[Value], trigger_data: &Value) {
    let flow = api.create_flow(&flow("Spelled", nodes, &[("a", "call")])).await;
    let body = json!({ "trigger_data": trigger_data });
    let ended = api.post(&format!("flows/{flow}/execute?wait=20"), &body).await.expect(200);
    assert_eq!(ended["status"], "completed", "{ended}");
}
