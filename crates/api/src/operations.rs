//! The operations of the API, as its description has them.

use axum::http::Method;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;

/// Returns the operations of a document, with their paths.
pub(crate) fn operations(document: &OpenApi) -> impl Iterator<Item = (Method, &str, &Operation)> {
    document.paths.paths.iter().flat_map(|(path, item)| {
        let by_method = [
            (Method::GET, &item.get),
            (Method::PUT, &item.put),
            (Method::POST, &item.post),
            (Method::DELETE, &item.delete),
            (Method::PATCH, &item.patch),
        ];
        let there =
            by_method.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)));
        there.map(|(method, operation)| (method, path.as_str(), operation))
    })
}
