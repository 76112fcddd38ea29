//! Charts: lines over an axis and dots in a plane, as panels of one page, as SVG. Equal data give
//! equal bytes.
//!
//! A [`Sheet`] has a title, a legend and [`Panel`]s in rows; it knows nothing of simulations.

mod axis;
mod dots;
mod lines;
mod page;

use page::{INK, MARGIN, MUTED, Page, WIDTH};

/// The space between two panels.
const GAP: f64 = 18.0;
/// The height of title, subtitle and the space below them.
const HEADER: f64 = 58.0;
/// The height of one row of the legend.
const LEGEND_ROW: f64 = 22.0;
/// The width of a character of a legend, on average, with which rows are filled.
const CHARACTER: f64 = 6.5;

/// A page of panels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    /// The headline.
    pub title: String,
    /// What stands below it.
    pub subtitle: String,
    /// What the marks mean, for all panels together.
    pub legend: Vec<Key>,
    /// How many panels stand side by side; at least one.
    pub columns: usize,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
}

/// An entry of a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// What it means.
    pub label: String,
    /// `#rrggbb`.
    pub color: String,
    /// How it is drawn.
    pub mark: Mark,
}

/// How something is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line.
    Solid,
    /// A line of dashes.
    Dashed,
    /// A full dot.
    Dot,
    /// An empty circle.
    Ring,
}

/// One picture of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub enum Panel {
    /// Lines over an axis.
    Lines(Lines),
    /// Dots in a plane.
    Dots(Dots),
}

/// Lines over an axis. The axis to the right begins at a round number and ends with the lines; the
/// upward one has round ends, and zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// What stands above.
    pub title: String,
    /// What the axis to the right measures, with its unit.
    pub x: String,
    /// What the axis upwards measures, with its unit.
    pub y: String,
    /// Drawn in this order. What is not finite is left out.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// `#rrggbb`.
    pub color: String,
    /// In dashes.
    pub dashed: bool,
    /// From left to right.
    pub points: Vec<[f64; 2]>,
}

/// Dots in a plane, with a scale bar; y grows upwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dots {
    /// What stands above.
    pub title: String,
    /// The part of the plane that is shown: least x, least y, greatest x, greatest y.
    pub view: [f64; 4],
    /// The unit of lengths, for the scale bar.
    pub unit: String,
    /// Drawn in this order.
    pub layers: Vec<Layer>,
}

/// Dots of one look.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// `#rrggbb`.
    pub color: String,
    /// [`Mark::Dot`] or [`Mark::Ring`].
    pub mark: Mark,
    /// The diameter of each, in pixels.
    pub size: f64,
    /// Where they are; those outside of the view are left out.
    pub points: Vec<[f64; 2]>,
}

/// A place on the page: left, top, width, height.
#[derive(Clone, Copy, Debug)]
struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Sheet {
    /// The sheet as SVG text.
    pub fn render(&self) -> String {
        let columns = self.columns.max(1);
        let width = (WIDTH - 2.0 * MARGIN - GAP * (columns - 1) as f64) / columns as f64;
        let legend = self.legend_places();
        let top = MARGIN + HEADER + legend.last().map_or(0.0, |(_, y)| y + LEGEND_ROW + 6.0);
        let heights: Vec<f64> = self
            .panels
            .chunks(columns)
            .map(|row| row.iter().map(|panel| panel.height(width)).fold(0.0, f64::max))
            .collect();
        let below = heights.iter().sum::<f64>() + GAP * heights.len().saturating_sub(1) as f64;
        let mut page = Page::new(top + below + MARGIN);
        let headline = format!("font-size=\"20\" font-weight=\"600\" fill=\"{INK}\"");
        page.text([MARGIN, MARGIN + 16.0], &headline, &self.title);
        let look = format!("font-size=\"13\" fill=\"{MUTED}\"");
        page.text([MARGIN, MARGIN + 38.0], &look, &self.subtitle);
        for (key, (x, y)) in self.legend.iter().zip(legend) {
            page.key([MARGIN + x, MARGIN + HEADER + y], key);
        }
        let mut place = Frame { left: MARGIN, top, width, height: 0.0 };
        for (row, height) in self.panels.chunks(columns).zip(heights) {
            place.height = height;
            for (column, panel) in row.iter().enumerate() {
                place.left = MARGIN + (width + GAP) * column as f64;
                match panel {
                    Panel::Lines(lines) => lines.draw(&mut page, place),
                    Panel::Dots(dots) => dots.draw(&mut page, place),
                }
            }
            place.top += height + GAP;
        }
        page.finish()
    }

    /// Where the entries of the legend stand, from the left and from above; as many in a row as fit.
    fn legend_places(&self) -> Vec<(f64, f64)> {
        let (mut x, mut y) = (0.0, 0.0);
        let mut places = Vec::with_capacity(self.legend.len());
        for key in &self.legend {
            let width = 48.0 + CHARACTER * key.label.chars().count() as f64;
            if x > 0.0 && x + width > WIDTH - 2.0 * MARGIN {
                (x, y) = (0.0, y + LEGEND_ROW);
            }
            places.push((x, y));
            x += width;
        }
        places
    }
}

impl Panel {
    fn height(&self, width: f64) -> f64 {
        match self {
            Self::Lines(_) => lines::HEIGHT,
            Self::Dots(dots) => dots.height(width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let line = Line {
            color: "#c8202f".to_owned(),
            dashed: true,
            points: vec![[0.0, 0.0], [10.0, 50.0], [20.0, f64::NAN], [30.0, 50.0]],
        };
        let lines = Lines {
            title: "a < b".to_owned(),
            x: "time (s)".to_owned(),
            y: "devices".to_owned(),
            lines: vec![line],
        };
        let layer = Layer {
            color: "#c8202f".to_owned(),
            mark: Mark::Dot,
            size: 3.0,
            points: vec![[5.0, 5.0], [50.0, 5.0]],
        };
        let dots = Dots {
            title: "plane".to_owned(),
            view: [0.0, 0.0, 10.0, 10.0],
            unit: "m".to_owned(),
            layers: vec![layer],
        };
        let key =
            Key { label: "danger".to_owned(), color: "#c8202f".to_owned(), mark: Mark::Dashed };
        Sheet {
            title: "t".to_owned(),
            subtitle: "s".to_owned(),
            legend: vec![key; 12],
            columns: 2,
            panels: vec![Panel::Lines(lines), Panel::Dots(dots)],
        }
    }

    #[test]
    fn a_sheet_has_its_texts_and_units_and_leaves_out_what_cannot_be_drawn() {
        let text = sheet().render();
        for part in ["a &lt; b", "time (s)", "devices", "danger", ">2 m<", "stroke-dasharray"] {
            assert!(text.contains(part), "`{part}` is not in\n{text}");
        }
        assert!(!text.contains("NaN"), "{text}");
        // The line is cut at what is not finite, and the dot outside of the view is gone.
        let path = |look: &str| {
            let at = text.lines().find(|line| line.contains(look)).expect("drawn");
            at.matches('M').count()
        };
        assert_eq!(path("class=\"line\""), 2);
        assert_eq!(path("class=\"dots\""), 1);
        assert_eq!(text, sheet().render());
    }

    #[test]
    fn an_empty_sheet_is_a_page() {
        let empty = Sheet {
            panels: vec![Panel::Lines(Lines::default()), Panel::Dots(Dots::default())],
            ..Sheet::default()
        };
        let text = empty.render();
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }

    #[test]
    fn a_legend_that_does_not_fit_has_further_rows() {
        let places = sheet().legend_places();
        assert_eq!(places.len(), 12);
        assert!(places.iter().any(|(_, y)| *y > 0.0));
        assert!(places.iter().all(|(x, _)| x + 48.0 + 6.0 * CHARACTER <= WIDTH - 2.0 * MARGIN));
    }
}
