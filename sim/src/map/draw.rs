//! The drawing of maps: one moment on a page, or several beside each other.

use super::color::{Coloring, number_label};
use super::layout::{FOOTER, Frame, HEADER, LEGEND, Layout, MARGIN, WIDTH};
use crate::picture::{Anchor, Color, Dot, EDGE, INK, Look, MUTED, PANEL, Picture, Shape, Stroke};
use crate::scenario::MapStyle;
use crate::shown::{Plain, shortened};
use crate::world::World;
use fieldrun_device::Micros;

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
const LINK: Color = Color(0x5b, 0x67, 0x73);
/// The space between the panels of a film strip.
const GAP: f64 = 14.0;
/// The room for the time above a panel of a film strip.
const CAPTION: f64 = 20.0;

/// What stands above a map.
pub(super) struct Header<'a> {
    pub(super) title: &'a str,
    pub(super) subtitle: String,
}

/// One moment of a network, kept.
pub(super) struct Still {
    pub(super) at: Micros,
    pub(super) world: World,
}

/// Draws one moment.
pub(super) fn page(
    world: &World,
    header: &Header<'_>,
    style: &MapStyle,
    coloring: &Coloring,
    frame: Frame,
) -> Picture {
    let layout = Layout::on_page(frame);
    let mut page = Picture::new(WIDTH, layout.top + layout.height + FOOTER + MARGIN / 2.0);
    head(&mut page, header);
    panel(&mut page, world, &layout, coloring, world.len() <= MAX_LABELS);
    scale_bar(&mut page, &layout, style);
    let counts = coloring.counts(world);
    legend(&mut page, [layout.left + layout.width, layout.top], style, coloring, Some(&counts));
    page
}

/// Draws several moments beside each other, with one scale of colours.
pub(super) fn strip(
    stills: &[Still],
    header: &Header<'_>,
    style: &MapStyle,
    coloring: &Coloring,
    frame: Frame,
) -> Picture {
    let columns = columns(stills.len());
    let width = WIDTH - 2.0 * MARGIN - LEGEND;
    let width = (width - GAP * (columns - 1) as f64) / columns as f64;
    let top = MARGIN + HEADER;
    let mut layout = Layout::new(frame, [MARGIN, top + CAPTION], width);
    let rows = stills.len().div_ceil(columns);
    let high = layout.height + CAPTION + GAP;
    let mut page = Picture::new(WIDTH, top + rows as f64 * high - GAP + FOOTER + MARGIN / 2.0);
    head(&mut page, header);
    for (number, still) in stills.iter().enumerate() {
        let (row, column) = (number / columns, number % columns);
        layout.left = MARGIN + column as f64 * (width + GAP);
        layout.top = top + CAPTION + row as f64 * high;
        let caption = format!("t = {} s", seconds(still.at));
        let look = Look::new(13.0, INK).bold();
        page.text([layout.left + 2.0, layout.top - 7.0], look, caption);
        panel(&mut page, &still.world, &layout, coloring, false);
    }
    layout.left = MARGIN;
    scale_bar(&mut page, &layout, style);
    let corner = [MARGIN + width * columns as f64 + GAP * (columns - 1) as f64, top + CAPTION];
    legend(&mut page, corner, style, coloring, None);
    page
}

/// A time as people read it.
pub(super) fn seconds(at: Micros) -> Plain {
    Plain((at.seconds() * 100.0).round() / 100.0)
}

/// How many panels stand in a row.
fn columns(panels: usize) -> usize {
    match panels {
        0..=3 => panels.max(1),
        4 => 2,
        5..=9 => 3,
        _ => 4,
    }
}

fn head(page: &mut Picture, header: &Header<'_>) {
    let title = shortened(header.title, MAX_TITLE);
    page.text([MARGIN, MARGIN + 16.0], Look::new(20.0, INK).bold(), title);
    let subtitle = header.subtitle.as_str();
    page.text([MARGIN, MARGIN + HEADER - 18.0], Look::new(13.0, MUTED), subtitle);
}

/// The network on a panel.
fn panel(page: &mut Picture, world: &World, layout: &Layout, coloring: &Coloring, labels: bool) {
    let (at, size) = ([layout.left, layout.top], [layout.width, layout.height]);
    page.shapes.push(Shape::Rect { at, size, round: 6.0, fill: PANEL, edge: Some(EDGE) });
    obstacles(page, world, layout);
    links(page, world, layout);
    dots(page, world, layout, coloring);
    if labels {
        self::labels(page, world, layout);
    }
}

/// What stands in the way.
fn obstacles(page: &mut Picture, world: &World, layout: &Layout) {
    let outlines = super::obstacles::outlines(world);
    if !outlines.is_empty() {
        let corner = |corner: &[f64; 2]| layout.pixels(corner);
        let areas = outlines.iter().map(|area| area.iter().map(corner).collect()).collect();
        page.shapes.push(Shape::Areas { areas, fill: MUTED, opacity: 0.55 });
    }
}

/// All links as one shape, fainter the more they are.
fn links(page: &mut Picture, world: &World, layout: &Layout) {
    let count = world.links();
    if count == 0 || count > MAX_DRAWN_LINKS {
        return;
    }
    let opacity = (6.0 / (count as f64).sqrt()).clamp(0.07, 0.4);
    let mut lines = Vec::with_capacity(count);
    for device in 0..world.len() {
        let from = layout.pixels(world.position(device));
        for other in world.neighbors(device).iter().filter(|other| **other as usize > device) {
            lines.push(vec![from, layout.pixels(world.position(*other as usize))]);
        }
    }
    page.shapes.push(Shape::Lines { lines, stroke: Stroke { opacity, ..Stroke::new(LINK, 0.8) } });
}

/// The devices, rare values on top.
fn dots(page: &mut Picture, world: &World, layout: &Layout, coloring: &Coloring) {
    let counts = coloring.counts(world);
    let mut order: Vec<(usize, usize, Dot)> = (0..world.len())
        .map(|device| {
            let shown = world.shown(device);
            let (color, layer) = coloring.paint(&shown, &counts);
            let id = world.id(device).filter(|_| world.len() <= MAX_TOOLTIPS);
            let tip = id.map(|id| format!("{id}: {}", shortened(&shown.to_string(), MAX_TEXT)));
            (layer, device, Dot { at: layout.pixels(world.position(device)), color, tip })
        })
        .collect();
    order.sort_by_key(|(layer, device, _)| (*layer, *device));
    let dots = order.into_iter().map(|(.., dot)| dot).collect();
    page.shapes.push(Shape::Dots { radius: layout.dot(world.len()), dots });
}

fn labels(page: &mut Picture, world: &World, layout: &Layout) {
    let radius = layout.dot(world.len());
    let look = Look::new(11.0, INK).anchored(Anchor::Middle);
    for device in 0..world.len() {
        let [x, y] = layout.pixels(world.position(device));
        let id = world.id(device).map(ToString::to_string).unwrap_or_default();
        page.text([x, y - radius - 4.0], look, shortened(&id, MAX_TEXT));
    }
}

fn scale_bar(page: &mut Picture, layout: &Layout, style: &MapStyle) {
    let length = layout.bar();
    let (x, y) = (layout.left + 2.0, layout.top + layout.height + FOOTER / 2.0);
    let end = x + length * layout.scale;
    page.line(&[[x, y - 5.0], [x, y], [end, y], [end, y - 5.0]], Stroke::new(INK, 1.2));
    let unit = style.length.as_deref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let text = format!("{}{}", Plain(length), shortened(&unit, MAX_TEXT));
    page.text([end + 8.0, y + 1.0], Look::new(12.0, MUTED), text);
}

/// What the colours mean, right of a corner; with how many devices have each, if that is known.
fn legend(
    page: &mut Picture,
    [x, y]: [f64; 2],
    style: &MapStyle,
    coloring: &Coloring,
    counts: Option<&[usize]>,
) {
    let left = x + 20.0;
    let right = left + LEGEND - 20.0;
    let mut y = y + 12.0;
    let unit = style.unit.as_deref().map(|unit| format!(" in {unit}")).unwrap_or_default();
    let title = format!("value{}", shortened(&unit, MAX_TEXT));
    page.text([left, y], Look::new(12.0, INK).bold(), title);
    y += 14.0;
    if let Some(range) = coloring.range {
        y = color_bar(page, [left, y], range) + 18.0;
    }
    for (number, entry) in coloring.entries.iter().enumerate() {
        let at = [left + 6.0, y + 6.0];
        let dots = vec![Dot { at, color: entry.color, tip: None }];
        page.shapes.push(Shape::Dots { radius: 5.5, dots });
        let label = shortened(&entry.label, MAX_TEXT);
        page.text([left + 19.0, y + 10.0], Look::new(12.0, INK), label);
        if let Some(count) = counts.and_then(|counts| counts.get(number)) {
            let look = Look::new(12.0, MUTED).anchored(Anchor::End);
            page.text([right, y + 10.0], look, count.to_string());
        }
        y += 21.0;
    }
}

/// The ramp with five labelled ticks, the greatest number on top; gives where it ends.
fn color_bar(page: &mut Picture, [left, top]: [f64; 2], (least, most): (f64, f64)) -> f64 {
    const HEIGHT: f64 = 170.0;
    const STOPS: usize = 16;
    const TICKS: usize = 4;
    let ramp = super::color::ramp;
    if least == most {
        let (at, fill) = ([left, top], ramp(0.5));
        page.shapes.push(Shape::Rect { at, size: [14.0; 2], round: 0.0, fill, edge: None });
        page.text([left + 22.0, top + 11.0], Look::new(12.0, INK), number_label(least));
        return top + 14.0;
    }
    let colors = (0..=STOPS).map(|stop| ramp(stop as f64 / STOPS as f64)).collect();
    page.shapes.push(Shape::Ramp { at: [left, top], size: [14.0, HEIGHT], colors });
    for tick in 0..=TICKS {
        let share = tick as f64 / TICKS as f64;
        let (x, y) = (left + 14.0, top + HEIGHT * (1.0 - share));
        page.line(&[[x, y], [x + 4.0, y]], Stroke::new(MUTED, 1.0));
        let number = number_label(least + (most - least) * share);
        page.text([x + 8.0, y + 4.0], Look::new(12.0, INK), number);
    }
    top + HEIGHT
}
