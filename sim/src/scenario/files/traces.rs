//! Where devices were seen at what time.

use super::super::read::{Fault, fault};
use super::super::{Trace, units};
use super::Traces;
use super::table::Rows;
use fieldrun_device::{Micros, NodeId};
use std::collections::BTreeMap;

/// The most places of all traces of a file.
const MAX_PLACES: usize = 20_000_000;

/// A device, a time, a place.
pub(super) type Sighting = (NodeId, Micros, [f64; 3]);

/// From a table with the columns `id`, `t` (in seconds), `x`, `y` and, if they like, `z`.
pub(super) fn sightings(name: &str, text: &str) -> Result<Vec<Sighting>, Fault> {
    let mut rows = Rows::new(name, text)?;
    let (id, t) = (rows.column("id")?, rows.column("t")?);
    let (x, y, z) = (rows.column("x")?, rows.column("y")?, rows.find("z"));
    let mut seen = Vec::new();
    while let Some(row) = rows.next()? {
        let text = row.get(t);
        let time = match text.parse() {
            Ok(seconds) => units::from_seconds(seconds),
            Err(_) => units::duration(text),
        };
        let time = time.map_err(|why| {
            row.wrong(t, &why, "Write a time in seconds, not before 0, or such as 90s.")
        })?;
        let device = row
            .id(id)
            .ok_or_else(|| row.wrong(id, "nobody is named here", "Write the id of a device."))?;
        let height = z.map_or(Ok(0.0), |z| row.number(z))?;
        seen.push((device, time, [row.number(x)?, row.number(y)?, height]));
        if seen.len() > MAX_PLACES {
            let help = format!("There is room for {MAX_PLACES}.");
            return Err(row.wrong(0, "too many places", &help));
        }
    }
    Ok(seen)
}

/// Sorts sightings by device, in the order of their ids, and by time.
pub(super) fn by_device(
    name: &str,
    seen: Vec<Sighting>,
    gap: Micros,
    most: usize,
) -> Result<Traces, Fault> {
    let mut devices: BTreeMap<NodeId, Vec<(Micros, [f64; 3])>> = BTreeMap::new();
    for (id, time, place) in seen {
        devices.entry(id).or_default().push((time, place));
    }
    if devices.is_empty() || devices.len() > most {
        let message = format!("{name} has traces of {} devices", devices.len());
        return Err(fault(message, format!("There is room for 1 to {most}.")));
    }
    let trace = |(id, mut places): (NodeId, Vec<(Micros, [f64; 3])>)| {
        places.sort_by_key(|(time, _)| *time);
        let mut times = places.iter().zip(places.iter().skip(1));
        match times.find(|((a, _), (b, _))| a == b) {
            Some(((time, _), _)) => Err(fault(
                format!("{name} has two places of {id} at {} s", time.seconds()),
                "Remove one of them.",
            )),
            None => Ok((id, Trace { places, gap })),
        }
    };
    devices.into_iter().map(trace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_sorted_by_device_and_time() {
        let text = "id,t,x,y\nb,10,1,1\n7,5,2,2\nb,2.5,3,3\n7,0s,4,4\n";
        let traces = by_device("t.csv", sightings("t.csv", text).expect("a table"), Micros(1), 9);
        let traces = traces.expect("traces");
        let at = |micros, x: f64| (Micros(micros), [x, x, 0.0]);
        assert_eq!(traces[0].0, NodeId::Int(7));
        assert_eq!(traces[0].1.places, [at(0, 4.0), at(5_000_000, 2.0)]);
        assert_eq!(traces[1].1.places, [at(2_500_000, 3.0), at(10_000_000, 1.0)]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("id,t,x,y\n1,-3,0,0\n", "t.csv:2:3"),
            ("id,t,x,y\n1,noon,0,0\n", "t.csv:2:3"),
            ("id,t,x,y\n,0,0,0\n", "t.csv:2:1"),
            ("id,time,x,y\n1,0,0,0\n", "no column `t`"),
            ("id,t,x,y\n1,5,0,0\n1,5,1,1\n", "two places of 1 at 5 s"),
            ("id,t,x,y\n", "0 devices"),
            ("id,t,x,y\n1,0,0,0\n2,0,0,0\n3,0,0,0\n", "3 devices"),
        ];
        for (text, said) in cases {
            let traces = sightings("t.csv", text);
            let fault = traces.and_then(|seen| by_device("t.csv", seen, Micros(1), 2));
            let message = fault.expect_err(text).message;
            assert!(message.contains(said), "{text:?}: {message}");
        }
    }
}
