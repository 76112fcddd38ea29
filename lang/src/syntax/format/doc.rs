//! Documents: text with places where lines may break.

/// An index into [`Docs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doc(u32);

#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A token of the source.
    Token(usize),
    /// A comment before the next token.
    Leading(usize),
    /// A comment behind the last token, at the end of its line.
    Trailing(usize),
    Space,
    /// A space, or a line break if the group is broken.
    Line,
    /// Nothing, or a line break if the group is broken.
    SoftLine,
    HardLine {
        /// Leaves a line free.
        blank: bool,
    },
    Concat(Vec<Doc>),
    Indent(Doc),
    /// Its lines break if it does not fit, or if they broke in the source.
    Group {
        body: Doc,
        broken: bool,
        /// Braces: rather than what stands before them on the line, they break.
        braces: bool,
    },
    /// Arguments of which the last is a function: rather than all of them, the function breaks.
    Hug {
        arguments: Doc,
        function: Doc,
    },
    /// What follows `=`: goes to the next line if it fits there and not here.
    Value(Doc),
}

/// All documents of a text; each is made of earlier ones.
#[derive(Debug, Default)]
pub(super) struct Docs {
    nodes: Vec<Node>,
    /// For each whether a line breaks in it in any case.
    breaks: Vec<bool>,
}

impl Docs {
    pub(super) fn add(&mut self, node: Node) -> Doc {
        let breaks = match &node {
            Node::HardLine { .. } => true,
            Node::Concat(parts) => parts.iter().any(|part| self.breaks(*part)),
            Node::Group { body, broken, .. } => *broken || self.breaks(*body),
            Node::Indent(body) | Node::Hug { arguments: body, .. } | Node::Value(body) => {
                self.breaks(*body)
            }
            _ => false,
        };
        self.nodes.push(node);
        self.breaks.push(breaks);
        Doc((self.nodes.len() - 1) as u32)
    }

    pub(super) fn breaks(&self, doc: Doc) -> bool {
        self.breaks.get(doc.0 as usize).is_some_and(|breaks| *breaks)
    }

    pub(super) fn concat(&mut self, parts: Vec<Doc>) -> Doc {
        self.add(Node::Concat(parts))
    }

    pub(super) fn indent(&mut self, parts: Vec<Doc>) -> Doc {
        let body = self.concat(parts);
        self.add(Node::Indent(body))
    }

    pub(super) fn group(&mut self, parts: Vec<Doc>, broken: bool) -> Doc {
        let body = self.concat(parts);
        self.add(Node::Group { body, broken, braces: false })
    }

    /// Braces break if anything in them does.
    pub(super) fn braces(&mut self, body: Doc, broken: bool) -> Doc {
        let broken = broken || self.breaks(body);
        self.add(Node::Group { body, broken, braces: true })
    }

    pub(super) fn get(&self, doc: Doc) -> &Node {
        // Every index was handed out by `add`.
        self.nodes.get(doc.0 as usize).unwrap_or(&Node::Space)
    }

    /// Decides that a group breaks.
    pub(super) fn break_group(&mut self, doc: Doc) {
        if let Some(Node::Group { broken, .. }) = self.nodes.get_mut(doc.0 as usize) {
            *broken = true;
        }
    }
}
