//! Dots in a plane, as panels of one page, as SVG: thousands of them in few bytes. Equal data give
//! equal bytes.
//!
//! A [`Sheet`] has a title, a legend and panels of [`Dots`] in rows; it knows nothing of simulations.

mod dots;
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
    pub panels: Vec<Dots>,
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
    /// A full dot.
    Dot,
    /// An empty circle.
    Ring,
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
                panel.draw(&mut page, place);
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
            let width = 40.0 + CHARACTER * key.label.chars().count() as f64;
            if x > 0.0 && x + width > WIDTH - 2.0 * MARGIN {
                (x, y) = (0.0, y + LEGEND_ROW);
            }
            places.push((x, y));
            x += width;
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let layer = Layer {
            color: "#c8202f".to_owned(),
            mark: Mark::Dot,
            size: 3.0,
            points: vec![[5.0, 5.0], [50.0, 5.0]],
        };
        let dots = Dots {
            title: "a < b".to_owned(),
            view: [0.0, 0.0, 10.0, 10.0],
            unit: "m".to_owned(),
            layers: vec![layer],
        };
        let key = Key { label: "danger".to_owned(), color: "#c8202f".to_owned(), mark: Mark::Ring };
        Sheet {
            title: "t".to_owned(),
            subtitle: "s".to_owned(),
            legend: vec![key; 12],
            columns: 2,
            panels: vec![dots.clone(), dots],
        }
    }

    #[test]
    fn a_sheet_has_its_texts_and_units_and_leaves_out_what_cannot_be_drawn() {
        let text = sheet().render();
        for part in ["a &lt; b", "danger", ">2 m<"] {
            assert!(text.contains(part), "`{part}` is not in\n{text}");
        }
        // Of each panel one dot; those outside of the view are left out.
        let drawn = text.lines().filter(|line| line.contains("class=\"dots\""));
        assert_eq!(drawn.map(|line| line.matches('M').count()).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(text, sheet().render());
    }

    #[test]
    fn an_empty_sheet_is_a_page() {
        let empty = Sheet { panels: vec![Dots::default()], ..Sheet::default() };
        let text = empty.render();
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }

    #[test]
    fn a_legend_that_does_not_fit_has_further_rows() {
        let places = sheet().legend_places();
        assert_eq!(places.len(), 12);
        assert!(places.iter().any(|(_, y)| *y > 0.0));
        assert!(places.iter().all(|(x, _)| x + 40.0 + 6.0 * CHARACTER <= WIDTH - 2.0 * MARGIN));
    }
}
