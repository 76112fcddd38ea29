//! A long, tidy table: one row for each device and recorded event.

use crate::SimError;
use crate::shown::Plain;
use crate::world::{Flow, Moment, Observer};
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes a table with the columns `event,t,id,x,y,value` (and `z` before `value` in space): all
/// devices, in the order of the scenario, after each recorded event. A device without a value
/// leaves the last column empty; values that are no number, text or truth value are compact JSON.
pub struct Csv<W> {
    out: W,
    started: bool,
}

impl<W: Write> Csv<W> {
    /// Writes to `out`, which should be buffered.
    pub fn new(out: W) -> Self {
        Self { out, started: false }
    }

    fn start(&mut self, moment: &Moment<'_>) -> io::Result<()> {
        if self.started {
            return Ok(());
        }
        self.started = true;
        let third = if moment.world.dimension() > 2 { ",z" } else { "" };
        writeln!(self.out, "event,t,id,x,y{third},value")
    }

    fn write(&mut self, moment: &Moment<'_>) -> io::Result<()> {
        self.start(moment)?;
        let (world, event, time) = (moment.world, moment.event, Plain(moment.at.seconds()));
        for device in 0..world.len() {
            let Some(id) = world.id(device).map(ToString::to_string) else { continue };
            write!(self.out, "{event},{time},{}", quoted(&id))?;
            for coordinate in world.position(device) {
                write!(self.out, ",{}", Plain(*coordinate))?;
            }
            let value = world.shown(device).to_string();
            writeln!(self.out, ",{}", quoted(&value))?;
        }
        Ok(())
    }
}

impl<W: Write> Observer for Csv<W> {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        if moment.recorded {
            self.write(moment).map_err(|source| SimError::Output { what: "table", source })?;
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        self.start(moment)
            .and_then(|()| self.out.flush())
            .map_err(|source| SimError::Output { what: "table", source })
    }
}

/// A field as RFC 4180 wants it: in quotes when it holds a comma, a quote or a line break.
pub(crate) fn quoted(field: &str) -> Cow<'_, str> {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")).into(),
        false => field.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn fields_are_quoted_when_they_must_be() {
        assert_eq!(quoted("plain text"), "plain text");
        assert_eq!(quoted(r#"[1,"a"]"#), r#""[1,""a""]""#);
    }
}
