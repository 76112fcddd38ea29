//! One line of JSON for each recorded event.

use crate::SimError;
use crate::world::{Flow, Moment, Observer};
use fieldrun_device::json;
use std::io::{self, Write};

/// Writes `{"event":k,"t":T,"values":{"id":V}}` for each recorded event: the number of the event,
/// the simulated time in seconds, and the values of all devices that have one after it, in the
/// order of the scenario.
pub struct JsonLines<W> {
    out: W,
    line: String,
}

impl<W: Write> JsonLines<W> {
    /// Writes to `out`, which should be buffered.
    pub fn new(out: W) -> Self {
        Self { out, line: String::new() }
    }

    fn write(&mut self, moment: &Moment<'_>) -> io::Result<()> {
        let Self { out, line } = self;
        line.clear();
        let world = moment.world;
        for device in 0..world.len() {
            let (Some(id), Some(value)) = (world.id(device), world.value(device)) else {
                continue;
            };
            if !line.is_empty() {
                line.push(',');
            }
            // Through the JSON writer, so that every text id is escaped.
            line.push_str(&serde_json::Value::from(id.to_string()).to_string());
            line.push(':');
            line.push_str(&json::to_json(value, id).to_string());
        }
        let time = serde_json::Value::from(moment.at.seconds());
        writeln!(out, r#"{{"event":{},"t":{time},"values":{{{line}}}}}"#, moment.event)
    }
}

impl<W: Write> Observer for JsonLines<W> {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        if moment.recorded {
            self.write(moment).map_err(|source| SimError::Output { what: "events", source })?;
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, _: &Moment<'_>) -> Result<(), SimError> {
        self.out.flush().map_err(|source| SimError::Output { what: "events", source })
    }
}
