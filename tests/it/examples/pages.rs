//! The pages of the examples: complete, and their pictures are what their commands draw.

use super::{folder, map_of};
use fieldrun_device::Micros;

/// The examples with a picture, and the second that it shows; 0 for the end.
const PICTURES: [(&str, u64); 8] = [
    ("gradient", 0),
    ("channel", 0),
    ("election", 0),
    ("fire", 0),
    ("evacuation", 20),
    ("clusters", 0),
    ("balance", 10),
    ("life", 0),
];
/// A picture is no larger, so that a page loads at once.
const MAX_BYTES: usize = 60_000;

#[test]
fn pictures_are_what_the_simulator_draws() {
    for (name, second) in PICTURES {
        let at = (second > 0).then_some(Micros(second * Micros::SECOND.0));
        let drawn = map_of(name, at);
        let file = folder(name).join(format!("{name}.svg"));
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(drawn.len() < MAX_BYTES, "{name}: {} bytes", drawn.len());
        let command = format!("fieldrun sim examples/{name}/{name}.toml --svg {name}.svg");
        let when = at.map_or_else(String::new, |at| format!(" --map-at {}s", at.seconds()));
        assert!(
            drawn == kept,
            "{} is not what its scenario draws. Look whether the new picture is right; if so, draw it by \
             `{command}{when}` and put it there",
            file.display()
        );
    }
}

#[test]
fn every_example_has_a_page_and_stands_in_the_index() {
    let index = std::fs::read_to_string(folder("README.md")).expect("the index");
    let mut seen = 0;
    for entry in
        std::fs::read_dir(folder("")).expect("the folder").map(|entry| entry.expect("an entry"))
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let program = entry.path().join(format!("{name}.pt"));
        if !program.exists() {
            continue;
        }
        let page = std::fs::read_to_string(entry.path().join("README.md")).expect("a page");
        assert!(
            page.contains(&format!("fieldrun sim examples/{name}/{name}.toml")),
            "{name}: how to run"
        );
        assert!(index.contains(&format!("({name}/README.md)")), "{name} is not in the index");
        seen += 1;
    }
    assert!(seen >= 12, "{seen} examples are found");
}
