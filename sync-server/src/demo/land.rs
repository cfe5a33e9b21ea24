//! Where the demonstration county lies: boundaries of its cells and positions in them.
//!
//! The towns stand about where Chenggu's towns are, to a few kilometres; everything smaller is made up, like the residents. The
//! county is a chessboard of squares, a village each, the free square nearest to its town. A village's square is cut into its
//! cells, numbered from west to east and from north to south, along lines that are a little crooked, the same for both neighbours.
//! No chance is drawn for it, so the same cell always lies in the same place.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::divisions::chenggu;
use serde_json::{Value, json};

use super::Cell;

/// About where each town lies, degrees north and east.
const TOWNS: &[(&str, f64, f64)] = &[
    ("博望", 33.157, 107.333),
    ("莲花", 33.137, 107.290),
    ("沙河营", 33.082, 107.215),
    ("柳林", 33.115, 107.215),
    ("文川", 33.205, 107.245),
    ("老庄", 33.300, 107.235),
    ("桔园", 33.235, 107.395),
    ("原公", 33.220, 107.320),
    ("上元观", 33.010, 107.195),
    ("天明", 32.950, 107.265),
    ("二里", 32.830, 107.370),
    ("五堵", 32.930, 107.440),
    ("双溪", 33.470, 107.300),
    ("小河", 33.560, 107.430),
    ("龙头", 33.090, 107.420),
    ("三合", 33.085, 107.320),
    ("董家营", 33.030, 107.295),
];

/// A village's square is cut into three columns and two rows.
const COLUMNS: i64 = 3;
const ROWS: i64 = 2;

/// A side of a village's square, metres.
const SQUARE: f64 = 1_200.0;

/// Metres of a degree of latitude.
const METRES: f64 = 111_320.0;

/// The middle of the chessboard.
const MIDDLE: (f64, f64) = (33.157, 107.333);

/// Buildings stand in so many columns within a cell, row by row.
const SLOT_COLUMNS: usize = 3;

/// A square of the chessboard: eastward and northward from the middle.
type Square = (i64, i64);

/// The square of every village.
static SQUARES: LazyLock<BTreeMap<&'static str, Square>> = LazyLock::new(|| {
    let mut taken = BTreeMap::<Square, ()>::new();
    let mut squares = BTreeMap::new();
    for village in chenggu() {
        let wanted = town_square(&village.town);
        let square = rings(wanted).find(|square| !taken.contains_key(square)).expect("the board has no edge");
        taken.insert(square, ());
        squares.insert(village.code.as_str(), square);
    }
    squares
});

fn town_square(town: &str) -> Square {
    let (_, lat, lng) =
        TOWNS.iter().find(|(name, ..)| town.starts_with(name)).copied().unwrap_or(("", MIDDLE.0, MIDDLE.1));
    let north = (lat - MIDDLE.0) * METRES / SQUARE;
    let east = (lng - MIDDLE.1) * metres_of_lng() / SQUARE;
    (east.round() as i64, north.round() as i64)
}

/// Squares around one, the nearest first.
fn rings((east, north): Square) -> impl Iterator<Item = Square> {
    (0..).flat_map(move |distance: i64| {
        let mut ring: Vec<Square> = (-distance..=distance)
            .flat_map(|x| (-distance..=distance).map(move |y| (x, y)))
            .filter(|(x, y)| x.abs().max(y.abs()) == distance)
            .collect();
        ring.sort_by_key(|(x, y)| (x * x + y * y, *x, *y));
        ring.into_iter().map(move |(x, y)| (east + x, north + y))
    })
}

fn metres_of_lng() -> f64 {
    METRES * MIDDLE.0.to_radians().cos()
}

/// A crossing of the lines along which cells are cut: column and row of the whole county, rows counted from the north.
type Crossing = (i64, i64);

/// The cell's first square of the village's grid, and how many it has side by side: the fifth of five has two.
fn lot(cell: &Cell) -> (Crossing, i64) {
    let (east, north) = SQUARES.get(cell.village.code.as_str()).copied().unwrap_or_default();
    let ordinal = cell.ordinal as i64 - 1;
    let wide = if cell.of_five && ordinal == 4 { 2 } else { 1 };
    ((east * COLUMNS + ordinal % COLUMNS, -north * ROWS + ordinal / COLUMNS), wide)
}

/// The boundary of a cell.
pub(crate) fn boundary(cell: &Cell) -> Value {
    let ((column, row), wide) = lot(cell);
    // Around from the north-western corner, westward bound along the north last: counter-clockwise, as GeoJSON likes it.
    let mut ring = vec![(column, row), (column, row + 1)];
    ring.extend((1..=wide).map(|step| (column + step, row + 1)));
    ring.extend((1..=wide).rev().map(|step| (column + step, row)));
    ring.push((column, row));
    let sides = ring.iter().zip(ring.iter().skip(1));
    let mut corners: Vec<[f64; 2]> = sides.flat_map(|(from, to)| [crossing(*from), between(*from, *to)]).collect();
    corners.extend(corners.first().copied());
    json!({ "type": "Polygon", "coordinates": [corners] })
}

/// A place in a cell: the place of its building of that number, 0 first.
pub(crate) fn slot(cell: &Cell, number: usize) -> Value {
    let ((column, row), _) = lot(cell);
    let (across, down) = (number % SLOT_COLUMNS, number / SLOT_COLUMNS);
    let (dx, dy) = crooked(column * 31 + number as i64, row * 17 + 5);
    // Within the middle of the cell, which no crooked line reaches.
    let x = column as f64 + 0.24 + 0.26 * across as f64 + dx * 0.03;
    let y = row as f64 + 0.24 + 0.17 * down.min(3) as f64 + dy * 0.02;
    let [lng, lat] = degrees(x, y);
    json!({ "lat": lat, "lng": lng })
}

/// A place in the streets between a cell's buildings, for what happens outdoors.
pub(crate) fn street(cell: &Cell, number: usize) -> Value {
    let ((column, row), _) = lot(cell);
    let (x, y) = (0.37 + 0.26 * (number % 2) as f64, 0.22 + 0.14 * (number / 2 % 5) as f64);
    let [lng, lat] = degrees(column as f64 + x, row as f64 + y);
    json!({ "lat": lat, "lng": lng, "accuracy_m": 12 })
}

fn crossing((column, row): Crossing) -> [f64; 2] {
    let (dx, dy) = crooked(column * 2, row * 2);
    degrees(column as f64 + dx * 0.10, row as f64 + dy * 0.10)
}

/// The bend in the middle of a side; from both ends the same.
fn between(from: Crossing, to: Crossing) -> [f64; 2] {
    let (dx, dy) = crooked(from.0 + to.0, from.1 + to.1);
    let (x, y) = ((from.0 + to.0) as f64 / 2.0, (from.1 + to.1) as f64 / 2.0);
    degrees(x + dx * 0.06, y + dy * 0.06)
}

/// Longitude and latitude of a point on the grid of cells, to a hand's breadth.
fn degrees(column: f64, row: f64) -> [f64; 2] {
    let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let east = column * SQUARE / COLUMNS as f64;
    let south = row * SQUARE / ROWS as f64;
    [rounded(MIDDLE.1 + east / metres_of_lng()), rounded(MIDDLE.0 - south / METRES)]
}

/// Two numbers between -1 and 1 that depend on two numbers and on nothing else.
fn crooked(x: i64, y: i64) -> (f64, f64) {
    let mut mixed = (x as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (y as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^= mixed >> 32;
    let part = |bits: u64| (bits & 0xFFFF) as f64 / 32_767.5 - 1.0;
    (part(mixed), part(mixed >> 16))
}
