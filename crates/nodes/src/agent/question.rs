//! Questions to agents that need not be stored, while somebody edits them.
//!
//! They go the way of all calls: through the guarded client, with secrets that are sent only where they may go.

use serde_json::json;
use steadflow_core::agent::{Agent, Backend};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;
use steadflow_core::trial::{About, Question, UNSTORED};
use steadflow_core::work::{Outcome, Stop, Task};

use super::mcp::Awaiting;
use super::{SkillCall, Wanted, http, llm, mcp, misconfigured, prepare};
use crate::nodes::Shared;
use crate::secrets::Keyring;
use crate::slots::Party;

/// Asks an agent what `question` says.
///
/// The output of [`About::Models`] is `{"models": […]}`, that of [`About::Connection`] `{"message": …}`, that of
/// [`About::Prompt`] `{"system", "user", "tools"}`, and that of [`About::Answer`] is an answer with its `raw` text: of an agent
/// without a model, it has an `output` only.
pub(crate) async fn answer_question(
    shared: &Shared,
    stop: &Stop,
    question: &Question,
    keyring: &mut Keyring<'_>,
) -> Outcome {
    let Question { agent, about, work } = question;
    if let Task::CancelTask { .. } = work.task {
        return mcp::cancel_task_of(shared, stop, work, agent, keyring).await;
    }
    let name = match &work.task {
        Task::Turn(turn) => &turn.skill,
        Task::Skill { skill, .. } => skill,
        Task::Tool { .. }
        | Task::Summary(_)
        | Task::Judge(_)
        | Task::ListTools { .. }
        | Task::CancelTask { .. }
        | Task::HttpRequest
        | Task::Message(_)
        | Task::Code(_)
        | Task::Echo => {
            return Outcome::failed(misconfigured("This is no question to an agent.".to_owned()));
        }
    };
    if *about == About::Connection && matches!(agent.backend, Backend::Mcp(_)) {
        let counted = mcp::count_tools(shared, stop, work, agent, keyring).await;
        return said(counted.map(|tools| format!("The server answered, and has {tools} tools.")));
    }
    let (skill, input) = match prepare(shared, work, agent, name, keyring).await {
        Ok(prepared) => prepared,
        Err(failure) => return Outcome::failed(failure),
    };
    let wanted = Wanted { agent: UNSTORED, version: None, skill: name };
    let party = Party { flow: work.flow, peer: work.execution.to_string().into() };
    if let Some(task) = &work.remote_task {
        let awaiting = Awaiting { shared, stop, work, task, agent, skill, party };
        return answered(awaiting.outcome(keyring).await);
    }
    let slot = shared.slots.acquire_unless(stop, party).await;
    let call = SkillCall { shared, slot: &slot, work, wanted, agent, skill, input: &input };
    match (about, &agent.backend) {
        (About::Models, Backend::Llm(config)) => Outcome::new(llm::list_models(&call, config, keyring).await),
        (About::Models, Backend::Http(_) | Backend::Mcp(_)) => Outcome::failed(no_model(agent)),
        (About::Connection, Backend::Http(config)) => said(http::reach(&call, config, keyring).await),
        (About::Connection, Backend::Llm(_) | Backend::Mcp(_)) => reached(&call, keyring).await,
        (About::Prompt, Backend::Llm(config)) => Outcome::new(llm::prompt_of(&call, config).await),
        (About::Prompt, Backend::Http(_) | Backend::Mcp(_)) => Outcome::failed(no_model(agent)),
        (About::Answer, Backend::Llm(_)) => call.run(keyring).await,
        (About::Answer, Backend::Http(_) | Backend::Mcp(_)) => answered(call.run(keyring).await),
    }
}

/// Returns the outcome of an agent without a model as an answer.
fn answered(outcome: Outcome) -> Outcome {
    let output = |output: &Payload| json!({ "output": output.to_value().unwrap_or_default() });
    let result = outcome.result.map(|given| Payload::from_value(&output(&given)));
    Outcome { result, ..outcome }
}

/// Asks a model the shortest question. An answer that cannot be used, such as one that is cut off, is an answer, too.
async fn reached(call: &SkillCall<'_>, keyring: &mut Keyring<'_>) -> Outcome {
    let outcome = call.run(keyring).await;
    match &outcome.result {
        Err(failure) if failure.class != ErrorClass::ModelOutput || outcome.usage.is_none() => outcome,
        Ok(_) | Err(_) => Outcome { usage: outcome.usage, ..said(Ok("The model answered.".to_owned())) },
    }
}

fn said(message: Result<String, Failure>) -> Outcome {
    Outcome::new(message.map(|message| Payload::from_value(&json!({ "message": message }))))
}

fn no_model(agent: &Agent) -> Failure {
    misconfigured(format!("The agent {} is no language model.", agent.name))
}
