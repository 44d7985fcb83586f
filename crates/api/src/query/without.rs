//! Operations that take no query parameters: whatever a query says there is a mistake, and refused. The others read
//! theirs with [`Query`](super::Query), which refuses what it does not know.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use super::Params;
use crate::operations::operations;
use crate::problem::Problem;

/// The operations without query parameters, as the API description has them.
#[derive(Clone, Debug)]
pub(crate) struct WithoutQuery(Arc<HashSet<(Method, String)>>);

impl WithoutQuery {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let without = operations(document).filter(|(_, _, operation)| takes_none(operation));
        Self(Arc::new(without.map(|(method, path, _)| (method, path.to_owned())).collect()))
    }

    /// Refuses a query of an operation that takes none.
    ///
    /// # Errors
    /// [`ProblemKind::InvalidParameter`](crate::ProblemKind::InvalidParameter) with the name of each parameter.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Problem> {
        if request.uri().query().is_none_or(str::is_empty) {
            return Ok(());
        }
        let Some(path) = request.extensions().get::<MatchedPath>() else { return Ok(()) };
        let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
        if self.0.contains(&(method, path.as_str().to_owned())) {
            Params::of(request.uri())?.finish()?;
        }
        Ok(())
    }
}

fn takes_none(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    !parameters.any(|parameter| {
        matches!(parameter, RefOr::T(parameter) if matches!(parameter.parameter_in, ParameterIn::Query))
    })
}
