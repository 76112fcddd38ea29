//! The pages of the examples: complete, and their pictures are what their commands draw.

use super::{folder, map_of};
use fieldrun_sim::scenario::parse_time;

/// The examples with a picture, and the time that it shows when that is not the end.
const PICTURES: [(&str, Option<&str>); 9] = [
    ("gradient", None),
    ("channel", None),
    ("election", None),
    ("fire", None),
    ("evacuation", Some("20s")),
    ("timer", Some("51.5s")),
    ("clusters", None),
    ("balance", Some("10s")),
    ("life", None),
];
/// A picture is no larger, so that a page loads at once.
const MAX_BYTES: usize = 60_000;

#[test]
fn pictures_are_what_the_simulator_draws() {
    for (name, time) in PICTURES {
        let drawn = map_of(name, time.map(|time| parse_time(time).expect("a time")));
        let file = folder(name).join(format!("{name}.svg"));
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(drawn.len() < MAX_BYTES, "{name}: {} bytes", drawn.len());
        let command = format!("fieldrun sim examples/{name}/{name}.toml --snapshot");
        let when = time.map_or_else(|| "end".to_owned(), |time| format!("t={time}"));
        assert!(
            drawn == kept,
            "{} is not what its scenario draws. Look whether the new picture is right; if so, draw it by \
             `{command} {when} {name}.svg` and put it there",
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
