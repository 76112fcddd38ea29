//! The files of the page, in the binary.

/// A file: its name, what it is, its bytes.
type File = (&'static str, &'static str, &'static str);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const FILES: [File; 9] = [
    ("", HTML, include_str!("page/index.html")),
    ("style.css", CSS, include_str!("page/style.css")),
    ("main.js", SCRIPT, include_str!("page/main.js")),
    ("server.js", SCRIPT, include_str!("page/server.js")),
    ("colors.js", SCRIPT, include_str!("page/colors.js")),
    ("map.js", SCRIPT, include_str!("page/map.js")),
    ("device.js", SCRIPT, include_str!("page/device.js")),
    ("program.js", SCRIPT, include_str!("page/program.js")),
    ("chart.js", SCRIPT, include_str!("page/chart.js")),
];

/// The file of a name, with its type.
pub(super) fn file(name: &str) -> Option<(&'static str, &'static str)> {
    FILES.iter().find(|(known, ..)| *known == name).map(|(_, kind, text)| (*kind, *text))
}
