//! Every answer of 400 and above: a stable code in JSON, never a sentence, never anything of the inside.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::Problem;
use domain::protocol::{CallRefusal, ErrorBody};

use crate::hub::HubError;

/// What went wrong with a call.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: CallRefusal,
    problems: Vec<Problem>,
    upload_offset: Option<u64>,
}

impl ApiError {
    /// An error with the usual status of its code.
    pub fn new(code: CallRefusal) -> Self {
        Self { status: status(code), code, problems: Vec::new(), upload_offset: None }
    }

    /// The same error under another status, where a protocol asks for one.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The code.
    pub fn code(&self) -> CallRefusal {
        self.code
    }

    /// Something broke here: the log learns what, the caller does not.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a call could not be answered");
        Self::new(CallRefusal::Internal)
    }
}

impl From<HubError> for ApiError {
    fn from(error: HubError) -> Self {
        match error {
            HubError::Refused { code, problems } => Self { problems, ..Self::new(code) },
            HubError::WrongOffset { offset } => {
                Self { upload_offset: Some(offset), ..Self::new(CallRefusal::WrongOffset) }
            }
            broken => Self::internal(&broken),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody { code: self.code, problems: self.problems };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(offset) = self.upload_offset {
            response.headers_mut().insert(HeaderName::from_static("upload-offset"), HeaderValue::from(offset));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(axum::http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn status(code: CallRefusal) -> StatusCode {
    match code {
        CallRefusal::Malformed | CallRefusal::TooDeep | CallRefusal::UnknownProtocol => StatusCode::BAD_REQUEST,
        CallRefusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        CallRefusal::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        // A phone that does not know these codes takes them for what they are to it: it is not signed in, it cannot call.
        CallRefusal::SignedOut | CallRefusal::Revoked => StatusCode::UNAUTHORIZED,
        CallRefusal::Ordered => StatusCode::LOCKED,
        CallRefusal::NotAllowed
        | CallRefusal::PasswordFirst
        | CallRefusal::WrongCode
        | CallRefusal::WrongPassword
        | CallRefusal::WrongCsrf => StatusCode::FORBIDDEN,
        CallRefusal::NotFound => StatusCode::NOT_FOUND,
        CallRefusal::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
        CallRefusal::Stale | CallRefusal::NotYet | CallRefusal::WrongOffset => StatusCode::CONFLICT,
        CallRefusal::Invalid | CallRefusal::NotAnImage | CallRefusal::HashMismatch | CallRefusal::OtherKey => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        CallRefusal::UploadGone => StatusCode::GONE,
        CallRefusal::TusVersion => StatusCode::PRECONDITION_FAILED,
        CallRefusal::Internal | CallRefusal::Newer => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
