//! Pictures as pixels.

use super::{Color, Dot, INK, PAGE, Picture, Shape, Stroke, text};
use tiny_skia::{
    FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder, Pixmap, Point, Rect, Shader,
    SpreadMode, StrokeDash, Transform,
};

/// The most pixels along a side.
const MAX_SIDE: f64 = 16_384.0;

/// Draws a picture, enlarged by `scale`; nothing if it would be too large.
pub(super) fn draw(picture: &Picture, scale: f64) -> Option<Pixmap> {
    let [width, height] = [picture.width * scale, picture.height * scale];
    if !(1.0..=MAX_SIDE).contains(&width) || !(1.0..=MAX_SIDE).contains(&height) {
        return None;
    }
    let mut pixels = Pixmap::new(width as u32, height as u32)?;
    pixels.fill(color(PAGE, 1.0));
    let mut canvas = Canvas { pixels, scale };
    picture.shapes.iter().for_each(|shape| canvas.shape(shape));
    Some(canvas.pixels)
}

struct Canvas {
    pixels: Pixmap,
    scale: f64,
}

impl Canvas {
    fn transform(&self) -> Transform {
        Transform::from_scale(self.scale as f32, self.scale as f32)
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Rect { at, size, round, fill, edge } => {
                let Some(path) = rounded(*at, *size, *round) else { return };
                self.fill(&path, paint(*fill, 1.0));
                if let Some(edge) = edge {
                    self.stroke(&path, &Stroke::new(*edge, 1.0));
                }
            }
            Shape::Dots { radius, dots } => self.dots(*radius, dots),
            Shape::Lines { lines, stroke } => {
                if let Some(path) = path(lines, false) {
                    self.stroke(&path, stroke);
                }
            }
            Shape::Areas { areas, fill, opacity } => {
                if let Some(path) = path(areas, true) {
                    self.fill(&path, paint(*fill, *opacity));
                }
            }
            Shape::Text { at, look, text } => {
                text::draw(&mut self.pixels, self.scale, *at, look, text);
            }
            Shape::Ramp { at, size, colors } => self.ramp(*at, *size, colors),
        }
    }

    fn fill(&mut self, path: &Path, paint: Paint<'_>) {
        self.pixels.fill_path(path, &paint, FillRule::EvenOdd, self.transform(), None);
    }

    fn stroke(&mut self, path: &Path, stroke: &Stroke) {
        let dash = (stroke.dash > 0.0)
            .then(|| StrokeDash::new(vec![stroke.dash as f32; 2], 0.0))
            .flatten();
        let drawn = tiny_skia::Stroke { width: stroke.width as f32, dash, ..Default::default() };
        let paint = paint(stroke.color, stroke.opacity);
        self.pixels.stroke_path(path, &paint, &drawn, self.transform(), None);
    }

    fn dots(&mut self, radius: f64, dots: &[Dot]) {
        let outline = Stroke { opacity: 0.45, ..Stroke::new(INK, 0.6) };
        for Dot { at: [x, y], color, .. } in dots {
            let circle = PathBuilder::from_circle(*x as f32, *y as f32, radius as f32);
            if let Some(circle) = circle {
                self.fill(&circle, paint(*color, 1.0));
                self.stroke(&circle, &outline);
            }
        }
    }

    fn ramp(&mut self, [x, y]: [f64; 2], size: [f64; 2], colors: &[Color]) {
        let Some(path) = rounded([x, y], size, 2.0) else { return };
        let last = colors.len().saturating_sub(1).max(1) as f32;
        let stops = colors.iter().zip(0u16..);
        let stops = stops.map(|(c, at)| GradientStop::new(f32::from(at) / last, color(*c, 1.0)));
        let (top, bottom) = (y as f32, (y + size[1]) as f32);
        let shader = LinearGradient::new(
            Point::from_xy(x as f32, bottom),
            Point::from_xy(x as f32, top),
            stops.collect(),
            SpreadMode::Pad,
            Transform::identity(),
        );
        if let Some(shader) = shader {
            self.fill(&path, Paint { shader, ..Paint::default() });
        }
    }
}

fn color(Color(r, g, b): Color, opacity: f64) -> tiny_skia::Color {
    tiny_skia::Color::from_rgba8(r, g, b, (opacity.clamp(0.0, 1.0) * 255.0).round() as u8)
}

fn paint(of: Color, opacity: f64) -> Paint<'static> {
    Paint { shader: Shader::SolidColor(color(of, opacity)), ..Paint::default() }
}

fn path(lines: &[Vec<[f64; 2]>], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for line in lines {
        for (number, [x, y]) in line.iter().enumerate() {
            match number {
                0 => path.move_to(*x as f32, *y as f32),
                _ => path.line_to(*x as f32, *y as f32),
            }
        }
        if closed {
            path.close();
        }
    }
    path.finish()
}

/// A rectangle whose corners are quadratic curves.
fn rounded([x, y]: [f64; 2], [width, height]: [f64; 2], round: f64) -> Option<Path> {
    let rect = Rect::from_xywh(x as f32, y as f32, width as f32, height as f32)?;
    if round <= 0.0 {
        return Some(PathBuilder::from_rect(rect));
    }
    let r = round as f32;
    let (left, top, right, bottom) = (rect.left(), rect.top(), rect.right(), rect.bottom());
    let mut path = PathBuilder::new();
    path.move_to(left + r, top);
    path.line_to(right - r, top);
    path.quad_to(right, top, right, top + r);
    path.line_to(right, bottom - r);
    path.quad_to(right, bottom, right - r, bottom);
    path.line_to(left + r, bottom);
    path.quad_to(left, bottom, left, bottom - r);
    path.line_to(left, top + r);
    path.quad_to(left, top, left + r, top);
    path.close();
    path.finish()
}
