//! `GET /v1/nudges`: a phone listens, and hears within a moment that one of its cells moved on. What changed it asks for itself.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use domain::CellCode;
use domain::protocol::Nudge;
use futures_util::stream;

use crate::http::auth::BearerToken;
use crate::http::nudges::{Heard, Listening};
use crate::http::{ApiError, App, blocking};

/// The name of the one kind of event.
const MOVED: &str = "moved";

pub(super) async fn nudges(State(app): State<App>, BearerToken(token): BearerToken) -> Result<Response, ApiError> {
    let known = token.clone();
    let phone = blocking(&app, move |hub| hub.phone(&known)).await?;
    let listening = app.nudges.listen(phone.device, phone.cells)?;
    // Asked after the ears are open, so that nothing falls between.
    let cells = listening.cells().to_vec();
    let reached = blocking(&app, move |hub| hub.feeds_reached(&cells)).await?;
    let mut speaking = Speaking { app, token, listening, told: BTreeMap::new(), events: VecDeque::new() };
    speaking.put(reached);
    let events = stream::unfold(speaking, |mut speaking| async {
        let event = speaking.next().await?;
        Some((Ok::<_, Infallible>(event), speaking))
    });
    // Not kept by anybody on the way, neither to be stored nor to be gathered into larger pieces.
    let headers = [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, Sse::new(events)).into_response())
}

/// A stream under way.
struct Speaking {
    app: App,
    token: String,
    listening: Listening,
    told: BTreeMap<CellCode, u64>,
    events: VecDeque<Event>,
}

impl Speaking {
    /// The next event or heartbeat; none when the stream has to end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let heard = tokio::time::timeout(self.app.nudges.heartbeat(), self.listening.next()).await;
            let silent = heard.is_err();
            let Heard { reached, over, .. } = heard.unwrap_or_default();
            if over || !self.is_still_the_same_phone().await {
                return None;
            }
            self.put(reached);
            if silent {
                return Some(Event::default().comment(""));
            }
        }
    }

    /// Whether the token still opens this stream: not run out, not revoked, the same cells. Asked of the database, since another
    /// process (the command line) may have changed it.
    async fn is_still_the_same_phone(&self) -> bool {
        let token = self.token.clone();
        let found = blocking(&self.app, move |hub| hub.recognise(&token)).await;
        found.is_ok_and(|phone| phone.cells == self.listening.cells())
    }

    fn put(&mut self, reached: BTreeMap<CellCode, u64>) {
        for (cell, reached) in reached {
            if self.told.get(&cell).is_some_and(|told| *told >= reached) {
                continue;
            }
            self.told.insert(cell.clone(), reached);
            match Event::default().event(MOVED).json_data(Nudge { cell, reached }) {
                Ok(event) => self.events.push_back(event),
                Err(error) => tracing::error!(%error, "a nudge could not be written"),
            }
        }
    }
}
