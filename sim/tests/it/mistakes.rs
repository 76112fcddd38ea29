//! Mistakes in spreading, collection, trees, elections and in the modules of `fieldrun`, each of which
//! `fieldrun verify` must find with its default budget.

use crate::sabotage::{Mistake, are_found};

const SPREADING: [Mistake; 16] = [
    ("nbrRangeLag", "lagMetric() + self.getDeltaTime()", "lagMetric()"),
    ("addRangeHop", "nbrRangeHop() + nbrRangeHop()", "nbrRangeHop()"),
    (
        "addRangeWithLag",
        "nbrRangeLag(metric, nbrLag, speed)",
        "nbrRangeLag(metric, nbrDelay, speed)",
    ),
    ("G", "nearest.get(0) == POSITIVE_INFINITY", "false"),
    ("Gnull", "v == POSITIVE_INFINITY", "v >= 9"),
    ("channel", "<= distanceBetween", "< distanceBetween"),
    ("channel2", "<= width", "< width"),
    ("channel2WithObstacle", "boundSpreading(!obstacle,", "boundSpreading(true,"),
    ("closerThanWithMetric", "< range", "<= range"),
    (
        "dilate",
        "dilateWithMetric(region, nbrRange, width)",
        "dilateWithMetric(region, nbrRange, width - 1)",
    ),
    // An obstacle at the source does not count.
    ("directProjectionWithMetric", "G(source, obstacle, metric", "G(source, false, metric"),
    ("descend", "minHood([nbr(potential), nbr(me)])", "maxHood([nbr(potential), nbr(me)])"),
    ("bisGradientWithMetric", "time * speed - radius", "time * speed * 9"),
    ("roundTripTime", "4 * d", "2 * d"),
    ("multiGradient", "getUID() == id", "true"),
    (
        "vmWithMetric",
        "closerThanWithMetric(source, metric, range)",
        "closerThanWithMetric(source, nbrRange, range)",
    ),
];

const ACCUMULATION: [Mistake; 16] = [
    (
        "aggregation",
        "hood(reduce, local, nbr(local))",
        "reduce(local, hood(reduce, local, nbr(local)))",
    ),
    ("countDevicesInRegion", "boundSpreading(region,", "boundSpreading(true,"),
    ("summarizeWithMetric", "distanceToWithMetric(sink, metric)", "distanceTo(sink)"),
    ("summarizeWithPotentialExt", "potential == zero", "potential <= zero + 9"),
    ("average", "it.get(0) / it.get(1)", "it.get(0)"),
    ("boundAverage", "closerThan(sink, range)", "closerThan(sink, range + 4)"),
    ("quorumSensingWithCondition", "count < thr", "count <= thr"),
    ("diameterWithMetric", "    2 * share", "    share"),
    ("consensus", "mine + f(", "mine - f("),
    ("laplacianConsensus", "epsilon * v", "2.5 * epsilon * v"),
    ("cMultiIdempotent", "nbr(potential) > potential", "nbr(potential) >= potential"),
    ("cMultiSum", "{ nbr(v) }", "{ 1 }"),
    ("getParentExtended", "{ minHood(it) }", "{ maxHood(it) }"),
    ("getParentsExtended", "chosen.get(0) < potential", "chosen.get(0) <= potential"),
    ("getAllChildren", ">= potential", "> potential"),
    ("hasNoParent", "id == imRoot() || id == noParent()", "id == imRoot()"),
];

const TREE: [Mistake; 4] = [
    ("spanningTreeExtended", "mux (hasParent(above.get(0)))", "mux (true)"),
    ("applyOnTree", "mux (condition)", "mux (!condition)"),
    ("descendBranchWithNull", "potential == null", "potential == 0"),
    ("ascendBranch", "C(potential, or, filter(), false)", "filter()"),
];

const COLLECT: [Mistake; 6] = [
    ("weightedMean", "total.get(0) / total.get(1)", "total.get(0)"),
    ("weightedCollect", "weights / all", "weights / maxHood(weights)"),
    (
        "weightedIdempotent",
        "weights >= least * maxHood(weights)",
        "weights > least * maxHood(weights)",
    ),
    ("weightedMax", "0.5", "0.95"),
    ("listIdempotent", "descended >= nbr(sure) * nbrLag()", "descended <= nbr(sure) * nbrLag()"),
    ("listSum", "[-sure, nbr(potential), theirs]", "[nbr(potential), -sure, theirs]"),
];

const ELECT: [Mistake; 4] = [
    ("isLeader", "== self", "!= self"),
    ("election", "far > radius", "far >= radius"),
    // What is far is too far.
    ("election", "theirs.get(2) + metric()", "theirs.get(2) + 2 * metric()"),
    (
        "randomStrength",
        "rep (drawn <- self.nextRandomDouble()) { drawn }",
        "self.nextRandomDouble()",
    ),
];

const SHARED: [(&str, &[Mistake]); 5] = [
    (
        "fieldrun:clock",
        &[
            ("sharedClock", "maxHood(counting(theirs))", "minHood(counting(theirs))"),
            ("sharedClock", "counting(mine) + self.getDeltaTime()", "counting(mine)"),
            ("sharedTick", "floor(sharedClock() / period)", "ceil(sharedClock() / period)"),
            ("sharedPulse", "now != before", "now > before + 1"),
        ],
    ),
    (
        "fieldrun:gossip",
        &[
            ("replicated", "fill(0, replicas)", "fill(0, replicas + 2)"),
            (
                "replicated",
                "if (a.get(0) < b.get(0)) { a } else { b }",
                "if (a.get(0) < b.get(0)) { b } else { a }",
            ),
            ("sourcesNow", "mux (source) { [id] } else { [] }", "[id]"),
        ],
    ),
    (
        "fieldrun:membership",
        &[
            (
                "connections",
                "unionHood PlusSelf(nbr([self.getDeviceUID()]))",
                "unionHood(nbr([self.getDeviceUID()]))",
            ),
            ("agreed", "same && isSignalStable", "isSignalStable"),
            ("partition", "connected\n        } else", "[me]\n        } else"),
            ("stable", "isSignalStable([consistent, connected, counters], interval)", "consistent"),
        ],
    ),
    (
        "fieldrun:process",
        &[
            // The end does not spread.
            ("spawn", "anyHood PlusSelf(phases == \"ending\")", "localHood(phases) == \"ending\""),
            ("spawn", "== \"output\" })\n", "!= \"external\" })\n"),
        ],
    ),
    (
        "fieldrun:distance",
        &[
            ("boundedG", "theirs.get(1) + 1", "theirs.get(1) + 2"),
            ("stepInSight", "maxHood(nbrRange()))", "minHood(nbrRange()))"),
        ],
    ),
];

const MONITOR: [Mistake; 8] = [
    ("yesterday", "before <- false", "before <- true"),
    ("since", "q || p && held", "(q || p) && held"),
    ("yesterdayAll", "allHood PlusSelf", "anyHood PlusSelf"),
    ("yesterdaySome", "theirs <- false", "theirs <- true"),
    ("onceAll", "sinceAll(true, p)", "p"),
    ("alwaysSome", "!onceAll(!p)", "onceAll(p)"),
    ("sinceAll", "allHood PlusSelf(held)", "allHood(held)"),
    ("sinceSome", "q || p &&", "q ||"),
];

const REPAIRED: [Mistake; 5] = [
    ("recentMemory", "left >= 0", "left > 0"),
    ("periodicTimer", "counted % length", "0 % length"),
    ("diameterBoundWithMetric", "C(distance, max, reached, 0)", "C(distance, max, 1, 0)"),
    ("multiPathSum", "{ 1 } else", "{ 2 } else"),
    ("rescale", "(x - oldmin)", "x"),
];

const CLASSIC: [Mistake; 5] = [
    ("rtSub", "if (state) { true }", "if (state) { started }"),
    ("limitedMemory", "v.get(0) - self.getDeltaTime()", "v.get(0) - 1"),
    ("timer", "left - self.getDeltaTime()", "left - 2 * self.getDeltaTime()"),
    ("lowpass", "(value, alpha)", "(value, 1 - alpha)"),
    ("countNearby", "human && nbrRange() < range", "nbrRange() < range"),
];

#[test]
fn mistakes_in_spreading_and_collection_are_found() {
    are_found("protelis:coord:spreading", &SPREADING);
    are_found("protelis:coord:accumulation", &ACCUMULATION);
    are_found("protelis:coord:tree", &TREE);
    are_found("fieldrun:collect", &COLLECT);
    are_found("fieldrun:elect", &ELECT);
}

#[test]
fn mistakes_in_what_is_shared_and_remembered_are_found() {
    for (module, mistakes) in SHARED {
        are_found(module, mistakes);
    }
    are_found("fieldrun:monitor", &MONITOR);
    are_found("fieldrun:repaired", &REPAIRED);
    are_found("fieldrun:classic", &CLASSIC);
}
