//! Pictures as data: shapes on a page, written as SVG, or drawn as pixels for PNG and GIF.
//!
//! Maps and charts say what is to be seen; this module alone knows how a file of each kind is
//! made. The same picture gives the same bytes.

mod gif;
mod raster;
mod svg;
mod text;

pub(crate) use self::gif::Animation;
pub(crate) use self::svg::escaped;

use crate::SimError;
use crate::whole::write_whole;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Color(pub u8, pub u8, pub u8);

pub(crate) const INK: Color = Color(0x1f, 0x23, 0x28);
pub(crate) const MUTED: Color = Color(0x6b, 0x72, 0x80);
pub(crate) const PAGE: Color = Color(0xfa, 0xfa, 0xf8);
pub(crate) const PANEL: Color = Color(0xff, 0xff, 0xff);
pub(crate) const EDGE: Color = Color(0xe4, 0xe4, 0xdf);

/// Six colours of Okabe and Ito, which people without full colour vision tell apart; without
/// their yellow, which is faint on white.
pub(crate) const PALETTE: [Color; 6] = [
    Color(0x00, 0x72, 0xb2),
    Color(0xe6, 0x9f, 0x00),
    Color(0x00, 0x9e, 0x73),
    Color(0xcc, 0x79, 0xa7),
    Color(0x56, 0xb4, 0xe9),
    Color(0xd5, 0x5e, 0x00),
];

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(r, g, b) = self;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl FromStr for Color {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, r, g, b] = number.ok_or("write #rrggbb, such as #c8102e")?.to_be_bytes();
        Ok(Self(r, g, b))
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) color: Color,
    pub(crate) width: f64,
    /// From 0 to 1.
    pub(crate) opacity: f64,
    /// In dashes of this length; zero for a whole line.
    pub(crate) dash: f64,
}

impl Stroke {
    pub(crate) fn new(color: Color, width: f64) -> Self {
        Self { color, width, opacity: 1.0, dash: 0.0 }
    }
}

/// Where a text stands beside its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) color: Color,
    pub(crate) anchor: Anchor,
}

impl Look {
    pub(crate) fn new(size: f64, color: Color) -> Self {
        Self { size, bold: false, color, anchor: Anchor::Start }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// A disc of a group of equal ones.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dot {
    pub(crate) at: [f64; 2],
    pub(crate) color: Color,
    /// Shown when somebody points at it.
    pub(crate) tip: Option<String>,
}

/// What a picture consists of. Lengths are pixels; y grows downwards.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A rectangle with corners of a radius.
    Rect { at: [f64; 2], size: [f64; 2], round: f64, fill: Color, edge: Option<Color> },
    /// Equal discs with a thin outline; later ones cover earlier ones.
    Dots { radius: f64, dots: Vec<Dot> },
    /// Open lines, all of one look.
    Lines { lines: Vec<Vec<[f64; 2]>>, stroke: Stroke },
    /// Closed surfaces, all of one look.
    Areas { areas: Vec<Vec<[f64; 2]>>, fill: Color, opacity: f64 },
    /// One line of text; the point is on its base line.
    Text { at: [f64; 2], look: Look, text: String },
    /// A rectangle filled with colours that change from its bottom to its top.
    Ramp { at: [f64; 2], size: [f64; 2], colors: Vec<Color> },
}

/// A page of shapes, drawn in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
}

/// Pixels of a PNG for each pixel of the picture, so that it is sharp on fine screens.
const PNG_SCALE: f64 = 2.0;

impl Picture {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height: height.round(), shapes: Vec::new() }
    }

    pub(crate) fn text(&mut self, at: [f64; 2], look: Look, text: impl Into<String>) {
        self.shapes.push(Shape::Text { at, look, text: text.into() });
    }

    pub(crate) fn line(&mut self, points: &[[f64; 2]], stroke: Stroke) {
        self.shapes.push(Shape::Lines { lines: vec![points.to_vec()], stroke });
    }

    /// The picture as SVG.
    pub fn svg(&self) -> String {
        svg::write(self)
    }

    /// The picture as PNG, two pixels for one.
    ///
    /// # Errors
    /// It has more pixels than can be held.
    pub fn png(&self) -> Result<Vec<u8>, SimError> {
        let pixels = raster::draw(self, PNG_SCALE);
        let bytes = pixels.and_then(|pixels| pixels.encode_png().ok());
        bytes.ok_or(SimError::PictureTooLarge { width: self.width, height: self.height })
    }

    /// Writes the picture as its name says: `.svg` or `.png`.
    ///
    /// # Errors
    /// The name says neither, the file cannot be written, or the picture is too large.
    pub fn write(&self, file: &Path) -> Result<(), SimError> {
        let bytes = match Format::of(file) {
            Some(Format::Png) => self.png()?,
            Some(Format::Svg) => self.svg().into_bytes(),
            Some(Format::Gif) | None => {
                return Err(SimError::NotAPicture { file: file.to_owned() });
            }
        };
        write_whole(file, &bytes).map_err(|error| SimError::file("write", file, error))
    }
}

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Svg,
    Png,
    Gif,
}

impl Format {
    /// The kind that the name of a file says.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_str()?;
        let known = [("svg", Self::Svg), ("png", Self::Png), ("gif", Self::Gif)];
        known.into_iter().find(|(name, _)| extension.eq_ignore_ascii_case(name)).map(|(_, f)| f)
    }
}
