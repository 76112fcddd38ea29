//! Running a case and comparing.

use super::chapter::{Case, Check, Expected, When};
use super::nets;
use crate::network::{Network, Outcome};
use fieldrun_device::host::Action;
use fieldrun_lang::{LoadOptions, ModuleSource, Program, Source, load};
use fieldrun_stdlib::{HOST_FUNCTIONS, Library};
use std::sync::Arc;

/// Rounds for which a settled network must stay as it is.
const STEADY: usize = 10;

/// The modules of a chapter before those of the library.
#[derive(Debug)]
struct Modules(Vec<(String, String)>, Library);

impl ModuleSource for Modules {
    fn module(&self, name: &str) -> Option<Arc<Source>> {
        let own = self.0.iter().find(|(known, _)| known == name);
        own.map(|(name, text)| Source::new(name, text)).or_else(|| self.1.module(name))
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).chain(self.1.names()).collect()
    }
}

/// Loads a program: itself with the texts of its findings, or the text of what is wrong.
pub(crate) fn loaded(
    text: &str,
    modules: &[(String, String)],
) -> Result<(Arc<Program>, Vec<String>), String> {
    let options = LoadOptions {
        modules: Arc::new(Modules(modules.to_vec(), Library::default())),
        host_functions: HOST_FUNCTIONS.iter().map(|name| (*name).to_owned()).collect(),
        dialect: false,
    };
    match load(&Source::new("program.pt", text), &options) {
        Err(diagnostics) => Err(diagnostics.to_string()),
        Ok(program) => {
            let findings = program.findings.iter().map(|f| f.to_string()).collect();
            Ok((Arc::new(program), findings))
        }
    }
}

/// What does not hold, each with its line.
pub(crate) fn failures(case: &Case, modules: &[(String, String)]) -> Vec<String> {
    let (program, findings) = match loaded(&case.program, modules) {
        Ok(loaded) => loaded,
        Err(error) => return case.checks.iter().filter_map(|c| refused(case, c, &error)).collect(),
    };
    let outcomes = case.network.run(&program, rounds_needed(case));
    let run = Run { network: &case.network, findings: &findings, outcomes: &outcomes };
    let failed = case.checks.iter().filter_map(|c| Some((c.line, run.failure(c)?)));
    failed.map(|(line, what)| report(case, line, &what)).collect()
}

fn report(case: &Case, line: usize, what: &str) -> String {
    format!("{line}: {what}\n  in:\n    {}", case.program.trim().replace('\n', "\n    "))
}

/// A check of a program that does not load.
fn refused(case: &Case, check: &Check, error: &str) -> Option<String> {
    let fits = matches!(check.when, When::Load | When::Anywhere)
        && matches!(check.expected.as_slice(), [Expected::Error(text)] if contains(error, text));
    (!fits).then(|| {
        let error = error.replace('\n', "\n    ");
        report(
            case,
            check.line,
            &format!("expected {:?}, but it does not load:\n    {error}", check.expected),
        )
    })
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn rounds_needed(case: &Case) -> usize {
    let needed = case.checks.iter().map(|check| match check.when {
        When::Load => 0,
        When::Anywhere => 1,
        When::EveryRound => 10,
        When::Round(n, _) | When::Action(n, _) => n,
        When::Settled(after) => after + STEADY,
    });
    needed.max().unwrap_or(0)
}

struct Run<'a> {
    network: &'a Network,
    findings: &'a [String],
    outcomes: &'a [Vec<Option<Outcome>>],
}

impl Run<'_> {
    fn node(&self, name: Option<&str>) -> Result<usize, String> {
        match name {
            None if self.network.nodes.len() == 1 => Ok(0),
            None => Err("say which device: `at NAME`".to_owned()),
            Some(name) => {
                let at = self.network.nodes.iter().position(|(node, _)| *node == nets::id(name));
                at.ok_or_else(|| format!("there is no device `{name}`"))
            }
        }
    }

    fn outcome(&self, node: usize, round: usize) -> Option<&Outcome> {
        self.outcomes.get(node)?.get(round - 1)?.as_ref()
    }

    /// What is wrong, if anything.
    fn failure(&self, check: &Check) -> Option<String> {
        let first = check.expected.first().unwrap_or(&Expected::Anything);
        match &check.when {
            When::Load => self.finding(first),
            When::Anywhere => self.value(0, 1, first),
            When::EveryRound => (0..self.network.nodes.len())
                .flat_map(|node| (1..=10).map(move |round| (node, round)))
                .find_map(|(node, round)| self.value(node, round, first)),
            When::Round(round, name) => match self.node(name.as_deref()) {
                Ok(node) => self.value(node, *round, first),
                Err(error) => Some(error),
            },
            When::Settled(after) => self.settled(*after, &check.expected),
            When::Action(round, name) => match self.node(name.as_deref()) {
                Ok(node) => self.action(node, *round, first),
                Err(error) => Some(error),
            },
        }
    }

    fn finding(&self, expected: &Expected) -> Option<String> {
        let fits = match expected {
            Expected::Warning(text) => self.findings.iter().any(|f| contains(f, text)),
            Expected::Quiet => self.findings.is_empty(),
            _ => false,
        };
        let said = self.findings.join("\n").replace('\n', "\n    ");
        (!fits).then(|| format!("expected {expected:?}, but it loads and says\n    {said}"))
    }

    fn value(&self, node: usize, round: usize, expected: &Expected) -> Option<String> {
        let Some(outcome) = self.outcome(node, round) else {
            return Some(format!("the device did not run in round {round}"));
        };
        let fits = match (expected, &outcome.value) {
            (Expected::Anything, _) => true,
            (Expected::Text(text), Ok(value)) => value.to_string() == *text,
            (Expected::Near(x), Ok(value)) => {
                value.to_string().parse::<f64>().is_ok_and(|y| (x - y).abs() <= 0.001)
            }
            (Expected::Error(text), Err(error)) => contains(error, text),
            _ => false,
        };
        let got = match &outcome.value {
            Ok(value) => value.to_string(),
            Err(error) => error.replace('\n', "\n    "),
        };
        let id = &self.network.nodes.get(node)?.0;
        (!fits)
            .then(|| format!("device {id}, round {round}: expected {expected:?}, got\n    {got}"))
    }

    fn settled(&self, after: usize, expected: &[Expected]) -> Option<String> {
        let nodes = self.network.nodes.len();
        if expected.len() != 1 && expected.len() != nodes {
            return Some(format!("{} values for {nodes} devices", expected.len()));
        }
        let of =
            |node: usize| if expected.len() == 1 { expected.first() } else { expected.get(node) };
        let (node, round, what) = (after..=after + STEADY)
            .flat_map(|round| (0..nodes).map(move |node| (node, round)))
            .find_map(|(node, round)| Some((node, round, self.value(node, round, of(node)?)?)))?;
        let all: Vec<String> = (0..nodes)
            .map(|n| match self.outcome(n, round).map(|o| &o.value) {
                Some(Ok(value)) => value.to_string(),
                Some(Err(_)) => "(an error)".to_owned(),
                None => "(silent)".to_owned(),
            })
            .collect();
        Some(format!("{what}\n    (device {node}; all: {})", all.join(" | ")))
    }

    fn action(&self, node: usize, round: usize, expected: &Expected) -> Option<String> {
        let actions = self.outcome(node, round).map(|o| o.actions.as_slice()).unwrap_or_default();
        let names: Vec<&str> = actions.iter().map(|Action { name, .. }| name.as_str()).collect();
        let got = if names.is_empty() { "none".to_owned() } else { names.join(" ") };
        let fits = matches!(expected, Expected::Text(text) if *text == got);
        (!fits).then(|| format!("round {round}: expected action {expected:?}, got {got}"))
    }
}
