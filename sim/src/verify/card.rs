//! Guarantee cards: what a block promises, and what was measured of it.

use super::block::{Block, Promise};
use super::case::Trouble;
use super::motion::{Moving, SPEED};
use super::{Report, Summed};
use serde_json::json;
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

const TROUBLES: [(Trouble, &str); 9] = [
    (Trouble::None, "none, from a fresh start"),
    (Trouble::Corruption, "state and messages arbitrary"),
    (Trouble::Restarts, "a third of the devices restarted, twice"),
    (Trouble::Changes, "what four of ten devices read changes"),
    (Trouble::Churn, "a fifth of the devices leaves, a fifth joins late"),
    (Trouble::Motion, "half of the devices move elsewhere"),
    (Trouble::Loss, "messages late by up to 0.7 s, a tenth lost, all the time"),
    (Trouble::HeavyLoss, "the same, three tenths lost"),
    (Trouble::All, "arbitrary state, restarts, a fifth lost"),
];

/// What is known of a block.
#[derive(Clone, Debug)]
pub struct Card<'a> {
    /// The block.
    pub block: &'a Block,
    /// What stands above its text.
    pub documentation: String,
    /// What its cases showed.
    pub report: &'a Report,
    /// What it does while devices move, where that can be told.
    pub moving: Option<Moving>,
}

impl Card<'_> {
    /// The card as a page.
    pub fn page(&self) -> String {
        let Self { block, documentation, report, moving } = self;
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
        if let Some(Moving { median, most, worst, right }) = moving {
            let _ = writeln!(
                page,
                "| while half of the devices move, {SPEED} of the radius a round | {:.0} % of the values \
                 right, relative error {median:.2} in the middle, {most:.2} at most in nine of ten, {worst:.2} at worst |",
                right * 100.0
            );
        }
        if let Some(instead) = self.instead() {
            let _ = writeln!(page, "| instead | {instead} |");
        }
        page += "\nRounds from the last fault until all values were right for good:\n\n\
            | faults | cases | median | most | most for each link of the diameter |\n\
            |---|---|---|---|---|\n";
        for (text, Summed { cases, median, most, most_per_hop, .. }) in rows(report) {
            let _ = writeln!(page, "| {text} | {cases} | {median} | {most} | {most_per_hop:.1} |");
        }
        let _ = write!(
            page,
            "\nMeasured by `fieldrun verify` in {} cases with\n\n```\n{}\n```\n",
            report.cases,
            block.application()
        );
        page
    }

    /// The card as an object.
    pub fn json(&self) -> serde_json::Value {
        let Self { block, documentation, report, moving } = self;
        let all = report.summed(None);
        let faults = rows(report).map(|(text, summed)| {
            json!({
                "faults": text,
                "cases": summed.cases,
                "rounds": { "median": summed.median, "most": summed.most },
                "most_per_hop": summed.most_per_hop,
            })
        });
        json!({
            "name": block.name,
            "documentation": documentation,
            "application": block.application(),
            "cases": report.cases,
            "passes": report.failure.is_none(),
            "self_stabilising": block.promise == Promise::Heals,
            "with_faults": report.struck,
            "kept_faults": report.kept,
            "bytes_a_message": all.bytes,
            "steps_a_round": all.steps,
            "settling": faults.collect::<Vec<_>>(),
            "moving": moving.map(|Moving { median, most, worst, right }| json!({
                "speed_in_radius_a_round": SPEED,
                "right": right,
                "relative_error": { "median": median, "nine_of_ten": most, "worst": worst },
            })),
            "instead": self.instead(),
        })
    }

    fn instead(&self) -> Option<&'static str> {
        let found = INSTEAD.iter().find(|(name, _)| *name == self.block.function());
        found.map(|(_, instead)| *instead)
    }
}

/// What cases showed, by the faults in them.
fn rows(report: &Report) -> impl Iterator<Item = (&'static str, Summed)> {
    let rows = TROUBLES.into_iter();
    let rows = rows.map(|(trouble, text)| (text, report.summed(Some(trouble))));
    rows.filter(|(_, summed)| summed.cases > 0)
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
        let (name, file) = (block.function(), block.page());
        let _ = writeln!(
            page,
            "| [{name}]({file}.md) | {heals} | {most} | {most_per_hop:.1} | {bytes:.0} | {steps:.0} |"
        );
    }
    page
}
