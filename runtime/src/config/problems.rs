//! Problems of a configuration file, shown with the line they stand in.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// One thing that is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and how to mend it.
    pub message: String,
    source: String,
    width: usize,
}

impl Problem {
    /// A problem of the bytes `span` of `text`.
    pub(super) fn new(text: &str, span: Range<usize>, message: String) -> Self {
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let end = text.floor_char_boundary(span.end.clamp(start, text.len()));
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end =
            text.get(start..).and_then(|t| t.find('\n')).map_or(text.len(), |n| start + n);
        let source = text.get(line_start..line_end).unwrap_or_default().trim_end().to_owned();
        let in_line = text.get(start..end.min(line_end)).unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: text.get(line_start..start).unwrap_or_default().chars().count() + 1,
            message,
            source,
            width: in_line.trim_end().chars().count().max(1),
        }
    }
}

/// All problems of a configuration file.
#[derive(Debug)]
pub struct Problems {
    /// The file.
    pub path: PathBuf,
    /// In the order of the file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let (line, column) = (problem.line, problem.column);
            writeln!(f, "error: {}", problem.message)?;
            writeln!(f, "  --> {}:{line}:{column}", self.path.display())?;
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            writeln!(f, "{margin} |")?;
            writeln!(f, "{number} | {}", problem.source)?;
            let indent: String = problem
                .source
                .chars()
                .take(column - 1)
                .map(|c| if c == '\t' { c } else { ' ' })
                .collect();
            write!(f, "{margin} | {indent}{}", "^".repeat(problem.width))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_points_at_its_place() {
        let text = "a = 1\n\tbé = nonsense\nc = 3\n";
        let start = text.find("nonsense").unwrap();
        let problem = Problem::new(text, start..start + 8, "no number".to_owned());
        assert_eq!((problem.line, problem.column), (2, 7));
        let shown = Problems { path: "x.toml".into(), problems: vec![problem] }.to_string();
        assert_eq!(
            shown,
            "error: no number\n  --> x.toml:2:7\n  |\n2 | \tbé = nonsense\n  | \t     ^^^^^^^^"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_span_of_any_text_is_shown(text in "(\\PC|\n){0,40}", a in 0usize..60, b in 0usize..60) {
            let problem = Problem::new(&text, a..b, String::new());
            let _ = Problems { path: "x".into(), problems: vec![problem] }.to_string();
        }
    }
}
