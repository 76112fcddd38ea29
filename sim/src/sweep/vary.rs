//! What is varied: `link.loss=0,0.1,0.3`, `group.count=100..1000/10`, `link.delay=10ms..90ms/5`.

use super::error::SweepError;
use std::str::FromStr;
use toml::Value;

/// The most values of one key.
const MAX_VALUES: usize = 10_000;

/// A key of the scenario and the values that it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Vary {
    /// The path of the key, such as `link.radius`; `env.NAME` is an environment value of all
    /// devices.
    pub key: String,
    pub(crate) values: Values,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    List(Vec<Value>),
    Span(Span),
}

/// Everything between two bounds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    low: f64,
    high: f64,
    /// The unit that is written behind the numbers, as in `20ms`; often none.
    unit: String,
    /// Both bounds are whole: so is what lies between.
    whole: bool,
}

impl Vary {
    /// The value at a share of the way through all of them, from 0 to below 1.
    pub(crate) fn at(&self, share: f64) -> Value {
        match &self.values {
            Values::Span(span) => span.at(share),
            Values::List(list) => {
                let index = (share * list.len() as f64) as usize;
                list.get(index).or_else(|| list.last()).cloned().unwrap_or(Value::Integer(0))
            }
        }
    }

    /// All values, one after the other.
    pub(crate) fn list(&self) -> Result<&[Value], SweepError> {
        match &self.values {
            Values::List(list) => Ok(list),
            Values::Span(_) => Err(SweepError::Endless { key: self.key.clone() }),
        }
    }
}

impl Span {
    fn at(&self, share: f64) -> Value {
        let number = self.low + (self.high - self.low) * share;
        let number = if self.whole { number.round() } else { number };
        match (self.unit.is_empty(), self.whole) {
            (false, _) => Value::String(format!("{number}{}", self.unit)),
            (true, true) => Value::Integer(number as i64),
            (true, false) => Value::Float(number),
        }
    }

    fn parse(text: &str) -> Option<Result<Self, String>> {
        let (low, high) = text.split_once("..")?;
        let ((low, unit), (high, same)) = (quantity(low.trim())?, quantity(high.trim())?);
        if unit != same {
            return Some(Err(format!("its bounds have two units, `{unit}` and `{same}`")));
        }
        if high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater) {
            return Some(Err("its upper bound is not above the lower one".to_owned()));
        }
        let whole =
            low.fract() == 0.0 && high.fract() == 0.0 && !text.replace("..", "").contains('.');
        Some(Ok(Self { low, high, unit: unit.to_owned(), whole }))
    }

    /// So many values, evenly spread, both ends included.
    fn steps(&self, count: usize) -> Vec<Value> {
        (0..count).map(|step| self.at(step as f64 / (count - 1) as f64)).collect()
    }
}

/// A finite number and the unit behind it.
fn quantity(text: &str) -> Option<(f64, &str)> {
    let end = text.rfind(|c: char| c.is_ascii_digit()).map_or(0, |last| last + 1);
    let (number, unit) = text.split_at_checked(end)?;
    let number: f64 = number.parse().ok()?;
    number.is_finite().then_some((number, unit))
}

impl FromStr for Vary {
    type Err = SweepError;

    fn from_str(text: &str) -> Result<Self, SweepError> {
        let fail =
            |cause: String| SweepError::Vary { text: text.chars().take(200).collect(), cause };
        let (key, values) = text.split_once('=').ok_or_else(|| fail("it has no `=`".to_owned()))?;
        let key = key.trim();
        if key.is_empty() || key.split('.').any(str::is_empty) {
            return Err(fail("it names no key".to_owned()));
        }
        let values = values_of(values.trim()).map_err(fail)?;
        Ok(Self { key: key.to_owned(), values })
    }
}

fn values_of(text: &str) -> Result<Values, String> {
    let (range, steps) = match text.rsplit_once('/') {
        Some((range, steps)) if range.contains("..") => (range, Some(steps)),
        _ => (text, None),
    };
    match (Span::parse(range).transpose()?, steps) {
        (Some(span), None) => Ok(Values::Span(span)),
        (Some(span), Some(steps)) => match steps.trim().parse() {
            Ok(count @ 2..=MAX_VALUES) => Ok(Values::List(span.steps(count))),
            _ => Err(format!("`{steps}` is no number of values from 2 to {MAX_VALUES}")),
        },
        (None, _) => list_of(text).map(Values::List),
    }
}

fn list_of(text: &str) -> Result<Vec<Value>, String> {
    let items: Vec<&str> = split(text);
    match items.len() {
        _ if items.iter().any(|item| item.is_empty()) => Err("a value is empty".to_owned()),
        1..=MAX_VALUES => Ok(items.into_iter().map(value).collect()),
        _ => Err(format!("it has more than {MAX_VALUES} values")),
    }
}

/// At the commas that are in no brackets and no quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut start, mut items) = (0i32, false, 0, Vec::new());
    for (at, sign) in text.char_indices() {
        match sign {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if depth == 0 && !quoted => {
                items.push(text.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(text.get(start..).unwrap_or_default().trim());
    items
}

/// A value as in a scenario file; what is none is a text without its quotes.
pub(crate) fn value(text: &str) -> Value {
    let document = format!("value = {text}");
    let parsed = document.parse::<toml::Table>().ok().filter(|table| table.len() == 1);
    let value = parsed.and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        let vary: Vary = text.parse().unwrap_or_else(|error| panic!("{error}"));
        vary.list().unwrap_or_else(|error| panic!("{error}")).iter().map(Value::to_string).collect()
    }

    #[test]
    fn lists_and_ranges_are_read_as_they_are_written() {
        assert_eq!(list("link.loss=0, 0.1,0.3"), ["0", "0.1", "0.3"]);
        assert_eq!(list("group.count=100..1000/4"), ["100", "400", "700", "1000"]);
        assert_eq!(list("link.loss=0..0.5/3"), ["0.0", "0.25", "0.5"]);
        assert_eq!(list("link.delay=10ms..90ms/3"), ["\"10ms\"", "\"50ms\"", "\"90ms\""]);
        assert_eq!(list("env.mode=fast,\"a,b\",true"), ["\"fast\"", "\"a,b\"", "true"]);
        assert_eq!(list("area=[0, 0, 1, 1],[0, 0, 2, 2]").len(), 2);
        assert_eq!(list("link.radius=1e2..2e2/2"), ["100", "200"]);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let cases = [
            ("link.loss", "it has no `=`"),
            ("=3", "it names no key"),
            ("link..loss=3", "it names no key"),
            ("link.loss=1,,2", "a value is empty"),
            ("link.loss=0.5..0.1/3", "not above the lower one"),
            ("link.delay=1s..90ms/3", "two units, `s` and `ms`"),
            ("link.loss=0..1/1", "`1` is no number of values"),
            ("link.loss=NaN..1/4", "varies"),
        ];
        for (text, cause) in cases {
            match text.parse::<Vary>() {
                Err(error) => assert!(error.to_string().contains(cause), "{error}"),
                // What is no range of numbers is a text; the scenario refuses it.
                Ok(vary) => assert!(text.contains("NaN") && vary.list().is_ok(), "{text}"),
            }
        }
    }
}
