//! Programs that would never end or never fit end in a message.

use super::*;

/// Spawned threads have 2 MiB by default; a round must leave some of it to those who call it.
const SMALL_STACK: usize = 1_792 << 10;

fn on_a_small_stack(text: &'static str) -> String {
    let thread = std::thread::Builder::new().stack_size(SMALL_STACK).spawn(move || trap(text));
    thread.expect("thread starts").join().expect("no overflow, no panic")
}

#[test]
fn deep_recursion_fits_a_small_stack() {
    // Each way for a call to lead to the next one: directly, through operators, through natives
    // that take functions, through fields, through state.
    let programs = [
        "def f(n) { f(n + 1) } f(0)",
        "def f(n) { 1 + f(n + 1) } f(0)",
        "def f(n) { mux (n > 3) { 1 } else { f(n + 1) } } f(0)",
        "def f(n) { [n].map { f(n + 1) } } f(0)",
        "def f(n) { optionally(n).map { f(n + 1) } } f(0)",
        "def f(n) { foldHoodPlusSelf(nbr(n)) { a, b -> a } + f(n + 1) } f(0)",
        "def f(n) { rep (x <- f(n + 1)) { x } } f(0)",
        "def f(n) { share (x, nx <- 0) { f(n + 1) } } f(0)",
        "def f(n) { let g = { f(it + 1) }; g.apply(n) } f(0)",
        "def f(n) { alignedMap(nbr([[n, n]]), { k, v -> true }, { k, v -> f(k + 1) }, 0) } f(0)",
    ];
    for text in programs {
        let message = on_a_small_stack(text);
        assert!(message.contains("did you mean if instead of mux?"), "{text}\n{message}");
    }
}

#[test]
fn a_round_without_end_runs_out_of_fuel() {
    let text = "def f(n) { if (n == 0) { 0 } else { f(n - 1) + f(n - 1) } } f(60)";
    assert!(trap(text).contains("more than 20000000 steps"));
}

#[test]
fn a_text_that_doubles_every_round_is_stopped() {
    let program = program("rep (x <- \"ab\") { x + x }");
    let mut device = Lone::new(0);
    let stopped = (0..40).find_map(|_| device.round(&program, &[]).err());
    assert!(stopped.expect("2^40 bytes do not fit").to_string().contains("bytes of text"));
}

#[test]
fn a_tuple_that_doubles_every_round_is_stopped() {
    let program = program("rep (x <- [1]) { x.mergeAfter(x) }");
    let mut device = Lone::new(0);
    let stopped = (0..40).find_map(|_| device.round(&program, &[]).err());
    assert!(stopped.expect("2^40 elements do not fit").to_string().contains("holds more than"));
}

#[test]
fn a_tuple_that_wraps_itself_is_stopped() {
    let text = "[1, 2, 3].fold([]) { a, b -> [[[[[[[[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]]]]]]]] }";
    assert!(trap(text).contains("nested deeper than 64 levels"));
}

#[test]
fn the_longest_chain_and_the_deepest_nesting_run_on_a_small_stack() {
    let run = || {
        let chain = program(&format!("1{}", " + 1".repeat(999)));
        let sum = Lone::new(0).round(&chain, &[]).expect("it runs").value.to_string();
        // A long chain in deep brackets, as deep as both together may be.
        let chain = format!("1{}", " + 0".repeat(990));
        let nested = program(&format!("{}{chain}{}", "(".repeat(390), ")".repeat(390)));
        (sum, Lone::new(0).round(&nested, &[]).expect("it runs").value.to_string())
    };
    let thread = std::thread::Builder::new().stack_size(SMALL_STACK).spawn(run);
    let values = thread.expect("thread starts").join().expect("no overflow");
    assert_eq!(values, ("1000.0".to_owned(), "1.0".to_owned()));
}

#[test]
fn source_of_any_depth_is_read_or_refused_on_a_small_stack() {
    let nested = |open: &str, close: &str, n: usize| open.repeat(n) + "1" + &close.repeat(n);
    let texts = [
        nested("(", ")", 100_000),
        nested("[", "]", 100_000),
        nested("{", "}", 100_000),
        nested("if (true) { ", " } else { 1 }", 50_000),
        nested("rep (x <- ", ") { 1 }", 50_000),
        nested("1 + ", "", 100_000),
        nested("1 ^ (", ")", 100_000),
        nested("f(", ")", 100_000),
        "1".to_owned() + &".abs()".repeat(100_000),
        "f".to_owned() + &"(1)".repeat(100_000),
        "f".to_owned() + &"{ it }".repeat(100_000),
        // Chains inside chains, each within its own limit.
        (0..300).fold("1".to_owned(), |text, _| format!("({text}{})", "+1".repeat(990))),
        (0..300).fold("1".to_owned(), |text, _| format!("({text}{})", ".abs()".repeat(990))),
    ];
    for text in texts {
        let start: String = text.chars().take(20).collect();
        let read = move || load(&Source::new("deep.pt", text), &options()).is_err();
        let thread = std::thread::Builder::new().stack_size(SMALL_STACK).spawn(read);
        assert!(thread.expect("thread starts").join().expect("no overflow"), "{start}… loaded");
    }
}

#[test]
fn checks_follow_calls_no_deeper_than_a_small_stack_allows() {
    // Each function calls the next from inside of 190 operators: far deeper than any one text.
    let call = |i: usize| format!("{}f{}(x){}", "1 + (".repeat(190), i + 1, ")".repeat(190));
    let defs: String = (0..200).map(|i| format!("def f{i}(x) {{ {} }}\n", call(i))).collect();
    let text = format!("{defs}def f200(x) {{ nbr(x) }}\nminHood(f0(1))");
    let read = move || load(&Source::new("deep.pt", text), &options()).is_ok();
    let thread = std::thread::Builder::new().stack_size(SMALL_STACK).spawn(read);
    assert!(thread.expect("thread starts").join().expect("no overflow"));
}

#[test]
fn checks_of_calls_that_branch_out_end() {
    // Each function calls the next one with two kinds of arguments: 2^40 ways through them.
    let defs: String = (0..40)
        .map(|i| format!("def f{i}(a, b) {{ f{0}(a, b) + f{0}(nbr(b), a) }}\n", i + 1))
        .collect();
    let text = format!("{defs}def f40(a, b) {{ 1 }}\nminHood(f0(1, 2))");
    assert!(load(&Source::new("wide.pt", text), &options()).is_ok());
}

/// Each of these needs far more work or memory than its few steps tell: it is paid for by the size of
/// the values, so it ends about as soon as any program that runs out of steps.
#[test]
fn work_on_large_values_is_paid_for() {
    let large = "import org.protelis.lang.datatype.Tuples.fill
                 let t = fill(1, 1000000)
                 let many = fill(1, 100000)\n";
    for work in [
        "many.map { (t + it).get(0) }",
        "many.map { t == fill(1, 999999) }",
        "let u = fill(1, 1000000) many.map { t < u }",
        "let s = \"ab\".repeat(500000) many.map { s + it }",
        "many.map { [t, it].get(1) }",
        "env.put(\"t\", t) many.map { env.get(\"t\").get(0) }",
        "many.map { rep (x <- 0) { t } }",
        "many.map { sumHood PlusSelf(nbr(t)) }",
    ] {
        let message = trap(&format!("{large}{work}"));
        assert!(message.contains("the round took more than"), "{work}: {message}");
    }
}
