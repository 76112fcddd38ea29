//! Colours of values: a perceptual ramp for numbers, two colours for truth values, a palette of
//! well separated colours for everything else.

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
/// The colours of Okabe and Ito, which people without full colour vision tell apart; without
/// their yellow, which is faint on white.
const PALETTE: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
/// All further values together.
const OTHER: &str = "#8b8f96";
const FALSE: &str = "#a9b8c4";
const TRUE: &str = "#d1495b";
/// Numbers that are not finite.
const NOT_FINITE: &str = "#c4c7cc";
/// No value: an empty dot.
const NOTHING: &str = "#ffffff";

/// One line of a legend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) color: String,
    pub(super) count: usize,
}

/// The colours of one map.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Coloring {
    /// The least and the greatest finite number.
    pub(super) range: Option<(f64, f64)>,
    /// What is not on the ramp, by ascending text; further values last.
    pub(super) entries: Vec<Entry>,
    /// The entry of each value that is not on the ramp.
    index: BTreeMap<String, usize>,
}

/// The colour of one device and its place in the order of drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paint {
    pub(super) color: String,
    /// Larger ones are drawn later, so that rare values are seen.
    pub(super) layer: usize,
}

impl Coloring {
    pub(super) fn new(world: &World, style: &MapStyle) -> Self {
        let mut coloring = Self::default();
        let mut counts: BTreeMap<String, (usize, Shown)> = BTreeMap::new();
        for device in 0..world.len() {
            match world.shown(device) {
                Shown::Number(number) if number.is_finite() => {
                    let (least, most) = coloring.range.unwrap_or((number, number));
                    coloring.range = Some((least.min(number), most.max(number)));
                }
                shown => counts.entry(label(&shown)).or_insert((0, shown)).0 += 1,
            }
        }
        let mut palette = PALETTE.iter();
        for (label, (count, shown)) in counts {
            let chosen = style.colors.iter().find(|(text, _)| *text == label);
            let color = match (chosen, shown) {
                (Some((_, color)), _) => Some(color.as_str()),
                (None, Shown::Truth(false)) => Some(FALSE),
                (None, Shown::Truth(true)) => Some(TRUE),
                (None, Shown::Number(_)) => Some(NOT_FINITE),
                (None, Shown::Nothing) => Some(NOTHING),
                (None, Shown::Text(_)) => palette.next().copied(),
            };
            coloring.enter(label, count, color);
        }
        coloring
    }

    /// Adds an entry, or counts it among the further ones when no colour is left.
    fn enter(&mut self, label: String, count: usize, color: Option<&str>) {
        if let Some(color) = color {
            self.index.insert(label.clone(), self.entries.len());
            self.entries.push(Entry { label, color: color.to_owned(), count });
            return;
        }
        let others = self.entries.iter().position(|entry| entry.color == OTHER);
        let others = others.unwrap_or_else(|| {
            let entry = Entry { label: "others".to_owned(), color: OTHER.to_owned(), count: 0 };
            self.entries.push(entry);
            self.entries.len() - 1
        });
        self.index.insert(label, others);
        if let Some(entry) = self.entries.get_mut(others) {
            entry.count += count;
        }
    }

    pub(super) fn paint(&self, shown: &Shown) -> Paint {
        if let (Shown::Number(number), Some((least, most))) = (shown, self.range)
            && number.is_finite()
        {
            let share = if most > least { (number - least) / (most - least) } else { 0.5 };
            return Paint { color: ramp(share), layer: usize::MAX / 2 };
        }
        let entry = self.index.get(&label(shown)).and_then(|index| self.entries.get(*index));
        entry.map_or_else(
            || Paint { color: OTHER.to_owned(), layer: 0 },
            |entry| Paint { color: entry.color.clone(), layer: usize::MAX - entry.count },
        )
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
pub(super) fn ramp(share: f64) -> String {
    let last = RAMP.len() - 1;
    // The range of numbers may be too wide for a share of it: then there is none.
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    let at = share * last as f64;
    let below = (at as usize).min(last - 1);
    let part = at - below as f64;
    let (Some(a), Some(b)) = (RAMP.get(below), RAMP.get(below + 1)) else {
        return OTHER.to_owned();
    };
    let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round();
    let [r, g, b] = [channel(a[0], b[0]), channel(a[1], b[1]), channel(a[2], b[2])];
    format!("#{:02x}{:02x}{:02x}", r as u8, g as u8, b as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_meets_its_samples() {
        assert_eq!(ramp(0.0), "#440154");
        assert_eq!(ramp(0.5), "#21918c");
        assert_eq!(ramp(1.0), "#fde725");
        assert_eq!(ramp(7.0), ramp(1.0));
        assert_eq!(ramp(f64::NAN), ramp(0.0));
    }

    #[test]
    fn values_beyond_the_palette_share_an_entry() {
        let mut coloring = Coloring::default();
        let mut palette = PALETTE.iter();
        for number in 0..9 {
            coloring.enter(format!("v{number}"), 10, palette.next().copied());
        }
        assert_eq!(coloring.entries.len(), 7);
        assert_eq!(coloring.entries[6].count, 30);
        let paint = coloring.paint(&Shown::Text("v8".to_owned()));
        assert_eq!(paint.color, OTHER);
    }
}
