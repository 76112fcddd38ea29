//! Several pictures one after the other.

use super::{Picture, raster};
use crate::SimError;
use std::io;
use std::path::Path;

/// An animation that begins anew when it is over.
pub(crate) struct Animation {
    encoder: gif::Encoder<Vec<u8>>,
    size: [u16; 2],
}

impl Animation {
    /// An animation of pictures of the size of this one.
    ///
    /// # Errors
    /// Such pictures are too large.
    pub(crate) fn new(first: &Picture) -> Result<Self, SimError> {
        let too_large = || SimError::PictureTooLarge { width: first.width, height: first.height };
        let pixels = raster::draw(first, 1.0).ok_or_else(too_large)?;
        let side = |pixels: u32| u16::try_from(pixels).map_err(|_| too_large());
        let size = [side(pixels.width())?, side(pixels.height())?];
        let encoder = gif::Encoder::new(Vec::new(), size[0], size[1], &[]).and_then(|mut gif| {
            gif.set_repeat(gif::Repeat::Infinite)?;
            Ok(gif)
        });
        Ok(Self { encoder: encoder.map_err(|_| too_large())?, size })
    }

    /// Adds a picture that is seen for so many hundredths of a second.
    ///
    /// # Errors
    /// It has another size than the first one.
    pub(crate) fn add(&mut self, picture: &Picture, delay: u16) -> Result<(), SimError> {
        let too_large =
            || SimError::PictureTooLarge { width: picture.width, height: picture.height };
        let pixels = raster::draw(picture, 1.0).ok_or_else(too_large)?;
        let [width, height] = self.size;
        if [pixels.width(), pixels.height()] != [u32::from(width), u32::from(height)] {
            return Err(too_large());
        }
        let mut bytes = pixels.take();
        let mut frame = gif::Frame::from_rgba_speed(width, height, &mut bytes, 10);
        frame.delay = delay;
        self.encoder.write_frame(&frame).map_err(|_| too_large())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(self, file: &Path) -> Result<(), SimError> {
        let bytes = self.encoder.into_inner().map_err(io::Error::other);
        let written = bytes.and_then(|bytes| std::fs::write(file, bytes));
        written.map_err(|error| SimError::file("write", file, error))
    }
}
