//! Pictures as SVG text.

use super::{Anchor, Dot, INK, Look, PAGE, Picture, Shape, Stroke};
use std::fmt::Write as _;

/// Coordinates have one decimal, so that equal pictures have equal bytes.
pub(super) fn write(picture: &Picture) -> String {
    let Picture { width, height, .. } = picture;
    let mut page = Page(String::new());
    page.add(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" \
         font-family=\"Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif\">"
    ));
    page.add(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"{PAGE}\"/>"));
    for (number, shape) in picture.shapes.iter().enumerate() {
        page.shape(shape, number);
    }
    page.0.push_str("</svg>\n");
    page.0
}

struct Page(String);

impl Page {
    fn add(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(line);
        self.0.push('\n');
    }

    fn shape(&mut self, shape: &Shape, number: usize) {
        match shape {
            Shape::Rect { at: [x, y], size: [width, height], round, fill, edge } => {
                let round = if *round > 0.0 { format!(" rx=\"{round}\"") } else { String::new() };
                let edge = edge.map(|edge| format!(" stroke=\"{edge}\"")).unwrap_or_default();
                self.add(format_args!(
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"\
                     {round} fill=\"{fill}\"{edge}/>"
                ));
            }
            Shape::Dots { radius, dots } => self.dots(*radius, dots),
            Shape::Lines { lines, stroke } => self.lines(lines, stroke),
            Shape::Areas { areas, fill, opacity } => {
                let closed: String = areas.iter().map(|area| path(area) + "Z").collect();
                self.add(format_args!(
                    "<path d=\"{closed}\" fill=\"{fill}\" fill-opacity=\"{opacity:.2}\"/>"
                ));
            }
            Shape::Text { at, look, text } => self.text(*at, look, text),
            Shape::Ramp { at: [x, y], size: [width, height], colors } => {
                let name = format!("ramp{number}");
                self.add(format_args!(
                    "<linearGradient id=\"{name}\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">"
                ));
                let last = colors.len().saturating_sub(1).max(1);
                for (stop, color) in colors.iter().enumerate() {
                    let share = stop as f64 / last as f64;
                    self.add(format_args!("<stop offset=\"{share:.4}\" stop-color=\"{color}\"/>"));
                }
                self.add(format_args!("</linearGradient>"));
                self.add(format_args!(
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width}\" height=\"{height}\" rx=\"2\" \
                     fill=\"url(#{name})\"/>"
                ));
            }
        }
    }

    fn dots(&mut self, radius: f64, dots: &[Dot]) {
        self.add(format_args!("<g stroke=\"{INK}\" stroke-opacity=\"0.45\" stroke-width=\"0.6\">"));
        for Dot { at: [x, y], color, tip } in dots {
            let dot =
                format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{color}\"");
            match tip {
                Some(tip) => {
                    self.add(format_args!("{dot}><title>{}</title></circle>", escaped(tip)));
                }
                None => self.add(format_args!("{dot}/>")),
            }
        }
        self.add(format_args!("</g>"));
    }

    fn lines(&mut self, lines: &[Vec<[f64; 2]>], stroke: &Stroke) {
        let path: String = lines.iter().map(|line| path(line)).collect();
        let Stroke { color, width, opacity, dash } = stroke;
        let mut look = String::new();
        if *opacity < 1.0 {
            let _ = write!(look, " stroke-opacity=\"{opacity:.2}\"");
        }
        if *dash > 0.0 {
            let _ = write!(look, " stroke-dasharray=\"{dash}\"");
        }
        self.add(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"{look}/>"
        ));
    }

    fn text(&mut self, [x, y]: [f64; 2], look: &Look, text: &str) {
        let Look { size, bold, color, anchor } = look;
        let bold = if *bold { " font-weight=\"600\"" } else { "" };
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = escaped(text);
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\"{bold} fill=\"{color}\"{anchor}>\
             {text}</text>"
        ));
    }
}

fn path(points: &[[f64; 2]]) -> String {
    let mut path = String::new();
    for (number, [x, y]) in points.iter().enumerate() {
        let step = if number == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{step}{x:.1} {y:.1}");
    }
    path
}

/// A text that is safe inside XML, whatever a program or a scenario put into it.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no way to write most control characters.
            letter if letter.is_control() => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_break_out() {
        assert_eq!(escaped("<a b=\"&\">\u{1}"), "&lt;a b=&quot;&amp;&quot;&gt;\u{fffd}");
    }
}
