//! Judges: skills of agents that say whether a value passes.

use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::guardrail::Verdict;
use steadflow_core::payload::Payload;
use steadflow_core::work::{Judgement, Outcome, Stop, Task, Work};

use super::{Wanted, misconfigured, run_skill};
use crate::nodes::Shared;
use crate::secrets::Keyring;

/// Asks a judge about a value. Its answer has to be a verdict, else the call fails.
pub(crate) async fn ask_judge(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    keyring: &mut Keyring<'_>,
) -> Outcome {
    let Task::Judge(judgement) = &work.task else {
        return Outcome::failed(misconfigured("This is no call of a judge.".to_owned()));
    };
    let Judgement { agent_id, version, skill, fails, .. } = &**judgement;
    let task = Task::Skill { agent_id: *agent_id, version: *version, skill: skill.clone() };
    let input = question(judgement, &work.input);
    // Secrets stay names, and the error of the last attempt is for the agent of the node.
    let work = Work { task, input, secrets: Arc::default(), previous_error: None, ..work.clone() };
    let wanted = Wanted { agent: *agent_id, version: *version, skill };
    let mut outcome = run_skill(shared, stop, &work, wanted, keyring).await;
    if outcome.result.is_ok() && outcome.goes_on.is_some() {
        return outcome;
    }
    outcome.result = match outcome.result {
        Ok(output) => verdict(skill, output, *fails),
        // Its own guardrails refuse what it was asked, or its answer: that is no verdict.
        Err(failure) if failure.class == ErrorClass::Guardrail => {
            Err(Failure { class: ErrorClass::Tool, ..failure })
        }
        Err(failure) => Err(failure),
    };
    outcome
}

/// Returns the input of the judge.
fn question(judgement: &Judgement, input: &Payload) -> Payload {
    let Judgement { stage, tool, value, .. } = judgement;
    let mut question = json!({ "stage": stage.name(), "input": input.to_value().unwrap_or_default() });
    if let Some(tool) = tool {
        question["tool"] = Value::from(&**tool);
    }
    if let Some(value) = value {
        question[stage.name()] = value.to_value().unwrap_or_default();
    }
    Payload::from_value(&question)
}

/// Returns the output of a judge if it is a verdict. One that fails the call is left to who knows what it is about to say so.
fn verdict(skill: &str, output: Payload, fails: bool) -> Result<Payload, Failure> {
    let Some(verdict) = Verdict::read(&output) else {
        let message = format!(
            "The judge `{skill}` gave no verdict: its output has to be an object with `passed`, true or false, and, if it \
             likes, `reason`, a text. Give the skill an output schema that says so."
        );
        return Err(Failure { body: Some(output), ..Failure::new(ErrorClass::ModelOutput, message) });
    };
    match verdict.refusal().filter(|_| fails) {
        Some(reason) => Err(Failure::new(ErrorClass::Guardrail, reason)),
        None => Ok(output),
    }
}

#[cfg(test)]
mod tests {
    use steadflow_core::guardrail::Stage;
    use steadflow_core::ids::AgentId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_judge_is_given_the_value_under_the_name_of_what_it_is() {
        let judgement = |stage, tool: Option<&str>, value: Option<Value>| Judgement {
            agent_id: AgentId::new(Uuid::nil()),
            version: None,
            skill: "judge".into(),
            stage,
            tool: tool.map(Into::into),
            value: value.as_ref().map(Payload::from_value),
            fails: false,
        };
        let input = Payload::from_value(&json!({ "n": 1 }));
        for (judgement, asked) in [
            (judgement(Stage::Input, None, None), json!({ "stage": "input", "input": { "n": 1 } })),
            (
                judgement(Stage::Output, None, Some(json!({ "text": "x" }))),
                json!({ "stage": "output", "input": { "n": 1 }, "output": { "text": "x" } }),
            ),
            (
                judgement(Stage::Arguments, Some("buy"), Some(json!({ "id": 7 }))),
                json!({ "stage": "arguments", "input": { "n": 1 }, "tool": "buy", "arguments": { "id": 7 } }),
            ),
        ] {
            assert_eq!(question(&judgement, &input).to_value().unwrap(), asked);
        }
    }

    #[test]
    fn what_is_no_verdict_is_no_answer() {
        let of = |output: Value, fails: bool| {
            let given = verdict("judge", Payload::from_value(&output), fails);
            given.map(drop).map_err(|failure| (failure.class, failure.message))
        };
        for output in
            [json!({ "text": "fine" }), json!({ "passed": "yes" }), json!(true), json!({ "passed": null })]
        {
            assert_eq!(of(output.clone(), false).unwrap_err().0, ErrorClass::ModelOutput, "{output}");
        }
        let no = json!({ "passed": false, "reason": "It is rude.", "score": 2 });
        assert_eq!(of(no.clone(), false), Ok(()));
        assert_eq!(of(no, true), Err((ErrorClass::Guardrail, "It is rude.".to_owned())));
        assert_eq!(of(json!({ "passed": true }), true), Ok(()));
    }
}
