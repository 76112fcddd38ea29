//! Comments that allow a warning: `// allow FR-L056`, and perhaps why.

use super::MAX_FINDINGS;
use crate::diag::{DiagCode, Diagnostic, Severity};
use crate::source::{Source, Span};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// One code of an allow comment.
struct Allowance {
    code: DiagCode,
    /// Where it is written.
    span: Span,
    used: bool,
}

/// The allow comments of a program.
#[derive(Default)]
pub(crate) struct Allowances {
    all: Vec<Allowance>,
    /// Those that speak of a line of a source.
    lines: FxHashMap<(usize, usize), Vec<usize>>,
    /// What is wrong with the comments themselves.
    findings: Vec<Diagnostic>,
}

fn address(source: &Arc<Source>) -> usize {
    Arc::as_ptr(source) as usize
}

impl Allowances {
    /// Reads the comments of one source text.
    pub(crate) fn read(&mut self, comments: &[Span]) {
        let (mut line, mut counted) = (1, 0);
        for comment in comments {
            let (text, start) = (comment.text(), comment.start as usize);
            let passed = comment.source.text.get(counted..start).unwrap_or_default();
            line += passed.matches('\n').count();
            counted = start;
            let words = text.strip_prefix("//").map(str::trim_start);
            if let Some(list) = words.and_then(|words| words.strip_prefix("allow ")) {
                self.read_list(comment, line, list);
            }
        }
    }

    /// Codes separated by commas or spaces; anything behind them says why.
    fn read_list(&mut self, comment: &Span, line: usize, list: &str) {
        let source = &comment.source;
        let before = source.text.get(..comment.start as usize).unwrap_or_default();
        let alone = before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty());
        let line = line + usize::from(alone);
        let mut at = comment.end as usize - list.len();
        for piece in list.split_inclusive([',', ' ']) {
            let word = piece.trim_matches([',', ' ', ':', '\r']);
            let start = at + piece.find(word).unwrap_or(0);
            at += piece.len();
            if word.is_empty() {
                continue;
            }
            if !looks_like_a_code(word) {
                break;
            }
            let end = start + word.len();
            let span = Span { source: source.clone(), start: start as u32, end: end as u32 };
            match DiagCode::find(word).filter(|code| code.severity() != Severity::Error) {
                Some(code) => {
                    let here = self.lines.entry((address(source), line)).or_default();
                    here.push(self.all.len());
                    self.all.push(Allowance { code, span, used: false });
                }
                None if self.findings.len() < MAX_FINDINGS => {
                    self.findings.push(unknown(word, &span));
                }
                None => {}
            }
        }
    }

    /// Removes warnings that are allowed; adds warnings about comments that allow nothing.
    pub(crate) fn apply(mut self, findings: &mut Vec<Diagnostic>) {
        // Of very many findings only the first are known: the comments may allow others.
        let all_known = findings.len() < MAX_FINDINGS;
        findings.retain(|finding| !self.allows(finding));
        findings.extend(self.findings);
        let idle = self.all.iter().filter(|allowance| all_known && !allowance.used);
        findings.extend(idle.take(MAX_FINDINGS).map(|allowance| {
            let message = format!("there is no {} to allow here", allowance.code);
            Diagnostic::warning(DiagCode::IdleAllow, &allowance.span, message).help(
                "remove the comment; it speaks of its own line, or of the next if it stands alone",
            )
        }));
    }

    fn allows(&mut self, finding: &Diagnostic) -> bool {
        if finding.severity == Severity::Error || self.lines.is_empty() {
            return false;
        }
        let Some(span) = &finding.span else { return false };
        let here = self.lines.get(&(address(&span.source), span.line()));
        let mut allowed = false;
        for index in here.into_iter().flatten() {
            if let Some(allowance) = self.all.get_mut(*index).filter(|a| a.code == finding.code) {
                allowance.used = true;
                allowed = true;
            }
        }
        allowed
    }
}

/// `FR-L056` or `L056`, known or not; reasons are other words.
fn looks_like_a_code(word: &str) -> bool {
    let upper = word.to_uppercase();
    let number = upper.strip_prefix(['L', 'R']).unwrap_or_default();
    upper.starts_with("FR-") || (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

fn unknown(word: &str, span: &Span) -> Diagnostic {
    let (message, help) = match DiagCode::find(word) {
        Some(code) => (
            format!("{code} is an error and cannot be allowed"),
            "the program cannot run with it: mend it".to_owned(),
        ),
        None => (
            format!("there is no code {word}"),
            match DiagCode::nearest(word) {
                Some(near) => format!("did you mean {near}? `fieldrun explain` lists all codes"),
                None => "`fieldrun explain` lists all codes".to_owned(),
            },
        ),
    };
    Diagnostic::warning(DiagCode::UnknownAllow, span, message).help(help)
}
