//! What a whole network amounts to at one moment, as numbers: `mean(result)`,
//! `share(result = danger)`, `q90(degree)`.

use crate::shown::Shown;
use crate::world::World;
use fieldrun_device::Value;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The longest text of a metric, in bytes.
const MAX_TEXT: usize = 200;
/// The names of statistics, for suggestions; `q05` stands for all quantiles.
const STATISTICS: [&str; 10] =
    ["count", "share", "missing", "sum", "mean", "sd", "min", "median", "max", "q90"];
const KEYS: [&str; 6] = ["result", "degree", "rounds", "x", "y", "z"];

/// One number about a network.
///
/// ```
/// use fieldrun_sim::Metric;
/// let metric: Metric = "share( result.0 >= 3 )".parse().unwrap();
/// assert_eq!(metric.to_string(), "share(result.0 >= 3)");
/// let wrong = "maen(result)".parse::<Metric>().unwrap_err();
/// assert!(wrong.to_string().contains("mean"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    statistic: Statistic,
    key: Key,
    condition: Option<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Statistic {
    Count,
    Share,
    Missing,
    Over(Spread),
}

/// What is computed from finite numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spread {
    Sum,
    Mean,
    Deviation,
    /// A quantile in percent; the least at 0, the median at 50, the greatest at 100.
    Quantile(u8),
}

/// What of a device: `result`, `result.0`, `degree`, `rounds`, `x`, `y` or `z`.
#[derive(Clone, Debug, PartialEq)]
pub struct Key(Source);

#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// The result of its program, or a part of it.
    Result(Vec<usize>),
    Degree,
    Rounds,
    Coordinate(usize),
}

#[derive(Clone, Debug, PartialEq)]
struct Condition {
    relation: Relation,
    to: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// Longer signs stand before their beginnings.
const RELATIONS: [(&str, Relation); 7] = [
    ("==", Relation::Equal),
    ("!=", Relation::Unequal),
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("<", Relation::Less),
    (">", Relation::Greater),
    ("=", Relation::Equal),
];

/// Why a text is no metric, or no key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{text}` is no metric: {cause}; write mean(result), q90(degree) or share(result = \"on\")"
)]
pub struct MetricError {
    text: String,
    cause: String,
}

impl Metric {
    /// What is recorded when nobody says what: the spread of results that are numbers or truths.
    pub fn usual() -> Vec<Self> {
        let of = |spread| Self {
            statistic: Statistic::Over(spread),
            key: Key(Source::Result(Vec::new())),
            condition: None,
        };
        [Spread::Mean, Spread::Quantile(0), Spread::Quantile(100)].map(of).into()
    }

    /// The number; not a number where there is nothing to compute it from.
    pub fn of(&self, world: &World) -> f64 {
        let shown = (0..world.len()).map(|device| self.key.of(world, device));
        let counted = |shown: &Shown| match &self.condition {
            Some(condition) => condition.holds(shown),
            None => *shown != Shown::Nothing,
        };
        match self.statistic {
            Statistic::Count => shown.filter(counted).count() as f64,
            Statistic::Share => shown.filter(counted).count() as f64 / world.len() as f64,
            Statistic::Missing => shown.filter(|shown| *shown == Shown::Nothing).count() as f64,
            Statistic::Over(spread) => {
                spread.of(shown.filter_map(|shown| finite(&shown)).collect())
            }
        }
    }
}

impl Spread {
    /// Of finite numbers, in the order of the network: the same bits each time.
    fn of(self, mut numbers: Vec<f64>) -> f64 {
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        match self {
            Self::Sum => sum,
            Self::Deviation => {
                let squares = numbers.iter().map(|number| (number - sum / count).powi(2));
                libm::sqrt(squares.sum::<f64>() / (count - 1.0))
            }
            Self::Quantile(percent) => {
                numbers.sort_unstable_by(f64::total_cmp);
                quantile(&numbers, f64::from(percent) / 100.0)
            }
            Self::Mean => sum / count,
        }
    }
}

/// The quantile of ascending numbers, between neighbours as far as it lies (type 7 of Hyndman and
/// Fan, the usual one).
pub(crate) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let place = share * (ascending.len().saturating_sub(1)) as f64;
    let at = |index: usize| ascending.get(index).copied();
    match (at(place as usize), at(place as usize + 1)) {
        (Some(below), Some(above)) => below + (above - below) * place.fract(),
        (Some(last), None) => last,
        (None, _) => f64::NAN,
    }
}

/// Truths count as 0 and 1.
fn finite(shown: &Shown) -> Option<f64> {
    match shown {
        Shown::Number(number) => Some(*number).filter(|number| number.is_finite()),
        Shown::Truth(truth) => Some(f64::from(u8::from(*truth))),
        Shown::Nothing | Shown::Text(_) => None,
    }
}

impl Key {
    /// Of one device.
    pub fn of(&self, world: &World, device: usize) -> Shown {
        let number = |number: Option<f64>| number.map_or(Shown::Nothing, Shown::Number);
        match &self.0 {
            Source::Degree => Shown::Number(world.neighbors(device).len() as f64),
            Source::Rounds => Shown::Number(world.rounds(device) as f64),
            Source::Coordinate(axis) => number(world.position(device).get(*axis).copied()),
            Source::Result(path) => {
                let part = world.value(device).and_then(|value| part(value, path));
                match (part, world.id(device)) {
                    (Some(part), Some(id)) => Shown::new(part, id),
                    _ => Shown::Nothing,
                }
            }
        }
    }
}

fn part<'a>(value: &'a Value, path: &[usize]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, index| match value {
        Value::Tuple(items) => items.get(*index),
        _ => None,
    })
}

impl Condition {
    /// Numbers compare as numbers, everything else by its text.
    fn holds(&self, shown: &Shown) -> bool {
        let order = match (shown, self.to.parse::<f64>()) {
            (Shown::Nothing, _) => return false,
            (Shown::Number(number), Ok(to)) => number.partial_cmp(&to),
            (shown, _) => Some(shown.to_string().as_str().cmp(&self.to)),
        };
        match self.relation {
            Relation::Equal => order.is_some_and(|order| order.is_eq()),
            Relation::Unequal => order.is_none_or(|order| order.is_ne()),
            Relation::Less => order.is_some_and(|order| order.is_lt()),
            Relation::AtMost => order.is_some_and(|order| order.is_le()),
            Relation::Greater => order.is_some_and(|order| order.is_gt()),
            Relation::AtLeast => order.is_some_and(|order| order.is_ge()),
        }
    }
}

impl FromStr for Metric {
    type Err = MetricError;

    fn from_str(text: &str) -> Result<Self, MetricError> {
        let fail =
            |cause: String| MetricError { text: text.chars().take(MAX_TEXT).collect(), cause };
        if text.len() > MAX_TEXT {
            return Err(fail(format!("it is longer than {MAX_TEXT} bytes")));
        }
        let inner = text.trim().strip_suffix(')').and_then(|text| text.split_once('('));
        let (name, inside) = inner.ok_or_else(|| fail("it has no (…)".to_owned()))?;
        let statistic = statistic(name.trim()).map_err(fail)?;
        let found = RELATIONS.iter().find_map(|(sign, relation)| {
            let (key, to) = inside.split_once(sign)?;
            Some((key, Condition { relation: *relation, to: unquoted(to.trim()).to_owned() }))
        });
        let (key, condition) = match found {
            Some((key, condition)) => (key, Some(condition)),
            None => (inside, None),
        };
        if condition.is_some() && !matches!(statistic, Statistic::Count | Statistic::Share) {
            return Err(fail("only count and share take a condition".to_owned()));
        }
        Ok(Self { statistic, key: Key(source(key.trim()).map_err(fail)?), condition })
    }
}

fn statistic(name: &str) -> Result<Statistic, String> {
    let quantile = || name.strip_prefix('q')?.parse().ok().filter(|percent| *percent <= 100);
    Ok(match name {
        "count" => Statistic::Count,
        "share" => Statistic::Share,
        "missing" => Statistic::Missing,
        "sum" => Statistic::Over(Spread::Sum),
        "mean" => Statistic::Over(Spread::Mean),
        "sd" => Statistic::Over(Spread::Deviation),
        "min" => Statistic::Over(Spread::Quantile(0)),
        "median" => Statistic::Over(Spread::Quantile(50)),
        "max" => Statistic::Over(Spread::Quantile(100)),
        _ => match quantile() {
            Some(percent) => Statistic::Over(Spread::Quantile(percent)),
            None => return Err(unknown("statistic", name, &STATISTICS)),
        },
    })
}

fn source(text: &str) -> Result<Source, String> {
    let mut parts = text.split('.');
    let index = |part: &str| {
        let number = part.parse().map_err(|_| format!("`{part}` is no number of an element"))?;
        Ok::<usize, String>(number)
    };
    let key = match parts.next().unwrap_or_default() {
        "result" => return Ok(Source::Result(parts.map(index).collect::<Result<_, _>>()?)),
        "degree" => Source::Degree,
        "rounds" => Source::Rounds,
        "x" => Source::Coordinate(0),
        "y" => Source::Coordinate(1),
        "z" => Source::Coordinate(2),
        name => return Err(unknown("value", name, &KEYS)),
    };
    match parts.next() {
        Some(_) => Err(format!("only `result` has elements, not `{text}`")),
        None => Ok(key),
    }
}

impl FromStr for Key {
    type Err = MetricError;

    fn from_str(text: &str) -> Result<Self, MetricError> {
        let text = text.trim();
        let fail = |cause| MetricError { text: text.chars().take(MAX_TEXT).collect(), cause };
        source(text).map(Self).map_err(fail)
    }
}

fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    match crate::scenario::nearest(name, known) {
        Some(nearest) => format!("there is no {what} `{name}`, the nearest is `{nearest}`"),
        None => format!("there is no {what} `{name}`; there are {}", known.join(", ")),
    }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.statistic {
            Statistic::Count => f.write_str("count")?,
            Statistic::Share => f.write_str("share")?,
            Statistic::Missing => f.write_str("missing")?,
            Statistic::Over(Spread::Sum) => f.write_str("sum")?,
            Statistic::Over(Spread::Mean) => f.write_str("mean")?,
            Statistic::Over(Spread::Deviation) => f.write_str("sd")?,
            Statistic::Over(Spread::Quantile(0)) => f.write_str("min")?,
            Statistic::Over(Spread::Quantile(50)) => f.write_str("median")?,
            Statistic::Over(Spread::Quantile(100)) => f.write_str("max")?,
            Statistic::Over(Spread::Quantile(percent)) => write!(f, "q{percent:02}")?,
        }
        f.write_str("(")?;
        write!(f, "{}", self.key)?;
        if let Some(Condition { relation, to }) = &self.condition {
            let signs = RELATIONS.iter().filter(|(_, known)| known == relation);
            write!(f, " {} {to}", signs.map(|(sign, _)| *sign).next_back().unwrap_or("="))?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Degree => f.write_str("degree"),
            Source::Rounds => f.write_str("rounds"),
            Source::Coordinate(axis) => f.write_str(["x", "y", "z"].get(*axis).unwrap_or(&"z")),
            Source::Result(path) => {
                f.write_str("result")?;
                path.iter().try_for_each(|index| write!(f, ".{index}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbors::Neighbors;
    use fieldrun_device::NodeId;

    /// Devices at x = 0, 10, 20, … that are linked to the next ones.
    fn world(values: Vec<Option<Value>>) -> World {
        let points: Vec<[f64; 3]> =
            (0..values.len()).map(|x| [x as f64 * 10.0, 0.0, 0.0]).collect();
        World {
            ids: (0..values.len() as i64).map(NodeId::Int).collect(),
            dimension: 2,
            radius: 10.0,
            neighbors: Neighbors::within(&points, 10.0).expect("few links"),
            rounds: vec![7; values.len()],
            values,
            points,
            obstacles: std::sync::Arc::default(),
        }
    }

    fn of(metric: &str, world: &World) -> f64 {
        metric.parse::<Metric>().unwrap_or_else(|error| panic!("{error}")).of(world)
    }

    #[test]
    fn statistics_are_those_of_the_textbook() {
        let numbers = [3.0, 1.0, f64::INFINITY, 2.0, 6.0];
        let world = world(numbers.iter().map(|n| Some(Value::Number(*n))).chain([None]).collect());
        // Of 1, 2, 3, 6: infinity is no part of a mean, but counts as a value.
        let expected = [
            ("count(result)", 5.0),
            ("missing(result)", 1.0),
            ("sum(result)", 12.0),
            ("mean(result)", 3.0),
            ("sd(result)", (14.0f64 / 3.0).sqrt()),
            ("min(result)", 1.0),
            ("median(result)", 2.5),
            ("q75(result)", 3.75),
            ("max(result)", 6.0),
            ("count(result >= 3)", 3.0),
            ("share(result < 3)", 2.0 / 6.0),
            ("count(result != 3)", 4.0),
            ("max(degree)", 2.0),
            ("min(degree)", 1.0),
            ("mean(x)", 25.0),
            ("min(rounds)", 7.0),
        ];
        for (metric, value) in expected {
            assert!((of(metric, &world) - value).abs() < 1e-12, "{metric}: {}", of(metric, &world));
        }
        assert!(of("mean(z)", &world).is_nan(), "there is no third coordinate");
    }

    #[test]
    fn texts_truths_and_elements_are_counted() {
        let pair =
            |text: &str, truth| Some(Value::tuple(vec![Value::text(text), Value::Bool(truth)]));
        let world = world(vec![pair("on", true), pair("off", true), pair("on", false)]);
        assert_eq!(of("count(result.0 = \"on\")", &world), 2.0);
        assert_eq!(of("count(result.0 == off)", &world), 1.0);
        assert_eq!(of("mean(result.1)", &world), 2.0 / 3.0);
        assert_eq!(of("missing(result.2)", &world), 3.0);
    }

    #[test]
    fn what_is_no_metric_is_told_with_the_nearest() {
        let cases = [
            ("mean", "it has no (…)"),
            ("averag(result)", "there is no statistic `averag`"),
            ("mean(reslut)", "the nearest is `result`"),
            ("mean(result > 3)", "only count and share take a condition"),
            ("mean(result.first)", "`first` is no number of an element"),
            ("mean(degree.0)", "only `result` has elements"),
            ("q101(result)", "there is no statistic `q101`"),
        ];
        for (text, cause) in cases {
            let error = text.parse::<Metric>().expect_err(text).to_string();
            assert!(error.contains(cause), "{error}");
        }
    }
}
