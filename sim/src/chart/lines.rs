//! Lines over an axis.

use super::axis::Axis;
use super::page::{DASHES, EDGE, INK, MUTED, Page};
use super::{Frame, Line, Lines};
use crate::map::escaped;
use crate::shown::Plain;
use std::fmt::Write as _;

/// The height of a panel with lines.
pub(super) const HEIGHT: f64 = 300.0;
/// The space for the title, the numbers and the names of the axes.
const TOP: f64 = 24.0;
const LEFT: f64 = 58.0;
const BELOW: f64 = 42.0;
const RIGHT: f64 = 14.0;

impl Lines {
    pub(super) fn draw(&self, page: &mut Page, place: Frame) {
        let plot = Frame {
            left: place.left + LEFT,
            top: place.top + TOP,
            width: place.width - LEFT - RIGHT,
            height: place.height - TOP - BELOW,
        };
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let x = Axis::up_to_last(all().map(|[x, _]| *x));
        let y = Axis::over(all().map(|[_, y]| *y).chain(std::iter::once(0.0)));
        page.caption([plot.left, place.top + 14.0], &self.title);
        page.ground([plot.left, plot.top], [plot.width, plot.height]);
        self.axes(page, plot, x, y);
        for line in &self.lines {
            line.draw(page, |[at, up]| {
                [plot.left + plot.width * x.share(at), plot.top + plot.height * (1.0 - y.share(up))]
            });
        }
    }

    fn axes(&self, page: &mut Page, plot: Frame, x: Axis, y: Axis) {
        let bottom = plot.top + plot.height;
        let number = |anchor| format!("font-size=\"11\" fill=\"{MUTED}\" text-anchor=\"{anchor}\"");
        for tick in x.ticks() {
            let at = plot.left + plot.width * x.share(tick);
            page.add(format_args!(
                "<path d=\"M{at:.1} {bottom:.1}v4\" stroke=\"{MUTED}\" stroke-width=\"1\"/>"
            ));
            page.text([at, bottom + 16.0], &number("middle"), &Plain(tick).to_string());
        }
        for tick in y.ticks() {
            let at = bottom - plot.height * y.share(tick);
            page.add(format_args!(
                "<path d=\"M{:.1} {at:.1}h{:.1}\" stroke=\"{EDGE}\" stroke-width=\"1\"/>",
                plot.left, plot.width
            ));
            page.text([plot.left - 7.0, at + 4.0], &number("end"), &Plain(tick).to_string());
        }
        let name = format!("font-size=\"12\" fill=\"{INK}\" text-anchor=\"middle\"");
        page.text([plot.left + plot.width / 2.0, bottom + 34.0], &name, &self.x);
        let (left, middle) = (plot.left - 44.0, plot.top + plot.height / 2.0);
        let upright = format!("{name} transform=\"rotate(-90 {left:.1} {middle:.1})\"");
        page.text([left, middle], &upright, &self.y);
    }
}

impl Line {
    /// Draws the line as one path, cut where a point is not finite. Of points at one height only the
    /// first and the last are written.
    fn draw(&self, page: &mut Page, pixels: impl Fn([f64; 2]) -> [f64; 2]) {
        let mut path = String::new();
        let mut pen = 'M';
        for (index, point) in self.points.iter().enumerate() {
            if !point.iter().all(|number| number.is_finite()) {
                pen = 'M';
                continue;
            }
            let height = |index: Option<usize>| {
                index.and_then(|index| self.points.get(index)).map(|[_, y]| *y)
            };
            let own = Some(point[1]);
            if pen == 'L' && height(index.checked_sub(1)) == own && height(Some(index + 1)) == own {
                continue;
            }
            let [x, y] = pixels(*point);
            let _ = write!(path, "{pen}{x:.1} {y:.1}");
            pen = 'L';
        }
        let dashes = if self.dashed { DASHES } else { "" };
        page.add(format_args!(
            "<path class=\"line\" d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\" \
             stroke-linejoin=\"round\" {dashes}/>",
            escaped(&self.color)
        ));
    }
}
