//! Which pictures somebody wants.

use crate::picture::Format;
use crate::scenario::parse_time;
use fieldrun_device::Micros;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The moments that a picture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The end of the run.
    End,
    /// These times.
    At(Vec<Micros>),
    /// From the first event on, so far apart.
    Every(Micros),
}

/// Reads `end`, `t=60`, `t=500ms`, `t=1,2,10` and `every=2s`; numbers alone are seconds.
impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = |text: &str| {
            let seconds = text.trim().parse::<f64>().is_ok();
            parse_time(&format!("{}{}", text.trim(), if seconds { "s" } else { "" }))
        };
        match text.split_once('=') {
            None if text == "end" => Ok(Self::End),
            Some(("t", times)) => {
                times.split(',').map(time).collect::<Result<_, _>>().map(Self::At)
            }
            Some(("every", gap)) => match time(gap)? {
                Micros(0) => Err("the gap between two moments must be longer than 0".to_owned()),
                gap => Ok(Self::Every(gap)),
            },
            _ => Err("write t=60, several times such as t=1,2,10, every=2s, or end".to_owned()),
        }
    }
}

/// A picture that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its moments.
    pub when: When,
    /// Where it goes. The name says what it is: one moment in `.svg` or `.png` is a map, several
    /// are a film strip; `.gif` is an animation.
    pub file: PathBuf,
}

/// What kind of picture it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Map,
    Strip,
    Film,
}

impl Wanted {
    /// A picture of moments, as [`When`] reads them, in a file.
    ///
    /// # Errors
    /// What is wrong with the moments or the name of the file, and how to write it.
    pub fn new(when: &str, file: &Path) -> Result<Self, String> {
        if Format::of(file).is_none() {
            let name = file.display();
            return Err(format!("{name} is no picture; let its name end in .svg, .png or .gif"));
        }
        Ok(Self { when: when.parse()?, file: file.to_owned() })
    }

    pub(super) fn form(&self) -> Form {
        match (Format::of(&self.file), &self.when) {
            (Some(Format::Gif), _) => Form::Film,
            (_, When::End) => Form::Map,
            (_, When::At(times)) if times.len() < 2 => Form::Map,
            _ => Form::Strip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let at = |millis: &[u64]| When::At(millis.iter().map(|ms| Micros(ms * 1000)).collect());
        assert_eq!("end".parse(), Ok(When::End));
        assert_eq!("t=60".parse(), Ok(at(&[60_000])));
        assert_eq!("t=1, 2.5,1m".parse(), Ok(at(&[1000, 2500, 60_000])));
        assert_eq!("every=500ms".parse(), Ok(When::Every(Micros(500_000))));
        for wrong in ["", "60", "t=", "t=x", "t=-1", "every=0", "until=3"] {
            assert!(wrong.parse::<When>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_name_says_the_form() {
        let form = |when, file: &str| Wanted::new(when, file.as_ref()).map(|wanted| wanted.form());
        assert_eq!(form("end", "a.PNG"), Ok(Form::Map));
        assert_eq!(form("t=1", "a.svg"), Ok(Form::Map));
        assert_eq!(form("t=1,2", "a.svg"), Ok(Form::Strip));
        assert_eq!(form("every=1", "a.png"), Ok(Form::Strip));
        assert_eq!(form("t=1", "a.gif"), Ok(Form::Film));
        assert!(form("end", "a.jpg").is_err_and(|why| why.contains(".png")));
    }
}
