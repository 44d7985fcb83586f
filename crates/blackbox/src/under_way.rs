//! Flows of all sorts that are under way, and that have to go on whatever happens to processes and databases.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::{Api, node};
use crate::document::{echo, flow, http, retries, with};
use crate::model::{Hold, Model};
use crate::peer::Peer;

const SOON: Duration = Duration::from_secs(60);
/// How long what waits for a moment waits: longer than a restart or a move takes.
const DELAY_SECONDS: u32 = 12;

/// What is under way.
#[derive(Debug)]
pub struct UnderWay {
    peer: Peer,
    model: Model,
    /// A flow that ends at once.
    pub flow: String,
    /// An execution of it, which has ended.
    pub done: String,
    /// They wait for a person, for an event and for each other; for a moment; for a backoff; for an answer; and for a model.
    asked: String,
    awaited: String,
    queued: String,
    delayed: String,
    backed_off: String,
    calling: String,
    talking: String,
    each: String,
    link: String,
}

/// Stores a flow of these nodes, one after the other, and returns its id.
async fn create(api: &Api, name: &str, nodes: &[Value]) -> String {
    let edges: Vec<(&str, &str)> = nodes
        .windows(2)
        .map(|pair| (pair[0]["id"].as_str().expect("an id"), pair[1]["id"].as_str().expect("an id")))
        .collect();
    api.create_flow(&flow(name, nodes, &edges)).await
}

impl UnderWay {
    /// Starts all of it, and waits until it has come to where it waits.
    ///
    /// # Panics
    /// If something does not get there.
    pub async fn start(api: &Api) -> Self {
        let (peer, model) = (Peer::start().await, Model::start(1).await);
        let first = http("first", &peer.url("/ok"));
        let chain =
            create(api, "Chain", &[first.clone(), echo("a", json!({ "text": "x".repeat(10_000) }))]).await;
        let done = api.start(&chain, json!({ "key": "done" })).await;
        api.finished(&done, SOON).await;
        let asks =
            create(api, "Asks", &[first.clone(), json!({ "id": "ok", "type": "approval", "input": {} })])
                .await;
        let asked = api.start(&asks, json!({})).await;
        let wait = json!({ "id": "paid", "type": "wait_event", "event": "paid", "correlation": "7" });
        let wait = create(api, "Awaits", &[first.clone(), wait]).await;
        let awaited = api.start(&wait, json!({})).await;
        let delay = json!({ "id": "later", "type": "delay", "delay_seconds": DELAY_SECONDS });
        let limited = flow("Limited", &[first.clone(), delay.clone()], &[("first", "later")]);
        let limited = api.create_flow(&with(limited, &json!({ "max_concurrent_executions": 1 }))).await;
        let delayed = api.start(&limited, json!({})).await;
        let queued = api.start(&limited, json!({})).await;
        let retry = with(http("again", &peer.url("/fail/1")), &retries(1, f64::from(DELAY_SECONDS)));
        let backed_off = api.start(&create(api, "Backs off", &[first.clone(), retry]).await, json!({})).await;
        let call = with(http("call", &peer.url("/hang/1")), &retries(1, 0.1));
        let calling = api.start(&create(api, "Calls", &[first.clone(), call]).await, json!({})).await;
        let body = json!({ "nodes": [http("item", &peer.url("/slow/700"))], "edges": [] });
        let each =
            json!({ "id": "each", "type": "map", "items": [1, 2, 3, 4], "max_concurrency": 1, "body": body });
        let each = api.start(&create(api, "Each", &[each]).await, json!({})).await;
        let config = json!({ "provider": "openai", "base_url": model.url("/v1"), "model": "scripted" });
        let agent = json!({ "name": "Talker", "agent_type": "llm", "config": config, "skills": [{ "name": "talk" }] });
        let agent = api.post("agents", &agent).await.expect(201)["id"].clone();
        let ask = json!({ "id": "ask", "type": "agent", "agent_id": agent, "skill": "talk", "session": "s/1",
            "input": { "message": "Hello" } });
        model.hold(":ask", Hold::Silent);
        let talking = api.start(&create(api, "Talks", &[first, ask]).await, json!({})).await;
        model.has_come().await;
        for (id, waiting_for) in
            [(&asked, "approval"), (&awaited, "event"), (&delayed, "delay"), (&queued, "slot")]
        {
            api.until(id, waiting_for, SOON, |execution| execution["waiting_for"] == waiting_for).await;
        }
        api.until(&backed_off, "it waits for a retry", SOON, |execution| execution["retrying"] == true).await;
        api.until(&calling, "it calls", SOON, |execution| node(execution, "call")["status"] == "running")
            .await;
        let open = api.get("approvals?limit=9").await.expect(200)[0]["id"]
            .as_str()
            .expect("an id")
            .replace(':', "%3A");
        let made = api.post(&format!("approvals/{open}/links"), &json!({})).await.expect(201);
        let link = made["url"].as_str().expect("a link").to_owned();
        Self {
            peer,
            model,
            flow: chain,
            done,
            asked,
            awaited,
            queued,
            delayed,
            backed_off,
            calling,
            talking,
            each,
            link,
        }
    }

    /// Does what it waits for, and checks that it ends well, with each effect once.
    ///
    /// # Panics
    /// If something does not, or is done twice.
    pub async fn ends(&self, api: &Api) {
        let event = json!({ "name": "paid", "correlation": "7", "id": "evt-7", "data": {} });
        assert_eq!(api.post("events", &event).await.expect(202)["is_known"], false);
        let link = self.link.split_once("/decide/").expect("a link").1;
        let link = format!("/api/v1/decisions/{link}");
        let shown = api.get(&link).await.expect(200);
        let said = json!({ "decision": "approved", "arguments_hash": shown["arguments_hash"] });
        api.post(&link, &said).await.expect(200);
        for id in self.all() {
            let ended = api.finished(id, SOON).await;
            assert_eq!(ended["status"], "completed", "{ended}");
        }
        for id in self.all().into_iter().filter(|id| **id != self.each) {
            let first = self.peer.calls_of(id).iter().filter(|call| call.path == "/ok").count();
            assert_eq!(first, 1, "what had completed is not done again");
        }
        let again = self.peer.calls_of(&self.backed_off);
        let again: Vec<_> =
            again.iter().filter(|call| call.path == "/fail/1").map(|call| call.attempt).collect();
        assert_eq!(again, [1, 2]);
        let asked = self.model.calls().remove(&format!("{}:ask", self.talking)).unwrap_or_default();
        assert!(asked.len() <= 3 && asked.iter().all(|body| body["messages"] == asked[0]["messages"]));
    }

    fn all(&self) -> [&String; 9] {
        [
            &self.done,
            &self.asked,
            &self.awaited,
            &self.delayed,
            &self.queued,
            &self.backed_off,
            &self.calling,
            &self.talking,
            &self.each,
        ]
    }
}
