//! The formatter keeps what a program means and says.

use super::{WIDTH, format, parse};
use crate::source::Source;
use crate::syntax::token::Tok;
use proptest::prelude::*;

/// The tree without places, the tokens without semicolons, and the comments, whose lines may be
/// indented anew.
fn meaning(text: &str) -> Option<(String, Vec<Tok>, Vec<String>)> {
    let mut findings = Vec::new();
    let mut module = parse(&Source::new("test", text), &mut findings);
    if crate::Diagnostics(findings).has_errors() {
        return None;
    }
    let tokens = std::mem::take(&mut module.tokens).into_iter().map(|token| token.tok);
    let tokens = tokens.filter(|tok| *tok != Tok::Semicolon).collect();
    let comments = std::mem::take(&mut module.comments);
    let comments = comments
        .iter()
        .map(|span| span.text().lines().map(str::trim).collect::<Vec<_>>().join("\n"))
        .collect();
    let tree = format!("{module:?}");
    let mut parts = tree.split("Span(");
    let mut shape = parts.next().unwrap_or("").to_owned();
    for part in parts {
        shape.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    Some((shape, tokens, comments))
}

fn formatted(text: &str) -> String {
    format(&Source::new("test", text)).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// Formats a program that can be read, and holds the result to what the formatter promises.
fn checked(text: &str) -> String {
    let before = meaning(text).unwrap_or_else(|| panic!("not a program:\n{text}"));
    let once = formatted(text);
    let after = meaning(&once).unwrap_or_else(|| panic!("of\n{text}\nbecame\n{once}"));
    assert_eq!(before.0, after.0, "the tree of\n{text}\nbecame\n{once}");
    assert_eq!(before.1, after.1, "the tokens of\n{text}\nbecame\n{once}");
    assert_eq!(before.2, after.2, "the comments of\n{text}\nbecame\n{once}");
    let twice = formatted(&once);
    assert!(twice == once, "of\n{text}\nbecame\n{once}\nand then\n{twice}");
    once
}

/// Each text in an odd layout, and in the one it gets.
const LAYOUTS: &[(&str, &str)] = &[
    ("", ""),
    ("  1+ 2", "1 + 2\n"),
    ("let x=1;let y=x;;x", "let x = 1;\nlet y = x;\nx\n"),
    ("- 2 ^2", "-2 ^ 2\n"),
    ("rep(x<-0){x+1}", "rep (x <- 0) { x + 1 }\n"),
    ("share( x,nx<-0 ) {x} yield{ x }", "share (x, nx <- 0) { x } yield { x }\n"),
    ("let ^let = 1 2 ^ ^let a<-1", "let ^let = 1\n2 ^ ^let\na < -1\n"),
    // What looks like two statements shows itself as the one that it is, and the reverse.
    ("f\n(1+2)", "f(1 + 2)\n"),
    // Without the semicolon this would be a function of `x`.
    ("{;;x -> { 1 } }(2)", "{; x -> { 1 } }(2)\n"),
    ("1\n-1", "1 -\n    1\n"),
    ("x\n{ it }", "x { it }\n"),
    ("a [1]", "a\n[1]\n"),
    ("if(c){} if (c) {a}", "if (c) {}\nif (c) { a }\n"),
    ("if (c) {a;b} else {c}", "if (c) {\n    a;\n    b\n} else { c }\n"),
    ("f (a,\n b)", "f(\n    a,\n    b\n)\n"),
    ("f(x) {a,b->a+\nb}.get ( 0 )", "f(x) { a, b ->\n    a\n        + b\n}.get(0)\n"),
    ("G(1,{v->\nv})", "G(1, { v ->\n    v\n})\n"),
    ("minHood  PlusSelf(nbr{x})", "minHood PlusSelf(nbr{x})\n"),
    ("hood (min,0,nbr (1e5+0.10))", "hood(min, 0, nbr(1e5 + 0.10))\n"),
    ("'a\\u0041' + \"b\n  c\"", "'a\\u0041' + \"b\n  c\"\n"),
    ("#f(a)  java :: lang::Math::PI", "#f(a)\njava::lang::Math::PI\n"),
    (
        "package a:b import a . b . C import a.b.C.* from a.B import c as d;\n\n\n\n1",
        "package a:b\nimport a.b.C\nimport a.b.C.*\nfrom a.B import c as d;\n\n1\n",
    ),
    ("def f(a,b)=a public def g(){ 1 } f(1,2)", "def f(a, b) = a\npublic def g() { 1 }\nf(1, 2)\n"),
];

#[test]
fn odd_layouts_become_even() {
    for (odd, even) in LAYOUTS {
        assert_eq!(checked(odd), *even);
    }
}

/// Comments wherever they may stand, and where they stand afterwards.
const COMMENTS: &[(&str, &str)] = &[
    ("// only", "// only\n"),
    ("/* a */ 1 /* b */ // c", "/* a */ 1 /* b */ // c\n"),
    ("1 // c   \n// d\n\n\n// e", "1 // c\n// d\n\n// e\n"),
    ("f(a, // first\n b // second\n)", "f(\n    a, // first\n    b // second\n)\n"),
    ("f(a // first\n, b\n// last\n)", "f(\n    a, // first\n    b\n    // last\n)\n"),
    ("f(/* none */)", "f(/* none */)\n"),
    ("f(\n// none\n)", "f(\n    // none\n)\n"),
    ("f(/* n */1, 2/* m */)", "f(/* n */ 1, 2 /* m */)\n"),
    ("if (c) { a }\n// otherwise\nelse { b }", "if (c) { a }\n// otherwise\nelse { b }\n"),
    (
        "if (c) { // yes\n a } else { // no\n b }",
        "if (c) { // yes\n    a\n} else { // no\n    b\n}\n",
    ),
    ("if (c) { // nothing yet\n }", "if (c) { // nothing yet\n}\n"),
    ("if (c) {\n// nothing yet\n }", "if (c) {\n    // nothing yet\n}\n"),
    ("a && // first\n b && // second\n c", "a // first\n    && b // second\n    && c\n"),
    ("let x = // why\n 3", "let x = 3 // why\n"),
    ("a; // one\n; // two\nb", "a; // one\n// two\nb\n"),
    ("{ a -> // it\n a }(1)", "{ a -> // it\n    a\n}(1)\n"),
    (
        "/**\n   * What f does.\n   * @return 1\n   */\ndef f() = 1",
        "/**\n * What f does.\n * @return 1\n */\ndef f() = 1\n",
    ),
    ("def f() {\n/*\n  verbatim\n*/\n1 }", "def f() {\n    /*\n  verbatim\n*/\n    1\n}\n"),
    ("1 // a\r\n\r\n2\r\n", "1 // a\n\n2\n"),
];

#[test]
fn comments_keep_their_place() {
    for (odd, even) in COMMENTS {
        assert_eq!(checked(odd), *even);
    }
}

#[test]
fn what_is_too_wide_breaks_from_the_outside() {
    let name = "x".repeat(30);
    let cases = [
        (format!("f({name}, g({name}, 1), {name}, 12345)"), "f(\n    "),
        (format!("let {name} = g({name}, 1, {name}, 12)"), " =\n    g("),
        (format!("{name} || {name} || {name} - {name}"), "\n    || x"),
        (format!("{name} - {name} - {name} - {name}"), " -\n    x"),
        (format!("{name}({name}, {{ a -> {name} + a + 12 }})"), ", { a ->\n    x"),
        (format!("if ({name}) {{ {name} }} else {{ {name} }}"), ") {\n    x"),
        (format!("{name}.f({name}).g({name}).h()"), "\n    .f("),
    ];
    for (text, part) in cases {
        let laid_out = checked(&text);
        assert!(laid_out.contains(part), "{laid_out}");
        assert!(laid_out.lines().all(|line| line.chars().count() <= WIDTH), "{laid_out}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_all_its_errors() {
    let source = Source::new("test", "let = 1\nf(1 +)\n");
    let errors = format(&source).expect_err("two errors");
    assert_eq!(errors.0.len(), 2, "{errors}");
}

/// The files below a folder whose names end so.
fn files(folder: &str, end: &str) -> Vec<String> {
    let mut folders = vec![format!("{}/../{folder}", env!("CARGO_MANIFEST_DIR")).into()];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir::<std::path::PathBuf>(folder).expect("the folder");
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                texts.push(std::fs::read_to_string(path).expect("a text"));
            }
        }
    }
    texts
}

#[test]
fn every_program_of_the_tree_keeps_its_meaning() {
    let mut count = 0;
    for text in ["stdlib/pt", "examples", "tests/dialect"].iter().flat_map(|f| files(f, ".pt")) {
        checked(&text);
        count += 1;
    }
    assert!(count > 20, "the library and the examples: {count}");
}

/// Rows of tables are programs of one line; other blocks are programs, or nothing that can be read.
#[test]
fn every_program_of_the_manual_keeps_its_meaning() {
    let mut count = 0;
    for chapter in files("tests/spec", ".md") {
        for block in chapter.split("```").skip(1).step_by(2) {
            let rows = block.lines().filter_map(|line| Some(line.split_once(" ==>")?.0));
            let whole = block.split_once('\n').map_or("", |(_, program)| program);
            for text in rows.chain([whole]).filter(|text| meaning(text).is_some()) {
                checked(text);
                count += 1;
            }
        }
    }
    assert!(count > 1_000, "most of the manual: {count}");
}

/// The stack is that of a thread by default: neither depth nor size of a text may need more.
#[test]
fn deep_and_long_programs_are_laid_out() {
    let deep = format!("{}1{}", "f(".repeat(390), ")".repeat(390));
    let chain = format!("a{}", " + b".repeat(990));
    let blocks = format!("{}1{}", "if (c) { ".repeat(190), " } else { 2 }".repeat(190));
    for text in [deep, chain, blocks] {
        checked(&text);
    }
    // A megabyte of statements, half of it comments.
    let long = "let x = f(1, [2, 3]) // some words about it\n".repeat(1 << 20 >> 6);
    assert_eq!(formatted(&long), long);
}

/// What stands between two tokens of a random program.
const TRIVIA: &[&str] = &[
    " ",
    " ",
    " ",
    " ",
    "",
    "\n",
    "\n\n\n",
    "\t\r\n",
    " // behind\n",
    "\n// alone\n",
    "\n\n// apart\n\n",
    " /* within */ ",
    "/* before */\n",
    "\n/* line */ ",
    "\n/*\n * starred\n */\n",
    " /* two\nlines */ ",
    ";",
];

/// A random expression; `~` stands for what is between tokens.
fn expression() -> impl Strategy<Value = String> {
    let name = prop_oneof![Just("a"), Just("bb"), Just("(^let)"), Just("self"), Just("m:f")];
    let literal = prop_oneof![Just("1"), Just("0.10"), Just("1e5"), Just("'s'"), Just("\"x\ny\"")];
    let operator = prop_oneof![Just("+"), Just("-"), Just("^"), Just("&&"), Just("<"), Just("==")];
    let leaf = prop_oneof![name, literal].prop_map(str::to_owned);
    leaf.prop_recursive(5, 60, 3, move |inner| {
        let e = inner.clone();
        let two = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner.clone());
        prop_oneof![
            (e.clone(), operator.clone(), e.clone()).prop_map(|(a, op, b)| format!("{a}~{op} {b}")),
            e.clone().prop_map(|a| format!("({a}~)")),
            e.clone().prop_map(|a| format!("-({a}~)")),
            e.clone().prop_map(|a| format!("nbr(~{a}~)")),
            e.clone().prop_map(|a| format!("minHood~PlusSelf(~{a})")),
            two.clone().prop_map(|(a, b)| format!("f(~{a}~,~{b}~)")),
            two.clone().prop_map(|(a, b)| format!("[~{a}~,~{b}]")),
            two.clone().prop_map(|(a, b)| format!("({a})~.m(~{b}~)~.k()")),
            two.clone().prop_map(|(a, b)| format!("g({a})~{{~x~->~{b}~}}")),
            two.clone().prop_map(|(a, b)| format!("h(~{a},~(x)~->~{{~{b}~}})")),
            two.clone().prop_map(|(a, b)| format!("{{~let y~=~{a}~;~{b}~}}")),
            two.clone().prop_map(|(a, b)| format!("rep~(~x~<-~{a}~)~{{~{b}~}}")),
            three
                .clone()
                .prop_map(|(a, b, c)| format!("share (x,~y <-~{a})~{{~{b}~}}~yield~{{~{c}~}}")),
            three.clone().prop_map(|(a, b, c)| format!("if~({a}~)~{{~{b}~}}~else~{{~{c}~}}")),
            three.prop_map(|(a, b, c)| format!("mux ({a}) {{{b}}} else {{~{c};~1}}")),
        ]
    })
}

fn program() -> impl Strategy<Value = String> {
    let statement = prop_oneof![
        expression(),
        expression().prop_map(|e| format!("let~x~=~{e}")),
        expression().prop_map(|e| format!("x~=~{e}")),
        expression().prop_map(|e| format!("if ({e})~{{~{e}~}}")),
    ];
    let def = prop_oneof![
        expression().prop_map(|e| format!("public~def~f(~a~,~b~)~=~{e}")),
        expression().prop_map(|e| format!("def~f()~{{~{e}~}}")),
    ];
    let head = prop_oneof![Just("~"), Just("~module a:b~\n"), Just("import~a:b~\n~import c.D.*~")];
    let many = (head, prop::collection::vec(def, 0..3), prop::collection::vec(statement, 0..4));
    many.prop_map(|(head, defs, statements)| {
        format!("{head}\n{}~\n{}~", defs.join("~\n"), statements.join("~\n"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_programs_keep_their_meaning(
        program in program(),
        trivia in prop::collection::vec(prop::sample::select(TRIVIA), 1..40),
        plain in any::<bool>(),
    ) {
        let mut between = trivia.iter().cycle();
        let text: String = program
            .split_inclusive('~')
            .map(|part| match part.strip_suffix('~') {
                Some(token) if plain => format!("{token} "),
                Some(token) => format!("{token}{}", between.next().unwrap_or(&"")),
                None => part.to_owned(),
            })
            .collect();
        // Some trivia changes what the text says, such as `;` inside brackets: then there may be no
        // program. Without any there always is one.
        if plain || meaning(&text).is_some() {
            checked(&text);
        }
    }
}
