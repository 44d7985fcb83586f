//! The switch that pauses everything.

use serde_json::json;

use crate::support::{Api, echo, flow, hanging, readable, text};

#[tokio::test(start_paused = true)]
async fn everything_is_paused_and_resumed_once() {
    let api = Api::new().await;
    let engine = api.engine.clone();
    tokio::spawn(async move { engine.keep_tenants().await });
    let id = api.create_flow(&flow("Review", &[echo("a", json!({}))], &[])).await;

    insta::assert_snapshot!(readable(&api.get("pause").await.expect(200)), @r#"
    {
      "paused": false,
      "since": null,
      "by": null,
      "reason": null
    }
    "#);
    let paused = api.post("pause", &json!({ "reason": "The provider is down" })).await.expect(200);
    let by = json!({ "type": "user", "id": null });
    assert_eq!((&paused["paused"], &paused["by"]), (&json!(true), &by));
    assert_eq!(paused["reason"], "The provider is down");
    assert_eq!(api.get("pause").await.expect(200), paused);
    let again = api.press("pause").await;
    let since = text(&paused["since"]);
    let said = format!("Everything is paused since {since} by user.");
    assert!(again.problem().starts_with(&format!("409 everything-paused: {said}")), "{}", again.text);
    let waiting = api.start(&id).await;
    assert_eq!(api.execution(&waiting).await["status"], "pending");

    api.press("resume").await.expect(200);
    assert_eq!(api.ended(&waiting).await["status"], "completed");
    insta::assert_snapshot!(api.press("resume").await.problem(), @"409 nothing-paused: Nothing is paused, so there is nothing to resume.");
    for reason in ["x".repeat(201), "The provider\u{202e}".into(), "a\nb".into()] {
        let refused = api.post("pause", &json!({ "reason": reason })).await.problem();
        let said = "`reason` must be a text of at most 200 characters on one line, without hidden ones";
        assert_eq!(refused, format!("400 invalid-body: {said}.\n  /reason: {said}"));
    }
}

#[tokio::test(start_paused = true)]
async fn one_execution_is_not_resumed_while_everything_is_paused_and_its_journal_says_so() {
    let api = Api::new().await;
    let execution = api.start(&api.flow_of(&[hanging("a")]).await).await;
    api.press("pause").await.expect(200);
    api.when(&execution, |execution| execution["status"] == "paused").await;

    let alone = api.press(&format!("executions/{execution}/resume")).await;
    let many = api.post("executions/resume", &json!({ "filter": {}, "dry_run": true })).await.expect(200);

    assert!(alone.problem().starts_with("409 everything-paused"), "{}", alone.problem());
    assert_eq!((&many["changed"], &many["reasons"][0]["reason"]), (&json!(0), &json!("everything-paused")));
    let journal = api.get(&format!("executions/{execution}/journal")).await.expect(200);
    let paused =
        journal.as_array().unwrap().iter().find(|event| event["type"] == "paused").expect("it is there");
    assert_eq!(paused["with_all"], true);
}
