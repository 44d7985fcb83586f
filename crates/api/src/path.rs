//! Parameters in the path.

use std::borrow::Cow;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use steadflow_core::access::Token;
use steadflow_core::decision_link::{DecisionLink, LinkRefused};
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, NodeId, PrincipalId, TenantId};
use steadflow_core::visible;
use steadflow_store::InvitationRecord;
use uuid::Uuid;

use crate::app::App;
use crate::audited::ToAudit;
use crate::problem::{Problem, ProblemKind};
use crate::views::shown::StepPart;

/// The path's `{id}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathId<T>(pub(crate) T);

/// The path's `{id}`, an execution, and `{node_id}`, one of its nodes.
#[derive(Clone, Debug)]
pub(crate) struct PathNode(pub(crate) ExecutionId, pub(crate) NodeId);

impl<T: From<Id>> FromRequestParts<App> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let text = parameter(parts, app, "id").await?;
        let id = Uuid::try_parse(&text).map_err(|_| {
            Problem::new(
                ProblemKind::InvalidParameter,
                "The id in the path is no UUID, such as 0190c6f5-7c3a-7000-8000-000000000001.",
            )
        })?;
        Ok(Self(Id(id).into()))
    }
}

impl FromRequestParts<App> for PathNode {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let PathId(id) = PathId::from_request_parts(parts, app).await?;
        let node = parameter(parts, app, "node_id").await?;
        Ok(Self(id, NodeId::new(node)))
    }
}

/// The path's `{id}`, a flow, and `{tab}`, a tab of the editor in which it is open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathTab(pub(crate) FlowId, pub(crate) Uuid);

impl FromRequestParts<App> for PathTab {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let PathId(id) = PathId::from_request_parts(parts, app).await?;
        let tab = parameter(parts, app, "tab").await?;
        let tab = Uuid::try_parse(&tab).map_err(|_| invalid("The tab in the path is no UUID."))?;
        Ok(Self(id, tab))
    }
}

/// The path's `{id}`, an agent, and `{key}`, the key of a session.
#[derive(Clone, Debug)]
pub(crate) struct PathSession(pub(crate) AgentId, pub(crate) std::sync::Arc<str>);

impl FromRequestParts<App> for PathSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let PathId(id) = PathId::from_request_parts(parts, app).await?;
        Ok(Self(id, parameter(parts, app, "key").await?.into()))
    }
}

/// The path's `{id}`, a flow, and `{fingerprint}`, one of its failure groups.
#[derive(Clone, Debug)]
pub(crate) struct PathFailures(pub(crate) FlowId, pub(crate) std::sync::Arc<str>);

impl FromRequestParts<App> for PathFailures {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let PathId(id) = PathId::from_request_parts(parts, app).await?;
        Ok(Self(id, parameter(parts, app, "fingerprint").await?.into()))
    }
}

/// Characters of the name of a view.
const VIEW_NAME_CHARS_MAX: usize = 60;

/// The path's `{name}`, that of a view.
#[derive(Clone, Debug)]
pub(crate) struct PathView(pub(crate) std::sync::Arc<str>);

impl FromRequestParts<App> for PathView {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let name = parameter(parts, app, "name").await?;
        let is_name = (1..=VIEW_NAME_CHARS_MAX).contains(&name.chars().count())
            && name.trim() == name
            && !name.chars().any(visible::is_hidden);
        if is_name {
            return Ok(Self(name.into()));
        }
        let detail = format!("The name of a view has 1 to {VIEW_NAME_CHARS_MAX} visible characters.");
        Err(Problem::new(ProblemKind::InvalidParameter, detail))
    }
}

/// Characters of the name of a secret.
const SECRET_NAME_CHARS_MAX: usize = 100;

/// The path's `{name}`, that of a secret.
#[derive(Clone, Debug)]
pub(crate) struct PathSecret(pub(crate) std::sync::Arc<str>);

impl FromRequestParts<App> for PathSecret {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let name = parameter(parts, app, "name").await?;
        let is_name = |text: &str| {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            (1..=SECRET_NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_part)
        };
        if !is_name(&name) {
            return Err(invalid(
                "The name of a secret has 1 to 100 letters (a to z), digits and `_`, such as OPENAI_KEY.",
            ));
        }
        Ok(Self(name.into()))
    }
}

/// The path of a value of a call of a node.
#[derive(Clone, Debug)]
pub(crate) struct PathStep {
    pub(crate) execution: ExecutionId,
    pub(crate) node: NodeId,
    pub(crate) number: u32,
    pub(crate) part: StepPart,
}

impl FromRequestParts<App> for PathStep {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let PathNode(execution, node) = PathNode::from_request_parts(parts, app).await?;
        let (number, part) = (parameter(parts, app, "number").await?, parameter(parts, app, "part").await?);
        let number = number.parse().ok().filter(|number| *number > 0);
        let number = number
            .ok_or_else(|| invalid("The number of the call in the path must be a whole number from 1."))?;
        let part = StepPart::ALL.into_iter().find(|known| known.name() == part).ok_or_else(|| {
            let known = StepPart::ALL.map(StepPart::name).join("`, `");
            invalid(format!("The last part of the path must be one of `{known}`."))
        })?;
        Ok(Self { execution, node, number, part })
    }
}

/// The path's `{id}` of an approval, which begins with the id of its execution.
#[derive(Clone, Debug)]
pub(crate) struct PathApproval {
    pub(crate) execution: ExecutionId,
    pub(crate) whole: String,
}

impl FromRequestParts<App> for PathApproval {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let whole = parameter(parts, app, "id").await?;
        let execution = whole.split_once(':').and_then(|(execution, _)| execution.parse().ok());
        let execution = execution.ok_or_else(|| {
            invalid("The id in the path is none of an approval, such as `<execution>:<node>:tool:1:0`.")
        })?;
        Ok(Self { execution, whole })
    }
}

/// The path's `{token}`, a link to decide with that was made here and is not over.
#[derive(Clone, Debug)]
pub(crate) struct PathLink(pub(crate) DecisionLink);

impl FromRequestParts<App> for PathLink {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = parameter(parts, app, "token").await.map_err(|_| Problem::from(LinkRefused::Unknown))?;
        let link = app.engine().decision_link(&token).await?;
        ToAudit::of(parts).add(app, &link.caller()).await?;
        Ok(Self(link))
    }
}

/// The path's `{token}`, a link to join with that was made here and not used, and is not over.
#[derive(Clone, Debug)]
pub(crate) struct PathInvitation {
    pub(crate) token: Token,
    pub(crate) invitation: InvitationRecord,
}

impl FromRequestParts<App> for PathInvitation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let gone = |_| Problem::no_such_invitation();
        let (text, people) =
            (parameter(parts, app, "token").await.map_err(gone)?, app.people().map_err(gone)?);
        let token = Token::read(&text).ok_or_else(Problem::no_such_invitation)?;
        let found = people.invitation(&token, app.engine().wall()).await?;
        let invitation = found.ok_or_else(Problem::no_such_invitation)?;
        Ok(Self { token, invitation })
    }
}

/// The path's `{provider}`, at which people sign in.
#[derive(Clone, Debug)]
pub(crate) struct PathProvider(pub(crate) String);

impl FromRequestParts<App> for PathProvider {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        parameter(parts, app, "provider").await.map(Self)
    }
}

fn invalid(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(ProblemKind::InvalidParameter, detail)
}

async fn parameter(parts: &mut Parts, app: &App, name: &str) -> Result<String, Problem> {
    let unreadable = || Problem::new(ProblemKind::InvalidParameter, "The path is not UTF-8.");
    let parameters = RawPathParams::from_request_parts(parts, app).await.map_err(|_| unreadable())?;
    let found = parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    found.ok_or_else(unreadable)
}

/// A UUID from a path, on its way to the id that it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id(Uuid);

impl From<Id> for Uuid {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl From<Id> for ExecutionId {
    fn from(id: Id) -> Self {
        Self::new(id.0)
    }
}

impl From<Id> for FlowId {
    fn from(id: Id) -> Self {
        Self::new(id.0)
    }
}

impl From<Id> for AgentId {
    fn from(id: Id) -> Self {
        Self::new(id.0)
    }
}

impl From<Id> for PrincipalId {
    fn from(id: Id) -> Self {
        Self::new(id.0)
    }
}

impl From<Id> for TenantId {
    fn from(id: Id) -> Self {
        Self::new(id.0)
    }
}
