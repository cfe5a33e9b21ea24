//! Places on the globe: WGS-84 degrees, and whether they can be meant as they are written.
//!
//! Everything stored is WGS-84. Chinese base maps are shifted (GCJ-02); whoever meets one converts at the edge
//! (`ui/src/shared/map/gcj02.ts`), so nothing here knows of it.

/// The box around China's territory, degrees: from Zengmu Ansha to the Heilong Jiang, from the Pamirs to the Wusuli.
const CHINA_LAT: std::ops::RangeInclusive<f64> = 3.8..=53.6;
/// See [`CHINA_LAT`].
const CHINA_LNG: std::ops::RangeInclusive<f64> = 73.4..=135.1;

/// Whether a pair lies on the globe at all.
pub fn on_globe(lat: f64, lng: f64) -> bool {
    lat.abs() <= 90.0 && lng.abs() <= 180.0
}

/// Whether a pair lies in the box around China.
pub fn in_china(lat: f64, lng: f64) -> bool {
    CHINA_LAT.contains(&lat) && CHINA_LNG.contains(&lng)
}

/// Whether latitude and longitude were written the wrong way round: as they stand they lie outside China, exchanged inside.
/// No pair is in China both ways, since no latitude of China is one of its longitudes.
pub fn swapped(lat: f64, lng: f64) -> bool {
    !in_china(lat, lng) && in_china(lng, lat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_the_wrong_way_round_is_told_from_a_place_abroad() {
        assert!(in_china(33.157, 107.333) && !swapped(33.157, 107.333));
        assert!(swapped(107.333, 33.157) && swapped(76.0, 39.5));
        for abroad in [(48.85, 2.35), (0.0, 0.0), (-33.0, 151.0), (91.0, 200.0)] {
            assert!(!in_china(abroad.0, abroad.1) && !swapped(abroad.0, abroad.1), "{abroad:?}");
        }
        assert!(!on_globe(91.0, 0.0) && !on_globe(0.0, 181.0) && on_globe(-90.0, 180.0));
    }
}
