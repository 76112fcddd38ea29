//! The drawing of a map as SVG text.

use super::color::{Coloring, number_label, ramp};
use super::layout::{FOOTER, HEADER, LEGEND, Layout, MARGIN, WIDTH};
use crate::scenario::MapStyle;
use crate::shown::{Plain, Shown, shortened};
use crate::world::World;
use std::fmt::Write as _;

/// Links are drawn when there are not more than these.
const MAX_DRAWN_LINKS: usize = 8000;
/// Devices have a tooltip with id and value when there are not more than these.
const MAX_TOOLTIPS: usize = 2000;
/// Devices are labelled with their id when there are not more than these.
const MAX_LABELS: usize = 30;
/// The longest text in a legend or tooltip, in characters.
const MAX_TEXT: usize = 20;
/// The longest title, in characters.
const MAX_TITLE: usize = 72;
const INK: &str = "#1f2328";
const MUTED: &str = "#6b7280";
const PAGE: &str = "#fafaf8";
const PANEL: &str = "#ffffff";
const EDGE: &str = "#e4e4df";
const LINK: &str = "#5b6773";

/// What stands above a map.
pub(super) struct Header<'a> {
    pub(super) title: &'a str,
    pub(super) subtitle: String,
}

/// Draws the network with its values.
pub(super) fn draw(
    world: &World,
    header: &Header<'_>,
    style: &MapStyle,
    area: Option<[f64; 4]>,
) -> String {
    let layout = Layout::new(world, area);
    let coloring = Coloring::new(world, style);
    let mut page = Page::new(layout.total_height());
    page.header(header);
    page.panel(&layout);
    page.links(world, &layout);
    page.dots(world, &layout, &coloring);
    page.scale_bar(&layout);
    page.legend(&layout, &coloring);
    page.finish()
}

/// A page of SVG. All coordinates have one decimal, so that equal maps have equal bytes.
struct Page(String);

impl Page {
    fn new(height: f64) -> Self {
        let mut page = Self(String::new());
        page.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {WIDTH} {height:.0}\" \
             font-family=\"Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif\">"
        ));
        page.add(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"{PAGE}\"/>"));
        page
    }

    fn add(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(line);
        self.0.push('\n');
    }

    fn text(&mut self, [x, y]: [f64; 2], look: &str, text: &str) {
        let text = escaped(text);
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" {look}>{text}</text>"));
    }

    fn header(&mut self, header: &Header<'_>) {
        let look = format!("font-size=\"20\" font-weight=\"600\" fill=\"{INK}\"");
        self.text([MARGIN, MARGIN + 16.0], &look, &shortened(header.title, MAX_TITLE));
        let look = format!("font-size=\"13\" fill=\"{MUTED}\"");
        self.text([MARGIN, MARGIN + HEADER - 18.0], &look, &header.subtitle);
    }

    fn panel(&mut self, layout: &Layout) {
        let Layout { left, top, width, height, .. } = layout;
        self.add(format_args!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             rx=\"6\" fill=\"{PANEL}\" stroke=\"{EDGE}\"/>"
        ));
    }

    /// All links as one path, fainter the more they are.
    fn links(&mut self, world: &World, layout: &Layout) {
        let links = world.links();
        if links == 0 || links > MAX_DRAWN_LINKS {
            return;
        }
        let opacity = (6.0 / (links as f64).sqrt()).clamp(0.07, 0.4);
        let mut path = String::new();
        for device in 0..world.len() {
            let [x, y] = layout.pixels(world.position(device));
            for other in world.neighbors(device).iter().filter(|other| **other as usize > device) {
                let [ox, oy] = layout.pixels(world.position(*other as usize));
                let _ = write!(path, "M{x:.1} {y:.1}L{ox:.1} {oy:.1}");
            }
        }
        self.add(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{LINK}\" stroke-width=\"0.8\" \
             stroke-opacity=\"{opacity:.2}\"/>"
        ));
    }

    fn dots(&mut self, world: &World, layout: &Layout, coloring: &Coloring) {
        let radius = layout.dot(world.len());
        let mut order: Vec<(usize, usize, String, Shown)> = (0..world.len())
            .map(|device| {
                let shown = world.shown(device);
                let paint = coloring.paint(&shown);
                (paint.layer, device, paint.color, shown)
            })
            .collect();
        order.sort_by_key(|(layer, device, ..)| (*layer, *device));
        self.add(format_args!("<g stroke=\"{INK}\" stroke-opacity=\"0.45\" stroke-width=\"0.6\">"));
        for (_, device, color, shown) in &order {
            let [x, y] = layout.pixels(world.position(*device));
            let dot =
                format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{color}\"");
            match world.id(*device) {
                Some(id) if world.len() <= MAX_TOOLTIPS => {
                    let tip =
                        escaped(&format!("{id}: {}", shortened(&shown.to_string(), MAX_TEXT)));
                    self.add(format_args!("{dot}><title>{tip}</title></circle>"));
                }
                _ => self.add(format_args!("{dot}/>")),
            }
        }
        self.add(format_args!("</g>"));
        if world.len() <= MAX_LABELS {
            self.labels(world, layout, radius);
        }
    }

    fn labels(&mut self, world: &World, layout: &Layout, radius: f64) {
        let look = format!("font-size=\"11\" fill=\"{INK}\" text-anchor=\"middle\"");
        for device in 0..world.len() {
            let [x, y] = layout.pixels(world.position(device));
            let id = world.id(device).map(ToString::to_string).unwrap_or_default();
            self.text([x, y - radius - 4.0], &look, &shortened(&id, MAX_TEXT));
        }
    }

    fn scale_bar(&mut self, layout: &Layout) {
        let length = layout.bar();
        let pixels = length * layout.scale;
        let (x, y) = (layout.left + 2.0, layout.top + layout.height + FOOTER / 2.0);
        let end = x + pixels;
        self.add(format_args!(
            "<path d=\"M{x:.1} {:.1}V{y:.1}H{end:.1}V{:.1}\" fill=\"none\" stroke=\"{INK}\" \
             stroke-width=\"1.2\"/>",
            y - 5.0,
            y - 5.0,
        ));
        let look = format!("font-size=\"12\" fill=\"{MUTED}\"");
        self.text([end + 8.0, y + 1.0], &look, &Plain(length).to_string());
    }

    fn legend(&mut self, layout: &Layout, coloring: &Coloring) {
        let left = layout.left + layout.width + 20.0;
        let right = left + LEGEND - 20.0;
        let mut y = layout.top + 12.0;
        let look = format!("font-size=\"12\" font-weight=\"600\" fill=\"{INK}\"");
        self.text([left, y], &look, "value");
        y += 14.0;
        if let Some(range) = coloring.range {
            y = self.color_bar(left, y, range) + 18.0;
        }
        for entry in &coloring.entries {
            self.add(format_args!(
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5.5\" fill=\"{}\" stroke=\"{INK}\" \
                 stroke-opacity=\"0.45\" stroke-width=\"0.6\"/>",
                left + 6.0,
                y + 6.0,
                entry.color,
            ));
            let look = format!("font-size=\"12\" fill=\"{INK}\"");
            self.text([left + 19.0, y + 10.0], &look, &shortened(&entry.label, MAX_TEXT));
            let look = format!("font-size=\"12\" fill=\"{MUTED}\" text-anchor=\"end\"");
            self.text([right, y + 10.0], &look, &entry.count.to_string());
            y += 21.0;
        }
    }

    /// The ramp with five labelled ticks, the greatest number on top; gives where it ends.
    fn color_bar(&mut self, left: f64, top: f64, (least, most): (f64, f64)) -> f64 {
        const HEIGHT: f64 = 170.0;
        const STOPS: usize = 16;
        const TICKS: usize = 4;
        if least == most {
            let color = ramp(0.5);
            self.add(format_args!(
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"14\" height=\"14\" fill=\"{color}\"/>"
            ));
            let look = format!("font-size=\"12\" fill=\"{INK}\"");
            self.text([left + 22.0, top + 11.0], &look, &number_label(least));
            return top + 14.0;
        }
        self.add(format_args!("<linearGradient id=\"ramp\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">"));
        for stop in 0..=STOPS {
            let share = stop as f64 / STOPS as f64;
            let color = ramp(share);
            self.add(format_args!("<stop offset=\"{share:.4}\" stop-color=\"{color}\"/>"));
        }
        self.add(format_args!("</linearGradient>"));
        self.add(format_args!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"14\" height=\"{HEIGHT}\" rx=\"2\" \
             fill=\"url(#ramp)\"/>"
        ));
        let look = format!("font-size=\"12\" fill=\"{INK}\"");
        for tick in 0..=TICKS {
            let share = tick as f64 / TICKS as f64;
            let y = top + HEIGHT * (1.0 - share);
            let x = left + 14.0;
            self.add(format_args!(
                "<path d=\"M{x:.1} {y:.1}h4\" stroke=\"{MUTED}\" stroke-width=\"1\"/>"
            ));
            let number = number_label(least + (most - least) * share);
            self.text([x + 8.0, y + 4.0], &look, &number);
        }
        top + HEIGHT
    }

    fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
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
