//! Reading of TOML tables: every key that is asked for is known, everything else is a mistake.

use super::files::Files;
use super::problem::{Problems, nearest};
use super::units;
use super::{Env, Expression, Given};
use fieldrun_device::Micros;
use fieldrun_device::host::Reading;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its place in the file.
pub(crate) type Item<'a> = &'a Spanned<DeValue<'a>>;

/// One table of a scenario file while it is read.
pub(crate) struct Section<'a> {
    /// As messages name it: `[link]`.
    name: &'static str,
    table: &'a DeTable<'a>,
    asked: Vec<&'static str>,
    /// Where it stands in the file.
    path: Vec<Step>,
}

/// A step from a table of the file to one in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The table of this key.
    Key(&'static str),
    /// This table of a list.
    Index(usize),
}

impl<'a> Section<'a> {
    pub(crate) fn new(name: &'static str, table: &'a DeTable<'a>) -> Self {
        Self { name, table, asked: Vec::new(), path: Vec::new() }
    }

    /// A table that the file leaves out.
    pub(crate) fn absent(key: &'static str, name: &'static str, nothing: &'a DeTable<'a>) -> Self {
        Self { name, table: nothing, asked: Vec::new(), path: vec![Step::Key(key)] }
    }

    /// A key that names a file, read by `convert`.
    pub(crate) fn file<T>(
        &mut self,
        key: &'static str,
        files: &Files,
        problems: &mut Problems,
        convert: impl FnOnce(&Files, &str) -> Result<T, Fault>,
    ) -> Option<T> {
        let mut path = None;
        let read = self.read(key, problems, |item| {
            let name = text(item)?;
            path = Some(files.path(&name));
            convert(files, &name)
        });
        if let Some(path) = path {
            problems.relocate(&self.path, key, path);
        }
        read
    }

    /// The value of a key, which is a known key from now on.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<Item<'a>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table.get(key)
    }

    /// A key read by `convert`; a value of the wrong kind is a mistake and counts as absent.
    pub(crate) fn read<T>(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
        convert: impl FnOnce(Item<'a>) -> Result<T, Fault>,
    ) -> Option<T> {
        let item = self.get(key)?;
        match convert(item) {
            Ok(value) => Some(value),
            Err(fault) => {
                let span = fault.span.unwrap_or_else(|| item.span());
                problems.add(span, format!("`{key}`: {}", fault.message), fault.help);
                None
            }
        }
    }

    /// A sub-table.
    pub(crate) fn section(
        &mut self,
        key: &'static str,
        name: &'static str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let path = [self.path.as_slice(), &[Step::Key(key)]].concat();
        self.read(key, problems, |item| table(item, name, path))
    }

    /// An array of tables: `[[node]]`.
    pub(crate) fn sections(
        &mut self,
        key: &'static str,
        name: &'static str,
        problems: &mut Problems,
    ) -> Vec<(Range<usize>, Self)> {
        let path = [self.path.as_slice(), &[Step::Key(key)]].concat();
        let read = |item: Item<'a>| match item.get_ref() {
            DeValue::Array(items) => {
                let one = |(index, item): (usize, Item<'a>)| {
                    let path = [path.as_slice(), &[Step::Index(index)]].concat();
                    Ok((item.span(), table(item, name, path)?))
                };
                items.iter().enumerate().map(one).collect()
            }
            _ => Err(fault("not a list of tables", format!("Write {name} above its keys."))),
        };
        self.read(key, problems, read).unwrap_or_default()
    }

    /// The place of a key that stands in the file.
    pub(crate) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.get_key_value(key).map(|(key, _)| key.span())
    }

    /// A key read by `convert`, or what holds without it, which is told to those who ask for the
    /// effective scenario.
    pub(crate) fn read_or<T>(
        &mut self,
        key: &'static str,
        default: T,
        shown: impl FnOnce(&T) -> toml::Value,
        problems: &mut Problems,
        convert: impl FnOnce(Item<'a>) -> Result<T, Fault>,
    ) -> T {
        if self.table.get(key).is_none() {
            problems.assume(&self.path, key, shown(&default));
        }
        self.read(key, problems, convert).unwrap_or(default)
    }

    /// Whether a key stands in the file.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Says what holds without a key.
    pub(crate) fn assume(
        &mut self,
        key: &'static str,
        value: impl Into<toml::Value>,
        problems: &mut Problems,
    ) {
        if !self.has(key) {
            problems.assume(&self.path, key, value.into());
        }
    }

    /// Reports `key` as one that has no meaning here, when it is present.
    pub(crate) fn refuse(&mut self, key: &'static str, reason: &str, problems: &mut Problems) {
        self.asked.push(key);
        if let Some(span) = self.key_span(key) {
            problems.add(span, format!("`{key}` has no meaning here: {reason}"), "Remove it.");
        }
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(self, problems: &mut Problems) {
        for (key, _) in self.table.iter() {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let help = match nearest(name, &self.asked) {
                Some(near) => format!("The nearest known key is `{near}`."),
                None => format!("Known keys: {}.", self.asked.join(", ")),
            };
            problems.add(key.span(), format!("{} has no key `{name}`", self.name), help);
        }
    }
}

/// Why a value cannot be read, and how it is written instead.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) message: String,
    help: String,
    /// A part of the value, when not all of it is wrong.
    span: Option<Range<usize>>,
}

impl Fault {
    /// The same, of a part of the value.
    pub(crate) fn at(self, span: Range<usize>) -> Self {
        Self { span: Some(span), ..self }
    }

    /// The same of an item of the value, unless a part of that is wrong.
    fn within(self, item: Item<'_>) -> Self {
        Self { span: self.span.or_else(|| Some(item.span())), ..self }
    }
}

/// A fault of the whole value.
pub(crate) fn fault(message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault { message: message.into(), help: help.into(), span: None }
}

fn table<'a>(item: Item<'a>, name: &'static str, path: Vec<Step>) -> Result<Section<'a>, Fault> {
    match item.get_ref() {
        DeValue::Table(table) => Ok(Section { path, ..Section::new(name, table) }),
        _ => Err(fault("not a table", format!("Write it as the table {name}."))),
    }
}

/// A text.
pub(crate) fn text(item: Item<'_>) -> Result<String, Fault> {
    match item.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        _ => Err(fault("not a text", "Put it in double quotes.")),
    }
}

/// A finite number.
pub(crate) fn number(item: Item<'_>) -> Result<f64, Fault> {
    match item.get_ref() {
        DeValue::Integer(_) | DeValue::Float(_) => any_number(item.get_ref())
            .filter(|number| number.is_finite())
            .ok_or_else(|| fault("not a finite number", "Write a number such as 1 or 0.5.")),
        _ => Err(fault("not a number", "Write a number such as 1 or 0.5.")),
    }
}

/// A length: a number, or a text with a unit, which is read as metres.
pub(crate) fn length(item: Item<'_>) -> Result<f64, Fault> {
    match item.get_ref() {
        DeValue::String(text) => units::length(text).ok_or_else(|| {
            let help = "Write a number, or a length such as \"30m\", \"1.5km\" or \"20cm\".";
            fault(format!("`{text}` is not a length"), help)
        }),
        _ => number(item),
    }
}

/// A length of at least `low`.
pub(crate) fn length_from(item: Item<'_>, low: f64) -> Result<f64, Fault> {
    match length(item)? {
        length if length >= low => Ok(length),
        length => {
            let help = format!("Write a length of at least {low}.");
            Err(fault(format!("{length} is out of range"), help))
        }
    }
}

/// A length of more than zero.
pub(crate) fn positive_length(item: Item<'_>) -> Result<f64, Fault> {
    match length_from(item, 0.0)? {
        0.0 => Err(fault("a length of zero", "Write a longer one.")),
        length => Ok(length),
    }
}

/// A speed: a number, or a text with a unit, which is read as metres per second.
pub(crate) fn speed(item: Item<'_>) -> Result<f64, Fault> {
    match item.get_ref() {
        DeValue::String(text) => {
            units::speed(text).filter(|speed| *speed >= 0.0).ok_or_else(|| {
                let help = "Write a number, or a speed such as \"1.5m/s\" or \"30km/h\".";
                fault(format!("`{text}` is not a speed"), help)
            })
        }
        _ => number_in(item, 0.0, f64::MAX),
    }
}

/// A finite number between two bounds, both allowed.
pub(crate) fn number_in(item: Item<'_>, low: f64, high: f64) -> Result<f64, Fault> {
    let value = number(item)?;
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    let wanted = match high {
        f64::MAX => format!("Write a number of at least {low}."),
        _ => format!("Write a number from {low} to {high}."),
    };
    Err(fault(format!("{value} is out of range"), wanted))
}

/// A whole number of at least `low`.
pub(crate) fn whole(item: Item<'_>, low: u64) -> Result<u64, Fault> {
    let value = match item.get_ref() {
        DeValue::Integer(digits) => u64::from_str_radix(digits.as_str(), digits.radix()).ok(),
        _ => None,
    };
    value
        .filter(|value| *value >= low)
        .ok_or_else(|| fault("not a whole number in range", format!("Write {low} or more.")))
}

/// A duration: a text with a unit, or a number of seconds.
pub(crate) fn duration(item: Item<'_>) -> Result<Micros, Fault> {
    let read = match item.get_ref() {
        DeValue::String(text) => units::duration(text),
        _ => number(item).map_err(|fault| fault.message).and_then(units::from_seconds),
    };
    read.map_err(|message| {
        fault(message, "Write a duration such as \"100ms\", \"1.5s\", \"30m\" or \"2h\".")
    })
}

/// A duration longer than zero.
pub(crate) fn positive_duration(item: Item<'_>) -> Result<Micros, Fault> {
    match duration(item)? {
        Micros(0) => Err(fault("a duration of zero", "Write a longer one, such as \"1s\".")),
        duration => Ok(duration),
    }
}

/// One value for both ends, or `[least, most]`.
pub(crate) fn span_of<'a, T: PartialOrd + Copy>(
    item: Item<'a>,
    convert: impl Fn(Item<'a>) -> Result<T, Fault>,
) -> Result<(T, T), Fault> {
    let DeValue::Array(items) = item.get_ref() else {
        return convert(item).map(|value| (value, value));
    };
    let [low, high] = items.as_ref() else {
        return Err(fault("not one value or two", "Write one value, or [least, most]."));
    };
    match (convert(low)?, convert(high)?) {
        (low, high) if low <= high => Ok((low, high)),
        _ => Err(fault("the first value is the larger one", "Write [least, most].")),
    }
}

/// Exactly `N` lengths.
pub(crate) fn lengths<const N: usize>(item: Item<'_>, help: &str) -> Result<[f64; N], Fault> {
    let wrong = || fault(format!("not a list of {N} numbers"), help);
    if !matches!(item.get_ref(), DeValue::Array(_)) {
        return Err(wrong());
    }
    list(item, length).and_then(|read| read.try_into().map_err(|_| wrong()))
}

/// Two or three coordinates.
pub(crate) fn place(item: Item<'_>) -> Result<Vec<f64>, Fault> {
    let coordinates = list(item, length)?;
    match coordinates.len() {
        2 | 3 => Ok(coordinates),
        _ => Err(fault("not two or three coordinates", "Write [x, y] or [x, y, z].")),
    }
}

/// An expression of the language.
pub(crate) fn expression(item: Item<'_>) -> Result<Expression, Fault> {
    let text = text(item)?;
    Expression::parse(&text).map_err(|mistake| {
        let fault = fault(mistake.message, mistake.help);
        // Without escapes the text stands in the file as it is, between quotes.
        let quotes = item.span().len().saturating_sub(text.len());
        if !matches!(quotes, 2 | 6) {
            return fault;
        }
        let start = item.span().start + quotes / 2;
        fault.at(start + mistake.span.start..start + mistake.span.end)
    })
}

/// A list whose items are all read by `convert`.
pub(crate) fn list<'a, T>(
    item: Item<'a>,
    convert: impl Fn(Item<'a>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    match item.get_ref() {
        DeValue::Array(items) => {
            let one = |item: Item<'a>| convert(item).map_err(|fault| fault.within(item));
            items.iter().map(one).collect()
        }
        _ => Err(fault("not a list", "Write it in square brackets.")),
    }
}

/// One of a few words.
pub(crate) fn word<T: Copy>(item: Item<'_>, words: &[(&'static str, T)]) -> Result<T, Fault> {
    let name = text(item)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == name) {
        return Ok(*value);
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let near = nearest(&name, &known)
        .map_or_else(String::new, |near| format!("The nearest known word is \"{near}\". "));
    Err(fault(
        format!("\"{name}\" is not known"),
        format!("{near}Known words: {}.", known.join(", ")),
    ))
}

/// A value that programs read: truth value, number, text, or a list of these.
pub(crate) fn reading(item: Item<'_>) -> Result<Reading, Fault> {
    match item.get_ref() {
        DeValue::Boolean(truth) => Ok(Reading::Bool(*truth)),
        DeValue::String(text) => Ok(Reading::text(text)),
        DeValue::Array(items) => {
            items.iter().map(reading).collect::<Result<_, _>>().map(Reading::List)
        }
        DeValue::Integer(_) | DeValue::Float(_) => any_number(item.get_ref())
            .map(Reading::Number)
            .ok_or_else(|| part(item, "not a number that fits 64 bits")),
        DeValue::Datetime(_) | DeValue::Table(_) => {
            Err(part(item, "programs cannot read dates and tables"))
        }
    }
}

/// The values of an `env` table, by ascending name.
pub(crate) fn env(item: Item<'_>) -> Result<Env, Fault> {
    let DeValue::Table(table) = item.get_ref() else {
        return Err(fault("not a table", "Write env = { name = value }."));
    };
    table.iter().map(|(key, value)| Ok((key.get_ref().to_string(), given(value)?))).collect()
}

/// A value, or `{ expr = "..." }`.
fn given(item: Item<'_>) -> Result<Given, Fault> {
    let DeValue::Table(table) = item.get_ref() else { return reading(item).map(Given::Value) };
    let mut entries = table.iter();
    match (entries.next(), entries.next()) {
        (Some((key, text)), None) if key.get_ref().as_ref() == "expr" => {
            let computed = expression(text).map(Given::Computed);
            computed.map_err(|fault| fault.within(text))
        }
        _ => {
            let help = "Write a value, or { expr = \"x < 10\" } to compute it.";
            Err(fault("programs cannot read tables", help).at(item.span()))
        }
    }
}

fn part(item: Item<'_>, message: &str) -> Fault {
    Fault {
        message: message.to_owned(),
        help: "Write a number, a text, true, false, or a list of these.".to_owned(),
        span: Some(item.span()),
    }
}

fn any_number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(digits) => {
            i64::from_str_radix(digits.as_str(), digits.radix()).ok().map(|whole| whole as f64)
        }
        DeValue::Float(text) => text.as_str().parse().ok(),
        _ => None,
    }
}
