//! Blocks of the library and how they are put to the test.

use super::run::{EveryRound, Judge, Property, Series};
use super::site::{Metric, Site};
use super::wanted::Wanted;

/// Numbers that faults leave are no lower: see `faults`.
const LOWEST: f64 = -20.0;

/// What a block promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// From any state it comes to the right values.
    Heals,
    /// Right values from a fresh start; what a fault left may stay.
    Remembers,
}

/// How long a block may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// It looks at the neighbours, or at the clock: so many rounds.
    Rounds(f64),
    /// So many waves, one after the other, each of which counts up from what is false and
    /// crosses the network.
    Waves(f64),
    /// What is false rises by so much a round.
    Rises(f64),
}

impl Pace {
    /// Rounds after which everything must be right.
    pub(crate) fn rounds(self, site: &Site) -> f64 {
        let hops = site.diameter(Metric::Hops);
        let rise =
            |metric| (site.diameter(metric) - LOWEST) / site.shortest_link(metric).min(f64::MAX);
        match self {
            Self::Rounds(rounds) => rounds,
            Self::Waves(waves) => {
                let highest = rise(Metric::Range).max(rise(Metric::Hops));
                waves * (highest + 2.0 * hops + 5.0)
            }
            Self::Rises(step) => (site.diameter(Metric::Range) - LOWEST) / step + 4.0 * hops + 20.0,
        }
    }
}

/// What a block has to be joined with to promise anything after values became arbitrary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    Source,
    SourceAndDestination,
}

/// How the right values are known.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Oracle {
    /// Computed by plain algorithms.
    Values(fn(&Site) -> Vec<Wanted>),
    /// Computed for each round, where values never rest.
    Series(Series),
    /// Computed for each round from those before, right from the first one on.
    EveryRound(EveryRound),
    /// A property that plain algorithms check.
    Property(Property),
}

/// A block of the library, applied as a program does.
#[derive(Clone, Debug)]
pub struct Block {
    /// The module with the function: `protelis:coord:spreading.distanceTo`.
    pub name: &'static str,
    /// What it promises.
    pub promise: Promise,
    /// The expression that applies it.
    pub call: &'static str,
    pub(crate) pace: Pace,
    pub(crate) needs: Needs,
    pub(crate) oracle: Oracle,
}

/// What programs in the table may call besides the block itself.
const IMPORTS: [&str; 9] = [
    "protelis:coord:accumulation",
    "protelis:coord:meta",
    "protelis:coord:nonselfstabilizing:accumulation",
    "protelis:coord:sharedtimer",
    "protelis:coord:sparsechoice",
    "protelis:coord:spreading",
    "protelis:coord:tree",
    "protelis:lang:utils",
    "protelis:state:time",
];

/// What calls may speak of: what devices read, signals that change with time, and who is named by
/// whom in a graph. Later ones may use earlier ones.
const GIVEN: [(&str, &str); 13] = [
    ("source", "env.get(\"source\")"),
    ("destination", "env.get(\"destination\")"),
    ("obstacle", "env.get(\"obstacle\")"),
    ("value", "env.get(\"value\")"),
    ("strength", "env.get(\"strength\")"),
    ("now", "floor(self.getCurrentTime())"),
    ("id", "getUID()"),
    ("pulse", "(self.getCurrentTime() + value) % 8 < 3"),
    ("level", "floor((self.getCurrentTime() + value) / 5) % 3"),
    ("late", "self.getCurrentTime() > 2 * value"),
    ("above", "unionHood(mux (nbr(strength) > strength) { nbr(id) } else { [] })"),
    ("below", "unionHood(mux (nbr(strength) < strength) { nbr(id) } else { [] })"),
    ("needs", "unionHood(mux ((2 * nbr(value) + value) % 5 < 3) { nbr(id) } else { [] })"),
];

fn speaks_of(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)
}

impl Block {
    /// The module that the block is in.
    pub fn module(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(module, _)| module)
    }

    /// Its name within the module.
    pub fn function(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(_, function)| function)
    }

    /// The name of its card: that of the function, if no other module has one of that name.
    pub fn page(&self) -> String {
        let namesakes = super::blocks().filter(|other| other.function() == self.function());
        match (namesakes.count(), self.module().rsplit_once(':')) {
            (2.., Some((_, module))) => format!("{module}.{}", self.function()),
            _ => self.function().to_owned(),
        }
    }

    /// The program with which it is put to the test.
    pub fn program(&self) -> String {
        let mut text = String::new();
        let own = (!IMPORTS.contains(&self.module())).then_some(self.module());
        for module in IMPORTS.into_iter().chain(own) {
            text += &format!("import {module}\n");
        }
        text + &self.application() + "\n"
    }

    /// The call, with what it speaks of.
    pub fn application(&self) -> String {
        let mut text = self.call.to_owned();
        for (name, is) in GIVEN.iter().rev() {
            if speaks_of(&text, name) {
                text = format!("let {name} = {is}\n{text}");
            }
        }
        text
    }

    /// Whether its oracle looks at rounds: it then needs to know what devices read in each.
    pub(crate) fn judges_rounds(&self) -> bool {
        matches!(self.oracle, Oracle::Series(_) | Oracle::EveryRound(_))
    }

    pub(crate) fn judge(&self, site: &Site) -> Judge {
        let open = site.corrupted && self.promise == Promise::Heals;
        let mut promised = self.needs.promised(site);
        promised.iter_mut().for_each(|promised| *promised |= !open);
        match self.oracle {
            Oracle::Property(property) => Judge::Property(property),
            Oracle::EveryRound(every) => Judge::EveryRound(every),
            Oracle::Series(series) => Judge::Series(series, promised),
            Oracle::Values(values) => {
                let wanted = values(site).into_iter().zip(promised);
                let wanted = wanted.map(|(wanted, promised)| match promised {
                    true => wanted,
                    false => Wanted::Anything,
                });
                Judge::Values(wanted.collect())
            }
        }
    }
}

impl Needs {
    /// The devices whose false values something mends.
    pub(crate) fn promised(self, site: &Site) -> Vec<bool> {
        let source = site.joined(&site.sources());
        let destination = site.joined(&site.map(|spot| spot.destination));
        let both = source.iter().zip(&destination).map(|(source, destination)| match self {
            Self::Nothing => true,
            Self::Source => *source,
            Self::SourceAndDestination => *source && *destination,
        });
        both.collect()
    }
}
