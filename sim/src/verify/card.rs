//! Guarantee cards: what a block promises, and what was measured of it.

use super::block::{Block, Promise};
use super::case::Trouble;
use super::{Report, Summed};
use std::fmt::Write as _;

/// What to use where a block does not do, by functions; `@instead` in the documentation says it of others.
const INSTEAD: [(&str, &str); 10] = [
    ("distanceTo", "`distance` on moving networks: false values rise by half the longest link"),
    ("crfGradient", "`bisGradient`, which heals in fewer rounds"),
    ("C", "`cMultiMin`, `cMultiMax` or `cMultiSum` where parents change often"),
    ("countDevices", "`cMultiSum(potential, 1)` where parents change often"),
    ("S", "`boundedElection`, where it matters who leads: it elects by strength"),
    ("gossip", "`replicatedGossip`, which forgets; `cossip` towards a sink"),
    ("gossipEver", "`recentlyAnywhere`, which forgets"),
    ("exponentialBackoffFilter", "itself, of a signal that is never infinite"),
    ("anyTime", "`isRecentEvent`"),
    ("once", "a value from the environment"),
];

const TROUBLES: [(Trouble, &str); 5] = [
    (Trouble::None, "none, from a fresh start"),
    (Trouble::Corruption, "state and messages arbitrary"),
    (Trouble::Restarts, "a third of the devices restarted, twice"),
    (Trouble::Loss, "a fifth of the messages lost, the others late by up to 0.7 s, all the time"),
    (Trouble::All, "all of these"),
];

/// The card of a block as a page; `documentation` is what stands above its text.
pub fn card(block: &Block, documentation: &str, report: &Report) -> String {
    let mut page = format!("# {}\n\n`{}`\n\n", block.function(), block.name);
    for line in documentation.lines() {
        match line.strip_prefix('@') {
            Some(tag) => {
                let _ = writeln!(page, "* {tag}");
            }
            None => {
                let _ = writeln!(page, "{line}");
            }
        }
    }
    let all = report.summed(None);
    let _ = write!(
        page,
        "\n| | |\n|---|---|\n| self-stabilising | {} |\n| a message | {:.0} bytes |\n\
         | a round | {:.0} steps |\n",
        promise(block, report),
        all.bytes,
        all.steps
    );
    if let Some((_, instead)) = INSTEAD.iter().find(|(name, _)| *name == block.function()) {
        let _ = writeln!(page, "| instead | {instead} |");
    }
    let _ = write!(
        page,
        "\nRounds from the last fault until all values were right for good:\n\n\
         | faults | cases | median | most | most for each link of the diameter |\n|---|---|---|---|---|\n"
    );
    for (trouble, text) in TROUBLES {
        let Summed { cases, median, most, most_per_hop, .. } = report.summed(Some(trouble));
        if cases > 0 {
            let _ = writeln!(page, "| {text} | {cases} | {median} | {most} | {most_per_hop:.1} |");
        }
    }
    let _ = write!(
        page,
        "\nMeasured by `fieldrun verify` in {} cases with\n\n```\n{}\n```\n",
        report.cases,
        block.application()
    );
    page
}

fn promise(block: &Block, report: &Report) -> String {
    match (block.promise, &report.failure) {
        (_, Some(_)) => "no: a case failed".to_owned(),
        (Promise::Heals, None) => format!("yes, in all {} cases with faults", report.struck),
        (Promise::Remembers, None) => {
            format!("no: what faults left stayed in {} of {} cases", report.kept, report.struck)
        }
    }
}

/// The table of all cards.
pub fn index(rows: &[(&Block, &Report)]) -> String {
    let mut page = "# The library, measured\n\nWritten by `fieldrun lib card --all --out docs/library`, never by hand. \
        Rounds are those from the last fault until all values were right for good, at most, in the cases of \
        `fieldrun verify`.\n"
        .to_owned();
    let mut module = "";
    for (block, report) in rows {
        if block.module() != module {
            module = block.module();
            let _ = write!(
                page,
                "\n## {module}\n\n| | self-stabilising | rounds | for each link of the diameter | bytes | steps |\n\
                 |---|---|---|---|---|---|\n"
            );
        }
        let heals = if block.promise == Promise::Heals { "yes" } else { "no" };
        let Summed { most, most_per_hop, bytes, steps, .. } = report.summed(None);
        let name = block.function();
        let _ = writeln!(
            page,
            "| [{name}]({name}.md) | {heals} | {most} | {most_per_hop:.1} | {bytes:.0} | {steps:.0} |"
        );
    }
    page
}
