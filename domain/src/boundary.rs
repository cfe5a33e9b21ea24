//! The boundary of a cell: a GeoJSON polygon (or several) in WGS-84 (RFC 7946), judged before it is stored.
//!
//! What is asked: rings that are closed and do not cross themselves or each other, inside China, not too many corners, holes
//! within their polygon. Which way round a ring goes is not asked: map programs write both.

use serde::Deserialize;
use serde_json::Value;

use crate::geo::{in_china, swapped};
use crate::problem::ProblemCode;

/// A boundary has at most so many corners, all rings together.
pub const CORNERS_MAX: usize = 1_000;
/// A boundary is at most so many bytes as JSON.
pub const BYTES_MAX: usize = 64 * 1024;

/// What is wrong with a boundary, and the bound that was passed.
type Fault = (ProblemCode, Option<i64>);

/// A geometry, as far as a boundary may be one. Each position may have a height behind longitude and latitude.
#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Vec<Vec<f64>>>),
    MultiPolygon(Vec<Vec<Vec<Vec<f64>>>>),
}

/// A corner in ten-millionths of a degree (a centimetre): whole numbers, so that crossing is decided exactly.
type Corner = (i64, i64);

/// What is wrong with a boundary; none: it may be stored.
pub fn fault(value: &Value) -> Option<Fault> {
    if value.to_string().len() > BYTES_MAX {
        return Some((ProblemCode::TooManyBytes, Some(BYTES_MAX as i64)));
    }
    let Some(polygons) = geometry(value) else { return Some((ProblemCode::BoundaryForm, None)) };
    let corners: usize = polygons.iter().flatten().map(Vec::len).sum();
    if corners > CORNERS_MAX {
        return Some((ProblemCode::TooManyCorners, Some(CORNERS_MAX as i64)));
    }
    match read(&polygons) {
        Ok(polygons) => shape_fault(&polygons).map(|code| (code, None)),
        Err(code) => Some((code, None)),
    }
}

/// Whether a stored boundary can be drawn. Cheaper than judging it again: whether it crosses itself is not asked.
pub fn is_readable(value: &Value) -> bool {
    geometry(value).is_some_and(|polygons| read(&polygons).is_ok())
}

/// The polygons of a geometry that is nothing else besides: what a map program keeps along with it stays behind.
fn geometry(value: &Value) -> Option<Vec<Vec<Vec<Vec<f64>>>>> {
    value.as_object().filter(|members| members.len() == 2)?;
    match Geometry::deserialize(value).ok()? {
        Geometry::Polygon(rings) => Some(vec![rings]),
        Geometry::MultiPolygon(polygons) => Some(polygons),
    }
}

/// The corners of every ring, the closing one left out, the same corner written twice in a row once.
fn read(polygons: &[Vec<Vec<Vec<f64>>>]) -> Result<Vec<Vec<Vec<Corner>>>, ProblemCode> {
    if polygons.is_empty() || polygons.iter().any(Vec::is_empty) {
        return Err(ProblemCode::BoundaryForm);
    }
    let ring = |positions: &Vec<Vec<f64>>| {
        let mut corners = positions.iter().map(|position| corner(position)).collect::<Result<Vec<Corner>, _>>()?;
        corners.dedup();
        if corners.len() > 1 && corners.first() != corners.last() {
            return Err(ProblemCode::BoundaryOpen);
        }
        corners.pop();
        if corners.len() < 3 || is_line(&corners) { Err(ProblemCode::BoundaryForm) } else { Ok(corners) }
    };
    polygons.iter().map(|rings| rings.iter().map(ring).collect()).collect()
}

fn corner(position: &[f64]) -> Result<Corner, ProblemCode> {
    let [lng, lat, ..] = position else { return Err(ProblemCode::BoundaryForm) };
    if swapped(*lat, *lng) {
        return Err(ProblemCode::PositionSwapped);
    }
    if !in_china(*lat, *lng) {
        return Err(ProblemCode::OutsideChina);
    }
    let units = |degrees: f64| (degrees * 1e7).round() as i64;
    Ok((units(*lng), units(*lat)))
}

/// Whether all corners lie in one line: such a ring encloses nothing.
fn is_line(ring: &[Corner]) -> bool {
    let (Some(first), Some(second)) = (ring.first(), ring.get(1)) else { return true };
    ring.iter().all(|corner| turn(*first, *second, *corner) == 0)
}

fn sides(ring: &[Corner]) -> impl Iterator<Item = (Corner, Corner)> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

fn shape_fault(polygons: &[Vec<Vec<Corner>>]) -> Option<ProblemCode> {
    let rings: Vec<&Vec<Corner>> = polygons.iter().flatten().collect();
    let crosses = rings.iter().enumerate().any(|(index, ring)| {
        meets_itself(ring) || rings.iter().skip(index + 1).any(|other| crosses_other(ring, other))
    });
    if crosses {
        return Some(ProblemCode::BoundaryCrosses);
    }
    let hole_outside = polygons.iter().any(|rings| {
        let Some((outer, holes)) = rings.split_first() else { return true };
        holes.iter().any(|hole| !hole.iter().all(|corner| within(*corner, outer)))
    });
    hole_outside.then_some(ProblemCode::BoundaryForm)
}

/// Whether two sides of a ring have a point in common that is not the corner between them.
fn meets_itself(ring: &[Corner]) -> bool {
    let sides: Vec<(Corner, Corner)> = sides(ring).collect();
    let last = sides.len() - 1;
    sides.iter().enumerate().any(|(index, (a, b))| {
        sides.iter().enumerate().skip(index + 1).any(|(other, (c, d))| {
            if other == index + 1 {
                // Neighbours share a corner; more of each other only when the ring turns back on itself.
                turn(*a, *b, *d) == 0 && on_side(*d, *a, *b) || turn(*a, *b, *d) == 0 && on_side(*a, *c, *d)
            } else if index == 0 && other == last {
                turn(*c, *d, *b) == 0 && (on_side(*b, *c, *d) || on_side(*c, *a, *b))
            } else {
                meet((*a, *b), (*c, *d))
            }
        })
    })
}

/// Whether a side of one ring passes through a side of the other. Rings may touch.
fn crosses_other(ring: &[Corner], other: &[Corner]) -> bool {
    sides(ring).any(|(a, b)| {
        sides(other).any(|(c, d)| {
            let (from, to) = (turn(a, b, c).signum(), turn(a, b, d).signum());
            let (here, there) = (turn(c, d, a).signum(), turn(c, d, b).signum());
            from * to < 0 && here * there < 0
        })
    })
}

/// Which way one turns at `b` on the way from `a` to `c`: positive left, negative right, 0 straight on or back.
fn turn(a: Corner, b: Corner, c: Corner) -> i128 {
    let (abx, aby) = (i128::from(b.0 - a.0), i128::from(b.1 - a.1));
    let (acx, acy) = (i128::from(c.0 - a.0), i128::from(c.1 - a.1));
    abx * acy - aby * acx
}

/// Whether a point that lies in the line of a side lies on the side.
fn on_side(point: Corner, a: Corner, b: Corner) -> bool {
    (a.0.min(b.0)..=a.0.max(b.0)).contains(&point.0) && (a.1.min(b.1)..=a.1.max(b.1)).contains(&point.1)
}

fn meet((a, b): (Corner, Corner), (c, d): (Corner, Corner)) -> bool {
    let (from, to) = (turn(a, b, c).signum(), turn(a, b, d).signum());
    let (here, there) = (turn(c, d, a).signum(), turn(c, d, b).signum());
    (from != to && here != there)
        || (from == 0 && on_side(c, a, b))
        || (to == 0 && on_side(d, a, b))
        || (here == 0 && on_side(a, c, d))
        || (there == 0 && on_side(b, c, d))
}

/// Whether a point lies in a ring or on its edge.
fn within(point: Corner, ring: &[Corner]) -> bool {
    let mut inside = false;
    for (a, b) in sides(ring) {
        let side = turn(a, b, point);
        if side == 0 && on_side(point, a, b) {
            return true;
        }
        // A ray to the east crosses the side when its ends lie on both sides of the ray and the point lies to the west of it.
        if (a.1 > point.1) != (b.1 > point.1) && (side > 0) == (b.1 > a.1) {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn code(value: &Value) -> Option<ProblemCode> {
        fault(value).map(|(code, _)| code)
    }

    fn polygon(rings: &[&[(f64, f64)]]) -> Value {
        let ring = |ring: &&[(f64, f64)]| ring.iter().map(|(lng, lat)| json!([lng, lat])).collect::<Vec<Value>>();
        json!({"type": "Polygon", "coordinates": rings.iter().map(ring).collect::<Vec<_>>()})
    }

    const SQUARE: &[(f64, f64)] =
        &[(107.30, 33.10), (107.40, 33.10), (107.40, 33.20), (107.30, 33.20), (107.30, 33.10)];

    #[test]
    fn a_plain_field_fits_whichever_way_round_it_goes_and_with_heights() {
        let back: Vec<(f64, f64)> = SQUARE.iter().rev().copied().collect();
        assert_eq!((code(&polygon(&[SQUARE])), code(&polygon(&[&back]))), (None, None));
        assert!(is_readable(&polygon(&[SQUARE])));
        let high = json!({"type": "Polygon", "coordinates":
            [[[107.3, 33.1, 480.0], [107.4, 33.1, 480.0], [107.4, 33.2, 481.5], [107.3, 33.1, 480.0]]]});
        assert_eq!(code(&high), None);
    }

    #[test]
    fn what_is_no_polygon_is_refused() {
        for other in [
            json!({}),
            json!([]),
            json!("POLYGON((1 2))"),
            json!(["Polygon", polygon(&[SQUARE])["coordinates"]]),
            json!({"type": "Polygon", "coordinates": polygon(&[SQUARE])["coordinates"], "owner": "张三"}),
            json!({"type": "Point", "coordinates": [107.3, 33.1]}),
            json!({"type": "Polygon", "coordinates": []}),
            json!({"type": "MultiPolygon", "coordinates": [[]]}),
            json!({"type": "Polygon", "coordinates": [[[107.3], [107.4], [107.3]]]}),
            json!({"type": "Polygon", "coordinates": [[["107.3", "33.1"]]]}),
            polygon(&[&[(107.3, 33.1), (107.4, 33.1), (107.3, 33.1)]]),
            polygon(&[&[(107.3, 33.1), (107.4, 33.1), (107.5, 33.1), (107.3, 33.1)]]),
        ] {
            assert_eq!(code(&other), Some(ProblemCode::BoundaryForm), "{other}");
            assert!(!is_readable(&other), "{other}");
        }
    }

    #[test]
    fn a_ring_that_does_not_end_where_it_began_is_named_so() {
        assert_eq!(code(&polygon(&[&SQUARE[..4]])), Some(ProblemCode::BoundaryOpen));
    }

    #[test]
    fn a_ring_that_crosses_or_touches_itself_or_turns_back_is_refused() {
        let bow = [(107.3, 33.1), (107.4, 33.2), (107.4, 33.1), (107.3, 33.2), (107.3, 33.1)];
        let touches = [(107.3, 33.1), (107.4, 33.1), (107.4, 33.2), (107.35, 33.1), (107.3, 33.2), (107.3, 33.1)];
        let spike =
            [(107.3, 33.1), (107.4, 33.1), (107.5, 33.1), (107.4, 33.1), (107.4, 33.2), (107.3, 33.2), (107.3, 33.1)];
        for ring in [&bow[..], &touches[..], &spike[..]] {
            assert_eq!(code(&polygon(&[ring])), Some(ProblemCode::BoundaryCrosses), "{ring:?}");
        }
    }

    #[test]
    fn the_same_corner_twice_in_a_row_is_one() {
        let mut doubled = SQUARE.to_vec();
        doubled.insert(1, SQUARE[0]);
        doubled.insert(3, SQUARE[1]);
        assert_eq!(code(&polygon(&[&doubled])), None);
    }

    #[test]
    fn a_hole_lies_within_and_a_second_field_beside() {
        let hole = [(107.32, 33.12), (107.34, 33.12), (107.34, 33.14), (107.32, 33.12)];
        let out = [(107.52, 33.12), (107.54, 33.12), (107.54, 33.14), (107.52, 33.12)];
        let across = [(107.38, 33.12), (107.44, 33.12), (107.44, 33.14), (107.38, 33.12)];
        assert_eq!(code(&polygon(&[SQUARE, &hole])), None);
        assert_eq!(code(&polygon(&[SQUARE, &out])), Some(ProblemCode::BoundaryForm));
        assert_eq!(code(&polygon(&[SQUARE, &across])), Some(ProblemCode::BoundaryCrosses));
        let field = |ring: &[(f64, f64)]| polygon(&[ring])["coordinates"].clone();
        let beside = json!({"type": "MultiPolygon", "coordinates": [field(SQUARE), field(&out)]});
        let over = json!({"type": "MultiPolygon", "coordinates": [field(SQUARE), field(&across)]});
        assert_eq!((code(&beside), code(&over)), (None, Some(ProblemCode::BoundaryCrosses)));
    }

    #[test]
    fn a_field_abroad_and_one_the_wrong_way_round_are_told_apart() {
        let moved = |ring: &[(f64, f64)], by: f64| ring.iter().map(|(lng, lat)| (lng - by, *lat)).collect::<Vec<_>>();
        assert_eq!(code(&polygon(&[&moved(SQUARE, 100.0)])), Some(ProblemCode::OutsideChina));
        let exchanged: Vec<(f64, f64)> = SQUARE.iter().map(|(lng, lat)| (*lat, *lng)).collect();
        assert_eq!(code(&polygon(&[&exchanged])), Some(ProblemCode::PositionSwapped));
    }

    /// A field of so many corners around a point.
    fn round(corners: usize, dent: &[f64]) -> Value {
        let corner = |index: usize| {
            let angle = std::f64::consts::TAU * (index % corners) as f64 / corners as f64;
            let radius = 0.02 * dent.get(index % corners).copied().unwrap_or(1.0);
            json!([107.33 + radius * angle.cos(), 33.15 + radius * angle.sin()])
        };
        json!({"type": "Polygon", "coordinates": [(0..=corners).map(corner).collect::<Vec<_>>()]})
    }

    #[test]
    fn there_is_a_most_of_corners_and_of_bytes() {
        assert_eq!(code(&round(CORNERS_MAX - 1, &[])), None);
        assert_eq!(fault(&round(CORNERS_MAX, &[])), Some((ProblemCode::TooManyCorners, Some(1_000))));
        let huge = json!({"type": "Polygon", "coordinates": ["长".repeat(BYTES_MAX)]});
        assert_eq!(code(&huge), Some(ProblemCode::TooManyBytes));
    }

    proptest! {
        #[test]
        fn every_field_that_can_be_seen_whole_from_within_fits(dent in prop::collection::vec(0.2f64..1.0, 3..40)) {
            prop_assert_eq!(code(&round(dent.len(), &dent)), None);
        }

        #[test]
        fn nothing_makes_it_break(text in "[\\[\\]0-9,.\\-]{0,60}") {
            if let Ok(coordinates) = serde_json::from_str::<Value>(&text) {
                let _judged = fault(&json!({"type": "Polygon", "coordinates": coordinates}));
            }
        }
    }
}
