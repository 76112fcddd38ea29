//! Marks in chapters, such as `[D 1]`: they name rules, and each has its cases.

use std::collections::BTreeSet;

/// The marks of a text that executed blocks stand behind: those of the prose before a block, and of
/// the remarks in it.
fn marks_with_cases(chapter: &str) -> BTreeSet<String> {
    let (mut proven, mut pending) = (BTreeSet::new(), BTreeSet::new());
    let mut fence: Option<&str> = None;
    for line in chapter.lines() {
        match (line.strip_prefix("```"), fence) {
            (Some(kind), None) => fence = Some(kind.split(' ').next().unwrap_or_default()),
            (Some(_), Some(kind)) => {
                // A program is executed by the expectations that follow it.
                if ["value", "rounds", "settled", "expect"].contains(&kind) {
                    proven.append(&mut pending);
                }
                fence = None;
            }
            (None, Some(_)) if !line.starts_with("# ") => {}
            (None, _) => pending.extend(marks(line)),
        }
    }
    proven
}

/// `[D1]` and its like in a line.
fn marks(line: &str) -> impl Iterator<Item = String> + '_ {
    let inside = line.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
    inside.map(|(mark, _)| mark.to_owned()).filter(|mark| is_mark(mark))
}

fn is_mark(text: &str) -> bool {
    text.strip_prefix(['D', 'K', 'X', 'O', 'T']).is_some_and(|n| n.parse::<u8>().is_ok())
}

/// Each mark of the table in the README with the chapters that it names.
fn listed(readme: &str) -> Vec<(String, Vec<String>)> {
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    let marked = cells.filter(|cells| cells.len() == 3 && is_mark(cells[0]));
    let chapters = |text: &str| text.split(", ").map(str::to_owned).collect();
    marked.map(|cells| (cells[0].to_owned(), chapters(cells[2]))).collect()
}

#[test]
fn every_marked_rule_has_cases_in_the_chapters_that_the_readme_names() {
    let file = |name: &str| {
        std::fs::read_to_string(super::folder().join(format!("{name}.md"))).expect(name)
    };
    let listed = listed(&file("README"));
    // As many as there are rules: deliberate differences, kept oddities, extensions, old forms, traps.
    let expected = [("D", 19), ("K", 15), ("X", 10), ("O", 13), ("T", 25)];
    let names = expected.iter().flat_map(|(kind, n)| (1..=*n).map(move |i| format!("{kind}{i}")));
    let found: Vec<String> = listed.iter().map(|(mark, _)| mark.clone()).collect();
    assert_eq!(found, names.collect::<Vec<_>>());
    let missing: Vec<String> = listed
        .iter()
        .flat_map(|(mark, chapters)| chapters.iter().map(move |chapter| (mark, chapter)))
        .filter(|(mark, chapter)| !marks_with_cases(&file(chapter)).contains(*mark))
        .map(|(mark, chapter)| format!("{mark} in {chapter}"))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn a_mark_counts_only_with_a_block_that_is_executed() {
    let chapter = "[D1] before\n```value\n# [D2] inside\n1 ==> [D3]\n```\n[D4] before a program
```pt\n1\n```\n```expect\nevery round: 1.0\n```\n[D5] before prose\n```text\nx\n```\n";
    let found: Vec<String> = marks_with_cases(chapter).into_iter().collect();
    assert_eq!(found, ["D1", "D2", "D4"]);
}
