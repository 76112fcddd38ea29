//! Checks before the first round: what they find, and what they leave alone.

use super::*;
use fieldrun_lang::{DiagCode, Diagnostic};

fn findings(text: &str) -> Vec<Diagnostic> {
    load(&Source::new("test.pt", text), &options()).unwrap_or_else(|e| panic!("{e}")).findings
}

/// The codes that a program gets, each with its line and the text that it is about.
fn found(text: &str) -> Vec<String> {
    let about = |d: &Diagnostic| {
        let span = d.span.as_ref().expect("a place");
        format!("{} {}: {}", d.code, span.line(), span.text())
    };
    findings(text).iter().map(about).collect()
}

/// Every one of these programs gets exactly this finding.
fn loud(code: DiagCode, cases: &[(&str, &str)]) {
    for (text, about) in cases {
        let heard = found(text);
        let all: Vec<&String> = heard.iter().filter(|f| f.starts_with(code.as_str())).collect();
        assert!(all.len() == 1 && all[0].ends_with(&format!(": {about}")), "{text}\n{heard:?}");
    }
}

/// None of these programs gets any finding at all.
fn quiet(cases: &[&str]) {
    for text in cases {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn kinds_go_through_variables_calls_and_function_literals() {
    let condition = DiagCode::ConditionIsField;
    loud(
        condition,
        &[
            ("let f = nbr(self.getId())\nif (f == 1) { 1 } else { 2 }", "f == 1"),
            ("def near() { nbr(self.getId()) }\nif (near() == 1) { 1 } else { 2 }", "near() == 1"),
            ("def test(x) { if (x) { 1 } else { 2 } }\ntest(nbr(env.get(\"b\")))", "x"),
            ("let test = { if (it) { 1 } else { 2 } }\ntest(self.nbrRange() > 3)", "it"),
            ("let test = { x -> if (x) { 1 } else { 2 } }\ntest.apply(self.nbrLag() > 3)", "x"),
            ("share (x, nx <- 0) { if (nx > 1) { x } else { 2 } }", "nx > 1"),
            (
                "if (mux (true) { 1 } else { nbr(self.getId()) } == 1) { 1 } else { 2 }",
                "mux (true) { 1 } else { nbr(self.getId()) } == 1",
            ),
            ("if (self.nbrRange() > 1) { self.getId() }\n1", "self.nbrRange() > 1"),
        ],
    );
    loud(
        DiagCode::RepIsField,
        &[
            ("let f = self.nbrLag()\nrep (x <- 0) { let y = f; y + x }", "y + x"),
            ("rep (x <- self.nbrLag()) { 1 }", "self.nbrLag()"),
        ],
    );
    loud(
        DiagCode::NbrOfField,
        &[
            ("def spread(x) { nbr(x) }\nmaxHood(spread(self.nbrLag()))", "x"),
            ("share (x, nx <- 0) { minHood(nbr(nx)) }", "nx"),
        ],
    );
    loud(
        DiagCode::HoodOfLocal,
        &[
            ("let n = self.getDeltaTime()\nsumHood PlusSelf(n)", "n"),
            ("def twice(x) { 2 * x }\nhood({ a, b -> a }, 0, twice(4))", "twice(4)"),
            ("foldMin(1, self.getDeltaTime())", "self.getDeltaTime()"),
            ("foldHood(0, 1, { a, b -> a })", "1"),
        ],
    );
    loud(
        DiagCode::BranchIsField,
        &[("if (env.has(\"a\")) { let f = self.nbrLag(); f } else { 1 }", "f")],
    );
}

#[test]
fn what_may_be_a_field_or_not_is_left_alone() {
    quiet(&[
        // Both kinds reach these functions.
        "def test(x) { if (x) { 1 } else { 2 } }\ntest(true)",
        "def least(x) { minHood(x) }\nleast(self.nbrLag())",
        "def pass(x) { x }\nif (pass(true)) { minHood(pass(self.nbrLag())) } else { 2 }",
        "let x = 1\nlet f = { minHood(it) }\nx + f(self.nbrLag())",
        // Assigned later, so it is not known which.
        "let x = 1\nx = self.nbrLag()\nminHood(x)",
        // Hoods, natives and methods take fields apart.
        "if (anyHood(self.nbrLag() > 3)) { 1 } else { 2 }",
        "if (local(self.nbrLag()) > 3) { 1 } else { 2 }",
        "minHood([self.nbrLag(), 1].get(0))",
        "minHood([1, 2].map { self.nbrLag() + it }.get(0))",
        "minHood(optionally(1).map { self.nbrLag() }.orElse(self.nbrLag()))",
        "minHood(eval(\"self.nbrLag()\"))",
        "share (x <- nbr(self.getId())) { x }",
    ]);
}

#[test]
fn variables_without_a_reader() {
    let code = DiagCode::UnusedLet;
    loud(
        code,
        &[
            ("let a = 1\n2", "a"),
            ("let a = 1\nlet b = 2\nb = 3\na", "b"),
            ("def f(x) { let y = x + 1; x }\nf(1)", "y"),
            ("let f = nbr(self.getId())\n1", "f"),
            ("[1].map { let y = it; it }", "y"),
        ],
    );
    quiet(&[
        "let _ = 1\n2",
        "let _rest = nbr(self.getId())\n2",
        "let stopped = self.stopService(\"db\")\n2",
        "let old = env.put(\"a\", 1)\n2",
        "let r = self.nextRandomDouble()\n2",
        "def stop() { self.stopService(\"db\") }\nlet done = stop()\n2",
        "let a = 1\n[2].map { it + a }",
    ]);
}

#[test]
fn reducers_that_communicate() {
    let code = DiagCode::CommunicatingReducer;
    loud(
        code,
        &[
            ("hood({ a, b -> a + minHood(nbr(b)) }, 0, self.nbrLag())", "nbr(b)"),
            (
                "let f = self.nbrLag()\nhood({ a, b -> a + b + minHood(f) }, 0, self.nbrRange())",
                "f",
            ),
            (
                "def count() { rep (n <- 0) { n + 1 } }\nfoldHood(0, self.nbrLag(), { a, b -> a + count() })",
                "count()",
            ),
            (
                "let add = { a, b -> a + rep (n <- 0) { n + b } }\nfoldHoodPlusSelf(self.nbrLag(), add)",
                "add",
            ),
            ("def add(a, b) { a + rep (n <- 0) { n + b } }\nhood(add, 0, self.nbrLag())", "add"),
        ],
    );
    quiet(&[
        "let f = minHood(self.nbrLag())\nhood({ a, b -> a + b + f }, 0, self.nbrRange())",
        // Elements of a tuple have places of their own.
        "[1, 2].fold(0) { a, b -> a + rep (n <- 0) { n + b } }",
        "def nbrs(f) { hood({ f, g -> f + g }, 0, f) }\nnbrs(self.nbrLag())",
    ]);
}

#[test]
fn rep_around_nbr_and_constants() {
    loud(
        DiagCode::RepAroundNbr,
        &[
            ("rep (x <- 0) { let near = nbr(x + 1); minHood(near) }", "nbr(x + 1)"),
            (
                "rep (x <- 0) { [x].fold(0) { a, b -> a } + minHood(nbr(x)) + maxHood(nbr(x)) }",
                "nbr(x)",
            ),
        ],
    );
    loud(
        DiagCode::ConstantNbr,
        &[
            ("maxHood PlusSelf(nbr(-5))", "maxHood PlusSelf(nbr(-5))"),
            ("let far = 5\nlet f = nbr(far)\nmeanHood(f)", "meanHood(f)"),
            ("sumHood(nbr(2) * self.nbrRange())", "nbr(2)"),
        ],
    );
    quiet(&[
        "sumHood(nbr(1))",
        "sumHood PlusSelf(nbr(1))",
        "anyHood(nbr(true))",
        "let one = nbr(1)\nhood({ a, b -> a + b }, 0, one) + foldSum(one)",
        "rep (x <- 0) { x + sumHood(nbr(1)) }",
        "rep (x <- 0) { let y = minHood(nbr(self.getId())); x + y }",
        "let n = 1\nn = 2\nminHood(nbr(n))",
    ]);
}

#[test]
fn surprises_of_branches() {
    loud(
        DiagCode::RestrictedField,
        &[
            (
                "let f = self.nbrLag()\nif (env.has(\"a\")) { minHood(f) + maxHood(f) } else { sumHood(f) }",
                "f",
            ),
            ("share (d <- 0) { if (env.has(\"a\")) { 0 } else { minHood(d + 1) } }", "d"),
            ("let f = self.nbrLag()\nif (env.has(\"a\")) { env.put(\"b\", minHood(f)) }\n1", "f"),
        ],
    );
    loud(
        DiagCode::TwinBranches,
        &[
            (
                "if (env.has(\"a\")) { minHood(nbr(self.getId())) } else { 1 + minHood(nbr( self.getId() )) }",
                "nbr( self.getId() )",
            ),
            (
                "if (env.has(\"a\")) { rep (n <- 0) { n + 1 } } else { 2 * rep (n <- 0) { n + 1 } }",
                "rep (n <- 0) { n + 1 }",
            ),
        ],
    );
    quiet(&[
        // Each branch a network of its own: what `if` is for.
        "if (env.has(\"a\")) { sumHood(nbr(1)) } else { 0 }",
        "if (env.has(\"a\")) { rep (n <- 0) { n + 1 } } else { 0 }",
        "if (env.has(\"a\")) { share (d <- 0) { minHood(d) + 1 } } else { maxHood(self.nbrLag()) }",
        "let f = self.nbrLag()\nmux (env.has(\"a\")) { minHood(f) } else { sumHood(f) }",
        "let f = minHood(self.nbrLag())\nif (env.has(\"a\")) { f } else { 0 }",
        // The same branch on every device and in every round.
        "let f = self.nbrLag()\nlet all = true\nif (all) { minHood(f) } else { 0 }",
        "def least(f) { minHood(f) }\nif (env.has(\"a\")) { least(self.nbrLag()) } else { 0 }",
    ]);
}

#[test]
fn values_that_grow() {
    loud(
        DiagCode::Growing,
        &[
            (
                "rep (log <- []) { log.append(self.getCurrentTime()) }",
                "log.append(self.getCurrentTime())",
            ),
            ("share (x, nx <- \"\") { x + self.getId() }", "x + self.getId()"),
            (
                "rep (x <- \"a\") { if (env.has(\"a\")) { x + \"b\" } else { \"c\" + x } }",
                "if (env.has(\"a\")) { x + \"b\" } else { \"c\" + x }",
            ),
            ("rep (x <- []) { let y = x.mergeAfter([1]); y.prepend(2) }", "y.prepend(2)"),
            (
                "share (x, nx <- []) { maxHood PlusSelf(nx).append(1) }",
                "maxHood PlusSelf(nx).append(1)",
            ),
        ],
    );
    quiet(&[
        "rep (n <- 0) { n + 1 }",
        "rep (x <- []) { if (x.size() < 10) { x.append(1) } else { x } }",
        "rep (x <- []) { [1].append(x.size()) }",
        "rep (x <- []) { x.append(1).subTupleStart(3) }",
        "rep (x <- []) { let y = x.append(1); y = y.tail(); y }",
        "share (x, nx <- []) { unionHood(nx).union([self.getId()]) }",
        "rep (x <- \"a\") { x.substring(0, 1) + \"b\" }",
    ]);
}

#[test]
fn comments_allow_warnings_of_their_line_or_the_next() {
    quiet(&[
        "let a = 1 // allow FR-L056\n2",
        "// allow FR-L056\nlet a = 1\n2",
        "  // allow fr-l056: kept for later, see L100\nlet a = 1\n2",
        "let a = minHood(nbr(5)) // allow FR-L056, FR-L061\n2",
        "let a = minHood(nbr(5)) // allow FR-L056 FR-L061 because\n2",
        "let x = 5\n-1 // allow FR-L020\nx",
        "// allow us to say: not every comment is one\n2",
        "// allow 30 seconds\n2",
    ]);
    let idle = DiagCode::IdleAllow;
    loud(
        idle,
        &[
            ("let a = 1 // allow FR-L056\na", "FR-L056"),
            ("// allow FR-L056\n\nlet a = 1\n2", "FR-L056"),
            ("let t = \"// allow FR-L056\" // allow FR-L056\nt", "FR-L056"),
        ],
    );
    loud(
        DiagCode::UnknownAllow,
        &[("let a = 1 // allow FR-L956\na", "FR-L956"), ("1 // allow L010", "L010")],
    );
}

/// Each finding about an inner function says by which call it comes about.
#[test]
fn a_finding_inside_a_function_points_at_the_call() {
    let text = "def test(x) { if (x) { 1 } else { 2 } }\ntest(self.nbrLag() > 1)";
    let finding = findings(text).remove(0);
    assert_eq!(finding.related[0].0.text(), "test(self.nbrLag() > 1)");
}

#[test]
fn functions_whose_documentation_names_another() {
    let doc = "/**\n * Old.\n * @instead fresh\n */\n";
    let old = format!("{doc}def old(x) {{ x }}\n");
    loud(
        DiagCode::Superseded,
        &[
            (&format!("{old}old(1)"), "old(1)"),
            (&format!("{old}[1].map(old)"), "old"),
            (&format!("{doc}public  def\nold() = 1\nold()"), "old()"),
            (&format!("{old}def user() {{ old(1) }}\nuser()"), "old(1)"),
        ],
    );
    let message = findings(&format!("{old}old(1)"))[0].to_string();
    assert!(message.contains("use `fresh`"), "{message}");
    quiet(&[
        &format!("{old}// allow FR-L042: meant\nold(1)"),
        // The comment belongs to another definition, or is none of documentation.
        &format!("{old}def user() {{ 1 }}\nuser()"),
        &format!("{doc}def other() {{ 1 }}\ndef old() {{ 2 }}\nold()"),
        "/*\n * @instead fresh\n */\ndef old() { 1 }\nold()",
    ]);
}
