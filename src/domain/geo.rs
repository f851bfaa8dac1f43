//! Places on the map, in whole micro-degrees, and straight lines between them.
use super::text::{self, Flaw};

/// A point (WGS 84), in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Point {
    /// Latitude, -90,000,000 to 90,000,000.
    pub latitude_e6: i32,
    /// Longitude, -180,000,000 to 180,000,000.
    pub longitude_e6: i32,
}

/// Mean radius of the earth in meters (IUGG).
const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// Meters of one degree of latitude.
const DEGREE_M: f64 = EARTH_RADIUS_M * std::f64::consts::PI / 180.0;

impl Point {
    /// A point from degrees; refused when outside the earth or not a number.
    pub fn from_degrees(latitude: f64, longitude: f64) -> Result<Self, Flaw> {
        Ok(Self { latitude_e6: e6("latitude", latitude, 90)?, longitude_e6: e6("longitude", longitude, 180)? })
    }

    /// Latitude in degrees.
    pub fn latitude(self) -> f64 {
        f64::from(self.latitude_e6) / 1e6
    }

    /// Longitude in degrees.
    pub fn longitude(self) -> f64 {
        f64::from(self.longitude_e6) / 1e6
    }

    /// The straight line over ground to another point (haversine), in whole meters.
    pub fn meters_to(self, other: Self) -> u32 {
        let (a, b) = (self.latitude().to_radians(), other.latitude().to_radians());
        let half_latitude = ((b - a) / 2.0).sin();
        let half_longitude = ((other.longitude() - self.longitude()).to_radians() / 2.0).sin();
        let h = half_latitude.powi(2) + a.cos() * b.cos() * half_longitude.powi(2);
        let meters = 2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to half the earth's girth")]
        let whole = meters.round() as u32;
        whole
    }

    /// The corners of the smallest box of degrees that holds every point within `meters`.
    pub fn box_within(self, meters: u32) -> ([f64; 2], [f64; 2]) {
        let tall = f64::from(meters) / DEGREE_M;
        let narrowest = (self.latitude().abs() + tall).min(89.9).to_radians().cos();
        let wide = (tall / narrowest).min(360.0);
        let (latitude, longitude) = (self.latitude(), self.longitude());
        ([longitude - wide, latitude - tall], [longitude + wide, latitude + tall])
    }
}

fn e6(field: &'static str, degrees: f64, most: i64) -> Result<i32, Flaw> {
    let scaled = (degrees * 1e6).round();
    let out = Flaw { field, kind: text::FlawKind::OutOfRange, min: -most, max: most };
    if !degrees.is_finite() || degrees.abs() > 180.0 || degrees.abs() > f64::from(i32::try_from(most).map_err(|_| out)?)
    {
        return Err(out);
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
    let whole = scaled as i32;
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn miami_to_key_west_is_206_km_in_a_straight_line() {
        let miami = Point::from_degrees(25.7743, -80.1937).unwrap();
        let key_west = Point::from_degrees(24.5551, -81.7800).unwrap();
        assert!((205_000..212_000).contains(&miami.meters_to(key_west)), "{}", miami.meters_to(key_west));
        assert_eq!(miami.meters_to(miami), 0);
    }

    #[test]
    fn a_box_holds_its_circle_and_nonsense_is_refused() {
        let here = Point::from_degrees(26.0, -80.0).unwrap();
        let (low, high) = here.box_within(10_000);
        assert!(low[1] < 25.9101 && high[1] > 26.08 && low[0] < -80.09 && high[0] > -79.91);
        for (lat, lon) in [(91.0, 0.0), (0.0, 181.0), (90.5, 0.0), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert!(Point::from_degrees(lat, lon).is_err());
        }
    }
}
