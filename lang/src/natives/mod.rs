//! Native functions by their public names, in one registry.
//!
//! A native is found by class and member, so that import lines written for the JVM resolve. It is
//! called exactly once [D8]; numbers are converted before the call; where the JVM would choose
//! among overloads, integers stay integers if all arguments are integers, else doubles are used
//! [D18].

mod builtins;
mod collections;
mod double;
mod folds;
mod format;
pub(crate) mod math;
pub(crate) mod methods;
mod option;
mod pattern;
#[cfg(test)]
mod tests;
mod text;
mod tuple;

use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Arity, Value};

/// Runs a native with arguments whose number was checked.
type Run = fn(&mut Round<'_>, &[Value]) -> Result<Value, Fault>;

/// A function of the host language, known by its class and name.
pub(crate) struct Native {
    pub(crate) class: &'static str,
    pub(crate) name: &'static str,
    pub(crate) arity: Arity,
    /// Bit `i`: argument `i` is a field as a whole; all other field arguments are lifted over.
    pub(crate) field_args: u8,
    run: Run,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.class, self.name)
    }
}

impl Native {
    const fn new(class: &'static str, name: &'static str, arity: Arity, run: Run) -> Self {
        Self { class, name, arity, field_args: 0, run }
    }

    const fn fields(mut self, field_args: u8) -> Self {
        self.field_args = field_args;
        self
    }

    /// Runs it: work on large values costs as many steps as they hold values.
    pub(crate) fn run(&self, round: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
        pay(round, args)?;
        (self.run)(round, args)
    }

    /// `java.lang.Math.max`: also the name under which such a function value travels.
    pub(crate) fn qualified(&self) -> String {
        format!("{}.{}", self.class, self.name)
    }
}

/// Takes the steps that it costs to walk over these values.
fn pay(round: &mut Round<'_>, values: &[Value]) -> Result<(), Fault> {
    /// No value weighs more.
    const MOST: usize = 1 << 20;
    let weight = values.iter().map(|value| value.weight(MOST)).sum();
    round.charge(weight)
}

/// What a member of a class is.
#[derive(Clone, Debug)]
pub(crate) enum Member {
    Function(&'static Native),
    Constant(Value),
}

pub(crate) const BUILTINS: &str = "org.protelis.Builtins";
pub(crate) const MATH: &str = "java.lang.Math";
pub(crate) const DOUBLE: &str = "java.lang.Double";
const STRING: &str = "java.lang.String";

/// Classes whose members are visible without an import, in this order.
pub(crate) const AUTOMATIC: [&str; 3] = [BUILTINS, MATH, DOUBLE];

/// Other names of a class.
const CLASS_ALIASES: &[(&str, &str)] =
    &[("java.lang.StrictMath", MATH), ("org.apache.commons.math3.util.FastMath", MATH)];

fn natives() -> impl Iterator<Item = &'static Native> {
    let tables = [
        builtins::NATIVES,
        folds::NATIVES,
        math::NATIVES,
        double::NATIVES,
        collections::NATIVES,
        tuple::NATIVES,
        option::NATIVES,
    ];
    tables.into_iter().flatten()
}

/// The class that a name stands for.
fn public_class(class: &str) -> &str {
    CLASS_ALIASES.iter().find(|(alias, _)| *alias == class).map_or(class, |(_, class)| class)
}

/// A member of a class.
pub(crate) fn member(class: &str, name: &str) -> Option<Member> {
    let class = public_class(class);
    let function = natives().find(|n| n.class == class && n.name == name).map(Member::Function);
    function.or_else(|| constant(class, name).map(Member::Constant))
}

/// A native by the name that function values carry.
pub(crate) fn by_qualified_name(name: &str) -> Option<&'static Native> {
    let (class, member) = name.rsplit_once('.')?;
    natives().find(|n| n.class == class && n.name == member)
}

/// Whether the registry has a class of this name.
pub(crate) fn has_class(class: &str) -> bool {
    CLASS_ALIASES.iter().any(|(alias, _)| *alias == class) || classes().any(|c| c == class)
}

/// All classes, perhaps repeated, for "did you mean".
pub(crate) fn classes() -> impl Iterator<Item = &'static str> {
    natives().map(|n| n.class).chain(CONSTANTS.iter().map(|(class, _, _)| *class))
}

/// The names of a class's members.
pub(crate) fn members(class: &str) -> Vec<&'static str> {
    let class = public_class(class);
    let functions = natives().filter(|n| n.class == class).map(|n| n.name);
    let constants = CONSTANTS.iter().filter(|(c, _, _)| *c == class).map(|(_, name, _)| *name);
    functions.chain(constants).collect()
}

const INTEGER: &str = "java.lang.Integer";

/// The value of a constant of a class.
#[derive(Clone, Copy, Debug)]
enum Constant {
    Number(f64),
    Int(i64),
    Version([i64; 3]),
    Null,
}

impl Constant {
    fn value(self) -> Value {
        match self {
            Self::Number(x) => Value::Number(x),
            Self::Int(i) => Value::Int(i),
            Self::Version(parts) => Value::tuple(parts.into_iter().map(Value::Int).collect()),
            Self::Null => Value::Null,
        }
    }
}

const CONSTANTS: &[(&str, &str, Constant)] = &[
    (BUILTINS, "MINIMUM_PARSER_VERSION", Constant::Version([11, 0, 0])),
    (BUILTINS, "MAXIMUM_PARSER_VERSION", Constant::Version([11, 1, 0])),
    (MATH, "PI", Constant::Number(std::f64::consts::PI)),
    (MATH, "E", Constant::Number(std::f64::consts::E)),
    (MATH, "TAU", Constant::Number(std::f64::consts::TAU)),
    (DOUBLE, "POSITIVE_INFINITY", Constant::Number(f64::INFINITY)),
    (DOUBLE, "NEGATIVE_INFINITY", Constant::Number(f64::NEG_INFINITY)),
    (DOUBLE, "NaN", Constant::Number(f64::NAN)),
    (DOUBLE, "MAX_VALUE", Constant::Number(f64::MAX)),
    (DOUBLE, "MIN_VALUE", Constant::Number(5e-324)),
    (DOUBLE, "MIN_NORMAL", Constant::Number(f64::MIN_POSITIVE)),
    (DOUBLE, "MAX_EXPONENT", Constant::Int(1023)),
    (DOUBLE, "MIN_EXPONENT", Constant::Int(-1022)),
    (DOUBLE, "PRECISION", Constant::Int(53)),
    (DOUBLE, "SIZE", Constant::Int(64)),
    (DOUBLE, "BYTES", Constant::Int(8)),
    (INTEGER, "MAX_VALUE", Constant::Int(i32::MAX as i64)),
    (INTEGER, "MIN_VALUE", Constant::Int(i32::MIN as i64)),
    (option::CLASS, "JAVA_NULL", Constant::Null),
];

fn constant(class: &str, name: &str) -> Option<Value> {
    let found = CONSTANTS.iter().find(|(c, n, _)| *c == class && *n == name);
    found.map(|(_, _, constant)| constant.value())
}

/// "m(types) does not exist in class": the wording programs and tests look for.
pub(crate) fn no_such_overload(class: &str, name: &str, args: &[Value]) -> Fault {
    let kinds: Vec<&str> = args.iter().map(Value::kind).collect();
    let mut message = format!("{name}({}) does not exist in {class}", kinds.join(", "));
    if !args.is_empty() {
        let values: Vec<String> = args.iter().map(ToString::to_string).collect();
        message.push_str(&format!("; it was called with {}", values.join(", ")));
    }
    let fault = Fault::new(DiagCode::NoSuchNative, message);
    if class == MATH { fault.help("it works on numbers, and on fields of numbers") } else { fault }
}
