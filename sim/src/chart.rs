//! Charts over time: lines, bands and dashed truths on panels that share their time axis.
//!
//! ```
//! use fieldrun_sim::chart::{Chart, Line, Panel};
//! let points = (0..60).map(|t| [f64::from(t), f64::from(t * t)]).collect();
//! let panel = Panel { unit: "devices".to_owned(), lines: vec![Line::new("warned", points)], ..Panel::default() };
//! let chart = Chart { title: "Warnings".to_owned(), panels: vec![panel], ..Chart::default() };
//! assert!(chart.picture().svg().contains("warned"));
//! ```

use crate::picture::{
    Anchor, Color, EDGE, INK, Look, MUTED, PALETTE, PANEL, Picture, Shape, Stroke,
};
use crate::shown::{Plain, shortened};
use crate::summary::rounded;

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 28.0;
const HEADER: f64 = 56.0;
const LEGEND: f64 = 176.0;
/// Room for the numbers of the value axis.
const AXIS: f64 = 56.0;
const PANEL_HEIGHT: f64 = 200.0;
const GAP: f64 = 26.0;
const FOOTER: f64 = 44.0;
/// About as many ticks stand on an axis.
const TICKS: f64 = 5.0;
/// The longest name in a legend, in characters.
const MAX_NAME: usize = 20;
const MAX_TITLE: usize = 72;

/// A chart with one or several panels over the same time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// The headline.
    pub title: String,
    /// A line of small text below it.
    pub subtitle: String,
    /// What is on the horizontal axis, such as `time in s`; that by default.
    pub along: Option<String>,
    /// From the top down.
    pub panels: Vec<Panel>,
}

/// Values of one unit over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What is on the vertical axis, such as `devices`.
    pub unit: String,
    /// Ranges behind the lines.
    pub bands: Vec<Band>,
    /// Later ones are drawn over earlier ones.
    pub lines: Vec<Line>,
}

/// One value over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What the legend says.
    pub name: String,
    /// Its own colour; else the next of the palette.
    pub color: Option<Color>,
    /// Whether it is dashed, as what is only compared with.
    pub dashed: bool,
    /// Time and value, ascending in time. A value that is not finite leaves a gap.
    pub points: Vec<[f64; 2]>,
}

impl Line {
    /// A whole line in a colour of the palette.
    pub fn new(name: impl Into<String>, points: Vec<[f64; 2]>) -> Self {
        Self { name: name.into(), color: None, dashed: false, points }
    }

    /// The same line, dashed.
    pub fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    /// The same line in a colour of its own.
    pub fn colored(self, color: Color) -> Self {
        Self { color: Some(color), ..self }
    }
}

/// A range over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// What the legend says; without a name it is not in it.
    pub name: String,
    /// Its own colour; else that of the first line.
    pub color: Option<Color>,
    /// Time, least and greatest value, ascending in time. Values that are not finite leave a gap.
    pub points: Vec<[f64; 3]>,
}

impl Chart {
    /// The chart as a picture.
    pub fn picture(&self) -> Picture {
        let panels = self.panels.len().max(1) as f64;
        let height = MARGIN + HEADER + panels * (PANEL_HEIGHT + GAP) - GAP + FOOTER + MARGIN / 2.0;
        let mut page = Picture::new(WIDTH, height);
        let title = shortened(&self.title, MAX_TITLE);
        page.text([MARGIN, MARGIN + 16.0], Look::new(20.0, INK).bold(), title);
        page.text([MARGIN, MARGIN + HEADER - 18.0], Look::new(13.0, MUTED), &*self.subtitle);
        let time = Axis::over(self.panels.iter().flat_map(Panel::times), false);
        let left = MARGIN + AXIS;
        let right = WIDTH - MARGIN - LEGEND;
        let mut top = MARGIN + HEADER;
        for panel in &self.panels {
            let plot = Plot { left, right, top, bottom: top + PANEL_HEIGHT, time, panel };
            plot.draw(&mut page);
            top += PANEL_HEIGHT + GAP;
        }
        let bottom = top - GAP;
        for tick in time.ticks() {
            let x = left + time.share(tick) * (right - left);
            page.line(&[[x, bottom], [x, bottom + 4.0]], Stroke::new(MUTED, 1.0));
            let look = Look::new(12.0, MUTED).anchored(Anchor::Middle);
            page.text([x, bottom + 18.0], look, number(tick));
        }
        let along = self.along.as_deref().unwrap_or("time in s");
        let look = Look::new(12.0, INK).anchored(Anchor::Middle);
        page.text([(left + right) / 2.0, bottom + 36.0], look, along);
        page
    }
}

impl Panel {
    fn times(&self) -> impl Iterator<Item = f64> + '_ {
        let lines = self.lines.iter().flat_map(|line| line.points.iter().map(|[t, _]| *t));
        lines.chain(self.bands.iter().flat_map(|band| band.points.iter().map(|[t, ..]| *t)))
    }

    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let lines = self.lines.iter().flat_map(|line| line.points.iter().map(|[_, v]| *v));
        let bands = self.bands.iter().flat_map(|band| &band.points);
        lines.chain(bands.flat_map(|[_, least, most]| [*least, *most]))
    }

    fn color(&self, line: usize) -> Color {
        let own = self.lines.get(line).and_then(|line| line.color);
        own.or_else(|| PALETTE.get(line % PALETTE.len()).copied()).unwrap_or(INK)
    }
}

/// A panel and where it stands.
struct Plot<'a> {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    time: Axis,
    panel: &'a Panel,
}

impl Plot<'_> {
    fn draw(&self, page: &mut Picture) {
        let Self { left, right, top, bottom, panel, .. } = self;
        let size = [right - left, bottom - top];
        let (at, edge) = ([*left, *top], Some(EDGE));
        page.shapes.push(Shape::Rect { at, size, round: 6.0, fill: PANEL, edge });
        let values = Axis::over(panel.values(), true);
        for tick in values.ticks() {
            let y = self.height(values, tick);
            page.line(&[[*left, y], [*right, y]], Stroke::new(EDGE, 1.0));
            let look = Look::new(12.0, MUTED).anchored(Anchor::End);
            page.text([left - 8.0, y + 4.0], look, number(tick));
        }
        for band in &panel.bands {
            let fill = band.color.unwrap_or_else(|| panel.color(0));
            let areas = runs(&band.points).map(|run| self.outline(values, run)).collect();
            page.shapes.push(Shape::Areas { areas, fill, opacity: 0.18 });
        }
        for (number, line) in panel.lines.iter().enumerate() {
            let dash = if line.dashed { 5.0 } else { 0.0 };
            let stroke = Stroke { dash, ..Stroke::new(panel.color(number), 1.8) };
            let lines = runs(&line.points)
                .map(|run| run.iter().map(|[t, v]| self.place(values, *t, *v)).collect())
                .collect();
            page.shapes.push(Shape::Lines { lines, stroke });
        }
        self.legend(page);
    }

    fn legend(&self, page: &mut Picture) {
        let left = self.right + 20.0;
        let mut y = self.top + 12.0;
        page.text([left, y], Look::new(12.0, INK).bold(), shortened(&self.panel.unit, MAX_NAME));
        for (number, line) in self.panel.lines.iter().enumerate() {
            y += 21.0;
            let dash = if line.dashed { 4.0 } else { 0.0 };
            let stroke = Stroke { dash, ..Stroke::new(self.panel.color(number), 2.4) };
            page.line(&[[left, y - 4.0], [left + 20.0, y - 4.0]], stroke);
            page.text([left + 28.0, y], Look::new(12.0, INK), shortened(&line.name, MAX_NAME));
        }
        for band in self.panel.bands.iter().filter(|band| !band.name.is_empty()) {
            y += 21.0;
            let fill = band.color.unwrap_or_else(|| self.panel.color(0));
            let area = [[0.0, -9.0], [20.0, -9.0], [20.0, 1.0], [0.0, 1.0]];
            let area = area.map(|[dx, dy]| [left + dx, y + dy]).to_vec();
            page.shapes.push(Shape::Areas { areas: vec![area], fill, opacity: 0.18 });
            page.text([left + 28.0, y], Look::new(12.0, INK), shortened(&band.name, MAX_NAME));
        }
    }

    /// Along the greatest values and back along the least ones.
    fn outline(&self, values: Axis, band: &[[f64; 3]]) -> Vec<[f64; 2]> {
        let upper = band.iter().map(|[t, _, most]| self.place(values, *t, *most));
        let lower = band.iter().rev().map(|[t, least, _]| self.place(values, *t, *least));
        upper.chain(lower).collect()
    }

    fn place(&self, values: Axis, time: f64, value: f64) -> [f64; 2] {
        let x = self.left + self.time.share(time) * (self.right - self.left);
        [x, self.height(values, value)]
    }

    fn height(&self, values: Axis, value: f64) -> f64 {
        self.bottom - values.share(value) * (self.bottom - self.top)
    }
}

/// The parts of a line between gaps.
fn runs<const N: usize>(points: &[[f64; N]]) -> impl Iterator<Item = &[[f64; N]]> {
    let whole = |point: &[f64; N]| point.iter().all(|x| x.is_finite());
    points.split(move |point| !whole(point)).filter(|run| !run.is_empty())
}

/// A range of numbers and the distance of its ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    least: f64,
    most: f64,
    step: f64,
}

impl Axis {
    /// Around all finite numbers; out to the next ticks if `wide`, which also takes in a zero that
    /// is near.
    fn over(numbers: impl Iterator<Item = f64>, wide: bool) -> Self {
        let finite = numbers.filter(|number| number.is_finite());
        let (least, most) =
            finite.fold((f64::MAX, f64::MIN), |(a, b), number| (a.min(number), b.max(number)));
        let (mut least, mut most) = if least <= most { (least, most) } else { (0.0, 1.0) };
        if wide && least > 0.0 && least < 0.4 * most {
            least = 0.0;
        }
        if most - least <= f64::EPSILON * most.abs().max(least.abs()) {
            let around = if most == 0.0 { 1.0 } else { most.abs() / 2.0 };
            (least, most) = (least - if wide { around } else { 0.0 }, most + around);
        }
        let step = step((most - least) / TICKS);
        if wide {
            (least, most) = ((least / step).floor() * step, (most / step).ceil() * step);
        }
        Self { least, most, step }
    }

    fn share(self, number: f64) -> f64 {
        ((number - self.least) / (self.most - self.least)).clamp(0.0, 1.0)
    }

    fn ticks(self) -> impl Iterator<Item = f64> {
        let first = (self.least / self.step).ceil();
        let last = (self.most / self.step + 1e-9).floor();
        let count = (last - first).clamp(0.0, 4.0 * TICKS) as u32;
        (0..=count).map(move |tick| (first + f64::from(tick)) * self.step)
    }
}

/// The least of 1, 2 and 5 times a power of ten that is at least this.
fn step(least: f64) -> f64 {
    if !least.is_finite() || least <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powi(least.log10().floor() as i32);
    let steps = [1.0, 2.0, 5.0].map(|n| n * power);
    steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

fn number(number: f64) -> String {
    Plain(rounded(number)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_reach_to_round_numbers() {
        let axis = Axis::over([3.0, 47.0, f64::NAN].into_iter(), true);
        assert_eq!((axis.least, axis.most, axis.step), (0.0, 50.0, 10.0));
        let ticks: Vec<f64> = axis.ticks().collect();
        assert_eq!(ticks, [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(axis.share(25.0), 0.5);
    }

    #[test]
    fn one_number_and_no_number_have_an_axis() {
        let one = Axis::over([5.0].into_iter(), true);
        assert!(one.least < 5.0 && one.most > 5.0, "{one:?}");
        let none = Axis::over([f64::INFINITY].into_iter(), true);
        assert_eq!((none.least, none.most), (0.0, 1.0));
        assert_eq!(
            Axis::over([7e300, -7e300].into_iter(), true).ticks().count(),
            5,
            "from -1e301 to 1e301"
        );
    }

    #[test]
    fn charts_are_the_same_bytes_each_time() {
        let curve = |k: f64| (0..50).map(|t| [f64::from(t), k * f64::from(t)]).collect();
        let band = (0..50).map(f64::from).map(|t| [t, t, 3.0 * t]).collect();
        let panel = Panel {
            unit: "devices".to_owned(),
            bands: vec![Band { name: "range".to_owned(), color: None, points: band }],
            lines: vec![Line::new("detected", curve(2.0)), Line::new("true", curve(2.5)).dashed()],
        };
        let title = "Detected and true".to_owned();
        let panels = vec![panel.clone(), panel];
        let chart = Chart { title, subtitle: "seed 1".to_owned(), along: None, panels };
        let (svg, png) = (chart.picture().svg(), chart.picture().png().expect("small"));
        assert_eq!(svg, chart.picture().svg());
        assert_eq!(png, chart.picture().png().expect("small"));
        assert!(svg.contains("stroke-dasharray") && svg.contains(">detected</text>"), "{svg}");
    }

    #[test]
    fn a_value_that_is_not_finite_leaves_a_gap() {
        let points = [[0.0, 1.0], [1.0, f64::INFINITY], [2.0, 1.0], [3.0, 2.0]];
        let lengths: Vec<usize> = runs(&points).map(<[_]>::len).collect();
        assert_eq!(lengths, [1, 2]);
    }
}
