//! `[[fault]]`: what is done to devices.

use super::super::problem::Problems;
use super::super::read::{self, Section};
use super::super::{Fault, FaultKind};
use super::id;

pub(super) fn read_faults(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Fault> {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Corrupt,
        Restart,
    }
    let words = [("corrupt", Kind::Corrupt), ("restart", Kind::Restart)];
    let mut faults = Vec::new();
    for (span, mut section) in root.sections("fault", "[[fault]]", problems) {
        let kind = section.read("kind", problems, |item| read::word(item, &words));
        if kind.is_none() && section.key_span("kind").is_none() {
            problems.add(span, "nobody says what the fault is", "Add kind = \"corrupt\".");
        }
        let down = match kind {
            Some(Kind::Restart) => section.read("down", problems, read::duration),
            _ => {
                section.refuse("down", "only \"restart\" has it", problems);
                None
            }
        };
        let at = section.read("at", problems, read::duration).unwrap_or_default();
        let ids = section.read("ids", problems, |item| read::list(item, id)).unwrap_or_default();
        section.finish(problems);
        faults.extend(kind.map(|kind| {
            let kind = match kind {
                Kind::Corrupt => FaultKind::Corrupt,
                Kind::Restart => FaultKind::Restart { down: down.unwrap_or_default() },
            };
            Fault { kind, at, ids }
        }));
    }
    faults
}
