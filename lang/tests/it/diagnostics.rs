//! What people see when a program is wrong: one case for each message, source first.

use super::*;
use fieldrun_lang::Value;

/// Everything said about a text at load, or else the trap of its first round.
fn said(text: &str) -> String {
    let message = match load(&Source::new("test.pt", text), &options()) {
        Err(errors) => errors.to_string(),
        Ok(program) if !program.findings.is_empty() => {
            program.findings.iter().map(|d| d.to_string()).collect::<Vec<_>>().join("\n\n")
        }
        Ok(program) => match Lone::new(0).round(&program, &[]) {
            Err(trap) => trap.to_string(),
            Ok(output) => format!("no complaint; the value is {}", output.value),
        },
    };
    format!("{text}\n-----\n{message}\n")
}

macro_rules! snapshots {
    ($($name:ident: $text:expr;)*) => {
        $(#[test] fn $name() { insta::assert_snapshot!(said($text)); })*
    };
}

snapshots! {
    several_errors_in_one_run: "let a = foo(1)\nlet b = (1 + \nlet c = \"open";
    glued_plus_self: "minHoodPlusSelf(nbr(1))";
    indexing: "let t = [1]\n(t[0] + 1)";
    property_access: "[1].size";
    double_negation: "--1";
    if_without_else_as_value: "1 + if (true) { 2 }";
    reserved_e: "e + 1";
    null_value: "let x = null\nx";
    use_before_let: "let a = b + 1\nlet b = 2\na + b";
    wrong_arity: "def f(a, b) { a + b }\nf(1)";
    wrong_native_arity: "log(1, 2)";
    wrong_native_kind: "log(\"x\")";
    unknown_class: "import java.lang.Mth.max\nmax(1, 2)";
    unknown_member: "import java.lang.Math.maxx\n1";
    unknown_module: "import protelis:coord:spredding\n1";
    wildcard_import: "import protelis:lang:*\n1";
    late_import: "def f() { 1 }\nimport java.lang.Math.max\nf()";
    it_outside: "it + 1";
    two_rep_variables: "rep (x <- 0, y <- 1) { x }";
    hood_of_expression: "hood([1].get(0), 0, nbr(1))";
    trailing_old_lambda: "def f(x) { x } f (a) -> { a }";
    condition_is_a_field: "if (nbr(true)) { 1 } else { 2 }";
    condition_is_a_number: "let n = 1\nif (n) { 1 } else { 2 }";
    branch_gives_a_field: "let f = nbr(1)\nif (true) { f } else { f }";
    rep_of_a_field: "let f = nbr(1)\nrep (x <- 0) { f }";
    nbr_of_a_field: "let f = nbr(1)\nnbr(f)";
    hood_of_a_number: "minHood(1)";
    tuple_index: "[1, 2].get(5)";
    unknown_method: "[1, 2].lenght()";
    unknown_self_method: "self.fly()";
    operator_on_wrong_kinds: "def half(x) { x / 2 }\nhalf(true)";
    null_in_an_operator: "env.get(\"missing\") + 1";
    no_position: "self.nbrRange()";
    not_a_function: "let f = 1\nf(2)";
    wrong_function_arity: "let f = { a, b -> a }\nf(1)";
    continued_line: "let x = 1\n-1";
    block_ends_with_let: "let f = { let y = 2 }\nf()";
    unused_lambda: "{ 1 }\n2";
    unclosed_block: "if (true) { 1 } else { 2";
    unknown_character: "1 § 2";
    bad_escape: "\"a\\q\"";
    word_var: "var x = 1\nx + y";
    word_return: "def f(x) { return x + 1 }\nf(2)";
    word_for: "for (i in 3) { i }\n1";
    word_function: "function f(x) { x }\n1";
    increment: "let x = 1\nx++";
    comparison_by_one_sign: "let x = 1\nif (x = 1) { 2 } else { 3 }";
    comma_at_the_end: "[1, 2,]";
    bracket_too_many: "max(1, 2))";
    operand_missing: "let b = { 1 + }\nb()";
    comment_with_hash: "# comment\n1";
    letters_beyond_ascii: "let größe = 3\n2";
    else_if: "if (true) { 1 } else if (false) { 2 } else { 3 }";
    tuple_taken_apart: "let [a, b] = [1, 2]\n3";
    let_with_parameters: "let f(x) = x + 1\n3";
    arrow_without_braces: "[1].map(x -> x + 1)";
    fat_arrow: "[1].map { x => x + 1 }";
    dotted_module: "module my.mod\n1";
    operator_in_words: "true and false";
    assignment_with_a_typing_error: "let count = 1\ncuont = 2\ncount";
    one_name_many_times: "oops + oops * oops";
    dialect_notice: "minHood(nbrRange + dt)";
}

/// What a device says in a round with neighbours 5 and 7, who share their ids: but 7 as a text.
fn said_among_neighbors(text: &str) -> String {
    let program = program(text);
    let round = |id: i64| {
        let mut device = Lone::new(id);
        device.environment.insert(Arc::from("who"), Value::Number(id as f64));
        device.round(&program, &[]).expect("with numbers it works").exports
    };
    let spoil = |(path, value): (u64, &Value)| {
        let seven = *value == Value::Number(7.0);
        (path, if seven { Value::text("seven") } else { value.clone() })
    };
    let cells = round(7).cells().into_iter().map(spoil).collect();
    let spoilt = Exports::from_cells(program.layout(), cells);
    let mut device = Lone::new(0);
    device.environment.insert(Arc::from("who"), Value::Number(0.0));
    let heard = [(NodeId::Int(5), round(5)), (NodeId::Int(7), spoilt)];
    match device.round(&program, &heard) {
        Ok(output) => format!("no trap but {}", output.value),
        Err(trap) => trap.to_string(),
    }
}

/// The neighbour whose value is to blame is named, in every construct that takes fields apart.
#[test]
fn an_error_names_the_neighbor_whose_value_caused_it() {
    let f = "let f = nbr(env.get(\"who\"))\n";
    let mut silent = Vec::new();
    for body in [
        "minHood(f * 2)",
        "minHood(abs(f))",
        "minHood(f.intValue())",
        "meanHood(f)",
        "meanHood PlusSelf(f)",
        "hood({ a, b -> a - b }, 0, f)",
        "hoodPlusSelf({ a, b -> a - b }, 0, f)",
        "foldHood(0, f, { a, b -> a })",
        "foldHood(0, f, { a, b -> a - b })",
        "foldHoodPlusSelf(f, { a, b -> a - b })",
        "reduceHood(f, { a, b -> a - b })",
        "foldSum(f)",
        "foldSum(0, f)",
        "reduceMin(f)",
        "foldMean(f)",
        "reduceMean(f)",
        "all(f > 0 || f.intValue() > 0)",
        "def half(x) { x / 2 } minHood(half(f))",
    ] {
        let text = match body.split_once("} ") {
            Some((def, rest)) if body.starts_with("def") => format!("{def}}}\n{f}{rest}"),
            _ => format!("{f}{body}"),
        };
        let message = said_among_neighbors(&text);
        if !message.contains("(with the value of neighbour 7)") {
            silent.push(format!("{text}\n{message}"));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n\n"));
}
