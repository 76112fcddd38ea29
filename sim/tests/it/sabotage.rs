//! Mistakes in `protelis:lang:*`, `protelis:state:*` and the smaller modules of `protelis:coord`,
//! each of which `fieldrun verify` must find with its default budget.

use crate::verify::{subject, tried};
use fieldrun_sim::verify::{Failure, Plan};

/// The cases of `fieldrun verify` where nobody says how many.
const CASES: u64 = 36;

/// A function that must notice, what its module says, and what is written in its place.
pub(crate) type Mistake = (&'static str, &'static str, &'static str);

const UTILS: [Mistake; 26] = [
    ("and", "and(a, b) = a && b", "and(a, b) = a"),
    ("or", "or(a, b) = a || b", "or(a, b) = b"),
    ("not", "= !a", "= a"),
    ("equal", "a == b", "a.toString() == b.toString()"),
    ("notEqual", "a != b", "a < b || b < a"),
    ("greaterThan", "a > b", "a >= b"),
    ("greaterEqual", "a >= b", "!(a < b)"),
    ("lessThan", "lessThan(a, b) = a < b", "lessThan(a, b) = a <= b"),
    ("lessEqual", "a <= b", "!(a > b)"),
    ("sum", "= a + b", "= a + b + 0.5"),
    ("diff", "= a - b", "= b - a"),
    // Only what has no order tells them apart.
    ("min", "min(a, b) = mux (a < b) { a } else { b }", "min(a, b) = mux (a > b) { b } else { a }"),
    (
        "max",
        "max(a, b) = mux (a > b) { a } else { b }",
        "max(a, b) = mux (a >= b) { a } else { b }",
    ),
    ("mean", "(local + field) / 2", "(local + field) / 3"),
    ("union", "a.union(b)", "b.union(a)"),
    ("identity", "identity(a) = a", "identity(a) = mux (a == 3) { 4 } else { a }"),
    ("zero", "zero() = 0", "zero() = 1"),
    ("range", "(max - min) + min", "max + min"),
    ("denormalize", "+ (newmin - oldmin)", "+ newmin"),
    ("norm", "1 / p)", "1 / 2)"),
    ("getUID", "self.getDeviceUID().toString()", "self.getDeviceUID()"),
    ("canSee", "anyHood(nbr(a))", "anyHood PlusSelf(nbr(a))"),
    ("isEdge", "!allHood(there)", "!allHood PlusSelf(there)"),
    ("hoodW", "hood(aggregator, default", "hoodPlusSelf(aggregator, default"),
    ("hoodW", "hood(aggregator, default", "hood(aggregator, local"),
    ("hoodWstateful", "fieldBuilder(previous)", "fieldBuilder(local)"),
];

const TIME: [Mistake; 28] = [
    ("T", "if (left < initial) { left } else { initial }", "left"),
    ("T", "max(zero, decay(v))", "decay(v)"),
    ("countDown", "(length, self.getDeltaTime())", "(length, 1)"),
    ("countDownWithDecay", "{ left -> left - dt }", "{ left -> left - 2 * dt }"),
    ("wait", "waitWithDecay(timeout, self.getDeltaTime())", "waitWithDecay(timeout, 1)"),
    ("waitWithDecay", "<= 0", "< 0"),
    ("trueAfterTime", "= wait(timeout)", "= !wait(timeout)"),
    ("trueAfterTimeWithDt", "= waitWithDecay(timeout, dt)", "= waitWithDecay(timeout + dt, dt)"),
    ("falseAfterTime", "= !wait(timeout)", "= wait(timeout)"),
    ("falseAfterTimeWithDt", "!waitWithDecay(timeout, dt)", "!waitWithDecay(timeout, 1)"),
    // What is to begin later has always run.
    ("waitAndApply", "if (wait(timeout))", "mux (wait(timeout))"),
    // It does not start anew.
    ("applyWhile", "if (event) { f() }", "mux (event) { f() }"),
    ("cyclicTimer", "(length, self.getDeltaTime())", "(length, 1)"),
    ("cyclicTimerWithDecay", "if (left == 0)", "if (left <= decay)"),
    ("cyclicTimerWithDecay", "if (left == 0)", "mux (left == 0)"),
    ("cyclicFunction", "cyclicFunctionWithDecay(length, self.getDeltaTime(), f, null)", "null"),
    ("cyclicFunctionWithDecay", "if (cyclicTimer", "mux (cyclicTimer"),
    ("delta", "{ signal - before }", "{ before - signal }"),
    ("evaporation", "v.get(0) - decay", "v.get(0) - 2 * decay"),
    ("evaporation", "[0, info], {", "[0, 0], {"),
    ("exponentialBackoffFilter", "(1 - a) * before", "a * before"),
    ("isRisingEdge", "signal && !before", "signal"),
    ("isFallingEdge", "before && !signal", "!signal"),
    ("isValueChanged", "{ signal != before }", "{ signal > before }"),
    ("isSignalStable", "(signal, time, self.getDeltaTime())", "(signal, time, 1)"),
    ("isSignalStableWithDt", "else { [signal, 0] }", "else { [signal, dt] }"),
    ("isRecentEvent", " && ever", ""),
    ("limitedMemory", "rep (v <- value) { v }", "value"),
];

const LATCH: [Mistake; 21] = [
    ("allTime", "always && event", "event"),
    ("anyTime", "ever || event", "event"),
    ("counter", "{ n + inc }", "{ n + 1 }"),
    ("countTrue", "if (event) { n + 1 } else { n }", "if (event) { n + 1 } else { 0 }"),
    ("flip", "{ b } else { a }", "{ a } else { b }"),
    ("once", "rep (first <- f()) { first }", "f()"),
    ("timeSinceStart", "(self.getDeltaTime())", "(1)"),
    ("timeSinceStartWithDt", "counter(0, dt)", "counter(dt, dt)"),
    ("trueFor", "(time, event, self.getDeltaTime())", "(time, event, 1)"),
    // It has gone on in breaks.
    ("trueForWithDt", "if (event) { wait", "mux (event) { wait"),
    ("falseFor", "trueFor(time, !event)", "trueFor(time, event)"),
    ("falseForWithDt", "(time, !event, dt)", "(time + dt, !event, dt)"),
    ("trueDuringLast", "(timeout, event, self.getDeltaTime())", "(timeout, event, 1)"),
    ("trueDuringLastWithDt", "if (event) { true } else", "mux (event) { true } else"),
    ("falseDuringLast", "trueDuringLast(timeout, !event)", "!trueDuringLast(timeout, event)"),
    ("falseDuringLastWithDt", "(timeout, !event, dt)", "(2 * timeout, !event, dt)"),
    ("sequence", "[condition(result), result]", "[condition(last.get(1)), result]"),
    ("sequenceIfAny", "condition || anyHood(theirs)", "condition"),
    ("sequenceIfAny", "condition || anyHood(theirs)", "anyHood(theirs)"),
    ("sequenceIfAll", "condition && allHood(theirs)", "condition"),
    ("sequenceIfAll", "condition && allHood(theirs)", "allHood(theirs)"),
];

const META: [Mistake; 12] = [
    ("boundSpreading", "if (region) { f() }", "mux (region) { f() }"),
    ("preProcessAndApply", "= f(pre(input))", "= pre(f(input))"),
    ("postProcessAndApply", "= post(f(input))", "= f(post(input))"),
    ("processAndApply", "post(f(pre(input)))", "f(pre(input))"),
    ("multiInstance", "sources.contains(key)", "true"),
    ("multiInstance", "f(key) }", "f(0) }"),
    ("multiRegion", " && filter(key)", ""),
    ("publishSubscribe", "publisher || wanted", "wanted"),
    ("publishSubscribeWithPotential", "or, subscriber", "and, subscriber"),
    ("findSources", "roundTripTime(reach), 5)", "0, 5)"),
    ("findSourcesWithId", "mux (source) { [id] } else { [] }", "[id]"),
    ("findSourcesWithId", "union) }, [id], d, k)", "union) }, [id], 50 * d, k)"),
];

const REPLICAS: [Mistake; 4] = [
    ("timeReplicated", "now - birth < p * k", "now - birth <= p * k"),
    ("timeReplicated", "a.get(0) < b.get(0)", "a.get(0) > b.get(0)"),
    ("timeReplicated", "births.union(newborn)", "newborn"),
    ("timeReplicatedWithK", "(k - 1)", "k"),
];

const TIMER: [Mistake; 3] = [
    ("sharedTimer", "maxHood(theirs)", "minHood(theirs)"),
    ("sharedTimer", "            fastest\n", "            fastest + 1\n"),
    ("sharedTimer", "fastest > mine", "fastest > mine + 1"),
];

const GRAPH: [Mistake; 10] = [
    ("circularDependency", "|| hasTransitiveDependency(myId, inbound)", ""),
    ("hasSelfDependency", "= inbound.contains(myId)", "= !inbound.isEmpty()"),
    // Arcs lead from all neighbours.
    (
        "hasTransitiveDependency",
        "unionHood(nbrWrapper(myId, inbound, theirs, []))",
        "unionHood(theirs)",
    ),
    ("greatestLowerBound", ".max(POSITIVE_INFINITY)", ".min(POSITIVE_INFINITY)"),
    ("greatestLowerBound", "nbr(inbound).contains(myId)", "inbound.contains(nbr(myId))"),
    ("leastUpperBound", "(myId, outbound, nodes)\n", "(myId, outbound, nodes.tail())\n"),
    ("isLeaf", "= !unionHood(nbr(inbound)).contains(myId)", "= inbound.isEmpty()"),
    ("isRoot", "inbound.isEmpty()", "!inbound.isEmpty()"),
    ("isParent", "= inbound.contains(nbr(myId))", "= nbr(inbound).contains(myId)"),
    ("nbrWrapper", "{ nbrMessage } else { null }", "{ null } else { nbrMessage }"),
];

/// Whether a function notices a mistake that is made in it, or after it in its module.
fn is_found(module: &str, (function, good, bad): &Mistake) -> bool {
    let text = fieldrun_stdlib::module(module).expect("a module");
    let starts = ["public def ", "public "].map(|start| format!("{start}{function}("));
    let at = starts.iter().find_map(|start| text.find(start)).expect("a function");
    let (before, after) = text.split_at(at);
    assert!(after.contains(good), "{function} does not say {good}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(format!("{}.pt", module.replace(':', "/")));
    std::fs::create_dir_all(file.parent().expect("a parent")).expect("folders");
    std::fs::write(&file, before.to_owned() + &after.replacen(good, bad, 1)).expect("written");
    let subject = subject(&format!("{module}.{function}"), &[folder.path().to_owned()]);
    let plan = Plan { seed: 1, cases: CASES, shrink: false };
    matches!(tried(&subject, plan).failure, Some(Failure::Wrong(_)))
}

pub(crate) fn are_found(module: &str, mistakes: &[Mistake]) {
    let missed: Vec<_> = mistakes.iter().filter(|mistake| !is_found(module, mistake)).collect();
    assert!(missed.is_empty(), "{module}: {missed:#?}");
}

#[test]
fn mistakes_in_operators_are_found() {
    are_found("protelis:lang:utils", &UTILS);
}

#[test]
fn mistakes_in_what_follows_time_are_found() {
    are_found("protelis:state:time", &TIME);
    are_found("protelis:state:nonselfstabilizing:time", &LATCH);
}

#[test]
fn mistakes_in_functions_about_functions_are_found() {
    are_found("protelis:coord:meta", &META);
    are_found("protelis:coord:meta:timereplication", &REPLICAS);
    are_found("protelis:coord:sharedtimer", &TIMER);
}

#[test]
fn mistakes_in_graphs_are_found() {
    are_found("protelis:coord:graph", &GRAPH);
}
