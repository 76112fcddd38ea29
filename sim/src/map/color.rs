//! Colours of values: a perceptual ramp for numbers, two colours for truth values, a palette of
//! well separated colours for everything else.

use crate::picture::{Color, PALETTE};
use crate::scenario::MapStyle;
use crate::shown::{Plain, Shown};
use crate::summary::rounded;
use crate::world::World;
use std::collections::BTreeMap;

/// Nine samples of viridis, the map of Smith and van der Walt: equal steps of value look like
/// equal steps of colour, also without colour vision and in print.
const RAMP: [[u8; 3]; 9] = [
    [0x44, 0x01, 0x54],
    [0x47, 0x2d, 0x7b],
    [0x3b, 0x52, 0x8b],
    [0x2c, 0x72, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x28, 0xae, 0x80],
    [0x5e, 0xc9, 0x62],
    [0xad, 0xdc, 0x30],
    [0xfd, 0xe7, 0x25],
];
/// All further values together.
const OTHER: Color = Color(0x8b, 0x8f, 0x96);
const FALSE: Color = Color(0xa9, 0xb8, 0xc4);
const TRUE: Color = Color(0xd1, 0x49, 0x5b);
/// Numbers that are not finite.
const NOT_FINITE: Color = Color(0xc4, 0xc7, 0xcc);
/// No value: an empty dot.
const NOTHING: Color = Color(0xff, 0xff, 0xff);

/// One line of a legend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) color: Color,
}

/// The colours of one map, or of several with one scale.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Coloring {
    /// The least and the greatest finite number.
    pub(super) range: Option<(f64, f64)>,
    /// What is not on the ramp, by ascending text; further values last.
    pub(super) entries: Vec<Entry>,
    /// The entry of each value that is not on the ramp.
    index: BTreeMap<String, usize>,
}

impl Coloring {
    pub(super) fn new<'a>(worlds: impl Iterator<Item = &'a World>, style: &MapStyle) -> Self {
        let mut coloring = Self::default();
        let mut others: BTreeMap<String, Shown> = BTreeMap::new();
        for world in worlds {
            for device in 0..world.len() {
                match world.shown(device) {
                    Shown::Number(number) if number.is_finite() => {
                        let (least, most) = coloring.range.unwrap_or((number, number));
                        coloring.range = Some((least.min(number), most.max(number)));
                    }
                    shown => _ = others.entry(label(&shown)).or_insert(shown),
                }
            }
        }
        let mut palette = PALETTE.iter();
        for (label, shown) in others {
            let chosen = style.colors.iter().find(|(text, _)| *text == label);
            let color = match (chosen, shown) {
                (Some((_, color)), _) => Some(*color),
                (None, Shown::Truth(false)) => Some(FALSE),
                (None, Shown::Truth(true)) => Some(TRUE),
                (None, Shown::Number(_)) => Some(NOT_FINITE),
                (None, Shown::Nothing) => Some(NOTHING),
                (None, Shown::Text(_)) => palette.next().copied(),
            };
            coloring.enter(label, color);
        }
        coloring
    }

    /// Adds an entry, or joins the further ones when no colour is left.
    fn enter(&mut self, label: String, color: Option<Color>) {
        let entry = match color {
            Some(color) => Entry { label: label.clone(), color },
            None => Entry { label: "others".to_owned(), color: OTHER },
        };
        let others = self.entries.iter().position(|entry| entry.color == OTHER);
        let at = others.filter(|_| color.is_none()).unwrap_or(self.entries.len());
        if at == self.entries.len() {
            self.entries.push(entry);
        }
        self.index.insert(label, at);
    }

    /// How many devices have a value of each entry.
    pub(super) fn counts(&self, world: &World) -> Vec<usize> {
        let mut counts = vec![0; self.entries.len()];
        for device in 0..world.len() {
            let entry = self.index.get(&label(&world.shown(device)));
            if let Some(count) = entry.and_then(|entry| counts.get_mut(*entry)) {
                *count += 1;
            }
        }
        counts
    }

    /// The colour of a value, and its place in the order of drawing: larger ones are drawn later,
    /// so that rare values are seen.
    pub(super) fn paint(&self, shown: &Shown, counts: &[usize]) -> (Color, usize) {
        if let (Shown::Number(number), Some((least, most))) = (shown, self.range)
            && number.is_finite()
        {
            let share = if most > least { (number - least) / (most - least) } else { 0.5 };
            return (ramp(share), usize::MAX / 2);
        }
        let at = self.index.get(&label(shown));
        let entry = at.and_then(|at| self.entries.get(*at).zip(counts.get(*at)));
        entry.map_or((OTHER, 0), |(entry, count)| (entry.color, usize::MAX - count))
    }
}

/// The text of a value in a legend.
fn label(shown: &Shown) -> String {
    match shown {
        Shown::Nothing => "no value".to_owned(),
        other => other.to_string(),
    }
}

/// A number as legends show it.
pub(super) fn number_label(number: f64) -> String {
    Plain(rounded(number)).to_string()
}

/// The colour at a share of the ramp, from 0 to 1.
pub(super) fn ramp(share: f64) -> Color {
    let last = RAMP.len() - 1;
    // The range of numbers may be too wide for a share of it: then there is none.
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    let at = share * last as f64;
    let below = (at as usize).min(last - 1);
    let part = at - below as f64;
    let (Some(a), Some(b)) = (RAMP.get(below), RAMP.get(below + 1)) else {
        return OTHER;
    };
    let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round();
    let [r, g, b] = [channel(a[0], b[0]), channel(a[1], b[1]), channel(a[2], b[2])];
    Color(r as u8, g as u8, b as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_meets_its_samples() {
        assert_eq!(ramp(0.0).to_string(), "#440154");
        assert_eq!(ramp(0.5).to_string(), "#21918c");
        assert_eq!(ramp(1.0).to_string(), "#fde725");
        assert_eq!(ramp(7.0), ramp(1.0));
        assert_eq!(ramp(f64::NAN), ramp(0.0));
    }

    #[test]
    fn values_beyond_the_palette_share_an_entry() {
        let mut coloring = Coloring::default();
        let mut palette = PALETTE.iter();
        for number in 0..9 {
            coloring.enter(format!("v{number}"), palette.next().copied());
        }
        assert_eq!(coloring.entries.len(), 7);
        let (color, _) = coloring.paint(&Shown::Text("v8".to_owned()), &[10; 7]);
        assert_eq!(color, OTHER);
    }
}
