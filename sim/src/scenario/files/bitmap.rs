//! Pictures of obstacles.

use super::super::Bitmap;
use super::super::read::{Fault, fault};
use png::{ColorType, Decoder, Limits, Transformations};
use std::io::Cursor;

/// The most pixels of a picture.
const MAX_PIXELS: u64 = 16 << 20;
/// What decoding may take besides the picture itself.
const MAX_BYTES: usize = 128 << 20;

/// Reads a PNG picture: pixels darker than the middle grey stand in the way, but not those that are
/// more transparent than not.
pub(super) fn read(name: &str, bytes: &[u8], area: [f64; 4]) -> Result<Bitmap, Fault> {
    let [x0, y0, x1, y1] = area;
    if !(x0 < x1 && y0 < y1) {
        return Err(fault("a picture over an area without extent", "Enlarge `area`."));
    }
    let unreadable = |error: png::DecodingError| {
        fault(format!("{name} is no PNG picture: {error}"), "Save the picture as PNG.")
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_BYTES });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let (width, height) = {
        let header = decoder.read_header_info().map_err(unreadable)?;
        (header.width, header.height)
    };
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        let message = format!("{name} has {width} by {height} pixels");
        return Err(fault(message, "A picture has at most 16 million: make it smaller."));
    }
    let mut reader = decoder.read_info().map_err(unreadable)?;
    let size = reader.output_buffer_size();
    let mut pixels = vec![0; size.unwrap_or_default()];
    let frame = reader.next_frame(&mut pixels).map_err(unreadable)?;
    let samples = frame.color_type.samples();
    let columns = width as usize;
    let dark = |pixel: &[u8]| match (frame.color_type, pixel) {
        (ColorType::GrayscaleAlpha, [grey, alpha]) => *alpha > 127 && *grey < 128,
        (ColorType::Rgba, [r, g, b, alpha]) => *alpha > 127 && grey(*r, *g, *b) < 128,
        (_, [r, g, b]) => grey(*r, *g, *b) < 128,
        (_, [grey]) => *grey < 128,
        _ => false,
    };
    // Pictures start at the top, areas at the least y.
    let rows = pixels.chunks_exact((columns * samples).max(1)).take(height as usize).rev();
    let dark = rows.flat_map(|row| row.chunks_exact(samples).map(dark)).collect();
    Ok(Bitmap { area, columns, rows: height as usize, dark })
}

/// How bright a colour is (Rec. 601).
fn grey(r: u8, g: u8, b: u8) -> u32 {
    (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b)) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, color: ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(color);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(pixels).expect("pixels");
        writer.finish().expect("an end");
        bytes
    }

    const AREA: [f64; 4] = [0.0, 0.0, 2.0, 2.0];

    #[test]
    fn dark_pixels_stand_in_the_way() {
        // The upper left and the lower right one.
        let picture = png(2, 2, ColorType::Grayscale, &[0, 255, 200, 100]);
        let bitmap = read("w.png", &picture, AREA).expect("a picture");
        assert_eq!((bitmap.columns, bitmap.rows), (2, 2));
        assert_eq!(bitmap.dark, [false, true, true, false], "from the lower left on");
        let picture = png(2, 1, ColorType::Rgba, &[0, 0, 0, 0, 0, 0, 200, 255]);
        assert_eq!(read("w.png", &picture, AREA).expect("a picture").dark, [false, true]);
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused() {
        let wrong = |bytes: &[u8], area| read("w.png", bytes, area).expect_err("wrong").message;
        assert!(wrong(b"GIF89a", AREA).contains("no PNG picture"));
        // The head of a picture of 100,000 by 100,000 pixels, without any.
        let mut large = png(1, 1, ColorType::Grayscale, &[0]);
        let head = [0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0];
        large[16..24].copy_from_slice(&head);
        let message = wrong(&large, AREA);
        assert!(message.contains("w.png"), "{message}");
        let small = png(1, 1, ColorType::Grayscale, &[0]);
        assert!(wrong(&small, [0.0; 4]).contains("extent"));
        assert!(wrong(&small[..40], AREA).contains("no PNG picture"));
        let wide = png(5000, 4000, ColorType::Grayscale, &vec![0; 20_000_000]);
        assert!(wrong(&wide, AREA).contains("5000 by 4000 pixels"));
    }
}
