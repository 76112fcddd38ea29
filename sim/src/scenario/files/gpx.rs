//! Tracks of GPX files: what receivers of satellite positions write.

use super::super::read::{Fault, fault};
use super::super::units;
use super::at;
use super::traces::Sighting;
use fieldrun_device::NodeId;
use roxmltree::{Document, Node, ParsingOptions};
use std::path::Path;
use toml::value::{Datetime, Offset};

/// The most elements and attributes of a file.
const MAX_NODES: u32 = 50_000_000;
/// The mean radius of the earth in metres.
const EARTH: f64 = 6_371_008.8;
/// What a wrong point lacks.
const HELP: &str =
    "Write <trkpt lat=\"44.5\" lon=\"11.3\"><time>2024-05-01T10:00:00Z</time></trkpt>.";

/// A point as it was recorded.
struct Fix {
    id: NodeId,
    /// Seconds since 1970.
    time: f64,
    latitude: f64,
    longitude: f64,
    height: f64,
}

/// The points of all tracks, one device each, in metres east and north of the least longitude and
/// latitude and in seconds since the first point.
pub(super) fn sightings(name: &str, text: &str) -> Result<Vec<Sighting>, Fault> {
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        let place = error.pos();
        at(name, u64::from(place.row), place.col as usize, &error.to_string(), "Is this GPX?")
    })?;
    let mut fixes = Vec::new();
    let is = |tag: &'static str| move |node: &Node<'_, '_>| node.tag_name().name() == tag;
    for (number, track) in document.descendants().filter(is("trk")).enumerate() {
        let title = track.children().find(is("name")).and_then(|node| node.text());
        let title = title.map(str::trim).filter(|title| !title.is_empty());
        let stem = || Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let id = match (title, number) {
            (Some(title), _) => NodeId::text(title),
            (None, 0) => NodeId::text(&stem().unwrap_or_default()),
            (None, number) => {
                NodeId::text(&format!("{} {}", stem().unwrap_or_default(), number + 1))
            }
        };
        for point in track.descendants().filter(is("trkpt")) {
            fixes.push(fix(&id, point).map_err(|message| {
                let place = document.text_pos_at(point.range().start);
                at(name, u64::from(place.row), place.col as usize, message, HELP)
            })?);
        }
    }
    if fixes.is_empty() {
        return Err(fault(format!("{name} has no track points"), HELP));
    }
    in_metres(&fixes)
}

fn fix(id: &NodeId, point: Node<'_, '_>) -> Result<Fix, &'static str> {
    let child = |tag| {
        let node = point.children().find(|node| node.tag_name().name() == tag)?;
        node.text().map(str::trim)
    };
    let angle = |key, most: f64| {
        let angle = point.attribute(key)?.trim().parse().ok()?;
        (-most..=most).contains(&angle).then_some(angle)
    };
    let height = child("ele").map_or(Ok(0.0), |text| {
        text.parse().ok().filter(|height: &f64| height.is_finite()).ok_or("`ele` is no number")
    });
    Ok(Fix {
        id: id.clone(),
        time: child("time").and_then(seconds).ok_or("a track point without a good time")?,
        latitude: angle("lat", 90.0).ok_or("`lat` is no number from -90 to 90")?,
        longitude: angle("lon", 180.0).ok_or("`lon` is no number from -180 to 180")?,
        height: height?,
    })
}

/// Seconds since 1970 of a time such as `2024-05-01T10:00:00Z`.
fn seconds(text: &str) -> Option<f64> {
    let Datetime { date: Some(date), time: Some(time), offset } = text.parse().ok()? else {
        return None;
    };
    // Days by the civil calendar, whose years start in March (Howard Hinnant).
    let (year, month) = (i64::from(date.year), i64::from(date.month));
    let year = if month > 2 { year } else { year - 1 };
    let day = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(date.day) - 1;
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day;
    let east = match offset {
        Some(Offset::Custom { minutes }) => i64::from(minutes),
        _ => 0,
    };
    let minutes = (days - 719_468) * 1440 + i64::from(time.hour) * 60 + i64::from(time.minute);
    let seconds = f64::from(time.second.unwrap_or(0));
    let parts = f64::from(time.nanosecond.unwrap_or(0)) / 1e9;
    Some((minutes - east) as f64 * 60.0 + seconds + parts)
}

fn in_metres(fixes: &[Fix]) -> Result<Vec<Sighting>, Fault> {
    let least = |value: fn(&Fix) -> f64| fixes.iter().map(value).fold(f64::INFINITY, f64::min);
    let (south, west) = (least(|fix| fix.latitude), least(|fix| fix.longitude));
    let start = least(|fix| fix.time);
    let north = fixes.iter().map(|fix| fix.latitude).fold(f64::NEG_INFINITY, f64::max);
    // Flat by the parallel in the middle: at 50 km the error is below 0.01 %.
    let shrink = libm::cos(((south + north) / 2.0).to_radians());
    let one = |fix: &Fix| {
        let time = units::from_seconds(fix.time - start).map_err(|why| fault(why, HELP))?;
        let x = (fix.longitude - west).to_radians() * shrink * EARTH;
        let y = (fix.latitude - south).to_radians() * EARTH;
        Ok((fix.id.clone(), time, [x, y, fix.height]))
    };
    fixes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldrun_device::Micros;

    const GPX: &str = r#"<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>Ada</name><trkseg>
<trkpt lat="44.0" lon="11.0"><ele>50</ele><time>2024-02-28T23:59:50Z</time></trkpt>
<trkpt lat="44.001" lon="11.001"><time>2024-02-29T01:00:10.5+01:00</time></trkpt>
</trkseg></trk></gpx>"#;

    #[test]
    fn tracks_become_metres_and_seconds() {
        let seen = sightings("walk.gpx", GPX).expect("a track");
        assert_eq!(seen[0], (NodeId::text("Ada"), Micros(0), [0.0, 0.0, 50.0]));
        let (_, time, [x, y, _]) = &seen[1];
        assert_eq!(*time, Micros(20_500_000));
        // A thousandth of a degree: 111.2 m, and cos 44° of that eastwards.
        assert!((y - 111.195).abs() < 0.01 && (x - 79.99).abs() < 0.05, "{x}, {y}");
        let nameless = GPX.replace("<name>Ada</name>", "");
        let seen = sightings("walk.gpx", &nameless).expect("a track");
        assert_eq!(seen[0].0, NodeId::text("walk"));
    }

    #[test]
    fn what_is_wrong_is_named_by_line() {
        let wrong = |from: &str, to: &str| {
            sightings("w.gpx", &GPX.replace(from, to)).expect_err(to).message
        };
        assert!(wrong("lat=\"44.001\"", "lat=\"94\"").starts_with("w.gpx:4:1"));
        assert!(wrong("2024-02-28T23:59:50Z", "yesterday").contains("without a good time"));
        assert!(wrong("</trkseg>", "").contains("w.gpx:5"));
        assert!(wrong("trkpt", "rtept").contains("no track points"));
    }
}
