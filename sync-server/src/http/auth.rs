//! Who calls: a phone by its bearer token, somebody at the desk by the session cookie and, for changes, the CSRF token.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::protocol::CallRefusal;
use subtle::ConstantTimeEq;

use crate::http::body::{SMALL_BODY, collect, says_json};
use crate::http::{ApiError, App, blocking};
use crate::hub::desk::Desk;
use crate::hub::orders::Bearer;
use crate::hub::phones::Phone;

/// The desk's cookie.
pub const SESSION_COOKIE: &str = "doorstep_session";
/// The header that repeats the session's CSRF token.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// Tokens and cookies are 43 characters; anything much longer is not even hashed.
const SECRET_CHARS_MAX: usize = 100;

/// A bearer token, of whoever it may be.
pub(super) struct BearerToken(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for BearerToken {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        bearer(parts).map(Self).ok_or_else(|| ApiError::new(CallRefusal::SignedOut))
    }
}

/// An enrolled phone. Without one the call is not answered.
pub struct SignedInPhone(pub Phone);

impl FromRequestParts<App> for SignedInPhone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let BearerToken(token) = BearerToken::from_request_parts(parts, app).await?;
        blocking(app, move |hub| hub.phone(&token)).await.map(Self)
    }
}

/// A phone whose token is right, though it may be shut out or under an order: for the few calls that are left to it.
pub struct BearerPhone(pub Bearer);

impl FromRequestParts<App> for BearerPhone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = bearer(parts).ok_or_else(|| ApiError::new(CallRefusal::SignedOut))?;
        blocking(app, move |hub| hub.bearer(&token)).await.map(Self)
    }
}

fn bearer(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && token.len() <= SECRET_CHARS_MAX).then(|| token.to_owned())
}

/// Somebody signed in at the desk. On everything but reading, the CSRF token was right too.
pub struct SignedInDesk(pub Desk);

impl FromRequestParts<App> for SignedInDesk {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let ArrivedDesk(desk) = ArrivedDesk::from_request_parts(parts, app).await?;
        if desk.password_first { Err(ApiError::new(CallRefusal::PasswordFirst)) } else { Ok(Self(desk)) }
    }
}

/// The same, though the first password may still have to be changed: for the few calls that are open before.
pub struct ArrivedDesk(pub Desk);

impl FromRequestParts<App> for ArrivedDesk {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let cookie = session_of(parts).ok_or_else(|| ApiError::new(CallRefusal::SignedOut))?;
        let desk = blocking(app, move |hub| hub.desk(&cookie)).await?;
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let repeated = parts.headers.get(CSRF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
        if !reads && !bool::from(repeated.ct_eq(desk.csrf.as_bytes())) {
            return Err(ApiError::new(CallRefusal::WrongCsrf));
        }
        Ok(Self(desk))
    }
}

/// A JSON body can be long on its way, and rights asked for before it are rights of then. So a body from the desk is read whole
/// before its handler is called, which asks for the session and reads anew who it is. Nobody without one has a body read here.
pub(super) async fn whole_body_first(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || !request.uri().path().starts_with("/desk/api/") || !says_json(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    if ArrivedDesk::from_request_parts(&mut parts, &app).await.is_err() {
        // The handler refuses it, or it is the sign-in.
        return next.run(Request::from_parts(parts, body)).await;
    }
    match collect(Request::from_parts(parts.clone(), body), SMALL_BODY).await {
        Ok(whole) => next.run(Request::from_parts(parts, Body::from(whole))).await,
        Err(refused) => refused.into_response(),
    }
}

fn session_of(parts: &Parts) -> Option<String> {
    let cookies = parts.headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, value)| *name == SESSION_COOKIE && value.len() <= SECRET_CHARS_MAX)
        .map(|(_, value)| value.to_owned())
}

/// The `Set-Cookie` of a fresh session.
pub fn session_cookie(app: &App, value: &str) -> HeaderValue {
    cookie(app, value, "")
}

/// The `Set-Cookie` that removes the session.
pub fn no_cookie(app: &App) -> HeaderValue {
    cookie(app, "", "; Max-Age=0")
}

fn cookie(app: &App, value: &str, more: &str) -> HeaderValue {
    let secure = if app.front.secure_cookies { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    HeaderValue::from_str(&text).expect("a token is base64url, which every header may hold")
}

/// The caller's address: as this process sees it, or as the proxy in front says. Unknown where that says nothing.
pub struct ClientAddr(pub Option<IpAddr>);

impl FromRequestParts<App> for ClientAddr {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        if app.front.behind_proxy {
            // What stands before the last one was told to the proxy, by whoever called it.
            return Ok(Self(client_ip::rightmost_x_forwarded_for(&parts.headers).ok()));
        }
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(from.map(|ConnectInfo(address)| address.ip())))
    }
}
