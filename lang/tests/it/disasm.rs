//! Compiled code as people see it.

use super::*;
use fieldrun_lang::disassemble;

fn listing(text: &str) -> String {
    disassemble(&program(text)).to_string()
}

#[test]
fn a_gradient_becomes_one_fused_hood() {
    let text = "share (d, nd <- POSITIVE_INFINITY) {\n    mux (env.get(\"source\")) { 0 } else { minHood(nd + 1) }\n}";
    insta::assert_snapshot!(listing(text));
}

#[test]
fn branches_are_regions_of_the_layout() {
    let text = "let x = self.nbrRange()\nif (env.get(\"a\")) { sumHood(nbr(1) + x) } else { 0 }";
    insta::assert_snapshot!(listing(text));
}

#[test]
fn what_is_walked_is_listed_with_the_reason() {
    let text = "def count(n) = if (n > 0) { count(n - 1) } else { 0 }\nlet f = mux (env.get(\"a\")) { { nbr(1) } } else { { nbr(2) } }\ncount(3) + sumHood(f()) + eval(\"1\")";
    insta::assert_snapshot!(listing(text));
}
