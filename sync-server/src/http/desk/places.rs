//! The places of one's scope as a tree, with what waits in each.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::protocol::ErrorBody;
use domain::review::{Level, ReviewState};
use domain::scope::{Action, Actor, allowed};
use domain::{Kind, Scope};
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};
use crate::hub::{CountyHub, HubError};
use crate::store::{Place, ReviewCount, Store as _};

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PlaceLevel {
    /// 镇/街道.
    Town,
    /// 村/社区.
    Village,
    /// 网格.
    Cell,
}

/// A place and the places in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct PlaceNode {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub level: PlaceLevel,
    /// How many records wait for the supervisor there.
    pub waiting: u64,
    /// The places in it.
    #[schema(no_recursion)]
    pub children: Vec<PlaceNode>,
}

/// The places of the own scope, with what waits in each.
#[utoipa::path(get, path = "/desk/api/places", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = Vec<PlaceNode>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn places(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<Vec<PlaceNode>>, ApiError> {
    Ok(Json(blocking(&app, move |hub| places_of(hub, &desk.actor)).await?))
}

fn places_of(hub: &CountyHub, actor: &Actor) -> Result<Vec<PlaceNode>, HubError> {
    hub.store().read(|reading| {
        let places = reading.places(&actor.scopes)?;
        let counts = if allowed(actor.role, Action::Read, &Kind::Visit) {
            // What waits is what this desk can decide: with two levels the town's comes after the community's.
            let town = hub.review_rules_in(reading)?.two_levels && Level::of_desk(actor) == Some(Level::Town);
            let state = if town { ReviewState::AtTown } else { ReviewState::Waiting };
            reading.review_counts(state, &actor.scopes)?
        } else {
            Vec::new()
        };
        Ok(tree(places, &counts))
    })
}

/// The tree of places, which come sorted by code: what a code begins with is its parent.
fn tree(places: Vec<Place>, counts: &[ReviewCount]) -> Vec<PlaceNode> {
    let mut waiting = BTreeMap::<&str, u64>::new();
    for count in counts {
        let cell = count.cell.as_str();
        for code in [&cell[..9], &cell[..12], cell] {
            *waiting.entry(code).or_default() += count.records;
        }
    }
    let mut roots = Vec::new();
    for place in places {
        let Some(level) = level(&place.code) else { continue };
        let code = place.code.as_str().to_owned();
        let waiting = waiting.get(code.as_str()).copied().unwrap_or(0);
        let siblings = siblings_of(&mut roots, &code);
        siblings.push(PlaceNode { code, name: place.name, level, waiting, children: Vec::new() });
    }
    roots
}

fn siblings_of<'a>(nodes: &'a mut Vec<PlaceNode>, code: &str) -> &'a mut Vec<PlaceNode> {
    // Parents come right before their children, so only the last of a list can be one.
    if nodes.last().is_some_and(|last| code.starts_with(&last.code)) {
        let last = nodes.len() - 1;
        siblings_of(&mut nodes[last].children, code)
    } else {
        nodes
    }
}

fn level(code: &Scope) -> Option<PlaceLevel> {
    match code.as_str().len() {
        9 => Some(PlaceLevel::Town),
        12 => Some(PlaceLevel::Village),
        15 => Some(PlaceLevel::Cell),
        // The county and what lies above it are the roof over the tree, not a part of it.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::CellCode;

    use super::*;

    #[test]
    fn places_stand_under_what_their_code_begins_with_and_count_what_waits_below() {
        let place = |code: &str| Place { code: Scope::new(code).unwrap(), name: code.to_owned() };
        let codes =
            ["610722", "610722001", "610722001001", "610722001001001", "610722001001002", "610722002", "610722002001"];
        let count =
            |cell: &str, records| ReviewCount { cell: CellCode::new(cell).unwrap(), kind: Kind::Visit, records };
        let counts = [count("610722001001001", 2), count("610722001001002", 3)];
        let roots = tree(codes.map(place).to_vec(), &counts);
        assert_eq!(
            roots.iter().map(|node| (node.code.as_str(), node.waiting)).collect::<Vec<_>>(),
            [("610722001", 5), ("610722002", 0)]
        );
        let village = &roots[0].children[0];
        assert_eq!((village.level, village.waiting, village.children.len()), (PlaceLevel::Village, 5, 2));
        assert_eq!(village.children[1].waiting, 3);
        assert_eq!(roots[1].children[0].code, "610722002001");
    }
}
