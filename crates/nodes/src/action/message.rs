//! Messages: mail, and what is posted to chats and to other services.

use serde_json::{Value, json};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::node::{EmailInput, slack_request, webhook_request};
use steadflow_core::payload::Payload;
use steadflow_core::work::{Channel, Stop, Work};

use super::http_request;
use super::sent::{BINARY, binary, is_only};
use crate::mail::{File, Mail, send};
use crate::nodes::Shared;
use crate::secrets::Keyring;
use crate::slots::Party;

/// Sends the message that `work.input` describes.
///
/// # Errors
/// Why it was not sent, or what the service said that did not take it.
pub(crate) async fn send_message(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    channel: Channel,
    keyring: &mut Keyring<'_>,
) -> Result<Payload, Failure> {
    match channel {
        Channel::Email => send_email(shared, stop, work).await,
        Channel::Slack => http_request(shared, stop, work, slack_request, keyring).await,
        Channel::Webhook => http_request(shared, stop, work, webhook_request, keyring).await,
    }
}

async fn send_email(shared: &Shared, stop: &Stop, work: &Work) -> Result<Payload, Failure> {
    let Some(server) = &shared.mail else {
        let message = "This server sends no mail, because it has no mail server. Set `smtp_url` and `mail_from`, as in \
                       `--smtp-url smtp://user:password@mail.example.com:587 --mail-from flows@example.com`.";
        return Err(Failure::new(ErrorClass::Configuration, message));
    };
    let value =
        work.input.to_value().map_err(|error| invalid(format!("The input cannot be read: {error}.")))?;
    let input = EmailInput::read(&value)?;
    let files = input.attachments.iter().enumerate().map(|(number, attachment)| {
        let (own_type, content) = match &attachment.content {
            Value::String(text) => ("text/plain; charset=utf-8".to_owned(), text.clone().into_bytes()),
            Value::Object(fields) if is_only(fields, BINARY) => binary(&fields[BINARY])
                .map_err(|why| invalid(format!("/attachments/{number}/content: {why}")))?,
            json @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                ("application/json".to_owned(), json.to_string().into_bytes())
            }
        };
        let content_type = attachment.content_type.clone().unwrap_or(own_type);
        Ok(File { filename: attachment.filename.clone(), content_type, content })
    });
    let files = files.collect::<Result<Vec<_>, Failure>>()?;
    let mail = Mail::new(server, &input, files, &work.idempotency_key())?;
    let party = Party { flow: work.flow, peer: server.peer().into() };
    let _slot = shared.slots.acquire_unless(stop, party).await;
    let idle = (!work.has_own_timeout).then(|| shared.idle_timeout());
    let response = send(server, &mail, shared.connect_timeout(), idle).await?;
    let recipients: Vec<String> = mail.recipients.iter().map(ToString::to_string).collect();
    let output = json!({ "message_id": mail.message_id, "recipients": recipients, "response": response });
    Ok(Payload::from_value(&output))
}

fn invalid(message: String) -> Failure {
    Failure::new(ErrorClass::Validation, message)
}
