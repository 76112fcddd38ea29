//! Expressions in scenarios: what a device reads, or whether something concerns it, by where it
//! is and by chance. They are programs of our own language that run one round.

use crate::neighbors::Point;
use crate::random::{Purpose, keyed_seed};
use fieldrun_device::{Environment, Machine, Memory, NodeId, Program, RoundLimits, Setting, Value};
use fieldrun_lang::Neighbor;
use fieldrun_stdlib::LoadError;
use std::ops::Range;
use std::sync::Arc;

/// The longest expression in bytes.
const MAX_BYTES: usize = 4096;
/// The names that an expression may use, besides the functions of the language.
const NAMES: &str =
    "x, y, z, id and index, and functions such as random() and between(least, most)";
/// What stands before the expression; it ends with a line break.
const PREFIX: &str = "def between(least, most) { least + (most - least) * random() } \
    let x = env.get(\"x\"); let y = env.get(\"y\"); let z = env.get(\"z\"); \
    let id = env.get(\"id\"); let index = env.get(\"index\");\n";

/// An expression over the place and name of a device, and random draws.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    program: Arc<Program>,
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The bytes of the text that it is about.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Expression {
    /// Reads an expression.
    pub(crate) fn parse(text: &str) -> Result<Self, Mistake> {
        let whole = |message: String, help: String| Mistake { span: 0..text.len(), message, help };
        if text.trim().is_empty() || text.len() > MAX_BYTES {
            let message = format!("an expression has 1 to {MAX_BYTES} bytes");
            return Err(whole(message, "Write one such as \"x < 10\".".to_owned()));
        }
        match fieldrun_stdlib::load_text("expression", &format!("{PREFIX}{text}"), &[]) {
            Ok(loaded) => Ok(Self { text: text.to_owned(), program: loaded.program }),
            Err(LoadError::Program(diagnostics)) => {
                let Some(first) = diagnostics.0.into_iter().next() else {
                    return Err(whole("not an expression".to_owned(), String::new()));
                };
                let own = |at: u32| (at as usize).saturating_sub(PREFIX.len()).min(text.len());
                let span = first.span.map_or(0..text.len(), |span| own(span.start)..own(span.end));
                // The language would suggest imports, for which an expression has no room.
                let help = match first.code {
                    fieldrun_lang::DiagCode::UndefinedName => format!("Names are {NAMES}."),
                    _ => first.help.unwrap_or_default(),
                };
                Err(Mistake { span, message: first.message, help })
            }
            Err(error) => Err(whole(error.to_string(), String::new())),
        }
    }

    /// The text of the expression.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

/// The device that an expression is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) id: &'a NodeId,
    /// Its number in the network, from 0.
    pub(crate) index: usize,
    pub(crate) point: Point,
}

/// Evaluates expressions for devices.
#[derive(Debug, Default)]
pub(crate) struct Evaluator {
    machine: Machine,
    seed: u64,
}

impl Evaluator {
    pub(crate) fn new(seed: u64) -> Self {
        Self { machine: Machine::new(), seed }
    }

    /// The value of an expression for a device. What it draws depends on the seed, the device and
    /// `name`, which tells apart the expressions of a scenario.
    ///
    /// # Errors
    /// What went wrong, as a text.
    pub(crate) fn value(
        &mut self,
        expression: &Expression,
        name: &str,
        subject: &Subject<'_>,
    ) -> Result<Value, String> {
        let Subject { id, index, point: [x, y, z] } = *subject;
        let name_of = match id {
            NodeId::Int(id) => Value::Number(*id as f64),
            NodeId::Text(id) => Value::Text(id.clone()),
        };
        let number = |name: &str, value| (Arc::from(name), Value::Number(value));
        let environment: Environment = [
            number("x", x),
            number("y", y),
            number("z", z),
            number("index", index as f64),
            (Arc::from("id"), name_of),
        ]
        .into();
        let random = keyed_seed(self.seed, index as u64, Purpose::Environment, name);
        let mut memory = Memory::new(environment, random);
        let limits = RoundLimits::default();
        let setting = Setting { id, now: 0.0, delta: 0.0, position: Some(&[x, y, z]), limits };
        let nobody: Vec<Neighbor<'_>> = Vec::new();
        let round = self.machine.round(&expression.program, &setting, &nobody, &mut memory);
        round.map(|success| success.value).map_err(|trap| trap.diagnostic().message.clone())
    }

    /// Whether an expression is true for a device.
    ///
    /// # Errors
    /// It failed, or gave something that is neither true nor false.
    pub(crate) fn holds(
        &mut self,
        expression: &Expression,
        name: &str,
        subject: &Subject<'_>,
    ) -> Result<bool, String> {
        match self.value(expression, name, subject)? {
            Value::Bool(truth) => Ok(truth),
            other => Err(format!("it gives {other}, which is neither true nor false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, subject: &Subject<'_>) -> Result<Value, String> {
        let expression = Expression::parse(text).unwrap_or_else(|mistake| panic!("{mistake:?}"));
        Evaluator::new(1).value(&expression, "test", subject)
    }

    const ID: NodeId = NodeId::Int(7);
    const SUBJECT: Subject<'_> = Subject { id: &ID, index: 3, point: [1.5, -2.0, 4.0] };

    #[test]
    fn names_mean_the_device() {
        assert_eq!(value("x + y + z", &SUBJECT), Ok(Value::Number(3.5)));
        assert_eq!(value("[id, index]", &SUBJECT), Ok(Value::tuple(vec![7.0.into(), 3.0.into()])));
        assert_eq!(value("x < 10 && y < 10", &SUBJECT), Ok(Value::Bool(true)));
        let gate = NodeId::text("gate");
        assert_eq!(value("id == 'gate'", &Subject { id: &gate, ..SUBJECT }), Ok(Value::Bool(true)));
    }

    #[test]
    fn draws_differ_by_device_and_name_and_lie_in_their_range() {
        let expression = Expression::parse("between(10, 20)").expect("an expression");
        let draw = |index, name| {
            let subject = Subject { index, ..SUBJECT };
            let value = Evaluator::new(1).value(&expression, name, &subject);
            value.expect("a value").as_number().expect("a number")
        };
        let drawn: Vec<f64> = (0..1000).map(|index| draw(index, "a")).collect();
        assert!(drawn.iter().all(|x| (10.0..20.0).contains(x)));
        let mean = drawn.iter().sum::<f64>() / 1000.0;
        // The deviation of the mean is 10 / sqrt(12 * 1000) = 0.09: four of them.
        assert!((mean - 15.0).abs() < 0.37, "mean {mean}");
        assert_eq!(draw(1, "a").to_bits(), draw(1, "a").to_bits());
        assert_ne!(draw(1, "a").to_bits(), draw(1, "b").to_bits());
    }

    #[test]
    fn mistakes_are_shown_where_they_stand() {
        let mistake = |text| Expression::parse(text).expect_err("a mistake");
        assert_eq!(mistake("x < 1) + 3").span, 5..6);
        let unknown = mistake("x < widht");
        assert_eq!((unknown.span, unknown.message.contains("widht")), (4..9, true));
        assert!(unknown.help.contains("x, y, z, id and index"), "{}", unknown.help);
        assert!(Expression::parse(" ").is_err());
        assert!(Expression::parse(&"1+".repeat(4000)).is_err());
    }

    #[test]
    fn what_fails_says_why() {
        let expression = Expression::parse("x.get(0)").expect("an expression");
        let mut evaluator = Evaluator::new(1);
        assert!(evaluator.value(&expression, "e", &SUBJECT).is_err());
        let number = Expression::parse("x").expect("an expression");
        let why = evaluator.holds(&number, "e", &SUBJECT).expect_err("a number");
        assert!(why.contains("neither true nor false"), "{why}");
    }
}
