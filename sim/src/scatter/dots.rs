//! Dots in a plane.

use super::page::{INK, MUTED, Page};
use super::{Dots, Frame, Layer, Mark};
use crate::picture::escaped;
use crate::shown::Plain;
use std::fmt::Write as _;

/// The space for the title above, and for the scale bar below.
const TOP: f64 = 22.0;
const BELOW: f64 = 24.0;
/// A plane that is higher than this times its width is made smaller.
const HIGHEST: f64 = 1.5;

impl Dots {
    pub(super) fn height(&self, width: f64) -> f64 {
        TOP + self.plot_height(width) + BELOW
    }

    fn size(&self) -> [f64; 2] {
        let [x0, y0, x1, y1] = self.view;
        [(x1 - x0).max(f64::MIN_POSITIVE), (y1 - y0).max(0.0)]
    }

    fn plot_height(&self, width: f64) -> f64 {
        let [wide, high] = self.size();
        (width * high / wide).min(width * HIGHEST)
    }

    pub(super) fn draw(&self, page: &mut Page, place: Frame) {
        let [wide, high] = self.size();
        let height = self.plot_height(place.width);
        let top = place.top + TOP;
        page.caption([place.left, place.top + 14.0], &self.title);
        page.ground([place.left, top], [place.width, height]);
        let scale =
            if high > 0.0 { (place.width / wide).min(height / high) } else { place.width / wide };
        if scale.is_finite() {
            for layer in &self.layers {
                layer.draw(page, self.view, |[x, y]| {
                    let [x0, y0, ..] = self.view;
                    [place.left + (x - x0) * scale, top + height - (y - y0) * scale]
                });
            }
            self.scale_bar(page, [place.left, top + height + 18.0], place.width, scale);
        }
    }

    fn scale_bar(&self, page: &mut Page, [x, y]: [f64; 2], width: f64, scale: f64) {
        let length = round_step(width / scale / 6.0);
        let end = x + length * scale;
        page.add(format_args!(
            "<path d=\"M{x:.1} {:.1}V{y:.1}H{end:.1}v-5\" fill=\"none\" stroke=\"{INK}\" \
             stroke-width=\"1.2\"/>",
            y - 5.0
        ));
        let look = format!("font-size=\"11\" fill=\"{MUTED}\"");
        let text = format!("{} {}", Plain(length), self.unit);
        page.text([end + 7.0, y + 1.0], &look, text.trim_end());
    }
}

impl Layer {
    /// One path for all dots: lines of no length with round ends take few bytes.
    fn draw(&self, page: &mut Page, view: [f64; 4], pixels: impl Fn([f64; 2]) -> [f64; 2]) {
        let [x0, y0, x1, y1] = view;
        let inside = |[x, y]: &&[f64; 2]| (x0..=x1).contains(x) && (y0..=y1).contains(y);
        let mut path = String::new();
        let radius = self.size / 2.0;
        for point in self.points.iter().filter(inside) {
            let [x, y] = pixels(*point);
            let _ = match self.mark {
                Mark::Ring => write!(
                    path,
                    "M{:.1} {y:.1}a{radius} {radius} 0 1 0 {} 0a{radius} {radius} 0 1 0 -{} 0",
                    x - radius,
                    self.size,
                    self.size
                ),
                _ => write!(path, "M{x:.1} {y:.1}h0"),
            };
        }
        if path.is_empty() {
            return;
        }
        let width = if self.mark == Mark::Ring { 1.2 } else { self.size };
        page.add(format_args!(
            "<path class=\"dots\" d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" \
             stroke-linecap=\"round\"/>",
            escaped(&self.color)
        ));
    }
}

/// The least of 1, 2, 5 and 10 times a power of ten that is not below a length above zero.
fn round_step(length: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(length)));
    let step = [1.0, 2.0, 5.0].into_iter().map(|n| n * power).find(|n| *n >= length * 0.999_999);
    step.unwrap_or(10.0 * power)
}
