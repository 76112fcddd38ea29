//! What the tests of runs share.

use fieldrun_device::Program;
use fieldrun_sim::record::{Csv, JsonLines};
use fieldrun_sim::{Flow, Moment, Observer, Scenario, SimError, Summary, run};
use std::sync::Arc;

/// Distance in links from the devices that are sources.
pub(crate) const HOPS: &str = r#"
    share (d <- POSITIVE_INFINITY) {
        mux (env.get("source", false)) { 0 } else { minHood(d + 1) }
    }
"#;

pub(crate) fn program(text: &str) -> Arc<Program> {
    let loaded = fieldrun_stdlib::load_text("test.pt", text, &[]);
    loaded.unwrap_or_else(|error| panic!("{error}")).program
}

pub(crate) fn scenario(text: &str) -> Scenario {
    let text = format!("program = 'test.pt'\n{text}");
    Scenario::parse(&text, "test.toml").unwrap_or_else(|error| panic!("{error}"))
}

/// Runs and gives the JSON lines, the table and the summary.
pub(crate) fn outputs(scenario: &Scenario, program: &Arc<Program>) -> (String, String, Summary) {
    let (mut json, mut csv) = (Vec::new(), Vec::new());
    let mut observers: Vec<Box<dyn Observer>> =
        vec![Box::new(JsonLines::new(&mut json)), Box::new(Csv::new(&mut csv))];
    let summary = run(scenario, program, &mut observers).expect("runs");
    drop(observers);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (text(json), text(csv), summary)
}

pub(crate) fn json_lines(scenario: &str, text: &str) -> Vec<String> {
    let (json, ..) = outputs(&self::scenario(scenario), &program(text));
    json.lines().map(str::to_owned).collect()
}

/// An observer made of a closure.
pub(crate) struct Watch<F>(pub(crate) F);

impl<F: FnMut(&Moment<'_>) -> Flow> Observer for Watch<F> {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(self.0(moment))
    }
}
