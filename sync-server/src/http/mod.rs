//! HTTP: the phones' API under `/v1`, the desk's under `/desk/api`, the desk's files everywhere else.
//!
//! Async ends here: every call of the hub runs on a blocking thread.

pub mod auth;
pub mod body;
pub mod console;
pub mod desk;
mod error;
pub mod limits;
pub mod listen;
pub mod nudges;
pub mod phone;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::protocol::CallRefusal;
use tokio::sync::Mutex;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_http::trace::TraceLayer;

pub use auth::{BearerPhone, ClientAddr, SignedInDesk, SignedInPhone};
pub use body::JsonBody;
pub use error::ApiError;
pub use limits::RateLimits;
pub use nudges::Nudges;
pub use phone::turns::Turns;

use crate::hub::nudge::Watcher;
use crate::hub::{CountyHub, HubError};

/// A body that stands still for this long is given up.
const BODY_IDLE: Duration = Duration::from_secs(30);

/// What may be loaded and from where: this server's own files, nothing else. Styles may stand in attributes: the component library
/// sets them.
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; \
     script-src 'self'; worker-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// What every handler works with.
#[derive(Clone)]
pub struct App {
    /// The rules.
    pub hub: Arc<CountyHub>,
    /// Who tried how often.
    pub limits: Arc<RateLimits>,
    /// The phones that listen.
    pub nudges: Arc<Nudges>,
    /// Who is at which upload.
    pub turns: Arc<Turns>,
    /// Whose turn it is to make a thumbnail that is not there: whoever waits for theirs holds no thread meanwhile.
    pub shrinking: Arc<Mutex<()>>,
    /// What stands in front.
    pub front: Front,
}

/// What stands between this process and its callers. By itself: nothing, as on loopback.
#[derive(Debug, Clone, Copy, Default)]
pub struct Front {
    /// Whether cookies are sent over TLS only.
    pub secure_cookies: bool,
    /// Whether every call comes through a proxy of one's own, which names the caller last in `X-Forwarded-For`. Without one anybody may
    /// write there what they like, so it is not read then.
    pub behind_proxy: bool,
}

impl App {
    /// An application over a hub.
    pub fn new(hub: Arc<CountyHub>, front: Front) -> Self {
        let (limits, nudges, turns, shrinking) = Default::default();
        let app = Self { hub, limits, nudges, turns, shrinking, front };
        app.with_nudges(Nudges::default())
    }

    /// The same with other streams of nudges.
    #[must_use]
    pub fn with_nudges(self, nudges: Nudges) -> Self {
        let nudges = Arc::new(nudges);
        let watcher: Arc<dyn Watcher> = Arc::clone(&nudges) as _;
        self.hub.watch(&watcher);
        Self { nudges, ..self }
    }
}

/// Runs a call of the hub on a blocking thread.
///
/// # Errors
/// What the hub refused or broke on.
pub async fn blocking<T: Send + 'static>(
    app: &App,
    call: impl FnOnce(&CountyHub) -> Result<T, HubError> + Send + 'static,
) -> Result<T, ApiError> {
    let hub = Arc::clone(&app.hub);
    match tokio::task::spawn_blocking(move || call(&hub)).await {
        Ok(outcome) => outcome.map_err(ApiError::from),
        Err(error) => Err(ApiError::internal(&error)),
    }
}

/// Everything that this server answers.
pub fn router(app: App) -> Router {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    routes()
        .with_state(app.clone())
        .layer(from_fn(phone::tus::spoken))
        .layer(from_fn_with_state(app, auth::whole_body_first))
        .layer(CompressionLayer::new())
        .layer(header("content-security-policy", CONTENT_POLICY))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("x-frame-options", "DENY"))
        .layer(header("referrer-policy", "no-referrer"))
        .layer(header("cross-origin-opener-policy", "same-origin"))
        .layer(header("cross-origin-resource-policy", "same-origin"))
        .layer(header("permissions-policy", "camera=(), geolocation=(), microphone=()"))
        .layer(header(header::CACHE_CONTROL.as_str(), "no-store"))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(RequestBodyTimeoutLayer::new(BODY_IDLE))
        .layer(TraceLayer::new_for_http().make_span_with(span))
}

/// Every route with its handler.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .nest("/v1", phone::routes().fallback(not_found))
        .merge(desk::routes())
        .route("/desk/api/{*rest}", axum::routing::any(not_found))
        .route("/openapi.json", get(|| async { Json(crate::openapi::document()) }))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .merge(console::routes())
        .method_not_allowed_fallback(method_not_allowed)
}

/// The log knows the route, never what was put into it: paths hold ids.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::info_span!("call", method = %request.method(), route)
}

async fn ready(State(app): State<App>) -> Result<&'static str, ApiError> {
    blocking(&app, CountyHub::hello).await.map(|_| "ready")
}

async fn not_found() -> ApiError {
    ApiError::new(CallRefusal::NotFound)
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(CallRefusal::NotFound).with_status(StatusCode::METHOD_NOT_ALLOWED)
}

fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<&str>().copied().or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!(cause = text.unwrap_or("unknown"), "a call panicked");
    ApiError::new(CallRefusal::Internal).into_response()
}
