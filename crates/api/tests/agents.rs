//! Agents: how they are registered, and tried.

use serde_json::{Value, json};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::AgentChange;
use uuid::Uuid;

use crate::support::{Api, NO_ID, each, flow, list, readable, text};

fn remote() -> Value {
    json!({
        "name": "Risk analyst", "agent_type": "http", "category": "risk", "tags": ["tprm"],
        "config": { "endpoint": "https://risk.example.org", "api_key": "sk-very-secret",
                    "headers": { "X-Team": "${secrets.TEAM}" } },
        "skills": ["score", { "name": "explain", "description": "Says why." }],
    })
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_cannot_be_read_hides_no_other_and_can_be_deleted() {
    let api = Api::new().await;
    let sound = created(&api).await;
    let (id, tenant, at) = (AgentId::new(Uuid::from_u128(7)), TenantId::DEFAULT, Timestamp::from_micros(0));
    for name in [json!("Sound"), json!(7)] {
        let document = Payload::from_value(&json!({ "name": name, "agent_type": "http", "skills": ["s"],
            "config": { "endpoint": "https://example.org" } }));
        let change = AgentChange { id, tenant, document, at, if_revision: None };
        api.store().put_agent(change).await.expect("the store does not read it");
    }

    let agents = api.get("agents").await;
    let alone = api.get(&format!("agents/{id}")).await;
    let versions = api.get(&format!("agents/{id}/versions")).await.expect(200);
    let metrics = api.get("/metrics").await;

    assert_eq!(agents.header("x-total-count"), Some("2"));
    let agents = agents.expect(200);
    assert_eq!(each(&agents, "id"), [text(&sound["id"]), id.to_string()]);
    insta::assert_snapshot!(text(&agents[1]["damaged"]), @"stored version 2 of agent 00000000-0000-0000-0000-000000000007 is not readable: /name: `name` must be a string of at most 200 characters, not 7");
    let alone = alone.expect(500);
    assert_eq!(alone["type"], "/docs/problems#damaged");
    assert!(text(&alone["detail"]).contains("`name` must be a string"), "{alone}");
    assert_eq!((&versions[0]["version"], versions[0]["damaged"].is_string()), (&json!(2), true));
    assert_eq!((&versions[1]["version"], &versions[1]["name"]), (&json!(1), &json!("Sound")));
    assert!(
        metrics.text.contains("steadflow_damaged_rows_total 2\n"),
        "a row and a version: {}",
        metrics.text
    );
    assert_eq!(api.delete(&format!("agents/{id}")).await.status, 204);
    assert_eq!(each(&api.get("agents").await.expect(200), "id"), [text(&sound["id"])]);
    assert_eq!(api.get(&format!("agents/{id}/versions")).await.status, 404);
}

async fn created(api: &Api) -> Value {
    api.post("agents", &remote()).await.expect(201)
}

#[tokio::test(start_paused = true)]
async fn registered_agent_is_answered_without_its_secrets() {
    let api = Api::new().await;

    let answer = api.post("agents", &remote()).await;

    assert_eq!(answer.status, 201);
    assert!(!answer.text.contains("sk-very-secret"), "{}", answer.text);
    let location = answer.header("location").unwrap();
    assert_eq!(location, format!("/api/v1/studio/agents/{}", text(&answer.body["id"])));
    assert_eq!(api.get(location).await.expect(200), answer.body);
    insta::assert_snapshot!(readable(&answer.body), @r#"
    {
      "id": "[id 1]",
      "version": 1,
      "name": "Risk analyst",
      "agent_type": "http",
      "description": "",
      "source": "internal",
      "skills": [
        "score",
        "explain"
      ],
      "skill_definitions": [
        {
          "name": "score"
        },
        {
          "name": "explain",
          "description": "Says why."
        }
      ],
      "category": "risk",
      "tags": [
        "tprm"
      ],
      "is_available": true,
      "is_featured": false,
      "icon_url": null,
      "department": null,
      "config": {
        "endpoint": "https://risk.example.org",
        "api_key": "••••",
        "headers": {
          "X-Team": "${secrets.TEAM}"
        }
      },
      "prices": null,
      "protection": null,
      "budget": null,
      "usage_count": 0,
      "last_used_at": null,
      "budget_today": null,
      "created_at": "2027-01-15T08:00:00.000000Z",
      "updated_at": "2027-01-15T08:00:00.000000Z",
      "etag": "\"1\""
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn agents_are_listed_newest_first_in_pages() {
    let api = Api::new().await;
    for name in ["A", "B", "C"] {
        let mut agent = remote();
        agent["name"] = json!(name);
        api.post("agents", &agent).await.expect(201);
    }

    let first = api.get("agents?limit=2").await;
    let second = api.get(&first.next().unwrap()).await;

    assert_eq!(each(&first.body, "name"), ["C", "B"]);
    assert_eq!((first.header("x-total-count"), second.header("x-total-count")), (Some("3"), Some("3")));
    assert_eq!((each(&second.body, "name"), second.next()), (vec!["A"], None));
    assert!(!first.text.contains("sk-very-secret"));
}

#[tokio::test(start_paused = true)]
async fn how_an_agent_is_shown_can_be_set_and_changed() {
    let api = Api::new().await;
    let shown = json!({
        "is_available": false, "is_featured": true, "icon_url": "https://risk.example.org/icon.png",
        "department": "Risk",
    });
    let mut document = remote();
    document.as_object_mut().unwrap().extend(shown.as_object().cloned().unwrap());
    let keys = |agent: &Value| {
        let part = |key: &String| (key.clone(), agent[key].clone());
        Value::Object(shown.as_object().unwrap().keys().map(part).collect())
    };

    let agent = api.post("agents", &document).await.expect(201);
    let path = format!("agents/{}", text(&agent["id"]));
    let changes = json!({ "is_available": true, "icon_url": null, "department": "Audit" });
    let patched = api.patch(&path, &changes).await.expect(200);
    let refused = api.patch(&path, &json!({ "is_featured": 1, "icon_url": "javascript:alert(1)" })).await;

    assert_eq!(keys(&agent), shown);
    let after = json!({ "is_available": true, "is_featured": true, "icon_url": null, "department": "Audit" });
    assert_eq!(keys(&patched), after);
    assert_eq!(keys(&api.get("agents").await.expect(200)[0]), after);
    assert_eq!(each(&refused.body["errors"], "pointer"), ["/is_featured", "/icon_url"]);
}

#[tokio::test(start_paused = true)]
async fn agents_are_filtered_by_what_they_are() {
    let api = Api::new().await;
    let model = json!({
        "name": "Writer", "agent_type": "llm", "category": "text", "config": { "provider": "openai", "model": "m" },
        "skills": ["write", "explain"],
    });
    api.post("agents", &model).await.expect(201);
    created(&api).await;
    let listed = async |query: &str| {
        let answer = api.get(&format!("agents?{query}")).await;
        (answer.header("x-total-count").map(str::to_owned), each(&answer.expect(200), "name").join(" & "))
    };
    let of = |total: &str, names: &str| (Some(total.to_owned()), names.to_owned());

    assert_eq!(listed("agent_type=llm").await, of("1", "Writer"));
    assert_eq!(listed("skill=explain").await, of("2", "Risk analyst & Writer"));
    assert_eq!(listed("skill=explain&category=risk").await, of("1", "Risk analyst"));
    assert_eq!(listed("skill=Says%20why.").await, of("0", ""), "a description is no name");
    assert_eq!(listed("source=internal&limit=1").await, of("2", "Risk analyst"));
    assert_eq!(listed("source=external").await, of("0", ""));
    api.post("agents", &mcp_server()).await.expect(201);
    assert_eq!(listed("source=external").await, of("1", "Tools"));
    assert_eq!(listed("source=internal").await, of("2", "Risk analyst & Writer"));
    assert_eq!(listed("source=external&agent_type=llm").await, of("0", ""));
    insta::assert_snapshot!(api.get("agents?source=elsewhere").await.problem(), @"400 invalid-parameter: The query is not valid: `source` must be one of internal, external.");
}

#[tokio::test(start_paused = true)]
async fn patch_replaces_what_it_names_and_a_mask_keeps_the_secret() {
    let api = Api::new().await;
    let before = created(&api).await;
    let path = format!("agents/{}", text(&before["id"]));
    let mut config = before["config"].clone();
    config["endpoint"] = json!("https://risk.example.org/v2");

    let patched = api.patch(&path, &json!({ "name": "Analyst", "config": config })).await.expect(200);

    assert_eq!(patched["name"], "Analyst");
    assert_eq!(patched["config"]["endpoint"], "https://risk.example.org/v2");
    assert_eq!(patched["config"]["api_key"], before["config"]["api_key"], "still masked");
    assert_eq!((&patched["skills"], &patched["tags"]), (&before["skills"], &before["tags"]));
    assert_eq!(api.get(&path).await.expect(200), patched);
}

#[tokio::test(start_paused = true)]
async fn versions_are_listed_newest_first_without_secrets() {
    let api = Api::new().await;
    let path = format!("agents/{}", text(&created(&api).await["id"]));
    let renamed = api.patch(&path, &json!({ "name": "Analyst" })).await.expect(200);

    let answer = api.get(&format!("{path}/versions")).await;

    let numbered = |version: &Value| (version["version"].clone(), version["is_current"].clone());
    let numbers: Vec<_> = list(&answer.body).iter().map(numbered).collect();
    assert_eq!(numbers, [(json!(2), json!(true)), (json!(1), json!(false))]);
    assert_eq!(answer.header("x-total-count"), Some("2"));
    assert_eq!(each(&answer.body, "name"), ["Analyst", "Risk analyst"]);
    assert_eq!((&answer.body[1]["config"]["api_key"], &renamed["version"]), (&json!("••••"), &json!(2)));
    assert!(!answer.text.contains("sk-very-secret"), "{}", answer.text);
}

#[tokio::test(start_paused = true)]
async fn change_that_changes_nothing_makes_no_version() {
    let api = Api::new().await;
    let path = format!("agents/{}", text(&created(&api).await["id"]));

    api.patch(&path, &json!({ "name": "Risk analyst" })).await.expect(200);

    assert_eq!(list(&api.get(&format!("{path}/versions")).await.expect(200)).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn mask_is_valid_only_while_the_secret_goes_to_the_same_host() {
    let api = Api::new().await;
    let path = format!("agents/{}", text(&created(&api).await["id"]));
    let config = |endpoint: &str| json!({ "endpoint": endpoint, "api_key": "••••", "headers": { "X-Team": "${secrets.TEAM}" } });

    for endpoint in ["https://RISK.example.org:443/v2", "https://risk.example.org"] {
        api.patch(&path, &json!({ "config": config(endpoint) })).await.expect(200);
    }
    let refused = api.patch(&path, &json!({ "config": config("https://evil.example") })).await;
    insta::assert_snapshot!(refused.problem(), @"
    422 agent-invalid: The agent document has a fault at `/config/api_key`: this is the mask of a stored secret, and it is for https://risk.example.org, so it is not sent elsewhere. Give the secret again, or `${secrets.NAME}`.
      /config/api_key: this is the mask of a stored secret, and it is for https://risk.example.org, so it is not sent elsewhere. Give the secret again, or `${secrets.NAME}`
    ");
    for endpoint in [
        "http://risk.example.org",
        "https://risk.example.org:8443",
        "https://risk.example.org.evil.example",
        "https://risk.example.org.",
    ] {
        let refused = api.patch(&path, &json!({ "config": config(endpoint) })).await;
        assert!(
            refused.problem().contains("/config/api_key: this is the mask of a stored secret"),
            "{endpoint}"
        );
    }
    let model = json!({ "agent_type": "llm", "config": { "provider": "openai", "model": "m", "api_key": "••••",
        "base_url": "https://risk.example.org" } });
    assert!(
        api.patch(&path, &model)
            .await
            .problem()
            .contains("/config/api_key: this is the mask of a stored secret, and it is for `http`")
    );
    let mut given = config("https://evil.example");
    given["api_key"] = json!("sk-another-one");
    api.patch(&path, &json!({ "config": given })).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn masks_of_a_model_are_valid_only_while_its_provider_and_host_stay() {
    let api = Api::new().await;
    let config = json!({ "provider": "openai", "model": "m", "api_key": "sk-very-secret",
        "extra_headers": { "X-Gateway": "gw-very-secret" }, "extra_query": { "code": "q-very-secret" } });
    let agent = json!({ "name": "Writer", "agent_type": "llm", "config": config, "skills": ["write"] });
    let made = api.post("agents", &agent).await.expect(201);
    let path = format!("agents/{}", text(&made["id"]));
    let with = |key: &str, value: &str| {
        let mut config = made["config"].clone();
        config[key] = json!(value);
        json!({ "config": config })
    };

    for (key, value) in
        [("model", "n"), ("base_url", "https://api.openai.com/v2"), ("base_url", "https://api.openai.com")]
    {
        api.patch(&path, &with(key, value)).await.expect(200);
    }
    let elsewhere = api.patch(&path, &with("base_url", "https://evil.example/v1")).await;
    let other = api.patch(&path, &with("provider", "ollama")).await;

    for refused in [elsewhere, other] {
        let problem = refused.problem();
        for pointer in ["/config/api_key", "/config/extra_headers/X-Gateway", "/config/extra_query/code"] {
            assert!(
                problem.contains(&format!("  {pointer}: this is the mask of a stored secret")),
                "{problem}"
            );
        }
        assert!(!problem.contains("very-secret"), "{problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn mask_that_covers_nothing_is_refused() {
    let api = Api::new().await;
    let mut agent = remote();
    agent["config"]["api_key"] = created(&api).await["config"]["api_key"].clone();

    let answer = api.post("agents", &agent).await;

    insta::assert_snapshot!(answer.problem(), @r"
    422 agent-invalid: The agent document has a fault at `/config/api_key`: this is the mask that hides a secret, not the secret. Give the secret or `${secrets.NAME}`.
      /config/api_key: this is the mask that hides a secret, not the secret. Give the secret or `${secrets.NAME}`
    ");
    assert_eq!(list(&api.get("agents").await.expect(200)).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn documents_with_faults_are_refused_with_a_pointer_each_and_nothing_is_stored() {
    let api = Api::new().await;
    let faulty = json!({
        "name": "", "agent_type": "http", "config": { "endpoint": "risk.example.org", "api_kee": "x" },
        "skills": ["score", "score"],
    });
    let model = json!({
        "name": "Writer", "agent_type": "llm", "config": { "provider": "acme" },
        "skills": [{ "name": "write", "max_tokens": 0, "output_schema": 7 }],
    });

    insta::assert_snapshot!(api.post("agents", &faulty).await.problem(), @"
    422 agent-invalid: The agent document has 4 faults. The first, at `/name`: `name` must not be empty.
      /name: `name` must not be empty
      /config/endpoint: `endpoint` must be an http:// or https:// URL
      /config/api_kee: there is no key `api_kee` here; did you mean `api_key`?
      /skills/1: another skill is called `score`, too
    ");
    insta::assert_snapshot!(api.post("agents", &model).await.problem(), @r#"
    422 agent-invalid: The agent document has 4 faults. The first, at `/config/provider`: `provider` must be one of `openai`, `anthropic`, `gemini`, `ollama`, not "acme".
      /config/provider: `provider` must be one of `openai`, `anthropic`, `gemini`, `ollama`, not "acme"
      /config/model: a model needs `model`: a string of at most 200 characters
      /skills/0/output_schema: `output_schema` must be a JSON Schema (an object), not 7
      /skills/0/max_tokens: `max_tokens` must be a whole number from 1 to 1000000, not 0
    "#);
    insta::assert_snapshot!(api.post("agents", &json!({ "name": "Nobody" })).await.problem(), @"
    422 agent-invalid: The agent document has 3 faults. The first, at `/agent_type`: an agent needs `agent_type`: one of `llm`, `http`, `mcp`.
      /agent_type: an agent needs `agent_type`: one of `llm`, `http`, `mcp`
      /config: an agent needs `config`: an object
      /skills: an agent needs `skills`: a list of skills
    ");
    assert_eq!(api.get("agents").await.expect(200), json!([]));
}

#[tokio::test(start_paused = true)]
async fn patch_that_makes_an_agent_invalid_changes_nothing() {
    let api = Api::new().await;
    let before = created(&api).await;
    let path = format!("agents/{}", text(&before["id"]));

    let answer = api.patch(&path, &json!({ "name": "Analyst", "skills": [] })).await;

    insta::assert_snapshot!(answer.problem(), @"
    422 agent-invalid: The agent document has a fault at `/skills`: `skills` must have at least one entry.
      /skills: `skills` must have at least one entry
    ");
    assert_eq!(api.get(&path).await.expect(200), before);
}

#[tokio::test(start_paused = true)]
async fn deleted_agent_is_gone() {
    let api = Api::new().await;
    let path = format!("agents/{}", text(&created(&api).await["id"]));

    let deleted = api.delete(&path).await;

    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    api.get(&path).await.expect(404);
    api.delete(&path).await.expect(404);
    assert_eq!(api.get("agents").await.expect(200), json!([]));
}

#[tokio::test(start_paused = true)]
async fn skill_is_tried_and_nothing_is_stored_of_it() {
    let api = Api::new().await;
    let path = format!("agents/{}/execute", text(&created(&api).await["id"]));
    let try_it = async |body: Value| api.post(&path, &body).await.expect(200);

    let succeeded = try_it(json!({ "skill": "score", "input_data": { "vendor": "ACME" } })).await;
    let without_input = try_it(json!({ "skill": "explain", "source": "internal" })).await;

    assert_eq!((&succeeded["success"], &succeeded["result"]), (&json!(true), &json!({ "vendor": "ACME" })));
    assert_eq!(without_input["result"], json!({}));
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn failed_trial_is_a_problem_with_what_the_service_said() {
    let api = Api::new().await;
    let path = format!("agents/{}/execute", text(&created(&api).await["id"]));
    let input = json!({
        "fails": 1, "error": "rate_limited", "status": 429, "retry_after": 2.5, "body": { "hint": "slow down" },
    });

    let answer = api.post(&path, &json!({ "skill": "score", "input_data": input })).await;

    assert_eq!(answer.header("retry-after"), Some("3"), "whole seconds, and not too early");
    assert_eq!(answer.problem(), "429 skill-rate-limited: Connection timeout.");
    insta::assert_snapshot!(readable(&answer.body["error"]), @r#"
    {
      "error_class": "rate_limited",
      "error_message": "Connection timeout",
      "status": 429,
      "body": {
        "hint": "slow down"
      }
    }
    "#);
    assert_eq!(answer.body["usage"], json!({ "input_tokens": 0, "output_tokens": 0, "cost": null }));
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn failed_trial_has_the_status_of_its_class() {
    let api = Api::new().await;
    let path = format!("agents/{}/execute", text(&created(&api).await["id"]));
    let table = include_str!("../../../docs/reference/api.md");

    for class in ErrorClass::ALL {
        let input = json!({ "fails": 1, "error": class.as_str() });
        let answer = api.post(&path, &json!({ "skill": "score", "input_data": input })).await;

        let problem = answer.problem();
        let kind = problem.split([' ', ':']).nth(1).unwrap();
        let row =
            table.lines().find(|line| line.contains(&format!("`{class}`")) && line.contains("problems.md#"));
        let row = row.unwrap_or_else(|| panic!("`{class}` is not in the table"));
        assert!(
            row.contains(&format!("| {} | [{kind}](problems.md#{kind}) |", answer.status)),
            "{class}: {problem}"
        );
        assert_eq!(answer.header("retry-after"), None, "{class}: no service asked for a wait");
    }
}

#[tokio::test(start_paused = true)]
async fn skills_and_sources_that_are_not_there_are_refused() {
    let api = Api::new().await;
    let path = format!("agents/{}/execute", text(&created(&api).await["id"]));
    let refused = async |body: Value| api.post(&path, &body).await.problem();

    insta::assert_snapshot!(refused(json!({ "skill": "sing" })).await, @"404 no-such-agent: The agent has no skill `sing`; it has score, explain.");
    insta::assert_snapshot!(refused(json!({ "skill": "score", "source": "external" })).await, @"404 no-such-agent: The source of the agent is `internal`, not `external`.");
    insta::assert_snapshot!(refused(json!({ "input_data": {} })).await, @"
    400 invalid-body: The body does not fit: missing field `skill` at line 1 column 17.
      : missing field `skill`
    ");
}

fn mcp_server() -> Value {
    json!({
        "name": "Tools", "agent_type": "mcp", "skills": ["look"],
        "config": { "url": "https://tools.example.org/mcp", "api_key": "sk-very-secret" },
    })
}

#[tokio::test(start_paused = true)]
async fn only_the_local_commands_of_the_operator_can_be_named() {
    let api = Api::new().await;
    let named =
        |config: Value| json!({ "name": "Files", "agent_type": "mcp", "skills": ["read"], "config": config });

    let listed = api.get("mcp-commands").await.expect(200);
    let agent = api.post("agents", &named(json!({ "command": "files" }))).await.expect(201);

    assert_eq!(listed, json!([{ "name": "files" }, { "name": "git" }]));
    assert_eq!((&agent["config"], &agent["source"]), (&json!({ "command": "files" }), &json!("external")));
    insta::assert_snapshot!(api.post("agents", &named(json!({ "command": "npx" }))).await.problem(), @"
    422 agent-invalid: The agent document has a fault at `/config/command`: there is no local command `npx`. The operator has listed `files`, `git`, and can add it to `steadflow.toml` as `[mcp.npx]`.
      /config/command: there is no local command `npx`. The operator has listed `files`, `git`, and can add it to `steadflow.toml` as `[mcp.npx]`
    ");
    insta::assert_snapshot!(api.post("agents", &named(json!({ "command": "files", "args": ["-c"], "env": {} }))).await.problem(), @"
    422 agent-invalid: The agent document has 2 faults. The first, at `/config/args`: there is no key `args` here; there are `url`, `command`, `api_key`, `headers`; what a local command is stands in the operator's `steadflow.toml`, and `command` is its name there.
      /config/args: there is no key `args` here; there are `url`, `command`, `api_key`, `headers`; what a local command is stands in the operator's `steadflow.toml`, and `command` is its name there
      /config/env: there is no key `env` here; there are `url`, `command`, `api_key`, `headers`; what a local command is stands in the operator's `steadflow.toml`, and `command` is its name there
    ");
    let path = format!("agents/{}", text(&agent["id"]));
    let patched = api.patch(&path, &json!({ "config": { "command": "/bin/sh" } })).await;
    assert_eq!((patched.status, api.get(&path).await.expect(200)), (422, agent));
}

#[tokio::test(start_paused = true)]
async fn an_mcp_server_is_an_external_agent_whose_tools_are_listed() {
    let api = Api::new().await;
    let agent = api.post("agents", &mcp_server()).await.expect(201);
    let path = format!("agents/{}", text(&agent["id"]));

    let tried = api.post(&format!("{path}/execute"), &json!({ "skill": "look", "source": "external" })).await;
    let listed = api.post(&format!("{path}/tools"), &Value::Null).await.expect(200);

    assert_eq!((&agent["source"], &agent["agent_type"]), (&json!("external"), &json!("mcp")));
    assert_eq!(agent["config"], json!({ "url": "https://tools.example.org/mcp", "api_key": "••••" }));
    assert_eq!(tried.expect(200)["success"], true);
    assert_eq!(listed, crate::support::tools());
    assert_eq!(api.counts().await, (0, 0));
    api.post("agents/00000000-0000-0000-0000-000000000001/tools", &Value::Null).await.expect(404);
}

#[tokio::test(start_paused = true)]
async fn skill_that_does_not_answer_is_stopped_after_two_minutes() {
    let api = Api::new().await;
    let path = format!("agents/{}/execute", text(&created(&api).await["id"]));

    let answer = api.post(&path, &json!({ "skill": "score", "input_data": { "hangs": true } })).await;

    assert_eq!(answer.problem(), "504 skill-timed-out: Attempt timed out after 120 seconds.");
    assert_eq!(answer.body["error"]["error_class"], "timeout");
}

#[tokio::test(start_paused = true)]
async fn server_without_an_executor_tries_nothing() {
    let api = Api::configured(|config| config.executor = None).await;
    let path = format!("agents/{}/execute", text(&created(&api).await["id"]));

    let answer = api.post(&path, &json!({ "skill": "score" })).await;

    assert_eq!(answer.header("retry-after"), Some("1"));
    insta::assert_snapshot!(answer.problem(), @"503 unavailable: This server runs no nodes and no agents.");
}

#[tokio::test(start_paused = true)]
async fn node_runs_a_skill_and_says_whose() {
    let api = Api::new().await;
    let agent = text(&created(&api).await["id"]);
    let node = json!({
        "id": "score", "type": "agent", "agent_id": agent, "skill": "score", "input": { "vendor": "ACME" },
    });

    let execution = api.run(&api.flow_of(&[node]).await).await;

    assert_eq!(
        (&execution["status"], &execution["result"]),
        (&json!("completed"), &json!({ "vendor": "ACME" }))
    );
    let node = &execution["node_executions"][0];
    assert_eq!((&node["agent_id"], &node["skill_used"]), (&json!(agent), &json!("score")));
}

#[tokio::test(start_paused = true)]
async fn validation_warns_of_agents_and_skills_that_are_not_there() {
    let api = Api::new().await;
    let agent = text(&created(&api).await["id"]);
    let node = |id: &str, agent: &str, skill: &str| json!({ "id": id, "type": "agent", "agent_id": agent, "skill": skill });
    let nodes = [node("a", &agent, "score"), node("b", &agent, "sing"), node("c", NO_ID, "score")];

    let answer = api.post("flows/validate", &flow("Review", &nodes, &[])).await.expect(200);

    assert_eq!((&answer["valid"], &answer["errors"]), (&json!(true), &json!([])));
    insta::assert_snapshot!(readable(&answer["warnings"]), @r#"
    [
      {
        "pointer": "/flow_definition/nodes/2/agent_id",
        "message": "there is no agent [id 1], so the node fails unless it is registered before"
      },
      {
        "pointer": "/flow_definition/nodes/1/skill",
        "message": "the agent has no skill `sing`; it has score, explain"
      }
    ]
    "#);
}

#[tokio::test(start_paused = true)]
async fn validation_warns_of_secrets_that_an_agent_uses_and_that_are_not_there() {
    let api = Api::new().await;
    let config = json!({ "endpoint": "https://risk.example.org", "headers": {
        "X-Key": "${secrets.NO_SECRET}", "X-Other": "${secrets.OTHER}" } });
    let agent = json!({ "name": "Risk", "agent_type": "http", "config": config, "skills": ["score"] });
    let id = text(&api.post("agents", &agent).await.expect(201)["id"]);
    let node = json!({ "id": "a", "type": "agent", "agent_id": id, "skill": "score" });

    let answer = api.post("flows/validate", &flow("Review", &[node], &[])).await.expect(200);

    insta::assert_snapshot!(readable(&answer["warnings"]), @r#"
    [
      {
        "pointer": "/flow_definition/nodes/0/agent_id",
        "message": "the agent uses the secret `NO_SECRET`, which does not exist, so the node fails unless it is added before"
      }
    ]
    "#);
}

#[tokio::test(start_paused = true)]
async fn node_keeps_the_version_of_its_agent() {
    let api = Api::new().await;
    let agent = text(&created(&api).await["id"]);
    let node = json!({ "id": "score", "type": "agent", "agent_id": agent, "skill": "score" });
    let flow = api.flow_of(&[node]).await;
    let before = api.run(&flow).await;

    api.patch(&format!("agents/{agent}"), &json!({ "name": "Analyst" })).await.expect(200);

    let version_of = |execution: &Value| execution["node_executions"][0]["agent_version"].clone();
    let again = api.get(&format!("executions/{}", text(&before["id"]))).await.expect(200);
    assert_eq!((version_of(&again), version_of(&api.run(&flow).await)), (json!(1), json!(2)));
}

#[tokio::test(start_paused = true)]
async fn agents_that_are_not_there_are_404() {
    let api = Api::new().await;
    let path = format!("agents/{NO_ID}");

    let unknown = api.get(&path).await.problem();

    insta::assert_snapshot!(unknown, @"404 no-such-agent: There is no agent [id 1].");
    assert_eq!(api.patch(&path, &json!({})).await.problem(), unknown);
    assert_eq!(api.delete(&path).await.problem(), unknown);
    assert_eq!(api.get(&format!("{path}/versions")).await.problem(), unknown);
    assert_eq!(api.post(&format!("{path}/execute"), &json!({ "skill": "x" })).await.problem(), unknown);
    api.get("agents/analyst").await.expect(400);
}

/// Registers three agents of which two fill a page, and returns their ids.
async fn large_agents(api: &Api) -> Vec<String> {
    let skill = |number: usize| json!({ "name": format!("s{number}"), "instructions": "x".repeat(100_000) });
    let skills: Vec<Value> = (0..21).map(skill).collect();
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        let mut agent = remote();
        (agent["name"], agent["skills"]) = (json!(name), json!(skills));
        ids.push(text(&api.post("agents", &agent).await.expect(201)["id"]));
    }
    ids
}

#[tokio::test(start_paused = true)]
async fn pages_of_large_agents_are_short_and_lose_none() {
    let api = Api::new().await;
    let skill = |number: usize| json!({ "name": format!("s{number}"), "instructions": "x".repeat(100_000) });
    let skills: Vec<Value> = (0..21).map(skill).collect();
    let with_name = |name: &str| {
        let mut agent = remote();
        (agent["name"], agent["skills"]) = (json!(name), json!(skills));
        agent
    };
    let mut id = String::new();
    for name in ["a", "b", "c"] {
        id = text(&api.post("agents", &with_name(name)).await.expect(201)["id"]);
    }
    for name in ["d", "e"] {
        api.patch(&format!("agents/{id}"), &json!({ "name": name })).await.expect(200);
    }

    for path in ["agents?limit=1000".to_owned(), format!("agents/{id}/versions")] {
        let first = api.get(&path).await;
        let second = api.get(&first.next().expect("more").replace("/api/v1/studio/", "")).await;

        assert_eq!((first.header("x-total-count"), second.header("x-total-count")), (Some("3"), Some("3")));
        assert_eq!((list(&first.body).len(), list(&second.body).len()), (2, 1), "{path}");
        assert_eq!(second.next(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_of_large_agents_knows_and_pins_all_of_them() {
    let api = Api::new().await;
    let agents = large_agents(&api).await;
    let node = |(at, agent): (usize, &String)| json!({ "id": format!("n{at}"), "type": "agent", "agent_id": agent, "skill": "s0", "input": {} });
    let nodes: Vec<Value> = agents.iter().enumerate().map(node).collect();

    let created = api.post("flows", &flow("Large", &nodes, &[])).await.expect(201);
    let ended = api.run(&text(&created["id"])).await;

    assert!(!created["warnings"].to_string().contains("there is no agent"), "{}", created["warnings"]);
    let versions = list(&ended["node_executions"]).iter().map(|node| &node["agent_version"]);
    assert_eq!(versions.collect::<Vec<_>>(), [&json!(1); 3]);
}
