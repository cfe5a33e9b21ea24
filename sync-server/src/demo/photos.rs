//! The demonstration's pictures: real photos, turned upright and freed of EXIF as those that come from the desk are.

use domain::protocol::CallRefusal;

pub use crate::photos::Developed as Sample;
use crate::photos::develop;

const ORIGINALS: [&[u8]; 5] = [
    include_bytes!("../../../tests/fixtures/photos/starfish-gps.jpg"),
    include_bytes!("../../../tests/fixtures/photos/flower.jpg"),
    include_bytes!("../../../tests/fixtures/photos/right-orientation-8.jpg"),
    include_bytes!("../../../tests/fixtures/photos/down-mirrored-orientation-4.jpg"),
    include_bytes!("../../../tests/fixtures/photos/starfish-orientation-6.jpg"),
];

/// The pictures that the demonstration's incidents show.
///
/// # Errors
/// As [`develop`]'s.
pub fn samples() -> Result<Vec<Sample>, CallRefusal> {
    ORIGINALS.into_iter().map(develop).collect()
}
