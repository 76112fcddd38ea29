//! Every code has a page, and what the page shows is what happens.

use super::*;
use fieldrun_lang::{DiagCode, ModuleSource};
use std::path::Path;

/// Codes whose mistake no short program can make, and where they are tested instead.
const NOT_SHOWN: [(DiagCode, &str); 5] = [
    (DiagCode::SourceTooLong, "takes a text of 4 MiB: tests/it/bad_input.rs"),
    (DiagCode::PathCollision, "is a coincidence of hashes"),
    (DiagCode::ForeignFunction, "takes two programs: tests/spec/closures.md"),
    (DiagCode::MessageTooLarge, "takes a device with a limit of its own: device/tests/it/main.rs"),
    (DiagCode::MachinesDiffer, "is a defect of fieldrun"),
];

/// The module that pages import.
struct Team;

impl ModuleSource for Team {
    fn module(&self, name: &str) -> Option<Arc<Source>> {
        let text = "public def twice(x) { 2 * x }\ndef hidden(x) { x }";
        (name == "team:tools").then(|| Source::new("team/tools.pt", text))
    }

    fn names(&self) -> Vec<String> {
        vec!["team:tools".to_owned()]
    }
}

/// The program below `Wrong:` or `Right:` of a page.
fn shown(code: DiagCode, kind: &str) -> Option<&'static str> {
    let (_, rest) = code.page().split_once(&format!("\n{kind}:\n\n```pt\n"))?;
    Some(rest.split_once("\n```\n").expect("the fence is closed").0)
}

/// All that three devices, neighbours of each other, have to say about a program in four rounds.
fn said(text: &str) -> Vec<fieldrun_lang::Diagnostic> {
    let options = LoadOptions { modules: Arc::new(Team), ..options() };
    let program = match load(&Source::new("example.pt", text), &options) {
        Ok(program) => program,
        Err(errors) => return errors.0,
    };
    let mut devices = [1, 2, 3].map(Lone::new);
    let mut sent: [Exports; 3] = Default::default();
    let mut said = program.findings.clone();
    for _ in 0..4 {
        let mut fresh = sent.clone();
        for (me, device) in devices.iter_mut().enumerate() {
            let heard = (0..3).filter(|other| *other != me);
            let heard = heard.map(|other| (NodeId::Int(other as i64 + 1), sent[other].clone()));
            match device.round(&program, &heard.collect::<Vec<_>>()) {
                Ok(output) => fresh[me] = output.exports,
                Err(trap) => {
                    said.push(trap.diagnostic().clone());
                    return said;
                }
            }
        }
        sent = fresh;
    }
    said
}

#[test]
fn a_wrong_example_is_wrong_in_its_way_and_the_right_one_is_right() {
    let mut failures = Vec::new();
    for &code in DiagCode::ALL {
        let (Some(wrong), Some(right)) = (shown(code, "Wrong"), shown(code, "Right")) else {
            let excused = NOT_SHOWN.iter().any(|(known, _)| *known == code);
            assert!(excused, "{code} shows no wrong and right program");
            continue;
        };
        let heard = said(wrong);
        match heard.iter().find(|d| d.code == code) {
            Some(d) if d.severity != code.severity() => failures.push(format!("{code}: severity")),
            Some(_) => {}
            None => failures.push(format!("{code}, wrong, gives {heard:?}")),
        }
        let heard: Vec<String> = said(right).iter().map(ToString::to_string).collect();
        if !heard.is_empty() {
            failures.push(format!("{code}, right, gives\n{}", heard.join("\n")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// One snapshot for each code: what its wrong example makes a person read.
#[test]
fn messages() {
    for &code in DiagCode::ALL {
        if let Some(wrong) = shown(code, "Wrong") {
            let texts: Vec<String> = said(wrong).iter().map(ToString::to_string).collect();
            insta::assert_snapshot!(code.as_str(), format!("{}\n", texts.join("\n\n")));
        }
    }
}

#[test]
fn a_page_begins_with_its_code_and_title() {
    for code in DiagCode::ALL {
        assert!(code.page().starts_with(&format!("# {code}: {}\n\n", code.title())), "{code}");
        assert!(!code.title().is_empty() && !code.title().ends_with('.'), "{code}");
    }
}

#[test]
fn a_code_is_found_as_people_write_it() {
    for text in ["FR-L012", "fr-l012", "L012", " l012 "] {
        assert_eq!(DiagCode::find(text), Some(DiagCode::Unclosed), "{text}");
    }
    assert_eq!(DiagCode::find("L999"), None);
    assert_eq!(DiagCode::nearest("L12"), Some(DiagCode::Unclosed));
    assert_eq!(DiagCode::nearest("unused"), None);
}

/// A code that no source mentions explains a message that nobody gets.
#[test]
fn every_code_is_in_use() {
    let mut text = String::new();
    for folder in ["src", "../device/src"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut text);
    }
    let used: Vec<&str> = text
        .split("DiagCode::")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().expect("a first part"))
        .collect();
    for code in DiagCode::ALL {
        assert!(used.contains(&format!("{code:?}").as_str()), "{code} ({code:?}) is not used");
    }
}

/// The texts of all sources below a folder, apart from the registry itself.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("diag/code.rs") {
            text.push_str(&std::fs::read_to_string(path).expect("a source"));
        }
    }
}
