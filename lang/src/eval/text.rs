//! `eval(text)`: a program inside the program.

use super::{Fault, Path, Round, frame};
use crate::diag::{DiagCode, Diagnostics, Severity};
use crate::program::{Expr, Program, Unit};
use crate::resolve::load_unit;
use crate::source::Source;
use crate::value::Value;
use std::sync::Arc;

impl Round<'_> {
    /// Runs the text below this place; it does not see the caller's variables [K11]. Neighbours
    /// that evaluate the same program here are aligned.
    #[inline(never)]
    pub(super) fn eval_text(&mut self, text: &Expr) -> Result<Value, Fault> {
        let path = self.path.push(frame::EVAL);
        let text = match self.below(frame::EVAL + 1, |round| round.value(text))? {
            Value::Text(text) => text,
            other => {
                let message = format!("`eval` takes a text, found {other} ({})", other.kind());
                return Err(
                    Fault::new(DiagCode::BadEval, message).help("write the program in quotes")
                );
            }
        };
        let (unit, known) = self.unit_of(path, &text)?;
        let Some(main) = &unit.main else {
            return Err(Fault::new(DiagCode::BadEval, "the evaluated text has nothing to run")
                .help("end it with an expression"));
        };
        let saved = std::mem::replace(&mut self.unit, unit.clone());
        let outer = self.current.take();
        let enclosing = self.new_text;
        self.new_text |= !known;
        let result = self.below(frame::EVAL + 2, |round| round.block(main));
        self.new_text = enclosing;
        self.current = outer;
        self.unit = saved;
        result
    }

    /// The loaded text, and whether it is that of the round before: parsed again only if not.
    fn unit_of(&mut self, path: Path, text: &Arc<str>) -> Result<(Arc<Unit>, bool), Fault> {
        let known = self.input.state.texts.get(&path.hash).filter(|(old, _)| old == text);
        let unit = match known {
            Some((_, unit)) => unit.clone(),
            None => Arc::new(evaluated_text(self.program, text)?),
        };
        self.units.insert(unit.fingerprint, unit.clone());
        self.texts.insert(path.hash, (text.clone(), unit.clone()));
        Ok((unit, known.is_some()))
    }
}

/// Loads a text that a program evaluates.
pub(crate) fn evaluated_text(program: &Program, text: &str) -> Result<Unit, Fault> {
    let source = Source::new("evaluated text", text);
    let mut findings = Vec::new();
    let (unit, _) = load_unit(&source, &program.options, &mut findings);
    findings.retain(|d| d.severity == Severity::Error);
    if findings.is_empty() {
        return Ok(unit);
    }
    let rendered = Diagnostics(findings).render(false);
    Err(Fault::new(DiagCode::BadEval, "the evaluated text does not load").help(rendered))
}
