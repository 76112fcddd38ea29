//! Tables of devices and lists of links.

use super::super::read::{Fault, fault};
use super::super::{Given, Node};
use super::at;
use csv::{ReaderBuilder, StringRecord};
use fieldrun_device::NodeId;
use fieldrun_device::host::Reading;
use std::collections::BTreeSet;

/// The most columns of a table.
const MAX_COLUMNS: usize = 1000;
/// The most links of a list.
const MAX_EDGES: usize = 50_000_000;

/// The rows of a table with a head, and where they stand.
pub(super) struct Rows<'a> {
    name: &'a str,
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    /// The names of the columns.
    pub(super) head: Vec<String>,
}

/// One row.
pub(super) struct Row<'a> {
    name: &'a str,
    text: &'a str,
    record: StringRecord,
}

impl<'a> Rows<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> Result<Self, Fault> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = ReaderBuilder::new()
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let head = reader.headers().map_err(|error| broken(name, &error))?;
        let head: Vec<String> = head.iter().map(str::to_owned).collect();
        if head.len() > MAX_COLUMNS {
            let help = format!("A table has at most {MAX_COLUMNS} columns.");
            return Err(at(name, 1, 1, "too many columns", &help));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = head.iter().find(|column| !seen.insert(*column)) {
            let message = format!("two columns are named `{twice}`");
            return Err(at(name, 1, 1, &message, "Rename one of them."));
        }
        Ok(Self { name, text, reader, head })
    }

    /// The number of a column that must be there.
    pub(super) fn column(&self, column: &str) -> Result<usize, Fault> {
        self.find(column).ok_or_else(|| {
            let message = format!("there is no column `{column}`");
            let help = format!("Columns are named by the first line: {}.", self.head.join(", "));
            at(self.name, 1, 1, &message, &help)
        })
    }

    /// The number of a column that may be there.
    pub(super) fn find(&self, column: &str) -> Option<usize> {
        self.head.iter().position(|known| known == column)
    }

    pub(super) fn next(&mut self) -> Result<Option<Row<'a>>, Fault> {
        let mut record = StringRecord::new();
        let more = self.reader.read_record(&mut record);
        let more = more.map_err(|error| broken(self.name, &error))?;
        Ok(more.then_some(Row { name: self.name, text: self.text, record }))
    }
}

impl Row<'_> {
    pub(super) fn get(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or("")
    }

    /// A finite number.
    pub(super) fn number(&self, column: usize) -> Result<f64, Fault> {
        let text = self.get(column);
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| {
            let what = if text.is_empty() { "a number is missing" } else { "not a finite number" };
            self.wrong(column, &format!("{what}: \"{text}\""), "Write a number such as 1 or 0.5.")
        })
    }

    /// A name of a device, or none.
    pub(super) fn id(&self, column: usize) -> Option<NodeId> {
        let text = self.get(column);
        (!text.is_empty()).then(|| id(text))
    }

    /// What is wrong with a column of this row.
    pub(super) fn wrong(&self, column: usize, message: &str, help: &str) -> Fault {
        let (line, start) = match self.record.position() {
            Some(position) => (position.line(), position.byte() as usize),
            None => (1, 0),
        };
        let row = self.text.get(start..).unwrap_or("");
        // Empty lines and comments before the row count as part of it.
        let (mut line, mut row) = (line, row);
        while let Some((first, rest)) = row.split_once('\n') {
            if !first.trim().is_empty() && !first.starts_with('#') {
                break;
            }
            (line, row) = (line + 1, rest);
        }
        at(self.name, line, column_start(row, column), message, help)
    }
}

/// In which character of a line, from 1, a field starts.
fn column_start(line: &str, field: usize) -> usize {
    let (mut quoted, mut field, mut column) = (false, field, 1);
    for letter in line.chars() {
        match letter {
            _ if field == 0 && letter != ' ' => break,
            '"' => quoted = !quoted,
            ',' if !quoted => field = field.saturating_sub(1),
            '\n' => break,
            _ => {}
        }
        column += 1;
    }
    column
}

fn broken(name: &str, error: &csv::Error) -> Fault {
    let line = error.position().map_or(1, csv::Position::line);
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields, where the first line has {expected_len}")
        }
        _ => "this is no table of values with commas between".to_owned(),
    };
    at(name, line, 1, &message, "Give every line as many fields as the first one.")
}

/// A device as tables name it: digits are a number.
fn id(text: &str) -> NodeId {
    text.parse().map_or_else(|_| NodeId::text(text), NodeId::Int)
}

/// A value of a table: truth value, number, or text.
fn reading(text: &str) -> Reading {
    match (text, text.parse()) {
        ("true", _) => Reading::Bool(true),
        ("false", _) => Reading::Bool(false),
        (_, Ok(number)) => Reading::Number(number),
        _ => Reading::text(text),
    }
}

pub(super) fn nodes(name: &str, text: &str, most: usize) -> Result<Vec<Node>, Fault> {
    let mut rows = Rows::new(name, text)?;
    let (x, y, z) = (rows.column("x")?, rows.column("y")?, rows.find("z"));
    let id = rows.find("id");
    let others: Vec<(usize, String)> = rows.head.iter().cloned().enumerate().collect();
    let own = [Some(x), Some(y), z, id];
    let others: Vec<_> = others.into_iter().filter(|(at, _)| !own.contains(&Some(*at))).collect();
    let mut nodes = Vec::new();
    let mut seen = BTreeSet::new();
    while let Some(row) = rows.next()? {
        if nodes.len() >= most {
            return Err(row.wrong(0, "too many devices", &format!("There is room for {most}.")));
        }
        let id = id.and_then(|id| Some((id, row.id(id)?)));
        if let Some((column, id)) = &id
            && !seen.insert(id.to_string())
        {
            let message = format!("a second device with the id {id}");
            return Err(row.wrong(*column, &message, "Rename one of them."));
        }
        let position: Result<_, Fault> =
            [Some(x), Some(y), z].into_iter().flatten().map(|at| row.number(at)).collect();
        let read = |(at, name): &(usize, String)| {
            let text = row.get(*at);
            (!text.is_empty()).then(|| (name.clone(), Given::Value(reading(text))))
        };
        let env = others.iter().filter_map(read).collect();
        nodes.push(Node { id: id.map(|(_, id)| id), position: position?, env, mobility: None });
    }
    if nodes.is_empty() {
        return Err(fault(format!("{name} has no devices"), "Add lines below the first one."));
    }
    Ok(nodes)
}

/// Pairs of ids, one a line, with a comma or space between; `#` starts a comment.
pub(super) fn edges(name: &str, text: &str) -> Result<Vec<(NodeId, NodeId)>, Fault> {
    let mut edges = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or("");
        let words = line.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] | ["from", "to"] => {}
            [a, b] if a != b => edges.push((id(a), id(b))),
            [a, _] => {
                let message = format!("{a} is linked with itself");
                return Err(at(name, number, 1, &message, "Name two devices."));
            }
            _ => return Err(at(name, number, 1, "not two devices", "Write a line such as 0,1.")),
        }
        if edges.len() > MAX_EDGES {
            let help = format!("There is room for {MAX_EDGES}.");
            return Err(at(name, number, 1, "too many links", &help));
        }
    }
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fault: Fault) -> String {
        fault.message
    }

    #[test]
    fn columns_beyond_the_place_are_what_programs_read() {
        let text = "# stations\nid,x,y,kind,level,on\n7,1,2.5,gate,3,true\ngate,-1,0,\"a, b\",,\n";
        let nodes = nodes("n.csv", text, 10).expect("a table");
        assert_eq!(nodes[0].id, Some(NodeId::Int(7)));
        assert_eq!(nodes[0].position, [1.0, 2.5]);
        let given = |name: &str, value| (name.to_owned(), Given::Value(value));
        let (level, on) = (Reading::Number(3.0), Reading::Bool(true));
        let kind = given("kind", Reading::text("gate"));
        assert_eq!(nodes[0].env, [kind, given("level", level), given("on", on)]);
        assert_eq!(nodes[1].id, Some(NodeId::text("gate")));
        assert_eq!(nodes[1].env, [given("kind", Reading::text("a, b"))]);
    }

    #[test]
    fn what_is_wrong_is_named_by_line_and_column() {
        let cases = [
            ("id,x,y\n1,2,3\n2,3,north\n", "n.csv:3:5", "\"north\""),
            ("id,x,y\n\n# c\n1,  NaN,3\n", "n.csv:4:5", "finite"),
            ("id,x,y\n\"a,b\",2,\n", "n.csv:2:9", "missing"),
            ("id,x,y\n1,2\n", "n.csv:2:1", "2 fields"),
            ("id,x\n1,2\n", "n.csv:1:1", "`y`"),
            ("id,x,x,y\n1,2,3,4\n", "n.csv:1:1", "`x`"),
            ("id,x,y\n7,0,0\n7,1,1\n", "n.csv:3:1", "id 7"),
            ("id,x,y\n1,0,0\n2,0,0\n3,0,0\n4,0,0\n", "n.csv:5:1", "too many"),
            ("id,x,y\n", "n.csv", "no devices"),
            ("", "n.csv:1:1", "`x`"),
        ];
        for (text, place, said) in cases {
            let message = message(nodes("n.csv", text, 3).expect_err(text));
            assert!(message.contains(place) && message.contains(said), "{text:?}: {message}");
        }
    }

    #[test]
    fn edges_stand_one_a_line() {
        let text = "from,to\n0,1\n1 gate # a comment\n\n# nothing\n2;3\n";
        let pair = |a: &str, b: &str| (id(a), id(b));
        let expected = [pair("0", "1"), pair("1", "gate"), pair("2", "3")];
        assert_eq!(edges("e.csv", text).expect("a list"), expected);
        assert!(message(edges("e.csv", "0,1\n2\n").expect_err("one end")).contains("e.csv:2:1"));
        assert!(message(edges("e.csv", "5 5\n").expect_err("a loop")).contains("itself"));
    }
}
