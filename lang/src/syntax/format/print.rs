//! Documents to text: decides which groups break, and where comments go.

use super::super::ast::Module;
use super::doc::{Doc, Docs, Node};
use super::gaps::Gaps;
use super::{STEP, WIDTH};
use crate::source::Source;

/// A laid out text.
pub(super) struct Printed {
    pub(super) text: String,
    /// Whether laying it out again gives the same for certain.
    pub(super) settled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

#[derive(Clone, Copy, Debug)]
struct Task {
    indent: usize,
    mode: Mode,
    doc: Doc,
}

pub(super) fn print(
    source: &Source,
    module: &Module,
    gaps: &Gaps,
    docs: Docs,
    whole: Doc,
) -> Printed {
    let mut printer = Printer {
        source,
        module,
        gaps,
        docs,
        out: Printed { text: String::with_capacity(source.text.len()), settled: true },
        column: 0,
        indent: 0,
        fresh: true,
        blank: false,
        space: false,
        trailing: Vec::new(),
    };
    printer.run(whole);
    if !printer.out.text.is_empty() {
        printer.new_line(0, false);
    }
    printer.out
}

struct Printer<'a> {
    source: &'a Source,
    module: &'a Module,
    gaps: &'a Gaps,
    docs: Docs,
    out: Printed,
    column: usize,
    /// Of the line that is begun.
    indent: usize,
    /// Nothing stands on the line yet.
    fresh: bool,
    /// A line is left free before the next text.
    blank: bool,
    /// A space is due before the next text.
    space: bool,
    /// Comments for the end of the line.
    trailing: Vec<usize>,
}

impl Printer<'_> {
    fn run(&mut self, whole: Doc) {
        let mut tasks = vec![Task { indent: 0, mode: Mode::Broken, doc: whole }];
        while let Some(task) = tasks.pop() {
            let Task { indent, mode, doc } = task;
            match *self.docs.get(doc) {
                Node::Token(at) => self.token(at),
                Node::Leading(comment) => self.leading(comment, indent),
                Node::Trailing(comment) if self.ends_line(comment) => self.trailing.push(comment),
                Node::Trailing(comment) => self.inline(comment, indent),
                Node::Space => self.space = true,
                Node::Line if mode == Mode::Flat => self.space = true,
                Node::SoftLine if mode == Mode::Flat => {}
                Node::Line | Node::SoftLine => self.new_line(indent, false),
                Node::HardLine { blank } => self.new_line(indent, blank),
                Node::Concat(ref parts) => {
                    tasks.extend(parts.iter().rev().map(|doc| Task { doc: *doc, ..task }));
                }
                // In a group on one line only what opens at its end can break: no step for that.
                Node::Indent(body) => {
                    let step = if mode == Mode::Flat { 0 } else { STEP };
                    tasks.push(Task { indent: indent + step, doc: body, ..task });
                }
                Node::Group { body, broken, .. } => {
                    let flat = !broken && self.fits(doc, None, &tasks, self.column());
                    let mode = if flat { Mode::Flat } else { Mode::Broken };
                    tasks.push(Task { indent, mode, doc: body });
                }
                Node::Hug { arguments, function } => {
                    let column = self.column();
                    if !self.fits(arguments, None, &tasks, column)
                        && self.fits(arguments, Some(function), &tasks, column)
                    {
                        self.docs.break_group(function);
                    }
                    tasks.push(Task { doc: arguments, ..task });
                }
                Node::Value(value) => {
                    let below = indent + STEP;
                    let moves = !self.fits(value, None, &tasks, self.column() + 1)
                        && self.fits(value, None, &tasks, below);
                    if moves {
                        self.new_line(below, false);
                        tasks.push(Task { indent: below, mode, doc: value });
                    } else {
                        self.space = true;
                        tasks.push(Task { doc: value, ..task });
                    }
                }
            }
        }
    }

    /// Where the next text would begin.
    fn column(&self) -> usize {
        if self.fresh { self.indent } else { self.column + usize::from(self.space) }
    }

    /// Whether a document, flat but for what is broken in any case, fits into the rest of the line,
    /// up to the first line break. `breaking` is a group to be broken.
    fn fits(&self, doc: Doc, breaking: Option<Doc>, rest: &[Task], column: usize) -> bool {
        let mut width = column;
        let mut todo = vec![(Mode::Flat, doc)];
        let mut rest = rest.iter().rev();
        let mut beyond = false;
        while width <= WIDTH {
            let (mode, doc) = match todo.pop() {
                Some(next) => next,
                None => match rest.next() {
                    Some(task) => {
                        beyond = true;
                        (task.mode, task.doc)
                    }
                    None => return true,
                },
            };
            match *self.docs.get(doc) {
                Node::Token(at) => {
                    let text = self.token_text(at);
                    width += text.split('\n').next().unwrap_or("").chars().count();
                    if text.contains('\n') {
                        return width <= WIDTH;
                    }
                }
                Node::Trailing(comment) if self.ends_line(comment) => {}
                Node::Leading(comment) if !self.gaps.manner(comment).inline => return true,
                Node::Leading(comment) | Node::Trailing(comment) => {
                    width += self.comment_text(comment).chars().count() + 1;
                }
                Node::HardLine { .. } => return true,
                Node::Space => width += 1,
                Node::Line | Node::SoftLine if mode == Mode::Broken => return true,
                Node::Line => width += 1,
                Node::SoftLine => {}
                Node::Concat(ref parts) => todo.extend(parts.iter().rev().map(|p| (mode, *p))),
                Node::Indent(body) => todo.push((mode, body)),
                Node::Group { body, broken, braces } => {
                    let breaks = broken || breaking == Some(doc) || (beyond && braces);
                    todo.push((if breaks { Mode::Broken } else { Mode::Flat }, body));
                }
                Node::Hug { arguments, .. } => todo.push((mode, arguments)),
                // It may go to the next line.
                Node::Value(_) if beyond => return true,
                Node::Value(value) => {
                    width += 1;
                    todo.push((mode, value));
                }
            }
        }
        false
    }

    fn token_text(&self, at: usize) -> &str {
        let token = self.module.tokens.get(at);
        token.and_then(|t| self.source.text.get(t.start as usize..t.end as usize)).unwrap_or("")
    }

    fn comment_text(&self, comment: usize) -> &str {
        self.module.comments.get(comment).map_or("", |span| span.text().trim_end())
    }

    fn token(&mut self, at: usize) {
        // The source outlives the printer: a slice of it can be written while the printer changes.
        let token = self.module.tokens.get(at);
        let source = self.source;
        let text = token.and_then(|t| source.text.get(t.start as usize..t.end as usize));
        let text = text.unwrap_or("");
        // Only a comment leaves a space before these, or a free line.
        self.blank &= !matches!(text, ")" | "]" | "}");
        self.space &= !matches!(text, ")" | "]" | "," | ";" | ".");
        self.write(text);
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.fresh {
            if self.blank && !self.out.text.is_empty() {
                self.out.text.push('\n');
            }
            self.out.text.extend(std::iter::repeat_n(' ', self.indent));
            self.column = self.indent;
        } else if self.space {
            self.out.text.push(' ');
            self.column += 1;
        }
        self.fresh = false;
        self.blank = false;
        self.space = false;
        self.out.text.push_str(text);
        self.column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.column + text.chars().count(),
        };
    }

    fn new_line(&mut self, indent: usize, blank: bool) {
        for (n, comment) in std::mem::take(&mut self.trailing).into_iter().enumerate() {
            if n > 0 {
                // It gets a line of its own; where that belongs is seen when it is read again.
                self.out.settled = false;
                self.fresh_line(self.indent.max(indent), false);
            }
            self.space = true;
            self.comment(comment);
        }
        self.fresh_line(indent, blank);
    }

    fn fresh_line(&mut self, indent: usize, blank: bool) {
        if !self.fresh {
            self.out.text.push('\n');
        }
        self.fresh = true;
        self.blank |= blank;
        self.space = false;
        self.indent = indent;
    }

    /// A comment before a token: on a line of its own, or inline as it was.
    fn leading(&mut self, comment: usize, indent: usize) {
        let manner = self.gaps.manner(comment);
        if manner.inline {
            return self.inline(comment, indent);
        }
        if !self.fresh {
            self.new_line(indent, false);
        }
        self.comment(comment);
        self.fresh_line(indent, manner.blank_after);
    }

    /// A comment between the tokens of a line.
    fn inline(&mut self, comment: usize, indent: usize) {
        if !self.trailing.is_empty() {
            // Comments keep their order.
            self.out.settled = false;
            self.new_line(indent, false);
        }
        self.space |= !self.out.text.ends_with(['(', '[', '!']);
        self.comment(comment);
        self.space = true;
    }

    /// Whether nothing can follow a comment on its line.
    fn ends_line(&self, comment: usize) -> bool {
        self.comment_text(comment).starts_with("//")
    }

    /// The text of a comment. Lines that begin with a star are aligned below the first one.
    fn comment(&mut self, comment: usize) {
        let module = self.module;
        let Some(span) = module.comments.get(comment) else { return };
        let mut lines = span.text().lines().map(str::trim_end);
        self.write(lines.next().unwrap_or(""));
        let starred = span.text().lines().skip(1).all(|line| line.trim_start().starts_with('*'));
        let indent = self.indent;
        for line in lines {
            self.out.text.push('\n');
            if starred {
                self.out.text.extend(std::iter::repeat_n(' ', indent + 1));
                self.out.text.push_str(line.trim_start());
            } else {
                self.out.text.push_str(line);
            }
            self.column = WIDTH.min(line.chars().count());
        }
    }
}
