//! Several pictures one after the other.

use super::{Picture, raster};
use crate::SimError;
use crate::whole::write_whole;
use color_quant::NeuQuant;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use tiny_skia::Pixmap;

/// Colours of an animation; one more place is for what stays as it was.
const COLORS: usize = 255;
const UNCHANGED: u8 = 255;
/// The palette is found from every so manieth pixel.
const SAMPLE: i32 = 7;

/// An animation that begins anew when it is over. Each picture after the first one holds only what
/// changed.
pub(crate) struct Animation {
    encoder: gif::Encoder<Vec<u8>>,
    size: [u16; 2],
    palette: NeuQuant,
    /// Colours whose place in the palette is known; only looked up, never walked through.
    known: HashMap<[u8; 4], u8>,
    before: Vec<u8>,
}

impl Animation {
    /// An animation with the colours of these pictures, which have the size of all.
    ///
    /// # Errors
    /// Such pictures are too large.
    pub(crate) fn new(samples: &[&Picture]) -> Result<Self, SimError> {
        let mut bytes = Vec::new();
        let mut size = [0, 0];
        for picture in samples {
            let pixels = pixels(picture)?;
            size = side(&pixels).ok_or_else(|| too_large(picture))?;
            bytes.extend_from_slice(pixels.data());
        }
        let palette = NeuQuant::new(SAMPLE, COLORS, &bytes);
        let mut table = palette.color_map_rgb();
        table.resize(3 * (COLORS + 1), 0);
        let encoder =
            gif::Encoder::new(Vec::new(), size[0], size[1], &table).and_then(|mut gif| {
                gif.set_repeat(gif::Repeat::Infinite)?;
                Ok(gif)
            });
        let encoder = encoder.map_err(not_packed)?;
        Ok(Self { encoder, size, palette, known: HashMap::new(), before: Vec::new() })
    }

    /// Adds a picture that is seen for so many hundredths of a second.
    ///
    /// # Errors
    /// It has another size than the first one.
    pub(crate) fn add(&mut self, picture: &Picture, delay: u16) -> Result<(), SimError> {
        let pixels = pixels(picture)?;
        if side(&pixels) != Some(self.size) {
            return Err(too_large(picture));
        }
        let Self { palette, known, .. } = self;
        let mut place =
            |pixel: &[u8; 4]| *known.entry(*pixel).or_insert_with(|| palette.index_of(pixel) as u8);
        let (whole, _) = pixels.data().as_chunks::<4>();
        let after: Vec<u8> = whole.iter().map(&mut place).collect();
        let changed = match self.before.as_slice() {
            [] => after.clone(),
            before => before
                .iter()
                .zip(&after)
                .map(|(before, after)| if before == after { UNCHANGED } else { *after })
                .collect(),
        };
        let [width, height] = self.size;
        let frame = gif::Frame {
            width,
            height,
            delay,
            dispose: gif::DisposalMethod::Keep,
            transparent: Some(UNCHANGED),
            buffer: changed.into(),
            ..gif::Frame::default()
        };
        self.before = after;
        self.encoder.write_frame(&frame).map_err(not_packed)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(self, file: &Path) -> Result<(), SimError> {
        let bytes = self.encoder.into_inner().map_err(io::Error::other);
        let written = bytes.and_then(|bytes| write_whole(file, &bytes));
        written.map_err(|error| SimError::file("write", file, error))
    }
}

fn pixels(picture: &Picture) -> Result<Pixmap, SimError> {
    raster::draw(picture, 1.0).ok_or_else(|| too_large(picture))
}

fn side(pixels: &Pixmap) -> Option<[u16; 2]> {
    Some([u16::try_from(pixels.width()).ok()?, u16::try_from(pixels.height()).ok()?])
}

fn too_large(picture: &Picture) -> SimError {
    SimError::PictureTooLarge { width: picture.width, height: picture.height }
}

fn not_packed(error: gif::EncodingError) -> SimError {
    SimError::Output { what: "animation", source: io::Error::other(error) }
}
