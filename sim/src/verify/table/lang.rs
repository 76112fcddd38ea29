//! `protelis:lang:*`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::Values;
use Pace::{Rounds, Waves};

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "protelis:lang:utils.and",
        "[and(true, true), and(true, false), and(false, true), and(false, false), anyHood(and(nbr(source), obstacle))]",
        Rounds(5.0), Nothing, Values(o::conjunction)),
    block!(Heals "protelis:lang:utils.or",
        "[or(true, true), or(true, false), or(false, true), or(false, false), anyHood(or(nbr(source), obstacle))]",
        Rounds(5.0), Nothing, Values(o::disjunction)),
    block!(Heals "protelis:lang:utils.not", "[not(true), not(false), anyHood(not(nbr(source)))]",
        Rounds(5.0), Nothing, Values(o::negation)),
    block!(Heals "protelis:lang:utils.equal",
        "[equal(1, 2), equal(2, 2), equal(2, 1), equal(\"a\", \"b\"), equal([1, 2], [1, 1]), equal(NaN, NaN), \
         equal(1, [7].size()), anyHood(equal(nbr(value), value))]",
        Rounds(5.0), Nothing, Values(o::equal)),
    block!(Heals "protelis:lang:utils.notEqual",
        "[notEqual(1, 2), notEqual(2, 2), notEqual(2, 1), notEqual(\"a\", \"b\"), notEqual([1, 2], [1, 1]), \
         notEqual(NaN, NaN), notEqual(1, [7].size()), anyHood(notEqual(nbr(value), value))]",
        Rounds(5.0), Nothing, Values(o::not_equal)),
    block!(Heals "protelis:lang:utils.greaterThan",
        "[greaterThan(1, 2), greaterThan(2, 2), greaterThan(2, 1), greaterThan(\"a\", \"b\"), \
         greaterThan([1, 2], [1, 1]), greaterThan(NaN, 1), greaterThan(1, [7].size()), \
         anyHood(greaterThan(nbr(value), value))]",
        Rounds(5.0), Nothing, Values(o::greater)),
    block!(Heals "protelis:lang:utils.greaterEqual",
        "[greaterEqual(1, 2), greaterEqual(2, 2), greaterEqual(2, 1), greaterEqual(\"a\", \"b\"), \
         greaterEqual([1, 2], [1, 1]), greaterEqual(NaN, 1), greaterEqual(1, [7].size()), \
         anyHood(greaterEqual(nbr(value), value))]",
        Rounds(5.0), Nothing, Values(o::greater_or_equal)),
    block!(Heals "protelis:lang:utils.lessThan",
        "[lessThan(1, 2), lessThan(2, 2), lessThan(2, 1), lessThan(\"a\", \"b\"), lessThan([1, 2], [1, 1]), \
         lessThan(NaN, 1), lessThan(1, [7].size()), anyHood(lessThan(nbr(value), value))]",
        Rounds(5.0), Nothing, Values(o::less)),
    block!(Heals "protelis:lang:utils.lessEqual",
        "[lessEqual(1, 2), lessEqual(2, 2), lessEqual(2, 1), lessEqual(\"a\", \"b\"), lessEqual([1, 2], [1, 1]), \
         lessEqual(NaN, 1), lessEqual(1, [7].size()), anyHood(lessEqual(nbr(value), value))]",
        Rounds(5.0), Nothing, Values(o::less_or_equal)),
    block!(Heals "protelis:lang:utils.sum",
        "[sum(value, 2), sum([1, value], [3, 5]), maxHood(sum(value, nbr(value)))]",
        Rounds(5.0), Nothing, Values(o::added)),
    block!(Heals "protelis:lang:utils.diff",
        "[diff(value, 2), diff([1, value], [3, 5]), maxHood(diff(value, nbr(value)))]",
        Rounds(5.0), Nothing, Values(o::subtracted)),
    block!(Heals "protelis:lang:utils.min",
        "[min(1, 2), min(2, 1), min(\"b\", \"a\"), min([1, 2], [1, 1]), min(NaN, 1), min(1, NaN), \
         1 / min(0, -0), 1 / min(-0, 0), maxHood(min(5, nbr(value)))]",
        Rounds(5.0), Nothing, Values(o::smaller)),
    block!(Heals "protelis:lang:utils.max",
        "[max(1, 2), max(2, 1), max(\"b\", \"a\"), max([1, 2], [1, 1]), max(NaN, 1), max(1, NaN), \
         1 / max(0, -0), 1 / max(-0, 0), maxHood(max(5, nbr(value)))]",
        Rounds(5.0), Nothing, Values(o::larger)),
    block!(Heals "protelis:lang:utils.mean", "[mean(value, 3), maxHood(mean(value, nbr(value)))]",
        Rounds(5.0), Nothing, Values(o::middle)),
    block!(Heals "protelis:lang:utils.union", "[union([1, 2, 2], [value, 1, 30]), union([], [7, 7]), union([8, 8], [])]",
        Rounds(5.0), Nothing, Values(o::united)),
    block!(Heals "protelis:lang:utils.identity", "[identity(value), identity(source), identity([value, 1])]",
        Rounds(5.0), Nothing, Values(o::unchanged)),
    block!(Heals "protelis:lang:utils.zero", "zero()", Rounds(5.0), Nothing, Values(o::zero)),
    block!(Heals "protelis:lang:utils.range", "[range(0, 3, value), range(1, 3, value), range(0.25, -4, 4)]",
        Rounds(5.0), Nothing, Values(o::stretched)),
    block!(Heals "protelis:lang:utils.denormalize",
        "[denormalize(value, 0, 10, 20, 70), denormalize(7, 2, 12, 20, 70)]",
        Rounds(5.0), Nothing, Values(o::denormalized)),
    block!(Heals "protelis:lang:utils.norm",
        "[norm([3, 4], 2), norm([value, 1, 2], 1), norm([2, 2], 3), norm([], 2)]",
        Rounds(5.0), Nothing, Values(o::normed)),
    block!(Heals "protelis:lang:utils.getUID", "[getUID(), unionHood(nbr(getUID()))]",
        Rounds(5.0), Nothing, Values(o::names)),
    block!(Heals "protelis:lang:utils.canSee", "canSee(source)",
        Rounds(5.0), Nothing, Values(o::sees_source)),
    block!(Heals "protelis:lang:utils.isEdge", "isEdge(obstacle)",
        Rounds(5.0), Nothing, Values(o::at_edge)),
    block!(Heals "protelis:lang:utils.hoodW",
        "[hoodW(value, diff, 100, () -> { nbr(value) }), \
         if (source) { hoodW(value, diff, 100, () -> { nbr(value) }) } else { -1 }]",
        Rounds(5.0), Nothing, Values(o::less_neighbors)),
    block!(Heals "protelis:lang:utils.hoodWstateful",
        "hoodWstateful(value, max, 0, { v -> mux (nbr(value) > value) { nbr(v) } else { 0 } })",
        Waves(1.0), Nothing, Values(o::greatest_uphill)),
];
