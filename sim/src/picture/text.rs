//! Text as pixels, with the same letters on every machine.

use super::{Anchor, Color, Look};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, RasterizedChar, get_raster};
use tiny_skia::{FilterQuality, Pixmap, PixmapPaint, PremultipliedColorU8, Transform};

/// The width of a letter as a share of the size of the text: that of a proportional font, about.
const ADVANCE: f64 = 0.56;
/// How far the base line lies below the top of a letter's box, as a share of its height.
const BASE: f64 = 0.79;

/// Draws one line of text on a canvas that is enlarged by `scale`.
pub(super) fn draw(pixels: &mut Pixmap, scale: f64, [x, y]: [f64; 2], look: &Look, text: &str) {
    let glyphs: Vec<RasterizedChar> =
        plain(text).filter_map(|letter| glyph(letter, look)).collect();
    let advance = look.size * ADVANCE * scale;
    let width = advance * glyphs.len() as f64;
    let start = x * scale
        - match look.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
    for (number, glyph) in glyphs.iter().enumerate() {
        let shrink = advance / glyph.width() as f64;
        let left = start + advance * number as f64;
        let top = y * scale - BASE * glyph.height() as f64 * shrink;
        let Some(stamp) = stamp(glyph, look.color) else { continue };
        let place = Transform::from_scale(shrink as f32, shrink as f32)
            .post_translate(left as f32, top as f32);
        let paint = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
        pixels.draw_pixmap(0, 0, stamp.as_ref(), &paint, place, None);
    }
}

/// The letters that are drawn; the one for what was cut off is not in the font.
fn plain(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(|letter| {
        let dots = if letter == '…' { "..." } else { "" };
        dots.chars().chain((letter != '…').then_some(letter))
    })
}

/// A letter; a question mark for one that the font lacks.
fn glyph(letter: char, look: &Look) -> Option<RasterizedChar> {
    let weight = if look.bold { FontWeight::Bold } else { FontWeight::Regular };
    let raster = |letter| get_raster(letter, weight, RasterHeight::Size32);
    raster(letter).or_else(|| raster('?'))
}

/// A letter in a colour.
fn stamp(glyph: &RasterizedChar, Color(r, g, b): Color) -> Option<Pixmap> {
    let mut stamp = Pixmap::new(glyph.width() as u32, glyph.height() as u32)?;
    for (pixel, strength) in stamp.pixels_mut().iter_mut().zip(glyph.pixels()) {
        let part = |channel: u8| (u16::from(channel) * u16::from(*strength) / 255) as u8;
        let colored = PremultipliedColorU8::from_rgba(part(r), part(g), part(b), *strength);
        *pixel = colored.unwrap_or(*pixel);
    }
    Some(stamp)
}
