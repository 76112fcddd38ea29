//! Every native and every method, called by programs as strangers would write them.

use super::*;
use crate::diag::DiagCode;
use crate::eval::Limits;
use crate::resolve::{LoadOptions, NoModules, load};
use crate::source::Source;
use crate::{Environment, Machine, Memory, Neighbor, NodeId, Setting};
use proptest::prelude::*;

/// What a program gives: the error at load, or what a device says that has one neighbour.
///
/// The machine holds compiled code to the reference evaluator.
fn run(text: &str) -> Result<Value, String> {
    let options = LoadOptions {
        modules: std::sync::Arc::new(NoModules),
        host_functions: std::sync::Arc::from([]),
        dialect: false,
    };
    let program = load(&Source::new("test.pt", text), &options).map_err(|e| e.to_string())?;
    let (own, other) = (NodeId::Int(0), NodeId::Int(1));
    let limits = Limits::default();
    let at = |id| Setting { id, now: 1.0, delta: 1.0, position: Some(&[0.0, 0.0]), limits };
    let memory = || Memory::new(Environment::new(), 7);
    let (mut machine, mut neighbor, mut device) = (Machine::verifying(), memory(), memory());
    // Whether the neighbour's round fails or not, the device hears what there is.
    let _ = machine.round(&program, &at(&other), &Vec::new(), &mut neighbor);
    let heard = vec![Neighbor { id: &other, exports: neighbor.exports(), lag: 1.0, delay: 1.0 }];
    let success = machine.round(&program, &at(&own), &heard, &mut device);
    success.map(|success| success.value).map_err(|trap| trap.to_string())
}

fn text(program: &str) -> String {
    run(program).map_or_else(|error| error, |value| value.to_string())
}

/// Members by class, as the reference of the language lists them.
const LISTED: [(&str, &str); 9] = [
    (
        BUILTINS,
        "all any none allButSelf anyButSelf noneButSelf foldMax foldMin foldSum foldMean foldUnion \
         foldHood foldHoodPlusSelf reduceHood reduceMax reduceMin reduceSum reduceUnion reduceMean \
         local fieldToMap optionally maybe min MINIMUM_PARSER_VERSION MAXIMUM_PARSER_VERSION",
    ),
    (
        MATH,
        "abs acos asin atan atan2 cbrt ceil clamp copySign cos cosh exp expm1 floor floorDiv \
         floorMod ceilDiv ceilMod fma getExponent hypot IEEEremainder log log10 log1p max min \
         nextAfter nextDown nextUp pow random rint round scalb signum sin sinh sqrt tan tanh \
         toDegrees toIntExact toRadians ulp addExact subtractExact multiplyExact divideExact \
         floorDivExact ceilDivExact incrementExact decrementExact negateExact absExact \
         multiplyFull multiplyHigh unsignedMultiplyHigh PI TAU",
    ),
    (
        DOUBLE,
        "POSITIVE_INFINITY NEGATIVE_INFINITY NaN MAX_VALUE MIN_VALUE MIN_NORMAL MAX_EXPONENT \
         MIN_EXPONENT PRECISION SIZE BYTES isNaN isInfinite isFinite compare sum parseDouble \
         valueOf toString toHexString max min doubleToLongBits doubleToRawLongBits \
         longBitsToDouble hashCode",
    ),
    ("org.apache.commons.math3.util.FastMath", "floor max pow min sin"),
    ("java.util.Collections", "emptyList sort"),
    ("com.google.common.collect.Lists", "newArrayList"),
    ("java.util.Arrays", "toString"),
    (STRING, "format"),
    (option::CLASS, "of ofNullable fromNullable empty absent fromGuava fromJavaUtil JAVA_NULL"),
];

#[test]
fn every_listed_member_is_found_by_its_import_its_class_and_its_qualified_name() {
    let tuples =
        ("org.protelis.lang.datatype.Tuples", "union intersection subtract fill pairOperation");
    let boolean = ("java.lang.Boolean", "logicalAnd logicalOr logicalXor");
    for (class, members) in LISTED.into_iter().chain([tuples, boolean]) {
        for member in members.split_whitespace() {
            let qualified = format!("{}::{member}", class.replace('.', "::"));
            // Null may be named where it is compared.
            let mut programs = vec![
                format!("import {class}.{member} {member} == 1"),
                format!("import {class}.* {member} == 1"),
                format!("{qualified} == 1"),
            ];
            if AUTOMATIC.contains(&class) {
                programs.push(format!("{member} == 1"));
            }
            for program in programs {
                let value = run(&program).unwrap_or_else(|error| panic!("{program}\n{error}"));
                assert!(matches!(value, Value::Bool(_)), "{program}: {value}");
            }
        }
    }
}

#[test]
fn unknown_classes_and_members_name_the_nearest_known_one() {
    for (program, near) in [
        ("import java.lang.Maths.max 1", "java.lang.Math"),
        ("import java.lang.Math.maxx 1", "`max`"),
        ("import java.lang.Maths.* 1", "java.lang.Math"),
        ("import org.protelis.Builtin.min 1", "org.protelis.Builtins"),
        ("java::lang::Math::sqr(4)", "`sqrt`"),
        ("foldMinn(nbr(1))", "`foldMin`"),
    ] {
        let error = run(program).expect_err(program);
        assert!(error.contains("did you mean") && error.contains(near), "{program}\n{error}");
    }
}

#[test]
fn what_would_be_too_large_is_refused_before_it_is_made() {
    let big = "let big = \"ab\".repeat(300000);";
    let fill = "org::protelis::lang::datatype::Tuples::fill";
    for (program, reason) in [
        (format!("{fill}(1, 1E9)"), "holds more than"),
        (format!("{fill}(1, 1E18).size()"), "holds more than"),
        ("\"a\".repeat(1E9)".to_owned(), "bytes of text"),
        (format!("{big} big.replace(\"a\", big)"), "bytes of text"),
        (format!("{big} big.replaceAll(\"a\", big)"), "bytes of text"),
        (format!("{big} {fill}(big, 1000000).toString()"), "holds more than"),
        (format!("{big} {fill}(big, 1000000) + \"x\""), "holds more than"),
        ("java::lang::String::format(\"%999999999d\", [1].size())".to_owned(), "width"),
        ("java::lang::String::format(\"%.999999999f\", 1)".to_owned(), "width"),
        (format!("{big} java::lang::String::format(\"%s%s\", big, big)"), "bytes of text"),
        (format!("{fill}(1, 1000000).map {{ {fill}(1, 1000000).append(it) }}"), "steps"),
        (format!("{fill}(1, 1000000).map {{ {fill}(1, 1000000).contains(it) }}"), "steps"),
        (format!("{big} {fill}(1, 1000000).map {{ big.concat(\"x\") }}"), "steps"),
        // A list that takes itself grows without end, and may not hold itself.
        (
            format!("let l = java::util::Arrays::asList(1); {}", "l.addAll(l);".repeat(40)),
            "holds more than",
        ),
        (
            format!("let l = java::util::Arrays::asList(1); {}", "l.add(l);".repeat(70)),
            "holds more than",
        ),
    ] {
        let error = run(&program).expect_err(&program);
        assert!(error.contains(reason), "{program}\n{error}");
    }
    assert_eq!(text("let l = java::util::Arrays::asList(1); l.add(l); l"), "[1.0, [1.0]]");
}

#[test]
fn sets_of_many_elements_take_no_square_of_the_time() {
    // Squares of these sizes would be ten thousand million comparisons.
    let program = "let t = org::protelis::lang::datatype::Tuples::fill(1, 100000).map {
            rep (x <- self.nextRandomDouble()) { x } };
        let u = t.map { it + 1 };
        [t.union(u).size(), t.intersection(t).size(), t.subtract(u).size(), t.containsAll(t)]";
    assert_eq!(text(program), "[200000, 100000, 100000, 'true']");
}

/// Values of all kinds, as programs write them.
const VALUES: [&str; 44] = [
    "0",
    "1",
    "-1",
    "2.5",
    "-0.0",
    "NaN",
    "POSITIVE_INFINITY",
    "NEGATIVE_INFINITY",
    "1E9",
    "1E18",
    "-1E18",
    "MIN_VALUE",
    "[1, 2].size()",
    "[7].indexof(8)",
    "java::lang::Integer::MIN_VALUE",
    "2.longValue()",
    "(-1E19).longValue()",
    "\"\"",
    "\"a\"",
    "\"aXbX\"",
    "\"1.5\"",
    "\"%5.1f%s\"",
    "\"[a-\"",
    "\"(.*)\"",
    "\"ä𝄞\"",
    "\"ab\".repeat(1000)",
    "true",
    "false",
    "[]",
    "[1, \"x\", [true]]",
    "[[1, 2], [3, 4]]",
    "org::protelis::lang::datatype::Tuples::fill(3, 1000)",
    "optionally(1)",
    "optionally(env.get(\"none\"))",
    "env.get(\"none\")",
    "env",
    "self",
    "self.getDeviceUID()",
    "fieldToMap(nbr(1))",
    "optionally(1).asSet()",
    "java::util::Arrays::asList(1, \"b\")",
    "nbr(2)",
    "nbr([1, \"y\"])",
    "{ a, b -> a }",
];

/// Functions, more often asked for than by chance.
const FUNCTIONS: [&str; 6] =
    ["{ it }", "{ true }", "{ a, b -> a + b }", "abs", "{ [it] }", "{ optionally(it) }"];

fn argument() -> impl Strategy<Value = &'static str> {
    prop_oneof![5 => proptest::sample::select(&VALUES[..]), 1 => proptest::sample::select(&FUNCTIONS[..])]
}

/// The name of a function, qualified, or of a method.
fn callee() -> impl Strategy<Value = String> {
    let functions: Vec<String> = natives().map(|n| n.qualified().replace('.', "::")).collect();
    let methods: Vec<String> = methods::names().map(|name| format!(".{name}")).collect();
    prop_oneof![proptest::sample::select(functions), proptest::sample::select(methods)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// A call with whatever arguments gives a value, or an error that says why; nothing else.
    #[test]
    fn any_call_gives_a_value_or_a_reason(
        callee in callee(),
        target in argument(),
        args in proptest::collection::vec(argument(), 0..=4),
    ) {
        let args = args.join(", ");
        let program = match callee.strip_prefix('.') {
            Some(method) => format!("let x = {target}; x.{method}({args}) == x"),
            None => format!("{callee}({args}) == 1"),
        };
        if let Err(error) = run(&program) {
            prop_assert!(error.starts_with("error[FR-"), "{program}\n{error}");
            // The code of a disagreement between compiled and walked rounds.
            prop_assert!(!error.contains(DiagCode::MachinesDiffer.as_str()), "{program}\n{error}");
            prop_assert!(error.len() < 20_000, "{program}\n{} bytes", error.len());
        }
    }
}
