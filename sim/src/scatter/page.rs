//! A page of SVG, line by line.

use super::{Key, Mark};
use crate::picture::escaped;
use std::fmt::Write as _;

/// The width of a page.
pub(super) const WIDTH: f64 = 960.0;
/// The space around everything.
pub(super) const MARGIN: f64 = 28.0;
pub(super) const INK: &str = "#1f2328";
pub(super) const MUTED: &str = "#6b7280";
const EDGE: &str = "#e4e4df";
const PAPER: &str = "#fafaf8";
const PANEL: &str = "#ffffff";

/// Coordinates have one decimal, so that equal pictures have equal bytes.
pub(super) struct Page(String);

impl Page {
    pub(super) fn new(height: f64) -> Self {
        let mut page = Self(String::new());
        page.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {WIDTH} {height:.0}\" \
             font-family=\"Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif\">"
        ));
        page.add(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"{PAPER}\"/>"));
        page
    }

    pub(super) fn add(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(line);
        self.0.push('\n');
    }

    pub(super) fn text(&mut self, [x, y]: [f64; 2], look: &str, text: &str) {
        let text = escaped(text);
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" {look}>{text}</text>"));
    }

    /// The title of a panel.
    pub(super) fn caption(&mut self, at: [f64; 2], text: &str) {
        self.text(at, &format!("font-size=\"13\" font-weight=\"600\" fill=\"{INK}\""), text);
    }

    /// The white ground of a panel.
    pub(super) fn ground(&mut self, [left, top]: [f64; 2], [width, height]: [f64; 2]) {
        self.add(format_args!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{PANEL}\" stroke=\"{EDGE}\"/>"
        ));
    }

    /// An entry of a legend with its left top corner there.
    pub(super) fn key(&mut self, [x, y]: [f64; 2], key: &Key) {
        let color = escaped(&key.color);
        let middle = y + 8.0;
        match key.mark {
            Mark::Dot => self.add(format_args!(
                "<circle cx=\"{:.1}\" cy=\"{middle:.1}\" r=\"5\" fill=\"{color}\"/>",
                x + 7.0
            )),
            Mark::Ring => self.add(format_args!(
                "<circle cx=\"{:.1}\" cy=\"{middle:.1}\" r=\"5\" fill=\"none\" \
                 stroke=\"{color}\" stroke-width=\"1.4\"/>",
                x + 7.0
            )),
        }
        let look = format!("font-size=\"12\" fill=\"{INK}\"");
        self.text([x + 18.0, y + 12.0], &look, &key.label);
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}
