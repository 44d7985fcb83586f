//! `Task` states: calls of HTTP endpoints, and of everything else that AWS has.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::Walk;
use super::walk::{Known, Out, State};
use crate::credentials::with_secrets;
use crate::data::{Data, Step};
use crate::graph::{Graph, action};
use crate::read::text;

/// What to do by hand about the services that are used most.
const BY_HAND: [(&str, &str); 12] = [
    (
        "lambda",
        "Call the URL of the function with an `http_request`, or put what it does into a `code` node.",
    ),
    ("sns", "Send a `send_webhook`, a `slack_message` or a `send_email`."),
    ("sqs", "Send an event to a flow, or call the queue with an `http_request`."),
    ("dynamodb", "Call your own service with an `http_request`."),
    ("events", "Send an event: `POST …/events`."),
    ("states", "Import that machine, too, and run it with a `subflow`."),
    ("bedrock", "Ask a model with an agent."),
    ("ecs", "Have the task call back: send it a URL, and wait with `wait_event`."),
    ("batch", "Have the job call back: send it a URL, and wait with `wait_event`."),
    ("glue", "Have the job call back: send it a URL, and wait with `wait_event`."),
    ("apigateway", "Call the API with an `http_request`."),
    ("s3", "Call your own service with an `http_request`."),
];

impl Walk<'_> {
    pub(super) fn task(&mut self, state: &State<'_>, known: &Known, graph: &mut Graph) -> Out {
        let resource = text(state.value, "Resource").unwrap_or_default().to_owned();
        let service = service(&resource);
        let is_mapped = service == "http:invoke" && self.http(state, known, graph);
        let result = if is_mapped {
            let field = |name: &str| Data::expression(format!("{}.{name}", state.id));
            let headers =
                Data::unknown("each header is a list there; here it is a text, in `headers` of the node");
            Data::object(vec![
                ("ResponseBody", field("body")),
                ("StatusCode", field("status")),
                ("Headers", headers),
            ])
        } else {
            if service != "http:invoke" {
                self.unknown_task(state, &service, graph);
            }
            Data::of_node(&state.id)
        };
        let behind = self.behind(state, known, result);
        self.out(state, known, behind)
    }

    fn unknown_task(&mut self, state: &State<'_>, service: &str, graph: &mut Graph) {
        let waits = service.ends_with(".waitForTaskToken");
        let name = service.trim_start_matches("aws-sdk:").split(':').next().unwrap_or_default();
        let by_hand = BY_HAND
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("Call the service with an `http_request`, or your own that does.", |(_, by_hand)| {
                by_hand
            });
        let by_hand = if waits {
            "Wait for who calls back with `wait_event`, or with an `approval` if a person decides."
        } else {
            by_hand
        };
        self.not_mapped(state, service, "there is no node for this service here", by_hand, graph);
    }

    /// Adds a call of an HTTP endpoint. Returns whether that was possible.
    fn http(&mut self, state: &State<'_>, known: &Known, graph: &mut Graph) -> bool {
        let input = self.selected(state, known);
        let scope = self.scope(state, &input);
        let key = if state.is_jsonata { "Arguments" } else { "Parameters" };
        let below = format!("/{key}");
        let given = state.value.get(key).unwrap_or(&Value::Null);
        let payload = self.payload(state, &below, given, &scope);
        let part = |name: &str| payload.follow(&[Step::Field(name.to_owned())]).ok();
        let Some(url) = part("ApiEndpoint") else {
            let what = "it does not say what it calls";
            self.not_mapped(state, "http:invoke", what, "Write `url` of an `http_request`.", graph);
            return false;
        };
        let method = part("Method").and_then(|method| method.to_value().ok());
        let Some(method) = method.filter(|method| method.as_str().is_some_and(|word| !word.contains('$')))
        else {
            let by_hand = "Choose between several requests with a `switch`.";
            self.not_mapped(state, "http:invoke", "its method is calculated", by_hand, graph);
            return false;
        };
        let mut made = Map::new();
        made.insert("method".to_owned(), method);
        let url = self.url(state, &format!("{below}/ApiEndpoint"), &url);
        made.insert("url".to_owned(), url);
        for (theirs, ours) in [("Headers", "headers"), ("QueryParameters", "query"), ("RequestBody", "body")]
        {
            if let Some(data) = part(theirs) {
                let value = self.value(state, &format!("{below}/{theirs}"), &data);
                made.insert(ours.to_owned(), self.with_secrets(state, &value));
            }
        }
        if part("Transform").is_some() {
            let headers = made.entry("headers").or_insert_with(|| json!({}));
            if let Some(headers) = headers.as_object_mut() {
                headers.insert("Content-Type".to_owned(), json!("application/x-www-form-urlencoded"));
            }
        }
        if part("Authentication").is_some() || part("InvocationConfig").is_some() {
            made.insert("auth".to_owned(), self.connection(state, &format!("{below}/Authentication")));
        }
        let mut node = action(&state.id, &state.about.name, "http_request", Value::Object(made));
        self.limits(state, &mut node);
        let node = self.titled(state, node);
        graph.node(node);
        true
    }

    /// Returns what stands for the connection that signs a request.
    fn connection(&mut self, state: &State<'_>, below: &str) -> Value {
        let name = crate::text::secret(&format!("{} connection", state.about.name));
        let pointer = format!("{}{below}", state.about.pointer);
        self.report.secret(&name, &pointer, "what the connection of EventBridge adds to the request");
        let what = "the file does not say how its connection signs requests; it is a bearer token here, which fails until the secret is set";
        let by_hand = "Write it as `auth`, a header or a parameter.";
        self.report.listed(&state.about, below, "connection", what, by_hand);
        json!({ "type": "bearer", "token": format!("${{secrets.{name}}}") })
    }

    /// Returns a URL, in which values are put as they are.
    fn url(&mut self, state: &State<'_>, below: &str, data: &Rc<Data>) -> Value {
        let expression = data.read(&[]).ok().filter(|_| !matches!(&**data, Data::Constant(_)));
        if let Some(expression) = expression {
            return json!(crate::text::template(&expression));
        }
        let value = self.value(state, below, data);
        self.with_secrets(state, &value)
    }

    fn with_secrets(&mut self, state: &State<'_>, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let (text, names) = with_secrets(text);
                for name in names {
                    self.report.secret(&name, &state.about.pointer, "a credential that was in the file");
                }
                json!(text)
            }
            Value::Array(items) => items.iter().map(|item| self.with_secrets(state, item)).collect(),
            Value::Object(fields) => Value::Object(
                fields.iter().map(|(key, value)| (key.clone(), self.with_secrets(state, value))).collect(),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

/// Returns what a resource calls: `lambda:invoke`, `aws-sdk:s3:putObject`.
fn service(resource: &str) -> String {
    let behind = resource.split_once(":states:::").map(|(_, service)| service);
    match behind {
        Some(service) => service.to_owned(),
        None if resource.contains(":lambda:")
            || resource.starts_with("${")
            || resource.contains(":function:") =>
        {
            "lambda".to_owned()
        }
        None if resource.contains(":activity:") => "activity".to_owned(),
        None => crate::text::cut(resource, 80),
    }
}
