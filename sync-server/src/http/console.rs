//! The desk's files, out of the binary.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::protocol::CallRefusal;
use rust_embed::{Embed, EmbeddedFile};

use crate::http::{ApiError, App};

/// What `npm run build` made of the desk.
#[derive(Embed)]
#[folder = "../ui/dist/desk"]
#[allow_missing = true]
struct Files;

/// Everything that is no API.
pub(super) fn routes() -> Router<App> {
    Router::new().fallback(file)
}

async fn file(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::new(CallRefusal::NotFound).with_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let Some(file) = Files::get(path) else { return ApiError::new(CallRefusal::NotFound).into_response() };
    let tag = tag(&file);
    if request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
    }
    // Files under assets/ carry a hash in their name; the page that names them must be asked for each time.
    let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind = file.metadata.mimetype().to_owned();
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind };
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, keep.to_owned()), (ETAG, tag)];
    (headers, file.data.into_owned()).into_response()
}

fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn get(path: &str, known: Option<&str>) -> Response {
        let mut request = Request::get(path);
        if let Some(known) = known {
            request = request.header(IF_NONE_MATCH, known);
        }
        file(request.body(Body::empty()).unwrap()).await
    }

    #[tokio::test]
    async fn every_file_of_the_desk_is_answered_with_its_kind_and_once_only() {
        for path in Files::iter() {
            let first = get(&format!("/{path}"), None).await;
            assert_eq!(first.status(), StatusCode::OK, "{path}");
            assert!(first.headers().contains_key(CONTENT_TYPE));
            let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
            assert_eq!(get(&format!("/{path}"), Some(&tag)).await.status(), StatusCode::NOT_MODIFIED);
        }
    }

    #[tokio::test]
    async fn what_is_no_file_of_the_desk_is_not_found() {
        for path in ["/etc/passwd", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/assets", "/assets/", "/desk"] {
            assert_eq!(get(path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn the_files_are_only_read() {
        let request = Request::post("/").body(Body::empty()).unwrap();
        assert_eq!(file(request).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
