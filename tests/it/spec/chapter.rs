//! Reading a chapter: blocks to cases.

use super::nets;
use crate::network::Network;
use std::collections::BTreeMap;

/// A chapter: its cases, and the modules that they may import.
#[derive(Default)]
pub(crate) struct Chapter {
    pub(crate) cases: Vec<Case>,
    pub(crate) modules: Vec<(String, String)>,
}

/// A program and what it is to do.
pub(crate) struct Case {
    pub(crate) program: String,
    pub(crate) network: Network,
    pub(crate) checks: Vec<Check>,
}

/// One expectation.
pub(crate) struct Check {
    pub(crate) line: usize,
    pub(crate) when: When,
    /// For [`When::Settled`] one for each device, or a single one for all.
    pub(crate) expected: Vec<Expected>,
}

/// Where and when something is expected.
#[derive(Clone, Debug)]
pub(crate) enum When {
    Load,
    /// Loading, or the first round.
    Anywhere,
    EveryRound,
    /// Round (the first is 1) and device; the lone one if not said.
    Round(usize, Option<String>),
    /// After so many rounds, for ten more.
    Settled(usize),
    Action(usize, Option<String>),
}

/// What is expected.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    Text(String),
    Near(f64),
    Anything,
    Error(String),
    Warning(String),
    Quiet,
}

/// A fenced block.
struct Block<'a> {
    line: usize,
    kind: &'a str,
    lines: Vec<&'a str>,
}

impl Chapter {
    /// Reads the blocks of a text.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut chapter = Self::default();
        let mut nets = BTreeMap::from([(String::new(), Network::alone())]);
        let mut program: Option<(usize, String)> = None;
        for block in blocks(text) {
            let (word, rest) = block.kind.split_once(' ').unwrap_or((block.kind, ""));
            match (word, rest) {
                ("pt", "") => program = Some((block.line, block.lines.join("\n"))),
                ("pt", module) => {
                    let name = module.strip_prefix("module ").ok_or("`pt module NAME` is meant")?;
                    chapter.modules.push((name.to_owned(), block.lines.join("\n")));
                }
                ("net", name) => {
                    nets.insert(name.to_owned(), nets::read(block.line, &block.lines)?);
                }
                ("expect", net) => {
                    let (_, program) =
                        program.clone().ok_or_else(|| format!("{}: no program", block.line))?;
                    let network = known(&nets, net, block.line)?;
                    let checks = numbered(&block).map(|(at, line)| expectation(at, line));
                    let checks = checks.collect::<Result<Vec<_>, _>>()?.into_iter().flatten();
                    chapter.cases.push(Case { program, network, checks: checks.collect() });
                }
                ("value" | "rounds" | "settled", net) => {
                    let network = known(&nets, net, block.line)?;
                    chapter.table(word, &block, &network)?;
                }
                _ => {}
            }
        }
        Ok(chapter)
    }

    fn table(&mut self, kind: &str, block: &Block<'_>, network: &Network) -> Result<(), String> {
        let divider = block.lines.iter().position(|line| *line == "---");
        let preamble = divider.map_or(String::new(), |at| block.lines[..at].join("\n") + "\n");
        let rows = numbered(block).skip(divider.map_or(0, |at| at + 1));
        for (line, row) in rows.filter(|(_, row)| !row.is_empty() && !row.starts_with("# ")) {
            let (expression, right) =
                row.rsplit_once(" ==>").ok_or_else(|| format!("{line}: no `==>` in `{row}`"))?;
            self.cases.push(Case {
                program: format!("{preamble}{expression}"),
                network: network.clone(),
                checks: row_checks(kind, line, right.strip_prefix(' ').unwrap_or(right))?,
            });
        }
        Ok(())
    }
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (at, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                open = Some(Block { line: at + 2, kind: kind.trim(), lines: Vec::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.lines.push(line),
            (None, None) => {}
        }
    }
    blocks
}

fn numbered<'a>(block: &Block<'a>) -> impl Iterator<Item = (usize, &'a str)> {
    let first = block.line;
    block.lines.clone().into_iter().enumerate().map(move |(at, line)| (first + at, line))
}

fn known(nets: &BTreeMap<String, Network>, name: &str, line: usize) -> Result<Network, String> {
    nets.get(name).cloned().ok_or_else(|| format!("{line}: there is no network `{name}`"))
}

/// The checks of a table row.
fn row_checks(kind: &str, line: usize, right: &str) -> Result<Vec<Check>, String> {
    if let Some(check) = finding(line, right) {
        return Ok(vec![check]);
    }
    let values: Vec<Expected> = right.split(" | ").map(|v| expected(v.trim_end())).collect();
    let check = |when, expected| Check { line, when, expected };
    Ok(match kind {
        "value" => vec![check(When::Round(1, None), values)],
        "rounds" => rounds(line, &values, None),
        _ => match right.strip_prefix("all ") {
            Some(value) => vec![check(When::Settled(60), vec![expected(value)])],
            None => vec![check(When::Settled(60), values)],
        },
    })
}

/// One expectation for each of the rounds 1, 2, 3 …
fn rounds(line: usize, values: &[Expected], node: Option<&str>) -> Vec<Check> {
    let check = |(i, value): (usize, &Expected)| Check {
        line,
        when: When::Round(i + 1, node.map(str::to_owned)),
        expected: vec![value.clone()],
    };
    values.iter().enumerate().map(check).collect()
}

/// `load error: …`, `error: …`, `run error: …`, `warning: …`, `quiet`.
fn finding(line: usize, text: &str) -> Option<Check> {
    let error = |text: &str| Expected::Error(text.trim().to_owned());
    let (when, expected) = if text == "quiet" {
        (When::Load, Expected::Quiet)
    } else if let Some(text) = text.strip_prefix("load error:") {
        (When::Load, error(text))
    } else if let Some(text) = text.strip_prefix("run error:") {
        (When::Round(1, None), error(text))
    } else if let Some(text) = text.strip_prefix("error:").filter(|t| !t.contains(" | ")) {
        (When::Anywhere, error(text))
    } else {
        let text = text.strip_prefix("warning:").or_else(|| text.strip_prefix("notice:"))?;
        (When::Load, Expected::Warning(text.trim().to_owned()))
    };
    Some(Check { line, when, expected: vec![expected] })
}

/// A value, or what stands for one.
fn expected(text: &str) -> Expected {
    if text == "*" {
        return Expected::Anything;
    }
    if let Some(number) = text.strip_prefix('~').and_then(|n| n.parse().ok()) {
        return Expected::Near(number);
    }
    match text.strip_prefix("error:") {
        Some(text) => Expected::Error(text.trim().to_owned()),
        None => Expected::Text(text.to_owned()),
    }
}

/// A line of an `expect` block.
fn expectation(line: usize, text: &str) -> Result<Vec<Check>, String> {
    if text.is_empty() || text.starts_with("# ") {
        return Ok(Vec::new());
    }
    if let Some(check) = finding(line, text) {
        return Ok(vec![check]);
    }
    let (head, right) = text.split_once(": ").ok_or_else(|| format!("{line}: no `: `"))?;
    let (head, node) = match head.split_once(" at ") {
        Some((head, node)) => (head, Some(node.to_owned())),
        None => (head, None),
    };
    let number = |text: &str| text.parse::<usize>().map_err(|e| format!("{line}: `{text}`: {e}"));
    let one = |when| vec![Check { line, when, expected: vec![expected(right)] }];
    let values = || right.split(" | ").map(expected).collect::<Vec<_>>();
    let words: Vec<&str> = head.split(' ').collect();
    Ok(match words.as_slice() {
        ["every", "round"] => one(When::EveryRound),
        ["rounds"] => rounds(line, &values(), node.as_deref()),
        ["round", n] => one(When::Round(number(n)?, node)),
        ["action", n] => one(When::Action(number(n)?, node)),
        ["settled", rest @ ..] => {
            let after = match rest {
                ["after", n] => number(n)?,
                _ => 60,
            };
            let expected = match right.strip_prefix("all ") {
                Some(value) => vec![expected(value)],
                None => values(),
            };
            vec![Check { line, when: When::Settled(after), expected }]
        }
        _ => return Err(format!("{line}: cannot read `{text}`")),
    })
}
