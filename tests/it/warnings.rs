//! Programs that are as they should be give no warnings: a check that cries wolf is not read.

use fieldrun_lang::{DiagCode, Diagnostic};
use std::path::{Path, PathBuf};

fn programs(folder: &str, found: &mut Vec<PathBuf>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            programs(&path.to_string_lossy(), found);
        } else if path.extension().is_some_and(|e| e == "pt") {
            found.push(path);
        }
    }
}

fn warnings(findings: &[Diagnostic]) -> Vec<String> {
    let notices = [DiagCode::Dialect2015, DiagCode::ClassIgnored];
    findings.iter().filter(|d| !notices.contains(&d.code)).map(ToString::to_string).collect()
}

#[test]
fn the_library_has_none() {
    let mut heard = Vec::new();
    for (module, _) in fieldrun_stdlib::modules() {
        let text = format!("import {module}\n1");
        let loaded = fieldrun_stdlib::load_text("all.pt", &text, &[]).expect("it loads");
        heard.extend(warnings(&loaded.findings));
    }
    heard.dedup();
    assert!(heard.is_empty(), "{}", heard.join("\n\n"));
}

#[test]
fn example_programs_have_none() {
    let mut found = Vec::new();
    programs("examples", &mut found);
    programs("tests", &mut found);
    let mut heard = Vec::new();
    for path in &found {
        let loaded = fieldrun_stdlib::load_file(path, &[]).expect("it loads");
        heard.extend(warnings(&loaded.findings));
    }
    assert!(found.len() > 8, "programs are found");
    assert!(heard.is_empty(), "{}", heard.join("\n\n"));
}
