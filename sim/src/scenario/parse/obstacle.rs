//! `[[obstacle]]`: what stands in the way.

use super::super::files::Files;
use super::super::problem::Problems;
use super::super::read::{self, Fault, Item, Section, fault};
use super::super::{Area, Obstacle, Shape};
use super::refuse_others;
use std::sync::Arc;

/// The most obstacles, and the most corners of one.
const MAX_OBSTACLES: usize = 10_000;
const RECTANGLE: &str = "Write [least x, least y, greatest x, greatest y].";

pub(super) fn read_obstacles(
    root: &mut Section<'_>,
    area: Option<Area>,
    files: &Files,
    problems: &mut Problems,
) -> Vec<Obstacle> {
    let sections = root.sections("obstacle", "[[obstacle]]", problems);
    if sections.len() > MAX_OBSTACLES {
        let help = format!("A scenario has at most {MAX_OBSTACLES}: draw them into a picture.");
        let place = sections.last().map_or(0..0, |(span, _)| span.clone());
        problems.add(place, "too many obstacles", help);
    }
    let mut obstacles = Vec::new();
    for (span, mut section) in sections {
        let shape = shape(&mut section, area, files, problems);
        if shape.is_none() && SHAPES.iter().all(|key| !section.has(key)) {
            let help =
                "Add rectangle = [x0, y0, x1, y1], polygon = [[x, y], …] or image = \"a.png\".";
            problems.add(span.clone(), "nobody says what the obstacle looks like", help);
        }
        let height = section.read("height", problems, |item| read::span_of(item, read::length));
        let blocks = section.read("blocks", problems, |item| read::list(item, blocked));
        section.assume("blocks", vec!["links", "movement"], problems);
        let blocks = blocks.unwrap_or_else(|| vec![Blocks::Links, Blocks::Movement]);
        if blocks.is_empty() {
            let span = section.key_span("blocks").unwrap_or(span);
            problems.add(span, "an obstacle that blocks nothing", "Remove it, or what it blocks.");
        }
        section.finish(problems);
        obstacles.extend(shape.map(|shape| Obstacle {
            shape,
            height,
            links: blocks.contains(&Blocks::Links),
            movement: blocks.contains(&Blocks::Movement),
        }));
    }
    obstacles
}

const SHAPES: [&str; 3] = ["rectangle", "polygon", "image"];

#[derive(Clone, Copy, PartialEq)]
enum Blocks {
    Links,
    Movement,
}

fn blocked(item: Item<'_>) -> Result<Blocks, Fault> {
    read::word(item, &[("links", Blocks::Links), ("movement", Blocks::Movement)])
}

fn shape(
    section: &mut Section<'_>,
    area: Option<Area>,
    files: &Files,
    problems: &mut Problems,
) -> Option<Shape> {
    let first = SHAPES.iter().find(|key| section.has(key)).copied().unwrap_or_default();
    let reason = format!("`{first}` says what the obstacle looks like");
    let others = SHAPES.map(|key| (key, key == first, reason.as_str()));
    let shape = match first {
        "rectangle" => section.read("rectangle", problems, rectangle).map(Shape::Rectangle),
        "polygon" => section.read("polygon", problems, polygon).map(Shape::Polygon),
        "image" => image(section, area, files, problems),
        _ => None,
    };
    if first != "image" {
        section.refuse("area", "only an `image` has it", problems);
    }
    refuse_others(section, &others, problems);
    shape
}

/// A picture over its own area, or over that of the scenario.
fn image(
    section: &mut Section<'_>,
    area: Option<Area>,
    files: &Files,
    problems: &mut Problems,
) -> Option<Shape> {
    let own = section.read("area", problems, rectangle);
    let Some(area) = own.or_else(|| area.map(|area| area.outline())) else {
        if !section.has("area") {
            let span = section.key_span("image").unwrap_or(0..0);
            let help = "Add area = [x0, y0, x1, y1] here or to the scenario.";
            problems.add(span, "nobody says where the picture lies", help);
        }
        section.get("image");
        return None;
    };
    let bitmap = section.file("image", files, problems, |files, name| files.bitmap(name, area));
    bitmap.map(|bitmap| Shape::Bitmap(Arc::new(bitmap)))
}

fn rectangle(item: Item<'_>) -> Result<[f64; 4], Fault> {
    let corners @ [x0, y0, x1, y1] = read::lengths::<4>(item, RECTANGLE)?;
    if x0 <= x1 && y0 <= y1 {
        return Ok(corners);
    }
    Err(fault("the least corner is not the least", RECTANGLE))
}

fn polygon(item: Item<'_>) -> Result<Vec<[f64; 2]>, Fault> {
    let corners = read::list(item, |corner| read::lengths::<2>(corner, "Write [x, y]."))?;
    match corners.len() {
        3..=MAX_OBSTACLES => Ok(corners),
        count => {
            let help = format!("Write 3 to {MAX_OBSTACLES} corners: [[0, 0], [9, 0], [0, 9]].");
            Err(fault(format!("a polygon of {count} corners"), help))
        }
    }
}
