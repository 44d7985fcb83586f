//! Flows and templates.

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, each, echo, flow, hanging, list, readable, text};

#[tokio::test(start_paused = true)]
async fn created_flow_is_answered_whole_with_every_key_set() {
    let api = Api::new().await;

    let answer = api.post("flows", &flow("Review", &[echo("a", json!({}))], &[])).await;

    assert_eq!(answer.status, 201);
    let location = answer.header("location").unwrap();
    assert_eq!(location, format!("/api/v1/studio/flows/{}", text(&answer.body["id"])));
    assert_eq!(api.get(location).await.expect(200), answer.body);
    insta::assert_snapshot!(readable(&answer.body), @r#"
    {
      "id": "[id 1]",
      "version": 1,
      "status": "draft",
      "folder": null,
      "created_at": "2027-01-15T08:00:00.000000Z",
      "updated_at": "2027-01-15T08:00:00.000000Z",
      "draft": null,
      "etag": "\"1-draft\"",
      "execution_counts": {
        "total": 0,
        "completed": 0,
        "failed": 0,
        "cancelled": 0,
        "unfinished": 0
      },
      "trigger_input": {
        "fields": []
      },
      "warnings": [],
      "name": "Review",
      "description": "",
      "category": null,
      "tags": [],
      "is_template": false,
      "retry_on_failure": false,
      "retry_count": 0,
      "timeout_seconds": null,
      "max_concurrent_executions": null,
      "concurrency_key": null,
      "max_concurrent_per_key": null,
      "priority": null,
      "debounce_seconds": null,
      "max_delay_seconds": null,
      "budget": null,
      "context_id_template": null,
      "context_type_default": null,
      "sensitive": null,
      "flow_definition": {
        "nodes": [
          {
            "id": "a",
            "type": "action",
            "action": "echo",
            "input": {}
          }
        ],
        "edges": []
      }
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn settings_and_keys_of_editors_come_back_as_they_were_sent() {
    let api = Api::new().await;
    let mut node = echo("a", json!({ "rate": 1.50, "huge": 12_345_678_901_234_567_890_u64 }));
    node["position"] = json!({ "x": -3.5, "y": 0 });
    node["editor:colour"] = json!(["teal", null]);
    let mut document = flow("Review", &[node], &[]);
    let settings = json!({
        "description": "Looks at vendors.", "category": "tprm", "tags": ["a", "b"], "is_template": true,
        "retry_on_failure": true, "retry_count": 3, "timeout_seconds": 2.5, "max_concurrent_executions": 10,
        "context_id_template": "${trigger_data.vendor}", "context_type_default": "vendor",
    });
    document.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());

    let created = api.post("flows", &document).await.expect(201);

    for (key, value) in document.as_object().unwrap() {
        assert_eq!(created[key], *value, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn flow_may_be_created_in_any_status() {
    let api = Api::new().await;

    for status in ["draft", "active", "paused", "archived"] {
        let mut document = flow("Review", &[echo("a", json!({}))], &[]);
        document["status"] = json!(status);
        assert_eq!(api.post("flows", &document).await.expect(201)["status"], status);
    }
}

#[tokio::test(start_paused = true)]
async fn documents_with_faults_are_refused_with_a_pointer_each_and_nothing_is_stored() {
    let api = Api::new().await;
    let mut faulty = flow("", &[echo("a", json!({ "x": "${nodes.ghost.output}" }))], &[("a", "b")]);
    faulty["retry_count"] = json!(11);
    faulty["timeout_seconds"] = json!(0);
    let cycle = flow("Cycle", &[echo("a", json!(1)), echo("b", json!(2))], &[("a", "b"), ("b", "a")]);

    let faulty = api.post("flows", &faulty).await;
    let cycle = api.post("flows", &cycle).await;

    insta::assert_snapshot!(faulty.problem(), @"
    422 flow-invalid: The flow document has 5 faults. The first, at `/name`: `name` must not be empty.
      /name: `name` must not be empty
      /retry_count: `retry_count` must be a whole number from 0 to 10, not 11
      /timeout_seconds: `timeout_seconds` must be a number of seconds, more than 0 and at most 316224000, not 0
      /flow_definition/edges/0/to: there is no node `b`
      /flow_definition/nodes/0/input/x: `${nodes.ghost.output}`: there is no node `ghost`; a field of the trigger data is `trigger_data.ghost`
    ");
    insta::assert_snapshot!(cycle.problem(), @r"
    422 flow-invalid: The flow document has a fault at `/flow_definition/edges/1`: this edge closes a cycle: a → b → a.
      /flow_definition/edges/1: this edge closes a cycle: a → b → a
    ");
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn keys_that_only_the_server_sets_are_refused() {
    let api = Api::new().await;
    let with = |key: &str, value: Value| {
        let mut document = flow("Review", &[echo("a", json!({}))], &[]);
        document[key] = value;
        document
    };

    let version = api.post("flows", &with("version", json!(7))).await;
    let status = api.post("flows", &with("status", json!("running"))).await;

    insta::assert_snapshot!(version.problem(), @"
    400 invalid-body: `version` is no key of a flow that can be set. There are name, description, category, tags, is_template, retry_on_failure, retry_count, timeout_seconds, max_concurrent_executions, concurrency_key, max_concurrent_per_key, priority, debounce_seconds, max_delay_seconds, budget, context_id_template, context_type_default, sensitive, flow_definition, status, folder.
      /version: `version` is no key of a flow that can be set
    ");
    insta::assert_snapshot!(status.problem(), @"
    400 invalid-body: `status` must be one of draft, active, paused, archived.
      /status: `status` must be one of draft, active, paused, archived
    ");
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn list_is_filtered_by_category_status_kind_and_name() {
    let api = Api::new().await;
    for (name, category, status, is_template) in [
        ("Vendor review", "tprm", "active", false),
        ("Vendor intake", "tprm", "draft", true),
        ("Invoice", "finance", "active", false),
    ] {
        let mut document = flow(name, &[echo("a", json!({}))], &[]);
        document["category"] = json!(category);
        document["status"] = json!(status);
        document["is_template"] = json!(is_template);
        api.create_flow(&document).await;
    }
    let names = async |query: &str| {
        let flows = api.get(&format!("flows{query}")).await.expect(200);
        each(&flows, "name").join(", ")
    };

    assert_eq!(names("").await, "Invoice, Vendor intake, Vendor review", "newest first");
    assert_eq!(names("?category=tprm").await, "Vendor intake, Vendor review");
    assert_eq!(names("?category=tprm&status=active").await, "Vendor review");
    assert_eq!(names("?is_template=true").await, "Vendor intake");
    assert_eq!(names("?is_template=false&status=active").await, "Invoice, Vendor review");
    assert_eq!(names("?q=vendor").await, "Vendor intake, Vendor review");
    assert_eq!(names("?q=100%25").await, "", "a text is searched for as it is");
    assert_eq!(names("?category=hr").await, "");
    assert_eq!(names("/templates").await, "Vendor intake");
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_without_gap_or_double() {
    let api = Api::new().await;
    for number in 0..5 {
        api.create_flow(&flow(&format!("Flow {number}"), &[echo("a", json!({}))], &[])).await;
    }

    let mut names: Vec<String> = Vec::new();
    let mut next = Some("flows?limit=2&q=flow".to_owned());
    while let Some(address) = next {
        let page = api.get(&address).await;
        next = page.next();
        names.extend(each(&page.body, "name").into_iter().map(str::to_owned));
    }

    assert_eq!(names, ["Flow 4", "Flow 3", "Flow 2", "Flow 1", "Flow 0"]);
}

#[tokio::test(start_paused = true)]
async fn patch_replaces_what_it_names_and_makes_a_version_only_of_a_changed_document() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("Review", &[echo("a", json!({}))], &[])).await;
    let path = format!("flows/{id}");

    let renamed = api.patch(&path, &json!({ "name": "Vendor review", "retry_count": 2 })).await.expect(200);
    let same = api.patch(&path, &json!({ "name": "Vendor review" })).await.expect(200);
    let paused = api.patch(&path, &json!({ "status": "paused" })).await.expect(200);

    assert_eq!((&renamed["version"], &renamed["name"]), (&json!(2), &json!("Vendor review")));
    assert_eq!(renamed["retry_count"], 2);
    assert_eq!(renamed["flow_definition"]["nodes"][0]["id"], "a");
    assert_eq!(same["version"], 2);
    assert_eq!((&paused["version"], &paused["status"]), (&json!(2), &json!("paused")));
    assert_eq!(api.get(&path).await.expect(200), paused);
}

#[tokio::test(start_paused = true)]
async fn patch_that_makes_a_flow_invalid_changes_nothing() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("Review", &[echo("a", json!({}))], &[])).await;
    let path = format!("flows/{id}");
    let before = api.get(&path).await.expect(200);

    let invalid = api.patch(&path, &json!({ "retry_count": -1, "status": "active" })).await;
    let unknown = api.patch(&path, &json!({ "retries": 3 })).await;
    let no_object = api.patch(&path, &json!([])).await;

    insta::assert_snapshot!(invalid.problem(), @r"
    422 flow-invalid: The flow document has a fault at `/retry_count`: `retry_count` must be a whole number from 0 to 10, not -1.
      /retry_count: `retry_count` must be a whole number from 0 to 10, not -1
    ");
    insta::assert_snapshot!(unknown.problem(), @"
    400 invalid-body: `retries` is no key of a flow that can be set. There are name, description, category, tags, is_template, retry_on_failure, retry_count, timeout_seconds, max_concurrent_executions, concurrency_key, max_concurrent_per_key, priority, debounce_seconds, max_delay_seconds, budget, context_id_template, context_type_default, sensitive, flow_definition, status, folder.
      /retries: `retries` is no key of a flow that can be set
    ");
    insta::assert_snapshot!(no_object.problem(), @"
    400 invalid-body: The body does not fit: invalid type: sequence, expected a map at line 1 column 0.
      : invalid type: sequence, expected a map
    ");
    assert_eq!(api.get(&path).await.expect(200), before);
}

#[tokio::test(start_paused = true)]
async fn activation_says_so() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("Review", &[echo("a", json!({}))], &[])).await;

    let answer = api.patch(&format!("flows/{id}/activate"), &json!({})).await.expect(200);

    assert_eq!(answer, json!({ "status": "active", "message": "Flow activated" }));
    assert_eq!(api.get(&format!("flows/{id}")).await.expect(200)["status"], "active");
}

#[tokio::test(start_paused = true)]
async fn flow_counts_its_executions_by_status() {
    let api = Api::new().await;
    let id = api.flow_of(&[hanging("a")]).await;
    let cancelled = api.start(&id).await;
    api.press(&format!("executions/{cancelled}/cancel")).await.expect(200);
    api.start(&id).await;

    let flow = api.get(&format!("flows/{id}")).await.expect(200);

    let counts = json!({ "total": 2, "completed": 0, "failed": 0, "cancelled": 1, "unfinished": 1 });
    assert_eq!(flow["execution_counts"], counts);
}

#[tokio::test(start_paused = true)]
async fn flow_says_which_trigger_data_it_asks_for() {
    let api = Api::new().await;
    let trigger = json!({ "id": "start", "type": "trigger", "example": { "vendor": "ACME", "risk": 82.50 } });
    let check = json!({ "id": "check", "name": "Check", "type": "condition", "condition": "trigger_data.amount > 7" });
    let id = api.flow_of(&[trigger, check]).await;

    let flow = api.get(&format!("flows/{id}")).await.expect(200);
    let listed = api.get("flows").await.expect(200);

    assert_eq!(
        flow["trigger_input"],
        json!({
            "fields": [
                { "path": ["amount"], "type": "number", "used_by": ["Check"] },
                { "path": ["vendor"], "type": "text", "used_by": [] },
                { "path": ["risk"], "type": "number", "used_by": [] },
            ],
            "example": { "vendor": "ACME", "risk": 82.50 },
        })
    );
    assert_eq!(listed[0].get("trigger_input"), None);
}

#[tokio::test(start_paused = true)]
async fn deleted_flow_takes_its_executions_along() {
    let api = Api::new().await;
    let id = api.flow_of(&[hanging("a")]).await;
    let execution = api.start(&id).await;

    let deleted = api.delete(&format!("flows/{id}")).await;

    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    api.get(&format!("flows/{id}")).await.expect(404);
    api.get(&format!("executions/{execution}")).await.expect(404);
    api.delete(&format!("flows/{id}")).await.expect(404);
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn validation_names_every_fault_and_stores_nothing() {
    let api = Api::new().await;
    let valid = flow("Review", &[echo("a", json!({}))], &[]);
    let mut faulty = flow("Review", &[echo("a", json!("${ 1 + }"))], &[]);
    faulty["status"] = json!("great");

    let valid = api.post("flows/validate", &valid).await.expect(200);
    let faulty = api.post("flows/validate", &faulty).await.expect(200);
    let empty = api.post("flows/validate", &json!({})).await.expect(200);
    let list = api.post("flows/validate", &json!([])).await;

    assert_eq!(valid, json!({ "valid": true, "errors": [], "warnings": [] }));
    insta::assert_snapshot!(readable(&faulty), @r#"
    {
      "valid": false,
      "errors": [
        {
          "pointer": "/flow_definition/nodes/0/input",
          "message": "`${1 +}`: unexpected end of input, expected expression"
        },
        {
          "pointer": "/status",
          "message": "`status` must be one of draft, active, paused, archived"
        }
      ],
      "warnings": []
    }
    "#);
    assert_eq!(empty["errors"][0]["pointer"], "/name");
    assert_eq!(list.status, 400, "only an object can become a flow: {}", list.text);
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_probably_not_meant_is_said_with_a_flow_and_does_not_stop_it() {
    let api = Api::new().await;
    let mut odd = echo("odd", json!({}));
    odd["agenticConfig"] = json!({ "model": "x" });
    odd["retry"] = json!({ "enabled": true, "count": 0 });
    let input = json!({ "url": "https://api.example", "headers": {
        "A": "${secrets.NO_SECRET}", "B": "${secrets.ONE_THAT_IS_THERE}" } });
    let call = json!({ "id": "call", "type": "action", "action": "http_request", "input": input });
    let document = flow("Odd", &[odd, call, echo("plain", json!({}))], &[]);

    let created = api.post("flows", &document).await.expect(201);
    let path = format!("flows/{}", text(&created["id"]));
    let plain = flow("Plain", &[echo("plain", json!({}))], &[]);
    let mended = api.patch(&path, &plain).await.expect(200);

    assert_eq!(created["warnings"], api.post("flows/validate", &document).await.expect(200)["warnings"]);
    assert_eq!(created["warnings"], api.get(&format!("{path}?version=1")).await.expect(200)["warnings"]);
    assert_eq!((&mended["version"], &mended["warnings"]), (&json!(2), &json!([])));
    assert_eq!(list(&api.get("flows").await.expect(200))[0]["warnings"], Value::Null);
    insta::assert_snapshot!(readable(&created["warnings"]), @r#"
    [
      {
        "pointer": "/flow_definition/nodes/0/retry/count",
        "message": "retries are on, but their count is 0, so this node is not retried"
      },
      {
        "pointer": "/flow_definition/nodes/0/agenticConfig",
        "message": "`agenticConfig` is kept, but a node of this kind does not read it"
      },
      {
        "pointer": "/flow_definition/nodes/1/input/headers/A",
        "message": "there is no secret `NO_SECRET`, so the node fails unless it is added before"
      }
    ]
    "#);
}

#[tokio::test(start_paused = true)]
async fn draft_is_made_from_a_template() {
    let api = Api::new().await;
    let mut document = flow("Vendor intake", &[echo("a", json!({}))], &[]);
    document["is_template"] = json!(true);
    let template = api.create_flow(&document).await;
    let path = format!("flows/templates/{template}/instantiate");

    let same_name = api.press(&path).await.expect(201);
    let own_name = api.post(&path, &json!({ "name": "Intake of ACME" })).await.expect(201);
    let no_template = api.press(&format!("flows/templates/{}/instantiate", text(&own_name["id"]))).await;
    let no_name = api.post(&path, &json!({ "name": "" })).await;

    assert_eq!((&same_name["name"], &same_name["is_template"]), (&json!("Vendor intake"), &json!(false)));
    assert_eq!((&own_name["name"], &own_name["status"]), (&json!("Intake of ACME"), &json!("draft")));
    assert_eq!(own_name["flow_definition"], document["flow_definition"]);
    insta::assert_snapshot!(no_template.problem(), @"404 no-such-flow: Flow [id 1] is no template.");
    insta::assert_snapshot!(no_name.problem(), @r"
    422 flow-invalid: The flow document has a fault at `/name`: `name` must not be empty.
      /name: `name` must not be empty
    ");
    assert_eq!(list(&api.get("flows").await.expect(200)).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn flows_that_are_not_there_are_404_and_ids_that_are_none_400() {
    let api = Api::new().await;
    let unknown = api.get(&format!("flows/{NO_ID}")).await;
    let no_id = api.get("flows/review").await;

    insta::assert_snapshot!(unknown.problem(), @"404 no-such-flow: There is no flow [id 1].");
    insta::assert_snapshot!(no_id.problem(), @"400 invalid-parameter: The id in the path is no UUID, such as [id 1].");
    for path in [format!("flows/{NO_ID}"), format!("flows/{NO_ID}/activate")] {
        assert_eq!(api.patch(&path, &json!({})).await.problem(), unknown.problem(), "{path}");
    }
    let instantiated = api.press(&format!("flows/templates/{NO_ID}/instantiate")).await;
    assert_eq!(instantiated.problem(), unknown.problem());
}

#[tokio::test(start_paused = true)]
async fn misspelt_and_misused_filters_are_refused_with_what_they_take() {
    let api = Api::new().await;
    let long = "x".repeat(201);

    let several = api.get("flows?limit=0&is_template=yes&status=running&staus=active").await;
    let twice = api.get("flows?status=active&status=draft").await;
    let long = api.get(&format!("flows?q={long}")).await;
    let version = api.get(&format!("flows/{NO_ID}?version=0")).await;

    insta::assert_snapshot!(several.problem(), @"400 invalid-parameter: The query is not valid: `status` must be one of draft, active, paused, archived; `is_template` must be `true` or `false`; `limit` must be a whole number from 1 to 1000; there is no parameter `staus`.");
    insta::assert_snapshot!(twice.problem(), @"400 invalid-parameter: The query is not valid: `status` is given 2 times.");
    insta::assert_snapshot!(long.problem(), @"400 invalid-parameter: The query is not valid: `q` must be a text of at most 200 characters.");
    insta::assert_snapshot!(version.problem(), @"400 invalid-parameter: The query is not valid: `version` must be a whole number from 1 to 4294967295.");
}

#[tokio::test(start_paused = true)]
async fn node_types_describe_every_type_with_a_schema() {
    let api = Api::new().await;

    let answer = api.get("node-types").await.expect(200);

    assert!(answer["common"]["properties"]["retry"].is_object());
    let types = list(&answer["types"]);
    assert!(types.iter().all(|kind| kind["schema"].is_object()), "{answer:#}");
    for name in ["agent", "condition", "delay", "action", "trigger", "parallel", "merge"] {
        assert!(types.iter().any(|kind| kind["type"] == name), "{name}");
    }
}

/// Follows the pages of a list to its end, and returns the values of `key` on each page.
async fn pages(api: &Api, path: &str, key: &str) -> Vec<Vec<String>> {
    let (mut next, mut pages) = (Some(path.to_owned()), Vec::new());
    while let Some(path) = next {
        let page = api.get(&path).await;
        assert_eq!(page.header("x-total-count"), Some("4"), "{path}");
        next = page.next().map(|address| address.replace("/api/v1/studio/", ""));
        pages.push(list(&page.expect(200)).iter().map(|entry| entry[key].to_string()).collect());
    }
    pages
}

#[tokio::test(start_paused = true)]
async fn pages_of_large_documents_are_short_and_lose_none() {
    let api = Api::new().await;
    let text = "x".repeat(2_100_000);
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(api.create_flow(&flow(name, &[echo("a", json!(text))], &[])).await);
    }
    for name in ["second", "third", "fourth"] {
        api.patch(&format!("flows/{}", ids[0]), &json!({ "name": name })).await.expect(200);
    }

    let flows = pages(&api, "flows?limit=1000", "name").await;
    let versions = pages(&api, &format!("flows/{}/versions", ids[0]), "version").await;
    let one_by_one = pages(&api, &format!("flows/{}/versions?limit=1", ids[0]), "is_current").await;

    assert_eq!(flows, [[r#""d""#, r#""c""#], [r#""b""#, r#""fourth""#]]);
    assert_eq!(versions, [["4", "3"], ["2", "1"]]);
    assert_eq!(one_by_one, [["true"], ["false"], ["false"], ["false"]]);
}
