//! Where things stand on a map, in pixels.

use super::obstacles::outlines;
use crate::world::World;

/// The width of the whole picture.
pub(super) const WIDTH: f64 = 960.0;
/// The space around everything.
pub(super) const MARGIN: f64 = 28.0;
/// The height of headline and subtitle.
pub(super) const HEADER: f64 = 56.0;
/// The width of the legend.
pub(super) const LEGEND: f64 = 176.0;
/// The height of the strip below the panel, for the scale bar.
pub(super) const FOOTER: f64 = 30.0;
/// The space between the edge of a panel of full width and the outermost devices.
const PADDING: f64 = 22.0;
/// The least and the greatest height of a panel, as shares of its width.
const HEIGHTS: (f64, f64) = (260.0 / 728.0, 860.0 / 728.0);

/// The box around what is shown: least x, least y, greatest x, greatest y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame([f64; 4]);

impl Frame {
    /// Around all devices and obstacles of some moments, and the area of the scenario when there is one.
    pub(super) fn around<'a>(
        worlds: impl Iterator<Item = &'a World>,
        area: Option<[f64; 4]>,
    ) -> Self {
        let mut bounds = area;
        let mut show = |x: f64, y: f64| {
            let [x0, y0, x1, y1] = bounds.unwrap_or([x, y, x, y]);
            bounds = Some([x0.min(x), y0.min(y), x1.max(x), y1.max(y)]);
        };
        for world in worlds {
            for device in 0..world.len() {
                if let [x, y, ..] = world.position(device) {
                    show(*x, *y);
                }
            }
            outlines(world).iter().flatten().for_each(|[x, y]| show(*x, *y));
        }
        Self(bounds.unwrap_or([0.0; 4]))
    }
}

/// The panel in which devices are drawn, and the way from coordinates to pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// Pixels per unit of length.
    pub(super) scale: f64,
    /// The middle of the devices.
    middle: [f64; 2],
}

impl Layout {
    /// The one panel of a page.
    pub(super) fn on_page(frame: Frame) -> Self {
        Self::new(frame, [MARGIN, MARGIN + HEADER], WIDTH - 2.0 * MARGIN - LEGEND)
    }

    /// A panel of a width, and of the height that suits what it shows.
    pub(super) fn new(frame: Frame, [left, top]: [f64; 2], width: f64) -> Self {
        let Frame([x0, y0, x1, y1]) = frame;
        let (wide, high) = (x1 - x0, y1 - y0);
        let padding = PADDING * (width / (WIDTH - 2.0 * MARGIN - LEGEND)).sqrt();
        let inner = width - 2.0 * padding;
        let (least, most) = (HEIGHTS.0 * width, HEIGHTS.1 * width);
        let height = match (wide > 0.0, high > 0.0) {
            (true, _) => (high * inner / wide + 2.0 * padding).clamp(least, most),
            (false, true) => most,
            (false, false) => least,
        };
        let fit = |pixels: f64, length: f64| if length > 0.0 { pixels / length } else { f64::MAX };
        let scale = fit(inner, wide).min(fit(height - 2.0 * padding, high));
        let scale = if scale < f64::MAX { scale } else { 1.0 };
        let middle = [x0 + wide / 2.0, y0 + high / 2.0];
        Self { left, top, width, height, scale, middle }
    }

    /// The pixels of a place; y grows upwards in the network and downwards on the page.
    pub(super) fn pixels(&self, position: &[f64]) -> [f64; 2] {
        let at = |axis: usize| position.get(axis).copied().unwrap_or(0.0);
        [
            self.left + self.width / 2.0 + (at(0) - self.middle[0]) * self.scale,
            self.top + self.height / 2.0 - (at(1) - self.middle[1]) * self.scale,
        ]
    }

    /// The radius of the dots of `devices` devices: about a fifth of their mean distance.
    pub(super) fn dot(&self, devices: usize) -> f64 {
        let each = self.width * self.height / devices.max(1) as f64;
        (0.19 * each.sqrt()).clamp(1.4, 9.0)
    }

    /// The length of the scale bar: 1, 2 or 5 times a power of ten, at most a fifth of the width.
    pub(super) fn bar(&self) -> f64 {
        let most = self.width / 5.0 / self.scale;
        let power = 10f64.powi(most.log10().floor() as i32);
        [5.0, 2.0].into_iter().map(|n| n * power).find(|n| *n <= most).unwrap_or(power)
    }
}
